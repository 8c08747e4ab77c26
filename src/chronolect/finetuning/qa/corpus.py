"""Questions about the documents of a corpus, by templates or through a teacher."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chronolect.console import progress, say
from chronolect.corpus.document import count_documents, read_documents
from chronolect.finetuning.qa.articles import By, draw_articles
from chronolect.finetuning.qa.checks import Checks
from chronolect.finetuning.qa.chronicle import ChronicleRecords
from chronolect.finetuning.qa.items import Item, OtherAnswers, item_records
from chronolect.finetuning.qa.sentences import document_items
from chronolect.finetuning.qa.splitting import Split
from chronolect.finetuning.qa.teacher import Excerpt, Teacher, excerpt_of
from chronolect.finetuning.qa.units import Unit
from chronolect.finetuning.records import Record, Side


@dataclass(frozen=True)
class CorpusQuestions:
    """Which documents are asked about.

    Attributes:
        corpus: Folder of the corpus.
        by: Which of their times decides on their side.
        wanted: How many documents of each side.
        most: How many questions for each document.
    """

    corpus: Path
    by: By
    wanted: dict[Side, int]
    most: int

    def from_sentences(self, maker: ChronicleRecords, left_out: Counter[str]) -> list[Unit]:
        """Questions made of dated sentences."""
        drawn = draw_articles(
            progress(read_documents(self.corpus), label="reading", total=count_documents(self.corpus)),
            lambda document, side: document_items(document, side, maker.cutoff, most=self.most),
            cutoff=maker.cutoff,
            by=self.by,
            wanted=self.wanted,
            seed=maker.seed,
            left_out=left_out,
        )
        listed = (item for articles in drawn.values() for items in articles for item in items)
        return _units(listed, maker, left_out, "sentences")

    def from_teacher(
        self,
        teacher: Teacher,
        maker: ChronicleRecords,
        left_out: Counter[str],
        *,
        concurrency: int,
        budget_tokens: int | None,
    ) -> list[Unit]:
        """Questions asked by a teacher; both sides are asked about in turn, so that a budget is shared."""
        drawn: dict[Side, list[Excerpt]] = draw_articles(
            progress(read_documents(self.corpus), label="reading", total=count_documents(self.corpus)),
            excerpt_of,
            cutoff=maker.cutoff,
            by=self.by,
            wanted=self.wanted,
            seed=maker.seed,
            left_out=left_out,
        )
        longest = max(map(len, drawn.values()))
        in_turn = [side[place] for place in range(longest) for side in drawn.values() if place < len(side)]
        asked = teacher.ask(in_turn, concurrency=concurrency, budget_tokens=budget_tokens)
        say(f"asked about {asked:,} documents; {len(teacher.journal):,} answers are kept in {teacher.journal.path}")
        listed = (item for excerpt in in_turn for item in teacher.items(excerpt, left_out))
        return _units(listed, maker, left_out, "teacher")


def _units(listed: Iterable[Item], maker: ChronicleRecords, left_out: Counter[str], source: str) -> list[Unit]:
    """The items that stand the checks, each a unit of its article's family."""
    checks = Checks(maker.cutoff)
    items = []
    for item in listed:
        problem = checks.problem(item)
        if problem:
            left_out[problem] += 1
        else:
            items.append(item)
    others = OtherAnswers(items, maker.cutoff)

    def records(item: Item, _: Split) -> Iterator[Record]:
        return item_records(item, others.of(item), maker, source=source)

    return [Unit(item.article.family, item.article.side, partial(records, item)) for item in items]
