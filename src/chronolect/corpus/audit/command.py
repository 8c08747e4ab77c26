"""`corpus audit`: find what is past a cutoff in texts that claim to be before it, say how much that is, and take it out."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import stage, write_json
from chronolect.corpus.audit.findings import KINDS, NGRAM, SCHEMA, Kind, find_hits, hit_to_row
from chronolect.corpus.audit.lexicon import load_terms
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Hit, Matcher
from chronolect.corpus.audit.ngrams import load_ngrams
from chronolect.corpus.audit.repair import cut
from chronolect.corpus.audit.report import screen, summarise
from chronolect.corpus.document import DROPPED_SCHEMA, Document
from chronolect.corpus.document import SCHEMA as DOCUMENT_SCHEMA
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.quality.rows import database
from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Span
from chronolect.timeline.arrow import span_from_row
from chronolect.timeline.calendar import FIRST_YEAR, year_of

DOCUMENTS_SCHEMA = pa.schema(
    [
        pa.field("document", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("decade", pa.int32()),
        pa.field("words", pa.int64(), nullable=False),
        *(pa.field(kind, pa.int64(), nullable=False) for kind in KINDS),
    ]
)
_REPAIRED = "repaired"
_REPAIRED_TABLES = {_REPAIRED: DOCUMENT_SCHEMA, f"{_REPAIRED}/dropped": DROPPED_SCHEMA}


def audit_corpus(
    corpus: Path,
    *,
    out: Path,
    cutoff: str = "",
    against: Literal["cutoff", "written"] = "cutoff",
    lexicon: list[Path] | None = None,
    ngrams: Path | None = None,
    future_years: int = 60,
    repair: bool = False,
    reject: float | None = None,
    act_on: list[Kind] | None = None,
    min_chars: int = 100,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Find what is later than a cutoff: dates, words and names that did not exist yet, marks of scanning and of modern editions, later n-grams.

    The folder gets every finding (part files), figures by document (`documents/`) and the report (`audit.json`); with --repair or --reject
    also a corpus without them, `repaired/`, to go on with.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the audit to.
        cutoff: Last day that may be known: 1900-12-31, or a month or year, which stand for their last day.
        against: What a finding must be later than: the cutoff, or the last day on which its own document may have been written (undated
            documents are then held against the cutoff, or passed over without one).
        lexicon: More lists of terms: tables with the columns term, year, kind, case, sense, parted by tabs.
        ngrams: Folder of n-grams made by `chronolect corpus audit-learn`.
        future_years: Dates more than this many years past the cutoff are counted apart, as talk of the future.
        repair: Also write the corpus without the passages that hold a finding.
        reject: Also write the corpus without the documents that have more than this many findings in 1,000 words; 0 drops all that have any.
        act_on: Kinds of findings that repairing and rejecting act on (mark, date, word, ngram, future); all but ngram by default. Leave out
            "future" for novels of the future.
        min_chars: A repaired document shorter than this is dropped.
        engine: Who does the work.

    Returns:
        The report: documents, words, rates by kind, with_findings, by_source, by_decade, terms; with a repaired corpus its counts.

    Raises:
        UserError: No corpus, no cutoff, or a table that cannot be read.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "engine")}
    if against == "cutoff" and not cutoff:
        raise UserError("--cutoff: name the last day that may be known, or use --against written")
    if future_years < 0 or (reject is not None and reject < 0):
        raise UserError("--future-years and --reject: give a number that is not negative")
    lists = tuple(path.absolute() for path in lexicon or ())
    rule = _Audit(
        Cutoff.parse(cutoff) if cutoff else None,
        against == "written",
        lists,
        ngrams.absolute() if ngrams is not None else None,
        future_years,
        repair,
        reject,
        tuple(act_on) if act_on is not None else tuple(kind for kind in KINDS if kind != NGRAM),
        min_chars,
    )
    rule.matcher()  # a faulty table is told of at once
    tables = {"documents": DOCUMENTS_SCHEMA} | (_REPAIRED_TABLES if rule.mends else {})
    inputs = [corpus, *lists, *([ngrams] if ngrams is not None else [])]
    with stage(out, command="corpus audit", config=config, inputs=inputs, resume=True) as work:
        totals = map_corpus(work, corpus, rule, engine, label="auditing", schema=SCHEMA, tables=tables)
        with database(work.scratch) as db:
            if not totals.counts["audited"]:
                raise UserError(f"{corpus}: no document says when it was written; give a --cutoff")
            report = summarise(db, work.folder / "documents", work.folder if totals.kept else None)
        result = {"cutoff": cutoff or None, "against": against, "unaudited": totals.counts["unaudited"], **report}
        if rule.mends:
            names = ("documents kept", "documents repaired", "documents dropped", "passages dropped")
            result[_REPAIRED] = {name.replace(" ", "_"): totals.counts[name] for name in names}
        write_json(work.folder / "audit.json", result)
        work.counts = {name: value for name, value in result.items() if not name.startswith(("by_", "terms"))}
    return {"screen": _screen(result, against), **result}


def _screen(result: dict[str, Any], against: str) -> str:
    text = screen(result, result["cutoff"] if against == "cutoff" else "its own time")
    if _REPAIRED in result:
        counts = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in result[_REPAIRED].items())
        text += f"\n\nrepaired: {counts}"
    return text


@dataclass(frozen=True, slots=True)
class _Audit:
    """The audit as a function of a batch."""

    cutoff: Cutoff | None
    against_written: bool
    lexicon: tuple[Path, ...]
    ngrams: Path | None
    future_years: int
    repair: bool
    reject: float | None
    act_on: tuple[Kind, ...]
    min_chars: int

    @property
    def mends(self) -> bool:
        """Whether a corpus is written beside the findings."""
        return self.repair or self.reject is not None

    def matcher(self) -> Matcher:
        """The matcher of this audit, made once in a process."""
        assert self.cutoff is not None or self.against_written
        limit = FIRST_YEAR if self.against_written or self.cutoff is None else year_of(self.cutoff.day)
        return _matcher(self.lexicon, self.ngrams, limit)

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        matcher = self.matcher()
        columns = (
            batch
            if self.mends
            else batch.select(["id", "source", "text", "written", "written_earliest", "written_latest"])
        )
        for row in columns.to_pylist():
            written = span_from_row("written", row)
            cutoff = self._cutoff_of(written)
            if cutoff is None:
                output.count("unaudited")
                if self.mends:
                    output.table_row(_REPAIRED, row)
                    output.count("documents kept")
                continue
            anchor = written if written.is_known else None
            hits = find_hits(row["text"], matcher, cutoff, anchor=anchor, future_years=self.future_years)
            for hit in hits:
                output.row(hit_to_row(hit, row["text"], row["id"], row["source"]))
            output.count("audited")
            words = count_words(row["text"])
            counts = Counter(hit.kind for hit in hits)
            output.table_row(
                "documents",
                {"document": row["id"], "source": row["source"], "decade": written.year_bin(10), "words": words}
                | {kind: counts[kind] for kind in KINDS},
            )
            if self.mends:
                self._mend(row, hits, words, output)

    def _cutoff_of(self, written: Span) -> Cutoff | None:
        if self.against_written and written.latest is not None:
            return Cutoff(written.latest)
        return self.cutoff

    def _mend(self, row: dict[str, Any], hits: list[Hit], words: int, output: Output) -> None:
        hits = [hit for hit in hits if hit.kind in self.act_on]
        if hits and self.reject is not None and len(hits) * 1000 > self.reject * words:
            reason = f"later than it may be: {len(hits)} findings in {words} words ({_kinds(hits)})"
            self._drop(row, reason, output)
        elif hits and self.repair:
            kept, passages, number = cut(Document.from_row(row), hits)
            if kept is None or len(kept.text) < self.min_chars:
                self._drop(row, f"too little left: {len(hits)} findings ({_kinds(hits)})", output)
                return
            reason = f"passages with findings: {number} of a document that was kept ({_kinds(hits)})"
            output.table_row(f"{_REPAIRED}/dropped", {**passages.to_row(), "reason": reason})
            output.table_row(_REPAIRED, kept.to_row())
            output.count("documents repaired")
            output.count("passages dropped", number)
        else:
            output.table_row(_REPAIRED, row)
            output.count("documents kept")

    def _drop(self, row: dict[str, Any], reason: str, output: Output) -> None:
        output.table_row(f"{_REPAIRED}/dropped", {**row, "reason": reason})
        output.count("documents dropped")


def count_words(text: str) -> int:
    """Number of stretches without white space (spaces beyond Latin-1 part no words)."""
    spaces = np.frombuffer(b" " + text.encode("latin-1", "replace"), np.uint8)
    is_space = (spaces <= 32) | (spaces == 0xA0)
    return int(np.count_nonzero(is_space[:-1] & ~is_space[1:]))


def _kinds(hits: list[Hit]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(hit.kind for hit in hits).items()))


@cache
def _matcher(lexicon: tuple[Path, ...], ngrams: Path | None, limit: int) -> Matcher:
    return Matcher(load_terms(lexicon), load_marks(), load_ngrams(ngrams) if ngrams is not None else (), limit)
