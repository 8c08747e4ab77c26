import bz2
import gzip
import random
from pathlib import Path

import pytest
import zstandard

from chronolect.corpus.sources import line_blocks
from chronolect.corpus.sources.line_blocks import DAMAGED, TOO_LONG, bare_suffix, read_blocks

LINES = [b"%d %s" % (i, b"x" * (i * 37 % 300)) for i in range(2_000)]
TEXT = b"\n".join(LINES) + b"\n"
PACK = {
    "": bytes,
    ".bz2": bz2.compress,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "_CHUNK", 1_000)


@pytest.mark.parametrize("packing", PACK)
def test_blocks_are_whole_lines_and_together_the_file(tmp_path: Path, packing: str) -> None:
    file = tmp_path / f"lines.txt{packing}"
    file.write_bytes(PACK[packing](TEXT))
    blocks = list(read_blocks([file], range_bytes=20_000, block_bytes=20_000))
    assert len(blocks) > 10
    assert b"".join(block.read() for block in blocks) == TEXT
    for block in blocks:
        assert block.read().startswith(LINES[block.first_line - 1] + b"\n")
        assert len(block.read()) == block.size
        assert TEXT[block.start : block.start + block.size] == block.read()
    assert bare_suffix(file) == ".txt"


@pytest.mark.parametrize("packing", [".bz2", ".gz", ".zst"])
def test_many_compressed_streams_in_one_file(tmp_path: Path, packing: str) -> None:
    file = tmp_path / f"lines.txt{packing}"
    file.write_bytes(PACK[packing](TEXT) * 3)
    assert b"".join(block.read() for block in read_blocks([file], block_bytes=20_000)) == TEXT * 3


def test_last_line_without_an_end(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes(TEXT[:-1])
    assert b"".join(block.read() for block in read_blocks([file], range_bytes=10_000)) == TEXT[:-1]


@pytest.mark.parametrize("packing", [".bz2", ".gz", ".zst"])
@pytest.mark.parametrize("cut", [0.5, 0.99])
def test_a_cut_off_file_is_read_as_far_as_it_goes(
    tmp_path: Path, packing: str, cut: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = b"".join(b"%d\n" % (i * 2_654_435_761 % 2**32) for i in range(200_000))
    packed = PACK[packing](noisy)
    file = tmp_path / f"lines.txt{packing}"
    file.write_bytes(packed[: int(len(packed) * cut)])
    found = {}
    for cores in ("1", "3"):
        monkeypatch.setenv("CHRONOLECT_THREADS", cores)
        found[cores] = list(read_blocks([file], block_bytes=20_000))
    assert found["1"] == found["3"]
    text = b"".join(block.read() for block in found["1"])
    assert noisy.startswith(text)
    kinds = [kind for block in found["1"] for kind, _ in block.problems]
    assert kinds == [DAMAGED]
    assert str(file) in str(found["1"][-1].problems[0][1])


@pytest.mark.parametrize("packing", PACK)
def test_too_long_a_line_is_left_out(tmp_path: Path, packing: str) -> None:
    long = b"y" * 50_000
    file = tmp_path / f"lines.txt{packing}"
    file.write_bytes(PACK[packing](b"before\n" + long + b"\nafter\nlast\n" + long))
    blocks = list(read_blocks([file], range_bytes=2_000, block_bytes=2_000, line_bytes=30_000))
    assert b"".join(block.read() for block in blocks) == b"before\nafter\nlast\n"
    problems = [problem for block in blocks for problem in block.problems]
    assert [kind for kind, _ in problems] == [TOO_LONG, TOO_LONG]
    assert [problem.where for _, problem in problems] == [f"{file}:2", f"{file}:5"]
    assert [block.first_line for block in blocks if block.size] == [1, 3]


def test_an_empty_file_has_no_blocks(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    assert list(read_blocks([tmp_path / "empty.txt"])) == []


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_random_lines(tmp_path: Path, packing: str) -> None:
    chance = random.Random(3)
    file = tmp_path / f"lines.txt{packing}"
    for _ in range(40):
        lines = [bytes([65 + i % 26]) * chance.choice([0, 3, 500, 999, 1_000, 5_000, 40_000]) for i in range(30)]
        text = b"\n".join(lines) + b"\n" * chance.randint(0, 1)
        file.write_bytes(PACK[packing](text))
        blocks = list(read_blocks([file], range_bytes=3_000, block_bytes=3_000, line_bytes=20_000))
        kept = [line for line in lines if len(line) < 40_000]
        assert b"".join(block.read() for block in blocks).split(b"\n")[: len(kept)] == kept
        assert [kind for block in blocks for kind, _ in block.problems] == [TOO_LONG] * (len(lines) - len(kept))
        for block in blocks:
            if block.size:
                assert block.read().split(b"\n")[0] == lines[block.first_line - 1]
