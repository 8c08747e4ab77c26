"""How telling each keyword is, learned from a corpus.

The log-odds of a word: how much likelier it is in documents of its theme than in all others. A document is of the theme
if at least two *other* keywords of the list stand in it, so a word does not speak for itself. (After Monroe, Colaresi and
Quinn 2008, with half a document added to every count.) Where no document is of the theme this is the inverse document
frequency.
"""

from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.dataset as ds

from chronolect.artifacts import Stage
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.keywords.themes import Matcher

Weighing = Literal["log-odds", "idf"]
_OTHERS = 2
_HIGHEST = 8.0
# One row for each keyword of a batch, and one with the number -1 - t for theme t: its `documents` are those of the batch.
_SCHEMA = pa.schema(
    [
        pa.field("number", pa.int32(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),  # that have the keyword
        pa.field("two", pa.int64(), nullable=False),  # ... and at least two of its theme, itself included
        pa.field("three", pa.int64(), nullable=False),  # ... and at least three
        pa.field("words", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Weights:
    """By keyword number: its weight, and how many documents have it; and the mean number of words of a document."""

    weights: list[float]
    documents: list[int]
    mean_words: float


def learn_weights(work: Stage, corpus: Path, matcher: Matcher, weighing: Weighing, engine: Engine) -> Weights:
    """Count the keywords in all documents and weigh them; weights given in a list stand."""
    map_corpus(work, corpus, _Counter(matcher), engine, label="counting keywords", schema=_SCHEMA, into=".keywords")
    parts = sorted((work.folder / ".keywords").glob("part-*.parquet"))
    table = ds.dataset(parts, format="parquet").to_table()
    sums = [(name, "sum") for name in ("documents", "two", "three", "words")]
    rows = {row["number"]: row for row in table.group_by("number").aggregate(sums).to_pylist()}
    total, words = rows[-1]["documents_sum"], rows[-1]["words_sum"]
    weights, documents = [], []
    for number, (theme, _) in enumerate(matcher.pairs):
        row = rows.get(number, {"documents_sum": 0, "two_sum": 0, "three_sum": 0})
        documents.append(row["documents_sum"])
        of_theme = row["three_sum"] + rows[-1 - theme]["two_sum"] - row["two_sum"]
        if weighing == "idf":
            weights.append(log((total + 1) / (row["documents_sum"] + 0.5)))
        else:
            weights.append(log_odds(row["three_sum"], of_theme, row["documents_sum"], total))
    given = [weight for theme in matcher.themes for weight in theme.weights]
    chosen = [min(max(w, 0.0), _HIGHEST) if g is None else g for w, g in zip(weights, given, strict=True)]
    return Weights([round(weight, 4) for weight in chosen], documents, words / max(total, 1))


def log_odds(inside: int, of_theme: int, documents: int, total: int) -> float:
    """Of a word that `inside` of the `of_theme` documents of its theme have, and `documents` of all `total`."""
    outside, others = documents - inside, total - of_theme
    return log((inside + 0.5) / (of_theme - inside + 0.5)) - log((outside + 0.5) / (others - outside + 0.5))


@dataclass(frozen=True, slots=True)
class _Counter:
    matcher: Matcher

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        counts: dict[int, list[int]] = {-1 - theme: [0, 0, 0, 0] for theme in range(len(self.matcher.themes))}
        for text in batch["text"].to_pylist():
            found = self.matcher(text)
            length = len(text.split())
            of_theme: dict[int, list[int]] = {}
            for number in found:
                of_theme.setdefault(self.matcher.pairs[number][0], []).append(number)
            for theme in range(len(self.matcher.themes)):
                numbers = of_theme.get(theme, [])
                for number in (-1 - theme, *numbers):
                    row = counts.setdefault(number, [0, 0, 0, 0])
                    row[0] += 1
                    row[1] += len(numbers) >= _OTHERS
                    row[2] += len(numbers) > _OTHERS
                    row[3] += length
        columns = [sorted(counts), *zip(*(counts[number] for number in sorted(counts)), strict=True)]
        arrays = [pa.array(list(column), field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
        output.keep_batch(pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA))
