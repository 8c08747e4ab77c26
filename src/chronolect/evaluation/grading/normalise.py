"""Text as the grader compares it: one spelling for what is written in many ways."""

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from chronolect.corpus.dating.expressions import Found, find_expressions
from chronolect.evaluation.grading.numbers import read_numbers
from chronolect.timeline import Span

_LETTERS = str.maketrans({
    "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": " - ", "―": " - ", "−": "-", "\u00a0": " ", "\u200b": "", "\ufeff": "",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe",
    "Œ": "Oe", "þ": "th", "Þ": "Th", "ð": "d",
})  # fmt: skip
_ACCENTS = re.compile("[\u0300-\u036f]")
_MARKUP = re.compile(r"^\s{0,3}#{1,6}\s|^\s*>\s?|</?[a-zA-Z][^<>\n]{0,40}>|'{3}\w*", re.MULTILINE)
_SPACED = re.compile(r"(?<![\w-])(?:[A-Za-z][ -]){4,}[A-Za-z](?![\w-]) ?")  # N e i l
_EMPHASIS = re.compile(r"(?<![\w*])[*_](?=\S)([^*_\n]+?)(?<=\S)[*_](?![\w*])")
_CONTRACTIONS = (
    (re.compile(r"\b(ca|wo|sha)n't\b", re.IGNORECASE), lambda m: {"ca": "can", "wo": "will", "sha": "shall"}[m[1].lower()] + " not"),
    (re.compile(r"\bcannot\b", re.IGNORECASE), lambda m: "can not"),
    (re.compile(r"n't\b", re.IGNORECASE), lambda m: " not"),
    (re.compile(r"\b(do|does|did|was|is|were|are|has|have|had|would|could|should)nt\b"), lambda m: m[1] + " not"),
    (re.compile(r"\b(can|won)t\b(?! [a-z]+ed\b)"), lambda m: {"can": "can not", "won": "will not"}[m[1]]),
    (re.compile(r"\b(i)'?m\b", re.IGNORECASE), lambda m: m[1] + " am"),
    (re.compile(r"\b(i|you|we|they)'ve\b", re.IGNORECASE), lambda m: m[1] + " have"),
    (re.compile(r"'re\b", re.IGNORECASE), lambda m: " are"),
    (re.compile(r"'ll\b", re.IGNORECASE), lambda m: " will"),
    (re.compile(r"\b(i|he|she|we|they|you)'d\b", re.IGNORECASE), lambda m: m[1] + " would"),
    (re.compile(r"\b(that|it|there|he|she|who|what|here|where)'s\b", re.IGNORECASE), lambda m: m[1] + " is"),
    (re.compile(r"\b(\w+)'s\b"), lambda m: m[1]),
    (re.compile(r"\b(\w+s)'(?!\w)"), lambda m: m[1]),
)  # fmt: skip
_INITIALS = re.compile(r"\b(?:[A-Z]\.[ ]?){1,5}[A-Z]\b\.?(?!\w)|\b[A-Z]\.(?=[ ]?[A-Z])")
_ABBREVIATIONS = re.compile(
    r"\b(Mr|Mrs|Ms|Mme|Mlle|Mt|Dr|Prof|St|Sr|Jr|Lt|Col|Capt|Gen|Maj|Sgt|Rev|Hon|Gov|Sen|Pres|vs|etc)\."
)
_THOUSANDS = re.compile(r"(?<=\d)[, ' ](?=\d{3}(?!\d))")
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*")
_SMALL_MONTH = re.compile(
    r"\b(?:january|february|april|june|july|august|september|october|november|december|(?:march|may)(?=,? \d)|(?<=\d )(?:march|may)|"
    r"(?<=th of )(?:march|may)|(?<=st of )(?:march|may))\b"
)
_DAY_OF_MONTH = re.compile(
    r"\b(?P<day>[\w-]+) day (?:of|in) (?:the )?(?P<month>[\w-]+) month,? (?:(?:of|in) )?(?:the year )?(?P<year>\d{4})\b"
)
_WRITTEN_OUT = {
    "mt": "mount",
    "st": "saint",
    "ste": "saint",
    "ft": "fort",
    "dr": "doctor",
    "sgt": "sergeant",
    "capt": "captain",
    "prof": "professor",
}
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*(?=\s|$)|\n+|;\s|[。！？]")
SKIPPED = frozenset({"the", "a", "an", "of", "de", "la", "le", "el", "and", "der", "die", "das", "von", "van", "du", "des"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: how it compares, where it stands (characters of `Text.clean`), whether it has a capital."""

    text: str
    start: int
    end: int
    capital: bool


class Text:
    """A text with its accents, quotes, dashes, markup, contractions and possessives made alike.

    `clean` keeps upper and lower case, `lower` is the same in lower case, character for character.
    """

    def __init__(self, raw: str) -> None:
        self.clean = clean(raw)
        self.lower = self.clean.lower()
        assert len(self.lower) == len(self.clean)

    @cached_property
    def dates(self) -> list[Found]:
        """The dated expressions, also where months are written small."""
        found = find_expressions(_SMALL_MONTH.sub(lambda match: match[0].capitalize(), self.clean))
        return found + [day for match in _DAY_OF_MONTH.finditer(self.lower) if (day := _day_of_month(match))]

    @cached_property
    def caseless(self) -> bool:
        """Whether the text is all in small letters or all in capitals, so that capitals tell no names."""
        return self.clean in (self.lower, self.clean.upper())

    @cached_property
    def words(self) -> list[Word]:
        """The words, numbers in digits whatever way they are written."""
        return words(self.clean)

    @cached_property
    def content(self) -> list[Word]:
        """The words without articles, "of" and "and"."""
        return [word for word in self.words if word.text not in SKIPPED]

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Where the sentences (and the parts between semicolons) begin and end."""
        found, start = [], 0
        for match in _SENTENCE_END.finditer(self.clean):
            if self.clean[start : match.start()].strip():
                found.append((start, match.end()))
            start = match.end()
        if self.clean[start:].strip():
            found.append((start, len(self.clean)))
        return found

    def opens_sentence(self, word: Word) -> bool:
        """Whether a word is the first of its sentence."""
        start, _ = self.sentence_of(word.start)
        return not self.clean[start : word.start].strip(" \n\"'(-*")

    def sentence_of(self, place: int) -> tuple[int, int]:
        """The sentence that character `place` lies in."""
        return next(((start, end) for start, end in self.sentences if start <= place < end), (0, len(self.clean)))


def _day_of_month(match: re.Match[str]) -> Found | None:
    """The date that "the eleventh day of the eleventh month of 1918" is."""
    day, month = (next(read_numbers(re.findall(r"\w+", match[unit])))[0] for unit in ("day", "month"))
    digits = [re.sub(r"\D", "", number) for number in (day, month)]
    if not all(digits):
        return None
    try:
        span = Span.day(int(match["year"]), int(digits[1]), int(digits[0]))
    except ValueError:
        return None
    return Found(match.start(), match.end(), span, "date", "day")


def clean(raw: str) -> str:
    """Without accents, markup, contractions, dots after initials and separators of thousands; quotes and dashes plain."""
    text = unicodedata.normalize("NFKC", html.unescape(raw)).translate(_LETTERS)
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text))).translate(_LETTERS)
    text = _MARKUP.sub(" ", text.replace("**", "").replace("~~", "").replace("__", ""))
    text = _SPACED.sub(lambda match: re.sub(r"[ -]", "", match[0]) + " ", text)
    text = _EMPHASIS.sub(r"\1", text)
    text = _ABBREVIATIONS.sub(r"\1", text)
    text = _INITIALS.sub(
        lambda m: m[0].replace(".", "").replace(" ", "") + (" " if m[0].endswith((" ", ".")) else ""), text
    )
    text = _THOUSANDS.sub("", text)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    # a few characters (such as the Kelvin sign) change their length in lower case; none of them is left after NFKC but by accident
    text = "".join(c if len(c.lower()) == 1 else " " for c in text)
    return re.sub(r"[ \t\r\f\v]+", " ", text).strip()


def words(cleaned: str) -> list[Word]:
    """The words of a cleaned text."""
    found = [
        Word(match[0].lower(), match.start(), match.end(), match[0][0].isupper() or match[0][0].isdigit())
        for match in _WORD.finditer(cleaned)
    ]
    return [
        Word(
            _WRITTEN_OUT.get(text, text),
            found[first].start,
            found[last].end,
            any(word.capital for word in found[first : last + 1]),
        )
        for text, first, last in read_numbers([cleaned[word.start : word.end] for word in found])
    ]
