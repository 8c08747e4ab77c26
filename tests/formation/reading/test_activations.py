"""Activations as a stream of batches."""

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.residuals import read_residuals
from chronolect.models.loading import load_model

Rows = list[tuple[Tensor, Tensor]]


@pytest.fixture(scope="module")
def model(model_folder: Path) -> Any:
    return load_model(model_folder).eval()


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Six pairs of 4 rows of 16 tokens, whose first tokens do not count."""
    torch.manual_seed(0)
    ids = torch.randint(4, 300, (6, 4, 16))
    counted = torch.ones(6, 4, 16, dtype=torch.bool)
    counted[:, :, 0] = False
    return list(zip(ids, counted, strict=True))


def in_order(values: Tensor) -> Tensor:
    """Rows of a matrix in an order that their contents give."""
    return values[values[:, 0].argsort()]


def test_unshuffled_it_is_what_the_model_computes_in_order(model: Any, rows: Rows) -> None:
    batches = list(ActivationStream(model, [1], rows, batch_tokens=50))
    assert [len(batch) for batch in batches] == [50] * 7 + [10]
    expected = torch.cat([read_residuals(model, [1], ids)[:, 1:, 0].flatten(0, 1) for ids, _ in rows])
    assert torch.equal(torch.cat(batches), expected)


def test_shuffled_it_is_the_same_tokens_in_an_order_that_the_seed_gives(model: Any, rows: Rows) -> None:
    plain = torch.cat(list(ActivationStream(model, [1], rows, batch_tokens=40)))
    mixed = [
        torch.cat(list(ActivationStream(model, [1], rows, batch_tokens=40, shuffle_tokens=160, seed=s)))
        for s in (1, 1, 2)
    ]
    assert torch.equal(mixed[0], mixed[1])
    assert not torch.equal(mixed[0], mixed[2])
    assert not torch.equal(mixed[0], plain)
    assert torch.equal(in_order(mixed[0]), in_order(plain))


def test_several_layers_are_read_at_once(model: Any, rows: Rows) -> None:
    both = next(iter(ActivationStream(model, [0, 1], rows, batch_tokens=60)))
    assert both.shape == (60, 2, 32)
    assert torch.equal(both[:, 1], next(iter(ActivationStream(model, [1], rows, batch_tokens=60))))


def test_several_models_are_read_on_the_same_tokens(model: Any, rows: Rows) -> None:
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.get_input_embeddings().weight.mul_(0.5)
    settings: dict[str, Any] = {"batch_tokens": 60, "shuffle_tokens": 240, "seed": 5}
    both = next(iter(ActivationStream([model, other], [1], rows, **settings)))
    assert both.shape == (60, 2, 32)
    for place, one in enumerate((model, other)):
        assert torch.equal(both[:, place], next(iter(ActivationStream(one, [1], rows, **settings))))


def test_no_more_is_read_than_the_next_batch_needs(model: Any, rows: Rows) -> None:
    read = 0

    def endless() -> Iterator[tuple[Tensor, Tensor]]:
        nonlocal read
        for pair in itertools.cycle(rows):
            read += 1
            yield pair

    batches = iter(ActivationStream(model, [1], endless(), batch_tokens=60, shuffle_tokens=240))
    next(batches)
    assert read == 4  # of 60 tokens: what it draws from
    for _ in range(20):
        next(batches)
    assert read <= 4 + 20


def test_sinks_are_left_out_and_counted(model: Any, rows: Rows) -> None:
    loud = copy.deepcopy(model)
    with torch.no_grad():
        loud.get_input_embeddings().weight[5] *= 1000
    ids, counted = rows[0]
    ids = ids.clone()
    ids[:, 7] = 5
    stream = ActivationStream(loud, [0], [(ids, counted)], batch_tokens=8)
    found = torch.cat(list(stream))
    assert dict(stream.counts) == {"read": 4 * 14, "left_out": 4, "sinks": 4}
    everything = read_residuals(loud, [0], ids)[:, :, 0].norm(dim=-1)
    assert float(found.norm(dim=1).max()) < float(everything[:, 7].min())


def test_what_is_no_number_is_refused_by_name(model: Any, rows: Rows) -> None:
    broken = copy.deepcopy(model)
    with torch.no_grad():
        broken.get_input_embeddings().weight[int(rows[2][0][0, 3])] = float("nan")
    with pytest.raises(UserError, match="checkpoint-7: activations after block 1 hold values that are no numbers"):
        list(ActivationStream(broken, [1], rows, name="checkpoint-7"))


def test_in_bfloat16_it_is_nearly_the_same(model: Any, rows: Rows) -> None:
    exact, rough = (torch.cat(list(ActivationStream(model, [1], rows, bfloat16=b))) for b in (False, True))
    assert rough.dtype == torch.float32
    assert 0 < float((rough - exact).norm() / exact.norm()) < 0.02
