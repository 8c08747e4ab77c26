"""What a run computes on, in which precision, with which attention."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from chronolect.errors import UserError
from chronolect.training.config import TrainingConfig

_LONGEST_EAGER_ON_CPU = 256  # tokens; measured, see docs/training.md


def make_accelerator(config: TrainingConfig) -> Accelerator:
    """The processes, devices and precision of a run; under torchrun or `accelerate launch` one of several.

    Raises:
        UserError: Where `device` names one that is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(config.device, True):
        raise UserError(
            f"--device {config.device}: this PyTorch ({torch.__version__}) finds no such device; install the build for "
            "it, or leave --device out"
        )
    # A run before this one in this process may have had other settings; only the processes' group stays.
    AcceleratorState._reset_state(reset_partial_state=not torch.distributed.is_initialized())
    return Accelerator(mixed_precision="bf16" if uses_bfloat16(config) else "no", cpu=config.device == "cpu")


def uses_bfloat16(config: TrainingConfig) -> bool:
    """`auto` means bfloat16 where matrix products in it run natively, that is, several times as fast as in float32."""
    if config.dtype != "auto":
        return config.dtype == "bfloat16"
    if config.device == "cpu" or not torch.accelerator.is_available():
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return not torch.cuda.is_available() or torch.cuda.is_bf16_supported(including_emulation=False)


def is_rocm() -> bool:
    """Whether this PyTorch is built for AMD's GPUs, which it calls `cuda` all the same."""
    return torch.version.hip is not None


def choose_attention(config: TrainingConfig, accelerator: Accelerator) -> str | None:
    """The attention implementation to set, or None for the model's own.

    PyTorch's fused attention has a slow backward pass in bfloat16 on CPUs: on short rows plain matrix products win. On
    AMD's ROCm plain attention is the one known to be stable.
    """
    if config.attention is None and is_rocm() and accelerator.device.type == "cuda":
        return "eager"
    on_cpu = accelerator.device.type == "cpu"
    if (
        config.attention is None
        and on_cpu
        and accelerator.mixed_precision == "bf16"
        and config.seq_len <= _LONGEST_EAGER_ON_CPU
    ):
        return "eager"
    return config.attention


@contextmanager
def rocm_errors_explained() -> Iterator[None]:
    """Say what helps where an AMD GPU has no kernels of its own in this PyTorch.

    Raises:
        UserError: In place of HIP's "invalid device function".
    """
    try:
        yield
    except RuntimeError as error:
        if "HIP error: invalid device function" not in str(error):
            raise
        raise UserError(
            "this PyTorch has no kernels for this AMD GPU (HIP error: invalid device function); name a related one it has "
            "(`rocminfo | grep gfx` tells yours), e.g. export HSA_OVERRIDE_GFX_VERSION=11.0.0 for gfx1151, and leave out "
            "--use-4bit and --use-8bit"
        ) from error
