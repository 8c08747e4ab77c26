import gzip
import zipfile

import pytest

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.gutenberg.mirror import find_text, folders, read_text


def put(path, content=b"words"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(path, **members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def test_folders():
    assert folders(1234)[0] == "1/2/3/1234"
    assert folders(7)[0] == "0/7"
    assert folders(10)[0] == "1/10"


@pytest.mark.parametrize(
    "place",
    [
        "1/2/3/1234/1234-0.txt",
        "cache/epub/1234/pg1234.txt",
        "cache/epub/1234/pg1234.txt.utf8.gz",
        "files/1234/1234.txt",
        "1234/1234-8.txt",
        "1234.txt",
        "1234.txt.gz",
        "1/2/3/1234/1234-h/1234-h.htm",
    ],
)
def test_layouts(tmp_path, place):
    put(tmp_path / place)
    put(tmp_path / "1/2/3/12345.txt")
    assert find_text(tmp_path, 1234) == tmp_path / place
    assert find_text(tmp_path, 123) is None


def test_utf8_is_taken_first_and_html_last(tmp_path):
    order = ["1234-h/1234-h.htm", "1234.txt", "1234-8.txt", "1234-0.txt"]
    for name in order:
        put(tmp_path / "1/2/3/1234" / name)
        assert find_text(tmp_path, 1234) == tmp_path / "1/2/3/1234" / name


def test_zip(tmp_path):
    zipped(tmp_path / "1234.zip", **{"1234_htm": b"<p>page", "1234_txt": b"the text"})
    file = find_text(tmp_path, 1234)
    assert file == tmp_path / "1234.zip"
    assert read_text(file) == ("the text", 0)
    zipped(tmp_path / "1234.zip", **{"1234_htm": b"<p>page"})
    assert read_text(file) == ("page", 0)


def test_damaged_files(tmp_path):
    cut = put(tmp_path / "1.txt.gz", gzip.compress(bytes(range(256)) * 50)[:-30])
    broken = put(tmp_path / "2.zip", b"PK\x03\x04 no archive")
    empty = zipped(tmp_path / "3.zip", picture_png=b"x")
    for file in (cut, broken, empty):
        assert isinstance(read_text(file), Problem)
    assert read_text(put(tmp_path / "4.txt", b"caf\xe9")) == ("café", 0)
