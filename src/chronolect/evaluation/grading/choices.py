"""Multiple choice: options that a question gives, and the letter by which a response picks one."""

import re

_OPTION = re.compile(
    r"(?:^|[\n\s(])(?P<letter>[A-Ha-h1-8])[).:]\s+(?P<text>.+?)(?=[\s,;]*(?:or\s+|and\s+)?(?:\n|[\s(][A-Ha-h1-8][).:]\s|\?|$))"
)
_PICK = re.compile(
    r"^\W*(?:\w+ly,? |[Pp]erhaps |[Mm]aybe |[Mm]ust be |[Ss]urely )?(?:(?:[Tt]he |[Mm]y )?(?:correct |right |best |"
    r"final )?(?:answer|option|choice|reply|guess)(?: is| would be|:)?\s*)?(?:option |letter |choice )?"
    r"[\"'(\[*]*(?P<first>[A-Ha-h])\b[\"')\].:*]*(?=\s*(?:$|\n|[A-Z-])|,)"
    r"|\b(?:[Aa]nswer|[Oo]ption|[Cc]hoice|choose|pick|say|select|letter|go (?:with|for))(?: is| would be|"
    r":)? (?:option )?[\"'(*]*(?P<late>[A-H])\b(?!\w| [a-z])"
    r"|^\W*(?:(?:[Ii] think |[Ii] believe |[Ii] would say )?(?:[Ii]t's|[Ii]t is|[Ii]t was|[Tt]hat's|[Tt]hat is|[Mm]ust be|"
    r"[Ww]ould be|[Ii]t must be|[Ii]'d say|[Ii] think))[ ,:]+(?:option )?[\"'(*]*(?P<said>[A-Ha-h])\b(?! [a-z])"
    r"|^\W*(?P<told>[A-Ha-h])\b[).]? (?:is|was|seems|looks|would be) (?:the |clearly |obviously |certainly |"
    r"probably )*(?:correct|right|true|best|answer|one|it)\b"
    r"|\b(?:option|choice|letter|answer is) [\"'(*]*(?P<small>[a-h])\b(?! [a-z])"
    r"|\b(?:[Oo]ption|[Cc]hoice|[Ll]etter|[Aa]nswer) [\"'(*]*(?P<plain>[B-H])\b"
)
_ORDINAL = re.compile(
    r"\W*(?:(?:it is|i think|the answer is) )?the (?P<ordinal>first|second|third|fourth|fifth|last)(?: one| option| answer| choice)?\W*",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\W*(?:(?:the )?(?:answer|option|choice|number|no)\.?(?: is)?:? ?#?)*(?P<number>[1-8])\W*", re.IGNORECASE
)
_ORDINALS = ["first", "second", "third", "fourth", "fifth"]
_LETTER_ALONE = re.compile(
    r"\W*(?:(?:the )?(?:correct )?(?:answer|option|choice)(?: is)?:?\s*)?(?:option )?\W*[A-H]\W*", re.IGNORECASE
)


def split_options(question: str) -> tuple[str, dict[str, str]]:
    """A question without its options, and the options by their letters or numbers; no options where there are fewer than two."""
    found = list(_OPTION.finditer(question))
    labels = "".join(match["letter"] for match in found).upper()
    if len(found) < 2 or not ("ABCDEFGH".startswith(labels) or "12345678".startswith(labels)):
        return question, {}
    return question[: found[0].start()].strip(), {
        label: match["text"].strip() for label, match in zip(labels, found, strict=True)
    }


def picked(response: str, options: dict[str, str]) -> str | None:
    """The text of the option that the response picks by its letter or its place."""
    if place := _ORDINAL.fullmatch(response):
        ordinal = place["ordinal"].lower()
        at = len(options) - 1 if ordinal == "last" else _ORDINALS.index(ordinal)
        return list(options.values())[at] if at < len(options) else None
    if number := _NUMBER.fullmatch(response):
        return options.get(number["number"])
    match = _PICK.search(response.strip().replace("\u2019", "'"))
    return options.get(next(filter(None, match.groups())).upper()) if match else None


def is_letter_alone(response: str) -> bool:
    """Whether a response is the letter of an option and nothing else."""
    return bool(_LETTER_ALONE.fullmatch(response))
