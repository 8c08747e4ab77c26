"""What is said before a curriculum starts: steps, memory and time against the published ones, and warnings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chronolect.curriculum.command import train_curriculum
from chronolect.curriculum.guidance import measure_sizes, plan_phase, this_device, warn
from chronolect.curriculum.presets import Sizes, make_phases
from chronolect.models.loading import load_tokenizer
from chronolect.planning.devices import find_device

Keywords = Callable[..., dict[str, Any]]


@pytest.fixture
def dry() -> Callable[..., dict[str, Any]]:
    """A dry run on the sizes of the published data."""

    def run(preset: str, device: str, **given: Any) -> dict[str, Any]:
        return train_curriculum(preset=preset, dry_run=True, plan_for=device, **given)

    return run


@pytest.mark.parametrize(("preset", "last"), [("qwen3-4b", 46), ("qwen3-8b", 40), ("qwen3-14b", 36), ("qwen3-32b", 35)])
def test_the_plan_has_the_published_steps(preset: str, last: int, dry: Any) -> None:
    plans = dry(preset, "h200")["plan"]
    assert [plan["steps"] for plan in plans] == [plan["published"]["steps"] for plan in plans] == [207, 498, 552, last]
    assert [plan["settings"]["seq_len"] for plan in plans] == [2057, 3795, 3795, 1379]
    assert all(0.4 < plan["memory"]["gib"] / plan["published"]["peak_gib"] < 3 for plan in plans)


def test_the_screen_has_the_plan_beside_the_published_figures(dry: Any) -> None:
    screen = dry("qwen3-4b", "h200")["screen"]
    row = next(line for line in screen.splitlines() if line.startswith("    2"))
    for part in ("5,291", "3,795", "498", "8x4", "2e-05", "34.0, 25"):
        assert part in row
    assert "LoRA r 32, alpha 32, dropout 0.05 on q_proj" in screen
    assert "Checkpoints take up to 19.3 GiB of disk." in screen
    assert "base in 4 bits; adamw-8bit, linear schedule" in screen


def test_too_little_memory_is_said_with_what_helps(dry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    dry("qwen3-32b", "h100", phases=[2])
    said = capsys.readouterr().err
    assert "warning: phase 2 needs about" in said
    assert "NVIDIA H100 SXM has 79.1; try --set batch_size=4 --set accumulate=8" in said
    capsys.readouterr()
    dry("qwen3-32b", "h100", phases=[2], set=["batch_size=4", "accumulate=8"])
    assert "warning" not in capsys.readouterr().err


def test_a_warm_up_longer_than_the_phase_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = Sizes(conversations=320, longest=60, mean=50.0)
    plan = plan_phase(make_phases(None)[1], sizes, model="5m", device=find_device("cpu"), published=None)
    assert plan["steps"] == 30
    warn(plan, find_device("cpu"))
    assert "30 steps and 100 of warm-up" in capsys.readouterr().err


def test_sizes_are_those_of_the_rendered_dialogues(dialogues: Path, chat_folder: Path) -> None:
    sizes = measure_sizes(dialogues / "phase3_train.json", load_tokenizer(chat_folder))
    assert sizes.conversations == 11
    assert sizes.mean < sizes.longest < 220


def test_a_dry_run_on_real_data_measures_it(tmp_path: Path, keywords: Keywords) -> None:
    found = train_curriculum(out=tmp_path / "out", **keywords(dry_run=True))
    assert [plan["conversations"] for plan in found["plan"]] == [19, 18, 11, 10]
    assert [plan["steps"] for plan in found["plan"]] == [3, 3, 2, 6]
    assert found["plan"][3]["settings"]["accumulate"] == 3
    assert found["plan"][0]["published"] is None
    assert not (tmp_path / "out").exists()


def test_this_machine_is_a_device() -> None:
    device = this_device("cpu")
    assert device.kind == "cpu"
    assert device.memory_gib > 1
    assert device.tflops > 0
