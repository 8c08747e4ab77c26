"""Series of checkpoints, and what is refused as one."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from chronolect.errors import UserError
from chronolect.formation.track.checkpoints import find_checkpoints
from chronolect.models.loading import load_tokenizer
from chronolect.models.presets import Shape, new_model
from chronolect.training.checkpoints import fault


@pytest.fixture
def series(run: Path, tmp_path: Path) -> list[Path]:
    """Copies of three checkpoints, as plain model folders called as on the hub."""
    folders = []
    for step in (0, 8, 32):
        folder = tmp_path / f"step{step}"
        folder.mkdir()
        for name in ("config.json", "generation_config.json", "model.safetensors"):
            shutil.copy(run / f"checkpoint-{step}" / name, folder)
        folders.append(folder)
    return folders


def test_a_run_gives_its_checkpoints_by_step_and_no_final_model_twice(run: Path) -> None:
    found = find_checkpoints([], run=run)
    assert [checkpoint.step for checkpoint in found] == [0, 1, 2, 4, 8, 16, 32]
    assert found[-1].folder == run / "checkpoint-32"
    assert len({checkpoint.digest for checkpoint in found}) == 7


def test_a_final_model_beyond_the_last_checkpoint_is_taken(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoint-32")
    found = find_checkpoints([], run=tmp_path / "run")
    assert (found[-1].step, found[-1].folder.name) == (32, "final")


def test_what_only_going_on_with_the_training_needs_may_be_gone(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    folder = tmp_path / "run" / "checkpoint-8"
    (folder / "optimizer.safetensors").unlink()
    (folder / "random-0.safetensors").unlink()
    assert 8 in [checkpoint.step for checkpoint in find_checkpoints([], run=tmp_path / "run")]
    assert fault(folder) is not None  # a training cannot go on from it
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    with pytest.raises(UserError, match=r"checkpoint-8: config\.json is truncated or changed"):
        find_checkpoints([], run=tmp_path / "run")


def test_folders_are_sorted_by_the_step_in_their_names(series: list[Path]) -> None:
    found = find_checkpoints(series[::-1])
    assert [checkpoint.step for checkpoint in found] == [0, 8, 32]
    assert [checkpoint.step for checkpoint in find_checkpoints(series, steps=[32, 0])] == [0, 32]


def test_the_digest_is_of_the_weights_and_not_of_their_file(series: list[Path]) -> None:
    before = find_checkpoints(series)[0].digest
    weights = load_file(series[0] / "model.safetensors")
    save_file(dict(reversed(weights.items())), series[0] / "model.safetensors", metadata={"format": "pt", "x": "y"})
    assert find_checkpoints(series)[0].digest == before


def test_the_same_weights_twice_are_refused_by_both_names(series: list[Path]) -> None:
    shutil.copy(series[0] / "model.safetensors", series[2])
    with pytest.raises(UserError, match=r"step32: the same weights, to the bit, as .*step0"):
        find_checkpoints(series)


def test_another_shape_is_refused(series: list[Path], packed: Path) -> None:
    shutil.rmtree(series[1])
    tokenizer = load_tokenizer(packed / "tokenizer")
    new_model(Shape(layers=2, hidden=16, heads=2, kv_heads=2, intermediate=32), tokenizer).save_pretrained(series[1])
    with pytest.raises(UserError, match=r"step8: another shape than .*step0 \(.*\[16\]|another shape than .*step0"):
        find_checkpoints(series)


def test_a_missing_one_is_refused(series: list[Path]) -> None:
    shutil.rmtree(series[1])
    with pytest.raises(UserError, match="step8: no such folder"):
        find_checkpoints(series)


def test_a_cut_off_file_is_refused(series: list[Path]) -> None:
    file = series[1] / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"step8/model\.safetensors: truncated"):
        find_checkpoints(series)


def test_weights_that_are_no_numbers_are_refused(series: list[Path]) -> None:
    weights = load_file(series[2] / "model.safetensors")
    weights["model.layers.0.mlp.down_proj.weight"][3, 5] = float("nan")
    save_file(weights, series[2] / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        UserError, match=r"step32/model\.safetensors: model.layers.0.* holds values that are no numbers"
    ):
        find_checkpoints(series)


def test_a_changed_checkpoint_of_a_run_is_refused(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    file = tmp_path / "run" / "checkpoint-8" / "model.safetensors"
    weights = load_file(file)
    weights["model.norm.weight"] = torch.full_like(weights["model.norm.weight"], 2.0)
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"checkpoint-8: model\.safetensors is truncated or changed"):
        find_checkpoints([], run=tmp_path / "run")
    assert len(find_checkpoints([], run=tmp_path / "run", steps=[0, 4, 16])) == 3


def test_revisions_of_a_model_on_the_hub_are_looked_up_by_name(
    monkeypatch: pytest.MonkeyPatch, series: list[Path]
) -> None:
    asked = []

    def snapshot(name: str, *, revision: str, **_: object) -> str:
        asked.append((name, revision))
        return str(series[0].parent / revision)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    found = find_checkpoints([], hub="some/model", revisions=["step32", "step0"])
    assert asked == [("some/model", "step0"), ("some/model", "step32")]
    assert [(checkpoint.step, checkpoint.name) for checkpoint in found] == [
        (0, "some/model@step0"),
        (32, "some/model@step32"),
    ]


def test_a_revision_that_is_not_to_be_had_is_told_in_one_line() -> None:
    with pytest.raises(UserError, match="some/model@step0: no such folder, and no model that the hub gives"):
        find_checkpoints([], hub="some/model", revisions=["step0", "step1"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "give the checkpoints in one way"),
        ({"run": Path("x"), "hub": "a/b"}, "give the checkpoints in one way"),
        ({"hub": "a/b"}, "which of its revisions"),
        ({"hub": "a/b", "revisions": ["main", "step1"]}, "main: its name tells no step"),
        ({"run": Path("nowhere")}, "--run nowhere: no such folder"),
    ],
)
def test_a_source_that_is_none_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        find_checkpoints([], **arguments)  # type: ignore[arg-type]


def test_one_checkpoint_and_a_step_that_is_not_there_are_refused(series: list[Path]) -> None:
    with pytest.raises(UserError, match="one checkpoint is no series"):
        find_checkpoints(series[:1])
    with pytest.raises(UserError, match=r"--steps 33: no such checkpoint; there are 0, 8, 32"):
        find_checkpoints(series, steps=[0, 33])
    with pytest.raises(UserError, match="both are of step 8"):
        find_checkpoints([*series, series[1].parent / "checkpoint-8"])


def test_a_run_without_checkpoints_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--log-spaced"):
        find_checkpoints([], run=tmp_path)
