import numpy as np
import pytest
from tests.formation.made_series import WIDTH, unchanging

from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.analysis.snapshots import Snapshot
from chronolect.formation.analysis.subspaces import overlap, span, unmatched_overlap

SETTINGS = AnalysisSettings(least=30)


def test_overlap_by_hand() -> None:
    axes = np.eye(4)
    same = overlap(axes[:, :2], axes[:, [1, 0]])
    assert (same.value, same.chance, same.ranks) == (1.0, 0.5, (2, 2))
    assert overlap(axes[:, :2], axes[:, 2:]).value == 0
    assert overlap(axes[:, :1], axes[:, :3]).value == 1  # the smaller lies in the larger
    turned = np.array([[np.cos(0.5)], [np.sin(0.5)], [0], [0]])
    assert overlap(axes[:, :1], turned).value == pytest.approx(np.cos(0.5) ** 2)


def test_chance_is_that_of_random_subspaces() -> None:
    random = np.random.default_rng(0)
    found = [
        overlap(np.linalg.qr(random.normal(size=(30, 6)))[0], np.linalg.qr(random.normal(size=(30, 9)))[0])
        for _ in range(200)
    ]
    assert np.mean([one.value for one in found]) == pytest.approx(found[0].chance, abs=0.01)


def test_the_span_leaves_out_what_weighs_little() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert span(rows, np.array([1.0, 1.0, 0.01])).shape == (3, 2)
    assert span(rows, np.ones(3)).shape == (3, 3)


def test_unmatched_latents_in_the_same_plane_are_told_from_noise() -> None:
    run = unchanging()
    one, other = run.snapshot(0, 0), run.snapshot(0, 1)
    noise = unmatched_overlap(one, other, SETTINGS)
    assert noise is not None
    assert noise.value == pytest.approx(noise.chance, abs=0.15)
    plane = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTH, 2)))[0].T

    def in_plane(snapshot: Snapshot, seed: int) -> Snapshot:
        """Its noise lies in one plane instead."""
        true = (snapshot.decoder @ run.snapshot(1, 0).decoder.T).max(axis=1) > 0.99
        mix = np.random.default_rng(seed).normal(size=(snapshot.num_latents, 2))
        flat = mix @ plane / np.linalg.norm(mix, axis=1, keepdims=True)
        return Snapshot(0, snapshot.codes, np.where(true[:, None], snapshot.decoder, flat).astype(np.float32))

    found = unmatched_overlap(in_plane(one, 1), in_plane(other, 2), SETTINGS)
    assert found is not None
    assert found.value > 0.9
    assert found.chance < 0.3
    assert unmatched_overlap(one, Snapshot(0, one.codes, one.decoder), SETTINGS) is None
