"""Questions from a teacher model behind an OpenAI-compatible address; believed only where it can quote the document.

Each answer of the teacher is appended to a journal beside the result and synced, under the model, the prompt and the text it was asked about: a
killed run, a larger budget or other settings of the records ask nothing twice.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from chronolect.chronicle.check import telling, words
from chronolect.chronicle.facts import SLOT
from chronolect.console import progress
from chronolect.corpus.dating.expressions import find_expressions
from chronolect.corpus.document import Document
from chronolect.finetuning.journal import Journal
from chronolect.finetuning.qa.articles import family_of
from chronolect.finetuning.qa.checks import stands_in
from chronolect.finetuning.qa.items import Article, Item, holding_slot
from chronolect.finetuning.qa.templates import Wording
from chronolect.finetuning.records import Side
from chronolect.finetuning.replies import read_reply
from chronolect.models.server import ServerModel
from chronolect.timeline import hull

PROMPT_VERSION = "qa-1"
EXCERPT = 2_000  # characters of a document that are sent, from its beginning
_ATTEMPTS = 3  # a reply that is not JSON is asked for again, with another seed
_TOKENS_PER_QUESTION = 250
_KEYS = ("question", "answer", "short_answer", "quote")
_SCHEMA = {
    "type": "object",
    "properties": {
        "questions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in _KEYS},
                "required": list(_KEYS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["questions"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What the teacher sees of a document."""

    article: Article
    text: str


def excerpt_of(document: Document, side: Side) -> Excerpt:
    """The beginning of a document, cut at the end of a sentence where there is one."""
    text = document.text[:EXCERPT]
    if len(document.text) > EXCERPT and (last := max(text.rfind(". "), text.rfind(".\n"))) > EXCERPT // 2:
        text = text[: last + 1]
    span = document.about if document.about.is_known else document.written
    return Excerpt(Article(document.id, document.title, family_of(document), side, span), text)


@dataclass(frozen=True)
class Teacher:
    """A model that is asked for questions.

    Attributes:
        model: The server.
        journal: Where its answers are kept.
        questions: How many for each document.
        temperature: Of sampling.
        seed: Of sampling.
    """

    model: ServerModel
    journal: Journal
    questions: int
    temperature: float
    seed: int

    def ask(self, excerpts: Iterable[Excerpt], *, concurrency: int, budget_tokens: int | None) -> int:
        """Ask about each excerpt that has no answer yet, several at once, within the budget (earlier runs count); how many were asked about."""
        pending: dict[Future[dict[str, Any]], str] = {}
        asked = 0

        def collect() -> None:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                self.journal.append(pending.pop(future), future.result())

        with ThreadPoolExecutor(concurrency) as pool:
            try:
                for excerpt in progress(excerpts, label="asking for questions"):
                    key = self.key(excerpt)
                    if key in self.journal or key in pending.values():
                        continue
                    if len(pending) >= concurrency:
                        collect()
                    if budget_tokens is not None and self.journal.tokens >= budget_tokens:
                        break
                    pending[pool.submit(self._answer, excerpt)] = key
                    asked += 1
                while pending:
                    collect()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                for future, key in pending.items():  # answered, and paid for
                    if not future.cancelled() and future.exception() is None:
                        self.journal.append(key, future.result())
                raise
        return asked

    def items(self, excerpt: Excerpt, refused: Counter[str]) -> Iterator[Item]:
        """What the teacher asked about an excerpt, as far as the excerpt says it; the rest is counted by reason."""
        kept = self.journal.get(self.key(excerpt))
        if kept is None:
            refused["not asked: the budget is spent"] += 1
            return
        rows = _read(kept["answer"])
        if rows is None:
            refused["not the JSON that was asked for"] += 1
            return
        for row in rows[: self.questions]:
            problem = _problem(row, excerpt.text)
            if problem:
                refused[problem] += 1
            else:
                yield _item(row, excerpt)

    def key(self, excerpt: Excerpt) -> str:
        """What an answer is kept under: everything it depends on."""
        settings = f"{self.questions} {self.temperature} {self.seed}"
        parts = (self.model.name, PROMPT_VERSION, settings, excerpt.article.title, excerpt.text)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()

    def _answer(self, excerpt: Excerpt) -> dict[str, Any]:
        messages = [
            {"role": "system", "content": _prompt().replace("{number}", str(self.questions))},
            {"role": "user", "content": f"Title: {excerpt.article.title or '(none)'}\n\nArticle:\n{excerpt.text}"},
        ]
        spent = 0
        for attempt in range(_ATTEMPTS):
            answer, tokens = self.model.ask(
                messages,
                schema=_SCHEMA,
                max_tokens=_TOKENS_PER_QUESTION * self.questions,
                temperature=self.temperature,
                seed=self.seed + attempt,
            )
            spent += tokens
            if _read(answer) is not None:
                break
        return {"answer": answer, "tokens": spent}  # also one that cannot be read: it is not asked for again


@cache
def _prompt() -> str:
    return (files("chronolect") / "data" / "prompts" / f"{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()


def _read(answer: str) -> list[dict[str, str]] | None:
    """The questions of an answer; `None` if it is not of the form that was asked for. A fence around the JSON, and a bare list, are forgiven."""
    found = read_reply(answer)
    rows = found.get("questions") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        return None
    whole = all(isinstance(row, dict) and all(isinstance(row.get(key), str) for key in _KEYS) for row in rows)
    return [{key: " ".join(row[key].split()) for key in _KEYS} for row in rows] if whole else None


def _problem(row: Mapping[str, str], text: str) -> str:
    """Why a question cannot be believed; empty if it can."""
    if not row["short_answer"] or row["question"][-1:] not in ("?", "."):
        return "unfinished"
    if not stands_in(row["quote"], text):
        return "quote not in the text"
    quoted = set(words(row["quote"]))
    named = telling(row["short_answer"]) or set(words(row["short_answer"]))
    if not named <= quoted:
        return "the answer is not in the quotation"
    # figures that the answer adds to the text are made up
    if {word for word in words(row["answer"]) if word.isdigit()} - set(words(text)):
        return "a number that the text does not have"
    return ""


def _item(row: Mapping[str, str], excerpt: Excerpt) -> Item:
    answer = row["short_answer"].rstrip(".")
    reply = holding_slot(row["answer"], answer) or f"{SLOT}."
    dates = [found.span for found in find_expressions(row["quote"]) if found.type not in ("relative", "range", "open")]
    span = hull(dates) if dates else excerpt.article.span
    wordings = [Wording("t", row["question"], reply)]
    if reply != f"{SLOT}.":
        wordings.append(Wording("ts", f"{row['question']} A short answer will do.", f"{SLOT}."))
    return Item(excerpt.article, answer, span, tuple(wordings), row["quote"])
