from typing import Any

import pytest
from tests.report.report_runs import horizon

from chronolect.report.findings import above_chance, cards, change, decimal_year, share, title, verdicts


def found(locked: tuple[float, float], twin: tuple[float, float] = (0.83, 0.84)) -> dict[str, Any]:
    return horizon({"locked": locked, "twin": twin})


def texts(results: dict[str, Any], kind: str) -> str:
    return "\n".join(verdict.text for verdict in verdicts(results) if verdict.kind == kind)


def test_a_model_that_stops_at_the_cutoff() -> None:
    results = found((0.85, 0.25))
    assert title(results, None, "demo")[0] == "Knows the world up to 20 July 1969"
    assert "After the cutoff “locked” is not distinguishable from chance" in texts(results, "pass")
    assert "of the cutoff." in texts(results, "pass")
    assert "can be answered by a model that has read of them" in texts(results, "pass")
    assert texts(results, "fail") == ""


def test_a_model_that_leaks() -> None:
    results = found((0.85, 0.60))
    assert title(results, None, "demo")[0] == "Knows the world up to 20 July 1969, and in part beyond"
    assert "some of what came later came through" in texts(results, "fail")


def test_a_model_that_learnt_little() -> None:
    assert title(found((0.4, 0.25)), None, "demo")[0] == "Knows a little of the world up to 20 July 1969"
    assert title(found((0.6, 0.25)), None, "demo")[0] == "Knows part of the world up to 20 July 1969"


def test_a_model_that_learnt_nothing() -> None:
    results = found((0.25, 0.25))
    for split in ("heldout", "seen"):
        results["models"][0]["splits"][split]["before"]["n"] = 0
    assert "hardly a world before it" in title(results, None, "demo")[0]
    assert "has not learnt its own time" in texts(results, "fail")
    assert "No point in time was found" in texts(results, "fail")


def test_below_chance_is_said() -> None:
    assert "is below chance" in texts(found((0.85, 0.1)), "pass")


def test_a_twin_that_knows_no_more_proves_little() -> None:
    assert "proves little" in texts(found((0.85, 0.25), (0.83, 0.25)), "fail")


def test_exported_files() -> None:
    results = horizon({"locked": (0.85, 0.25), "q8_0": (0.85, 0.25), "q4_k_m": (0.8, 0.6)})
    assert "some are above chance after the cutoff: q4_k_m" in texts(results, "fail")
    results = horizon({"locked": (0.85, 0.25), "q8_0": (0.85, 0.25)})
    assert "Exporting brought nothing back: after the cutoff q8_0" in texts(results, "pass")


def test_too_few_questions_for_a_verdict() -> None:
    results = found((0.85, 0.25))
    results["models"][0]["headline"]["at_chance_after"] = None
    assert title(results, None, "demo")[0] == "Knows the world before 20 July 1969"
    assert "too few questions" in texts(results, "note")


def test_what_was_not_asked_is_not_judged() -> None:
    results = found((0.85, 0.25))
    results["models"][0]["headline"]["before"] = {"accuracy": None, "n": 0, "low": None, "high": None, "chance": 0.25}
    assert "not yet measured" in title(results, None, "demo")[0]
    assert "No question about the time before" in texts(results, "note")


def test_without_a_horizon_nothing_is_claimed() -> None:
    assert "not yet measured" in title(None, "1969-07-20", "demo")[0]
    assert title(None, None, "demo")[0] == "Report of demo"


def test_cards_show_the_model_and_its_twin() -> None:
    locked, twin = cards(found((0.85, 0.25)), {"locked": "locked", "twin": "twin"})
    assert (locked.title, twin.title) == ("locked", "twin")
    assert locked.rows[2].value == "1969"
    assert twin.rows[2].value == "–"
    assert locked.rows[0].scale


def test_shares_and_changes() -> None:
    part = {"accuracy": 0.256, "low": 0.22, "high": 0.31, "n": 431, "chance": 0.25}
    assert share(part) == "0.26 [0.22, 0.31], n = 431"
    assert above_chance(part) is False
    assert share({**part, "low": 0.2541}) == "0.256 [0.254, 0.310], n = 431"
    assert share({**part, "n": 0}) == "not asked"
    assert above_chance({**part, "n": 0}) is None
    assert change({"found": False}) == "none"
    assert change({"found": True, "year": 1969.52, "low": 1969.2, "high": 1970.31}) == "1969.5 [1969.2, 1970.3]"


@pytest.mark.parametrize(
    ("date", "value"), [("1969-07-20", 1969.548), ("1901-01-01", 1901.0), ("-0043-07-02", -42.501)]
)
def test_days_on_an_axis_of_years(date: str, value: float) -> None:
    assert decimal_year(date) == pytest.approx(value, abs=0.002)
