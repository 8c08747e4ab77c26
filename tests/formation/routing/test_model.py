"""The router and its autoencoder."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.routing import RouteConfig, RouteSae, RouteTrainer, load_route, middle_layers, save_route
from chronolect.formation.routing.toy import LayeredToy
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.formation.sae.files import load_trainer, save_trainer
from chronolect.formation.sae.measures import codes_of

torch.set_num_threads(1)
TOY = LayeredToy(width=16, features=24, noise=(0.02, 0.1, 0.2))


def made(*, architecture: Any = "batchtopk", **routing: Any) -> RouteSae:
    config = SaeConfig(latents=32, k=3, architecture=architecture)
    return RouteSae([1, 3, 4], 16, config, RouteConfig(**routing))


def trainer(steps: int = 0, *, l1: float = 0.0, architecture: Any = "batchtopk", **routing: Any) -> RouteTrainer:
    training = SaeTraining(steps=60, lr=3e-3, warmup_steps=5, l1=l1)
    new = RouteTrainer(made(architecture=architecture, **routing), training)
    for step in range(steps):
        new.step(states(step))
    return new


def states(seed: int, tokens: int = 128) -> Tensor:
    return TOY.sample(tokens, seed=seed)[0] * torch.tensor([1.0, 5.0, 0.2])[:, None] + 0.3


def test_middle_layers() -> None:
    assert middle_layers(16) == list(range(4, 13))
    assert middle_layers(2) == [0, 1]
    assert middle_layers(5) == [1, 2, 3]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "advantag"}, 'did you mean "advantage"'),
        ({"normalise": "tokens"}, 'did you mean "token"'),
        ({"mode": "fixed"}, "give both or neither"),
        ({"fixed_layer": 1}, "give both or neither"),
        ({"mode": "fixed", "fixed_layer": 2}, "none of the routed"),
        ({"temperature": 0.0}, "above 0"),
        ({"errors_every": 0}, "errors_every must be at least 1"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        made(**settings)


@pytest.mark.parametrize("layers", [[1], [1, 1, 2]])
def test_layers_to_choose_from(layers: list[int]) -> None:
    with pytest.raises(UserError, match="two different layers"):
        RouteSae(layers, 16, SaeConfig(latents=32, k=3), RouteConfig())


def test_defaults_of_the_paper() -> None:
    paper, other = RouteConfig(mode="paper"), RouteConfig()
    assert (paper.normalise, paper.pooling, paper.balance) == ("token", "sum", 0)
    assert (other.normalise, other.pooling, other.balance) == ("layer", "mean", 0.01)


def test_states_are_normalised_by_layer_or_by_token() -> None:
    x = states(0)
    by_layer = made()
    by_layer.fit_to(x)
    u = by_layer.normalised(x)
    torch.testing.assert_close(u.square().sum(dim=2).mean(dim=0), torch.full((3,), 16.0))
    assert u.square().sum(dim=2).std() > 1  # norms of tokens are kept
    u = made(mode="paper").normalised(x)
    torch.testing.assert_close(u.square().sum(dim=2), torch.full((128, 3), 16.0), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(u.mean(dim=2), torch.zeros(128, 3), atol=1e-5, rtol=0)


def test_a_trained_one_keeps_its_bias() -> None:
    route = trainer(20).route
    before = route.sae.b_dec.detach().clone()
    route.fit_to(states(0) * 3 + 1)
    assert torch.equal(route.sae.b_dec, before)


def test_probabilities() -> None:
    x, cold = states(0), made(temperature=0.01)
    cold.fit_to(x)
    warm = made(temperature=100.0)
    warm.fit_to(x)
    for route in (cold, warm):
        torch.testing.assert_close(route.probabilities(route.normalised(x)).sum(dim=1), torch.ones(128))
    assert cold.probabilities(cold.normalised(x)).max(dim=1).values.mean() > 0.9
    assert warm.probabilities(warm.normalised(x)).max(dim=1).values.mean() < 0.35
    assert torch.equal(cold.choose(x), warm.choose(x))


def test_what_is_encoded_is_the_state_of_the_chosen_layer() -> None:
    route = trainer(10).route
    x = states(77)
    u, index = route.normalised(x), route.choose(x)
    expected = torch.stack([route.sae.encode(u[b : b + 1, r])[0] for b, r in enumerate(index)])
    torch.testing.assert_close(route.encode(x), expected)
    assert len(set(index.tolist())) > 1
    fixed = made(mode="fixed", fixed_layer=3)
    torch.testing.assert_close(fixed.encode(x), fixed.sae.encode(fixed.normalised(x)[:, 1]))
    assert codes_of(cast(Any, route), [x]).shape == (128, 32)


def test_random_layers_are_the_same_each_time_and_even() -> None:
    route = made(mode="random")
    x = states(0, tokens=3000)
    chosen = route.choose(x)
    assert torch.equal(chosen, route.choose(x))
    assert torch.bincount(chosen).min() > 900
    assert not torch.equal(chosen, made(mode="random", seed=1).choose(x))


@pytest.mark.parametrize("mode", ["advantage", "paper"])
def test_reconstructions_come_back_in_the_models_units(mode: Any) -> None:
    made_by = trainer(60, mode=mode)
    route, x = made_by.route, states(1000, tokens=500)
    chosen, share = route.choice(x)
    for place in range(3):
        here = chosen == place
        if here.sum() < 50:
            continue
        found = x[here, place]
        error = (route.reconstruct(found, place=place, share=share[here]) - found).square().sum()
        assert error < 0.6 * (found - found.mean(dim=0)).square().sum()
    u = route.normalised(x)
    at = torch.arange(len(x))
    inner = (route.sae(u[at, chosen] * share[:, None]) / share[:, None] - u[at, chosen]).square().sum(dim=1)
    torch.testing.assert_close(route.squared_errors(u)[at, chosen], inner, rtol=1e-3, atol=1e-4)
    assert (share == 1).all() == (mode == "advantage")


def gradient_of_router(**routing: Any) -> Any:
    """With the losses of its own left out."""
    new = trainer(1, balance=0.0, advantage=0.0, **routing)
    new.loss(states(5))[0].backward()
    return new.route.router.grad


def test_what_reaches_the_router() -> None:
    assert gradient_of_router(mode="paper").abs().max() > 0
    assert gradient_of_router(straight_through=True).abs().max() > 0
    assert gradient_of_router(mixing="soft").abs().max() > 0
    assert gradient_of_router().abs().max() == 0
    assert gradient_of_router(mode="random") is None


def test_the_papers_loss_is_blind_to_the_scale_of_its_target() -> None:
    new = trainer(mode="paper")
    error, targets = torch.randn(50, 16), torch.randn(50, 16)
    assert new.normalised_error(error, targets) == pytest.approx(float(new.normalised_error(error / 3, targets / 3)))
    expected = (error.square().mean(dim=1) / targets.square().mean(dim=1)).mean()
    assert float(new.normalised_error(error, targets)) == pytest.approx(float(expected), rel=1e-5)


def test_the_routers_loss_is_the_one_described() -> None:
    new = trainer(3, errors_tokens=128, advantage=2.0, balance=0.5)
    x = states(9)
    assert new.difficulty is not None
    before = new.difficulty.clone()
    _, metrics = new.loss(x)
    u = new.route.normalised(x)
    q = new.route.probabilities(u).detach()
    e = new.route.squared_errors(u) / u.var(dim=0, correction=0).sum(dim=1)
    m = 0.95 * before + 0.05 * e.mean(dim=0)
    torch.testing.assert_close(new.difficulty, m)
    a = (e - m) - (e - m).mean(dim=1, keepdim=True)
    assert float(metrics["router"]) == pytest.approx(2 * float((q * a).sum(dim=1).mean()), rel=1e-3, abs=1e-6)
    used = torch.bincount(q.argmax(dim=1), minlength=3) / len(q)
    assert float(metrics["balance"]) == pytest.approx(0.5 * 3 * float((used * q.mean(dim=0)).sum()), rel=1e-5)


def test_the_routers_losses_come_every_so_many_steps() -> None:
    new = trainer(errors_every=3)
    found = [set(new.step(states(step))) for step in range(6)]
    assert ["router" in names for names in found] == [True, False, False] * 2
    assert all("usage_entropy" in names for names in found)


def test_load_balance_evens_out_use() -> None:
    def use(balance: float) -> float:
        new = trainer(balance=balance, advantage=0.0)
        with torch.no_grad():
            new.route.router[:, 1] += 0.1  # a liking for one layer
        for step in range(60):
            metrics = new.step(states(step) + 1.0)
        return float(metrics["usage_entropy"])

    assert use(1.0) > use(0.0) + 0.2


@pytest.mark.parametrize("warmup", ["random", "soft"])
def test_warm_up_shows_every_layer(warmup: Any) -> None:
    """A router that would only ever choose one layer: what the autoencoder gets meanwhile is of all of them."""
    new = trainer(warmup_steps=5, warmup=warmup, advantage=0.0, balance=0.0)
    x = states(0)
    new.fit(x)
    with torch.no_grad():
        new.route.router.copy_(10 * torch.nn.functional.one_hot(torch.tensor([2] * 16), 3).float())
    u = new.route.normalised(x)
    inputs, targets, _ = new.prepare(x)
    distances = (u - inputs[:, None]).square().sum(dim=2).argmin(dim=1)
    if warmup == "random":
        assert torch.bincount(distances, minlength=3).min() > 20
    else:
        torch.testing.assert_close(inputs, (new.route.probabilities(u)[:, :, None] * u).sum(dim=1))
    assert torch.equal(inputs, targets)
    new.steps = 5
    torch.testing.assert_close(
        new.prepare(x)[0], u[torch.arange(128), new.route.choose(x)]
    )  # afterwards the router's choice


def test_the_l1_baseline_trains() -> None:
    sparse, plain = (trainer(60, architecture="relu", l1=l1) for l1 in (0.3, 0.0))
    x = states(500)
    assert (sparse.route.encode(x) > 0).sum() < 0.8 * (plain.route.encode(x) > 0).sum()


@pytest.mark.parametrize("mode", ["advantage", "paper", "random"])
def test_resumed_to_the_same_bits(tmp_path: Path, mode: Any) -> None:
    whole, half = trainer(12, mode=mode, warmup_steps=9), trainer(6, mode=mode, warmup_steps=9)
    save_trainer(tmp_path, half)
    resumed = trainer(mode=mode, warmup_steps=9)
    load_trainer(tmp_path, resumed)
    for step in range(6, 12):
        resumed.step(states(step))
    for name, tensor in whole.route.state_dict().items():
        assert torch.equal(tensor, resumed.route.state_dict()[name]), name


def test_seeds_decide() -> None:
    one, same, other = (trainer(5, seed=seed).route for seed in (0, 0, 1))
    assert torch.equal(one.router, same.router)
    assert not torch.equal(one.router, other.router)


@pytest.mark.parametrize("mode", ["advantage", "paper"])
def test_saved_and_read(tmp_path: Path, mode: Any) -> None:
    route = trainer(20, mode=mode).route
    save_route(tmp_path, route, metadata={"step": 7})
    read, x = load_route(tmp_path), states(3)
    assert torch.equal(read.choose(x), route.choose(x))
    torch.testing.assert_close(read.encode(x), route.encode(x))
    assert read.layers == (1, 3, 4)
    (tmp_path / "router.safetensors").unlink()
    with pytest.raises(UserError, match=r"router\.safetensors: no such file"):
        load_route(tmp_path)
