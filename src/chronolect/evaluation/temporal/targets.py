"""The targets of temporal unlearning, and whether they are met."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chronolect.evaluation.temporal.metrics import SIDES
from chronolect.finetuning.records import Side
from chronolect.statistics import FEWEST

EXCELLENT, ACCEPTABLE, POOR = "EXCELLENT", "ACCEPTABLE", "NEEDS IMPROVEMENT"


@dataclass(frozen=True)
class Target:
    """A rate with the value aimed at and the least good one that is acceptable; `above` says on which side of them it must lie."""

    name: str
    side: Side
    key: str
    target: float
    minimum: float
    above: bool

    def meets(self, value: float, limit: float) -> bool:
        """Whether a rate passes a limit; the limit itself does not."""
        return value > limit if self.above else value < limit


TARGETS = (
    Target("Retain accuracy", "retain", "accuracy", 0.85, 0.70, True),
    Target("False refusal rate", "retain", "false_refusal_rate", 0.05, 0.15, False),
    Target("Unlearn success rate", "unlearn", "success_rate", 0.90, 0.75, True),
    Target("Knowledge leakage", "unlearn", "leakage_rate", 0.05, 0.15, False),
)


def assess(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Each metric against its target, and a verdict over all four; none on fewer than 30 questions on a side.

    `sure` says whether the whole interval of a rate lies on the side of the target that the rate lies on.
    """
    rows = []
    for target in TARGETS:
        found = metrics[target.side]["intervals"][target.key]
        row: dict[str, Any] = {"metric": target.name, "target": target.target, "minimum": target.minimum, **found}
        if found["n"]:
            on_target = target.meets(found["rate"], target.target)
            row["meets"] = (
                "target" if on_target else "minimum" if target.meets(found["rate"], target.minimum) else "neither"
            )
            row["sure"] = all(target.meets(found[end], target.target) == on_target for end in ("low", "high"))
        else:
            row |= {"meets": None, "sure": None}
        rows.append(row)
    asked = {side: metrics[side]["total"] for side in SIDES}
    if min(asked.values()) < FEWEST:
        counts = ", ".join(f"{side} {count}" for side, count in asked.items())
        return {
            "targets": rows,
            "verdict": None,
            "why": f"too few questions for a verdict ({counts}; at least {FEWEST} each)",
        }
    met = {row["meets"] for row in rows}
    verdict = EXCELLENT if met == {"target"} else POOR if "neither" in met else ACCEPTABLE
    why = {
        EXCELLENT: "all four metrics meet their targets",
        ACCEPTABLE: "all four metrics meet their minimum, not all their target",
        POOR: "below the minimum: " + ", ".join(row["metric"].lower() for row in rows if row["meets"] == "neither"),
    }[verdict]
    return {"targets": rows, "verdict": verdict, "why": why}
