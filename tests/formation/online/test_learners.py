"""Autoencoders that learn beside a model: their starts, their scale, their exact continuation."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.formation.online.settings import formation

from chronolect.formation.online.learners import Learner, make_judge, make_learners, memory_share
from chronolect.formation.online.sampling import counted_tokens, sample_places, without_sinks
from chronolect.formation.routing.model import RouteSae


def learners(*, layers: tuple[int, ...] = (1,), **changes: Any) -> list[Learner]:
    """Autoencoders of activations of width 16, and behind them the judge of routers."""
    config = formation(sae_latents=48, **changes)
    shared: dict[str, Any] = {"layers": layers, "width": 16, "steps": 40, "tokens": None, "seed": 7}
    judge = make_judge(config, **shared, device=torch.device("cpu"))
    return make_learners(config, **shared, device=torch.device("cpu")) + ([judge] if judge else [])


def activations(step: int, *, layers: int = 1, strength: float = 1.0) -> torch.Tensor:
    """A few directions, two of them in each token; float32 [200, layers, 16]."""
    generator = torch.Generator().manual_seed(step)
    directions = torch.randn(24, 16, generator=torch.Generator().manual_seed(99))
    codes = torch.rand(200, 24, generator=generator) * (torch.rand(200, 24, generator=generator) < 1 / 12)
    return strength * (codes @ directions)[:, None].repeat(1, layers, 1)


def test_conditions_of_one_seed_start_alike_and_seeds_do_not() -> None:
    found = {learner.name: learner.trainer.sae for learner in learners(sae_conditions=["base", "l2"])}
    assert list(found) == [f"{name}-warm-seed{seed}" for name in ("base", "l2") for seed in (0, 1)]
    assert torch.equal(found["base-warm-seed0"].W_dec, found["l2-warm-seed0"].W_dec)
    assert not torch.equal(found["base-warm-seed0"].W_dec, found["base-warm-seed1"].W_dec)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"alignment": "temporal_anchor"},
        {"alignment": "mutual"},
        {"dropout_rate": 0.2, "sae_conditions": ["base", "soft-frozen"]},
        {"route": "advantage", "layers": (0, 1)},
    ],
)
def test_learning_goes_on_to_the_same_bits(tmp_path: Path, changes: dict[str, Any]) -> None:
    layers = len(changes.get("layers", (1,)))
    whole, first, second = learners(**changes), learners(**changes), learners(**changes)
    for step in range(6):
        x = activations(step, layers=layers)
        for learner in whole:
            learner.learn(x)
        for learner in first if step < 3 else second:
            learner.learn(x)
        if step == 2:
            for one, other in zip(first, second, strict=True):
                one.save(tmp_path)
                other.load(tmp_path)
    for one, other in zip(whole, second, strict=True):
        assert all(
            torch.equal(a, b)
            for a, b in zip(one.sae.state_dict().values(), other.sae.state_dict().values(), strict=True)
        )


def test_activations_that_grow_are_learned_from_as_if_they_did_not() -> None:
    def error(growth: float, *, follows: bool) -> float:
        learner = learners(sae_seeds=1)[0]
        for step in range(60):
            x = activations(step, strength=growth ** (step / 60))
            if follows:
                learner.learn(x)
            else:  # with the scale of the first batch
                learner.trainer.step(x[:, 0])
        x = activations(1000, strength=growth)[:, 0]
        x_hat = learner.trainer.sae(x).detach()
        return float((x - x_hat).square().sum() / (x - x.mean(dim=0)).square().sum())

    assert error(400, follows=True) == pytest.approx(error(1, follows=True), rel=0.1)
    assert error(400, follows=False) != pytest.approx(error(1, follows=False), rel=0.1)


def test_the_judge_of_routers_reads_random_layers_from_a_start_of_its_own() -> None:
    *routers, judge = learners(route="advantage", layers=(0, 1))
    assert [learner.name for learner in routers] == ["base-warm-seed0", "base-warm-seed1"]
    assert isinstance(judge.sae, RouteSae)
    assert judge.sae.routing.mode == "random"
    assert not any(torch.equal(judge.sae.W_dec, learner.sae.W_dec) for learner in routers)
    for route in ("none", "random"):  # nothing learns where to read
        assert {learner.condition.name for learner in learners(route=route, layers=(0, 1))} == {"base"}


def test_a_latent_is_dead_after_a_tenth_of_all_tokens() -> None:
    def dead_after(tokens: int | None, **changes: Any) -> int:
        return formation(**changes).sae_training(steps=10, tokens=tokens, seed=0).dead_after

    assert [dead_after(tokens) for tokens in (5, 5_000, 10**9, None)] == [1, 500, 10_000_000, 10_000_000]
    assert [dead_after(tokens, sae_dead_after=70) for tokens in (5_000, None)] == [70, 70]


def test_sinks_and_what_is_no_text_are_left_out() -> None:
    ids = torch.tensor([[5, 6, 0, 7], [0, 1, 8, 9]])
    assert counted_tokens(ids, [0, 1]).tolist() == [[False, True, False, True], [False, False, True, True]]
    assert counted_tokens(ids, []).sum() == 6
    assert sample_places(counted_tokens(ids, [0, 1]), 10, seed=(1,)).tolist() == [1, 3, 6, 7]
    x = torch.ones(20, 2, 4)
    x[3, 1] *= 100
    assert len(without_sinks(x)) == 19


def test_memory_is_set_beside_the_models() -> None:
    model = torch.nn.Linear(100, 100, bias=False)
    share = memory_share(learners(sae_seeds=1), model)
    assert share == pytest.approx((2 * 16 * 48 + 16 + 48) / 10_000)
    model.requires_grad_(False)
    assert memory_share(learners(sae_seeds=1), model) == pytest.approx(4 * share)
