"""`dedup`: copies and near copies taken out of a corpus, in bounded memory.

Three passes: signatures of all documents; decisions (exact copies by the hash of their words, near ones by MinHash and
bands); and the writing of what stays. Near copies are decided by leaders: in each group of documents that are linked by
verified pairs, taken from the one that stays first, a document is dropped if it is like one kept before, else it is kept.
So every drop names a document that is there, and similarity never drifts along a chain.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.quality.duplicates import find_duplicates
from chronolect.corpus.quality.lines import LineRemover, repeated_lines
from chronolect.corpus.quality.rows import NumberedGroups, numbered_shards, rows_between, with_meta, write_split
from chronolect.corpus.quality.runs import RunFinder, find_runs
from chronolect.corpus.quality.signing import Signer
from chronolect.errors import UserError


def dedup_corpus(
    corpus: Path,
    *,
    out: Path,
    threshold: float = 0.8,
    ngram: int = 5,
    exact_only: bool = False,
    against: Path | None = None,
    shared_words: int = 0,
    paragraphs: int = 0,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Remove copies and near copies. Of a group the document written first stays (then the one with the smallest id), and its meta gets the
    number of `copies`; the others go to `dropped/` with the id of the one that stays.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the corpus without copies to.
        threshold: Jaccard similarity of the sets of word n-grams from which two documents count as near copies (estimated by MinHash with 128
            permutations: standard error 0.035 at 0.8).
        ngram: Words in an n-gram.
        exact_only: Remove only documents with the same text, however spaced and capitalised.
        against: Corpus that is kept apart, such as the held-out documents: what copies it is dropped, too.
        shared_words: With --against: also drop what has a run of this many words in common with it (50 is usual); 0 does not.
        paragraphs: First remove lines of at least five words that stand in more than this many documents; 0 does not.
        engine: Who does the work.

    Returns:
        Counts: documents, dropped, dropped_by reason, and lines removed.

    Raises:
        UserError: No corpus, a threshold that is no share, --shared-words without --against, or nothing remains.
    """
    if not 0 < threshold <= 1:
        raise UserError(f"--threshold {threshold}: choose a similarity above 0 and up to 1, such as 0.8")
    if ngram < 1:
        raise UserError(f"--ngram {ngram}: at least 1 word")
    if shared_words and against is None:
        raise UserError("--shared-words: needs --against, the corpus to compare with")
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "engine", "against")} | {
        "against": against is not None
    }
    inputs = [corpus, *([against] if against is not None else [])]
    with stage(out, command="corpus dedup", config=config, inputs=inputs, resume=True) as work:
        remover = LineRemover(repeated_lines(work, corpus, paragraphs, engine)) if paragraphs else None
        runs = None
        if against is not None and shared_words:
            runs = RunFinder(find_runs(work, against, shared_words, engine), shared_words)
        signer = Signer(ngram, None if exact_only else threshold, remover, runs)
        shards = numbered_shards(*inputs)
        run_shards(work, shards, signer, engine, label="signatures", schema=signer.schema, into=".signatures")
        changes = find_duplicates(
            work.folder.absolute() / ".signatures",
            threshold=None if exact_only else threshold,
            against="" if against is None else against.resolve().name,
            shared_words=shared_words,
        )
        totals = run_shards(
            work, numbered_shards(corpus), _Writer(changes, remover), engine, label="writing what stays"
        )
        if not totals.kept:
            raise UserError(f"{corpus}: every document is a copy of one in {against}; nothing is left")
        work.counts = totals.summary()
    return totals.summary(listed=False)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the documents that stay, and those that do not with their reasons."""

    changes: Path
    remover: LineRemover | None

    def __call__(self, shard: NumberedGroups, output: Output) -> None:
        for first, batch in shard.batches():
            changes = {row["row"] - first: row for row in rows_between(self.changes, first, batch.num_rows)}
            reasons = {place: row["reason"] for place, row in changes.items() if row["reason"] is not None}
            copies = {place: {"copies": row["copies"]} for place, row in changes.items() if place not in reasons}
            batch = with_meta(batch, copies)
            if self.remover is not None:
                batch = self._without_lines(batch, reasons, output)
            write_split(batch, reasons, output)

    def _without_lines(self, batch: pa.RecordBatch, reasons: dict[int, str], output: Output) -> pa.RecordBatch:
        assert self.remover is not None
        texts = batch["text"].to_pylist()
        removed: dict[int, dict[str, Any]] = {}
        for place, text in enumerate(texts):
            if place in reasons:
                continue
            left, lines = self.remover(text)
            if lines and not left.strip():
                reasons[place] = "nothing left: every line stands in many documents"
            elif lines:
                texts[place] = left
                removed[place] = {"lines_removed": lines}
                output.count("lines_removed", lines)
        column = batch.schema.get_field_index("text")
        batch = batch.set_column(column, batch.schema.field(column), pa.array(texts, pa.string()))
        return with_meta(batch, removed)
