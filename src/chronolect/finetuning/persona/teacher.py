"""Conversations from a teacher model behind an OpenAI-compatible address: the question first, then the answer, then what follows from it.

The persona is in the prompt of every answer. Each finished conversation is appended to a journal and synced, so that a killed run, another
cap or a larger budget asks nothing twice.
"""

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from chronolect.chronicle.wordings import spell_date
from chronolect.finetuning.journal import Journal
from chronolect.finetuning.persona.conversations import Assignment, Conversation
from chronolect.finetuning.persona.personas import Persona
from chronolect.finetuning.replies import read_reply
from chronolect.models.server import ServerModel

PROMPT_VERSION = "persona-1"
_ATTEMPTS = 3  # a reply that cannot be used is asked for again, with another seed
_QUESTION_CHARACTERS = (10, 300)
_ANSWER_CHARACTERS = (20, 2_000)
# What shows that a reply is about the task, or dressed for a screen.
_ARTEFACT = re.compile(
    r"```|\*\*|^#{1,6} |^\s*[-*•] |^\s*\d+\. |https?://|\blanguage model\b|\bas an ai\b"
    r"|\b(?:the|this|that|your|provided|given) (?:passage|excerpt|provided text|given text|text above|context)\b",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_]{5,}")
_NUMBER = re.compile(r"\d+")

Key = Literal["question", "answer"]


class _UnusableError(Exception):
    """Why no attempt gave a reply that can be used."""


@dataclass(frozen=True)
class Teacher:
    """A teacher as a writer of conversations, for several threads at once.

    Attributes:
        model: The server.
        journal: Where its conversations are kept.
        max_tokens: Longest reply.
        temperature: Of sampling.
        budget_tokens: No conversation is begun once the journal's tokens have reached this; those of earlier runs count.
    """

    model: ServerModel
    journal: Journal
    max_tokens: int
    temperature: float
    budget_tokens: int | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, assignment: Assignment) -> Conversation | None:
        """A conversation about a passage; `None` where the budget does not reach."""
        key = self._key(assignment)
        with self._lock:
            record = self.journal.get(key)
            if record is None and self.budget_tokens is not None and self.journal.tokens >= self.budget_tokens:
                return None
        if record is None:
            record = self._write(assignment)
            with self._lock:
                self.journal.append(key, record)
        return Conversation(record["questions"], record["answers"], record["plain"], record["problem"])

    def _key(self, assignment: Assignment) -> str:
        """What a conversation is kept under: everything it depends on."""
        parts = (
            self.model.name,
            PROMPT_VERSION,
            f"{self.max_tokens} {self.temperature} {assignment.seed} {assignment.passage.id} {assignment.place}",
            f"{assignment.turns} {assignment.with_plain}",
            assignment.persona.model_dump_json(),
            assignment.passage.text,
        )
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()

    def _write(self, assignment: Assignment) -> dict[str, Any]:
        talk = _Talk(self, assignment)
        problem = ""
        try:
            talk.go()
        except _UnusableError as error:
            problem = str(error)
        return {
            "questions": talk.questions,
            "answers": talk.answers,
            "plain": talk.plain,
            "problem": problem,
            "tokens": talk.tokens,
        }


class _Talk:
    """One conversation while it is made."""

    def __init__(self, teacher: Teacher, assignment: Assignment) -> None:
        self.teacher, self.assignment = teacher, assignment
        self.questions: list[str] = []
        self.answers: list[str] = []
        self.plain: list[str] = []
        self.tokens = 0

    def go(self) -> None:
        persona = self.assignment.persona
        told = {name: _fill(text, persona) for name, text in prompts().items()}
        for turn in range(self.assignment.turns):
            task = told["follow_up" if turn else "question"]
            self.questions.append(self._ask("question", task, self._said() if turn else ""))
            asked = f"{self._said()}\n\nQuestion: {self.questions[-1]}".strip()
            self.answers.append(self._ask("answer", f"{persona.system}\n\n{told['answer']}", asked))
            if self.assignment.with_plain:
                self.plain.append(self._ask("answer", told["plain"], asked))

    def _said(self) -> str:
        pairs = zip(self.questions, self.answers, strict=False)  # the last question may have no answer yet
        return "\n".join(f"Visitor: {question}\nAnswer: {answer}" for question, answer in pairs)

    def _ask(self, key: Key, system: str, rest: str) -> str:
        passage = self.assignment.passage
        messages = [
            {"role": "system", "content": system},
            {"role": "user", "content": f"Passage:\n{passage.text}\n\n{rest}".strip()},
        ]
        problem = ""
        for attempt in range(_ATTEMPTS):
            text, tokens = self.teacher.model.ask(
                messages,
                schema=_schema(key),
                max_tokens=self.teacher.max_tokens,
                temperature=self.teacher.temperature,
                seed=self.assignment.draw.randrange(1 << 30) + attempt,
            )
            self.tokens += tokens
            found = _read(text, key)
            problem = _problem(found, key, f"{passage.title} {passage.text}", self.questions)
            if not problem and found is not None:
                return " ".join(found.split())
        raise _UnusableError(f"{key}: {problem}")


@cache
def prompts() -> Mapping[str, str]:
    """The teacher's tasks."""
    path = files("chronolect") / "data" / "prompts" / f"{PROMPT_VERSION}.yaml"
    found: Mapping[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _fill(text: str, persona: Persona) -> str:
    example = " ".join(f"Asked: {one.user} You answer: {one.assistant}" for one in persona.examples)
    slots = {
        "title": persona.title,
        "day": spell_date(persona.cutoff.edtf()),
        "manner": persona.manner,
        "vocabulary": ", ".join(persona.vocabulary),
        "example": example,
    }
    for name, value in slots.items():
        text = text.replace(f"{{{name}}}", value)
    return text.strip()


def _schema(key: Key) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: {"type": "string"}},
        "required": [key],
        "additionalProperties": False,
    }


def _read(reply: str, key: Key) -> str | None:
    """The text of a reply; `None` if it is not the JSON that was asked for. A fence around it is forgiven."""
    found = read_reply(reply)
    text = found.get(key) if isinstance(found, dict) else None
    return text.strip() if isinstance(text, str) else None


def _problem(text: str | None, key: Key, passage: str, asked: Sequence[str]) -> str:
    """Why a reply cannot be used; empty if it can."""
    if text is None:
        return "not the JSON that was asked for"
    fewest, most = _QUESTION_CHARACTERS if key == "question" else _ANSWER_CHARACTERS
    if not fewest <= len(text) <= most:
        return f"{len(text)} characters, expected {fewest} to {most}"
    if match := _ARTEFACT.search(text):
        return f'"{match.group().strip()}" in it'
    if text.rstrip("\"”’')")[-1:] not in tuple(".!?…"):
        return "unfinished"
    if key == "question" and text.casefold() in [question.casefold() for question in asked]:
        return "asked before"
    if key == "question" and not _stems(text) & _stems(passage):
        return "no word of the passage in it"
    if invented := set(_NUMBER.findall(text)) - set(_NUMBER.findall(" ".join((passage, *asked)))):
        return f"{min(invented)} is in it, but not in the passage"
    return ""


def _stems(text: str) -> set[str]:
    """The first five letters of the longer words: enough to see that two texts speak of the same."""
    return {word[:5].lower() for word in _WORD.findall(text)}
