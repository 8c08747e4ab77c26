"""Autoencoders and trainers on disk."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from chronolect.errors import UserError
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import Architecture, SaeConfig, SaeTraining
from chronolect.formation.sae.files import load_sae, load_trainer, save_sae, save_trainer
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.temporal_dropout import TemporalDropout

WIDTH, LATENTS = 16, 48
ARCHITECTURES: list[Architecture] = ["batchtopk", "topk", "relu"]


def activations(seed: int, tokens: int = 64) -> torch.Tensor:
    return 3 + 5 * torch.randn(tokens, WIDTH, generator=torch.Generator().manual_seed(seed))


def trained(architecture: Architecture, steps: int = 5, **training: object) -> SaeTrainer:
    sae = SparseAutoencoder(WIDTH, SaeConfig(architecture=architecture, latents=LATENTS, k=4), seed=1)
    trainer = SaeTrainer(sae, SaeTraining(steps=20, lr=1e-2, dead_after=100, **training))  # type: ignore[arg-type]
    for step in range(steps):
        trainer.step(activations(step))
    return trainer


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_saved_does_the_same_when_it_is_read(architecture: Architecture, tmp_path: Path) -> None:
    sae = trained(architecture).sae
    save_sae(tmp_path / "sae", sae, hook="blocks.1.hook_resid_post", metadata={"step": 7})
    read = load_sae(tmp_path / "sae")
    x = activations(99)
    assert float(sae.scale) != 1
    assert float(read.scale) == 1
    assert read.config == sae.config
    torch.testing.assert_close(read.encode(x), sae.encode(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(read(x), sae(x), rtol=1e-4, atol=1e-4)
    metadata = json.loads((tmp_path / "sae/cfg.json").read_text())["metadata"]
    assert metadata["step"] == 7
    assert metadata["hook_name"] == "blocks.1.hook_resid_post"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_resumed_trainer_goes_on_to_the_same_bits(architecture: Architecture, tmp_path: Path) -> None:
    dropout = TemporalDropout(initial_rate=0.3, min_rate=0.1, end=8, hold=2)
    settings = {"dropout": dropout, "noise": 0.1, "latent_dropout": 0.1, "frozen": "soft-decoder"}
    whole = trained(architecture, 9, **settings)
    half = trained(architecture, 4, **settings)
    save_trainer(tmp_path, half)
    resumed = trained(architecture, 0, **settings)
    with torch.no_grad():
        resumed.sae.W_dec.copy_(resumed.sae.W_dec.roll(1, dims=0))  # whatever it was made with
    resumed = SaeTrainer(resumed.sae, resumed.training)
    load_trainer(tmp_path, resumed)
    for step in range(4, 9):
        resumed.step(activations(step))
    for (name, expected), found in zip(whole.sae.state_dict().items(), resumed.sae.state_dict().values(), strict=True):
        assert torch.equal(expected, found), name
    assert torch.equal(whole.silent_for, resumed.silent_for)
    assert resumed.steps == 9


def test_a_trainer_that_has_not_begun_can_be_saved(tmp_path: Path) -> None:
    save_trainer(tmp_path, trained("topk", 0))
    resumed = trained("topk", 0)
    load_trainer(tmp_path, resumed)
    resumed.step(activations(0))
    assert torch.equal(resumed.sae.W_enc, trained("topk", 1).sae.W_enc)


def test_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cfg\.json: no such file"):
        load_sae(tmp_path / "nothing")
    sae = trained("topk").sae
    save_sae(tmp_path / "sae", sae, hook=None, metadata={})
    whole = (tmp_path / "sae/sae_weights.safetensors").read_bytes()
    (tmp_path / "sae/sae_weights.safetensors").write_bytes(whole[:-100])
    with pytest.raises(UserError, match=r"sae_weights\.safetensors: not a whole safetensors file"):
        load_sae(tmp_path / "sae")
    config = json.loads((tmp_path / "sae/cfg.json").read_text())
    (tmp_path / "sae/sae_weights.safetensors").write_bytes(whole)
    (tmp_path / "sae/cfg.json").write_text(json.dumps(config | {"d_in": 99}))
    with pytest.raises(UserError, match="belongs to another autoencoder"):
        load_sae(tmp_path / "sae")
    (tmp_path / "sae/cfg.json").write_text(json.dumps(config | {"architecture": "gated"}))
    with pytest.raises(UserError, match="no autoencoder of a form that is read here"):
        load_sae(tmp_path / "sae")


def test_a_folder_of_another_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cfg.json").write_text('{"activation": "topk", "d_in": 16, "num_latents": 48}')
    with pytest.raises(UserError, match=r"cfg\.json: no autoencoder of a form that is read here"):
        load_sae(tmp_path)


def test_thresholds_that_differ_are_refused(tmp_path: Path) -> None:
    save_sae(tmp_path, trained("batchtopk").sae, hook=None, metadata={})
    tensors = load_file(tmp_path / "sae_weights.safetensors")
    tensors["threshold"] += torch.arange(LATENTS)
    save_file(tensors, tmp_path / "sae_weights.safetensors")
    with pytest.raises(UserError, match="each latent has its own threshold"):
        load_sae(tmp_path)


def test_a_state_of_another_shape_is_refused(tmp_path: Path) -> None:
    save_trainer(tmp_path, trained("topk"))
    other = SaeTrainer(SparseAutoencoder(WIDTH, SaeConfig(latents=LATENTS + 1, k=4)), SaeTraining())
    with pytest.raises(UserError, match="belongs to another autoencoder"):
        load_trainer(tmp_path, other)
