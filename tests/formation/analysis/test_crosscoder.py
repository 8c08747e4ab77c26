from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.analysis.crosscoder import (
    Crosscoder,
    Scaling,
    crosscoder_births,
    latent_scalings,
    train_crosscoders,
)
from chronolect.formation.analysis.matching import correlations
from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.sae.config import SaeConfig, SaeTraining

CHECKPOINTS, WIDTH, FEATURES = 4, 24, 12
BIRTHS = torch.arange(FEATURES) % CHECKPOINTS


def _strengths(tokens: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    on = torch.rand(tokens, FEATURES, generator=generator) < 0.08
    return on * (0.5 + torch.rand(tokens, FEATURES, generator=generator))


def _directions() -> Tensor:
    found = torch.randn(FEATURES, WIDTH, generator=torch.Generator().manual_seed(99))
    return found / found.norm(dim=1, keepdim=True)


def _batches(count: int, seed: int, tokens: int = 256) -> Iterator[Tensor]:
    """Features born in turn, of a stream that grows and is not centred."""
    there = (BIRTHS[:, None] <= torch.arange(CHECKPOINTS)).float()
    size = torch.tensor([1.0, 2.0, 4.0, 8.0])
    noise = torch.Generator().manual_seed(1000 + seed)
    for number in range(count):
        found = torch.einsum("bf,fc,fd->bcd", _strengths(tokens, 10_000 * seed + number), there, _directions())
        found += 0.02 * torch.randn(found.shape, generator=noise) + 1
        yield found * size[:, None]


def test_births_of_trained_crosscoders_are_the_true_ones() -> None:
    trainings = [SaeTraining(steps=120, lr=2e-2, warmup_steps=10, dead_after=5_000, seed=seed) for seed in range(2)]
    trained = train_crosscoders(_batches(120, 1), SaeConfig(latents=20, k=1), trainings)
    assert all(losses["reconstruction"] < 0.1 for _, losses in trained)
    scalings = latent_scalings([crosscoder for crosscoder, _ in trained], _batches(20, 7))
    steps = [0, 1, 10, 100]
    found = crosscoder_births(scalings, steps, AnalysisSettings(least=50, dense=0.5, resamples=100))
    truth = torch.cat([_strengths(256, 70_000 + number) for number in range(20)])
    codes = scipy.sparse.csr_matrix(truth.numpy())
    errors, seen = [], set()
    for event in found["events"]:
        likeness = correlations(scalings[event["seed"]].codes[:, [event["feature"]]], codes)[0]
        if likeness.max() > 0.7:
            seen.add(int(likeness.argmax()))
            errors.append(steps.index(event["birth_step_hi"]) - int(BIRTHS[likeness.argmax()]))
    assert len(seen) >= 10
    assert np.mean([error == 0 for error in errors]) >= 0.9
    assert found["curve"]["share"][-1] == 1


def test_several_learn_from_one_pass_what_each_would_alone() -> None:
    config = SaeConfig(latents=20, k=1)
    trainings = [SaeTraining(steps=10, lr=2e-2, warmup_steps=1, seed=seed) for seed in range(2)]
    together = train_crosscoders(_batches(10, 1), config, trainings)
    scalings = latent_scalings([crosscoder for crosscoder, _ in together], _batches(2, 7))
    for training, (crosscoder, losses), scaling in zip(trainings, together, scalings, strict=True):
        ((alone, alone_losses),) = train_crosscoders(_batches(10, 1), config, [training])
        assert losses == alone_losses
        assert torch.equal(crosscoder.decoder, alone.decoder)
        assert np.array_equal(scaling.strength, _scaling(alone, _batches(2, 7)).strength)
    assert not torch.equal(together[0][0].decoder, together[1][0].decoder)


def _scaling(crosscoder: Crosscoder, batches: Iterable[Tensor]) -> Scaling:
    (found,) = latent_scalings([crosscoder], batches)
    return found


def _by_hand() -> tuple[Crosscoder, Tensor]:
    """Two checkpoints, two features on orthogonal axes that are there at both, in units in which nothing need be scaled."""
    crosscoder = Crosscoder(2, 4, SaeConfig(architecture="relu", latents=3, k=1))
    generator = torch.Generator().manual_seed(0)
    strengths = (torch.rand(4000, 2, generator=generator) < 0.2) * (1 + torch.rand(4000, 2, generator=generator))
    x = torch.zeros(4000, 2, 4)
    x[:, :, 0], x[:, :, 1] = strengths[:, :1], strengths[:, 1:]
    with torch.no_grad():
        crosscoder.sae.W_enc.zero_()
        crosscoder.sae.W_dec.zero_()
        crosscoder.sae.W_enc[4, 0] = crosscoder.sae.W_enc[1, 1] = 1  # latent 0 reads feature 0, latent 1 feature 1
        crosscoder.sae.b_enc[2] = -1  # latent 2 never fires
        crosscoder.sae.W_dec[0, 4] = 1  # latent 0 has shrunk to nothing at the first checkpoint
        crosscoder.sae.W_dec[1, [1, 5]] = 0.5**0.5
    return crosscoder, x


def test_a_shrunken_decoder_does_not_hide_that_a_feature_is_there() -> None:
    crosscoder, x = _by_hand()
    found = _scaling(crosscoder, x.split(1000))
    assert found.norm[0].tolist() == [0, 1]  # a birth, to those who look at norms
    assert found.presence[0] == pytest.approx([1, 1], abs=1e-6)
    assert found.unexplained[0] == pytest.approx([1, 1], abs=1e-6)
    assert found.presence[1] == pytest.approx([1, 1], abs=1e-6)
    assert found.presence[2].tolist() == [0, 0]
    assert found.codes.shape == (4000, 3)
    x[:, 0, 0] = 0  # now it truly is not there
    assert _scaling(crosscoder, x.split(1000)).presence[0] == pytest.approx([0, 1], abs=1e-6)


def test_a_latent_that_stands_in_for_another_is_found_out() -> None:
    crosscoder, x = _by_hand()
    with torch.no_grad():  # latent 2 reconstructs feature 0 at the first checkpoint in place of latent 0
        crosscoder.sae.W_enc[0, 2] = 1
        crosscoder.sae.b_enc[2] = 0
        crosscoder.sae.W_dec[2, 0] = 1
    found = _scaling(crosscoder, x.split(1000))
    assert found.presence[0] == pytest.approx([1, 1], abs=1e-6)
    assert found.unexplained[0] == pytest.approx([0, 1], abs=1e-6)
    births = crosscoder_births([found], [0, 100], AnalysisSettings(dense=0.5, hold=1, resamples=50))
    assert births["n"] == 3
    assert births["initial"] == 3
    assert births["by_norm"]["initial"] == 2
    assert births["decoupled_share"] == pytest.approx(2 / 6)


def test_each_checkpoint_weighs_the_same() -> None:
    batch = next(_batches(1, 0, tokens=4000))
    crosscoder = Crosscoder(CHECKPOINTS, WIDTH, SaeConfig(latents=4, k=1))
    crosscoder.fit_to(batch)
    scaled = crosscoder.scaled(batch)
    assert scaled.var(dim=0).sum(dim=1).tolist() == pytest.approx([WIDTH] * CHECKPOINTS, rel=1e-3)
    assert crosscoder.joined(batch).shape == (4000, CHECKPOINTS * WIDTH)
    assert crosscoder.decoder.square().sum(dim=(1, 2)).tolist() == pytest.approx([1] * 4)


def test_nothing_to_train_on() -> None:
    with pytest.raises(UserError, match="no activations"):
        train_crosscoders([], SaeConfig(latents=4, k=1), [SaeTraining()])
