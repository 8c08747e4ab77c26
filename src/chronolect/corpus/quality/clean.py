"""`clean`: texts mended where they can be, measured, and left out where they are not worth training on."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import Stage, stage
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.quality import reflow
from chronolect.corpus.quality import repetition as repetitions
from chronolect.corpus.quality.boilerplate import without_marks
from chronolect.corpus.quality.language import identify
from chronolect.corpus.quality.ocr import load_words, ocr_score, words_of
from chronolect.corpus.quality.rows import database, parts_of, with_meta, write_split
from chronolect.errors import UserError

_SYMBOL = re.compile(r"[^\w\s.,;:!?'\"()\[\]/&%$£\-–—‘’“”]")
_WORDS = pa.schema([pa.field("words", pa.list_(pa.string()), nullable=False)])


def clean_corpus(
    corpus: Path,
    *,
    out: Path,
    language: str = "",
    min_language_score: float = 0.5,
    min_ocr_score: float = 0.0,
    ocr_words: int = 0,
    boilerplate: bool = True,
    join_hyphens: bool = False,
    unwrap: bool = False,
    min_words: int = 1,
    max_words: int = 0,
    max_symbol_ratio: float = 0.0,
    repetition: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Mend texts, note their language and OCR score, and leave out what is not worth training on; it goes to `dropped/` with the reason.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the cleaned corpus to.
        language: Keep only documents in this language, such as "en"; all by default. The language is noted where none is.
        min_language_score: Probability of that language from which a document counts as being in it.
        min_ocr_score: Share of words rightly read (estimated, for English) from which a document is kept; the score is noted in its meta.
        ocr_words: For the score, judge words also by whether at least this many documents of the corpus have them (10 is good for thousands of
            documents); 0 judges by their shape alone.
        boilerplate: Remove lines that are page numbers, running heads, marks of digitising, library stamps, navigation and notices.
        join_hyphens: Join words that were parted at line ends.
        unwrap: Join the lines of paragraphs that were wrapped at a fixed width.
        min_words: Fewest words of a document.
        max_words: Most words of a document; 0 is no limit.
        max_symbol_ratio: Most symbols other than usual punctuation per word (0.1 is usual); 0 is no limit.
        repetition: Drop texts that repeat themselves (the limits of Gopher).
        engine: Who does the work.

    Returns:
        Counts: documents, dropped, dropped_by reason, and boilerplate lines by kind.

    Raises:
        UserError: No corpus, a limit that cannot be met, or nothing remains.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "engine")}
    for name, share in (("--min-language-score", min_language_score), ("--min-ocr-score", min_ocr_score)):
        if not 0 <= share <= 1:
            raise UserError(f"{name} {share}: choose a share between 0 and 1")
    if max_words and max_words < min_words:
        raise UserError(f"--max-words {max_words} is less than --min-words {min_words}: no document can be both")
    with stage(out, command="corpus clean", config=config, inputs=[corpus], resume=True) as work:
        known = _known_words(work, corpus, ocr_words, engine) if ocr_words else None
        cleaner = _Cleaner(**{key: value for key, value in config.items() if key != "ocr_words"}, known=known)
        totals = map_corpus(work, corpus, cleaner, engine, label="cleaning")
        if not totals.kept:
            reason, count = totals.dropped_by.most_common(1)[0]
            raise UserError(f'{corpus}: no document is left; {count:,} were dropped for "{reason}"')
        work.counts = totals.summary()
    return totals.summary(listed=False)


def _known_words(work: Stage, corpus: Path, documents: int, engine: Engine) -> Path:
    """Write the words that at least `documents` documents have, one a line."""
    folder = work.folder.absolute() / ".words"
    map_corpus(work, corpus, _write_words, engine, label="learning words", schema=_WORDS, into=".words")
    with database(folder) as db:
        query = f"SELECT unnest(words) AS word FROM {parts_of(folder)} GROUP BY word HAVING count(*) >= {documents:d} ORDER BY word"
        words = db.sql(query).to_arrow_table()["word"].to_pylist()
    path = folder / "words.txt"
    path.write_text("\n".join(words), encoding="utf-8")
    return path


def _write_words(batch: pa.RecordBatch, output: Output) -> None:
    rows = [sorted(words_of(text)) for text in batch["text"].to_pylist()]
    output.keep_batch(pa.RecordBatch.from_arrays([pa.array(rows, _WORDS.field("words").type)], schema=_WORDS))


@dataclass(frozen=True, slots=True)
class _Cleaner:
    """The arguments of `clean_corpus` at work on batches; `known` is the file of words that documents share."""

    language: str
    min_language_score: float
    min_ocr_score: float
    boilerplate: bool
    join_hyphens: bool
    unwrap: bool
    min_words: int
    max_words: int
    max_symbol_ratio: float
    repetition: bool
    known: Path | None

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        mended = [self._mend(text, output) for text in batch["text"].to_pylist()]
        texts, languages = [text for text, _ in mended], batch["language"].to_pylist()
        additions: dict[int, dict[str, Any]] = {}
        reasons: dict[int, str] = {}
        for place, ((text, notes), (found, score)) in enumerate(zip(mended, identify(texts), strict=True)):
            if found:
                notes |= {"language_found": found, "language_score": round(score, 4)}
                languages[place] = languages[place] or (found if score >= self.min_language_score else "")
            ocr = ocr_score(text, load_words(self.known) if self.known is not None else None)
            if ocr is not None:
                notes["ocr_score"] = ocr
            additions[place] = notes
            if (reason := self._reason(text, found, score, ocr)) is not None:
                reasons[place] = reason
        for name, values in (("text", texts), ("language", languages)):
            column = batch.schema.get_field_index(name)
            batch = batch.set_column(column, batch.schema.field(column), pa.array(values, pa.string()))
        batch = with_meta(batch, {place: notes for place, notes in additions.items() if notes})
        write_split(batch, reasons, output)

    def _mend(self, text: str, output: Output) -> tuple[str, dict[str, Any]]:
        notes: dict[str, Any] = {}
        if self.boilerplate:
            text, removed = without_marks(text)
            for kind, number in removed.items():
                output.count(f"lines_{kind.replace(' ', '_')}", number)
            if removed:
                notes["lines_removed"] = dict(sorted(removed.items()))
        if self.join_hyphens:
            text, joined = reflow.join_hyphens(text)
            output.count("hyphens_joined", joined)
        if self.unwrap:
            text = reflow.unwrap(text)
        return text, notes

    def _reason(self, text: str, language: str, score: float, ocr: float | None) -> str | None:
        """Why a text is left out; `None` if it is not."""
        words = len(text.split())
        if words < self.min_words:
            return f"too short: {words:,} words"
        if self.max_words and words > self.max_words:
            return f"too long: {words:,} words"
        if self.language and language and language != self.language:
            return f"language {language}: {score:.2f}"
        if self.language and language and score < self.min_language_score:
            return f"language not sure: {language} {score:.2f}"
        if ocr is not None and ocr < self.min_ocr_score:
            return f"badly read: OCR score {ocr:.2f}"
        if self.max_symbol_ratio and (ratio := len(_SYMBOL.findall(text)) / max(words, 1)) > self.max_symbol_ratio:
            return f"too many symbols: {ratio:.2f} a word"
        if self.repetition and (what := repetitions.repetition(text)) is not None:
            return f"repetitive: {what}"
        return None
