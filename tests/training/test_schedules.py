"""Learning-rate schedules."""

import pytest
import torch
from transformers import get_linear_schedule_with_warmup

from chronolect.training.schedules import lr_multiplier


def curve(schedule: str, steps: int = 100, warmup: int = 10, **more: float) -> list[float]:
    """The factors of a whole run."""
    shape = {"min_ratio": 0.1, "decay_fraction": 0.2, **more}
    return [
        lr_multiplier(
            schedule, step=s, progress=s / steps, warmup_steps=warmup, warmup_progress=warmup / steps, **shape
        )  # type: ignore[arg-type]
        for s in range(steps)
    ]


@pytest.mark.parametrize("schedule", ["cosine", "wsd", "constant"])
def test_warm_up_rises_from_above_zero_to_one(schedule: str) -> None:
    factors = curve(schedule)
    assert 0 < factors[0] < factors[9] < 1.0
    assert factors[10] == pytest.approx(1.0)
    assert curve(schedule, warmup=0)[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("steps", "warmup"), [(207, 100), (46, 6), (35, 0)])
def test_linear_is_that_of_the_hugging_face_trainer(steps: int, warmup: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_linear_schedule_with_warmup(optimizer, warmup, steps)
    expected = []
    for _ in range(steps):
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
    assert curve("linear", steps, warmup, min_ratio=0.0) == pytest.approx(expected)


def test_cosine_falls_to_the_minimum() -> None:
    factors = curve("cosine")
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[55] == pytest.approx(0.55)
    assert factors[-1] == pytest.approx(0.1, abs=0.001)


def test_wsd_is_flat_then_falls_linearly() -> None:
    factors = curve("wsd")
    assert factors[10:81] == pytest.approx([1.0] * 71)
    assert factors[90] == pytest.approx(0.55)
    assert factors[-1] == pytest.approx(0.145)
    assert curve("wsd", decay_fraction=0.0)[-1] == 1.0


def test_constant_stays() -> None:
    assert set(curve("constant", warmup=0)) == {1.0}
