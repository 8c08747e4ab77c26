"""An append-only file of what a long job has made so far: a killed run loses at most the record it was writing."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chronolect.artifacts import sync_directory
from chronolect.errors import UserError


class Journal:
    """JSON lines `{"key": ..., ...}`, each on disk before `append` returns; use it in a `with` statement.

    Holds the key and the place of each record in memory, not the record. What a kill left of the last line is cut off when the file is opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a+b")  # noqa: SIM115
        sync_directory(path.parent)
        self._places: dict[str, int] = {}
        self.tokens = 0  # spent on all records together
        self._end = 0
        self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        """The keys of all records."""
        return iter(self._places)

    def get(self, key: str) -> dict[str, Any] | None:
        """The record of a key, if there is one."""
        place = self._places.get(key)
        if place is None:
            return None
        self._file.seek(place)
        found: dict[str, Any] = json.loads(self._file.readline())
        return found

    def append(self, key: str, record: dict[str, Any]) -> None:
        """Add a record (`tokens`, if it has them, are summed); it survives a power cut once this returns."""
        line = json.dumps({"key": key, **record}, ensure_ascii=False).encode() + b"\n"
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._note(key, record, len(line))

    def _note(self, key: str, record: dict[str, Any], length: int) -> None:
        self._places[key] = self._end
        self.tokens += int(record.get("tokens", 0))
        self._end += length

    def _read(self) -> None:
        self._file.seek(0)
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):  # all but the last line are whole
                break
            try:
                record = json.loads(line)
                self._note(str(record["key"]), record, len(line))
            except (ValueError, KeyError, TypeError):
                raise UserError(f"{self.path}, line {number}: not a record of this job; move the file away") from None
        self._file.truncate(self._end)
