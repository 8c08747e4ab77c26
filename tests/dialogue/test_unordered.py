"""The control of the curriculum."""

import json
from collections import Counter
from pathlib import Path

import pytest

from chronolect.dialogue.unordered import unordered
from chronolect.errors import UserError


def conversation(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, count in (("phase1_train", 5), ("phase2_train", 4), ("phase3_train", 3), ("phase4", 2)):
        (folder / f"{name}.json").write_text(json.dumps([conversation(f"{name} {i}") for i in range(count)]))
    return folder


def test_each_conversation_is_there_as_often_as_the_curriculum_reads_it(data: Path, tmp_path: Path) -> None:
    counts = unordered(data, out=tmp_path / "out", passes=(3, 2, 1, 7))
    texts = [one[0]["content"] for one in json.loads((tmp_path / "out/phase1_train.json").read_text())]
    times = Counter(texts)
    assert {text.split()[0]: often for text, often in times.items()} == {
        "phase1_train": 3,
        "phase2_train": 2,
        "phase3_train": 1,
        "phase4": 7,
    }
    assert counts["conversations"] == len(texts) == 5 * 3 + 4 * 2 + 3 + 2 * 7
    assert texts != sorted(texts)
    unordered(data, out=tmp_path / "again", passes=(3, 2, 1, 7))
    assert (tmp_path / "again/phase1_train.json").read_bytes() == (tmp_path / "out/phase1_train.json").read_bytes()


def test_phases_can_be_left_out(data: Path, tmp_path: Path) -> None:
    (data / "phase4.json").unlink()
    assert unordered(data, out=tmp_path / "out", passes=(1, 0, 1))["conversations"] == 8
    with pytest.raises(UserError, match=r"phase4\.json: no such file"):
        unordered(data, out=tmp_path / "out", passes=(1, 1, 1, 1))
    with pytest.raises(UserError, match="--passes: one number for each phase"):
        unordered(data, out=tmp_path / "out", passes=(0,))
