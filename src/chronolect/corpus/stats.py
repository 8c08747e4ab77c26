"""`stats`: how much of a corpus is from when, and from where."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from chronolect.corpus.document import read_batches
from chronolect.corpus.encoding import BATCH_BYTES, Encoder
from chronolect.errors import UserError
from chronolect.timeline import Span
from chronolect.timeline.evidence import Field

_COLUMNS = ("source", "text", "written_earliest", "written_latest", "about_earliest", "about_latest")


def corpus_stats(
    corpus: Path, *, by: Field = "written", bin_years: int = 1, tokenizer: Path | None = None
) -> dict[str, Any]:
    """Count documents, words and (with a tokenizer) tokens of a corpus, by year and by source.

    A document counts for the year of the middle day of its span; one without both ends counts as undated (year null).

    Args:
        corpus: Folder of the corpus.
        by: Which time to count by: when documents were written, or what they are about.
        bin_years: Years to count together: 10 for decades.
        tokenizer: Tokenizer folder, to count tokens as well.

    Returns:
        documents, words, tokens, `by_year` and `by_source`: lists of {year or source, documents, words, tokens}.

    Raises:
        UserError: No corpus, no tokenizer, or a bin of less than a year.
    """
    if bin_years < 1:
        raise UserError(f"--bin-years {bin_years}: at least 1")
    encoder = Encoder(tokenizer) if tokenizer is not None else None
    by_year: defaultdict[int | None, _Count] = defaultdict(_Count)
    by_source: defaultdict[str, _Count] = defaultdict(_Count)
    for batch in read_batches(corpus, _COLUMNS, text_bytes=BATCH_BYTES, label="counting"):
        words = _words(batch["text"]).to_pylist()
        tokens = [0] * batch.num_rows
        if encoder is not None:
            tokens = [len(ids) for ids in encoder.encode(batch["text"].to_pylist())]
        ends = (batch[f"{by}_earliest"].to_pylist(), batch[f"{by}_latest"].to_pylist())
        years = [Span(earliest, latest).year_bin(bin_years) for earliest, latest in zip(*ends, strict=True)]
        for year, source, n_words, n_tokens in zip(years, batch["source"].to_pylist(), words, tokens, strict=True):
            by_year[year].add(n_words, n_tokens)
            by_source[source].add(n_words, n_tokens)
    with_tokens = encoder is not None
    total = _Count()
    for count in by_source.values():
        total.documents += count.documents
        total.words += count.words
        total.tokens += count.tokens
    dated = sorted(year for year in by_year if year is not None)
    years_in_order: list[int | None] = [*dated, *([None] if None in by_year else [])]
    return {
        **total.to_dict(with_tokens),
        "by_year": [{"year": year, **by_year[year].to_dict(with_tokens)} for year in years_in_order],
        "by_source": [{"source": name, **by_source[name].to_dict(with_tokens)} for name in sorted(by_source)],
    }


class _Count:
    def __init__(self) -> None:
        self.documents = self.words = self.tokens = 0

    def add(self, words: int, tokens: int) -> None:
        self.documents += 1
        self.words += words
        self.tokens += tokens

    def to_dict(self, with_tokens: bool) -> dict[str, int]:
        counts = {"documents": self.documents, "words": self.words}
        return counts | {"tokens": self.tokens} if with_tokens else counts


def _words(texts: pa.Array) -> pa.Array:
    """Number of words of each text: stretches without white space."""
    pieces = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(texts))
    return pc.if_else(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0), 0, pc.list_value_length(pieces))
