"""The published training logs: what the settings and the checkpoint rule here make of them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chronolect.curriculum.command import train_curriculum
from chronolect.curriculum.presets import Sizes, curricula, make_phases
from chronolect.curriculum.selection import choose_checkpoint
from chronolect.dialogue.split import split
from chronolect.training.schedules import lr_multiplier

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "time"
LOGS = DATA / "training_logs.json"
pytestmark = pytest.mark.skipif(not LOGS.is_file(), reason=f"the training logs are not there ({LOGS})")
SIZES = ("4B", "8B", "14B", "32B")


@pytest.fixture(scope="module")
def logs() -> Any:
    return json.loads(LOGS.read_text())


@pytest.mark.parametrize("size", SIZES)
def test_the_rule_chooses_the_published_checkpoint(logs: Any, size: str) -> None:
    log = logs[size]["4"]
    losses = [(step, loss) for step, loss in log["loss_log"]]
    choice = choose_checkpoint(losses, below=1.05)
    published = curricula()["presets"][f"qwen3-{size.lower()}"]["published"][4]
    assert (choice.step, choice.met) == (log["selected_checkpoint"], True)
    assert (choice.step, choice.loss) == (published["step"], published["loss"])


@pytest.mark.parametrize("size", SIZES)
def test_the_settings_and_figures_are_the_published_ones(logs: Any, size: str) -> None:
    phases, published = (
        make_phases(f"qwen3-{size.lower()}"),
        curricula()["presets"][f"qwen3-{size.lower()}"]["published"],
    )
    for number, phase in phases.items():
        log = logs[size][str(number)]
        stored = curricula()["data"][number]
        assert (stored["conversations"], stored["longest"]) == (log["train_n"], log["max_train_len"])
        assert stored["mean"] == log["train_len_mean"]
        config, theirs = phase.config(Sizes(**stored)), log["cfg"]
        assert config.batch_size == int(theirs["per_device_train_batch_size"])
        assert config.accumulate == int(theirs["gradient_accumulation_steps"])
        assert config.warmup_steps == int(theirs["warmup_steps"])
        assert config.lr == float(theirs["learning_rate"])
        assert config.log_every == int(theirs["logging_steps"])
        assert (config.epochs, config.max_steps) == (
            (int(theirs["num_train_epochs"]), None) if number < 4 else (None, int(theirs["max_steps"]))
        )
        assert published[number]["steps"] == log["steps"]
        assert published[number]["peak_gib"] == round(log["peak_gb"], 1)
        if number < 4:
            assert published[number]["eval_loss"] == round(log["eval"]["eval_loss"], 4)
            assert published[number]["loss"] == log["loss_log"][-1][1]


@pytest.mark.parametrize("size", SIZES)
def test_a_first_step_without_a_rate_is_why_two_losses_are_equal(logs: Any, size: str) -> None:
    losses = dict(logs[size]["4"]["loss_log"])
    assert losses[1] == losses[2]
    shared = {"warmup_steps": 6, "warmup_progress": 6 / 46, "min_ratio": 0.0, "decay_fraction": 0.2}
    assert lr_multiplier("linear", step=0, progress=0.0, **shared) == 0.0


def test_published_dialogues_are_split_and_trained_on(tmp_path: Path, chat_folder: Path) -> None:
    split(phase1=DATA / "phase1.json", phase4=DATA / "phase4.json", out=tmp_path / "data")
    changes = [
        "dtype=float32",
        "seq_len=256",
        "max_steps=2",
        "warmup_steps=0",
        "lr=1e-3",
        "log_every=1",
        "eval_batches=4",
    ]
    found = train_curriculum(
        out=tmp_path / "out", data=tmp_path / "data", model=str(chat_folder), phases=[1, 4], set=changes, device="cpu"
    )
    first, last = found["phases"]
    assert (first["conversations"], last["conversations"]) == (2188, 128)
    assert found["plan"][1]["settings"]["accumulate"] == 16
    assert found["plan"][0]["tokens"]["longest"] > 2057  # in bytes, nearly
    assert first["losses"][1][1] < 10
    assert last["losses"][0][1] < first["losses"][0][1]  # phase 4 goes on where phase 1 ended
    assert last["chosen_step"] == 2
