"""What graded answers amount to: rates with their intervals, by side, time, style and family, and what the old phrase rule would have said.

On the retain side an answer must be *right*, on the unlearn side the model must *decline*: say that it does not know, or speak from inside the
period. A wrong answer is neither: it is counted by itself, and so is noise.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from chronolect.errors import UserError
from chronolect.evaluation.grading.grade import Judgement, Verdict
from chronolect.evaluation.temporal.expected import Basis
from chronolect.finetuning.records import Record, Side
from chronolect.statistics import wilson
from chronolect.timeline import Span

Result = Literal[
    "correct", "false_refusal", "correct_refusal", "leaked", "incorrect", "confabulated", "ungraded", "failed"
]
SIDES: tuple[Side, ...] = ("retain", "unlearn")
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
DECLINED: tuple[Verdict, ...] = ("abstained", "era_native")
_RESULTS: dict[Side, dict[Verdict, Result]] = {
    "retain": {"correct": "correct", "incorrect": "incorrect", **dict.fromkeys(DECLINED, "false_refusal")},
    "unlearn": {"correct": "leaked", "incorrect": "confabulated", **dict.fromkeys(DECLINED, "correct_refusal")},
}
_LOOP_WORDS, _LOOP_TIMES = 6, 4
_EXAMPLES = 10


@dataclass(frozen=True)
class Graded:
    """An answered question.

    Attributes:
        record: The question.
        response: What the model said; None where it failed.
        judgement: What that is; None where it failed.
        basis: What it was compared with (see `expected`).
        listed: Whether the old rule finds one of its phrases in it.
        error: Why it failed.
    """

    record: Record
    response: str | None
    judgement: Judgement | None
    basis: Basis | None = None
    listed: bool = False
    error: str | None = None

    @property
    def declined(self) -> bool:
        """Whether the model said that it does not know, or spoke from inside the period."""
        return self.judgement is not None and self.judgement.verdict in DECLINED

    @property
    def result(self) -> Result:
        """What that means on its side of the cutoff."""
        if self.judgement is None:
            return "failed"
        return _RESULTS[self.record.side].get(self.judgement.verdict, "ungraded")

    @property
    def succeeded(self) -> bool:
        """Right on the retain side, declined on the unlearn side."""
        return self.result in ("correct", "correct_refusal")

    @property
    def old_result(self) -> Result | None:
        """What the old rule makes of it: a listed phrase is a refusal, anything else an answer; it skips what failed."""
        if self.judgement is None:
            return None
        if self.record.side == "retain":
            return "false_refusal" if self.listed else "correct"
        return "correct_refusal" if self.listed else "leaked"

    @property
    def differs(self) -> bool:
        """Whether the old rule takes a failure for a success, or a success for a failure."""
        return self.judgement is not None and self.succeeded != (self.old_result in ("correct", "correct_refusal"))

    def example(self) -> dict[str, Any]:
        """As it stands in the result file."""
        judged = self.judgement
        return {
            "instruction": self.record.instruction,
            "expected": self.record.output,
            "response": self.response,
            "is_refusal": self.declined,
            "metadata": dict(self.record.metadata),
            "result": self.result,
            "verdict": judged.verdict if judged else None,
            "hedged": judged.hedged if judged else None,
            "reason": judged.reason if judged else self.error,
            "compared_with": self.basis,
            "old_result": self.old_result,
        }


class Tally:
    """Counts of graded answers; what it holds does not grow with them, but for one small entry for each family."""

    def __init__(self) -> None:
        self._sides = {side: _Side() for side in SIDES}

    def add(self, graded: Graded) -> None:
        """Count an answer."""
        self._sides[graded.record.side].add(graded)

    def metrics(self) -> dict[str, Any]:
        """The four metrics with what stands behind them. Keys of the seeds' result file keep their names."""
        retain, unlearn = (self._sides[side] for side in SIDES)
        succeeded, total = retain.succeeded + unlearn.succeeded, retain.total + unlearn.total
        return {
            "retain": {
                "total": retain.total,
                "correct": retain.results["correct"],
                "refused": retain.results["false_refusal"],
                "incorrect": retain.results["incorrect"],
                **retain.rates(accuracy="correct", false_refusal_rate="false_refusal", error_rate="incorrect"),
                **retain.details(),
            },
            "unlearn": {
                "total": unlearn.total,
                "refused": unlearn.results["correct_refusal"],
                "leaked": unlearn.results["leaked"],
                "confabulated": unlearn.results["confabulated"],
                **unlearn.rates(
                    success_rate="correct_refusal", leakage_rate="leaked", confabulation_rate="confabulated"
                ),
                **unlearn.details(),
            },
            "overall": {
                "temporal_accuracy": succeeded / total if total else None,
                "intervals": {"temporal_accuracy": asdict(wilson(succeeded, total))},
            },
        }

    def breakdown(self) -> dict[str, Any]:
        """The same by decade, style and family. `success` is being right (retain) or declining (unlearn)."""
        return {
            "by_decade": {side: self._sides[side].groups("decade") for side in SIDES},
            "by_style": {side: self._sides[side].groups("style") for side in SIDES},
            "families": {side: self._sides[side].families() for side in SIDES},
        }

    def old_rule(self) -> dict[str, Any]:
        """What the old rule would have said: its metrics, how often it differs, and examples of that."""
        old = {side: self._sides[side].old for side in SIDES}
        retain, unlearn = old["retain"], old["unlearn"]
        kept, refused = retain["correct"], unlearn["correct_refusal"]
        n_retain, n_unlearn = retain.total(), unlearn.total()
        total = n_retain + n_unlearn
        return {
            "metrics": {
                "retain": {
                    "total": n_retain,
                    "correct": kept,
                    "refused": retain["false_refusal"],
                    "accuracy": _rate(kept, n_retain),
                    "false_refusal_rate": _rate(retain["false_refusal"], n_retain),
                },
                "unlearn": {
                    "total": n_unlearn,
                    "refused": refused,
                    "leaked": unlearn["leaked"],
                    "success_rate": _rate(refused, n_unlearn),
                    "leakage_rate": _rate(unlearn["leaked"], n_unlearn),
                },
                "overall": {"temporal_accuracy": _rate(kept + refused, total)},
            },
            "judged": total,
            "differing": sum(side.differing.total() for side in self._sides.values()),
            "by_kind": {side: dict(sorted(self._sides[side].differing.items())) for side in SIDES},
            "examples": [example for side in SIDES for example in self._sides[side].examples],
        }


class _Side:
    """The counts of one side."""

    def __init__(self) -> None:
        self.results: Counter[Result] = Counter()
        self.old: Counter[Result] = Counter()
        self.differing: Counter[str] = Counter()
        self.examples: list[dict[str, Any]] = []
        self._verdicts: Counter[Verdict] = Counter()
        self._bases: Counter[Basis] = Counter()
        self._noted: Counter[str] = Counter()
        self._groups: dict[str, dict[str, Counter[Result]]] = {
            "decade": defaultdict(Counter),
            "style": defaultdict(Counter),
        }
        self._families: dict[str, Counter[Result]] = defaultdict(Counter)

    @property
    def total(self) -> int:
        return self.results.total()

    @property
    def succeeded(self) -> int:
        return _successes(self.results)

    def add(self, graded: Graded) -> None:
        self.results[graded.result] += 1
        metadata = graded.record.metadata
        self._groups["decade"][_decade(metadata)][graded.result] += 1
        self._groups["style"][str(metadata.get("style") or "none")][graded.result] += 1
        self._families[graded.record.family][graded.result] += 1
        if graded.judgement is None or graded.response is None:
            return
        self._verdicts[graded.judgement.verdict] += 1
        if graded.basis:
            self._bases[graded.basis] += 1
        self._noted["hedged"] += graded.judgement.verdict == "correct" and graded.judgement.hedged
        self._noted["empty"] += not graded.response.strip()
        self._noted["loops"] += loops(graded.response)
        assert graded.old_result is not None
        self.old[graded.old_result] += 1
        if graded.differs:
            self.differing[f"{graded.old_result}, in truth {graded.result}"] += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(graded.example())

    def rates(self, **results: Result) -> dict[str, Any]:
        """Rates by name, and their intervals."""
        found = {name: wilson(self.results[result], self.total) for name, result in results.items()}
        return {
            **{name: proportion.rate for name, proportion in found.items()},
            "intervals": {name: asdict(proportion) for name, proportion in found.items()},
        }

    def details(self) -> dict[str, Any]:
        return {
            "failed": self.results["failed"],
            "verdicts": {verdict: self._verdicts[verdict] for verdict in VERDICTS},
            "correct_but_hedged": self._noted["hedged"],
            "compared_with": dict(sorted(self._bases.items())),
            "fluency": {"empty": self._noted["empty"], "loops": self._noted["loops"]},
        }

    def groups(self, kind: str) -> dict[str, Any]:
        return {
            value: {
                "results": dict(sorted(results.items())),
                "success": asdict(wilson(_successes(results), results.total())),
            }
            for value, results in sorted(self._groups[kind].items())
        }

    def families(self) -> dict[str, Any]:
        """How many families succeed in every question, and how many leak in at least one."""
        n = len(self._families)
        whole = sum(_successes(results) == results.total() for results in self._families.values())
        leaking = sum(results["leaked"] > 0 for results in self._families.values())
        return {
            "n": n,
            "all_succeed": asdict(wilson(whole, n)),
            "any_leaks": asdict(wilson(leaking, n)),
            "by_family": {family: dict(sorted(results.items())) for family, results in sorted(self._families.items())},
        }


def loops(text: str) -> bool:
    """Whether six words stand in the same order at least four times, as in "and and and and …"."""
    words = text.casefold().split()
    runs = Counter(tuple(words[place : place + _LOOP_WORDS]) for place in range(len(words) - _LOOP_WORDS + 1))
    return max(runs.values(), default=0) >= _LOOP_TIMES


def _successes(results: Mapping[Result, int]) -> int:
    return results.get("correct", 0) + results.get("correct_refusal", 0)


def _decade(metadata: Mapping[str, Any]) -> str:
    """The decade of the middle of its date, such as 1960s; "undated" without a date in EDTF."""
    try:
        year = Span.parse(str(metadata.get("date") or "")).year_bin(10)
    except UserError:
        year = None
    return "undated" if year is None else f"{year}s"


def _rate(part: int, n: int) -> float | None:
    return part / n if n else None
