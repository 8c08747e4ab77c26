import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from tests.formation.made_series import MadeRun, growing, unchanging

from chronolect.errors import UserError
from chronolect.formation.analysis.analyse import AnalysisSettings, Series, analyse
from chronolect.formation.analysis.births_report import _half_bounds
from chronolect.formation.analysis.snapshots import Snapshot

SETTINGS = AnalysisSettings(window=2, least=30, resamples=200)
RUN = growing(features=140, latents=160)


@pytest.fixture(scope="module")
def series() -> list[Series]:
    return RUN.series()


@pytest.fixture(scope="module")
def found(series: list[Series]) -> dict[str, Any]:
    return analyse(series, SETTINGS)


def test_the_result_is_json_and_says_what_it_was_judged_by(found: dict[str, Any]) -> None:
    json.dumps(found, allow_nan=False)
    assert (found["series"], found["seeds"], found["steps"]) == ("base-cold", [0, 1, 2], RUN.steps())
    assert found["settings"]["on"] == 0.5
    assert found["births"]["on"] == 0.5


def test_purity_is_undefined_before_the_window_and_the_true_overlap_after_calibration(found: dict[str, Any]) -> None:
    pure = found["purity"]
    assert found["temporal_purity_scores"][:2] == [None, None]
    assert pure["gate"][:3] == ["before window", "before window", "converged"]
    assert pure["raw"][1] is None
    errors, raw_errors = [], []
    for place in range(2, RUN.checkpoints):
        true = RUN.overlap(place, 2)
        errors.append(pure["calibrated"][place] - true)
        raw_errors.append(abs(pure["raw"][place] - true))
        assert pure["calibrated_low"][place] <= true <= pure["calibrated_high"][place]
        assert pure["low"][place] < pure["raw"][place] < pure["high"][place]
    assert np.abs(errors).max() < 0.05
    assert min(raw_errors) > 0.05  # latents that are noise, and features missed by chance
    assert pure["null"] == 0
    assert (
        max(pure["same_index_purity"][2:]) < 0.05
    )  # of autoencoders in no common order the naive measure knows nothing
    assert found["final_temporal_purity"] == pure["calibrated"][-1]


def test_births_and_deaths_are_the_true_ones(found: dict[str, Any], series: list[Series]) -> None:
    steps = RUN.steps()
    place = {step: index for index, step in enumerate(steps)}
    directions = RUN.directions()
    right, feature_of = 0, []
    for event in found["feature_birth_events"]:
        reference = series[event["seed"]].snapshots[place[event["reference_step"]]]
        cosines = directions @ reference.decoder[event["feature"]]
        feature = int(cosines.argmax())
        assert cosines[feature] > 0.99  # none of them is noise
        feature_of.append(feature)
        assert event["initial"] == (RUN.births[feature] == 0)
        right += place[event["birth_step_hi"]] == RUN.births[feature]
        if event["death_step_hi"] is not None:
            assert abs(place[event["death_step_hi"]] - RUN.deaths[feature]) <= 1
        assert event["birth_step_lo"] is None or place[event["birth_step_lo"]] == place[event["birth_step_hi"]] - 1
        assert event["presence"][place[event["reference_step"]]] == 1
    assert len(feature_of) == len(set(feature_of))  # each once
    assert len(feature_of) >= 0.97 * 140
    assert right >= 0.97 * len(feature_of)


def test_the_curve_runs_from_the_initial_share_to_all(found: dict[str, Any]) -> None:
    births = found["births"]
    share = births["curve"]["share"]
    alive = RUN.alive(RUN.checkpoints - 1)
    expected = [float((RUN.births[alive] <= place).mean()) for place in range(RUN.checkpoints)]
    assert share == pytest.approx(expected, abs=0.03)
    assert births["n"] == births["initial"] + births["born"]
    assert share[0] == pytest.approx(births["initial"] / births["n"])
    for low, value, high in zip(births["curve"]["low"], share, births["curve"]["high"], strict=True):
        assert low <= value <= high
    assert births["curve"]["low"][2] < share[2] < births["curve"]["high"][2]
    assert births["half_birth_step_low"] < births["half_birth_step"] < births["half_birth_step_high"]
    assert births["presence_null"]["share_on"] == 0
    assert births["missed_by_chance"]["low"] < 1 - RUN.found < births["missed_by_chance"]["high"]
    assert births["judged"] == [True] * RUN.checkpoints
    assert births["presence_null"]["q99"] < 0.2


def test_what_was_there_for_too_short_is_told_of_those_born_later() -> None:
    class Flash(MadeRun):
        """All features of even number are there at the first checkpoint, too."""

        def alive(self, checkpoint: int) -> NDArray[np.bool_]:
            early = np.arange(len(self.births)) % 2 == 0
            return super().alive(checkpoint) | (early if checkpoint == 0 else np.zeros_like(early))

    births = np.repeat([0, 3], [10, 20])
    found = analyse(Flash(births, np.full(30, 6), 6, found=1.0).series(), SETTINGS)
    assert found["births"]["born"] == 20
    assert found["births"]["seen_before"] == 10
    before = [event["seen_before"] for event in found["feature_birth_events"]]
    assert sorted(before) == [[]] * 20 + [[0]] * 10


def test_where_none_is_born_there_is_no_half() -> None:
    births = analyse(unchanging().series(), SETTINGS)["births"]
    assert (births["born"], births["half_birth_step"], births["half_birth_step_low"]) == (0, None, None)


def test_all_of_few_is_not_certainty() -> None:
    kept = analyse(unchanging().series(), SETTINGS)["births"]["forward"]
    curve, early = kept["curve"], kept["curve"]["steps"].index(kept["reference_step"])
    assert curve["share"][-1] == curve["high"][-1] == 1
    assert 1 - 6 / kept["n"] < curve["low"][-1] < 1
    assert curve["low"][early] == 1  # they were chosen at that checkpoint


def test_forward_tracking_sees_deaths_that_the_last_checkpoint_cannot(found: dict[str, Any]) -> None:
    births = found["births"]
    ahead = births["forward"]
    early = RUN.steps().index(ahead["reference_step"])
    then, now = RUN.alive(early), RUN.alive(RUN.checkpoints - 1)
    assert ahead["died"] == pytest.approx((then & ~now).sum(), abs=1)
    assert ahead["curve"]["share"][-1] == pytest.approx((then & now).sum() / then.sum(), abs=0.03)
    assert births["died"] == 0
    confirmed = (
        RUN.deaths <= RUN.checkpoints - SETTINGS.hold
    )  # gone at the last checkpoint alone is not gone for certain
    assert births["vanished"] == pytest.approx(confirmed.sum(), abs=1)


def test_what_only_one_checkpoint_has_is_not_said_to_be_left() -> None:
    births = np.where(np.arange(40) < 20, 0, 2)
    brief = MadeRun(births, np.where(births == 2, 3, 7), 7)  # half of the features of the third checkpoint it alone has
    births_found = analyse(brief.series(), SETTINGS)["births"]
    ahead = births_found["forward"]
    assert ahead["reference_step"] == brief.steps()[2]
    assert ahead["curve"]["share"][2:4] == pytest.approx([1, 0.5], abs=0.05)
    assert ahead["died"] == pytest.approx(20, abs=1)
    assert births_found["vanished"] == 0  # none was there at two checkpoints, and so none is taken for born
    assert births_found["unconfirmed"] == pytest.approx(20, abs=1)


def test_a_half_way_step_has_an_open_end_where_samples_do_not_come_so_far() -> None:
    low, high = _half_bounds([10.0, 20.0, 30.0, None])
    assert (low, high) == (10.0, None)


def test_turnover_adds_up_and_is_the_true_one(found: dict[str, Any]) -> None:
    flow = found["turnover"]
    for place in range(RUN.checkpoints):
        assert flow["alive"][place] == pytest.approx(RUN.alive(place).sum(), abs=3)
        if place:
            assert flow["alive"][place] == flow["alive"][place - 1] + flow["born"][place] - flow["died"][place]
        if place < SETTINGS.window:
            assert flow["kept"][place] is None
        else:
            assert flow["kept"][place] == pytest.approx(RUN.overlap(place, SETTINGS.window), abs=0.03)


def test_where_nothing_changes_purity_is_one_and_nothing_is_born() -> None:
    found = analyse(unchanging().series(), SETTINGS)
    for unclipped, value in zip(
        found["purity"]["calibrated_unclipped"][2:], found["purity"]["calibrated"][2:], strict=True
    ):
        assert unclipped == pytest.approx(1, abs=0.15)
        assert value <= 1
    assert found["births"]["born"] + found["births"]["died"] <= 1
    assert sum(found["turnover"]["born"]) <= 2


def test_where_everything_is_replaced_purity_is_none() -> None:
    number = np.arange(60)
    run = MadeRun(number % 6, number % 6 + 1, 6)
    found = analyse(run.series(), replace(SETTINGS, window=1, on=0.5, hold=1))
    assert found["purity"]["calibrated"][1:] == [0, 0, 0, 0, 0]
    assert found["births"]["initial"] == 0


def test_a_given_ceiling_a_null_and_a_series_without_change() -> None:
    run = growing()
    warm = run.series(2, kind="warm")
    raw = analyse(warm, SETTINGS)
    assert raw["purity"]["ceiling"] is None
    assert raw["temporal_purity_scores"] == raw["purity"]["raw"]
    assert any("no ceiling" in line for line in raw["warnings"])
    by_number = analyse(warm, SETTINGS, null=0.0, ceiling=0.8)["purity"]
    assert by_number["calibrated_unclipped"][-1] == pytest.approx(by_number["raw"][-1] / 0.8)
    assert by_number["ceiling_from"] == "a number given"
    measured = analyse(warm, SETTINGS, ceiling=unchanging(5).series(2, kind="warm"))["purity"]
    assert 0.3 < measured["ceiling"] < 0.9
    assert measured["ceiling_from"] == "base-warm"
    assert measured["calibrated"][-1] > measured["raw"][-1]
    with pytest.raises(UserError, match="a window of 2 needs at least 3"):
        analyse(warm, SETTINGS, ceiling=unchanging(2).series(2, kind="warm"))


def test_a_checkpoint_that_is_not_converged_has_no_score_and_no_births() -> None:
    run = growing()
    poor = 4
    series = [
        Series(
            "base",
            "cold",
            seed,
            [
                run.snapshot(c, seed, measures={"explained_variance": 0.3 if c == poor else 0.8})
                for c in range(run.checkpoints)
            ],
        )
        for seed in range(2)
    ]
    found = analyse(series, SETTINGS)
    assert found["purity"]["gate"][poor] == "not converged"
    assert found["temporal_purity_scores"][poor] is None
    assert found["births"]["judged"] == [place != poor for place in range(run.checkpoints)]
    assert found["births"]["missed_by_chance"] is None  # two seeds
    assert found["purity"]["raw"][poor] is not None
    steps = run.steps()
    brackets = {(event["birth_step_lo"], event["birth_step_hi"]) for event in found["feature_birth_events"]}
    assert (steps[poor - 1], steps[poor + 1]) in brackets
    last = [event for event in found["feature_birth_events"] if event["reference_step"] == steps[-1]]
    assert all(event["birth_step_hi"] != steps[poor] for event in last)


def test_seeds_that_agree_on_nothing_leave_purity_unread() -> None:
    noise = MadeRun(np.zeros(0, np.int64), np.zeros(0, np.int64), 4)
    found = analyse(noise.series(2), SETTINGS)
    assert found["purity"]["raw"][2:] == [0, 0]
    assert found["purity"]["ceiling"] == 0
    assert found["temporal_purity_scores"] == [None] * 4  # not the 0 that was measured
    assert any("cannot be read at step 2, 4" in line for line in found["warnings"])


def test_every_measure_is_told_and_the_chosen_one_leads(found: dict[str, Any], series: list[Series]) -> None:
    by_measure = found["purity"]["by_measure"]
    assert found["purity"]["measure"] == "functional"
    assert by_measure["functional"] == found["purity"]["raw"]
    assert by_measure["both"][-1] <= by_measure["decoder"][-1]
    turned = [
        replace(
            one,
            snapshots=[
                Snapshot(s.step, s.codes, s.decoder * (-1) ** place) for place, s in enumerate(one.snapshots[:3])
            ],
        )
        for one in series[:2]
    ]
    pure = analyse(turned, replace(SETTINGS, measure="both"))["purity"]
    assert pure["raw"][2] == pure["by_measure"]["both"][2] == 0
    assert pure["by_measure"]["functional"][2] > 0.1


def test_decoders_held_in_place_count_for_nothing(series: list[Series]) -> None:
    two = [replace(one, snapshots=one.snapshots[:3]) for one in series[:2]]
    found = analyse(two, replace(SETTINGS, decoder_optimised=True))
    assert found["purity"]["measure"] == "functional"
    assert any("held decoder rows in place" in line for line in found["warnings"])


def test_what_does_not_belong_together_is_refused(series: list[Series]) -> None:
    with pytest.raises(UserError, match="no series"):
        analyse([])
    with pytest.raises(UserError, match="of seed 1 has 2 checkpoints and base-cold 7"):
        analyse([series[0], replace(series[1], snapshots=series[1].snapshots[:2])])
    with pytest.raises(UserError, match="not seeds of each other"):
        analyse([series[0], replace(series[1], condition="frozen-decoder")])
    with pytest.raises(UserError, match="there is no checkpoint of that step"):
        analyse(series[:1], replace(SETTINGS, early=5))
    with pytest.raises(UserError, match="0 <= off <= on <= 1"):
        AnalysisSettings(on=0.2, off=0.3)


def test_few_checkpoints_and_one_seed_are_said_to_be() -> None:
    short = growing().series(1)
    found = analyse([replace(short[0], snapshots=short[0].snapshots[:2])], SETTINGS)
    assert found["temporal_purity_scores"] == [None, None]
    assert [("single seed" in line, "too few checkpoints" in line) for line in found["warnings"][:2]] == [
        (False, True),
        (True, False),
    ]


def test_snapshots_without_a_living_latent_give_nothing_rather_than_zero() -> None:
    run = MadeRun(np.zeros(0, np.int64), np.zeros(0, np.int64), 4)
    silent = [
        Series("base", "cold", seed, [Snapshot(s.step, csr_matrix(s.codes.shape), s.decoder) for s in one.snapshots])
        for seed, one in enumerate(run.series(2))
    ]
    found = analyse(silent, SETTINGS)
    json.dumps(found, allow_nan=False)
    assert found["purity"]["raw"] == [None] * 4
    assert found["births"]["n"] == 0
    assert found["births"]["half_birth_step"] is None
