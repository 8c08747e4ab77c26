"""The words that the project's own texts write small: enough English to tell an opening word from a name, and words from letters."""

import re
from functools import cache
from pathlib import Path

from chronolect.chronicle.facts import load_facts
from chronolect.evaluation.grading.names import SHORT_NAMES, SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import clean

_DATA = Path(__file__).parents[2] / "data"
_SMALL = re.compile(r"(?<![\w.])[a-z]+")


@cache
def common_words() -> frozenset[str]:
    """Some ten thousand words of the chronicle, of the replay instructions, and of the patterns of refusals."""
    texts = [text for fact in load_facts() for text in (fact.question, *fact.phrasings)]
    texts += [path.read_text(encoding="utf-8") for path in sorted((_DATA / "grading").glob("*.txt"))]
    return frozenset(SMALL_WORDS.union(*(_SMALL.findall(text) for text in texts)))


@cache
def given_names() -> frozenset[str]:
    """The first names of the persons of the chronicle, and their short forms."""
    persons = (fact.answer for fact in load_facts() if fact.type == "person" and " " in fact.answer)
    names = {clean(person).split()[0].lower() for person in persons}
    return frozenset({name for name in names if name.isalpha()} | set(SHORT_NAMES) | set(SHORT_NAMES.values())) - TITLES
