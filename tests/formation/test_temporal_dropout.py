"""Temporal dropout: its schedules, its masks, and what it does in expectation."""

import math
from typing import Any

import pytest
import torch

from chronolect.errors import UserError
from chronolect.formation.temporal_dropout import Granularity, TemporalDropout


def test_schedules_fall_from_the_one_rate_to_the_other_and_stay() -> None:
    rates = {
        schedule: [
            TemporalDropout(initial_rate=0.4, min_rate=0.1, schedule=schedule, start=10, end=30).rate(step)  # type: ignore[arg-type]
            for step in (0, 10, 15, 20, 30, 1_000)
        ]
        for schedule in ("constant", "linear", "cosine")
    }
    assert rates["constant"] == pytest.approx([0.4] * 6)
    assert rates["linear"] == pytest.approx([0.4, 0.4, 0.325, 0.25, 0.1, 0.1])
    quarter = 0.1 + 0.3 * (1 + math.cos(math.pi / 4)) / 2
    assert rates["cosine"] == pytest.approx([0.4, 0.4, quarter, 0.25, 0.1, 0.1])


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_no_rate_is_ever_below_the_least_or_negative(schedule: Any) -> None:
    dropout = TemporalDropout(initial_rate=0.2, min_rate=0.05, schedule=schedule, end=77)
    assert all(0.05 <= dropout.rate(step) <= 0.2 for step in range(300))


def test_a_function_gives_any_schedule() -> None:
    dropout = TemporalDropout(schedule=lambda step: 0.1 * (step % 3))
    assert [dropout.rate(step) for step in range(4)] == pytest.approx([0, 0.1, 0.2, 0])
    with pytest.raises(UserError, match=r"the schedule gave 1\.5 at step 3"):
        TemporalDropout(schedule=lambda step: step / 2).rate(3)


@pytest.mark.parametrize(("granularity", "shape"), [("element", (30, 50)), ("input", (30, 1)), ("latent", (1, 50))])
def test_masks_have_their_form_and_share(granularity: Granularity, shape: tuple[int, int]) -> None:
    dropout = TemporalDropout(initial_rate=0.3, min_rate=0.3, granularity=granularity)
    masks = [dropout.mask(step, width=30, latents=50) for step in range(300)]
    assert all(mask is not None and mask.shape == shape and mask.dtype == torch.bool for mask in masks)
    share = torch.stack([mask for mask in masks if mask is not None]).double().mean()
    assert float(share) == pytest.approx(0.7, abs=0.015)


def test_a_mask_is_held_and_drawn_from_a_private_generator() -> None:
    dropout = TemporalDropout(initial_rate=0.5, min_rate=0.5, hold=3, seed=7)
    before = torch.get_rng_state()
    masks: list[Any] = [dropout.mask(step, width=8, latents=9) for step in range(6)]
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(masks[0], masks[2])
    assert torch.equal(masks[3], masks[5])
    assert not torch.equal(masks[2], masks[3])
    again: Any = TemporalDropout(initial_rate=0.5, min_rate=0.5, hold=3, seed=7).mask(4, width=8, latents=9)
    assert torch.equal(masks[4], again)
    other: Any = TemporalDropout(initial_rate=0.5, min_rate=0.5, hold=3, seed=8).mask(4, width=8, latents=9)
    assert not torch.equal(masks[4], other)


def test_rate_0_drops_nothing() -> None:
    assert TemporalDropout().mask(0, width=8, latents=9) is None


def test_in_expectation_it_is_a_penalty_on_the_weights_by_the_power_of_their_inputs() -> None:
    """Extra squared error of a linear unit: p/(1-p) · Σᵢ Wᵢf² E[xᵢ²]."""
    rate, width, latents = 0.25, 10, 40
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(width, latents, generator=generator, dtype=torch.float64)
    x = torch.randn(200, width, generator=generator, dtype=torch.float64) * torch.arange(1, width + 1) + 1
    dropout = TemporalDropout(initial_rate=rate, min_rate=rate)
    extra = torch.zeros(latents, dtype=torch.float64)
    draws = 2_000
    for step in range(draws):
        mask = dropout.mask(step, width=width, latents=latents)
        assert mask is not None
        extra += (x @ (weights * mask / (1 - rate)) - x @ weights).square().mean(dim=0) / draws
    expected = rate / (1 - rate) * (weights.square() * x.square().mean(dim=0)[:, None]).sum(dim=0)
    assert float((extra / expected).mean()) == pytest.approx(1, abs=0.02)
    torch.testing.assert_close(extra, expected, rtol=0.15, atol=0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"initial_rate": 0.1, "min_rate": 0.2}, "0 <= min_rate <= initial_rate < 1, not 0.2 and 0.1"),
        ({"initial_rate": 1.0}, "0 <= min_rate <= initial_rate < 1"),
        ({"initial_rate": -0.1, "min_rate": -0.1}, "0 <= min_rate"),
        ({"schedule": "cosin"}, 'there is no schedule cosin; .*did you mean "cosine"'),
        ({"granularity": "latents"}, 'did you mean "latent"'),
        ({"hold": 0}, "hold must be at least 1 step"),
        ({"start": 5, "end": 5}, r"its end \(5\) must come after its start \(5\)"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        TemporalDropout(**settings)
