"""Results side by side: the table in its two forms, and the page."""

import json
from html.parser import HTMLParser

import pytest

from chronolect.errors import UserError
from chronolect.evaluation.timebench.table import eval_timebench_table

EVIL = "<script>alert(1)</script> | b"


def estimate(value):
    return {"confidence_interval_95_percent": [value - 1, value + 2.5]}


def results(path, score, *, metrics=True, category="Zone"):
    content = {}
    if score is not None:
        block = {"observed_mean_accuracy_percent": score, **estimate(score), "scenarios": 5}
        content["llm_judge_summary"] = {
            "overall_accuracy": block,
            "per_category_accuracy": {category: block, "Gap": block},
        }
    if metrics:
        stats = {
            name: {"observed_mean": 40.0, **estimate(40)} for name in ("mean_output_length", "percentage_degenerate")
        }
        places = {"at_beginning": 10.0, "in_between": 85.0, "at_end": 5.0}
        content["advanced_structural_stats"] = {
            "descriptive_stats": {"structural_stats": {"think_block_positioning_percentage": places}},
            "bootstrapped_stats": {"stats": stats},
        }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def comparison(tmp_path):
    path = tmp_path / "Base_vs_New-2_stat_results.json"
    tests = {"benchmark_score": {"p_value": 0.00042, "wilcoxon_statistic": 3.5}}
    tests["mean_output_length"] = {"p_value": 0.0, "wilcoxon_statistic": 0.0, "p_value_holm": 0.0}
    path.write_text(json.dumps(tests))
    return path


def test_the_table(tmp_path, comparison):
    given = [
        results(tmp_path / "Base_results.json", 20.0),
        results(tmp_path / "New-2_results.json", 52.5, metrics=False),
    ]
    found = eval_timebench_table(given, comparison=comparison, out=tmp_path / "tables")
    assert found["models"] == ["Base", "New 2"]
    assert (tmp_path / "tables" / "Base_vs_New-2_stat_results_full.csv").read_text() == (
        "Statistic,Base,New 2,WSR p-value\n"
        "Benchmark Score,20.00 (19.00–22.50),52.50 (51.50–55.00),4.2e-04\n"
        "Gap,20.00 (19.00–22.50),52.50 (51.50–55.00),—\n"
        "Zone,20.00 (19.00–22.50),52.50 (51.50–55.00),—\n"
        "Mean Total Output Tokens per Run,40.00 (39.00–42.50),—,<1e-08\n"
        "Percentage with Any Degeneracy,40.00 (39.00–42.50),—,—\n"
    )
    markdown = (tmp_path / "tables" / "Base_vs_New-2_stat_results_full.md").read_text()
    assert markdown.startswith(
        "| Statistic | Base | New 2 | WSR p-value |\n| --- | --- | --- | --- |\n| Benchmark Score |"
    )
    assert not markdown.endswith("\n")
    assert found["screen"] == markdown


def test_scores_alone_and_structure_alone(tmp_path):
    given = [
        results(tmp_path / "A_results.json", 20.0, metrics=False),
        results(tmp_path / "B_results.json", None),
    ]
    found = eval_timebench_table(given, out=tmp_path / "tables")
    assert found["rows"] == 5
    assert (tmp_path / "tables" / "A_vs_B_stat_results_full.html").is_file()


class Reader(HTMLParser):
    """The elements of a page and its words."""

    def __init__(self):
        super().__init__()
        self.names, self.links, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.links += [
            value for name, value in attrs if name in ("src", "href") and not value.startswith(("#", "data:"))
        ]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_holds_all_it_shows_and_escapes_names(tmp_path, comparison):
    given = [
        results(tmp_path / "Base_results.json", 20.0, category=EVIL),
        results(tmp_path / "A <b>&x_results.json", 50.0, category=EVIL),
    ]
    eval_timebench_table(given, comparison=comparison, out=tmp_path / "tables")
    html = (tmp_path / "tables" / "Base_vs_New-2_stat_results_full.html").read_text()
    reader = Reader()
    reader.feed(html)
    assert reader.links == []
    assert reader.names.count("script") == 1  # the page's own
    assert "alert(1)" not in html.replace("&lt;script&gt;alert(1)&lt;/script&gt;", "")
    assert "b" not in reader.names[reader.names.index("main") :] or "<b>&x" not in html
    words = " ".join(reader.words)
    for shown in (
        "Score by category",
        "Where the blocks stand",
        "Markup and breakdowns",
        "Wilcoxon",
        "A <b>&x",
        "<1e-08",
    ):
        assert shown in words, shown
    assert html.count('class="chart wide"') == 5
    markdown = (tmp_path / "tables" / "Base_vs_New-2_stat_results_full.md").read_text()
    assert "</script> \\| b |" in markdown  # the name stays in its cell


def test_bad_input_is_one_line(tmp_path):
    good = results(tmp_path / "A_results.json", 20.0)
    (tmp_path / "other").mkdir()
    twin = results(tmp_path / "other" / "A_results.json", 20.0)
    with pytest.raises(UserError, match='a second model called "A"'):
        eval_timebench_table([good, twin], out=tmp_path / "tables")
    with pytest.raises(UserError, match=r"holds A_results.json, and is replaced"):
        eval_timebench_table([good], out=tmp_path)
    assert good.is_file()
    broken = tmp_path / "broken.json"
    for content in ("[]", "{}", '{"llm_judge_summary": {"overall_accuracy": {}}}', "{"):
        broken.write_text(content)
        with pytest.raises(UserError, match=r"broken.json: "):
            eval_timebench_table([broken], out=tmp_path / "tables")
    with pytest.raises(UserError, match="no such file"):
        eval_timebench_table([tmp_path / "nothing.json"], out=tmp_path / "tables")
