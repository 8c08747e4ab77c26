"""Configuration files: strict keys with lines, numbers that are numbers, layers with origins."""

from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.formation.membench.config.files import (
    BASE,
    build,
    keys_of,
    parse_change,
    preset_names,
    preset_path,
    read_layers,
)

SEED = Path(__file__).parent / "seed.yaml"
GUIDE = Path(__file__).parents[4] / "docs" / "chrono-membench.md"


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_the_defaults_have_every_key() -> None:
    layers = read_layers(None)
    own = {key for key in layers if key.startswith("model.paths.")}
    assert set(layers) - own == {key for key in keys_of() if "*" not in key}
    assert {value.origin for value in layers.values()} == {f"preset {BASE}"}


@pytest.mark.parametrize("name", ["chrono_membench", "gemma-2b", "llama-3-8b", "tiny", "training_base"])
def test_presets_are_read(name: str) -> None:
    assert name in preset_names()
    assert build(read_layers(preset_path(name))).training.max_steps > 0


def test_the_configuration_of_the_original_is_read_as_it_stands() -> None:
    config = build(read_layers(SEED))
    assert config.training.learning_rate == 3e-5
    assert config.chrono.route_sae.latent_dim == 2048
    assert config.chrono.route_sae.update_frequency == 100
    assert config.environment.mixed_precision == "no"
    assert config.model.paths["llama-3-8b"].huggingface == "meta-llama/Meta-Llama-3-8B"
    assert config.experiment.max_memory_gb == 24


def test_a_part_of_a_configuration_is_enough(tmp_path: Path) -> None:
    path = write(tmp_path, "chrono:\n  temporal_dropout: {enabled: true, initial_rate: 0}\n")
    layers = read_layers(path)
    config = build(layers)
    assert config.chrono.temporal_dropout.initial_rate == 0
    assert config.chrono.temporal_dropout.min_rate == 0.05
    assert layers["chrono.temporal_dropout.initial_rate"].origin == f"{path}:2"
    assert layers["chrono.temporal_dropout.min_rate"].origin == f"preset {BASE}"


def test_sections_are_merged_and_ratios_replaced(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "extends: llama-3-8b\ndataset: {mixing_ratios: {mine: 1.0}}\nmodel: {paths: {mine: {local: here}}}\n"
        "training: {lora: {r: 4}}\n",
    )
    layers = read_layers(path)
    config = build(layers)
    assert config.dataset.mixing_ratios == {"mine": 1.0}
    assert set(config.model.paths) >= {"mine", "gemma-2b"}
    assert config.model.paths["mine"].huggingface is None
    assert (config.training.lora.r, config.training.lora.alpha) == (4, 32)
    assert layers["training.lora.alpha"].origin == "preset llama-3-8b"
    assert layers["training.optimizer"].origin == f"preset {BASE}"


def test_a_file_extends_another_one(tmp_path: Path) -> None:
    write(tmp_path, "extends: tiny\ntraining: {max_steps: 7}\n", "first.yaml")
    second = write(tmp_path, "extends: first.yaml\ntraining: {eval_steps: 3}\n", "second.yaml")
    config = build(read_layers(second, [parse_change("training.batch_size=2")]))
    assert (config.training.max_steps, config.training.eval_steps, config.training.batch_size) == (7, 3, 2)
    assert config.model.type == "tiny"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "training:\n  lerning_rate: 1\n",
            r'own.yaml:2: unknown key "lerning_rate" in training \(did you mean "learning_rate"',
        ),
        ("chronos: {}\n", r'own.yaml:1: unknown key "chronos" \(did you mean "chrono"'),
        ("training:\n  latent_dim: 3\n", r"belongs to chrono.route_sae"),
        ("training:\n  max_steps: many\n", r"own.yaml:2: training.max_steps: .*integer, found 'many'"),
        ("training:\n  max_steps: true\n", r"found True"),
        ("training: 5\n", r"own.yaml:1: training is a section"),
        ("model: {paths: {mine: here}}\n", r"model.paths.mine is a section"),
        ("training:\n  max_steps: 1\n  max_steps: 2\n", r"own.yaml:3: training.max_steps is there already, in line 2"),
        ("environment: {platform: colob}\n", r'did you mean "colab"'),
        ("extends: tyny\n", r'own.yaml: extends tyny: no such preset.*did you mean "tiny"'),
        ("extends: other.yaml\n", r"no such file beside it"),
        ("extends: own.yaml\n", r"extends itself"),
        ("- a\n", r"expected sections"),
        ("a: [\n", r"not valid YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_layers(write(tmp_path, text))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("chrono.route_sae.kk=3", r'--set chrono.route_sae.kk: unknown key .*did you mean "chrono.route_sae.k"'),
        ("latent_dim=3", r'did you mean "chrono.route_sae.latent_dim"'),
        ("training.max_steps", "expected KEY=VALUE"),
        ("training.max_steps=[", "no value"),
        ("training.max_steps=a", "found 'a'"),
    ],
)
def test_a_change_that_is_none(change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_layers(None, [parse_change(change)])


@pytest.mark.parametrize(
    ("text", "value"), [("3e-5", 3e-5), ("1E+3", 1000.0), (".5e1", 5.0), ("2", 2), ("1.0e-4", 1e-4)]
)
def test_numbers_are_numbers(text: str, value: Any) -> None:
    assert parse_change(f"training.learning_rate={text}")[1] == value


def test_a_bare_no_is_the_word(tmp_path: Path) -> None:
    config = build(read_layers(write(tmp_path, "environment: {mixed_precision: no}\n")))
    assert config.environment.mixed_precision == "no"


def test_the_guide_explains_every_key() -> None:
    text = GUIDE.read_text()
    missing = [key for key in keys_of() if f"`{key.replace('*', 'TYPE')}`" not in text]
    assert missing == []
