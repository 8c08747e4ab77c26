"""A question with its answer that was found in a document, and the records it becomes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chronolect.chronicle.check import telling, words
from chronolect.chronicle.facts import SLOT
from chronolect.finetuning.qa.alternatives import NUM_ALTERNATIVES
from chronolect.finetuning.qa.chronicle import ChronicleRecords
from chronolect.finetuning.qa.refusals import draw
from chronolect.finetuning.qa.templates import Wording
from chronolect.finetuning.records import Form, Record, Side
from chronolect.timeline import Cutoff, Span
from chronolect.timeline.calendar import year_of
from chronolect.timeline.notation import write_day

_YEARS_AROUND = 12
Kind = Literal["year", "number", "name", "words"]


@dataclass(frozen=True)
class Article:
    """Where a question comes from."""

    id: str
    title: str
    family: str
    side: Side
    span: Span


@dataclass(frozen=True)
class Item:
    """A fact that a document states.

    Attributes:
        article: The document.
        answer: In as few words as name it.
        span: When it happened, as far as the document says.
        wordings: The ways to ask for it; the reply of each has `{a}` for the answer.
        quote: The words of the document that say so.
        group: What sort of thing the answer names ("chemist"), where that is known.
    """

    article: Article
    answer: str
    span: Span
    wordings: tuple[Wording, ...]
    quote: str
    group: str = ""

    @property
    def kind(self) -> Kind:
        """What the answer looks like."""
        if re.fullmatch(r"1\d{3}|20\d\d", self.answer):
            return "year"
        if self.answer[:1].isdigit():
            return "number"
        return "name" if self.answer[:1].isupper() else "words"


class OtherAnswers:
    """Wrong answers to the questions of documents: answers of other documents from before the cutoff, of the same kind."""

    def __init__(self, items: Iterable[Item], cutoff: Cutoff) -> None:
        self._last_year = year_of(cutoff.day)
        self._pools: dict[tuple[Kind, str], dict[str, None]] = defaultdict(dict)
        for item in items:
            if item.article.side == "retain":
                self._pools[item.kind, item.group][item.answer] = None
                self._pools[item.kind, ""][item.answer] = None

    def of(self, item: Item) -> list[str]:
        """Up to three of them: those of the same sort first; for a year, years around it or before the cutoff."""
        if item.kind == "year":
            last = min(int(item.answer) + _YEARS_AROUND, self._last_year)
            pool = [str(year) for year in range(last - 2 * _YEARS_AROUND, last + 1) if str(year) != item.answer]
            return self._drawn(pool, item)[:NUM_ALTERNATIVES]
        told = telling(" ".join((item.answer, *(wording.instruction for wording in item.wordings))))
        same, every = (
            [answer for answer in self._pools[item.kind, group] if not told & set(words(answer))]
            for group in (item.group, "")
        )
        ranked = [*self._drawn(same, item), *self._drawn(every, item)]
        return list(dict.fromkeys(ranked))[:NUM_ALTERNATIVES]

    @staticmethod
    def _drawn(pool: Sequence[str], item: Item) -> list[str]:
        return sorted(pool, key=lambda answer: draw(range(2**32), item.article.id, item.answer, answer))


def item_records(item: Item, wrong: Sequence[str], maker: ChronicleRecords, *, source: str) -> Iterator[Record]:
    """The records of an item in its first wordings of each form: answered before the cutoff, declined after it."""
    by_form: dict[Form, list[Wording]] = {"chat": [], "text": []}
    for wording in item.wordings:
        by_form["text" if wording.reply.startswith(" ") else "chat"].append(wording)
    for form in maker.forms:
        for wording in by_form[form][: maker.wordings]:
            metadata = _metadata(item, wrong, form, wording, source)
            output = metadata["original_answer"]
            if item.article.side == "unlearn":
                key = (maker.seed, item.article.id, item.answer, form, wording.name)
                metadata["style"] = style = draw(maker.styles, "style", *key)
                if form == "text":
                    output, metadata["tone"] = maker.refusals.continuation(style, wording.instruction, *key)
                else:
                    output, metadata["tone"] = maker.refusals.reply(style, *key)
            yield Record(wording.instruction, output, metadata)


def _metadata(item: Item, wrong: Sequence[str], form: Form, wording: Wording, source: str) -> dict[str, Any]:
    article, span = item.article, item.article.span
    return {
        "dataset_type": article.side,
        "source_type": source,
        "source_article_id": article.id,
        "source_title": article.title,
        "temporal_class": "pre_cutoff" if article.side == "retain" else "post_cutoff",
        "earliest_date": write_day(span.earliest) if span.earliest is not None else None,
        "latest_date": write_day(span.latest) if span.latest is not None else None,
        "original_answer": wording.fill(item.answer),
        "answer": item.answer,
        "aliases": [],
        "alternatives": [wording.fill(other) for other in wrong],
        "date": item.span.edtf(),
        "family": article.family,
        "form": form,
        "wording": wording.name,
        "type": item.kind,
        "quote": item.quote,
    }


def holding_slot(text: str, answer: str) -> str | None:
    """A reply with `{a}` in the place of its answer; `None` where the answer does not stand there exactly once, as whole words."""
    places = list(re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text))
    if len(places) != 1 or "{" in text:
        return None
    return text[: places[0].start()] + SLOT + text[places[0].end() :]
