import gzip
import zlib

import pytest

from chronolect.corpus.sources.text_files import decode, read_bytes


def test_encodings():
    assert decode("Straße\ufeff".encode()) == ("Straße\ufeff", 0)
    assert decode(b"\xef\xbb\xbfplain") == ("plain", 0)
    assert decode("Café “noir”".encode("cp1252")) == ("Café “noir”", 0)
    assert decode(b"Character set encoding: ISO-8859-2\n\n" + "Łódź".encode("iso-8859-2"))[0].endswith("Łódź")
    assert decode(b"Character set encoding: nonsense\n\ncaf\xe9")[0].endswith("café")


def test_damaged_utf8_keeps_what_can_be_read():
    text, bad = decode("ünïcödé wörds, many öf thém".encode() + b"\xff")
    assert (text[-1], bad) == ("\ufffd", 1)


def test_truncated_gzip(tmp_path):
    file = tmp_path / "a.txt.gz"
    file.write_bytes(gzip.compress(bytes(range(256)) * 100)[:-20])
    with pytest.raises((EOFError, zlib.error)):
        read_bytes(file)
