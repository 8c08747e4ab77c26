import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest

from chronolect.report.plots import NARROW, WIDE, Axis, Chart, Point, Rule, Series, draw, interval, nice_ticks


def chart(*series: Series, **changes: object) -> Chart:
    values = {"id": "c", "title": "T", "description": "D", "x": Axis("x"), "y": Axis("y"), "series": series, **changes}
    return Chart(**values)  # type: ignore[arg-type]


def elements(svg: str, name: str, kind: str) -> list[dict[str, str]]:
    tree = ElementTree.fromstring(svg)
    return [element.attrib for element in tree.iter(name) if kind in element.attrib.get("class", "").split()]


def test_is_well_formed_named_and_escaped() -> None:
    series = Series("s", [Point(0, 1, tip="<b>&"), Point(1, 2)], "locked")
    svg = draw(chart(series, id="a b/c", title="<script>", rules=[Rule("x", 0.5, "<i>")]))
    tree = ElementTree.fromstring(svg)
    assert "<script>" not in svg
    assert "<i>" not in svg
    ids = {element.attrib["id"] for element in tree.iter() if "id" in element.attrib}
    assert set(tree.attrib["aria-labelledby"].split()) == ids == {"a-b-c-wide-t", "a-b-c-wide-d"}


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_marks_are_where_their_values_are(size: tuple[int, int]) -> None:
    series = Series("s", [Point(0, 0), Point(5, 10), Point(10, 5)], "locked")
    dots = elements(draw(chart(series), size), "circle", "dot")
    xs, ys = ([float(dot[key]) for dot in dots] for key in ("cx", "cy"))
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)
    assert ys[0] - ys[1] == pytest.approx(2 * (ys[2] - ys[1]), abs=0.2)
    assert all(0 <= x <= size[0] for x in xs)
    assert all(0 <= y <= size[1] for y in ys)


def test_a_missing_value_breaks_the_line() -> None:
    series = Series(
        "s", [Point(0, 1), Point(1, 2), Point(2, None), Point(3, float("nan")), Point(4, 1), Point(5, 1)], "twin"
    )
    assert len(elements(draw(chart(series)), "polyline", "line")) == 2


def test_bands_join_the_ends_of_the_intervals() -> None:
    series = Series("s", [Point(0, 1, 0.5, 1.5), Point(1, 2, 1.5, 2.5)], "twin")
    (band,) = elements(draw(chart(series)), "polygon", "band")
    assert len(band["points"].split()) == 4


def test_a_band_does_not_bridge_a_point_without_an_interval() -> None:
    points = [Point(0, 1, 0.5, 1.5), Point(1, 2, 1.5, 2.5), Point(2, 9), Point(3, 1, 0.5, 1.5)]
    drawn = draw(chart(Series("s", points, "twin")))
    (band,) = elements(drawn, "polygon", "band")
    assert len(band["points"].split()) == 4
    assert len(elements(drawn, "line", "whisker")) == 1


def test_bars_stack() -> None:
    kept = Series("kept", [Point(1900, 3)], "locked", "bars", width=10)
    dropped = Series("dropped", [Point(1900, 1), Point(1910, 2)], "dropped", "bars", width=10)
    lower, upper, alone = elements(draw(chart(kept, dropped)), "rect", "bar")
    assert float(upper["y"]) + float(upper["height"]) == pytest.approx(float(lower["y"]), abs=0.2)
    assert float(lower["height"]) == pytest.approx(3 * float(upper["height"]), abs=1)
    assert float(alone["x"]) > float(upper["x"])


def test_logarithmic_axis() -> None:
    series = Series("s", [Point(10, 1), Point(100, 2), Point(1000, 3)], "locked")
    dots = elements(draw(chart(series, x=Axis("step", log=True))), "circle", "dot")
    xs = [float(dot["cx"]) for dot in dots]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)


@pytest.mark.parametrize(
    "series",
    [
        Series("one", [Point(5, 5)], "locked"),
        Series("none", [], "locked"),
        Series("flat", [Point(0, 2), Point(1, 2)], "locked"),
        Series("bars", [], "locked", "bars"),
    ],
)
def test_little_data_is_no_trouble(series: Series) -> None:
    svg = draw(chart(series))
    ElementTree.fromstring(svg)
    assert not re.search(r"nan|inf", svg.replace("infinite", ""))


def test_rules_and_stretches() -> None:
    series = Series("s", [Point(1900, 0.5), Point(2000, 0.5)], "locked")
    rules = [Rule("y", 0.25, "chance", style="dashed"), Rule("x", 1969.5, "cutoff"), Rule("x", 1968, "drop", end=1971)]
    svg = draw(chart(series, rules=rules))
    assert len(elements(svg, "line", "rule")) == 2
    assert float(elements(svg, "rect", "stretch")[0]["width"]) > 3
    assert "cutoff" in svg


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.13, 0.87), (1500, 2024), (-3, 3), (0, 123_456), (2.2, 2.2001)])
def test_ticks_are_round_even_and_span_the_data(low: float, high: float) -> None:
    ticks = nice_ticks(low, high, 5)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 9
    gaps = {round(b - a, 9) for a, b in itertools.pairwise(ticks)}
    assert len(gaps) == 1


def test_interval_has_a_name() -> None:
    svg = interval(0.84, 0.8, 0.9, reference=0.25, color="locked", label='"0.84" & more')
    tree = ElementTree.fromstring(svg)
    assert tree.attrib["aria-label"] == '"0.84" & more'
