"""What a model said, kept on disk: answers are appended under a key of all they depend on, so that grading again, or going on, asks nothing twice."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chronolect.artifacts import digest, read_json, sync_directory
from chronolect.console import progress
from chronolect.errors import UserError
from chronolect.finetuning.records import Record
from chronolect.models.hub import local_folder
from chronolect.models.language_model import ContextError, LanguageModel
from chronolect.models.server import BusyError, ServerModel

_ADAPTER = "adapter_config.json"
_FAILURES_IN_A_ROW = 3  # then it is the model, not the question


@dataclass(frozen=True)
class Settings:
    """How questions are put; each field changes what is said.

    Attributes:
        max_tokens: Longest answer.
        temperature: Of sampling; 0 takes the likeliest token.
        seed: Of sampling.
        system: System prompt, in place of a record's own.
        chat_template: Digest of a template given in place of the model's own.
        dtype: Type of the weights in memory, where they are held here.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    system: str | None = None
    chat_template: str | None = None
    dtype: str | None = None


@dataclass(frozen=True)
class Answered:
    """What was said to one question, and the digest of the chat template it went through."""

    response: str
    template: str | None


def model_identity(spec: str, *, model_name: str | None = None) -> str:
    """What tells one model from every other: the digest of its file or folder (and of an adapter's base), or its address and name.

    Raises:
        UserError: Where there is no such file or folder.
    """
    if spec == "dummy":
        return spec
    if spec.startswith(("http://", "https://")):
        return f"{spec.rstrip('/')} {model_name}"
    folder = local_folder(spec)
    if not folder.exists():
        raise UserError(
            f'{spec}: no such model; give a Hugging Face folder, a .gguf file, an http(s):// address or "dummy"'
        )
    found = digest(folder)
    if (folder / _ADAPTER).is_file():
        base = str(read_json(folder / _ADAPTER).get("base_model_name_or_path"))
        found += f" on {digest(Path(base)) if Path(base).exists() else base}"
    return found


class Generations:
    """The file of answers. Only where each lies is held in memory; a batch is safe on disk once `append` returns.

    A line that a kill cut short is cut off when the file is opened.
    """

    def __init__(self, path: Path) -> None:
        """Open, or begin, the file.

        Raises:
            UserError: Where it holds something else.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a+b")  # noqa: SIM115 (closed by __exit__)
        self._places: dict[bytes, int] = {}
        end = 0
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                self._places[bytes.fromhex(json.loads(line)["key"])] = end
            except (ValueError, KeyError, TypeError):
                self._file.close()
                raise UserError(f"{path}, line {number}: not a generation; move the file away") from None
            end += len(line)
        self._file.truncate(end)
        sync_directory(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._places

    def get(self, key: str) -> Answered | None:
        """What was said to the question of this key."""
        place = self._places.get(bytes.fromhex(key))
        if place is None:
            return None
        self._file.seek(place)
        row = json.loads(self._file.readline())
        return Answered(row["response"], row["template"])

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add a batch of answers, each with its `key`, `response` and `template`."""
        place = self._file.seek(0, os.SEEK_END)
        lines = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows]
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())
        for row, line in zip(rows, lines, strict=True):
            self._places[bytes.fromhex(row["key"])] = place
            place += len(line)


class Asker:
    """Puts questions to one model, which is opened only when there is something to ask."""

    def __init__(self, identity: str, settings: Settings, open_model: Callable[[], LanguageModel]) -> None:
        self._fixed = [identity, asdict(settings)]
        self._settings = settings
        self._open = open_model

    def key(self, record: Record) -> str:
        """Under which the answer to a record is kept."""
        parts = json.dumps([*self._fixed, self._question(record)], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(parts.encode()).hexdigest()[:32]

    def ask(self, records: Sequence[Record]) -> list[str]:
        """The model's answers: to a chat record through its template, to a text record a continuation up to the end of the line."""
        said: dict[int, str] = {}
        chats = [place for place, record in enumerate(records) if record.form == "chat"]
        texts = [place for place, record in enumerate(records) if record.form == "text"]
        how = {"max_tokens": self._settings.max_tokens, "temperature": self._settings.temperature}
        if chats:
            conversations = [self._conversation(records[place]) for place in chats]
            said.update(zip(chats, self._model.reply(conversations, **how), strict=True))  # type: ignore[arg-type]
        if texts:
            prompts = [records[place].instruction for place in texts]
            said.update(zip(texts, self._continuing.generate(prompts, stop=["\n"], **how), strict=True))  # type: ignore[arg-type]
        # a server may cut an answer inside of an emoji, and half of one is no text
        return [said[place].encode(errors="replace").decode() for place in range(len(records))]

    def row(self, record: Record, response: str) -> dict[str, Any]:
        """An answer as it is kept, with enough beside it to be read by itself."""
        return {
            "key": self.key(record),
            "model": self._model.name,
            "template": self._model.template_digest if record.form == "chat" else None,
            "question": self._question(record),
            "response": response,
        }

    def open(self) -> None:
        """Open the model now, so that a missing one is not taken for a question that fails."""
        _ = self._model

    def close(self) -> None:
        """Close the model, if it was opened."""
        for name in ("_continuing", "_model"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @cached_property
    def _model(self) -> LanguageModel:
        return self._open()

    @cached_property
    def _continuing(self) -> LanguageModel:
        """The model as one that continues texts; a server is asked at another of its addresses for that."""
        if isinstance(self._model, ServerModel):
            return ServerModel(self._model.address, self._model.name, chat=False, seed=self._settings.seed)
        return self._model

    def _question(self, record: Record) -> Any:
        return record.instruction if record.form == "text" else self._conversation(record)

    def _conversation(self, record: Record) -> list[dict[str, str]]:
        messages = record.messages()
        if self._settings.system is None:
            return messages
        return [
            {"role": "system", "content": self._settings.system},
            *(message for message in messages if message["role"] != "system"),
        ]


def ask_missing(
    asker: Asker, records: Iterable[Record], store: Generations, *, batch_size: int, total: int
) -> dict[str, str]:
    """Ask what has no stored answer, batch by batch.

    A question whose batch fails is asked alone; what fails then is left out of the store, so that the next run tries again.

    Returns:
        Key of each question without an answer, and why.

    Raises:
        UserError: Where three questions fail one after the other, all do, or no server is there.
    """
    failed: dict[str, str] = {}
    error: UserError | None = None
    in_a_row = answered = 0

    def missing() -> Iterator[Record]:
        nonlocal answered
        asked = set[str]()  # a question that stands in the files twice is asked once
        for record in progress(records, label="answers", total=total):
            key = asker.key(record)
            if key in store:
                answered += 1
            elif key not in asked:
                asked.add(key)
                yield record

    for batch in _batches(missing(), batch_size):
        asker.open()
        try:
            rows = [asker.row(record, text) for record, text in zip(batch, asker.ask(batch), strict=True)]
            in_a_row = 0
        except UserError as whole:
            if isinstance(whole, BusyError) and not answered:
                raise  # nobody is there
            rows = []
            for record in batch:
                try:
                    rows.append(asker.row(record, asker.ask([record])[0]))
                    in_a_row = 0
                except UserError as one:
                    error = one
                    failed[asker.key(record)] = str(one)
                    in_a_row += not isinstance(one, ContextError)  # a long question is no fault of the model
                    if in_a_row == _FAILURES_IN_A_ROW:
                        break
        if rows:
            store.append(rows)
            answered += len(rows)
        if error and in_a_row == _FAILURES_IN_A_ROW:
            raise error
    if error and not answered:
        raise error
    return failed


def _batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    while batch := list(islice(records, size)):
        yield batch
