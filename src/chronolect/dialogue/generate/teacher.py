"""Generated dialogues in the words of a teacher model behind an OpenAI-compatible address; what is computed stays as it is.

The teacher sees the words of both sides, with a mark where a thought stands, and never writes a stamp or a thought. What it gives back is believed
only where all marks, numbers and names are in their places and the last reply still passes its check; else the dialogue stays as it was. Each
answer is appended to a journal and synced, so that a killed run or a larger budget asks nothing twice.
"""

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from chronolect.console import progress
from chronolect.dialogue.checks import judge
from chronolect.dialogue.generate.record import Dialogue
from chronolect.dialogue.generate.wording import PEOPLE
from chronolect.dialogue.messages import Conversation, read_timed
from chronolect.dialogue.spoken import spoken
from chronolect.dialogue.think import think_blocks
from chronolect.finetuning.journal import Journal
from chronolect.finetuning.replies import read_reply
from chronolect.models.server import ServerModel

PROMPT_VERSION = "dialogue-1"
_ATTEMPTS = 3  # an answer that cannot be used is asked for again, with another seed
_TOKENS_PER_TURN = 160
_LONGEST = 500  # characters of one side's words in a turn
_SCHEMA = {
    "type": "object",
    "properties": {
        "turns": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"user": {"type": "string"}, "assistant": {"type": "string"}},
                "required": ["user", "assistant"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["turns"],
    "additionalProperties": False,
}
_MARK = re.compile(r"\{T\d+\}")
_TAG = re.compile(r"</?think>|</?time>|<\|im_", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?::\d\d)*")
_ONE = re.compile(r"\bone\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![.!?:\n] )(?<!^)\b[A-Z][a-z]+\b", re.MULTILINE)  # not at the head of a sentence


class UnusableError(Exception):
    """Why an answer of the teacher cannot be believed."""


@dataclass(frozen=True)
class Teacher:
    """A model that puts dialogues into other words.

    Attributes:
        model: The server.
        journal: Where its answers are kept.
        temperature: Of sampling.
        seed: Of sampling.
        budget_tokens: No dialogue is begun once the journal's tokens have reached this; those of earlier runs count. None: no limit.
    """

    model: ServerModel
    journal: Journal
    temperature: float
    seed: int
    budget_tokens: int | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def teach(
        self, dialogues: Sequence[Dialogue], tested: Set[str], refused: Counter[str], concurrency: int
    ) -> list[Dialogue]:
        """The dialogues in other words, or as they were where the answer cannot be believed.

        Args:
            dialogues: What to put into other words.
            tested: What the tests ask (`Dialogue.asked`): nothing may come to be asked so.
            refused: Counts, by reason, those that stay as they were.
            concurrency: Requests at once.
        """
        with ThreadPoolExecutor(concurrency) as pool:
            try:
                for _ in progress(pool.map(self._ask, dialogues), label="asking for other words", total=len(dialogues)):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)  # ask no more after an error; what was answered is in the journal
                raise
        return [self._taught(dialogue, tested, refused) for dialogue in dialogues]

    def _taught(self, dialogue: Dialogue, tested: Set[str], refused: Counter[str]) -> Dialogue:
        kept = self.journal.get(self._key(dialogue))
        if kept is None:
            refused["not asked: the budget is spent"] += 1
            return dialogue
        try:
            found = reworded(dialogue, kept["answer"], self.model.name)
        except UnusableError as error:
            refused[str(error)] += 1
            return dialogue
        if found.asked in tested:
            refused["asks what a test asks"] += 1
            return dialogue
        return found

    def _ask(self, dialogue: Dialogue) -> None:
        key = self._key(dialogue)
        with self._lock:
            spent = self.budget_tokens is not None and self.journal.tokens >= self.budget_tokens
            if spent or key in self.journal:
                return
        record = self._answer(dialogue)
        with self._lock:
            self.journal.append(key, record)

    def _answer(self, dialogue: Dialogue) -> dict[str, Any]:
        messages = [
            {"role": "system", "content": _prompt()},
            {"role": "user", "content": json.dumps({"turns": shown(dialogue.messages)}, ensure_ascii=False, indent=1)},
        ]
        spent, answer = 0, ""
        for attempt in range(_ATTEMPTS):
            answer, tokens = self.model.ask(
                messages,
                schema=_SCHEMA,
                max_tokens=_TOKENS_PER_TURN * (len(dialogue.messages) // 2 + 1),
                temperature=self.temperature,
                seed=self.seed + attempt,
            )
            spent += tokens
            try:
                reworded(dialogue, answer, self.model.name)
            except UnusableError:
                continue
            break
        return {"answer": answer, "tokens": spent}  # also one that cannot be believed: it is not asked for again

    def _key(self, dialogue: Dialogue) -> str:
        """What an answer is kept under: everything it depends on."""
        parts = (self.model.name, PROMPT_VERSION, f"{self.temperature} {self.seed}", json.dumps(dialogue.messages))
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def shown(messages: Conversation) -> list[dict[str, str]]:
    """What the teacher sees of a conversation: for each turn the stamp, the user's words and the reply, with marks for its thoughts."""
    turns = []
    for asked, answered in zip(messages[::2], messages[1::2], strict=True):
        timed = read_timed(asked)
        stamp = timed.stamp.text if timed.stamp else ""
        turns.append({"time": stamp, "user": timed.text, "assistant": _marked(answered["content"])[0]})
    return turns


def reworded(dialogue: Dialogue, answer: str, name: str) -> Dialogue:
    """A dialogue in the words of the teacher, with the stamps and the thoughts that it had.

    Args:
        dialogue: As it was generated.
        answer: What the teacher said.
        name: The teacher, for `Dialogue.wording`.

    Raises:
        UnusableError: The answer is not what was asked for, or changes more than the words.
    """
    found = read_reply(answer)
    turns = found.get("turns") if isinstance(found, dict) else None
    if not isinstance(turns, list) or not all(_is_turn(turn) for turn in turns):
        raise UnusableError("not the JSON that was asked for")
    if len(turns) != len(dialogue.messages) // 2:
        raise UnusableError("not as many turns")
    messages: Conversation = []
    for turn, asked, answered in zip(turns, dialogue.messages[::2], dialogue.messages[1::2], strict=True):
        timed = read_timed(asked)
        marked, thoughts = _marked(answered["content"])
        user, assistant = turn["user"].strip(), turn["assistant"].strip()
        _compare(timed.text, user)
        _compare(marked, assistant)
        for mark, block in thoughts.items():
            assistant = re.sub(rf"\s*{re.escape(mark)}\s*", lambda _, block=block: f"\n{block}\n", assistant)  # type: ignore[misc]
        messages += [
            {**asked, "content": replace(timed, text=user).content},
            {**answered, "content": assistant.strip()},
        ]
    if messages == dialogue.messages:
        raise UnusableError("no other words")
    if not judge(messages[-1]["content"], dialogue.check).passed:
        raise UnusableError("the last reply does not pass its check")
    return replace(dialogue, messages=messages, wording=(*dialogue.wording, f"teacher/{name}"))


def _compare(before: str, after: str) -> None:
    """Hold new words to the old ones.

    Raises:
        UnusableError: A mark, a number or a name is not there any more, or is new; words where there were none, or none where there were.
    """
    if _TAG.search(after):
        raise UnusableError("a tag of its own")
    if _MARK.findall(before) != _MARK.findall(after):
        raise UnusableError("a thought has lost its place")
    for old, new in zip(_MARK.split(before), _MARK.split(after), strict=True):
        if bool(old.strip()) != bool(new.strip()):
            raise UnusableError("words where there was silence, or silence where there were words")
        if len(new) > _LONGEST:
            raise UnusableError("too long")
        if _numbers(old) != _numbers(new):
            raise UnusableError("other numbers")
    if not _names(before) <= set(re.findall(r"\w+", after)):
        raise UnusableError("a name is missing")


def _numbers(text: str) -> set[str]:
    """The numbers of a text, in words or digits; the word "one" is none, as it stands for much else."""
    return set(_NUMBER.findall(spoken(_ONE.sub(" ", text))))


def _names(text: str) -> set[str]:
    people = set(re.findall(r"\w+", text)) & set(PEOPLE)
    return people | set(_NAME.findall(text))


def _marked(content: str) -> tuple[str, dict[str, str]]:
    """A reply with a mark in the place of each think block, and the blocks by their marks."""
    blocks = {f"{{T{number}}}": content[one.start : one.end] for number, one in enumerate(think_blocks(content), 1)}
    for mark, block in blocks.items():
        content = content.replace(block, mark, 1)
    return content, blocks


def _is_turn(turn: object) -> bool:
    return isinstance(turn, dict) and all(isinstance(turn.get(key), str) for key in ("user", "assistant"))


@cache
def _prompt() -> str:
    return (files("chronolect") / "data" / "prompts" / f"{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()
