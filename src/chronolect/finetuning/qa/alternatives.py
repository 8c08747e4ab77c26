"""Wrong answers that somebody at the cutoff might give: what a model can be taught to say instead of the truth, or to tell it from."""

from collections import defaultdict
from collections.abc import Sequence

from chronolect.chronicle.check import telling, words
from chronolect.chronicle.facts import Fact
from chronolect.finetuning.qa.refusals import draw
from chronolect.timeline import Cutoff, Verdict
from chronolect.timeline.calendar import year_of

NUM_ALTERNATIVES = 3
_NEAREST = 12  # of the most plausible ones, some are drawn


class Alternatives:
    """Answers of the facts from before a cutoff, by type."""

    def __init__(self, facts: Sequence[Fact], cutoff: Cutoff) -> None:
        self._year = year_of(cutoff.day)
        self._pools: dict[str, list[tuple[Fact, frozenset[str]]]] = defaultdict(list)  # with the words of the answer
        for fact in facts:
            if fact.kind == "dated" and cutoff.judge(fact.span) is Verdict.BEFORE:
                self._pools[fact.type].append((fact, frozenset(words(fact.answer))))

    def of(self, fact: Fact, number: int = NUM_ALTERNATIVES) -> list[str]:
        """Answers of the same type, of the same field and region and of about the same time where there are enough, none of them the true one,
        nor named in the question.
        """
        told = telling(" ".join((fact.answer, *fact.aliases, fact.question, *fact.phrasings)))
        year = min(_year(fact), self._year) if fact.date else self._year
        near = sorted(
            (other for other, named in self._pools[fact.type] if not told & named),
            key=lambda other: (
                -2 * (other.field == fact.field) - (other.region == fact.region),
                abs(_year(other) - year),
                other.id,
            ),
        )
        answers = list(dict.fromkeys(other.answer for other in near))[:_NEAREST]
        return sorted(answers, key=lambda answer: draw(range(2**32), fact.id, answer))[:number]


def _year(fact: Fact) -> int:
    return int(fact.date[:4])
