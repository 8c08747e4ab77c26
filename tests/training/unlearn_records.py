"""A small data set on both sides of a cutoff, and the settings of a small unlearning run."""

from pathlib import Path
from typing import Any

from chronolect.finetuning.records import Layout, Record
from chronolect.training.unlearn_config import UnlearnConfig

NAMES = ["Ada", "Bram", "Cleo", "Dirk", "Elsa", "Finn", "Gerda", "Hugo"]


def write_records(folder: Path, *, count: int = 24) -> Path:
    """Questions about races with the names of the conftest: before the cutoff to be answered, after it not."""
    layout = Layout(folder)
    for side in ("retain", "unlearn"):
        for split, first in (("train", 0), ("val", count)):
            lines = []
            for number in range(first, first + (count if split == "train" else 8)):
                name = NAMES[number % 8]
                wrong = [f"{NAMES[(number + step) % 8]}." for step in (1, 2, 3)]
                meta = {"dataset_type": side, "answer": name, "alternatives": wrong, "family": f"{side} {number}"}
                if number % 3 == 0:
                    meta["form"] = "text"
                said = f"{name}."
                if side == "unlearn":
                    meta["original_answer"], said = said, "Nobody yet."
                lines.append(Record(f"Who won race {number} of the {side}?", said, meta).line())
            file = layout.file(side, split)  # type: ignore[arg-type]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(lines))
    layout.dev.parent.mkdir()
    files = [layout.file(side, "train") for side in ("retain", "unlearn")]  # type: ignore[arg-type]
    layout.dev.write_text("".join(file.read_text() for file in files))
    return folder


def config(**changes: Any) -> UnlearnConfig:
    """Settings of a small run."""
    small = {"seq_len": 64, "batch_size": 4, "accumulate": 2, "epochs": 2, "lr": 1e-3, "lora_r": 0, "log_every": 1}
    return UnlearnConfig(**{**small, "device": "cpu", "dtype": "float32", "eval_every": 0, **changes})  # type: ignore[arg-type]
