"""Splicing routed reconstructions into a model."""

from typing import Any

import pytest
import torch

from chronolect.formation.reading.residuals import capture
from chronolect.formation.reading.splice import splice_measures
from chronolect.formation.routing import RouteConfig, RouteSae, RouteTrainer, routed_splice_measures
from chronolect.formation.sae.config import SaeConfig, SaeTraining

torch.set_num_threads(1)


def trained(model: Any, batches: list[torch.Tensor], **routing: Any) -> RouteSae:
    route = RouteSae([0, 1], model.config.hidden_size, SaeConfig(latents=64, k=4), RouteConfig(**routing))
    trainer = RouteTrainer(route, SaeTraining(steps=30, lr=3e-3, warmup_steps=1))
    with capture(model, [0, 1]) as streams, torch.no_grad():
        model(input_ids=torch.cat(batches))
    for _ in range(30):
        trainer.step(streams.stacked().flatten(0, 1))
    return route


@pytest.mark.parametrize("mode", ["advantage", "paper"])
def test_every_token_is_replaced_once(model: Any, batches: list[torch.Tensor], mode: Any) -> None:
    found = routed_splice_measures(model, trained(model, batches, mode=mode), batches)
    assert found["replaced"] == 3 * 4 * 16
    assert found["tokens"] == 3 * 4 * 15
    assert found["kl"] > 1e-4
    assert abs(found["delta_ce"]) > 1e-5


def test_a_fixed_layer_is_an_ordinary_splice(model: Any, batches: list[torch.Tensor]) -> None:
    route = trained(model, batches, mode="fixed", fixed_layer=1)
    routed = routed_splice_measures(model, route, batches)

    def plain(x: torch.Tensor) -> torch.Tensor:
        return route.sae(x * route.layer_scale[1]) / route.layer_scale[1]

    for name, value in splice_measures(model, 1, [plain], batches)[0].items():
        assert routed[name] == (None if value is None else pytest.approx(value, rel=1e-5, abs=1e-6)), name
