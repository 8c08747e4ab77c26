"""Devices to plan for, and the share of their peak that training reaches."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from chronolect.errors import UserError, did_you_mean

DEVICES = Path(__file__).parents[1] / "data" / "devices.yaml"

# Model FLOP utilisation by size of model, plain and compiled, as measured on one H200 (benchmarks/training_h200_2026-11-26.md).
_MEASURED_MFU = ((124e6, 0.21, 0.378), (362e6, 0.262, 0.459), (1.1e9, 0.368, 0.538))


@dataclass(frozen=True, kw_only=True)
class Device:
    """An accelerator, or a CPU.

    Attributes:
        name: Its name here.
        title: Its name for people.
        kind: `cuda`, `rocm`, `mps` or `cpu`.
        memory_gib: Memory that PyTorch sees, in GiB.
        tflops: Peak of dense bfloat16, in 10^12 FLOP/s.
        price: Dollars an hour.
        mfu: Share of the peak that training reaches, where it is known for this device.
    """

    name: str
    title: str
    kind: str
    memory_gib: float
    tflops: float
    price: float
    mfu: float | None = None

    @property
    def memory(self) -> float:
        """Memory in bytes."""
        return self.memory_gib * 2**30


def known_devices() -> dict[str, Device]:
    """The devices of `data/devices.yaml` by name."""
    rows = yaml.safe_load(DEVICES.read_text(encoding="utf-8"))
    return {name: Device(name=name, **row) for name, row in rows.items()}


def find_device(
    name: str, *, memory_gib: float | None = None, tflops: float | None = None, price: float | None = None
) -> Device:
    """A device by name, with any of its numbers replaced.

    Raises:
        UserError: For an unknown name.
    """
    devices = known_devices()
    if name not in devices:
        raise UserError(f"--device {name}: unknown; one of {', '.join(devices)}{did_you_mean(name, devices)}")
    given: dict[str, Any] = {"memory_gib": memory_gib, "tflops": tflops, "price": price}
    for key, value in given.items():
        if value is not None and value < 0:
            raise UserError(f"--{key.replace('_', '-')} must not be negative, not {value}")
    return replace(devices[name], **{key: value for key, value in given.items() if value is not None})


def usual_mfu(device: Device, num_parameters: int, *, compiled: bool) -> float:
    """Share of the peak to reckon with: the device's own where it is known, else that of the nearest size measured."""
    if device.mfu is not None:
        return device.mfu
    _, plain, best = min(_MEASURED_MFU, key=lambda row: abs(row[0] / num_parameters - 1))
    return best if compiled else plain
