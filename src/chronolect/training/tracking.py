"""The metrics of a run in Weights & Biases, TensorBoard or trackio, beside metrics.jsonl."""

import importlib
import os
from pathlib import Path
from typing import Any

from accelerate.tracking import GeneralTracker, TensorBoardTracker, TrackioTracker, WandBTracker

from chronolect.training.config import TrainingConfig

_PROJECT = "chronolect"  # unless WANDB_PROJECT says otherwise, as everywhere with Weights & Biases


class Trackers:
    """What the settings ask for in `track` and `wandb`; nothing where they ask for nothing.

    What leaves the machine is the run's name (its folder's last part), the numbers of its records and those settings
    that are numbers, switches or fixed words: no paths, prompts, code or command lines.
    """

    def __init__(self, config: TrainingConfig, *, folder: Path) -> None:
        self.trackers = [_open(name, folder) for name in _names(config)]
        for tracker in self.trackers:
            tracker.store_init_configuration(shareable(config))

    def log(self, record: dict[str, Any]) -> None:
        """Pass on one record of metrics.jsonl: its numbers, under its kind (and split) and step."""
        group = "/".join(str(record[key]) for key in ("kind", "split") if key in record)
        numbers = {
            f"{group}/{key}": value
            for key, value in record.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and key != "step"
        }
        for tracker in self.trackers:
            tracker.log(numbers, step=record["step"])

    def finish(self) -> None:
        """Flush and close."""
        for tracker in self.trackers:
            tracker.finish()


def require_trackers(config: TrainingConfig) -> None:
    """Import the packages of the trackers asked for.

    Raises:
        ModuleNotFoundError: Naming the one that is missing; the command then names the extra that has it.
    """
    for name in _names(config):
        importlib.import_module(name)


def _names(config: TrainingConfig) -> list[str]:
    return list(dict.fromkeys([*config.track, *(["wandb"] if config.wandb else [])]))


def shareable(config: TrainingConfig) -> dict[str, bool | int | float | str]:
    """The settings that are numbers, switches or fixed words."""
    words = ("schedule", "dtype", "device", "shard", "recompute")
    return {
        key: value
        for key, value in config.as_dict().items()
        if isinstance(value, bool | int | float) or (key in words and isinstance(value, str))
    }


def _open(name: str, folder: Path) -> GeneralTracker:
    tracker: GeneralTracker
    if name == "tensorboard":
        tracker = TensorBoardTracker(".", logging_dir=folder / "tensorboard")
    elif name == "trackio":
        tracker = TrackioTracker(_PROJECT, name=folder.name)
    else:
        import wandb

        private = wandb.Settings(
            host="-",
            console="off",
            disable_code=True,
            disable_git=True,
            save_code=False,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        project = os.environ.get("WANDB_PROJECT", _PROJECT)
        tracker = WandBTracker(project, name=folder.name, dir=str(folder), settings=private)
    tracker.start()
    return tracker
