"""What a response does that names no answer: it declines, or it speaks from before the event.

Both are told by patterns of meaning that are kept as data (`data/grading/*.txt`): word classes such as "whoever speaks", "not", "know", "record",
and how they stand together.
"""

import re
from functools import cache
from pathlib import Path
from typing import Literal

from chronolect.evaluation.grading.normalise import Text

_GRADING = Path(__file__).parents[2] / "data" / "grading"
_CLASS = re.compile(r"(\w+) = (.+)")
_UP_TO = re.compile(r"<(\d)>")

Kind = Literal["abstained", "era_native"]


def find_signal(response: Text, kind: Kind, question: Text | None = None, *, weak: bool = False) -> str | None:
    """The words of a response that make it this kind; None where there are none. `weak` looks for those that do not decide by themselves.

    Words of the question given back are no sign.
    """
    patterns, exceptions = _patterns(kind)
    for role in ("weak",) if weak else ("", "stamped"):
        for pattern in patterns[role]:
            for match in pattern.finditer(response.lower):
                start, end = response.sentence_of(match.start())
                repeated = question is not None and match[0].strip() in question.lower
                excepted = role == "" and any(exception.search(response.lower, start, end) for exception in exceptions)
                if not repeated and not excepted:
                    return " ".join(match[0].split())
    return None


@cache
def _patterns(kind: Kind) -> tuple[dict[str, list[re.Pattern[str]]], list[re.Pattern[str]]]:
    """The patterns of a kind, those that decide and the weak ones, and what makes a sentence none of it."""
    classes: dict[str, str] = {}
    found: dict[str, list[re.Pattern[str]]] = {"": [], "weak": [], "stamped": [], "unless": []}
    for line in (_GRADING / f"{kind}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if named := _CLASS.fullmatch(line):
            classes[named[1]] = named[2]
            continue
        role = next((role for role in ("weak", "stamped", "unless") if line.startswith(f"{role} ")), "")
        found[role].append(re.compile(_expand(line.removeprefix(f"{role} ") if role else line, classes)))
    return found, found["unless"]


def _expand(pattern: str, classes: dict[str, str]) -> str:
    for name, words in classes.items():
        pattern = pattern.replace(f"{{{name}}}", words)
    pattern = _UP_TO.sub(r" (?:[\\w'-]+,? ){0,\1}?", pattern).replace("  ", " ")
    return pattern.replace(r"\b ... \b", r"\b[^.!?;]{0,100}?\b").replace(" ... ", r"[^.!?;]{0,100}?")
