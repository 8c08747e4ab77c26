"""Whether a tokenizer gives back the text it was given: one that does not teaches a model other words than the corpus
has.

SentencePiece's tokenizers (Llama 2's) write a space as "▁", so a "▁" of the text comes back as a space. No prose has one; for them both count as one.
"""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from chronolect.errors import UserError

TRICKY = (
    "plain words",
    " a leading space and a trailing one ",
    "two  spaces,   three",
    "lines\nand\n\nparagraphs\r\nand\ttabs",
    "Mixed CASE",
    "don't , ( spaced ) punctuation . n't ' s",
    "naïve façade: é as one character, e\u0301 as two",
    "typography: “quotes” ‘single’ – — … ½ ﬁ ſ №",
    "invisible: \u00a0 \u200b \u00ad \ufeff",
    "Ελληνικά Русский العربية हिन्दी 日本語 中文 한국어",
    "👩‍🚀 🇫🇷 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001f600",
    "control \x00 \x1f",
    "1969-07-20 1,000.50 0xFF",
    "<|endoftext|> <|im_start|> <s> </s> [CLS] ▁ Ġ",
)
_EVERY, _LENGTH = 100, 2_000
_SPACE = "▁"  # U+2581, not the underscore


class RoundTrip:
    """Checks `decode(encode(text)) == text` on tricky strings and on every hundredth text of a corpus."""

    def __init__(self, backend: Tokenizer, name: Path) -> None:
        self.backend, self.name = backend, name
        self._one_space = backend.decode(backend.encode(_SPACE, add_special_tokens=False).ids) == " "
        self._seen = 0

    def tricky_strings(self) -> None:
        """Check the strings that tokenizers are known to change; `UserError` names the first changed one."""
        self._check(TRICKY)

    def sample(self, texts: Sequence[str]) -> None:
        """Check the beginning of every hundredth text, counted over all calls."""
        self._check([text[:_LENGTH] for i, text in enumerate(texts, start=self._seen) if i % _EVERY == 0])
        self._seen += len(texts)

    def _check(self, texts: Sequence[str]) -> None:
        encodings = self.backend.encode_batch_fast(list(texts), add_special_tokens=False)
        decoded = self.backend.decode_batch([encoding.ids for encoding in encodings], skip_special_tokens=False)
        for text, found in zip(texts, decoded, strict=True):
            if self._one_space:
                text, found = text.replace(_SPACE, " "), found.replace(_SPACE, " ")
            if found != text:
                pairs = enumerate(zip(text, found, strict=False))
                start = max(0, next((i for i, (a, b) in pairs if a != b), min(len(text), len(found))) - 20)
                changed = f"{text[start : start + 40]!r} into {found[start : start + 40]!r}"
                raise UserError(f"{self.name}: the tokenizer turns {changed}; use one that keeps text (byte-level)")
