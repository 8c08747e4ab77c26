"""The words that the project's own texts write small: enough English to tell an opening word from a name, and words from letters."""

import re
from functools import cache
from pathlib import Path

from chronolect.chronicle.facts import load_facts
from chronolect.evaluation.temporal.names import SMALL_WORDS

_DATA = Path(__file__).parents[2] / "data"
_SMALL = re.compile(r"(?<![\w.])[a-z]+")


@cache
def common_words() -> frozenset[str]:
    """Some ten thousand words of the chronicle, of the replay instructions, and of the patterns of refusals."""
    texts = [text for fact in load_facts() for text in (fact.question, *fact.phrasings)]
    texts += [path.read_text(encoding="utf-8") for path in sorted((_DATA / "grading").glob("*.txt"))]
    return frozenset(SMALL_WORDS.union(*(_SMALL.findall(text) for text in texts)))
