"""`filter`: keep what lies on one side of a cutoff; what is left out is kept beside it, with the reason.

Two questions are asked of a document. *When was it?* decides whether it stays. *What does each passage speak of?* matters for words written
after the cutoff: an article of 2023 about a man who died in 1955 may still tell of a film about him. Its later passages are cut out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.document import Document, read_batches
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.trimming import trim
from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Span, Verdict
from chronolect.timeline.evidence import Field


def filter_corpus(
    corpus: Path,
    *,
    out: Path,
    cutoff: str,
    by: Literal["written", "about", "both"] = "written",
    straddling: Literal["drop", "keep", "trim"] = "drop",
    undated: Literal["drop", "keep"] = "drop",
    late_passages: Literal["drop", "keep"] = "drop",
    undated_passages: Literal["context", "keep", "drop"] = "context",
    min_chars: int = 100,
    keep_side: Literal["before", "after"] = "before",
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Keep the documents of one side of a cutoff; the others go to `dropped/` with the reason (such as "written
    straddles").

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the kept documents to.
        cutoff: Last day that may be known: 1969-07-20, or a month or year, which stand for their last day.
        by: Which time decides: when a document was written, what it is about, or both.
        straddling: What to do with documents that may lie on either side; "trim" keeps their passages that speak of the
            time before the cutoff.
        undated: What to do with documents whose time is not known.
        late_passages: What to do with passages that speak of the time after the cutoff, in documents about the time
            before it that were not written before it.
        undated_passages: Passages without a date of their own, in a trimmed document: as the dated passages about them in
            their section ("context"; in a section without dates they stay if the whole is about the time before), or
            all kept, or all dropped.
        min_chars: A trimmed document shorter than this is dropped.
        keep_side: Side of the cutoff to keep.
        engine: Who does the work.

    Returns:
        Counts: kept, dropped, dropped_by reason, trimmed documents and passages, and the first and last day of what was
        kept.

    Raises:
        UserError: No corpus, no exact cutoff, or nothing remains.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "engine")}
    fields: tuple[Field, ...] = ("written", "about") if by == "both" else (by,)
    if straddling == "trim" and (keep_side == "after" or "about" not in fields):
        raise UserError("--straddling trim: goes with --by about (or both) and --keep-side before")
    kept_verdicts = {Verdict.BEFORE if keep_side == "before" else Verdict.AFTER}
    kept_verdicts |= {Verdict.STRADDLES} if straddling != "drop" else set()
    kept_verdicts |= {Verdict.UNDATED} if undated == "keep" else set()
    rule = _Rule(
        Cutoff.parse(cutoff),
        fields,
        frozenset(kept_verdicts),
        trim_straddling=straddling == "trim",
        trim_before=late_passages == "drop" and keep_side == "before" and by == "about",
        undated_passages=undated_passages,
        min_chars=min_chars,
    )
    with stage(out, command="corpus filter", config=config, inputs=[corpus], resume=True) as work:
        totals = map_corpus(work, corpus, rule, engine, label="filtering")
        first, last = _days([work.folder] if totals.kept else [], fields[0])
        work.counts = totals.summary(listed=False, rows="kept") | {"first_day": first, "last_day": last}
        if not totals.kept:
            first, last = _days([corpus], fields[0])
            side, edge = ("on or before", first) if keep_side == "before" else ("after", last)
            known = (
                f"the {'earliest' if keep_side == 'before' else 'latest'} is of {edge}" if edge else "none has a date"
            )
            raise UserError(
                f"{corpus}: no document lies {side} {cutoff} by {by}; {known}; choose another --cutoff or --by"
            )
    return work.counts


@dataclass(frozen=True, slots=True)
class _Rule:
    """The policy, as a function of a batch."""

    cutoff: Cutoff
    fields: tuple[Field, ...]
    kept: frozenset[Verdict]
    trim_straddling: bool
    trim_before: bool
    undated_passages: Literal["context", "keep", "drop"]
    min_chars: int

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        verdicts = {field: [self.cutoff.judge(span) for span in _spans(batch, field)] for field in self.fields}
        reasons = [
            next((f"{f} {verdicts[f][i].value}" for f in self.fields if verdicts[f][i] not in self.kept), None)
            for i in range(batch.num_rows)
        ]
        to_trim = self._to_trim(batch, verdicts, reasons)
        whole = [reason is None and not trimmed for reason, trimmed in zip(reasons, to_trim, strict=True)]
        if any(to_trim):  # in the order of the corpus, so row by row
            for i, row in enumerate(batch.to_pylist()):
                if to_trim[i]:
                    self._trim(Document.from_row(row), verdicts["about"][i], output)
                elif whole[i]:
                    output.keep(Document.from_row(row))
        else:
            output.keep_batch(batch.filter(pa.array(whole)))
        left_out = pa.array([reason is not None for reason in reasons])
        output.drop_batch(batch.filter(left_out), [reason for reason in reasons if reason is not None])

    def _to_trim(
        self, batch: pa.RecordBatch, verdicts: dict[Field, list[Verdict]], reasons: Iterable[str | None]
    ) -> list[bool]:
        """Whether each document is to be trimmed: it is kept, speaks of the right time, and may have been written after it."""
        if not (self.trim_before or self.trim_straddling):
            return [False] * batch.num_rows
        written = [self.cutoff.judge(span) for span in _spans(batch, "written")]
        wanted = {Verdict.BEFORE} if self.trim_before else set()
        wanted |= {Verdict.STRADDLES} if self.trim_straddling else set()
        return [
            reason is None and about in wanted and when is not Verdict.BEFORE
            for reason, about, when in zip(reasons, verdicts["about"], written, strict=True)
        ]

    def _trim(self, document: Document, verdict: Verdict, output: Output) -> None:
        alone = verdict is Verdict.BEFORE
        kept, late, passages = trim(document, self.cutoff, self.undated_passages, alone=alone)
        if late is None:
            output.keep(document)
            return
        output.count("passages_dropped", passages)
        if kept is None or len(kept.text) < self.min_chars:
            output.drop(document, "nothing before the cutoff remains: all passages are late or undated")
            return
        output.count("documents_trimmed")
        output.keep(kept)
        output.drop(late, f"passages past the cutoff: {passages} of a document that was kept")


def _days(corpora: list[Path], field: Field) -> tuple[str | None, str | None]:
    """The first and last day that are known of a corpus, its `dropped/` included where it has one."""
    first: int | None = None
    last: int | None = None
    for corpus in corpora:
        for batch in read_batches(corpus, [f"{field}_earliest", f"{field}_latest"]):
            earliest, latest = pc.min(batch[f"{field}_earliest"]).as_py(), pc.max(batch[f"{field}_latest"]).as_py()
            first = min((day for day in (first, earliest) if day is not None), default=None)
            last = max((day for day in (last, latest) if day is not None), default=None)
    return tuple(None if day is None else Cutoff(day).edtf() for day in (first, last))  # type: ignore[return-value]


def _spans(batch: pa.RecordBatch, field: Field) -> list[Span]:
    columns = (batch[f"{field}_earliest"].to_pylist(), batch[f"{field}_latest"].to_pylist())
    return [Span(earliest, latest) for earliest, latest in zip(*columns, strict=True)]
