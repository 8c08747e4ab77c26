"""Precision and attention follow the hardware and the length of the rows."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from chronolect.errors import UserError
from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import choose_attention, make_accelerator, rocm_errors_explained


def test_precision_is_as_asked_run_after_run() -> None:
    for dtype, expected in (("float32", "no"), ("bfloat16", "bf16"), ("float32", "no")):
        accelerator = make_accelerator(TrainingConfig(dtype=dtype, device="cpu"))  # type: ignore[arg-type]
        assert accelerator.mixed_precision == expected
        assert accelerator.device == torch.device("cpu")


def test_auto_precision_is_bfloat16_where_it_is_native() -> None:
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    accelerator = make_accelerator(TrainingConfig(device="cpu"))
    assert accelerator.mixed_precision == ("bf16" if native else "no")


def test_attention_is_plain_on_short_bfloat16_rows_only() -> None:
    def chosen(**changes: object) -> str | None:
        config = TrainingConfig(device="cpu", **changes)  # type: ignore[arg-type]
        return choose_attention(config, make_accelerator(config))

    assert chosen(dtype="bfloat16", seq_len=128) == "eager"
    assert chosen(dtype="bfloat16", seq_len=512) is None
    assert chosen(dtype="float32", seq_len=128) is None
    assert chosen(dtype="bfloat16", seq_len=128, attention="sdpa") == "sdpa"


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_a_user_error(device: Any) -> None:
    if getattr(torch, device).is_available() if device == "cuda" else torch.backends.mps.is_available():
        pytest.skip(f"there is {device}")
    with pytest.raises(UserError, match=f"--device {device}: this PyTorch .* finds no such device"):
        make_accelerator(TrainingConfig(device=device))


def test_attention_is_plain_on_amd_gpus_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator: Any = SimpleNamespace(device=torch.device("cuda"), mixed_precision="bf16")
    assert choose_attention(TrainingConfig(), accelerator) is None
    monkeypatch.setattr(torch.version, "hip", "7.2.0")
    assert choose_attention(TrainingConfig(), accelerator) == "eager"
    assert choose_attention(TrainingConfig(attention="sdpa"), accelerator) == "sdpa"


def test_hips_invalid_device_function_names_what_helps() -> None:
    with pytest.raises(UserError, match="export HSA_OVERRIDE_GFX_VERSION="), rocm_errors_explained():
        raise RuntimeError("HIP error: invalid device function\nHIP kernel errors might be asynchronously reported")
    with pytest.raises(RuntimeError, match="something else"), rocm_errors_explained():
        raise RuntimeError("something else")
