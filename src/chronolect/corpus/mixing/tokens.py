"""How many tokens a text has, counted with a tokenizer or estimated without one."""

import pyarrow as pa
import pyarrow.compute as pc

from chronolect.corpus.encoding import Encoder

# What byte-level tokenizers of 32,000 and more entries make of English: each nine letters of a word that are begun are one
# token, and so is every other character but white space.
_PIECE = r"[A-Za-z]{1,9}|[^\sA-Za-z]"


def count_tokens(texts: pa.Array, encoder: Encoder | None) -> list[int]:
    """Tokens of each text with the end token that packing adds; an estimate without an encoder."""
    if encoder is None:
        return [number + 1 for number in pc.count_substring_regex(texts, _PIECE).to_pylist()]
    return [len(ids) + 1 for ids in encoder.encode(texts.to_pylist())]
