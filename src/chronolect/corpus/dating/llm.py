"""`corpus dates llm`: ask a language model for dates, believe only what it can quote.

The model is asked for dates with the words that state them, never for a verdict: `timeline` judges. A statement counts if its quote stands
in the text and its date is EDTF. Every answer is kept in a database beside the result, under the model, the version of the prompt and the
text, so that a killed run, a larger budget or another threshold asks nothing twice.
"""

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import stage
from chronolect.console import progress, say
from chronolect.corpus.dating.table import DATES_SCHEMA, DateFact, Role
from chronolect.corpus.document import Document, TableWriter, read_documents
from chronolect.errors import UserError
from chronolect.models.server import ServerModel
from chronolect.timeline import Span

PROMPT_VERSION = "dating-1"
_ROLES: dict[str, Role] = {"birth": "start", "death": "end", "start": "start", "end": "end", "point": "point"}
_SCHEMA = {
    "type": "object",
    "properties": {
        "statements": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string", "enum": list(_ROLES)},
                    "date": {"type": "string"},
                    "quote": {"type": "string"},
                    "confidence": {"type": "number"},
                },
                "required": ["what", "date", "quote", "confidence"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["statements"],
    "additionalProperties": False,
}
_REPEATS = 2  # an answer that is not JSON is asked for again, with another seed


def dates_from_llm(
    corpus: Path,
    *,
    out: Path,
    url: str,
    model_name: str | None = None,
    only: Literal["undated", "all"] = "undated",
    max_chars: int = 6_000,
    max_answer_tokens: int = 512,
    min_confidence: float = 0.5,
    budget_tokens: int | None = None,
    budget_documents: int | None = None,
    concurrency: int = 8,
    timeout: float = 120.0,
) -> dict[str, Any]:
    """Have a language model behind an OpenAI-compatible address read dates out of documents; the result is a table for `corpus date`.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the table of dates to; the model's answers are kept beside it, in OUT.answers.sqlite.
        url: Address of the server, up to and with /v1. The key, if it wants one, is read from OPENAI_API_KEY.
        model_name: Name of the model there; by default the only one it offers.
        only: Ask about documents whose time is not known, or about all.
        max_chars: Characters of a document that are sent, from its beginning.
        max_answer_tokens: Longest answer.
        min_confidence: Statements that the model is less sure of are left out.
        budget_tokens: Stop asking when this many tokens have been spent, those of earlier runs included.
        budget_documents: Stop asking after so many documents in this run.
        concurrency: Requests at once.
        timeout: Seconds to wait for an answer.

    Returns:
        Counts: asked now, answered in all, unanswered, tokens, statements kept and refused by reason.

    Raises:
        UserError: No corpus, or no server there.
    """
    model = ServerModel(url, model_name, timeout_s=timeout)
    config = {
        "model": model.name,
        "prompt": PROMPT_VERSION,
        "only": only,
        "max_chars": max_chars,
        "max_answer_tokens": max_answer_tokens,
        "min_confidence": min_confidence,
        "budget_tokens": budget_tokens,
        "budget_documents": budget_documents,
    }
    store = out.with_name(f"{out.name}.answers.sqlite")
    out.parent.mkdir(parents=True, exist_ok=True)
    with stage(out, command="corpus dates llm", config=config, inputs=[corpus]) as work, _Answers(store) as answers:
        asker = _Asker(model, answers, max_chars, max_answer_tokens)
        asked = asker.ask(_wanted(corpus, only), concurrency, budget_tokens, budget_documents)
        writer = TableWriter(work.folder / "part-00000.parquet", DATES_SCHEMA)
        refused: Counter[str] = Counter()
        unanswered = answered = 0
        for document in _wanted(corpus, only):
            answer = answers.get(asker.key(document))
            if answer is None:
                unanswered += 1
                continue
            answered += 1
            for row in _facts(answer, document, model.name, min_confidence, refused):
                writer.write_row(row)
        writer.close()
        if not writer.rows:
            raise UserError(
                f"{corpus}: {model.name} gave no date that stands in the texts ({answered:,} answers; refused: {dict(refused)}); "
                f"the answers are kept in {store}"
            )
        work.counts = {
            "asked": asked,
            "answered": answered,
            "unanswered": unanswered,
            "tokens": answers.tokens(),
            "statements": writer.rows,
            "refused": dict(sorted(refused.items())),
        }
    if unanswered:
        say(f"{unanswered:,} documents were not asked about: the budget is spent; give a larger one to go on")
    return work.counts


def _wanted(corpus: Path, only: Literal["undated", "all"]) -> Iterator[Document]:
    return (document for document in read_documents(corpus) if only == "all" or not document.about.is_known)


@dataclass(frozen=True, slots=True)
class _Asker:
    """Questions to one model with one prompt."""

    model: ServerModel
    answers: "_Answers"
    max_chars: int
    max_answer_tokens: int

    def key(self, document: Document) -> bytes:
        """What an answer is kept under: everything it depends on."""
        parts = (self.model.name, PROMPT_VERSION, str(self.max_answer_tokens), *self._question(document))
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()

    def ask(
        self, documents: Iterable[Document], concurrency: int, budget_tokens: int | None, budget_documents: int | None
    ) -> int:
        """Ask about each document that has no answer yet, `concurrency` at once, within the budget; how many were asked about."""
        spent, asked = self.answers.tokens(), 0
        pending: dict[Future[tuple[str, int]], bytes] = {}

        def collect(done: Iterable[Future[tuple[str, int]]]) -> None:
            nonlocal spent
            for future in done:
                text, tokens = future.result()
                self.answers.put(pending.pop(future), text, tokens)
                spent += tokens

        with ThreadPoolExecutor(concurrency) as pool:
            try:
                for document in progress(documents, label="asking about documents"):
                    key = self.key(document)
                    if key in pending.values() or self.answers.get(key) is not None:
                        continue
                    if (budget_tokens is not None and spent >= budget_tokens) or asked == budget_documents:
                        break
                    pending[pool.submit(self._answer, document)] = key
                    asked += 1
                    if len(pending) >= concurrency:
                        collect(wait(pending, return_when=FIRST_COMPLETED).done)
                while pending:
                    collect(wait(pending, return_when=FIRST_COMPLETED).done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return asked

    def _question(self, document: Document) -> tuple[str, str]:
        return document.title, document.text[: self.max_chars]

    def _answer(self, document: Document) -> tuple[str, int]:
        title, text = self._question(document)
        messages = [
            {"role": "system", "content": _prompt()},
            {"role": "user", "content": f"Title: {title or '(none)'}\n\nText:\n{text}"},
        ]
        spent = 0
        for attempt in range(1 + _REPEATS):
            answer, tokens = self.model.ask(
                messages,
                schema=_SCHEMA,
                max_tokens=self.max_answer_tokens,
                seed=attempt,
                temperature=0.0 if not attempt else 0.3,
            )
            spent += tokens
            if _read(answer) is not None:
                break
        return answer, spent  # also one that cannot be read: it is kept, counted as refused, and not asked for again


class _Answers:
    """All answers ever given, on disk; each is safe once `put` returns."""

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path)
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer TEXT NOT NULL, tokens INTEGER NOT NULL)"
            )
        except sqlite3.DatabaseError as error:
            raise UserError(f"{path}: not a database of answers ({error}); move it away") from None

    def __enter__(self) -> "_Answers":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def get(self, key: bytes) -> str | None:
        row = self._database.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def put(self, key: bytes, answer: str, tokens: int) -> None:
        with self._database:
            self._database.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, answer, tokens))

    def tokens(self) -> int:
        return int(self._database.execute("SELECT coalesce(sum(tokens), 0) FROM answers").fetchone()[0])


def _facts(
    answer: str, document: Document, model: str, min_confidence: float, refused: Counter[str]
) -> Iterator[dict[str, Any]]:
    statements = _read(answer)
    if statements is None:
        refused["not the JSON that was asked for"] += 1
        return
    for statement in statements:
        place = _find(statement["quote"], document.text)
        if place is None:
            refused["quote not in the text"] += 1
            continue
        if statement["confidence"] < min_confidence:
            refused["not sure enough"] += 1
            continue
        try:
            span = Span.parse(statement["date"])
        except UserError:
            refused["not a date"] += 1
            continue
        yield DateFact(
            document.id,
            statement["what"],
            _ROLES[statement["what"]],
            span,
            "",
            "llm",
            f"{model} {PROMPT_VERSION}",
            title=None,
            qualifiers={
                "confidence": statement["confidence"],
                "quote": document.text[place[0] : place[1]],
                "characters": list(place),
            },
        ).to_row()


def _read(answer: str) -> list[dict[str, Any]] | None:
    """The statements of an answer; `None` if it is not of the form that was asked for. A fence around the JSON is forgiven."""
    text = re.sub(r"^\s*```(?:json)?|```\s*$", "", answer).strip()
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    statements = found.get("statements") if isinstance(found, dict) else None
    if not isinstance(statements, list):
        return None
    for one in statements:
        whole = isinstance(one, dict) and one.get("what") in _ROLES and isinstance(one.get("date"), str)
        if not (whole and isinstance(one.get("quote"), str) and isinstance(one.get("confidence"), int | float)):
            return None
    return statements


def _find(quote: str, text: str) -> tuple[int, int] | None:
    """Where the quoted words stand in the text, however they are spaced; an empty quote stands nowhere."""
    words = quote.split()
    found = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    return found.span() if found else None


def _prompt() -> str:
    return (files("chronolect") / "data" / "prompts" / f"{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()
