"""Trackers get the numbers of metrics.jsonl and no more; one that is not installed names itself."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.training.config import TrainingConfig
from chronolect.training.pretrain import train_pretrain
from chronolect.training.tracking import Trackers, shareable


class Listener:
    """A tracker that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, Any], int]] = []

    def log(self, values: dict[str, Any], step: int) -> None:
        self.heard.append((values, step))


def test_numbers_go_out_under_their_kind_and_split() -> None:
    trackers = Trackers(TrainingConfig(), folder=Path("run"))
    assert trackers.trackers == []
    listener: Any = Listener()
    trackers.trackers.append(listener)
    trackers.log({"kind": "train", "step": 3, "loss": 2.5, "mfu": None, "precision": "float32"})
    trackers.log({"kind": "eval", "step": 4, "split": "val-after", "loss": 3.5, "bits_per_byte": 1.25})
    assert listener.heard == [
        ({"train/loss": 2.5}, 3),
        ({"eval/val-after/loss": 3.5, "eval/val-after/bits_per_byte": 1.25}, 4),
    ]


def test_paths_and_prompts_stay_here() -> None:
    secret = "s3cret"
    config = TrainingConfig(
        sample_prompts=[secret], resume_from_checkpoint=Path(secret), attention=secret, lora_targets=[secret], lr=0.5
    )
    shared = shareable(config)
    assert shared["lr"] == 0.5
    assert shared["schedule"] == "cosine"
    assert secret not in json.dumps(shared)


@pytest.mark.parametrize("name", ["wandb", "tensorboard", "trackio"])
def test_a_tracker_that_is_not_installed_names_itself(tmp_path: Path, corpus: Path, small: Any, name: str) -> None:
    if importlib.util.find_spec(name):
        pytest.skip(f"{name} is installed")
    with pytest.raises(ModuleNotFoundError) as caught:
        train_pretrain(corpus, out=tmp_path / "run", **small(track=[name], max_steps=1))
    assert caught.value.name == name
    assert not (tmp_path / "run/config.json").exists()  # nothing to clear away before the next try
    if name == "wandb":
        with pytest.raises(ModuleNotFoundError):
            train_pretrain(corpus, out=tmp_path / "other", **small(wandb=True, max_steps=1))


def test_unknown_trackers_are_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match=r'--track tensorbord: unknown; .* \(did you mean "tensorboard"\?\)'):
        TrainingConfig(track=["tensorbord"])


def test_tensorboard_gets_every_loss(tmp_path: Path, corpus: Path, small: Any) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "run"
    train_pretrain(corpus, out=run, **small(track=["tensorboard"], log_every=1))
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    expected = [(r["step"], r["loss"]) for r in records if r["kind"] == "train"]
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == pytest.approx(expected)


def test_the_project_is_the_one_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_PROJECT", "chrono-membench")
    trackers = Trackers(TrainingConfig(wandb=True), folder=tmp_path)
    tracker: Any = trackers.trackers[0]
    project = tracker.run.project
    trackers.finish()
    assert project == "chrono-membench"
