"""Dialogues for a tiny model, in the files of a curriculum, and a whole run of it."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from chronolect.curriculum.command import train_curriculum
from chronolect.dialogue.files import phase_list_bytes
from chronolect.dialogue.messages import Conversation, user_turn

CLOCK = {"seconds", "tokens_per_s", "mfu", "minutes", "peak_memory_gib"}
SETTINGS = [
    *("dtype=float32", "gradient_checkpointing=false", "batch_size=4", "accumulate=2", "lora_r=8", "warmup_steps=2"),
    *("phase1-3.epochs=1", "phase1-3.lr=1e-2", "log_every=1", "phase1-3.save_every=2"),
    *("phase4.max_steps=6", "phase4.lr=1e-2", "phase4.lora_dropout=0"),
]


def records(run: Path) -> list[dict[str, Any]]:
    """All records of a phase without what depends on the clock."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in CLOCK} for line in lines]


def summaries(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The phases of a result as JSON has them, without what depends on the clock and the place."""
    phases = json.loads(json.dumps(result["phases"]))
    return [{key: value for key, value in phase.items() if key not in {*CLOCK, "model"}} for phase in phases]


def weights(model: Path) -> bytes:
    return (model / "model.safetensors").read_bytes()


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def talk(turns: int, source: random.Random) -> Conversation:
    """Days counted up to the 28th, with a thought in place."""
    messages = []
    for _ in range(turns):
        day = source.randint(1, 27)
        messages.append(user_turn(f"2024-03-{day:02}T10:00:00", "How long to the 28th?"))
        left = 28 - day
        messages.append({"role": "assistant", "content": f"So.\n<think>\n28-{day}\n</think>\n{left} days."})
    return messages


@pytest.fixture(scope="session")
def dialogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `dialogue split` leaves it: 19, 18 and 11 dialogues with 4 held out of each, and 10 of phase 4."""
    folder, source = tmp_path_factory.mktemp("dialogues"), random.Random(5)
    for phase, count, turns in ((1, 19, 1), (2, 18, 1), (3, 11, 2)):
        for part, number in (("train", count), ("test", 4)):
            found = phase_list_bytes([talk(turns, source) for _ in range(number)])
            (folder / f"phase{phase}_{part}.json").write_bytes(found)
    (folder / "phase4.json").write_bytes(phase_list_bytes([talk(1, source) for _ in range(10)]))
    return folder


@pytest.fixture(scope="session")
def keywords(chat_folder: Path, dialogues: Path) -> Callable[..., dict[str, Any]]:
    """Keywords of a small curriculum, with any replaced and `set` added to."""

    def make(*changes: str, **replaced: Any) -> dict[str, Any]:
        plain = {"data": dialogues, "model": str(chat_folder), "device": "cpu", "stop_below": 0.0}
        return {**plain, "set": [*SETTINGS, *changes], **replaced}

    return make


@pytest.fixture(scope="session")
def whole(
    tmp_path_factory: pytest.TempPathFactory, keywords: Callable[..., dict[str, Any]]
) -> tuple[Path, dict[str, Any]]:
    """A curriculum left alone: its folder and what the command returned."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("curriculum") / "whole"
    return out, train_curriculum(out=out, **keywords())
