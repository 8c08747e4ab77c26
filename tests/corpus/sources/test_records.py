import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.records import Record, find_files, read_records
from chronolect.errors import UserError

ROWS = [{"text": "ein “Brief”\nmit Zeilen", "year": "1850"}, {"text": 'with "quotes", commas', "year": "1851"}]


def write(folder, name):
    if ".jsonl" in name:
        data = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    elif ".json" in name:
        data = json.dumps(ROWS).encode()
    elif ".tsv" in name or ".csv" in name:
        mark = "\t" if ".tsv" in name else ","
        quoted = [['"' + value.replace('"', '""') + '"' for value in row.values()] for row in ROWS]
        data = "".join(mark.join(line) + "\n" for line in [["text", "year"], *quoted]).encode()
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize(
    "name", ["a.json", "a.jsonl", "a.ndjson", "a.csv", "a.tsv", "a.json.gz", "A.JSONL.GZ", "a.csv.gz"]
)
def test_formats(tmp_path, name):
    path = (
        write(tmp_path, "a.jsonl").rename(tmp_path / name)
        if name == "a.ndjson"
        else write(tmp_path, name.lower()).rename(tmp_path / name)
    )
    assert [record.fields for record in read_records(path)] == ROWS


def test_parquet(tmp_path):
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    found = list(read_records(tmp_path / "a.parquet"))
    assert [record.fields for record in found] == ROWS
    assert [record.line for record in found] == [1, 2]


def test_whole_files(tmp_path):
    (tmp_path / "one.json").write_text('{"text": "x"}')
    (tmp_path / "moby.v2.txt").write_bytes(b"\xef\xbb\xbfCall me Ishmael.\n")
    assert list(read_records(tmp_path / "one.json")) == [Record(tmp_path / "one.json", 0, {"text": "x"})]
    (record,) = read_records(tmp_path / "moby.v2.txt")
    assert record.fields == {"text": "Call me Ishmael.\n", "title": "moby"}


def problems(path):
    return [str(found) for found in read_records(path) if isinstance(found, Problem)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\n\n{"text": "y"\n{"text": "z"}\n', "a.jsonl:3: broken JSON"),
        ("a.jsonl", b'{"text": "x"}\n["y"]\n', "a.jsonl:2: expected a JSON object, found list"),
        ("a.jsonl", b'{"text": "\xff"}\n', "a.jsonl:1: not UTF-8"),
        ("a.jsonl", b"[" * 100_000, "a.jsonl:1: JSON nested too deeply"),
        ("a.json", b'{"text": "x",\n}', "a.json:2: broken JSON"),
        ("a.json", b"3", "a.json: expected a JSON object or an array"),
        ("a.json", b'{"text": "\xff"}', "a.json: not UTF-8"),
        ("a.csv", b"text,year\nx,1850\ny\nz,1851\n", "a.csv:3: 1 fields, but the header names 2"),
        ("a.csv", b"text,year\nx,\xff\n", "not UTF-8"),
        ("a.txt", b"\xff\xfe", "a.txt: not UTF-8"),
        ("a.parquet", b"PAR1", "a.parquet: cannot be read"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "x"}\n', mtime=0)[:-9], "a.jsonl.gz: cannot be read"),
        ("a.json.gz", b"not gzip", "a.json.gz: cannot be read"),
    ],
)
def test_problems_name_the_place(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    (found,) = problems(tmp_path / name)
    assert message in found
    assert "\n" not in found


def test_the_rest_is_still_read(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "x"}\n{broken\n\xff\n{"text": "z"}')
    found = [record.fields["text"] for record in read_records(tmp_path / "a.jsonl") if isinstance(record, Record)]
    assert found == ["x", "z"]


def test_lines_of_csv_with_line_breaks_inside(tmp_path):
    (tmp_path / "a.csv").write_text('text,year\n"two\nlines",1850\nx\n')
    assert problems(tmp_path / "a.csv") == [f"{tmp_path}/a.csv:4: 1 fields, but the header names 2"]


def test_find_files(tmp_path):
    for name in ("b.jsonl", "a.txt", "sub/c.json.gz", ".hidden/d.txt", "README.md", "e.parquet.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(file.relative_to(tmp_path)) for file in find_files(tmp_path)] == ["a.txt", "b.jsonl", "sub/c.json.gz"]
    assert find_files(tmp_path / "a.txt") == [tmp_path / "a.txt"]
    with pytest.raises(UserError, match=r"README\.md: unknown kind of file"):
        find_files(tmp_path / "README.md")
    with pytest.raises(UserError, match="no such file"):
        find_files(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no file of a known kind"):
        find_files(tmp_path / "empty")
