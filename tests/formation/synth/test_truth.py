import math

import numpy as np
import pytest
import torch

from chronolect.errors import UserError
from chronolect.formation.synth.truth import SyntheticConfig, SyntheticRun

CONFIG = SyntheticConfig(features=40, width=24, checkpoints=8, active=3.0)
TOKENS = 10_000


def test_features_are_alive_from_birth_to_death_and_leave_room_to_be_seen() -> None:
    run = SyntheticRun(SyntheticConfig(features=400, width=24, checkpoints=8, active=3.0, dying=0.5))
    last = len(run.steps)
    for checkpoint in range(last):
        alive = run.alive(checkpoint)
        assert (alive == ((run.births <= checkpoint) & (run.deaths > checkpoint))).all()
        assert (run.codes(checkpoint, 500).getnnz(axis=0)[~alive] == 0).all()
    born, died = run.births > 0, run.deaths < last
    assert 0.55 < born.mean() < 0.75
    assert died.sum() > 50
    assert run.births.max() <= last - 2
    assert (run.deaths - run.births)[died].min() >= 2
    assert run.deaths[died].max() <= last - 2


def test_rates_follow_the_power_and_add_up() -> None:
    run = SyntheticRun(SyntheticConfig(features=40, width=24, active=3.0, zipf=1.0, initial=1.0, dying=0.0))
    assert run.rates.sum() == pytest.approx(3.0)
    assert run.rates[39] == pytest.approx(run.rates[9] / 4)
    fired = run.codes(0, 20_000).getnnz(axis=0) / 20_000
    assert np.abs(fired - run.rates).max() < 0.02


def test_features_of_a_group_fire_together_at_unchanged_rates() -> None:
    settings = {"features": 40, "width": 24, "active": 3.0, "initial": 1.0, "dying": 0.0, "group": 4}
    apart = SyntheticRun(SyntheticConfig(**settings))  # type: ignore[arg-type]
    together = SyntheticRun(SyntheticConfig(**settings, together=0.7))  # type: ignore[arg-type]
    fires = [run.codes(0, 20_000).toarray() > 0 for run in (apart, together)]
    assert np.abs(fires[0].mean(axis=0) - fires[1].mean(axis=0)).max() < 0.03
    inside = [np.corrcoef(f[:, 8], f[:, 9])[0, 1] for f in fires]
    across = np.corrcoef(fires[1][:, 8], fires[1][:, 12])[0, 1]
    assert abs(inside[0]) < 0.03
    assert abs(across) < 0.03
    assert inside[1] > 0.2


def test_activations_are_what_the_codes_and_directions_say() -> None:
    run = SyntheticRun(SyntheticConfig(features=40, width=24, active=3.0, noise=0.0, rotating=0.5))
    x = torch.cat(list(run.activations(5, TOKENS, stream="probe", batch=1024)))
    assert x.shape == (TOKENS, 24)
    expected = run.codes(5, TOKENS) @ run.directions(5)
    np.testing.assert_allclose(x.numpy(), expected, atol=1e-4)


def test_the_same_tokens_fire_the_same_features_at_every_checkpoint() -> None:
    run = SyntheticRun(CONFIG)
    here, there = run.codes(3, TOKENS), run.codes(6, TOKENS)
    both = np.flatnonzero(run.alive(3) & run.alive(6))
    assert len(both) > 10
    assert (here[:, both] != there[:, both]).nnz == 0
    other = run.codes(3, TOKENS, stream="train")
    assert (here[:, both] != other[:, both]).nnz > 0


def test_a_turning_feature_turns_by_its_degrees_and_the_others_stay() -> None:
    run = SyntheticRun(SyntheticConfig(features=40, width=24, active=3.0, rotating=0.5, rotation=10.0))
    cosine = (run.directions(1) * run.directions(4)).sum(axis=1)
    np.testing.assert_allclose(np.linalg.norm(run.directions(4), axis=1), 1)
    turned = cosine < 0.999
    assert 10 < turned.sum() < 30
    np.testing.assert_allclose(cosine[turned], math.cos(math.radians(30)))


def test_a_ramp_lets_strength_grow_after_birth() -> None:
    run = SyntheticRun(SyntheticConfig(features=40, width=24, active=3.0, ramp=3, dying=0.0))
    feature = int(np.flatnonzero(run.births == 2)[0])
    assert [run.strengths(c)[feature] for c in range(1, 7)] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert (run.strengths(0)[run.births == 0] == 1).all()


def test_noise_has_the_covariance_of_the_last_checkpoint_and_nothing_that_lasts() -> None:
    run = SyntheticRun(CONFIG)
    last = torch.cat(list(run.activations(7, TOKENS, stream="probe", batch=1024)))
    noise = [torch.cat(list(run.noise(c, TOKENS, stream="probe", batch=1024))) for c in (6, 7)]
    assert noise[0].shape == last.shape
    assert float((last.T.cov() - noise[1].T.cov()).norm() / last.T.cov().norm()) < 0.1
    centred = torch.stack([(x - x.mean(dim=0)).flatten() for x in noise])
    assert abs(float(torch.corrcoef(centred)[0, 1])) < 0.03


def test_a_stream_does_not_depend_on_how_it_is_cut() -> None:
    run = SyntheticRun(CONFIG)
    whole = torch.cat(list(run.activations(4, TOKENS, stream="probe", batch=4096)))
    cut = torch.cat(list(run.activations(4, TOKENS, stream="probe", batch=256)))
    fewer = torch.cat(list(run.activations(4, 5000, stream="probe", batch=256)))
    assert torch.equal(whole, cut)
    torch.testing.assert_close(whole[:5000], fewer)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"initial": 1.5}, "--initial 1.5: a share is between 0 and 1"),
        ({"together": 1.0}, "--together 1.0: at least 0 and below 1"),
        ({"checkpoints": 3}, "--checkpoints 3: at least 4"),
        ({"active": 100.0}, "--active 100.0: more than 0 and at most a quarter of the 160 features"),
    ],
)
def test_what_makes_no_run_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SyntheticConfig(**changes)  # type: ignore[arg-type]
