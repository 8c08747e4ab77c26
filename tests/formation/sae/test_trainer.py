"""Training an autoencoder: against the formulas written out plainly, and what it must never do."""

import dataclasses
import math
from typing import Any

import pytest
import torch

from chronolect.errors import UserError
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import Architecture, SaeConfig, SaeTraining
from chronolect.formation.sae.measures import measure_sae
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.temporal_dropout import TemporalDropout

WIDTH, LATENTS, K = 12, 40, 3
ARCHITECTURES: list[Architecture] = ["batchtopk", "topk", "relu"]


def features(seed: int, tokens: int = 96) -> torch.Tensor:
    """Sums of few of 24 fixed directions, around a mean that is not zero."""
    directions = torch.randn(24, WIDTH, generator=torch.Generator().manual_seed(100))
    generator = torch.Generator().manual_seed(seed)
    strengths = torch.rand(tokens, 24, generator=generator) + 0.5
    active = torch.rand(tokens, 24, generator=generator) < 0.1
    return 2 + (strengths * active) @ directions


def make(architecture: Architecture = "batchtopk", *, seed: int = 3, **training: Any) -> SaeTrainer:
    sae = SparseAutoencoder(WIDTH, SaeConfig(architecture=architecture, latents=LATENTS, k=K), seed=seed)
    settings = {"steps": 200, "lr": 3e-3, "warmup_steps": 10, **training}
    return SaeTrainer(sae, SaeTraining(**settings))


def weights(trainer: SaeTrainer) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in trainer.sae.named_parameters()}


class Plain:
    """The same training with dense products, plain autograd and an unfused Adam, written from the formulas."""

    def __init__(self, trainer: SaeTrainer) -> None:
        self.training, sae = trainer.training, trainer.sae
        self.architecture = sae.config.architecture
        self.p = {name: p.detach().clone().contiguous().requires_grad_() for name, p in sae.named_parameters()}
        self.adam = torch.optim.Adam(list(self.p.values()), lr=1.0)
        self.threshold = torch.zeros(())
        self.silent = torch.zeros(LATENTS)
        self.steps = 0
        self.scale = torch.ones(())

    def select(self, pre: torch.Tensor) -> torch.Tensor:
        active = pre.relu()
        if self.architecture == "relu":
            return active
        if self.architecture == "topk":
            return torch.where(active >= active.sort(dim=1).values[:, [-K]], active, 0.0)
        return torch.where(active >= active.flatten().sort().values[-K * len(pre)], active, 0.0)

    def step(self, x: torch.Tensor) -> None:
        if self.steps == 0:
            self.scale = (WIDTH / x.square().sum(dim=1).mean()).sqrt()
            self.p["b_dec"].data = x.mean(dim=0) * self.scale
        x = x * self.scale
        p = self.p
        pre = (x - p["b_dec"]) @ p["W_enc"] + p["b_enc"]
        z = self.select(pre)
        error = x - (z @ p["W_dec"] + p["b_dec"])
        loss = error.square().sum() / (x - x.mean(dim=0)).square().sum()
        dead = self.silent >= self.training.dead_after
        if dead.any():
            k = min(self.training.aux_k or WIDTH // 2, int(dead.sum()))
            lonely = torch.where(dead, pre, -1.0).relu()
            lonely = torch.where(lonely >= lonely.sort(dim=1).values[:, [-k]], lonely, 0.0)
            left = error.detach()
            ratio = (left - lonely @ p["W_dec"]).square().sum() / (left - left.mean(dim=0)).square().sum()
            loss = loss + self.training.aux_weight * ratio
        loss = loss + self.training.l1 * z.abs().sum(dim=1).mean() + self.training.l2 * p["W_enc"].square().sum()
        loss.backward()
        gradient, rows = p["W_dec"].grad, p["W_dec"].detach()
        assert gradient is not None
        gradient -= (gradient * rows).sum(dim=1, keepdim=True) * rows
        norm = torch.stack([q.grad.norm() for q in p.values() if q.grad is not None]).norm()
        for q in p.values():
            assert q.grad is not None
            q.grad *= min(1.0, self.training.clip / (float(norm) + 1e-6))
        training = self.training
        warmup = min(1.0, (self.steps + 1) / training.warmup_steps)
        decay = min(1.0, (training.steps - self.steps) / (training.decay_fraction * training.steps))
        assert training.lr is not None
        self.adam.param_groups[0]["lr"] = training.lr * warmup * decay
        self.adam.step()
        self.adam.zero_grad()
        p["W_dec"].data /= p["W_dec"].data.norm(dim=1, keepdim=True)
        lowest = z[z > 0].min().detach()
        rate = max(0.01, 10 / (10 + self.steps))
        self.threshold = (1 - rate) * self.threshold + rate * lowest
        self.silent += len(x)
        self.silent[(z > 0).any(dim=0)] = 0
        self.steps += 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("extra", [{}, {"l1": 1e-2, "l2": 1e-3}, {"dead_after": 100, "aux_weight": 0.5, "steps": 30}])
def test_training_is_what_the_formulas_say(architecture: Architecture, extra: dict[str, Any]) -> None:
    trainer = make(architecture, **extra)
    trainer.fit(features(0))
    if "dead_after" in extra:
        with torch.no_grad():
            trainer.sae.b_enc[:15] = -5  # positive now and then, but seldom among the largest
    plain = Plain(trainer)
    revived = 0
    for number in range(30):
        metrics = trainer.step(features(number))
        plain.step(features(number))
        revived += "aux" in metrics
    assert bool(revived) == ("dead_after" in extra)
    for name, expected in plain.p.items():
        torch.testing.assert_close(trainer.sae.get_parameter(name), expected, rtol=1e-3, atol=1e-4)
    assert torch.equal(trainer.silent_for.float(), plain.silent)
    if architecture == "batchtopk":
        assert float(trainer.sae.threshold) == pytest.approx(float(plain.threshold), rel=1e-3)


@pytest.mark.parametrize("architecture", ["batchtopk", "topk"])
def test_the_dense_way_of_a_gpu_is_the_same_training(architecture: Architecture) -> None:
    sparse, dense = make(architecture, dead_after=100), make(architecture, dead_after=100)
    dense.dense = True
    for trainer in (sparse, dense):
        trainer.fit(features(0))
        with torch.no_grad():
            trainer.sae.b_enc[:15] = -5
        for number in range(6):
            metrics = trainer.step(features(number))
        assert "aux" in metrics
    for one, other in zip(weights(sparse).values(), weights(dense).values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_it_learns_and_fires_at_inference_as_often_as_it_was_trained_to() -> None:
    trainer = make(steps=600)
    for number in range(600):
        trainer.step(features(number))
    measured = measure_sae(trainer.sae, [features(9_999, tokens=2_000)])
    assert measured["explained_variance"] > 0.75
    assert measured["l0"] == pytest.approx(K, rel=0.15)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rate_0_is_no_dropout_to_the_bit(architecture: Architecture) -> None:
    none, rate_0 = (
        make(architecture, dropout=dropout)
        for dropout in (TemporalDropout(), TemporalDropout(schedule=lambda _: 0.0, seed=9))
    )
    for number in range(5):
        none.step(features(number))
        rate_0.step(features(number))
    for one, other in zip(weights(none).values(), weights(rate_0).values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("granularity", ["element", "input", "latent"])
def test_dropout_masks_the_encoder_of_the_step(granularity: Any) -> None:
    dropout = TemporalDropout(initial_rate=0.5, min_rate=0.5, granularity=granularity, seed=4)
    trainer = make("relu", dropout=dropout)
    trainer.fit(features(0))
    x = features(1)
    loss, _ = trainer.loss(x)
    sae = trainer.sae
    mask = dropout.mask(0, width=WIDTH, latents=LATENTS)
    assert mask is not None
    with torch.no_grad():
        scaled = x * sae.scale
        masked = sae.W_enc * mask / 0.5 if granularity != "latent" else sae.W_enc * mask
        z = ((scaled - sae.b_dec) @ masked + sae.b_enc).relu()
        error = (scaled - z @ sae.W_dec - sae.b_dec).square().sum()
    assert loss.item() == pytest.approx(float(error / (scaled - scaled.mean(dim=0)).square().sum()), rel=1e-4)
    loss.backward()
    gradient = sae.W_enc.grad
    assert gradient is not None
    assert bool((gradient[~mask.expand(WIDTH, LATENTS)] == 0).all())
    assert bool((gradient[mask.expand(WIDTH, LATENTS)] != 0).any())


def test_what_fires_and_the_threshold_are_judged_without_the_mask() -> None:
    masked = make(dropout=TemporalDropout(initial_rate=0.5, min_rate=0.5))
    plain = make()
    for trainer in (masked, plain):
        trainer.fit(features(0))
        trainer.loss(features(1))
    assert torch.equal(masked.fired, plain.fired)
    assert masked.lowest is not None
    assert plain.lowest is not None
    assert float(masked.lowest) == pytest.approx(float(plain.lowest), rel=1e-5)


def test_decoder_rows_keep_norm_1_and_gradients_do_not_pull_along_them() -> None:
    trainer = make()
    for number in range(3):
        trainer.step(features(number))
    torch.testing.assert_close(trainer.sae.W_dec.norm(dim=1), torch.ones(LATENTS))
    loss, _ = trainer.loss(features(7))
    loss.backward()
    seen = []
    optimizer_step = trainer.optimizer.step

    def look() -> None:
        gradient = trainer.sae.W_dec.grad
        assert gradient is not None
        seen.append(float((gradient * trainer.sae.W_dec.detach()).sum(dim=1).abs().max() / gradient.norm()))
        optimizer_step()

    trainer.optimizer.step = look  # type: ignore[method-assign,assignment]
    trainer.update(num_tokens=96)
    assert seen[0] < 1e-6


@pytest.mark.parametrize(
    "training", [{}, {"noise": 0.1}, {"latent_dropout": 0.2}, {"dropout": TemporalDropout(initial_rate=0.2)}]
)
def test_randomness_is_private_and_repeats(training: dict[str, Any]) -> None:
    before = torch.get_rng_state()
    trainers = [make(**training) for _ in range(2)]
    for number in range(4):
        for trainer in trainers:
            trainer.step(features(number))
    assert torch.equal(before, torch.get_rng_state())
    first, second = map(weights, trainers)
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = make(**training, seed=3)
    other.training = dataclasses.replace(other.training, seed=5)
    assert not torch.equal(weights(make(seed=4))["W_dec"], first["W_dec"])


@pytest.mark.parametrize(
    "training", [{"noise": 0.5}, {"latent_dropout": 0.5}, {"dropout": TemporalDropout(initial_rate=0.5)}]
)
def test_every_disturbance_changes_what_is_learned(training: dict[str, Any]) -> None:
    plain, disturbed = make(), make(**training)
    for number in range(3):
        plain.step(features(number))
        disturbed.step(features(number))
    assert not torch.equal(plain.sae.W_enc, disturbed.sae.W_enc)


def test_a_coupled_model_gets_the_gradient_and_a_detached_one_none() -> None:
    trainer = make()
    trainer.fit(features(0))
    x = features(1).requires_grad_()
    loss, _ = trainer.loss(x)
    loss.backward()
    assert x.grad is not None
    step = 1e-3 * torch.nn.functional.normalize(x.grad, dim=None)  # type: ignore[arg-type]
    with torch.no_grad():
        change = float(trainer.loss(x + step)[0] - trainer.loss(x - step)[0]) / 2
    assert change == pytest.approx(float((x.grad * step).sum()), rel=0.02)
    trainer.optimizer.zero_grad()
    y = features(1).requires_grad_()
    trainer.step(y)
    assert y.grad is None


def test_half_precision_around_it_changes_nothing() -> None:
    plain, around = make(), make()
    x = features(0).bfloat16()
    metrics = plain.step(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        other = around.step(x)
    assert torch.equal(metrics["reconstruction"], other["reconstruction"])
    assert torch.equal(plain.sae.W_enc, around.sae.W_enc)


@pytest.mark.parametrize("training", [{}, {"dropout": TemporalDropout(initial_rate=0.3, granularity="latent")}])
def test_bfloat16_only_names_candidates(training: dict[str, Any]) -> None:
    """Of the same weights the same latents are chosen but where their order is open, with the same values."""
    exact, half = make(**training), make(precision="bfloat16", **training)
    for trainer in (exact, half):
        trainer.fit(features(0))
    for number in range(5):
        x = features(number)
        losses = [trainer.loss(x)[0] for trainer in (exact, half)]
        assert losses[1].item() == pytest.approx(losses[0].item(), rel=1e-4)
        assert torch.equal(exact.fired, half.fired)
        for loss in losses:
            loss.backward()
        gradients = [trainer.sae.W_enc.grad for trainer in (exact, half)]
        torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-4)
        exact.update(num_tokens=len(x))
        half.update(num_tokens=len(x))


def test_dense_products_in_bfloat16_are_near_those_in_float32() -> None:
    exact, half = make("relu"), make("relu", precision="bfloat16")
    metrics = [trainer.step(features(0)) for trainer in (exact, half)]
    assert float(metrics[1]["reconstruction"]) == pytest.approx(float(metrics[0]["reconstruction"]), rel=0.02)
    assert not torch.equal(exact.sae.W_enc, half.sae.W_enc)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_no_numbers_are_refused(bad: float) -> None:
    trainer = make()
    x = features(0)
    x[5, 3] = bad
    with pytest.raises(UserError, match="at step 0 of the sparse autoencoder hold values that are no numbers"):
        trainer.step(x)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in trainer.sae.state_dict().values())


def test_what_is_frozen_stays() -> None:
    for frozen, still in (("decoder", ["W_dec"]), ("encoder", ["W_enc", "b_enc"])):
        trainer = make(frozen=frozen)
        before = weights(trainer)
        for number in range(3):
            trainer.step(features(number))
        for name, p in trainer.sae.named_parameters():
            assert torch.equal(before[name], p) == (name in still), (frozen, name)
            assert p.grad is None


def test_a_soft_frozen_decoder_stays_within_its_cone() -> None:
    trainer = make(frozen="soft-decoder", lr=0.1)
    before = trainer.sae.W_dec.detach().clone()
    for number in range(40):
        trainer.step(features(number))
    cosines = (before * trainer.sae.W_dec.detach()).sum(dim=1)
    assert float(cosines.min()) > 0.8 - 1e-5
    assert float(cosines.min()) < 0.81  # it would have gone further


def test_an_autoencoder_taken_up_again_keeps_its_function() -> None:
    trainer = make(steps=50)
    for number in range(50):
        trainer.step(features(number))
    again = trainer.sae.folded()
    x = 3 * features(77)  # norms have grown since
    expected = again(x).detach()
    SaeTrainer(again, SaeTraining()).fit(x)
    assert float(again.scale) == pytest.approx(math.sqrt(WIDTH / float(x.square().sum(dim=1).mean())))
    torch.testing.assert_close(again(x), expected, rtol=1e-4, atol=1e-4)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong, words in (
        ({"lr": 0.0}, "learning rate"),
        ({"precision": "float16"}, "float32 or bfloat16"),
        ({"steps": 0}, "at least 1 step"),
        ({"frozen": "all"}, "nothing is called all"),
        ({"latent_dropout": 1.0}, "latent_dropout"),
        ({"decay_fraction": 2.0}, "decay_fraction"),
    ):
        with pytest.raises(UserError, match=words):
            SaeTraining(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="did you mean"):
        SaeConfig(architecture="batch-topk")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="k must be between 1 and the number of latents"):
        SaeConfig(latents=4, k=5)
