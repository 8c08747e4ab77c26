"""Which makers there are, by phase and kind, and the dialogues that they make: tests first, then training without what is tested."""

import random
from collections.abc import Iterator, Mapping, Sequence, Set

from chronolect.dialogue.generate import (
    anomalies,
    calendar,
    deadlines,
    elapsed,
    festivals,
    gaps,
    invalid,
    phase4,
    plans,
    ticks,
    zones,
)
from chronolect.dialogue.generate.record import Dialogue, Maker, draws
from chronolect.errors import UserError, did_you_mean

MAKERS: dict[int, dict[str, Maker]] = {
    1: elapsed.MAKERS | deadlines.MAKERS | invalid.MAKERS | calendar.MAKERS | zones.MAKERS | festivals.MAKERS,
    2: gaps.MAKERS | plans.MAKERS | anomalies.MAKERS,
    3: ticks.MAKERS,
    4: phase4.MAKERS,
}
_WEIGHTS = {"elapsed": 3, "deadline": 2, "invalid": 2, "gap": 2, "tick": 3}  # of the kinds; the others have 1
_MOST_REPEATS = 1_000  # in a row, before a maker counts as having said all that it can


def chosen_makers(kinds: Sequence[str] | None) -> dict[int, dict[str, Maker]]:
    """`MAKERS`, or those of some kinds alone.

    Raises:
        UserError: There is no such kind.
    """
    if kinds is None:
        return MAKERS
    known = {kind for makers in MAKERS.values() for kind in makers}
    for kind in kinds:
        if kind not in known:
            raise UserError(f'--kinds: no kind "{kind}"{did_you_mean(kind, known)}')
    chosen = {phase: {kind: made for kind, made in makers.items() if kind in kinds} for phase, makers in MAKERS.items()}
    return chosen | {4: phase4.makers_of(kinds)}


def phase_dialogues(
    phase: int, count: int, seed: int, tested: Set[str], makers: Mapping[str, Maker] | None = None
) -> list[Dialogue]:
    """The training dialogues of a phase, in random order; none is asked twice, none is a test.

    Args:
        phase: 1 to 3; those of phase 4 are chosen (`phase4.phase4_dialogues`).
        count: How many; the kinds share them by weight.
        seed: The same seed gives the same dialogues.
        tested: What the tests ask (`Dialogue.asked`).
        makers: The makers of the phase; all of them by default.

    Raises:
        UserError: A maker has no more to say, or there is none.
    """
    makers = MAKERS[phase] if makers is None else makers
    if count and not makers:
        raise UserError(
            f"--kinds: phase {phase} has none of them; give --phase{phase} 0, or one of {', '.join(MAKERS[phase])}"
        )
    weights = {kind: _WEIGHTS.get(kind, 1) for kind in makers}
    total, given, sum_so_far = sum(weights.values()), 0, 0
    found: list[Dialogue] = []
    for kind, maker in makers.items():
        sum_so_far += weights[kind]
        share = count * sum_so_far // total - given
        given += share
        fresh = distinct(maker, seed, f"train/{phase}/{kind}", tested)
        found += [next(fresh) for _ in range(share)]
    random.Random(f"{seed}/order/{phase}").shuffle(found)
    return found


def held_out_dialogues(count: int, seed: int, phases: Mapping[int, Mapping[str, Maker]] = MAKERS) -> list[Dialogue]:
    """Dialogues to test with: `count` of each kind of each phase, every other one in wordings that training never uses.

    Args:
        count: How many of each.
        seed: The same seed gives the same dialogues.
        phases: The makers of each phase.
    """
    found: list[Dialogue] = []
    for phase, makers in phases.items():
        for kind, maker in makers.items():
            name = f"test/{phase}/{kind}"
            seen = distinct(maker, seed, f"{name}/seen", frozenset())
            unseen = distinct(maker, seed, f"{name}/unseen", frozenset(), unseen=True)
            found += [next(unseen if number % 2 else seen) for number in range(count)]
    return found


def distinct(maker: Maker, seed: int, name: str, taken: Set[str], *, unseen: bool = False) -> Iterator[Dialogue]:
    """Dialogues of one maker that ask what neither `taken` nor an earlier one asks.

    Raises:
        UserError: The maker has no more of them.
    """
    asked: set[str] = set()
    repeats = 0
    for draw in draws(seed, name, unseen=unseen):
        dialogue = maker(draw)
        if dialogue.asked in taken or dialogue.asked in asked:
            repeats += 1
            if repeats == _MOST_REPEATS:
                raise UserError(
                    f"{name}: there are no more than {len(asked):,} distinct dialogues of this kind; ask for fewer"
                )
            continue
        repeats = 0
        asked.add(dialogue.asked)
        yield dialogue
