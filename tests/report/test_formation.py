"""The page of features over training, of real snapshots whose births are known."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.report.formation_runs import HOSTILE, STEPS, births, deaths, make_followed

from chronolect.artifacts import read_json, stage, write_json
from chronolect.errors import UserError
from chronolect.formation.conditions import CONDITIONS
from chronolect.formation.routing.report import combine_reports
from chronolect.report.build import build_report
from chronolect.report.formation import Followed, formation_sections
from chronolect.report.formation_charts import step_axis
from chronolect.report.formation_controls import conditions_table, routing_tables
from chronolect.report.formation_findings import formation_title, formation_verdicts
from chronolect.report.formation_river import cohorts, shade
from chronolect.report.page import Page, Section, render


@pytest.fixture(scope="module")
def report(formation_run: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(formation_run / "follow" / "evaluation_report.json")
    return found


@pytest.fixture(scope="module")
def built(formation_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    result = build_report([formation_run], out=tmp_path_factory.mktemp("page") / "report")
    return result, Path(result["report"]).read_text(encoding="utf-8")


def changed(report: dict[str, Any], **metrics: Any) -> dict[str, Any]:
    """The report with some groups of `chrono_metrics` changed."""
    groups = report["chrono_metrics"]
    return {**report, "chrono_metrics": {**groups, **{key: {**groups[key], **value} for key, value in metrics.items()}}}


def said(report: dict[str, Any], beginning: str) -> Any:
    found = [verdict for verdict in formation_verdicts(report, {}) if beginning in verdict.text]
    assert len(found) == 1, [verdict.text for verdict in formation_verdicts(report, {})]
    return found[0]


def test_it_finds_the_following_by_its_command(built: tuple[dict[str, Any], str]) -> None:
    result, page = built
    assert result["sections"] == ["births", "purity", "features", "controls", "autoencoders", "provenance"]
    assert result["missing"] == []  # what a run about world time would miss is not missing here
    assert "eval horizon" not in page
    assert "Half of its new features are there by step" in page


def test_every_number_of_the_report_is_said_with_its_interval(report: dict[str, Any]) -> None:
    curve = report["chrono_metrics"]["births"]
    text = said(report, "born later").text
    assert f"Of {curve['n']} features" in text
    assert f"{curve['born']} are born later" in text
    assert re.search(r"half of those by step [\d,]+ \[[\d,]+, [\d,]+\]", text)
    assert "one of a hundred" in text  # chance
    assert re.search(r"one seed alone misses 0\.\d\d \[0\.\d\d, 0\.\d\d\]", text)
    kept = said(report, "was kept over the 2 checkpoints before")
    assert kept.kind == "pass"
    assert re.search(r"0\.\d\d \[0\.\d\d, 0\.\d\d\] of the latents", kept.text)
    assert said(report, "that has learned nothing").kind == "pass"
    assert said(report, "cosine of decoder rows of the same number").kind == "note"
    assert said(report, "loss at step 0").kind == "note"


def test_purity_is_not_claimed_where_it_cannot_be(report: dict[str, Any]) -> None:
    last = len(STEPS) - 1
    purity = report["chrono_metrics"]["purity"]

    def ends(**values: Any) -> dict[str, Any]:
        return changed(report, purity={key: [*purity[key][:last], value] for key, value in values.items()})

    assert said(ends(gate="not converged"), "Purity at step 1,600").text.endswith("is not read: not converged.")
    assert said(ends(gate="not converged"), "were not converged").kind == "fail"
    blurred = changed(
        ends(ceiling_by_step=0.22), purity={**ends(ceiling_by_step=0.22)["chrono_metrics"]["purity"], "null": 0.2}
    )
    assert said(blurred, "Purity cannot be told at step 1,600").kind == "fail"
    at_chance = changed(ends(low=0.1), purity={**ends(low=0.1)["chrono_metrics"]["purity"], "null": 0.2})
    assert said(at_chance, "not above what chance gives").kind == "fail"
    assert "no change can be shown" in said(ends(ceiling_by_step=0.5), "does not lie below that ceiling").text
    assert "ceiling unknown" in said(ends(ceiling_by_step=None), "ceiling unknown").text
    early = changed(report, purity={"window": len(STEPS)})
    assert said(early, "undefined, not zero").kind == "note"


def test_births_are_not_claimed_where_chance_gives_them(report: dict[str, Any]) -> None:
    chance = changed(report, births={"presence_null": {"median": 0.4, "q99": 0.7, "share_on": 0.2}})
    assert said(chance, "present by chance alone").kind == "fail"
    judged = report["chrono_metrics"]["births"]["judged"]
    unfinished = changed(report, births={"judged": [*judged[:-1], False]})
    assert said(unfinished, "born later").kind == "fail"
    assert "last checkpoint were not converged" in said(unfinished, "born later").text
    early = changed(report, births={"judged": [False, *judged[1:]]})
    assert said(early, "born later").kind == "pass"
    assert said(early, "At step 0 the autoencoders were not converged").kind == "fail"
    none = changed(report, births={"n": 0, "forward": None})
    assert said(none, "there is nothing to follow").kind == "fail"
    assert formation_title(none, "follow")[0] == "No feature that could be followed"


def test_controls_that_fail_are_said_to(report: dict[str, Any]) -> None:
    told = {"expected": "nothing is kept", "told": "purity 0.4"}
    found = {kind: {**told, "passed": kind} for kind in (True, False, None)}
    verdicts = formation_verdicts(report, {f"control-{kind}": control for kind, control in found.items()})
    kinds = [verdict.kind for verdict in verdicts if verdict.text.startswith("Control, ")]
    assert kinds == ["pass", "fail", "note"]


def test_the_river_holds_every_feature_that_was_born(report: dict[str, Any]) -> None:
    metrics = report["chrono_metrics"]
    found = cohorts(metrics)
    born = [event for event in metrics["feature_birth_events"] if event["birth_step_hi"] is not None]
    assert sum(len(cohort.events) for cohort in found) == len(born)
    assert [cohort.place for cohort in found] == sorted({-1, *births()[(births() > 0) & (births() < len(STEPS))]})
    alive = [sum(cohort.alive[place] for cohort in found) for place in range(len(STEPS))]
    assert alive[-1] == metrics["turnover"]["alive"][-1]
    gone = [event for event in born if event["death_step_hi"] is not None]
    known = (births() < deaths()) & (deaths() < len(STEPS))
    assert 0 < len(gone) <= known.sum()
    assert all(event["death_step_hi"] == STEPS[len(STEPS) - 2] for event in gone)


def test_conditions_stand_beside_the_result(report: dict[str, Any]) -> None:
    table = conditions_table({**report, "controls": {"frozen-decoder-cold": report["chrono_metrics"]}})
    assert table is not None
    assert [row[0] for row in table.rows] == ["base-cold", "frozen-decoder-cold"]
    assert table.rows[1][-1] == CONDITIONS["frozen-decoder"].help
    assert len(table.columns) == len(table.rows[0])
    assert conditions_table(report) is None  # an untrained model beside it is no series


def test_a_crosscoder_is_a_second_opinion(report: dict[str, Any]) -> None:
    births = {**report["chrono_metrics"]["births"], "half_birth_step": 300.0}
    second = {**report, "controls": {"crosscoder": {"births": births, "tokens": 1000, "losses": [{"loss": 1.0}]}}}
    assert "by step 300 [" in said(second, "A crosscoder over all checkpoints").text
    page = " ".join(block_text(section) for section in formation_sections([Followed("follow", second)]))
    assert "a crosscoder over all checkpoints: born" in page


def block_text(section: Section) -> str:
    return render(Page("name", "", "", "", [section]))


def test_a_page_does_without_pytorch() -> None:
    script = "import sys, chronolect.report.build; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_colours_go_with_time() -> None:
    shades = [shade(place, 7) for place in (-1, *range(7))]
    assert (shades[0], shades[-1]) == (0, 9)
    assert shades == sorted(shades)


@pytest.mark.parametrize("steps", [STEPS, (0, 10, 20, 30), (512, 1000, 143000), (5, 6)])
def test_steps_keep_their_order_and_ticks_are_checkpoints(steps: tuple[int, ...]) -> None:
    axis = step_axis(steps)
    places = [axis.place(step) for step in steps]
    assert places == sorted(set(places))
    assert set(axis.axis.ticks or ()) <= set(places)
    assert places[0] in (axis.axis.ticks or ())


def test_what_models_wrote_is_shown_and_never_run(built: tuple[dict[str, Any], str]) -> None:
    page = built[1]
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert len(re.findall("<script", page)) == 1
    assert "↵" in page
    assert not re.findall(r'style="', page)  # the policy would refuse them


def test_a_card_and_its_row_in_the_river_are_linked(built: tuple[dict[str, Any], str]) -> None:
    page = built[1]
    targets = re.findall(r'<article class="feature k\d" id="([^"]+)"', page)
    assert len(targets) == 3
    for target in targets:
        assert f'href="#{target}"' in page


def test_several_followings_stand_side_by_side(formation_run: Path, tmp_path: Path) -> None:
    short = make_followed(tmp_path / "short", checkpoints=2, seeds=1, cards=False)
    result = build_report([formation_run, short], out=tmp_path / "report")
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert result["sections"][:2] == ["compared", "births"]
    assert {"births-2", "purity-2", "autoencoders-2"} <= set(result["sections"])
    assert "features-2" not in result["sections"]
    assert any(line.startswith("short: Purity needs 3 checkpoints and there are 2") for line in result["findings"])
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_report_of_another_version_is_refused(tmp_path: Path) -> None:
    with stage(tmp_path / "old", command="formation track", config={}) as work:
        write_json(work.folder / "evaluation_report.json", {"schema_version": 7})
    with pytest.raises(UserError, match=r"old/evaluation_report.json: schema_version is not 1"):
        build_report([tmp_path / "old"], out=tmp_path / "report")


def test_ground_truth_is_told_target_by_target(report: dict[str, Any]) -> None:
    targets = [
        {"name": "births.recall", "value": 0.9, "limit": 0.8, "at_most": False, "reached": True},
        {"name": "births.median_error", "value": 2, "limit": 1.0, "at_most": True, "reached": False},
        {"name": "deaths.recall", "value": None, "limit": 0.8, "at_most": False, "reached": None},
    ]
    purity = {"naive_mean_error": 0.6, "mean_error": 0.02}
    known = {**report, "ground_truth": {"run": {}, "cold": {"verdicts": targets, "purity": purity}}}
    verdicts = formation_verdicts(known, {})[:4]
    assert [verdict.kind for verdict in verdicts] == ["pass", "fail", "note", "note"]
    assert "at most 1 was asked for" in verdicts[1].text
    assert "off from the true overlap by 0.600" in verdicts[3].text
    assert formation_title(known, "synth")[0] == "Held to the truth: 1 of 3 targets reached"


def routed(adjusted: float, *, judged: float | None = None) -> dict[str, Any]:
    """What `router_report` gives of one seed, with a judge's adjusted regret or without a judge."""
    numbers = {"explained_variance_routed": 0.8, "usage_entropy": 0.9, "regret": 0.5, "adjusted_regret": adjusted}
    return {
        "mode": "advantage",
        "layers": [1, 2],
        "tokens": 100,
        "explained_variance": [0.8, 0.7],
        "usage": [0.6, 0.4],
        "mean_probability": [0.6, 0.4],
        **numbers,
        "random": {**numbers, "adjusted_regret": 1.0},
        "best_fixed": {"layer": 1, **numbers, "adjusted_regret": 1.0},
        "impartial": None if judged is None else {**numbers, "adjusted_regret": judged},
    }


def test_an_uninformative_router_is_called_so(report: dict[str, Any]) -> None:
    for regrets, judged, kind, words in (
        ([0.5, 0.52, 0.48], 0.7, "pass", "Router informative"),
        ([0.5, 0.52, 0.48], 1.0, "fail", "Router uninformative"),
        ([0.95, 1.0, 0.97], None, "fail", "Router uninformative"),
        ([0.5, 0.52, 0.48], None, "note", "Router not judged"),
        ([0.5], 0.7, "note", "Router not judged"),
    ):
        routing = combine_reports([routed(regret, judged=judged) for regret in regrets])
        assert said({**report, "routing": routing}, words).kind == kind
        beside, layers = routing_tables(routing)
        judge = [] if judged is None else ["router, judged by an autoencoder of random layers"]
        assert [row[0] for row in beside.rows] == ["router", *judge, "random", "best fixed layer"]
        assert [list(row) for row in layers.rows] == [["1", "0.800", "0.600"], ["2", "0.700", "0.400"]]
    one = routed(0.5)
    assert routing_tables(one)[0].rows[0][3] == "0.500"  # of one seed alone there is no interval
    assert [row[3] for row in routing_tables(routed(0.5, judged=0.8))[0].rows] == ["0.500", "0.800", "1.000", "1.000"]


def test_a_router_is_told_in_its_own_units_and_whether_it_chooses_as_it_did(report: dict[str, Any]) -> None:
    kept = [
        {"from_step": 500, "to_step": 1000, "agreement": 0.8125, "kappa": 0.625},
        {"from_step": 1000, "to_step": 2000, "agreement": 1.0, "kappa": None},
    ]
    tables = routing_tables({**combine_reports([routed(0.5)]), "agreement": kept})
    assert [list(row) for row in tables[2].rows] == [
        ["500", "1,000", "0.812", "0.625"],
        ["1,000", "2,000", "1.000", "–"],
    ]
    assert all("in normalised units" in table.caption for table in tables[:2])
    assert len(routing_tables({**combine_reports([routed(0.5)]), "agreement": None})) == 2  # of a random one
    for layers, told in (([1, 2], True), ([1], False)):
        about = {**report, "experiment_info": {**report["experiment_info"], "layers": layers}}
        section = formation_sections([Followed("follow", about, [], {})])[-1]
        assert ("explained variance is of the states it chose, in normalised units" in section.intro) == told


def test_a_run_without_features_stands_beside_one_with(formation_run: Path, tmp_path: Path) -> None:
    bare = {
        "schema_version": 1,
        "experiment_info": {"evaluation": {"val": {"loss": 3.25, "perplexity": 25.8}}, "probe": None},
        "chrono_metrics": {"steps": [], "purity": None, "births": None},
        "saes": [],
        "warnings": [],
    }
    with stage(tmp_path / "standard", command="formation train", config={}) as work:
        write_json(work.folder / "evaluation_report.json", bare)
    result = build_report([formation_run, tmp_path / "standard"], out=tmp_path / "report")
    assert "standard: No features were followed here." in result["findings"]
    assert "3.250" in Path(result["report"]).read_text(encoding="utf-8")
    assert build_report([tmp_path / "standard"], out=tmp_path / "alone")["sections"] == ["provenance"]


def test_purity_that_was_not_asked_for_is_left_out(report: dict[str, Any], tmp_path: Path) -> None:
    without = {**report, "chrono_metrics": {**report["chrono_metrics"], "purity": None, "final_temporal_purity": None}}
    assert said(without, "Temporal purity was not asked for").kind == "note"
    named = {"main": {"loss": 3.0, "births": 4}, "no_sae": {"loss": 2.9, "births": None}}
    with stage(tmp_path / "run", command="formation train", config={}) as work:
        write_json(work.folder / "evaluation_report.json", {**without, "ablation": named})
    page = Path(build_report([tmp_path / "run"], out=tmp_path / "report")["report"]).read_text(encoding="utf-8")
    assert "Without a part of it" in page
    assert "no sae" in page
