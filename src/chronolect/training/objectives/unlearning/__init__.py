"""Unlearning objectives: one file a method, all of the form forget term + retain term."""

from typing import Literal

from chronolect.training.objectives.unlearning.dpo import DPO, AltPO
from chronolect.training.objectives.unlearning.gradient_ascent import GradDiff, GradientAscent
from chronolect.training.objectives.unlearning.npo import NPO
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.refusal import Refusal
from chronolect.training.objectives.unlearning.retain_only import RetainOnly
from chronolect.training.objectives.unlearning.rmu import RMU
from chronolect.training.objectives.unlearning.simnpo import SimNPO

Method = Literal["refusal", "gradient-ascent", "grad-diff", "npo", "simnpo", "dpo", "altpo", "rmu", "retain-only"]

METHODS: dict[Method, type[Unlearning]] = {
    "refusal": Refusal,
    "gradient-ascent": GradientAscent,
    "grad-diff": GradDiff,
    "npo": NPO,
    "simnpo": SimNPO,
    "dpo": DPO,
    "altpo": AltPO,
    "rmu": RMU,
    "retain-only": RetainOnly,
}

__all__ = ["METHODS", "Method", "Unlearning"]
