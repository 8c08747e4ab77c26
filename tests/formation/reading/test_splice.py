"""Splicing reconstructions into a model."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from chronolect.errors import UserError
from chronolect.formation.reading.residuals import capture
from chronolect.formation.reading.splice import Batch, Substitute, sinks, splice_measures

torch.set_num_threads(1)


def splice_one(model: Any, layer: int, change: Substitute, batches: Sequence[Batch]) -> dict[str, Any]:
    (found,) = splice_measures(model, layer, [change], batches)
    return found


@torch.no_grad()
def mean_ce(model: Any, batches: list[torch.Tensor]) -> float:
    losses = []
    for ids in batches:
        logits = model(input_ids=ids).logits[:, :-1]
        losses.append(torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"))
    return float(torch.cat(losses).mean())


def test_what_changes_nothing_costs_nothing(model: Any, batches: list[torch.Tensor]) -> None:
    found = splice_one(model, 0, lambda x: x, batches)
    assert found["delta_ce"] == 0
    assert found["kl"] == 0
    assert found["loss_recovered_zero"] in (1, None)
    assert found["ce"] == pytest.approx(mean_ce(model, batches), rel=1e-6)
    assert found["tokens"] == 3 * 4 * 15


@pytest.mark.parametrize("layer", [0, 1])
def test_a_reconstruction_that_errs_is_felt(model: Any, batches: list[torch.Tensor], layer: int) -> None:
    found = splice_one(model, layer, lambda x: 0.5 * x + 0.3, batches)
    assert abs(found["delta_ce"]) > 1e-3
    assert found["kl"] > 1e-3
    assert found["delta_ce"] == pytest.approx(found["ce_spliced"] - found["ce"])


def test_zeros_and_means_recover_nothing_of_themselves(model: Any, batches: list[torch.Tensor]) -> None:
    zero = splice_one(model, 0, torch.zeros_like, batches)
    assert zero["ce_spliced"] == zero["ce_zero"]
    assert zero["loss_recovered_zero"] in (0, None)
    with capture(model, [0]) as streams:
        model(input_ids=torch.cat(batches))
    mean = streams[0].flatten(0, 1).mean(dim=0)
    found = splice_one(model, 0, lambda x: mean.expand_as(x), batches)
    assert found["ce_spliced"] == pytest.approx(found["ce_mean"], abs=1e-5)


def test_masked_tokens_and_sinks_pass_as_they_are(model: Any, batches: list[torch.Tensor]) -> None:
    seen: list[int] = []

    def broken(x: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        return torch.zeros_like(x)

    ids = batches[0]
    counted = torch.zeros_like(ids, dtype=torch.bool)
    counted[:, 8:12] = True
    found = splice_one(model, 1, broken, [(ids, counted)])
    assert seen == [16]
    assert found["replaced"] == 16
    assert found["tokens"] == 16

    # padding at the end of rows changes nothing at all
    padded = torch.cat([ids, torch.zeros_like(ids)], dim=1)
    mask = torch.cat([torch.ones_like(ids), torch.zeros_like(ids)], dim=1).bool()
    plain, longer = (splice_one(model, 0, lambda x: 0.9 * x, [batch]) for batch in (ids, (padded, mask)))
    for name, value in plain.items():
        assert longer[name] == (None if value is None else pytest.approx(value, rel=1e-5, abs=1e-6))

    stream = torch.ones(1, 5, 3)
    stream[0, 2] *= 11
    assert sinks(stream, torch.ones(1, 5, dtype=torch.bool)).tolist() == [[False, False, True, False, False]]


def test_a_sink_is_left_alone(model: Any, batches: list[torch.Tensor]) -> None:
    embeddings = model.get_input_embeddings().weight
    kept = embeddings[5].clone()
    ids = batches[0].clone()
    ids[:, 4] = 5
    try:
        with torch.no_grad():
            embeddings[5] *= 10_000  # the first block's stream of this token is now a sink
        found = splice_one(model, 0, lambda x: x, [ids])
    finally:
        with torch.no_grad():
            embeddings[5] = kept
    assert found["replaced"] == int((ids != 5).sum())


def test_recovered_share(model: Any, batches: list[torch.Tensor]) -> None:
    found = splice_one(model, 0, lambda x: 0.5 * x, batches)
    for name in ("zero", "mean"):
        ablated = found[f"ce_{name}"]
        expected = (ablated - found["ce_spliced"]) / (ablated - found["ce"]) if ablated > found["ce"] else None
        assert found[f"loss_recovered_{name}"] == (None if expected is None else pytest.approx(expected))
    assert math.isfinite(found["kl"])


def test_several_are_each_tried_by_themselves(model: Any, batches: list[torch.Tensor]) -> None:
    changes: list[Substitute] = [lambda x: 0.5 * x, torch.zeros_like, lambda x: x]
    assert splice_measures(model, 1, changes, batches) == [splice_one(model, 1, change, batches) for change in changes]


def test_the_error_is_that_of_rows(model: Any, batches: list[torch.Tensor]) -> None:
    ids = torch.cat(batches)

    def change(x: torch.Tensor) -> torch.Tensor:
        return 0.5 * x + 0.3

    found = splice_one(model, 0, change, [ids])
    alone = torch.tensor([splice_one(model, 0, change, [row[None]])["delta_ce"] for row in ids])
    assert found["delta_ce_se"] == pytest.approx(float(alone.std() / len(ids) ** 0.5), rel=1e-4)
    assert splice_one(model, 0, change, [ids[:1]])["delta_ce_se"] is None


def test_mode_is_put_back(model: Any, batches: list[torch.Tensor]) -> None:
    model.train()
    splice_one(model, 0, lambda x: x, batches[:1])
    assert model.training
    model.eval()


def test_bad_layers_and_rows(model: Any, batches: list[torch.Tensor]) -> None:
    with pytest.raises(UserError, match="layer 7: this model has blocks 0 to 1"):
        splice_one(model, 7, lambda x: x, batches)
    with pytest.raises(UserError, match="no token to predict"):
        splice_one(model, 0, lambda x: x, [batches[0][:, :1]])
