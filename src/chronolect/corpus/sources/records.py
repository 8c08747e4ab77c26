"""Files of records: JSON, JSONL, CSV, TSV, Parquet and plain text, the first four and text also compressed with gzip.

Files are read line by line (a `.json` file and a plain text as a whole). What cannot be read is yielded as a `Problem`,
so that the caller decides whether one bad line stops the work.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.corpus.problems import Problem
from chronolect.errors import UserError

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".txt")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its fields, the file it stands in, and its line (in Parquet and in a JSON array: its number); 0 if it
    is the whole file.
    """

    file: Path
    line: int
    fields: dict[str, Any]

    @property
    def where(self) -> str:
        """`path/file:line`, for messages."""
        return f"{self.file}:{self.line}" if self.line else str(self.file)

    @property
    def place(self) -> str:
        """`file:line`, for what is stored: the same wherever the file lies."""
        return f"{self.file.name}:{self.line}" if self.line else self.file.name


def find_files(path: Path) -> list[Path]:
    """The readable files of a path in order: the file itself, or all of a folder and its subfolders (hidden ones left
    out).
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if path.is_file():
        if kind(path) not in SUFFIXES:
            raise UserError(f"{path}: unknown kind of file; expected {', '.join(SUFFIXES)} (or one of these with .gz)")
        return [path]
    hidden = (
        file for file in path.rglob("*") if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    files = sorted(file for file in hidden if file.is_file() and kind(file) in SUFFIXES)
    if not files:
        raise UserError(f"{path}: no file of a known kind in it ({', '.join(SUFFIXES)}, or one of these with .gz)")
    return files


def kind(file: Path) -> str:
    """The suffix that tells the format, without `.gz`."""
    name = file.name.lower()
    return Path(name.removesuffix(".gz")).suffix if not name.endswith(".parquet.gz") else ""


def read_records(file: Path) -> Iterator[Record | Problem]:
    """Stream the records of one file."""
    reader = {
        ".json": _read_json,
        ".jsonl": _read_jsonl,
        ".ndjson": _read_jsonl,
        ".csv": _read_csv,
        ".tsv": _read_csv,
        ".parquet": _read_parquet,
        ".txt": _read_text,
    }[kind(file)]
    try:
        yield from reader(file)
    except (OSError, EOFError, pa.ArrowInvalid) as error:
        yield Problem(str(file), f"cannot be read ({' '.join(str(error).split())})")


def _open(file: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file, "rb") if file.name.lower().endswith(".gz") else open(file, "rb"))


def _read_json(file: Path) -> Iterator[Record | Problem]:
    with _open(file) as stream:
        try:
            content = json.loads(stream.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            yield Problem(str(file), f"not UTF-8 (byte {error.start})")
            return
        except json.JSONDecodeError as error:
            yield Problem(f"{file}:{error.lineno}", f"broken JSON ({error.msg})")
            return
        except RecursionError:
            yield Problem(str(file), "JSON nested too deeply")
            return
    if isinstance(content, dict):
        yield Record(file, 0, content)
    elif isinstance(content, list):
        for number, item in enumerate(content, start=1):
            yield _record(file, number, item)
    else:
        yield Problem(str(file), "expected a JSON object or an array of objects")


def _read_jsonl(file: Path) -> Iterator[Record | Problem]:
    with _open(file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if text:
                    yield _record(file, number, json.loads(text))
            except UnicodeDecodeError:
                yield Problem(f"{file}:{number}", "not UTF-8")
            except json.JSONDecodeError as error:
                yield Problem(f"{file}:{number}", f"broken JSON ({error.msg}, column {error.colno})")
            except RecursionError:
                yield Problem(f"{file}:{number}", "JSON nested too deeply")


def _record(file: Path, line: int, item: Any) -> Record | Problem:
    if isinstance(item, dict):
        return Record(file, line, item)
    return Problem(f"{file}:{line}", f"expected a JSON object, found {type(item).__name__}")


def _read_csv(file: Path) -> Iterator[Record | Problem]:
    csv.field_size_limit(2**31 - 1)
    with _open(file) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter="\t" if kind(file) == ".tsv" else ",")
        line = 1
        try:
            header = next(rows, [])
            while True:
                line = rows.line_num + 1
                row = next(rows, None)
                if row is None:
                    return
                if len(row) == len(header):
                    yield Record(file, line, dict(zip(header, row, strict=True)))
                elif row:
                    yield Problem(f"{file}:{line}", f"{len(row)} fields, but the header names {len(header)}")
        except UnicodeDecodeError:
            yield Problem(f"{file}:{line}", "not UTF-8 from about here on")
        except csv.Error as error:
            yield Problem(f"{file}:{line}", f"broken CSV ({error})")


def _read_parquet(file: Path) -> Iterator[Record | Problem]:
    number = 0
    for batch in pq.ParquetFile(file).iter_batches(batch_size=1_024):
        for fields in batch.to_pylist():
            number += 1
            yield Record(file, number, fields)


def _read_text(file: Path) -> Iterator[Record | Problem]:
    with _open(file) as stream:
        try:
            yield Record(file, 0, {"text": stream.read().decode("utf-8-sig"), "title": file.name.split(".")[0]})
        except UnicodeDecodeError as error:
            yield Problem(str(file), f"not UTF-8 (byte {error.start})")
