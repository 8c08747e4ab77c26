"""Grading against a record's own answer, also where that is a whole sentence, as in data that a teacher wrote.

A sentence is brought down to the name, date or number that the question asks for, as far as it has one. Where it has none, what counts are the
words that the sentence adds to the question: an explanation ("What was the Manhattan Project?") is right if it says at least half of them, which
is the recall of ROUGE-1 (Lin 2004); where the question asks for a thing ("Which drink …?"), it is enough to say nothing else.
"""

import re
from typing import Literal

from chronolect.evaluation.grading.grade import Judgement, Verdict, grade
from chronolect.evaluation.grading.names import SMALL_WORDS
from chronolect.evaluation.grading.normalise import SKIPPED, Text, Word
from chronolect.finetuning.records import Record
from chronolect.timeline import Cutoff

Basis = Literal["short answer", "drawn from the sentence", "words of the sentence"]

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(rf"\b(?:\d{{1,2}} (?:{_MONTHS})|(?:{_MONTHS})(?: \d{{1,2}})?),? \d{{3,4}}\b|\b\d{{3,4}}s?\b")
_ASKS_TIME = re.compile(r"\b(?:when|(?:what|which) (?:year|date|day|month|decade|century))\b")
_ASKS_AMOUNT = re.compile(r"\bhow (?:many|much|long|far|old|tall|fast|high|deep|big|large|often)\b")
_ASKS_NAME = re.compile(
    r"\b(?:who|whom|whose|which|where)\b|\bwhat (?!is|was|are|were|did|do|does|happen|made|led|caused)\w|"
    r"\bwhat (?:is|was) the (?:\w+ ){0,3}(?:name|title)\b"
)
_ASKS_PLACE = re.compile(r"\bwhere\b|^(?:in|at|to|from|near) (?:what|which)\b")
_BEFORE_PLACES = frozenset({"in", "at", "from", "near", "to", "on", "off"})
_BEFORE_NAMES = frozenset({"by", "is", "was", "are", "were", "called", "named", "titled", "entitled"})
_INSIDE_NAMES = (SKIPPED - {"and"}) | {"da", "di", "dos", "al", "bin", "ibn"}
_ENOUGH = 0.5
_STEM = 4  # letters by which "Guatemala" and "Guatemalan" are known for the same


def grade_record(record: Record, response: str, *, cutoff: Cutoff | None = None) -> tuple[Judgement, Basis]:
    """The verdict on a response, and what it was compared with."""
    question = record.instruction
    if record.metadata.get("answer"):
        return grade(response, question=question, answers=record.answers, cutoff=cutoff), "short answer"
    drawn = short_answers(record.truth, question=question)
    if drawn:
        return grade(response, question=question, answers=drawn, cutoff=cutoff), "drawn from the sentence"
    judged = grade(response, question=question, answers=[record.truth], cutoff=cutoff)
    if judged.verdict in ("correct", "incorrect", "ungraded") and Text(response).words:
        verdict, reason = _by_words(response, record.truth, question, judged)
        judged = Judgement(verdict, judged.hedged, reason)
    return judged, "words of the sentence"


def short_answers(sentence: str, *, question: str) -> tuple[str, ...]:
    """The name, date or number in a sentence that its question asks for; nothing where there is none.

    >>> short_answers("Alexander Graham Bell invented the telephone in 1876.", question="Who invented the telephone?")
    ('Alexander Graham Bell',)
    >>> short_answers("The war ended in 1945, first in Germany.", question="When did the war end?")
    ('1945',)
    """
    text, asked = Text(sentence), Text(question)
    known = {word.text for word in asked.words}
    if _ASKS_TIME.search(asked.lower):
        found = next((match[0] for match in _DATE.finditer(text.clean) if match[0] not in asked.clean), None)
        return () if found is None else tuple(dict.fromkeys((found, found.split()[-1])))
    if _ASKS_AMOUNT.search(asked.lower):
        return tuple(word.text for word in text.words if word.text[0].isdigit() and word.text not in known)[:1]
    stems = {word[:_STEM] for word in known if len(word) >= _STEM}
    names = [
        name
        for name in _names(text)
        if not all(word.text in known | SMALL_WORDS or word.text[:_STEM] in stems for word in name)
    ]
    if not _ASKS_NAME.search(asked.lower):
        added = _added(text, known)
        named = {word.text for name in names[:1] for word in name}
        if len(added & named) < _ENOUGH * len(added):
            return ()  # the sentence explains, and the name in it is not the point
    asks_place = bool(_ASKS_PLACE.search(asked.lower))
    names = [name for name in names if (_word_before(text, name[0]) in _BEFORE_PLACES) == asks_place] or names
    first = next((at for at, name in enumerate(names) if _word_before(text, name[0]) in _BEFORE_NAMES), 0)
    chosen = names[first : first + 1]
    for name in names[first + 1 :]:
        if not _joined(text, chosen[-1], name):
            break
        chosen.append(name)
    return tuple(text.clean[name[0].start : name[-1].end] for name in chosen)


def recall(response: str, sentence: str, *, question: str) -> float:
    """Share of the words which a sentence adds to its question that a response says."""
    added = _added(Text(sentence), {word.text for word in Text(question).words})
    return len(added & {word.text for word in Text(response).words}) / len(added) if added else 0.0


def _by_words(response: str, sentence: str, question: str, judged: Judgement) -> tuple[Verdict, str]:
    """Verdict and reason by the words that the sentence adds to its question."""
    known = {word.text for word in Text(question).words}
    said, added = _added(Text(response), known), _added(Text(sentence), known)
    recalled = recall(response, sentence, question=question)
    if recalled >= _ENOUGH:
        return "correct", f"says {recalled:.0%} of the expected words"
    if said and said <= added and _ASKS_NAME.search(Text(question).lower):
        return "correct", "says nothing but expected words"
    if judged.verdict == "correct":
        return "incorrect", f"says only {recalled:.0%} of the expected words"
    return judged.verdict, judged.reason


def _added(text: Text, known: set[str]) -> set[str]:
    return {word.text for word in text.words} - known - SMALL_WORDS


def _names(text: Text) -> list[list[Word]]:
    """Runs of words with a capital, small words such as "of" inside of them; the first word of a sentence counts if it is no small word."""
    runs: list[list[Word]] = []
    waiting: list[Word] = []  # a small word that belongs to the name if that goes on
    last_end = -1
    for word in text.words:
        gap = text.clean[last_end : word.start] if last_end >= 0 else ""
        is_name = word.capital and word.text not in SMALL_WORDS
        if is_name and runs and last_end >= 0 and not gap.strip(" .-"):
            runs[-1] += [*waiting, word]
            waiting, last_end = [], word.end
        elif is_name:
            runs.append([word])
            waiting, last_end = [], word.end
        elif last_end >= 0 and not gap.strip() and not waiting and word.text in _INSIDE_NAMES:
            waiting, last_end = [word], word.end
        else:
            waiting, last_end = [], -1
    return runs


def _word_before(text: Text, word: Word) -> str:
    before = [word for word in text.lower[: word.start].split() if word not in SKIPPED]
    return before[-1] if before else ""


def _joined(text: Text, first: list[Word], second: list[Word]) -> bool:
    return text.lower[first[-1].end : second[0].start].strip() == "and"
