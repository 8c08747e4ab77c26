"""The config of an unlearning run: that of any training run with the seeds' defaults, and the method with its weights."""

from dataclasses import dataclass
from typing import Annotated, get_args

from cyclopts import Parameter

from chronolect.errors import UserError, did_you_mean
from chronolect.training.answers import Mask
from chronolect.training.config import TrainingConfig
from chronolect.training.objectives.unlearning import METHODS, Method


@dataclass(frozen=True, kw_only=True)
class UnlearnConfig(TrainingConfig):
    """How to unlearn. A number left out is the method's own (docs/unlearning.md).

    Args:
        method: `refusal`, `gradient-ascent`, `grad-diff`, `npo`, `simnpo`, `dpo` (towards the records' outputs), `altpo` (towards their plausible
            wrong answers), `rmu`; or `retain-only`, the reference that the others are measured against.
        gamma: Weight of the forget term.
        alpha: Weight of the retain term.
        kl: Weight of the divergence from the start model on the retain set.
        beta: Sharpness of NPO, SimNPO, DPO and AltPO.
        delta: Margin of SimNPO, in nats per token.
        layer: Block that RMU steers, from 0; a third of the way up by default.
        steering: Length of RMU's random vector, in mean lengths of the states at that block.
        retain_ratio: Questions to retain for each one to forget.
        mask: Forget the whole `answer`, or the tokens of the `names` in it.
    """

    method: Method = "npo"
    gamma: float = 1.0
    alpha: float | None = None
    kl: float = 0.0
    beta: float | None = None
    delta: float | None = None
    layer: int | None = None
    steering: float = 5.0
    retain_ratio: float = 1.0
    mask: Mask = "answer"

    seq_len: Annotated[int, Parameter(alias="--max-seq-length")] = 512
    batch_size: int = 4
    accumulate: Annotated[int, Parameter(alias="--gradient-accumulation-steps")] = 4
    epochs: float | None = 3
    lr: Annotated[float, Parameter(alias="--learning-rate")] = 2e-4
    warmup_ratio: float = 0.1
    weight_decay: float = 0.01
    lora_r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    eval_every: Annotated[int, Parameter(alias="--eval-steps")] = 100
    save_every: Annotated[int, Parameter(alias="--save-steps")] = 500
    keep: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("method", tuple(METHODS)), ("mask", get_args(Mask))):
            value = getattr(self, name)
            if value not in known:
                raise UserError(f"--{name} {value}: unknown; one of {', '.join(known)}{did_you_mean(value, known)}")
        for name in ("gamma", "alpha", "kl", "layer"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise UserError(f"--{name} must not be negative, not {value}")
        for name in ("beta", "steering", "retain_ratio"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UserError(f"--{name.replace('_', '-')} must be above 0, not {value}")
        if self.batch_size * self.retain_ratio < 1:
            raise UserError(
                f"--retain-ratio {self.retain_ratio:g}: with --batch-size {self.batch_size} some batches would have nothing to retain; "
                "choose them so that their product is at least 1"
            )
        fields = METHODS[self.method].__dataclass_fields__
        for name in ("beta", "delta", "layer"):
            if getattr(self, name) is not None and name not in fields:
                raise UserError(f"--{name}: {self.method} has none; leave it out")
