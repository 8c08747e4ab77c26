from collections.abc import Sequence

import numpy as np
import scipy.sparse

from chronolect.formation.analysis.convergence import convergence, has_reference
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.analysis.snapshots import Snapshot

SETTINGS = AnalysisSettings()
NOTHING = scipy.sparse.csr_matrix((1, 1), dtype=np.float32)


def _series(**measures: Sequence[float]) -> list[Series]:
    count = len(next(iter(measures.values())))
    decoder = np.ones((1, 1), np.float32)
    return [
        Series(
            "base",
            "cold",
            0,
            [Snapshot(c, NOTHING, decoder, {key: values[c] for key, values in measures.items()}) for c in range(count)],
        )
    ]


def _places(verdicts: Sequence[str]) -> list[int]:
    return [place for place, verdict in enumerate(verdicts) if verdict == "not converged"]


def test_a_drift_is_no_failure_but_a_dip_is() -> None:
    falling = _series(explained_variance=[0.99, 0.95, 0.9, 0.84, 0.8])
    assert _places(convergence(falling, SETTINGS)) == []
    assert _places(convergence(_series(explained_variance=[0.9, 0.9, 0.85, 0.9, 0.9]), SETTINGS)) == [2]
    assert _places(convergence(_series(explained_variance=[0.9, 0.9, 0.9, 0.9, 0.7]), SETTINGS)) == [4]
    assert _places(convergence(_series(explained_variance=[0.3, 0.3, 0.3]), SETTINGS)) == []  # not to be seen


def test_less_than_the_mean_explains_is_never_enough() -> None:
    assert _places(convergence(_series(explained_variance=[-90.0, -70.0, -60.0, 0.0, 0.5]), SETTINGS)) == [0, 1, 2, 3]


def test_against_converged_autoencoders_of_the_same_checkpoints() -> None:
    poor, good = _series(explained_variance=[0.3, 0.79, 0.77]), _series(explained_variance=[0.8, 0.8, 0.8])
    assert _places(convergence(poor, SETTINGS, good)) == [0, 2]
    said = _series(explained_variance=[0.3, 0.79, 0.77], reference_explained_variance=[0.3, 0.8, 0.8])
    assert _places(convergence(said, SETTINGS)) == [2]
    assert has_reference(said)
    assert not has_reference(poor)


def test_a_loss_in_cross_entropy_beyond_the_references() -> None:
    same = [0.8, 0.8]
    poor = _series(explained_variance=same, delta_ce=[0.10, 0.12])
    good = _series(explained_variance=same, delta_ce=[0.10, 0.10])
    assert _places(convergence(poor, SETTINGS, good)) == [1]


def test_a_loss_that_chance_may_explain_is_not_held_against_it() -> None:
    same = [0.8, 0.8]
    poor = _series(explained_variance=same, delta_ce=[0.0016, 0.060], delta_ce_se=[0.0005, 0.0025])
    good = _series(explained_variance=same, delta_ce=[0.0010, 0.045], delta_ce_se=[0.0004, 0.0025])
    assert _places(convergence(poor, SETTINGS, good)) == [1]
    # more seeds make the mean surer: the same means, and the first is seen as well
    assert _places(convergence(poor * 20, SETTINGS, good * 20)) == [0, 1]
    said = _series(
        explained_variance=same,
        delta_ce=[0.0016, 0.060],
        delta_ce_se=[0.0005, 0.0025],
        reference_explained_variance=same,
        reference_delta_ce=[0.0010, 0.045],
        reference_delta_ce_se=[0.0004, 0.0025],
    )
    assert _places(convergence(said, SETTINGS)) == [1]


def test_nothing_known_is_nothing_held_against_it() -> None:
    assert _places(convergence(_series(l0=[1.0, 2.0]), SETTINGS)) == []
