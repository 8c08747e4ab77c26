"""Alerts between two snapshots."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from chronolect.formation.alerts import AlertSettings, alerts
from chronolect.formation.analysis.snapshots import Snapshot

TOKENS = 4000


def snapshot(step: int, features: list[int | None], **measures: Any) -> Snapshot:
    """Latent i fires on the tokens of feature `features[i]`, a fixed set of 120; None: it does not fire."""
    codes = np.zeros((TOKENS, len(features)), dtype=np.float32)
    noise = np.random.default_rng(step)
    for latent, feature in enumerate(features):
        if feature is not None:
            places = np.random.default_rng((7, feature)).choice(TOKENS, 120, replace=False)
            codes[places, latent] = noise.uniform(1, 1.5, 120)
    return Snapshot(step, scipy.sparse.csr_matrix(codes), np.eye(len(features), 8, dtype=np.float32), measures)


def by_name(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {alert["alert"]: alert for alert in found}


def test_births_and_deaths_are_told() -> None:
    found = by_name(alerts(snapshot(10, [0, 1, 2, 3]), snapshot(20, [1, 0, 4, None])))
    assert set(found) == {"births", "deaths"}
    assert found["births"]["features"] == [2]
    assert found["births"]["text"] == "1 of 3 features were not there at step 10"
    assert found["deaths"]["features"] == [2, 3]
    assert found["deaths"]["text"] == "2 of 4 features of step 10 are gone"
    assert (found["births"]["step"], found["births"]["since"], found["births"]["kept"]) == (20, 10, 2)


def test_nothing_changed_nothing_said() -> None:
    assert alerts(snapshot(10, [0, 1, 2]), snapshot(20, [2, 0, 1])) == []
    assert alerts(None, snapshot(10, [0, 1, 2])) == []


def test_rare_features_are_not_spoken_of() -> None:
    settings = AlertSettings(least=121)
    assert alerts(snapshot(10, [0, 1]), snapshot(20, [2, 3]), settings) == []


@pytest.mark.parametrize("where", ["decoder", "codes"])
def test_what_is_not_finite_is_all_that_is_told(where: str) -> None:
    ill = snapshot(20, [4, 5])
    (ill.decoder if where == "decoder" else ill.codes.data)[...] = math.nan
    assert list(by_name(alerts(snapshot(10, [0, 1]), ill))) == ["not finite"]


def test_a_fall_in_quality_is_told() -> None:
    before = snapshot(10, [0, 1], explained_variance=0.9, dead_share=0.1)
    found = by_name(alerts(before, snapshot(20, [0, 1], explained_variance=0.8, dead_share=0.3)))
    assert found["explained variance"]["text"] == "explained variance fell from 0.900 to 0.800"
    assert found["dead latents"]["text"] == "the share of dead latents rose from 10% to 30%"
    assert alerts(before, snapshot(20, [0, 1], explained_variance=0.88, dead_share=0.15)) == []
