"""Precision and attention follow the hardware and the length of the rows."""

import torch

from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import choose_attention, make_accelerator


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
