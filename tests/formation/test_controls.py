from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.formation.made_series import growing
from tests.formation.synth.made_series import perfect

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError
from chronolect.formation.analysis.analyse import analyse
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.analysis.snapshots import save_snapshot
from chronolect.formation.controls import (
    fewer_seeds,
    formation_controls,
    permuted_tokens,
    reversed_time,
    shuffled_order,
)
from chronolect.formation.synth.truth import SyntheticConfig, SyntheticRun

SETTINGS = AnalysisSettings(resamples=20, dense=0.3, window=2)
TOKENS = 6000


@pytest.fixture(scope="module")
def run() -> SyntheticRun:
    return SyntheticRun(
        SyntheticConfig(features=16, width=12, checkpoints=7, active=1.5, zipf=0.3, dying=0.3, initial=0.3)
    )


@pytest.fixture(scope="module")
def series(run: SyntheticRun) -> list[Series]:
    return perfect(run, tokens=TOKENS)


@pytest.fixture(scope="module")
def still(run: SyntheticRun) -> list[Series]:
    """Nothing changes."""
    return perfect(run, tokens=TOKENS, checkpoints=[6] * 7)


def test_shuffled_checkpoints_have_no_more_features_late_than_early(series: list[Series]) -> None:
    found = shuffled_order(series, SETTINGS, shuffles=400)
    rise = found["rise"]
    assert rise["in_order"] > rise["shuffled_high"]
    assert rise["shuffled_low"] < 0 < rise["shuffled_high"]
    assert abs(rise["shuffled"]) < 0.05
    assert rise["p"] < 0.05
    assert found["births"]["curve"]["share"][0] > found["births"]["in_order"][0]
    assert found["adjacency"]["difference"]["low"] > 0
    assert found["passed"] is True


def test_where_nothing_changes_order_means_nothing(still: list[Series]) -> None:
    found = shuffled_order(still, SETTINGS, shuffles=50)
    assert found["rise"]["in_order"] == pytest.approx(0)
    assert found["rise"]["p"] == 1
    assert found["adjacency"]["neighbours"] == found["adjacency"]["apart"] == 1
    assert found["passed"] is False


def test_permuted_tokens_leave_nothing_to_follow(series: list[Series]) -> None:
    found = permuted_tokens(series, SETTINGS)
    assert found["purity"]["measure"] == "functional"
    assert [value for value in found["purity"]["raw"] if value] == []
    assert found["seen_elsewhere"] == 0
    assert found["n"] > 10
    assert found["passed"] is True


def test_in_reversed_time_features_are_there_at_the_same_checkpoints(run: SyntheticRun, series: list[Series]) -> None:
    found = reversed_time(series, SETTINGS)
    born, died = int((run.births > 0).sum()), int((run.deaths < 7).sum())
    assert found["forwards"] == {"n": 16, "born": born, "died": died}
    # what was there at the end alone cannot be seen to be gone for two checkpoints, going back
    assert found["backwards"]["born"] == died
    assert abs(found["backwards"]["died"] - born) <= (run.births == 1).sum()
    assert found["purity"]["raw"][-1] is not None
    assert found["agreement"]["value"] == 1
    assert found["agreement"]["n"] == 16
    assert found["chance"] < 0.9
    assert found["passed"] is True


def test_what_is_hardly_heard_looks_different_from_either_end() -> None:
    run = growing(heard=0.52)  # latents of one feature correlate about as much as presence asks for
    found = reversed_time(run.series(1), SETTINGS)
    assert found["agreement"]["n"] > 10
    assert found["agreement"]["value"] < 0.9
    assert found["passed"] is False


def test_what_cannot_be_followed_from_both_ends_is_not_judged(series: list[Series]) -> None:
    found = reversed_time(series, replace(SETTINGS, least=10 * TOKENS))
    assert found["passed"] is None
    assert "too few" in found["told"]


def test_leaving_out_a_seed_moves_nothing_where_all_found_the_same(series: list[Series]) -> None:
    found = fewer_seeds(series, SETTINGS)
    assert found["largest_difference"] == 0
    assert set(found["by_seed_left_out"]) == {"0", "1", "2"}
    assert fewer_seeds(series[:2], SETTINGS)["passed"] is None


def stored(folder: Path, series: list[Series], metrics: dict[str, Any]) -> Path:
    """A folder as `formation track` leaves it, as far as controls read it."""
    for one in series:
        for snapshot in one.snapshots:
            place = folder / "series" / f"{one.group}-seed{one.seed}" / f"step-{snapshot.step}"
            place.mkdir(parents=True)
            save_snapshot(place, snapshot)
    write_json(folder / "evaluation_report.json", {"chrono_metrics": metrics})
    return folder


def test_the_command_judges_a_stored_following_with_its_own_thresholds(tmp_path: Path, series: list[Series]) -> None:
    track = stored(tmp_path / "track", series, analyse(series, SETTINGS))
    found = formation_controls(track, out=tmp_path / "out", controls=["shuffled-order", "seeds"], shuffles=100)
    written = read_json(tmp_path / "out" / "controls.json")
    assert set(found["controls"]) == set(written["controls"]) == {"shuffled-order", "seeds"}
    assert written["series"] == "base-cold"
    assert written["controls"]["shuffled-order"]["rise"]["n"] == analyse(series, SETTINGS)["births"]["n"]
    assert found["controls"]["seeds"]["passed"] is True
    assert np.isfinite(written["controls"]["shuffled-order"]["rise"]["p"])
    with pytest.raises(UserError, match=r'--series base-cld: not among base-cold \(did you mean "base-cold"\?\)'):
        formation_controls(track, out=tmp_path / "other", series="base-cld")
    with pytest.raises(UserError, match="--shuffles 3: at least 20"):
        formation_controls(track, out=tmp_path / "other", shuffles=3)
