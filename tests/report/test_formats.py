import pytest

from chronolect.report.formats import compact, day, duration, estimate, number, size, year, years


def test_numbers() -> None:
    assert [number(value) for value in (0.256, 12345, -3, None, -0.5)] == ["0.26", "12,345", "−3", "–", "−0.50"]
    assert estimate(0.256, 0.22, 0.31) == "0.26 [0.22, 0.31]"
    assert estimate(0.256, None, None) == "0.26"
    assert estimate(None, None, None) == "–"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1969-07-20", "20 July 1969"),
        ("1969-07", "July 1969"),
        ("1969", "1969"),
        ("-0043-03-15", "15 March 44 BCE"),
        ("2026-11-21T00:42:43Z", "21 November 2026"),
        ("196X", "196X"),
    ],
)
def test_days(text: str, words: str) -> None:
    assert day(text) == words


def test_years() -> None:
    assert (year(1), year(0), year(-43)) == ("1", "1 BCE", "44 BCE")
    assert (years(1960, 1969), years(1969, 1969)) == ("1960–1969", "1969")


@pytest.mark.parametrize(("count", "words"), [(12, "12 bytes"), (5_400_000, "5.4 MB"), (2_345_000_000_000, "2,345 GB")])
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7200, "2 h"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_axis_labels() -> None:
    assert [compact(value) for value in (0, 250, 1500, 2e6)] == ["0", "250", "1.5k", "2M"]
