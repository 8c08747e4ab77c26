"""Measures of an autoencoder, against what they must be."""

import math

import numpy as np
import pytest
import torch

from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeConfig
from chronolect.formation.sae.measures import ExplainedVariance, codes_of, measure_sae


def activations(tokens: int = 200, width: int = 8, seed: int = 0) -> torch.Tensor:
    return 100 + torch.randn(tokens, width, generator=torch.Generator().manual_seed(seed)) * torch.arange(1, width + 1)


def test_predicting_the_mean_explains_nothing() -> None:
    x = activations()
    mean = x.mean(dim=0).expand_as(x)
    measured = ExplainedVariance()
    for part, predicted in zip(x.split(30), mean.split(30), strict=True):
        measured.update(part, predicted)
    assert measured.value == pytest.approx(0, abs=1e-6)


def test_the_parts_in_which_tokens_come_do_not_matter() -> None:
    x = activations()
    x_hat = x + 0.5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    values = []
    for size in (7, 200):
        measured = ExplainedVariance()
        for part, predicted in zip(x.split(size), x_hat.split(size), strict=True):
            measured.update(part, predicted)
        values.append(measured.value)
    exact = 1 - float((x - x_hat).double().square().sum() / (x.double() - x.double().mean(dim=0)).square().sum())
    assert values == pytest.approx([exact, exact], rel=1e-12)


def test_what_no_tokens_define_is_none() -> None:
    assert ExplainedVariance().value is None
    constant = ExplainedVariance()
    constant.update(torch.ones(3, 2), torch.ones(3, 2))
    assert constant.value is None
    sae = SparseAutoencoder(8, SaeConfig(latents=4, k=1))
    assert measure_sae(sae, [])["explained_variance"] is None


def hand_made() -> SparseAutoencoder:
    """Two latents along the first axis, one of them needing 3 to fire, one that never fires, one always."""
    sae = SparseAutoencoder(2, SaeConfig(architecture="relu", latents=4, k=1))
    with torch.no_grad():
        sae.W_enc.copy_(torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
        sae.b_enc.copy_(torch.tensor([0.0, -3.0, -1.0, 1.0]))
        sae.W_dec.copy_(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    return sae


def test_measures_of_an_autoencoder_made_by_hand() -> None:
    x = torch.tensor([[2.0, 1.0]] * 19 + [[4.0, 1.0]])
    measured = measure_sae(hand_made(), x.split(6))
    assert measured["tokens"] == 20
    assert measured["l0"] == pytest.approx((19 * 2 + 3) / 20)
    assert measured["dead_share"] == 1 / 4
    assert measured["dense_share"] == 2 / 4  # the second fires on 1 of 20
    assert measured["cosine"] == pytest.approx((19 + (4 * 5 + 1) / math.sqrt(17 * 26)) / 20)
    assert measured["l2_ratio"] == pytest.approx((19 + math.sqrt(26 / 17)) / 20)
    assert measured["explained_variance"] == pytest.approx(1 - 1 / (20 * 4 * 0.05 * 0.95))


def test_codes_are_what_is_encoded() -> None:
    sae = SparseAutoencoder(8, SaeConfig(architecture="topk", latents=24, k=3), seed=2)
    x = activations(50)
    codes = codes_of(sae, x.split(7))
    assert codes.shape == (50, 24)
    assert codes.dtype == np.float32
    assert codes.has_sorted_indices
    np.testing.assert_allclose(codes.toarray(), sae.encode(x).detach().numpy(), rtol=1e-5)
    assert codes_of(sae, []).shape == (0, 24)
