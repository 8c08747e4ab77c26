"""Losses that hold features in place, or attention heads apart."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.alignment import Mutual, TemporalAnchor, attention_diversity, mutual, temporal_anchor
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.formation.sae.files import load_trainer, save_trainer
from chronolect.formation.sae.trainer import SaeTrainer

torch.set_num_threads(1)


def causal_attention(heads: int, tokens: int, *, seed: int = 0) -> Tensor:
    scores = torch.randn(2, heads, tokens, tokens, generator=torch.Generator().manual_seed(seed))
    return scores.masked_fill(torch.triu(torch.ones(tokens, tokens), 1).bool(), -torch.inf).softmax(dim=-1)


def unit_rows(*shape: int, seed: int = 0) -> Tensor:
    rows = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return rows / rows.norm(dim=-1, keepdim=True)


class TestAttentionDiversity:
    def test_heads_that_are_the_same(self) -> None:
        one = causal_attention(1, 6)
        assert float(attention_diversity([one.expand(-1, 4, -1, -1)])) == pytest.approx(1, abs=1e-6)

    def test_heads_that_never_meet(self) -> None:
        attention = torch.zeros(1, 2, 5, 5)
        attention[:, 0, :, 0] = 1
        attention[:, 1, 1:, 1] = 1
        attention[:, 1, 0, 0] = 1  # the first query has no choice, and does not count
        assert float(attention_diversity([attention])) == 0

    def test_it_is_the_mean_over_pairs(self) -> None:
        attention = causal_attention(3, 7)
        pairs = [
            torch.nn.functional.cosine_similarity(attention[:, one, 1:], attention[:, other, 1:], dim=-1).mean()
            for one in range(3)
            for other in range(one + 1, 3)
        ]
        assert float(attention_diversity([attention])) == pytest.approx(float(torch.stack(pairs).mean()), rel=1e-5)

    def test_descent_drives_heads_apart_and_does_not_flatten_them(self) -> None:
        scores = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1), requires_grad=True)

        def state() -> tuple[float, float]:
            attention = scores.softmax(dim=-1)
            entropy = -(attention * attention.log()).sum(dim=-1).mean()
            return float(attention_diversity([attention]).detach()), float(entropy.detach())

        alike, entropy = state()
        for _ in range(50):
            (gradient,) = torch.autograd.grad(attention_diversity([scores.softmax(dim=-1)]), scores)
            with torch.no_grad():
                scores -= 20 * gradient
        alike_after, entropy_after = state()
        assert alike_after < alike - 0.1
        assert entropy_after < entropy

    def test_padding_does_not_count(self) -> None:
        attention = causal_attention(2, 6)
        other = attention.clone()
        other[:, :, 4:] = 1 / 6
        counted = torch.tensor([[True] * 4 + [False] * 2] * 2)
        assert float(attention_diversity([attention], counted)) == pytest.approx(
            float(attention_diversity([other], counted))
        )
        assert float(attention_diversity([attention])) != pytest.approx(float(attention_diversity([other])))

    def test_one_head(self) -> None:
        with pytest.raises(UserError, match="has one"):
            attention_diversity([causal_attention(1, 4)])


class TestTemporalAnchor:
    def test_values(self) -> None:
        anchor = unit_rows(5, 8)
        weights = torch.tensor([1.0, 2, 0, 1, 1])
        assert float(temporal_anchor(anchor, anchor, weights)) == pytest.approx(0, abs=1e-6)
        assert float(temporal_anchor(-anchor, anchor, weights)) == pytest.approx(2, abs=1e-6)
        turned = anchor.clone()
        turned[2] *= -1  # not alive
        turned[1] *= -1  # two of five
        assert float(temporal_anchor(turned, anchor, weights)) == pytest.approx(2 * 2 / 5, abs=1e-6)

    def test_no_gradient_reaches_the_anchor(self) -> None:
        decoder, anchor = unit_rows(4, 6).requires_grad_(), unit_rows(4, 6, seed=1).requires_grad_()
        temporal_anchor(decoder, anchor, torch.ones(4)).backward()
        assert anchor.grad is None
        assert decoder.grad is not None

    def test_the_anchor_follows_or_stays(self) -> None:
        first, later = unit_rows(4, 6), unit_rows(4, 6, seed=1)
        fired = torch.tensor([True, True, True, False])
        following, staying = TemporalAnchor(1.0, decay=0.5), TemporalAnchor(1.0, decay=1.0)
        for anchor in (following, staying):
            assert float(anchor(first, fired)) == pytest.approx(0, abs=1e-6)
        distances = [(float(following(later, fired)), float(staying(later, fired))) for _ in range(20)]
        assert distances[0][0] == pytest.approx(distances[0][1])
        assert distances[-1][0] < 0.01
        assert distances[-1][1] == pytest.approx(distances[0][1], rel=1e-4)
        cosine = (first * later).sum(dim=1)
        assert distances[0][1] == pytest.approx(
            float((1 - cosine[:3]).mean()), rel=1e-4
        )  # the silent latent does not count
        staying.anchor_to(later)
        assert float(staying(later, fired)) == pytest.approx(0, abs=1e-6)


def test_mutual() -> None:
    decoder, other = unit_rows(16, 8), unit_rows(16, 8, seed=1)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(2))
    assert float(mutual(decoder, [decoder[order]])) == pytest.approx(0, abs=1e-6)
    best = (decoder @ other.T).max(dim=1).values
    assert float(mutual(decoder, [other])) == pytest.approx(1 - float(best.mean()), rel=1e-5)
    assert float(mutual(decoder, [other, decoder[order]])) == pytest.approx((1 - float(best.mean())) / 2, rel=1e-4)


def activations(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    codes = torch.rand(256, 24, generator=generator) * (torch.rand(256, 24, generator=generator) < 0.1)
    return codes @ unit_rows(24, 16, seed=99)


def trainer(seed: int = 0) -> SaeTrainer:
    sae = SparseAutoencoder(16, SaeConfig(latents=32, k=3), seed=seed)
    return SaeTrainer(sae, SaeTraining(steps=200, lr=3e-3, warmup_steps=5, seed=seed))


def drift(made: SaeTrainer) -> float:
    before = made.sae.W_dec.detach().clone()
    for step in range(60):
        made.step(activations(step))
    return float((1 - (made.sae.W_dec.detach() * before).sum(dim=1)).mean())


def test_an_anchor_holds_a_decoder_in_training() -> None:
    free, held = trainer(), trainer()
    held.alignments.append(TemporalAnchor(20.0, decay=1.0))
    assert drift(held) < 0.3 * drift(free)


def test_mutual_draws_two_together_in_training() -> None:
    def likeness(weight: float) -> float:
        pair = [trainer(0), trainer(1)]
        for one, other in (pair, pair[::-1]):
            one.alignments.append(Mutual(weight, [other.sae.W_dec]))
        for step in range(40):
            for one in pair:
                found = one.step(activations(step))
        assert float(found["mutual"]) >= 0
        return 1 - float(mutual(pair[0].sae.W_dec.detach(), [pair[1].sae.W_dec]))

    assert likeness(1.0) > likeness(0.0) + 0.05


def test_an_anchored_trainer_resumes_to_the_same_bits(tmp_path: Path) -> None:
    def anchored() -> SaeTrainer:
        made = trainer()
        made.alignments.append(TemporalAnchor(0.5, decay=0.9))
        return made

    whole, half = anchored(), anchored()
    for step in range(10):
        whole.step(activations(step))
        if step < 5:
            half.step(activations(step))
    save_trainer(tmp_path, half)
    resumed = anchored()
    load_trainer(tmp_path, resumed)
    for step in range(5, 10):
        resumed.step(activations(step))
    assert torch.equal(whole.sae.W_dec, resumed.sae.W_dec)
    for name, tensor in whole.alignments[0].state_dict().items():
        assert torch.equal(tensor, resumed.alignments[0].state_dict()[name])


class Sparse:
    """An alignment of a user's own: rows of few large entries."""

    name, weight, optimises_decoder = "sparse_rows", 0.1, False

    def __call__(self, decoder: Tensor, fired: Tensor) -> Tensor:
        return decoder.abs().sum(dim=1).mean() / math.sqrt(decoder.shape[1])

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass


def test_an_alignment_of_ones_own() -> None:
    plain, own = trainer(), trainer()
    own.alignments.append(Sparse())
    for step in range(30):
        plain.step(activations(step))
        metrics = own.step(activations(step))
    assert float(metrics["sparse_rows"]) > 0
    assert own.sae.W_dec.abs().sum() < plain.sae.W_dec.abs().sum()
