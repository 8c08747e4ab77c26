"""Conversations about a passage, made of its own sentences: no model is needed.

A question names something of which the passage speaks, and the answer is what the passage says of it, in sentences as they stand, between the
persona's own opening and closing words. That is a weak teacher of reasoning, but a true one: an answer holds nothing that the book does not say.
"""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from chronolect.finetuning.persona.passages import Passage, sentences
from chronolect.finetuning.persona.personas import Persona

MOST_TURNS = 4
_SENTENCES = 3  # of an answer, at most
_SHORTEST, _LONGEST = 40, 320  # characters of a sentence that is taken
_EARLY = 60  # a sentence is about somebody whose name begins within so many characters
_NAME = re.compile(
    r"(?<![.!?\"”’'] )(?<!^)\b[A-Z][a-z]+(?:(?: (?:of|de|du|la|le|van|von|the))* [A-Z][a-z]+)*\b(?!['’][a-z])"
)
# What shows that the word before is a noun: "the captain" of "the captain kept", but not "the young" of "the young captain".
_AFTER_NOUN = (
    r"of|was|were|is|are|had|has|have|which|that|in|to|by|with|on|at|from|could|would|should|must|may|might|can|will|shall|did|does|do"
    r"|came|went|took|stood|lay|sat|rose|fell|made|gave|knew|said|saw|began|became|held|kept|left|ran|drew|grew|led|[a-z]{3,}ed"
)
_THING = re.compile(rf"\b[Tt]he (?P<noun>[a-z]{{4,}})(?<!ly)(?<!(?<!for|int|arv)est)(?= (?:{_AFTER_NOUN})\b|[,;.])")
_SMALL = re.compile(r"\b[a-z]+\b")
# Somebody speaking: dialect, quotation in single marks, the first and second person; and words that a line end has broken.
_SPOKEN = re.compile(
    r"\b(?:I|[Mm]e|[Mm]y|[Ww]e|[Oo]ur|[Uu]s|[Yy]our?|[Tt]hou|[Tt]hee|[Tt]hy)\b|(?<!\w)['‘’]\w|\w['’](?!\w)(?<!s['’])|[-‐] [a-z]"
)
# Words after "the" that name nothing by themselves.
_NO_THING_TEXT = """
best better above below chief following former greater latter least less more most next other others only past poor present rest right same
second third first last whole very worst young
"""
_NO_THING = frozenset(_NO_THING_TEXT.split())
# Names of days and months are no subjects, nor are forms of address alone.
_NO_NAME_TEXT = """
January February March April May June July August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday
Mr Mrs Miss Dr Sir Lady Lord God Chapter Book Part English French German Irish Italian Spanish Russian American Roman Greek Scottish Welsh
He His Him That This Thou Thy
"""
_NO_NAME = frozenset(_NO_NAME_TEXT.split())
# A sentence that begins so cannot be understood by itself.
_LEANS = re.compile(
    r"(?:he|she|it|they|this|that|these|those|his|her|its|their|but|and|or|nor|for|so|then|thus|therefore|yet|such|here|there|which|who"
    r"|however|moreover|besides|meanwhile|still|also|i|my|we|our|you|your|thou|thy|yes|no|ah|oh|again|another|both|neither|as)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be made of a passage: a conversation of `turns` questions with a persona, and, `with_plain`, a twin of it without one."""

    number: int
    place: int  # among the conversations about this passage: each begins with another subject
    passage: Passage
    persona: Persona
    turns: int
    with_plain: bool
    seed: int

    @property
    def draw(self) -> random.Random:
        """Lots of this assignment alone, the same in every run."""
        return random.Random(f"{self.seed} {self.passage.id} {self.place} {self.persona.name}")


@dataclass(frozen=True)
class Conversation:
    """Questions with the persona's answers and, for a twin, plain ones; or the reason why there are none."""

    questions: Sequence[str] = ()
    answers: Sequence[str] = ()
    plain: Sequence[str] = field(default=())
    problem: str = ""


def converse(assignment: Assignment) -> Conversation | None:
    """A conversation made of the passage's own sentences. Never `None`: that is for writers who may not have time for one."""
    draw, persona = assignment.draw, assignment.persona
    told = _tell(assignment.passage.text, assignment.turns, assignment.place)
    if not told:
        return Conversation(problem="no subject of which it says anything")
    questions, answers, plain = [], [], []
    for turn, (subject, said) in enumerate(told):
        # half of the first questions name the book, without which "the captain" might be anybody
        kind = "next" if turn else "first_of_book" if assignment.passage.title and draw.random() < 0.5 else "first"
        question = draw.choice(wordings()[kind]).format(subject=subject, title=assignment.passage.title)
        questions.append(question[0].upper() + question[1:])
        parts = [draw.choice(persona.bridges if turn else persona.openings), said]
        if turn == len(told) - 1:
            parts.append(draw.choice(persona.closings))
        answers.append(" ".join(parts))
        plain.append(said)
    return Conversation(questions, answers, plain if assignment.with_plain else ())


@cache
def wordings() -> Mapping[str, Sequence[str]]:
    """The forms of questions, and what a plain speaker says."""
    found: Mapping[str, Sequence[str]] = yaml.safe_load(
        (files("chronolect") / "data" / "prompts" / "persona-questions.yaml").read_text(encoding="utf-8")
    )
    return found


def _tell(text: str, turns: int, place: int) -> list[tuple[str, str]]:
    """(subject, what the text says of it) for up to `turns` subjects, those most spoken of first, the first `place` of them last; no sentence
    twice.
    """
    every = sentences(text)
    counts: Counter[str] = Counter()
    for sentence in every:
        counts.update(list(dict.fromkeys(_subjects(sentence))))
    ranked = sorted(counts, key=lambda subject: (subject.islower(), -counts[subject]))
    small = set(_SMALL.findall(text))
    ranked = [
        one
        for one in ranked
        if _is_name_or_thing(one, counts[one], small)
        and any(_is_about(sentence, one) and _stands_alone(sentence) for sentence in every)
    ]
    told: list[tuple[str, str]] = []
    used: set[int] = set()
    for subject in ranked[place:] + ranked[:place]:
        if len(told) == turns:
            break
        if any(subject in other or other in subject for other, _ in told):
            continue
        start = next(
            (i for i, one in enumerate(every) if i not in used and _is_about(one, subject) and _stands_alone(one)),
            None,
        )
        if start is None:
            continue
        end = start + 1
        while (
            end < min(len(every), start + _SENTENCES)
            and end not in used
            and _whole(every[end])
            and (subject in every[end] or _LEANS.match(every[end]))
        ):
            end += 1
        used.update(range(start, end))
        told.append((subject, " ".join(every[start:end])))
    return told


def _subjects(sentence: str) -> list[str]:
    """Names in a sentence (not its first word, which is capital in any case), and things with their article."""
    names = [
        f"the {match.group()}" if sentence[: match.start()].endswith(("the ", "The ")) else match.group()
        for match in _NAME.finditer(sentence)
        if match.group() not in _NO_NAME
    ]
    things = [match["noun"] for match in _THING.finditer(sentence) if match["noun"] not in _NO_THING]
    return names + [f"the {noun}" for noun in things]


def _is_name_or_thing(subject: str, times: int, small: set[str]) -> bool:
    """A single capital word is a name if it comes again, and nowhere in small letters."""
    words = subject.removeprefix("the ").split()
    return subject.islower() or len(words) > 1 or (times > 1 and words[0].lower() not in small)


def _is_about(sentence: str, subject: str) -> bool:
    """Whether a sentence begins with a thing, or comes to a name early on."""
    if subject.islower():
        return sentence.lower().startswith(f"{subject} ")
    return subject in _subjects(sentence) and subject.lower() in sentence[: _EARLY + len(subject)].lower()


def _whole(sentence: str) -> bool:
    """A statement of fair length in nobody's own voice, its quotation marks and brackets closed."""
    closed = sentence.count("“") == sentence.count("”") and sentence.count("(") == sentence.count(")")
    return (
        _SHORTEST <= len(sentence) <= _LONGEST
        and closed
        and not _SPOKEN.search(sentence)
        and sentence.count('"') % 2 == 0
        and sentence.rstrip("\"”’'").endswith(".")
        and sentence[0] not in "\"“‘'("
    )


def _stands_alone(sentence: str) -> bool:
    return _whole(sentence) and not _LEANS.match(sentence) and sentence[0].isupper()
