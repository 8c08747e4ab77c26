"""From judged replies to rates: by kind, by wording, silence apart from speech; and models against each other on the same tests."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol, TypeVar

from chronolect.dialogue.checks import Check, Ruling, judge
from chronolect.dialogue.think import is_silent, tag_problem, think_blocks
from chronolect.evaluation.dialogue.held_out import HeldOut
from chronolect.statistics import mcnemar, paired_difference, wilson

T = TypeVar("T")
K = TypeVar("K")

_MOST_FIXED = 50  # replies tried as the answer to every test of a kind


@dataclass(frozen=True)
class Judged:
    """What one model said to one test.

    Attributes:
        test: The test.
        reply: The reply, think blocks included.
        passed: Whether it is right.
        reason: Why it is not, or why it is.
    """

    test: HeldOut
    reply: str
    passed: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """For the file of replies."""
        test = self.test
        return {
            "id": test.id,
            "kind": test.kind,
            "phase": test.phase,
            "wording": test.wording,
            "wanted": test.wanted,
            "messages": test.messages,
            "reply": self.reply,
            "passed": self.passed,
            "reason": self.reason,
        }


class _Rated(Protocol):
    """Something with a verdict."""

    @property
    def passed(self) -> bool: ...


def judged(test: HeldOut, reply: str) -> Judged:
    """A reply with its verdict."""
    ruling = _rule(reply, test.check)
    return Judged(test, reply, ruling.passed, ruling.reason)


def _rule(reply: str, check: Check) -> Ruling:
    """The judge's ruling; but a reply that was cut off while it was thinking, or that cannot tell thoughts from words, has not chosen silence."""
    if check.silent and (problem := tag_problem(reply)):
        return Ruling(False, problem)
    return judge(reply, check)


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """The rates of one model, each with n and its Wilson interval.

    Returns:
        `all`; `by_phase` and `by_wording` (seen or unseen in training); `by_kind`, each with the same `by_wording`, and where a kind wants more than
        one sort of reply with `by_wanted` (silence, notice, answer) and `balanced`, the mean of those, which doing always the same cannot lift above
        one half of two; `silence`, over the kinds that want silence now and then: `kept` (silent where it should be), `spoke` (spoke where it should)
        and their mean; `form`: replies with think blocks, with broken tags, silent ones.
    """
    kinds = _grouped(judged, lambda one: one.test.kind)
    return {
        "all": accuracy(judged),
        "by_phase": {
            str(phase): accuracy(some)
            for phase, some in sorted(_grouped(judged, lambda one: one.test.phase or 0).items())
            if phase
        },
        "by_wording": _by_wording(judged),
        "by_kind": {kind: _kind(some) for kind, some in kinds.items()},
        "silence": _silence(judged),
        "form": {
            "with_thoughts": accuracy_of(bool(think_blocks(one.reply)) for one in judged),
            "broken_tags": accuracy_of(tag_problem(one.reply) is not None for one in judged),
            "silent": accuracy_of(is_silent(one.reply) for one in judged),
        },
    }


def compare(models: Mapping[str, Sequence[Judged]]) -> list[dict[str, Any]]:
    """Each model against each that stands before it: the second's rate minus the first's on the tests that both answered.

    Returns:
        For each pair `first`, `second`, whether the second `follows` the first at once, `difference` (with its 95 % interval for pairs), `p`
        (McNemar, exact, two-sided), and difference and p `by_kind`.
    """
    found = []
    order = list(models)
    for (first, some), (second, others) in combinations(models.items(), 2):
        theirs = {one.test.id: one for one in others}
        pairs = [(one, theirs[one.test.id]) for one in some if one.test.id in theirs]
        found.append(
            {
                "first": first,
                "second": second,
                "follows": order.index(second) == order.index(first) + 1,
                **_paired(pairs),
                "by_kind": {
                    kind: _paired(part) for kind, part in _grouped(pairs, lambda pair: pair[0].test.kind).items()
                },
            }
        )
    return found


def fixed_replies(models: Mapping[str, Sequence[Judged]]) -> dict[str, dict[str, Any]]:
    """For each kind the best that one and the same reply does on all its tests: what a model can have without reading the times.

    Tried are silence and the commonest replies that any of the models gave to tests of the kind.

    Returns:
        For each kind `reply` and its accuracy with n and interval.
    """
    every = [one for some in models.values() for one in some]
    found = {}
    for kind, some in _grouped(every, lambda one: one.test.kind).items():
        checks: dict[str, Check] = {one.test.id: one.test.check for one in some}
        common = Counter(one.reply for one in some).most_common(_MOST_FIXED)
        hits = {
            reply: sum(_rule(reply, check).passed for check in checks.values())
            for reply in ("", *(reply for reply, _ in common))
        }
        best = max(hits, key=lambda reply: hits[reply])
        found[kind] = {"reply": best, **wilson(hits[best], len(checks)).as_accuracy()}
    return found


def accuracy(some: Iterable[_Rated]) -> dict[str, Any]:
    """The share that passed."""
    return accuracy_of(one.passed for one in some)


def accuracy_of(hits: Iterable[bool]) -> dict[str, Any]:
    """The share that is true, with n and its Wilson interval."""
    found = list(hits)
    return wilson(sum(found), len(found)).as_accuracy()


def _kind(some: Sequence[Judged]) -> dict[str, Any]:
    found = {**accuracy(some), "by_wording": _by_wording(some)}
    wanted = {sort: accuracy(part) for sort, part in _grouped(some, lambda one: one.test.wanted).items()}
    if len(wanted) > 1:
        rates = [part["accuracy"] for part in wanted.values()]
        found |= {"by_wanted": wanted, "balanced": sum(rates) / len(rates)}
    return found


def _by_wording(some: Sequence[Judged]) -> dict[str, Any]:
    found = _grouped([one for one in some if one.test.wording], lambda one: one.test.wording)
    return {str(wording): accuracy(part) for wording, part in sorted(found.items())}


def _silence(judged: Sequence[Judged]) -> dict[str, Any]:
    kinds = {one.test.kind for one in judged if one.test.wanted == "silence"}
    kept = accuracy(one for one in judged if one.test.wanted == "silence")
    spoke = accuracy_of(
        not is_silent(one.reply) for one in judged if one.test.kind in kinds and one.test.wanted != "silence"
    )
    both = kept["n"] and spoke["n"]
    return {"kept": kept, "spoke": spoke, "balanced": (kept["accuracy"] + spoke["accuracy"]) / 2 if both else None}


def _paired(pairs: Sequence[tuple[Judged, Judged]]) -> dict[str, Any]:
    first, second = [one.passed for one, _ in pairs], [other.passed for _, other in pairs]
    return {"difference": paired_difference(second, first).as_dict(), "p": mcnemar(second, first)}


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
