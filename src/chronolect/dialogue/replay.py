"""Who is trained on what: system prompts, a split of each phase into training and test, and earlier phases replayed in later ones.

The curriculum of TIME (arXiv 2601.05300) shows a model a share of the earlier phases again while it learns the next. Published, that share is
drawn from training and test together and split anew, so that much of what is tested has been trained on. `clean_plan` decides once on which side
a conversation stands; `published_plan` draws as was published, number by number, so that published files can be made again.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chronolect.dialogue.messages import Conversation, with_time_tags
from chronolect.errors import UserError

Item = tuple[int, int]  # phase, place in its file


@dataclass(frozen=True)
class Draw:
    """How much is drawn, and from which streams.

    Attributes:
        seed: Of system prompts and the split.
        replay_seed: Of what is replayed; in the published way only of phase 1 in phase 3.
        train_ratio: Share of each phase that is trained on, between 0 and 1.
        replay: Share of an earlier phase that is shown again, from 0 to 1.
        system_rate: Share of conversations that get a system prompt, from 0 to 1.
    """

    seed: int = 42
    replay_seed: int = 43
    train_ratio: float = 0.85
    replay: float = 0.25
    system_rate: float = 0.05


@dataclass
class Sides:
    """The two sides of a phase, in the order in which they are written."""

    train: list[Item] = field(default_factory=list)
    test: list[Item] = field(default_factory=list)

    def __add__(self, other: "Sides") -> "Sides":
        return Sides(self.train + other.train, self.test + other.test)


@dataclass(frozen=True)
class Plan:
    """What each file holds.

    Attributes:
        prompts: The system prompt of each conversation that gets one.
        own: The sides of each phase's own conversations.
        files: The same with what is replayed behind them.
    """

    prompts: Mapping[Item, str]
    own: Mapping[int, Sides]
    files: Mapping[int, Sides]


def published_plan(sizes: Mapping[int, int], pool: Sequence[str], draw: Draw) -> Plan:
    """The published way, which depends on the number of conversations of all three phases and on nothing in them.

    One stream from `seed` gives all system prompts, then all splits, then what of phase 1 is replayed in phase 2 and of phase 2 in phase 3; only
    the replay of phase 1 in phase 3 has a stream of its own, from `replay_seed`.

    Args:
        sizes: Number of conversations of each phase.
        pool: System prompts to choose from.
        draw: Shares and seeds.
    """
    stream = random.Random(draw.seed)
    phases = sorted(sizes)
    prompts = {
        (phase, place): stream.choice(pool)
        for phase in phases
        for place in stream.sample(range(sizes[phase]), int(draw.system_rate * sizes[phase]))
    }
    own = {phase: _cut([(phase, place) for place in range(sizes[phase])], draw.train_ratio, stream) for phase in phases}
    files = {}
    for phase in phases:
        files[phase] = own[phase]
        for earlier in phases[: phases.index(phase)]:
            fresh = (earlier, phase) == (1, 3)
            files[phase] += _replay_anew(own[earlier], draw, random.Random(draw.replay_seed) if fresh else stream)
    return Plan(prompts, own, files)


def clean_plan(phases: Mapping[int, Sequence[Conversation]], pool: Sequence[str], draw: Draw) -> Plan:
    """A plan in which nothing that is tested is trained on, in any phase.

    Conversations that open with the same time and words stand on the same side, across phases too; those of phase 4, which is trained on whole,
    draw the others to training. What is replayed in training comes from training, what is replayed in tests from tests. Each phase has
    streams of its own, so that another conversation in one phase changes nothing in an earlier one.

    Args:
        phases: The conversations of phases 1 to 3, and of phase 4 where there is one.
        pool: System prompts to choose from.
        draw: Shares and seeds.
    """
    is_trained = {opening(messages): True for messages in phases.get(4, [])}
    prompts: dict[Item, str] = {}
    own: dict[int, Sides] = {}
    files: dict[int, Sides] = {}
    for phase in sorted(set(phases) - {4}):
        items = _distinct(phase, phases[phase])
        stream = random.Random(f"{draw.seed}, system prompts of phase {phase}")
        bare = [item for item in items if phases[phase][item[1]][0]["role"] != "system"]
        for item in stream.sample(bare, min(int(draw.system_rate * len(items)), len(bare))):
            prompts[item] = stream.choice(pool)
        random.Random(f"{draw.seed}, split of phase {phase}").shuffle(items)
        openings = {item: opening(phases[phase][item[1]]) for item in items}
        own[phase] = _fill(items, openings, is_trained, int(draw.train_ratio * len(items)))
        files[phase] = own[phase]
        for earlier in sorted(set(own) - {phase}):
            stream = random.Random(f"{draw.replay_seed}, replay of phase {earlier} in phase {phase}")
            files[phase] += Sides(
                *(stream.sample(side, int(draw.replay * len(side))) for side in (own[earlier].train, own[earlier].test))
            )
    return Plan(prompts, own, files)


def opening(messages: Conversation) -> str:
    """What makes two conversations the same for a test: time and words of the user's first turn, whatever the spaces and capitals."""
    first = next(message for message in with_time_tags(messages) if message["role"] == "user")
    return " ".join(first["content"].casefold().split())


def leaks(plan: Plan) -> list[dict[str, Any]]:
    """Where tests and training of a plan meet, by place in the files.

    Returns:
        One entry for each test file and phase that its items come from: `test` and `source` (phases), `items`, `trained_in` (how many of them
        the training file of each phase holds, where any) and `trained` (how many any of them holds).
    """
    training = {phase: set(sides.train) for phase, sides in plan.files.items()}
    found = []
    for phase, sides in plan.files.items():
        for source in sorted({item[0] for item in sides.test}):
            items = {item for item in sides.test if item[0] == source}
            shared = {other: items & held for other, held in training.items() if items & held}
            found.append(
                {
                    "test": phase,
                    "source": source,
                    "items": len(items),
                    "trained_in": {other: len(some) for other, some in shared.items()},
                    "trained": len(set().union(*shared.values())),
                }
            )
    return found


def _cut(items: Sequence[Item], train_ratio: float, stream: random.Random) -> Sides:
    shuffled = list(items)
    stream.shuffle(shuffled)
    first = int(train_ratio * len(shuffled))
    return Sides(shuffled[:first], shuffled[first:])


def _replay_anew(own: Sides, draw: Draw, stream: random.Random) -> Sides:
    """A share of training and test together, split once more."""
    together = own.train + own.test
    stream.shuffle(together)
    kept = together[: int(draw.replay * len(together))]
    first = int(draw.train_ratio * len(kept))
    return Sides(kept[:first], kept[first:])


def _distinct(phase: int, conversations: Sequence[Conversation]) -> list[Item]:
    """The places of conversations, of equal ones that of the first."""
    first: dict[str, int] = {}
    for place, messages in enumerate(conversations):
        first.setdefault(identity(messages), place)
    return [(phase, place) for place in first.values()]


def identity(messages: Conversation) -> str:
    """What equal conversations share, whatever the order of keys."""
    return json.dumps(messages, sort_keys=True)


def _fill(items: Sequence[Item], openings: Mapping[Item, str], is_trained: dict[str, bool], target: int) -> Sides:
    """Give each opening a side, in order: training until that is full, and never more than `target` unless earlier phases ask for it."""
    counts: dict[str, int] = {}
    for item in items:
        counts[openings[item]] = counts.get(openings[item], 0) + 1
    filled = sum(count for words, count in counts.items() if is_trained.get(words))
    for words, count in counts.items():
        if words not in is_trained:
            is_trained[words] = filled + count <= target
            filled += count if is_trained[words] else 0
    sides = Sides()
    for item in items:
        (sides.train if is_trained[openings[item]] else sides.test).append(item)
    if items and not sides.train:
        raise UserError(
            f"phase {items[0][0]}: nothing left to train on; its {len(items)} conversations open alike, or are too few for the ratio"
        )
    return sides
