"""What a question and its answer must stand before they become records."""

import hashlib
import re
from collections.abc import Sequence

from chronolect.chronicle.check import telling, words
from chronolect.corpus.dating.expressions import find_expressions
from chronolect.finetuning.gate import Gate
from chronolect.finetuning.qa.items import Item
from chronolect.finetuning.qa.templates import Wording
from chronolect.timeline import Cutoff, Verdict

_QUESTION_CHARACTERS = range(10, 601)
_REPLY_CHARACTERS = range(1, 601)
_ANSWER_CHARACTERS = range(1, 81)
_ARTEFACT = re.compile(
    r"```|\*\*|^#{1,6} |^\s*[-*•] |https?://|\bas an ai\b|\blanguage model\b"
    r"|\b(?:the|this|that|given|provided) (?:passage|excerpt|text|article|document|context|author)\b|\baccording to (?:it|him|her|them)\b",
    re.IGNORECASE | re.MULTILINE,
)


class Checks:
    """Judges items, and remembers what was asked: a question is asked once."""

    def __init__(self, cutoff: Cutoff) -> None:
        self._cutoff = cutoff
        self._gate = Gate(cutoff)
        self._asked: set[bytes] = set()

    def problem(self, item: Item) -> str | None:
        """Why an item cannot be used; `None` if it can."""
        wordings = item.wordings
        problem = self._form(item, wordings) or self._dates(item, wordings)
        if problem:
            return problem
        keys = {_key(wording.instruction) for wording in wordings}
        if keys & self._asked:
            return "asked before"
        self._asked |= keys
        return None

    def _form(self, item: Item, wordings: Sequence[Wording]) -> str | None:
        if len(item.answer) not in _ANSWER_CHARACTERS:
            return "answer too long"
        for wording in wordings:
            if len(wording.instruction) not in _QUESTION_CHARACTERS:
                return "question too short or too long"
            if len(wording.fill(item.answer)) not in _REPLY_CHARACTERS:
                return "reply too long"
            if _ARTEFACT.search(f"{wording.instruction}\n{wording.fill(item.answer)}"):
                return "speaks of the text, or is dressed for a screen"
            # digits are never telling words
            named = telling(item.answer) or set(words(item.answer))
            if named <= set(words(wording.instruction)):
                return "the answer stands in the question"
        return None

    def _dates(self, item: Item, wordings: Sequence[Wording]) -> str | None:
        said = "\n".join((*(f"{w.instruction} {w.fill(item.answer)}" for w in wordings), item.quote))
        if item.article.side == "retain":
            return "past the cutoff" if self._gate(said, self._cutoff) else None
        dates = [self._cutoff.judge(found.span) for found in find_expressions(said) if found.type != "relative"]
        if dates and all(verdict is Verdict.BEFORE for verdict in dates):
            return "of a time before the cutoff"
        return None


def stands_in(quote: str, text: str) -> bool:
    """Whether the quoted words stand in the text, however they are spaced and quoted."""
    plain = _plain(quote)
    return bool(plain) and plain in _plain(text)


def _plain(text: str) -> str:
    return " ".join(text.translate(str.maketrans("’‘“”‑–—", "''\"\"---")).split()).casefold()


def _key(question: str) -> bytes:
    return hashlib.blake2b(" ".join(words(question)).encode(), digest_size=16).digest()
