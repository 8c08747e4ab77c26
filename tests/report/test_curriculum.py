"""The page of a curriculum."""

from typing import Any

import pytest

from chronolect.report.curriculum import curriculum_page

PHASE: dict[str, Any] = {
    "phase": 1,
    "conversations": 2188,
    "steps": 207,
    "loss": 0.6062,
    "losses": [[10, 2.0971], [200, 0.6062]],
    "eval_loss": 0.6035,
    "minutes": 6.9,
}


def fourth(*, met: bool) -> dict[str, Any]:
    changes = {"phase": 4, "steps": 46, "loss": 0.9318, "eval_loss": None, "losses": [[1, 1.4941], [46, 0.9318]]}
    return {**PHASE, **changes, "chosen_step": 31, "chosen_loss": 1.0474, "threshold_met": met}


def test_it_shows_losses_and_the_chosen_checkpoint() -> None:
    page = curriculum_page({"phases": [PHASE, fourth(met=True)]})
    assert "In phase 1 it goes from 2.097 to 0.606. In phase 4 it goes from 1.494 to 0.932." in page
    assert "phase 4, step 46" in page
    assert "phase 1, held-out loss 0.6035" in page
    assert "checkpoint 31, the first with a loss below the threshold (1.0474)" in page
    assert "2 phases, 13 min 48 s of training" in page


@pytest.mark.parametrize(("met", "said"), [(True, "none was below"), (False, "the first with")])
def test_it_says_whether_the_threshold_was_met(met: bool, said: str) -> None:
    assert said not in curriculum_page({"phases": [fourth(met=met)]})
