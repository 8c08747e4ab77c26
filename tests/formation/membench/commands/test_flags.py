"""The original's command lines are understood: its flags, with dashes or underscores, each setting one thing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App, CycloptsError, MissingArgumentError

from chronolect.formation.membench.commands.analyze import analyze
from chronolect.formation.membench.commands.configs import configs, create_config
from chronolect.formation.membench.commands.train import quick, train

COMMANDS: dict[str, Callable[..., Any]] = {
    "train": train,
    "quick": quick,
    "create-config": create_config,
    "configs": configs,
    "analyze": analyze,
}
# command, its flag in the original, a value, what it sets, its default
FLAGS: list[tuple[str, str, str | None, str, Any]] = [
    ("quick tiny", "output_dir", "x", "output_dir", Path("outputs/chrono")),
    ("train --config tiny", "output_dir", "x", "output_dir", None),
    ("train --config tiny", "sae_enabled", None, "sae_enabled", None),
    ("train --config tiny", "feature_alignment_enabled", None, "feature_alignment_enabled", None),
    ("train --config tiny", "temporal_dropout_rate", "0.3", "temporal_dropout_rate", None),
    ("train --config tiny", "temporal_dropout_rate", "0", "temporal_dropout_rate", None),
    ("train --config tiny", "wandb_project", "x", "wandb_project", None),
    ("create-config new", "model_type", "llama-3-8b", "model_type", "gemma-2b"),
    ("create-config new", "temporal_dropout_rate", "0.3", "temporal_dropout_rate", None),
    ("create-config new", "sae_latent_dim", "4096", "sae_latent_dim", None),
    ("create-config new", "max_steps", "10000", "max_steps", None),
    ("create-config new", "force", None, "force", False),
    ("analyze", "results_dir", "x", "results_dir", Path("outputs/chrono")),
]


@pytest.fixture(scope="module")
def app() -> App:
    app = App("formation")
    for name, function in COMMANDS.items():
        app.command(function, name=name)
    return app


def settings(app: App, line: str) -> Mapping[str, Any]:
    _, bound, *_ = app.parse_args(line.split(), exit_on_error=False, print_error=False)
    bound.apply_defaults()
    return dict(bound.arguments)


@pytest.mark.parametrize(("command", "flag", "value", "name", "default"), FLAGS)
@pytest.mark.parametrize("dashes", [False, True])
def test_a_flag_of_the_original_sets_one_thing(
    app: App, command: str, flag: str, value: str | None, name: str, default: Any, dashes: bool
) -> None:
    spelled = f"--{flag.replace('_', '-') if dashes else flag}"
    before, after = settings(app, command), settings(app, " ".join([command, spelled, *([value] if value else [])]))
    assert before[name] == default
    assert [key for key in after if after[key] != before[key]] == [name]


def test_a_rate_of_nothing_is_given(app: App) -> None:
    assert settings(app, "train --config tiny --temporal_dropout_rate 0")["temporal_dropout_rate"] == 0.0


def test_a_configuration_must_be_named(app: App) -> None:
    with pytest.raises(MissingArgumentError):
        settings(app, "train")


@pytest.mark.parametrize("line", ["train --config tiny --temporal_dropout 0.3", "analyze --result_dir x"])
def test_other_flags_are_noticed(app: App, line: str) -> None:
    with pytest.raises(CycloptsError):
        settings(app, line)


def test_several_changes_and_files(app: App) -> None:
    found = settings(app, "quick tiny --data a.txt b.txt --set training.max_steps=3 --set experiment.seed=1 --resume")
    assert found["data"] == [Path("a.txt"), Path("b.txt")]
    assert found["set"] == ["training.max_steps=3", "experiment.seed=1"]
    assert found["resume_latest"] is True
