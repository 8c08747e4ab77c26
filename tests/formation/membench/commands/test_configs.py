"""Configurations are listed and made."""

from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.formation.membench.commands.configs import configs, create_config
from chronolect.formation.membench.config.files import build, read_layers


def test_a_new_configuration_says_what_was_asked_for(tmp_path: Path) -> None:
    made = create_config(
        "large",
        model_type="llama-3-8b",
        sae_latent_dim=4096,
        temporal_dropout_rate=0.3,
        max_steps=20_000,
        folder=tmp_path,
    )
    config = build(read_layers(tmp_path / "large.yaml"))
    assert made["config"] == str(tmp_path / "large.yaml")
    assert (config.model.type, config.training.max_steps, config.experiment.name) == ("llama-3-8b", 20_000, "large")
    assert (config.chrono.route_sae.latent_dim, config.chrono.temporal_dropout.initial_rate) == (4096, 0.3)
    assert config.environment.output_dir == "outputs/large"
    assert config.training.learning_rate == 5e-5  # the preset's


def test_a_rate_of_nothing_is_off(tmp_path: Path) -> None:
    create_config("plain", temporal_dropout_rate=0.0, folder=tmp_path)
    dropout = build(read_layers(tmp_path / "plain.yaml")).chrono.temporal_dropout
    assert (dropout.enabled, dropout.initial_rate) == (False, 0.0)


def test_a_type_without_a_preset_has_the_defaults(tmp_path: Path) -> None:
    create_config("pythia", model_type="pythia-70m", max_steps=3, folder=tmp_path)
    config = build(read_layers(tmp_path / "pythia.yaml"))
    assert (config.model.type, config.training.max_steps) == ("pythia-70m", 3)
    assert config.training.training_type == "fine_tuning"


def test_all_are_listed_and_the_faulty_named(tmp_path: Path) -> None:
    create_config("mine", model_type="tiny", max_steps=9, folder=tmp_path)
    (tmp_path / "broken.yaml").write_text("trainings: {}\n")
    found = configs(folder=tmp_path)
    assert set(found["presets"]) == {"chrono_membench", "gemma-2b", "llama-3-8b", "tiny", "training_base"}
    assert found["own"][str(tmp_path / "mine.yaml")]["steps"] == 9
    assert list(found["faulty"]) == [str(tmp_path / "broken.yaml")]
    assert "training_base: gemma-2b, 1,000 steps; no autoencoder, dropout 0" in found["screen"]
    assert "broken.yaml:1: unknown key" in found["screen"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "a/b"}, "letters, digits"),
        ({"name": "mine"}, "is there already; replace it with --force"),
        ({"name": "new", "model_type": "gema-2b"}, 'did you mean "gemma-2b"'),
        ({"name": "new", "temporal_dropout_rate": 1.5}, "initial_rate must be at least 0 and below 1"),
        ({"name": "new", "max_steps": 0}, "training.max_steps must be above 0"),
    ],
)
def test_what_cannot_be_made(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    create_config("mine", folder=tmp_path)
    with pytest.raises(UserError, match=message):
        create_config(**settings, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]
    create_config("mine", max_steps=5, folder=tmp_path, force=True)
    assert build(read_layers(tmp_path / "mine.yaml")).training.max_steps == 5
