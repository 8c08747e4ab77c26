"""The lines of a series and how their autoencoders start."""

from pathlib import Path

import pytest
import torch
from tests.formation.track.conftest import tiny

from chronolect.artifacts import write_json
from chronolect.formation.sae.files import save_sae
from chronolect.formation.track.lines import Line, lines_of, new_trainer

CONFIG = tiny(seeds=2, kinds=["cold", "warm"], conditions=["base", "frozen-decoder", "random-init", "no-change"])


def line(name: str) -> Line:
    return next(
        found
        for kind in ("checkpoints", "random-init", "no-change")
        for found in lines_of(CONFIG, kind)
        if found.name == name
    )


@pytest.fixture
def sample() -> torch.Tensor:
    torch.manual_seed(0)
    return 3 * torch.randn(500, 32) + 1


def test_lines_are_conditions_times_kinds_times_seeds() -> None:
    assert [one.name for one in lines_of(CONFIG)] == [
        f"{condition}-{kind}-seed{seed}"
        for condition in ("base", "frozen-decoder")
        for kind in ("cold", "warm")
        for seed in (0, 1)
    ]
    assert [one.name for one in lines_of(CONFIG, "random-init")] == ["random-init-cold-seed0", "random-init-cold-seed1"]
    assert [one.name for one in lines_of(CONFIG, "no-change")] == ["no-change-warm-seed0", "no-change-warm-seed1"]


def test_a_start_depends_on_seed_and_step_and_not_on_the_condition(sample: torch.Tensor) -> None:
    first = new_trainer(line("base-cold-seed0"), CONFIG, sample, step=8).sae.W_dec
    assert torch.equal(first, new_trainer(line("frozen-decoder-cold-seed0"), CONFIG, sample, step=8).sae.W_dec)
    for name, step in (("base-cold-seed1", 8), ("base-cold-seed0", 16)):
        assert not torch.equal(first, new_trainer(line(name), CONFIG, sample, step=step).sae.W_dec)


def test_a_condition_changes_the_training(sample: torch.Tensor) -> None:
    trainer = new_trainer(line("frozen-decoder-cold-seed0"), CONFIG, sample, step=8)
    directions, encoder = trainer.sae.W_dec.clone(), trainer.sae.W_enc.clone()
    for _ in range(3):
        trainer.step(sample)
    assert torch.equal(trainer.sae.W_dec, directions)
    assert not torch.equal(trainer.sae.W_enc, encoder)


def test_a_warm_start_takes_over_an_autoencoder_in_units_of_the_scale(sample: torch.Tensor, tmp_path: Path) -> None:
    before = new_trainer(line("base-warm-seed0"), CONFIG, sample, step=8)
    for _ in range(20):
        before.step(sample)
    save_sae(tmp_path, before.sae, hook=None, metadata={})
    write_json(tmp_path / "measures.json", {"scale": float(before.sae.scale)})
    # activations twice as large, by which it is to do the same
    sae = new_trainer(line("base-warm-seed0"), CONFIG, 2 * sample, step=16, before=tmp_path).sae
    assert float(sae.scale) == pytest.approx(float(before.sae.scale) / 2, rel=1e-4)
    assert torch.allclose(sae(2 * sample), 2 * before.sae(sample), atol=1e-3)
