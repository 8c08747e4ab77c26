from typing import Any

import pytest
from tests.report.report_runs import horizon

from chronolect.report.horizon import horizon_section, merge_bins
from chronolect.report.page import Figure, Table


def part(first: int, n: int, correct: int = 0) -> dict[str, Any]:
    return {"first": first, "last": first + 9, "n": n, "correct": correct}


def spans(bins: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
    return [(one["first"], one["last"], one["n"]) for one in bins]


def test_small_bins_are_put_together() -> None:
    merged = merge_bins([part(1800, 5, 4), part(1850, 18, 9), part(1860, 30), part(1870, 3, 1)], 1969)
    assert spans(merged) == [(1800, 1859, 23), (1860, 1879, 33)]
    assert merged[0]["accuracy"] == pytest.approx(13 / 23)
    assert merged[0]["low"] < 13 / 23 < merged[0]["high"]


def test_bins_are_never_put_together_across_the_cutoff() -> None:
    bins = [part(1950, 3), part(1960, 3), part(1970, 3), part(1980, 3)]
    assert spans(merge_bins(bins, 1969)) == [(1950, 1959, 3), (1960, 1969, 3), (1970, 1989, 6)]


def test_no_bins() -> None:
    assert merge_bins([], 1969) == []


def test_curve_and_tables() -> None:
    results = horizon({"locked": (0.85, 0.25), "twin": (0.83, 0.84), "q8_0": (0.85, 0.25)})
    section = horizon_section(results, {"locked": "locked", "twin": "twin", "q8_0": "muted"})
    curve, close_up, table, details = section.blocks
    assert isinstance(curve, Figure)
    assert isinstance(close_up, Figure)
    assert isinstance(table, Table)
    assert isinstance(details, Table)
    assert [series.name for series in curve.chart.series] == ["locked", "twin"]
    last = curve.chart.series[0].points[-1]
    assert last.y is not None
    assert last.y < 0.6
    assert curve.chart.rules[2].end is not None
    assert 1957 <= min(point.x for point in close_up.chart.series[0].points) <= 1958
    assert [row[0] for row in table.rows] == ["locked", "", "twin", "", "q8_0", ""]
    assert curve.table is not None
    assert len(curve.table.rows) == sum(len(series.points) for series in curve.chart.series)


def test_no_close_up_of_few_years() -> None:
    results = horizon({"locked": (0.85, 0.25)})
    results["models"][0]["by_year"] = results["models"][0]["by_year"][:3]
    assert len(horizon_section(results, {"locked": "locked"}).blocks) == 3
