"""Our files in SAELens: the same activations, reconstructions and losses of the same weights."""

from pathlib import Path
from typing import Any

import pytest
import torch

from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import Architecture, SaeConfig, SaeTraining
from chronolect.formation.sae.files import load_sae, save_sae
from chronolect.formation.sae.measures import measure_sae
from chronolect.formation.sae.trainer import SaeTrainer

sae_lens: Any = pytest.importorskip("sae_lens", reason="SAELens is not installed: pip install chronolect[sae]")

WIDTH, LATENTS, K = 24, 64, 5
KINDS: list[tuple[Architecture, str]] = [("batchtopk", "JumpReLUSAE"), ("topk", "TopKSAE"), ("relu", "StandardSAE")]


def activations(seed: int, tokens: int = 128) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 4 + torch.randn(tokens, WIDTH, generator=generator) * torch.linspace(3, 0.2, WIDTH)


def trained(architecture: Architecture) -> SparseAutoencoder:
    sae = SparseAutoencoder(WIDTH, SaeConfig(architecture=architecture, latents=LATENTS, k=K), seed=1)
    trainer = SaeTrainer(sae, SaeTraining(steps=30, lr=3e-3, warmup_steps=0))
    for step in range(30):
        trainer.step(activations(step))
    return sae.requires_grad_(False)


@pytest.mark.parametrize(("architecture", "name"), KINDS)
def test_saelens_reads_our_files_and_computes_the_same(architecture: Architecture, name: str, tmp_path: Path) -> None:
    ours = trained(architecture)
    save_sae(tmp_path, ours, hook="blocks.2.hook_resid_post", metadata={"model_step": 100})
    theirs = sae_lens.SAE.load_from_disk(tmp_path).requires_grad_(False)
    assert type(theirs).__name__ == name
    assert theirs.cfg.metadata.hook_name == "blocks.2.hook_resid_post"
    assert theirs.cfg.metadata.model_step == 100
    x = activations(999, tokens=500)
    z, their_z = ours.encode(x), theirs.encode(x)
    assert 0 < int((z > 0).sum()) < z.numel()
    torch.testing.assert_close(z, their_z, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.decode(z), theirs.decode(z), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-4)
    loss, their_loss = (float((x - model(x)).square().sum(dim=1).mean()) for model in (ours, theirs))
    assert loss == pytest.approx(their_loss, rel=1e-5)


@pytest.mark.parametrize(("architecture", "name"), KINDS)
def test_a_file_that_saelens_wrote_of_ours_is_read_again(architecture: Architecture, name: str, tmp_path: Path) -> None:
    ours = trained(architecture)
    save_sae(tmp_path / "ours", ours, hook=None, metadata={})
    sae_lens.SAE.load_from_disk(tmp_path / "ours").save_model(tmp_path / "theirs")
    again = load_sae(tmp_path / "theirs").requires_grad_(False)
    assert again.config == ours.config
    x = activations(999)
    torch.testing.assert_close(again(x), ours(x), rtol=1e-4, atol=1e-4)


def test_the_training_loss_is_that_of_saelens_on_the_same_weights() -> None:
    """TopK: their mean squared error over the batch's variance is our normalised error."""
    from sae_lens import TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.saes.sae import TrainStepInput

    ours = trained("topk").folded()
    theirs = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=WIDTH, d_sae=LATENTS, k=K))
    with torch.no_grad():
        for name, weights in ours.named_parameters():
            theirs.get_parameter(name).copy_(weights)
    x = activations(999)
    output = theirs.training_forward_pass(
        step_input=TrainStepInput(
            sae_in=x, coefficients={}, dead_neuron_mask=None, n_training_steps=0, is_logging_step=False
        )
    )
    output.loss.backward()
    loss, metrics = SaeTrainer(ours, SaeTraining()).loss(x)
    loss.backward()
    variance = (x - x.mean(dim=0)).square().sum()
    assert float(metrics["reconstruction"]) == pytest.approx(
        float(output.losses["mse_loss"].detach()) * len(x) / float(variance), rel=1e-5
    )
    for name in (
        "W_enc",
        "b_enc",
        "b_dec",
    ):  # rows of norm 1, so theirs, which divides by norms, differs in W_dec alone
        gradient, theirs_gradient = ours.get_parameter(name).grad, theirs.get_parameter(name).grad
        assert gradient is not None
        torch.testing.assert_close(gradient * variance / len(x), theirs_gradient, rtol=1e-3, atol=1e-4)


def test_explained_variance_is_that_of_saelens() -> None:
    from sae_lens.evals import ExplainedVarianceCalculator

    ours = trained("topk")
    x = activations(999, tokens=600)
    theirs = ExplainedVarianceCalculator()
    for batch in x.split(100):
        theirs.add_batch(ours(batch), batch)
    measured = measure_sae(ours, x.split(70))
    assert measured["explained_variance"] == pytest.approx(float(theirs.compute()), rel=1e-5)
