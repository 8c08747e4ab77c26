import json
import shutil
from pathlib import Path

import pytest

from chronolect.errors import UserError
from chronolect.report.gather import gather, last_samples, read_lines, sources


def test_finds_stages_by_command_in_order_of_time(run: Path) -> None:
    data = gather([run])
    assert data.name == "sample"
    assert [stage.name for stage in data.of("corpus filter")] == ["before"]
    assert [name for name in (stage.name for stage in data.stages) if name in ("everything", "before")] == [
        "everything",
        "before",
    ]
    assert [one.name for one in data.trainings] == ["locked", "twin"]
    assert len(data.results("eval horizon", "horizon.json")) == 1
    assert set(sources(data)) == {stage.folder for stage in data.stages}


def test_single_stages_can_be_given(run: Path) -> None:
    data = gather([run / "locked", run / "horizon", run / "locked"])
    assert sorted(stage.name for stage in data.stages) == ["horizon", "locked"]


def test_unfinished_runs_are_read_as_far_as_they_are(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "locked", tmp_path / "locked")
    (tmp_path / "locked" / "manifest.json").unlink()
    with open(tmp_path / "locked" / "metrics.jsonl", "a") as file:
        file.write('{"kind": "tra')
    (found,) = gather([tmp_path]).trainings
    assert not found.finished
    assert found.train[-1]["step"] == 400
    assert sources(gather([tmp_path])) == [tmp_path / "locked" / "metrics.jsonl"]


def test_records_are_sorted_out(run: Path) -> None:
    locked = gather([run]).trainings[0]
    assert locked.train[0]["step"] == 10
    assert [record["step"] for record in locked.validation["val-after"]] == [80, 160, 240, 320, 400]
    assert list(last_samples(gather([run]).trainings)["The president of the United States"]) == ["locked", "twin"]


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"kind": "train"}\n{broken\n{"kind": "eval"}\n')
    with pytest.raises(UserError, match=r"metrics.jsonl:2: not valid JSON"):
        read_lines(path)


def test_wrong_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        gather([tmp_path / "absent"])
    with pytest.raises(UserError, match="no results in it"):
        gather([tmp_path])
    folder = tmp_path / "stage"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"command": "corpus pack"}))
    with pytest.raises(UserError, match="not a manifest"):
        gather([tmp_path])
    (folder / "manifest.json").write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        gather([tmp_path])
