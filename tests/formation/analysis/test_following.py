from dataclasses import replace

import numpy as np
import pytest
from tests.formation.made_series import MadeRun, growing

from chronolect.formation.analysis.following import features_at, follow, forward, missed_by_chance, presence_null
from chronolect.formation.analysis.series import AnalysisSettings, Series

SETTINGS = AnalysisSettings(least=30)
RUN = growing()


@pytest.fixture(scope="module")
def series() -> list[Series]:
    return RUN.series()


def test_noise_is_no_feature_and_each_counts_once(series: list[Series]) -> None:
    last = RUN.checkpoints - 1
    features = features_at(series, last, SETTINGS)
    # a feature is found by one seed in .95 of cases: by at least two of three in .993
    assert len(features) == pytest.approx(RUN.alive(last).sum(), abs=1)
    assert (features.members.sum(axis=1) >= 2).all()
    assert set(features.seed) <= {0, 1}  # what only the third seed has, no other confirms
    alone = features_at(series[:1], last, SETTINGS)
    assert len(alone) == RUN.latents  # with one seed noise cannot be told


def test_presence_is_high_where_a_feature_was_found_and_low_where_it_was_not(series: list[Series]) -> None:
    final, *vanished = follow(series, SETTINGS)
    assert final.reference == RUN.checkpoints - 1
    assert (final.presence[:, -1] == 1).all()
    assert ((final.presence > 0.6) | (final.presence < 0.2)).all()
    # what died before the end is followed from where it was last seen, each once; one more was missed by two seeds at the end
    seen = [(features.reference, there) for features in vanished for there in features.presence[:, -1] >= SETTINGS.off]
    ends = sorted(RUN.deaths[~RUN.alive(RUN.checkpoints - 1)] - 1)
    assert sorted(reference for reference, there in seen if not there) == ends
    assert sum(there for _, there in seen) <= 1


def test_the_match_is_the_latent_meant(series: list[Series]) -> None:
    final = follow(series, SETTINGS)[0]
    for i in range(len(final)):
        for place in np.flatnonzero(final.presence[i] > 0.6):
            other = series[final.match_seed[i, place]].snapshots[place]
            own = series[final.seed[i]].snapshots[-1]
            cosine = own.decoder[final.latent[i]] @ other.decoder[final.match[i, place]]
            assert cosine == pytest.approx(1, abs=1e-5)


def test_what_vanished_is_not_looked_for_where_not_asked(series: list[Series]) -> None:
    assert len(follow(series, AnalysisSettings(least=30, vanished=False))) == 1


def test_forward_from_an_early_checkpoint(series: list[Series]) -> None:
    features = forward(series, 2, SETTINGS)
    assert len(features) == pytest.approx(RUN.alive(2).sum(), abs=1)
    gone = (features.presence[:, -1] < 0.3).sum()
    assert gone == pytest.approx((RUN.alive(2) & ~RUN.alive(RUN.checkpoints - 1)).sum(), abs=1)


def test_presence_by_chance_is_what_many_correlations_give(series: list[Series]) -> None:
    final = follow(series, SETTINGS)[0]
    null = presence_null(final, series, 3, seed=0)
    # the highest of 192 correlations of independent normal values is about 2.7 / sqrt(3000); sparse ones reach farther
    assert 2.7 < np.median(null) * np.sqrt(RUN.tokens) < 4.5
    assert null.max() < SETTINGS.off


def test_no_feature_at_all_is_no_failure() -> None:
    quiet = MadeRun(np.zeros(0, np.int64), np.zeros(0, np.int64), 3)
    final, *vanished = follow(quiet.series(2), SETTINGS)
    assert (len(final), vanished) == (0, [])
    assert final.presence.shape == (0, 3)


def test_what_one_seed_misses_of_what_the_others_found_is_how_often_it_finds_nothing() -> None:
    blind = MadeRun(np.zeros(120, np.int64), np.full(120, 2), 2, latents=140, found=0.8)
    missed = missed_by_chance(blind.series(), SETTINGS)
    assert missed is not None
    assert missed["share"] == pytest.approx(0.2, abs=0.05)
    assert missed["low"] < 0.2 < missed["high"]
    assert missed["n"] == pytest.approx(0.64 * 120, abs=12)  # both of two seeds have to find it
    seeing = missed_by_chance(replace(blind, found=1.0).series(), SETTINGS)
    assert seeing is not None
    assert seeing["share"] == seeing["low"] == 0 < seeing["high"]
    assert missed_by_chance(blind.series(2), SETTINGS) is None
    nothing = MadeRun(np.zeros(0, np.int64), np.zeros(0, np.int64), 2)
    assert missed_by_chance(nothing.series(), SETTINGS) == {"share": None, "low": None, "high": None, "n": 0}
