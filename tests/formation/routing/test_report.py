"""Whether a router's choices mean anything: the report, on a toy whose best layers are known."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from chronolect.formation.routing import (
    RouteConfig,
    RouteSae,
    RouteTrainer,
    combine_reports,
    router_report,
    router_table,
)
from chronolect.formation.routing.report import choices, router_agreement
from chronolect.formation.routing.toy import LayeredToy
from chronolect.formation.sae.config import SaeConfig, SaeTraining

torch.set_num_threads(1)
TOY = LayeredToy(width=32, features=40, noise=(0.05, 0.12, 0.2), extra=0.2)


@cache
def trained(mode: Any, seed: int = 0, steps: int = 120) -> RouteSae:
    fixed = 0 if mode == "fixed" else None
    routing = RouteConfig(mode=mode, fixed_layer=fixed, seed=seed)
    route = RouteSae(TOY.layers, 32, SaeConfig(latents=64, k=3), routing, seed=seed)
    trainer = RouteTrainer(route, SaeTraining(steps=steps, lr=5e-3, warmup_steps=10, seed=seed))
    for step in range(steps):
        trainer.step(TOY.sample(160, seed=1000 * seed + step)[0])
    return route


def probe() -> tuple[list[Tensor], Tensor]:
    x, best = TOY.sample(3000, seed=10**6)
    return list(x.split(700)), best


def test_advantage_finds_the_best_layer_and_the_papers_loss_does_not() -> None:
    batches, best = probe()
    agree, regret = {}, {}
    for mode in ("advantage", "paper", "random"):
        route = trained(mode)
        agree[mode] = float((choices(route, batches) == best.numpy()).mean())
        regret[mode] = router_report(route, batches)["adjusted_regret"]
    assert agree["advantage"] > 0.5  # chance is a third
    assert agree["paper"] < 0.42
    assert regret["advantage"] < 0.75
    assert regret["paper"] > 0.85
    assert regret["random"] == pytest.approx(1, abs=0.08)


def test_what_the_report_holds() -> None:
    batches, _ = probe()
    route = trained("advantage")
    report = router_report(route, batches)
    assert report["layers"] == [0, 1, 2]
    assert report["tokens"] == 3000
    assert sum(report["usage"]) == pytest.approx(1)
    assert 0 < report["usage_entropy"] <= 1
    assert report["explained_variance"][0] > report["explained_variance"][2]  # less noise
    assert report["random"]["regret"] == pytest.approx(1, abs=0.08)
    assert report["random"]["adjusted_regret"] == pytest.approx(1, abs=0.08)
    assert report["best_fixed"]["layer"] == 0
    assert report["best_fixed"]["adjusted_regret"] == pytest.approx(1)
    assert report["best_fixed"]["usage_entropy"] == 0
    assert report["best_fixed"]["explained_variance_routed"] == pytest.approx(report["explained_variance"][0])
    assert report["informative"] is None
    assert report["verdict"] == "router not judged: 1 seed, and it takes 3"

    # the same numbers whatever the batches are
    again = router_report(route, list(torch.cat(batches).split(1000)))
    assert again["adjusted_regret"] == pytest.approx(report["adjusted_regret"], rel=1e-4)

    # and by hand
    u = route.normalised(torch.cat(batches))
    e = (route.squared_errors(u) / u.var(dim=0, correction=0).sum(dim=1)).double()
    at = e.gather(1, route.choose(torch.cat(batches))[:, None]).mean()
    regret = (at - e.min(dim=1).values.mean()) / (e.mean() - e.min(dim=1).values.mean())
    assert report["regret"] == pytest.approx(float(regret), rel=1e-4)
    assert report["explained_variance_routed"] == pytest.approx(1 - float(at), rel=1e-4)
    assert report["explained_variance"] == pytest.approx((1 - e.mean(dim=0)).tolist(), rel=1e-4)


def test_layers_that_are_not_routed_have_no_verdict() -> None:
    batches, _ = probe()
    report = router_report(trained("fixed"), batches)
    assert report["mean_probability"] is None
    assert report["adjusted_regret"] == pytest.approx(1)
    assert report["usage"] == [1, 0, 0]
    assert report["verdict"] == "no router to judge: layers are fixed"


def test_a_verdict_takes_three_seeds() -> None:
    batches, _ = probe()
    judge = trained("random")
    reports = [router_report(trained("advantage", seed), batches, judge=judge) for seed in range(3)]
    combined = combine_reports(reports)
    values = [report["adjusted_regret"] for report in reports]
    adjusted = combined["adjusted_regret"]
    assert adjusted["value"] == pytest.approx(np.mean(values))
    half = 4.302653 * np.std(values, ddof=1) / np.sqrt(3)  # Student's t, two degrees of freedom
    assert adjusted["high"] - adjusted["value"] == pytest.approx(half, rel=1e-4)
    assert combined["informative"] is True
    assert combined["verdict"].startswith("router informative: adjusted regret below 0.9 over 3 seeds")
    own = combine_reports([report | {"impartial": None} for report in reports])
    assert own["informative"] is None
    assert "may know no better" in own["verdict"]
    blind = combine_reports([report | {"impartial": report["random"]} for report in reports])
    assert blind["informative"] is False
    assert blind["verdict"].endswith("by an impartial autoencoder")
    two = combine_reports(reports[:2])
    assert two["informative"] is None
    assert (two["adjusted_regret"]["low"], two["adjusted_regret"]["high"], two["adjusted_regret"]["n"]) == (
        None,
        None,
        2,
    )
    even = combine_reports([report | {"usage_entropy": use} for report, use in zip(reports, (0.9, 1, 1), strict=True)])
    assert 0.8 < even["usage_entropy"]["low"] < even["usage_entropy"]["high"] == 1
    table = router_table(combined)
    assert "best layer" in table
    assert f"[{adjusted['low']:.3f}, {adjusted['high']:.3f}]" in table
    assert table.endswith(combined["verdict"])
    assert "router not judged" in router_table(reports[0])


def test_an_uninformative_router_is_called_so() -> None:
    batches, _ = probe()
    paper = combine_reports([router_report(trained("paper", seed, 40), batches) for seed in range(3)])
    assert paper["informative"] is False
    assert paper["verdict"].startswith("router uninformative: adjusted regret not below 0.9")


def test_an_impartial_judge_tells_a_router_that_learned_from_one_that_never_did() -> None:
    batches, _ = probe()
    judge = trained("random")
    reports = {}
    for name, weight in (("learned", 5.0), ("unlearned", 0.0)):
        routing = RouteConfig(seed=0, advantage=weight, balance=0.0)
        route = RouteSae(TOY.layers, 32, SaeConfig(latents=64, k=3), routing)
        trainer = RouteTrainer(route, SaeTraining(steps=120, lr=5e-3, warmup_steps=10))
        for step in range(120):
            trainer.step(TOY.sample(160, seed=step)[0])
        reports[name] = router_report(route, batches, judge=judge)
    assert reports["learned"]["impartial"]["adjusted_regret"] < 0.75
    assert reports["unlearned"]["impartial"]["adjusted_regret"] > 0.9
    assert "impartially" in router_table(reports["learned"])
    assert reports["learned"]["impartial"]["usage"] == reports["learned"]["usage"]
    combined = combine_reports([reports["unlearned"]] * 3)
    assert combined["informative"] is False
    assert "uninformative" in combined["verdict"]


def test_agreement() -> None:
    batches, best = probe()
    truth = best.numpy()
    assert router_agreement(truth, truth, layers=3) == {"agreement": 1, "kappa": pytest.approx(1)}
    shuffled = np.random.default_rng(0).permutation(truth)
    assert router_agreement(truth, shuffled, layers=3)["kappa"] == pytest.approx(0, abs=0.06)
    one = np.zeros(10, dtype=np.int64)
    assert router_agreement(one, one, layers=3) == {"agreement": 1, "kappa": None}
    found = router_agreement(
        choices(trained("advantage"), batches), choices(trained("advantage", 1), batches), layers=3
    )
    assert (found["kappa"] or 0) > 0.3
