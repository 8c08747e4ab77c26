"""Questions made of the sentences of a document, by templates and without a model: few, and each as true as its sentence.

A sentence is used if it begins with the title of its document in full and states exactly one date, which lies on the document's side of the cutoff.
Its year is asked for, or, where the sentence tells enough, the title itself.
"""

import re
from collections.abc import Iterator

from chronolect.chronicle.check import telling, words
from chronolect.chronicle.facts import SLOT
from chronolect.corpus.dating.expressions import Found, find_expressions
from chronolect.corpus.dating.expressions.passages import sentence_starts
from chronolect.corpus.document import Document
from chronolect.finetuning.qa.articles import family_of
from chronolect.finetuning.qa.items import Article, Item
from chronolect.finetuning.qa.refusals import draw
from chronolect.finetuning.qa.templates import Wording
from chronolect.finetuning.records import Side
from chronolect.timeline import Cutoff, Verdict

_WORDS = range(8, 36)
_BLANK = "____"
_YEAR = re.compile(r"(?<![\d-])(?:1\d{3}|20\d\d)(?![\d-])")
_QUALIFIER = re.compile(r" \([^)]*\)$")
_PLAIN = re.compile(r"[^\n{}\[\]<>|*#=_\\]+[a-z0-9)\"”]\.")
# What a sentence says about something outside it.
_POINTING = re.compile(
    r"\b(?:this|that|these|those|such|meanwhile|former|latter|above|below|aforementioned|he|she|they|him|them|his|their|it|here|now|today|currently|recently|ago"
    r"|see|article|page|list)\b",
    re.IGNORECASE,
)
# What may stand before the title: nothing, an article, or a date.
_BEFORE = re.compile(r"(?:The |An? |(?:In|On|By|Since|During) [^,;]*\d{4}, (?:the )?)?")
_SORT = re.compile(
    r" (?:was|is|were|are) (?:an?|the) ((?:[\w'’-]+ ){0,6}?[\w'’-]+)"
    r"(?=,| (?:who|which|that|of|in|from|by|for|at|on|and|to|with|located|founded|built|born|written|published|released|based)\b|\.$)"
)
_YEAR_FRAMES = (
    "Which year belongs in the blank? {q}",
    "In what year? {q}",
    "Fill in the year: {q}",
    "A year is missing here; which one? {q}",
)
_NAME_FRAMES = (
    "Who or what is meant? {q}",
    "Which name belongs at the beginning? {q}",
    "Supply the missing name: {q}",
    "Of whom or of what is this said? {q}",
)


def document_items(document: Document, side: Side, cutoff: Cutoff, *, most: int) -> list[Item] | None:
    """Up to `most` items of a document, from its beginning on; `None` if it has none.

    Args:
        document: The document.
        side: The side of the cutoff it lies on.
        cutoff: The last day that may be known.
        most: How many items at most.
    """
    title = _QUALIFIER.sub("", document.title).strip()
    if len(title) < 3 or not title[0].isupper() or any(letter.isdigit() for letter in title) or not telling(title):
        return None
    span = document.written if document.about.latest is None and document.about.earliest is None else document.about
    article = Article(document.id, document.title, family_of(document), side, span)
    wanted = Verdict.BEFORE if side == "retain" else Verdict.AFTER
    items: list[Item] = []
    for sentence in _sentences(document.text):
        found = _only_date(sentence) if _is_usable(sentence, title) else None
        if found is None or cutoff.judge(found.span) is not wanted:
            continue
        items.extend(_ask(sentence, title, article, found))
        if len(items) >= most:
            break
    return items[:most] or None


def _sentences(text: str) -> Iterator[str]:
    for paragraph in text.split("\n"):
        starts = [0, *sentence_starts(paragraph, 0, len(paragraph))]
        for start, end in zip(starts, [*starts[1:], len(paragraph)], strict=True):
            yield paragraph[start:end].strip()


def _is_usable(sentence: str, title: str) -> bool:
    """Whether a sentence can be understood by itself and begins with the title, which it names once."""
    if len(sentence.split()) not in _WORDS or not _PLAIN.fullmatch(sentence):
        return False
    around = re.split(rf"(?<!\w){re.escape(title)}(?!\w)", sentence)
    return len(around) == 2 and _BEFORE.fullmatch(around[0]) is not None and not _POINTING.search(" ".join(around))


def _only_date(sentence: str) -> Found | None:
    """The only date a sentence states, if that is a year, a month or a day with its year in four figures."""
    found = find_expressions(sentence)
    if len(found) != 1 or found[0].precision not in ("day", "month", "year") or found[0].type in ("range", "open"):
        return None
    inside = sentence[found[0].start : found[0].end]
    return found[0] if len(_YEAR.findall(sentence)) == 1 and _YEAR.search(inside) else None


def _ask(sentence: str, title: str, article: Article, found: Found) -> Iterator[Item]:
    year = _YEAR.search(sentence)
    assert year is not None
    blank = sentence[: year.start()] + _BLANK + sentence[year.end() :]
    wordings = [
        Wording(f"y{number}", frame.format(q=blank), f"{SLOT}.")
        for number, frame in _shuffled(_YEAR_FRAMES, article.id)
    ]
    if sentence[year.end() :] == ".":  # a beginning whose end is the year
        wordings.insert(1, Wording("y", sentence[: year.start()].rstrip(), f" {SLOT}."))
    group = _sort_of(sentence, title)
    yield Item(article, year.group(), found.span, tuple(wordings), sentence, "")
    rest = sentence.removeprefix(title)
    if rest != sentence and group and _tells_enough(rest) and not telling(title) & set(words(rest)):
        asked = [
            Wording(f"n{number}", frame.format(q=_BLANK + rest), f"{SLOT}.")
            for number, frame in _shuffled(_NAME_FRAMES, article.id)
        ]
        yield Item(article, title, found.span, tuple(asked), sentence, group)


def _tells_enough(rest: str) -> bool:
    """Whether a sentence singles its subject out: besides the date, it has two names or more."""
    names = [word for word in re.findall(r"(?<=\s)[A-Z][\w'’-]+", rest) if len(word) > 2]
    return len(set(names)) >= 2


def _sort_of(sentence: str, title: str) -> str:
    """The noun that says what the subject is: "chemist" of "was a French chemist who"."""
    found = _SORT.match(sentence.removeprefix(title))
    return found.group(1).split()[-1].lower() if found else ""


def _shuffled(frames: tuple[str, ...], key: str) -> list[tuple[int, str]]:
    return sorted(enumerate(frames), key=lambda one: draw(range(2**32), key, one[1]))
