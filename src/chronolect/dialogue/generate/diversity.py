"""How different conversations are from each other, and a choice of them that are as different as can be.

Each conversation is four vectors: its words, the wordings it was made of, what it is about, and its shape (turns, ticks, silences, thoughts,
the order of size of each gap). Each is weighted by inverse document frequency over the pool and scaled to length 1. The distance of two
conversations is the weighted mean of the cosine distances of the four, from 0 (equal) to 1 (nothing in common).

The choice is the farthest-point traversal (Gonzalez 1985, Theoretical Computer Science 38): first the one farthest from the mean of the pool, then
again and again the one whose nearest chosen neighbour is farthest away. As the root of the distance is a metric, and the traversal gives at least
half of the largest least distance in a metric, the least distance within the choice is at least a quarter of the best.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from chronolect.dialogue.generate.record import Dialogue
from chronolect.dialogue.messages import read_timed
from chronolect.dialogue.think import is_silent, think_blocks

WEIGHTS = {"words": 0.3, "wordings": 0.2, "kinds": 0.3, "shape": 0.2}
DRAWS = 20  # random choices that a choice is compared with
_WORD = re.compile(r"[a-z']+")
_GAPS = ((60, "a minute"), (3_600, "an hour"), (86_400, "a day"), (604_800, "a week"), (5_184_000, "two months"))

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spread:
    """How far apart a choice is.

    Attributes:
        least: The distance of the two that are nearest to each other.
        nearest: Mean over the choice of the distance to the nearest other.
        uncovered: Mean over the pool of the distance to the nearest of the choice; less is better.
    """

    least: float
    nearest: float
    uncovered: float


@dataclass(frozen=True)
class Choice:
    """A diverse choice.

    Attributes:
        places: Where in the pool the chosen are, in the order of their choice.
        spread: Of the choice.
        chance: Mean over random choices of as many.
        deviation: Standard deviation over these.
    """

    places: list[int]
    spread: Spread
    chance: Spread
    deviation: Spread

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Rounded, for JSON."""
        return {
            name: {key: round(value, 4) for key, value in vars(spread).items()}
            for name, spread in (("chosen", self.spread), ("random", self.chance), ("random_sd", self.deviation))
        }


def choose_diverse(pool: Sequence[Dialogue], count: int, seed: int) -> Choice:
    """Choose `count` of the pool, and compare with random choices.

    Args:
        pool: Conversations.
        count: How many to choose, at most as many as there are.
        seed: Of the random choices.
    """
    vectors = as_vectors(pool)
    places = farthest_points(vectors, count)
    rng = random.Random(f"{seed}/diversity")
    by_chance = [spread(vectors, rng.sample(range(len(pool)), count)) for _ in range(DRAWS)]
    values = np.array([[one.least, one.nearest, one.uncovered] for one in by_chance])
    return Choice(
        places, spread(vectors, places), Spread(*values.mean(axis=0).tolist()), Spread(*values.std(axis=0).tolist())
    )


def as_vectors(pool: Sequence[Dialogue]) -> Vectors:
    """One row for each conversation, [conversations, features]: the product of two rows is 1 minus their distance."""
    features = [features_of(dialogue) for dialogue in pool]
    blocks = [math.sqrt(weight) * _block([row[name] for row in features]) for name, weight in WEIGHTS.items()]
    return np.concatenate(blocks, axis=1)


def features_of(dialogue: Dialogue) -> dict[str, Counter[str]]:
    """What counts of a conversation, by the names of `WEIGHTS`."""
    messages = dialogue.messages
    turns = [read_timed(message) for message in messages[::2]]
    replies = [message["content"] for message in messages[1::2]]
    shape = Counter({f"turns {len(turns)}": 1})
    for turn, answer in zip(turns, replies, strict=True):
        shape[f"tick {'silent' if is_silent(answer) else 'spoken'}"] += turn.is_tick
    shape.update(f"thoughts {len(think_blocks(answer))}" for answer in replies)
    moments = [turn.stamp.moment.replace(tzinfo=None) if turn.stamp and turn.stamp.moment else None for turn in turns]
    for before, now in pairwise(moments):
        shape[_gap(None if before is None or now is None else (now - before).total_seconds())] += 1
    parts = dialogue.facts.get("parts", [{"kind": dialogue.kind}])
    kinds = [part["kind"] for part in parts]
    return {
        "words": Counter(_WORD.findall(" ".join(message["content"] for message in messages).lower())),
        "wordings": Counter(dialogue.wording),
        "kinds": Counter([*kinds, *(f"{one} then {other}" for one, other in pairwise(kinds))]),
        "shape": shape,
    }


def farthest_points(vectors: Vectors, count: int) -> list[int]:
    """The farthest-point traversal of `count` rows."""
    chosen = [int(np.argmin(vectors @ vectors.mean(axis=0)))]
    nearest = 1 - vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        place = int(np.argmax(nearest))
        chosen.append(place)
        nearest = np.minimum(nearest, 1 - vectors @ vectors[place])
    return chosen


def spread(vectors: Vectors, places: Sequence[int]) -> Spread:
    """How far apart the rows at some places are; two at least."""
    chosen = vectors[list(places)]
    to_chosen = 1 - vectors @ chosen.T
    within = to_chosen[list(places)]
    np.fill_diagonal(within, np.inf)
    return Spread(float(within.min()), float(within.min(axis=1).mean()), float(to_chosen.min(axis=1).mean()))


def _block(rows: Sequence[Counter[str]]) -> Vectors:
    """Counts (1 + their logarithm) times inverse document frequency, each row of length 1."""
    found = Counter(name for row in rows for name in +row)
    columns = {name: place for place, name in enumerate(sorted(found))}
    block = np.zeros((len(rows), len(columns)), dtype=np.float32)
    for number, row in enumerate(rows):
        for name, count in (+row).items():
            block[number, columns[name]] = (1 + math.log(count)) * (1 + math.log(len(rows) / found[name]))
    return block / np.linalg.norm(block, axis=1, keepdims=True)


def _gap(seconds: float | None) -> str:
    if seconds is None:
        return "gap unknown"
    if seconds <= 0:
        return "gap backwards" if seconds < 0 else "gap none"
    return next((f"gap under {name}" for limit, name in _GAPS if seconds < limit), "gap longer")
