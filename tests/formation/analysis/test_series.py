from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.formation.analysis.series import AnalysisSettings, Series


def test_seeds_of_one_condition_and_kind_share_a_group() -> None:
    assert Series("no-change", "warm", 3, []).group == "no-change-warm"


def test_purity_is_functional_where_decoders_were_held_in_place() -> None:
    assert AnalysisSettings(measure="decoder").headline == "decoder"
    assert AnalysisSettings(measure="decoder", decoder_optimised=True).headline == "functional"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"window": 0}, "window and hold must be at least 1 checkpoint, not 0 and 2"),
        ({"hold": 0}, "not 3 and 0"),
        ({"on": 0.2}, "presence needs 0 <= off <= on <= 1, not off 0.3 and on 0.2"),
        ({"cosine": 1.5}, "cosine must lie between -1 and 1, not 1.5"),
        ({"consensus": -2.0}, "consensus must lie between -1 and 1, not -2.0"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        AnalysisSettings(**wrong)
