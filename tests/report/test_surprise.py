from tests.report.report_runs import surprise

from chronolect.report.page import Figure, Words
from chronolect.report.surprise import surprise_section, surprise_title, surprise_verdicts

COLORS = {"locked": "locked", "early": "third", "twin": "twin"}


def test_the_gap_opens() -> None:
    (verdict,) = surprise_verdicts([surprise("locked")])
    assert verdict.kind == "pass"
    title = surprise_title([surprise("locked")])
    assert title is not None
    assert title[0] == "Surprised by what came after 20 July 1969"


def test_the_gap_does_not_open() -> None:
    found = surprise("locked", gap=0.0)
    assert surprise_verdicts([found])[0].kind == "fail"
    title = surprise_title([found])
    assert title is not None
    assert "yet later text is no surprise" in title[0]
    mixed = surprise_title([found, surprise("early", cutoff="1950")])
    assert mixed is not None
    assert "only “early”" in mixed[1]


def test_several_models_share_one_chart_of_differences() -> None:
    section = surprise_section([surprise("locked"), surprise("early", cutoff="1930-12-31")], COLORS)
    assert section is not None
    figures = [block for block in section.blocks if isinstance(block, Figure)]
    assert [len(figure.chart.series) for figure in figures] == [2, 2, 2]
    assert [rule.label for rule in figures[0].chart.rules] == [
        "no difference",
        "cutoff 20 July 1969",
        "cutoff 31 December 1930",
    ]
    assert len({figure.chart.id for figure in figures}) == 3


def test_without_a_twin() -> None:
    found = surprise("locked", twin=None)
    section = surprise_section([found], COLORS)
    assert section is not None
    assert any(isinstance(block, Words) and block.kind == "missing" for block in section.blocks)
    assert surprise_verdicts([found]) == []
    assert surprise_title([found]) is None


def test_nothing_measured() -> None:
    assert surprise_section([], COLORS) is None


def test_one_side_only() -> None:
    assert surprise_verdicts([surprise("locked", cutoff="2030")])[0].kind == "note"
