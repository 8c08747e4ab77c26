"""`filter`: keep what lies on one side of a cutoff; what is left out is kept beside it, with the reason."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from chronolect.artifacts import stage
from chronolect.corpus.document import DROPPED, DROPPED_SCHEMA, CorpusWriter, read_batches
from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Span, Verdict
from chronolect.timeline.evidence import Field


def filter_corpus(
    corpus: Path,
    *,
    out: Path,
    cutoff: str,
    by: Literal["written", "about", "both"] = "written",
    straddling: Literal["drop", "keep"] = "drop",
    undated: Literal["drop", "keep"] = "drop",
    keep_side: Literal["before", "after"] = "before",
) -> dict[str, Any]:
    """Keep the documents of one side of a cutoff; the others go to `dropped/` with the reason (such as "written
    straddles").

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the kept documents to.
        cutoff: Last day that may be known: 1969-07-20, or a month or year, which stand for their last day.
        by: Which time decides: when a document was written, what it is about, or both.
        straddling: What to do with documents that may lie on either side.
        undated: What to do with documents whose time is not known.
        keep_side: Side of the cutoff to keep.

    Returns:
        Counts: kept, dropped, dropped_by reason, and the first and last day of what was kept.

    Raises:
        UserError: No corpus, no exact cutoff, or nothing remains.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out")}
    limit = Cutoff.parse(cutoff)
    fields: list[Field] = ["written", "about"] if by == "both" else [by]
    kept_verdicts = {Verdict.BEFORE if keep_side == "before" else Verdict.AFTER}
    kept_verdicts |= {Verdict.STRADDLES} if straddling == "keep" else set()
    kept_verdicts |= {Verdict.UNDATED} if undated == "keep" else set()
    reasons: Counter[str] = Counter()
    kept_dates, all_dates = _DateRange(), _DateRange()
    with stage(out, command="corpus filter", config=config, inputs=[corpus]) as work:
        with (
            CorpusWriter(work.folder) as kept,
            CorpusWriter(work.folder / DROPPED, DROPPED_SCHEMA) as dropped,
        ):
            for batch in read_batches(corpus, label="filtering"):
                spans = {field: _spans(batch, field) for field in fields}
                verdicts = {field: [limit.judge(span) for span in spans[field]] for field in fields}
                why = [
                    next((f"{f} {verdicts[f][i].value}" for f in fields if verdicts[f][i] not in kept_verdicts), None)
                    for i in range(batch.num_rows)
                ]
                for span, reason in zip(spans[fields[0]], why, strict=True):
                    all_dates.add(span)
                    if reason is None:
                        kept_dates.add(span)
                reasons.update(reason for reason in why if reason is not None)
                keep = pa.array([reason is None for reason in why])
                kept.write_batch(batch.filter(keep))
                left_out = batch.append_column(DROPPED_SCHEMA.field("reason"), pa.array(why, pa.string()))
                dropped.write_batch(left_out.filter(pa.array([reason is not None for reason in why])))
        work.counts = {
            "kept": kept.rows,
            "dropped": dropped.rows,
            "dropped_by": dict(sorted(reasons.items())),
            "first_day": kept_dates.first,
            "last_day": kept_dates.last,
        }
        if not kept.rows:
            side, edge = ("on or before", all_dates.first) if keep_side == "before" else ("after", all_dates.last)
            known = (
                f"the {'earliest' if keep_side == 'before' else 'latest'} is of {edge}" if edge else "none has a date"
            )
            raise UserError(
                f"{corpus}: no document lies {side} {cutoff} by {by}; {known}; choose another --cutoff or --by"
            )
    return work.counts


class _DateRange:
    """First and last day of the spans seen."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last: int | None = None

    def add(self, span: Span) -> None:
        if span.earliest is not None:
            self._first = span.earliest if self._first is None else min(self._first, span.earliest)
        if span.latest is not None:
            self._last = span.latest if self._last is None else max(self._last, span.latest)

    @property
    def first(self) -> str | None:
        return None if self._first is None else Cutoff(self._first).edtf()

    @property
    def last(self) -> str | None:
        return None if self._last is None else Cutoff(self._last).edtf()


def _spans(batch: pa.RecordBatch, field: Field) -> list[Span]:
    columns = (batch[f"{field}_earliest"].to_pylist(), batch[f"{field}_latest"].to_pylist())
    return [Span(earliest, latest) for earliest, latest in zip(*columns, strict=True)]
