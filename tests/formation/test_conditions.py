from dataclasses import fields

import pytest

from chronolect.errors import UserError
from chronolect.formation.conditions import CONDITIONS, find_conditions, matched_l2, mean_odds
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.formation.temporal_dropout import TemporalDropout

CONFIG = SaeConfig(latents=256, k=8)


def changed(name: str, base: SaeTraining) -> dict[str, object]:
    """The fields in which a condition differs from the base."""
    found = CONDITIONS[name].training(base, CONFIG, width=64)
    return {
        field.name: getattr(found, field.name)
        for field in fields(base)
        if getattr(found, field.name) != getattr(base, field.name)
    }


def test_each_condition_changes_what_it_names_and_nothing_else() -> None:
    base = SaeTraining(steps=100)
    assert {name: set(changed(name, base)) for name in CONDITIONS} == {
        "base": set(),
        "random-init": set(),
        "no-change": set(),
        "frozen-decoder": {"frozen"},
        "soft-frozen": {"frozen"},
        "frozen-encoder": {"frozen"},
        "no-dropout": set(),
        "dropout": {"dropout"},
        "l2": {"l2"},
        "latent-dropout": {"latent_dropout"},
        "noise": {"noise"},
    }


def test_what_stands_in_for_dropout_is_matched_to_the_training_s_own() -> None:
    base = SaeTraining(steps=100, dropout=TemporalDropout(initial_rate=0.5, schedule="constant"))
    assert changed("dropout", base) == {}
    assert changed("no-dropout", base) == {"dropout": TemporalDropout()}
    assert changed("noise", base) == {"dropout": TemporalDropout(), "noise": 1.0}
    assert changed("latent-dropout", base) == {"dropout": TemporalDropout(), "latent_dropout": 0.5}
    assert changed("l2", base) == {"dropout": TemporalDropout(), "l2": pytest.approx(8 / 256 / 64)}


def test_the_odds_are_averaged_over_the_schedule() -> None:
    falling = TemporalDropout(initial_rate=0.5, min_rate=0.0, schedule="linear", end=2)
    assert mean_odds(falling, 4) == pytest.approx((1 + 1 / 3) / 4)
    assert matched_l2(1.0, CONFIG, width=64) == pytest.approx(8 / 256 / 64)


def test_a_wrong_name_is_answered_by_the_nearest() -> None:
    assert [c.name for c in find_conditions(["base", "l2", "base"])] == ["base", "l2"]
    with pytest.raises(UserError, match=r'there is no condition frozn-decoder.*did you mean "frozen-decoder"'):
        find_conditions(["frozn-decoder"])
