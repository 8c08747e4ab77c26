"""Forgetting against keeping, drawn."""

import re
from xml.etree import ElementTree

from chronolect.evaluation.unlearning.front import pareto_front
from chronolect.report.front import Outcome, front_of, pareto_chart
from chronolect.report.plots import NARROW, WIDE, draw
from chronolect.statistics import wilson

COLORS = {"start": "muted", "unlearned": "locked"}


def outcome(name: str, forgotten: int, kept: int, *, competes: bool = True) -> Outcome:
    """Of 100 questions on each side."""
    group = "unlearned" if competes else "start"
    return Outcome(name, wilson(forgotten, 100).as_accuracy(), wilson(kept, 100).as_accuracy(), group, competes)


OUTCOMES = [
    outcome("start", 80, 82, competes=False),
    outcome("refusal <1>", 78, 80),
    outcome("npo", 26, 78),
    outcome("ascent", 25, 40),
    outcome("worse", 30, 70),
]


def test_front_by_hand() -> None:
    assert pareto_front([(0.2, 0.8), (0.3, 0.9), (0.3, 0.7)]) == [0, 1]
    assert pareto_front([(0.5, 0.5)] * 3) == [0]
    assert pareto_front([]) == []
    assert [one.name for one in front_of(OUTCOMES)] == ["ascent", "npo", "refusal <1>"]  # the start does not compete


def test_every_model_has_its_two_intervals_and_its_name() -> None:
    figure = pareto_chart(OUTCOMES, colors=COLORS, least_kept=0.77)
    for size in (WIDE, NARROW):
        root = ElementTree.fromstring(draw(figure.chart, size))
        lines = [one.get("class", "") for one in root.iter() if one.tag.endswith("line")]
        assert sum(kind.startswith("whisker") for kind in lines) == 2 * len(OUTCOMES)
        texts = [one.text for one in root.iter() if one.get("class") == "rule-label"]
        assert set(texts) == {*(one.name for one in OUTCOMES), "chance", "five points below the start"}
        labels = [
            (float(one.get("x", 0)), float(one.get("y", 0)), one.text)
            for one in root.iter()
            if one.text in {"npo", "ascent", "worse", "start"}
        ]
        assert all(0 <= x <= size[0] and 0 <= y <= size[1] for x, y, _ in labels)
    assert figure.table is not None
    assert [row[3] for row in figure.table.rows] == ["", "yes", "yes", "yes", ""]


def test_the_front_goes_along_and_then_up() -> None:
    chart = pareto_chart(OUTCOMES, colors=COLORS).chart
    front = chart.series[0]
    assert [(point.x, point.y) for point in front.points] == [
        (0.25, 0.40), (0.26, 0.40), (0.26, 0.78), (0.78, 0.78), (0.78, 0.80),
    ]  # fmt: skip
    assert pareto_chart(OUTCOMES[:2], colors=COLORS).chart.series[0].name == "start"  # one point is no front


def test_names_of_equal_points_do_not_cover_each_other() -> None:
    same = [outcome(f"model {number}", 30, 70) for number in range(6)]
    text = str(draw(pareto_chart(same, colors=COLORS).chart))
    heights = [float(y) for y in re.findall(r'<text class="rule-label" x="[\d.]+" y="([\d.]+)">model', text)]
    assert len(heights) == 6
    assert min(abs(a - b) for place, a in enumerate(heights) for b in heights[:place]) >= 13
