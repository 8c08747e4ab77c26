"""Where the answers of a benchmark run lie: in the published file, and until that is written anew in a journal beside it.

Beside `X_output.json` stand `X_output_run.json`, which says how the answers were made, and while a run is not done `X_output.partial.jsonl`.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chronolect.artifacts import plain, read_json, write_json
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.timebench.asking import Run
from chronolect.evaluation.timebench.records import (
    FAILED,
    Key,
    Record,
    has_answer,
    key_of,
    new_record,
    read_records,
    write_records,
)
from chronolect.finetuning.journal import Journal
from chronolect.models.language_model import Sampled


class AnswerStore:
    """The answers of one file; use it in a `with` statement.

    Attributes:
        records: The runs that got an answer.
    """

    def __init__(self, file: Path, planned: Sequence[Run], settings: dict[str, Any], about: dict[str, Any]) -> None:
        """Read what there is.

        Args:
            file: The published file, which need not be there yet.
            planned: All runs, in the order of the file.
            settings: How answers are made; those of one file are all made alike.
            about: What else is written down of how they are made, and may change.

        Raises:
            UserError: Where the file holds other runs than the planned ones, or was made in another way.
        """
        self._file, self._planned = file, planned
        self._journal_file = file.with_name(f"{file.stem}.partial.jsonl")
        settings_file = file.with_name(f"{file.stem}_run.json")
        begun = file.exists() or self._journal_file.exists()
        if begun and settings_file.exists():
            self._check(read_json(settings_file).get("settings", {}), plain(settings))
        self.records: dict[Key, Record] = {}
        known = {run.key for run in planned}
        for number, record in enumerate(read_records(file) if file.exists() else (), 1):
            if key_of(record) not in known:
                raise UserError(
                    f"{file}, run {number}: no run of these scenarios with this --runs and --seed; name another file with --out"
                )
            if has_answer(record):
                self.records[key_of(record)] = record
        if begun and not settings_file.exists():
            say(f"{file}: made elsewhere; its answers are kept")
        write_json(settings_file, {**about, "settings": settings})
        self._journal = Journal(self._journal_file)
        for run in planned:
            kept = self._journal.get(_short(run.key))
            if kept is not None:
                self.records[run.key] = new_record(run.scenario, kept["response"], kept["output_length"], run.seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.close()
        if not len(self._journal):
            self._journal_file.unlink(missing_ok=True)

    def keep(self, run: Run, answer: Sampled) -> None:
        """Put an answer on disk."""
        # a server may cut an answer inside of an emoji, and half of one is no text
        text = answer.text.encode(errors="replace").decode()
        self._journal.append(_short(run.key), {"response": text, "output_length": answer.num_tokens})
        self.records[run.key] = new_record(run.scenario, text, answer.num_tokens, run.seed)

    def forget(self, runs: Iterable[Run]) -> None:
        """Drop the answers of some runs, from the disk as well."""
        for run in runs:
            self.records.pop(run.key, None)
        self.finish({})
        self._journal = Journal(self._journal_file)

    def finish(self, failures: dict[Key, str]) -> None:
        """Write the file whole, and drop the journal that led to it.

        Args:
            failures: Why some runs got no answer.
        """
        records = []
        for run in self._planned:
            if run.key in self.records:
                records.append(self.records[run.key])
            elif run.key in failures:
                records.append(new_record(run.scenario, f"{FAILED} {failures[run.key]}", 0, run.seed))
        write_records(self._file, records)
        self._journal.close()
        self._journal_file.unlink()

    def _check(self, made: dict[str, Any], settings: dict[str, Any]) -> None:
        for key, value in settings.items():
            if made.get(key) != value:
                raise UserError(
                    f"{self._file}: its answers were made with {key} {made.get(key)}, not {value}; name another file with --out"
                )


def _short(key: Key) -> str:
    name, seed = key
    return f"{sha256(name.encode()).hexdigest()[:24]}:{seed}"
