"""The horizon measured on models whose horizon is known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chronolect.evaluation.horizon as horizon
from chronolect.chronicle.probes import Probe, probe_lines
from chronolect.errors import UserError
from chronolect.evaluation.horizon import eval_horizon, headline_text

CUTOFF = "1968-12-31"


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch,
    historian: Callable[..., Any],
    probes: list[Probe],
    probe_file: Path,
    tmp_path: Path,
) -> Callable[..., dict[str, Any]]:
    def run(knows: Callable[[Probe], bool], **settings: Any) -> dict[str, Any]:
        monkeypatch.setattr(horizon, "open_model", lambda *_, **__: historian(probes, knows))
        settings = {"probes": probe_file, "cutoff": CUTOFF, "bootstrap": 200, **settings}
        eval_horizon(["historian"], out=tmp_path / "out", **settings)
        found: dict[str, Any] = json.loads((tmp_path / "out" / "horizon.json").read_text())
        return found

    return run


def test_who_knows_all_before_1969_has_its_horizon_there(ask: Callable[..., dict[str, Any]]) -> None:
    found = ask(lambda probe: probe.date < "1969" and probe.split == "heldout")
    model = found["models"][0]
    headline = model["headline"]
    assert (headline["before"]["accuracy"], headline["before"]["n"]) == (1.0, 138)
    assert headline["before"]["low"] > 0.97
    assert headline["after"]["n"] == 62
    assert headline["after"]["low"] < 0.25 < headline["after"]["high"]
    assert headline["at_chance_after"] is True
    assert headline["drop"]["low"] > 0.5
    point = headline["change_point"]
    assert point["found"]
    assert point["year"] == pytest.approx(1969, abs=1)
    assert point["low"] <= 1969 <= point["high"] + 0.5
    assert point["p"] < 0.01
    assert model["change_point"]["last_before"] == "1969-01-15"  # the first fact past the cutoff was guessed
    decades = {row["first"]: row for row in model["by_bin"]}
    assert (decades[1950]["accuracy"], decades[1950]["n"]) == (1.0, 20)
    assert decades[1980]["accuracy"] < 0.6
    assert len(model["by_year"]) == 100
    assert sum(row["n"] for row in model["by_year"]) == 200
    assert model["left_out"] == {"guess_high": 10, "straddling": 0, "undated": 0}
    wrong = model["tags"]["after"]
    assert wrong["wrong"] == 62 - headline["after"]["correct"]
    assert sum(wrong[tag]["successes"] for tag in ("past", "future", "irrelevant")) == wrong["wrong"]
    assert model["tags"]["before"]["wrong"] == 0
    assert set(model["by_form"]) == {"cloze", "question"}
    assert set(model["by_guess"]) == {"low", "high"}
    assert set(model["by_scoring"]) == {"raw", "empty", "calibrated"}
    assert model["splits"]["trap"]["low"] < 0.25 < model["splits"]["trap"]["high"]
    assert model["splits"]["control"]["n"] == 60


def test_who_knows_everything_has_no_horizon(ask: Callable[..., dict[str, Any]]) -> None:
    headline = ask(lambda probe: probe.split != "trap")["models"][0]["headline"]
    assert headline["before"]["accuracy"] == headline["after"]["accuracy"] == 1.0
    assert headline["at_chance_after"] is False
    assert not headline["change_point"]["found"]
    assert "change point none" in headline_text(headline)


def test_who_knows_nothing_is_at_chance_everywhere(ask: Callable[..., dict[str, Any]]) -> None:
    headline = ask(lambda _: False)["models"][0]["headline"]
    for side in ("before", "after"):
        assert headline[side]["low"] < 0.25 < headline[side]["high"]
        assert headline[side]["p_chance"] > 0.01
    assert not headline["change_point"]["found"]


def test_free_completions_name_what_is_known(ask: Callable[..., dict[str, Any]]) -> None:
    found = ask(lambda probe: probe.date < "1969", generate=20)["models"][0]["completions"]
    assert (found["before"]["accuracy"], found["before"]["n"]) == (1.0, 20)
    assert found["after"]["accuracy"] == 0.0
    assert found["after"]["texts"][0]["prompt"].startswith("Deed")


def test_no_verdict_on_few_probes(ask: Callable[..., dict[str, Any]]) -> None:
    headline = ask(lambda _: False, cutoff="1990-12-31")["models"][0]["headline"]
    assert headline["after"]["n"] == 18
    assert headline["at_chance_after"] is None


def test_a_date_on_both_sides_of_the_cutoff_is_counted_and_left_out(
    ask: Callable[..., dict[str, Any]], make_probe: Callable[..., Probe], probe_file: Path, probes: list[Probe]
) -> None:
    probe_file.write_text(probe_lines([*probes, make_probe(7000, "1968/1970"), make_probe(7001, "196X")]))
    found = ask(lambda probe: probe.date < "1969")
    assert found["probes"]["straddling"] == 2
    assert found["models"][0]["left_out"]["straddling"] == 2
    assert found["models"][0]["headline"]["change_point"]["n"] == 200


def test_the_embedded_chronicle_with_the_dummy(tmp_path: Path) -> None:
    counts = eval_horizon(
        ["dummy", "dummy"],
        names=["one", "two"],
        out=tmp_path / "out",
        cutoff="1969-07-20",
        limit=300,
        bootstrap=50,
        references=2,
        splits=["heldout"],
    )
    assert counts["probes"] == 300
    assert counts["models"]["one"] == counts["models"]["two"]
    assert counts["models"]["one"]["before"]["low"] < 0.25 < counts["models"]["one"]["before"]["high"]
    found = json.loads((tmp_path / "out" / "horizon.json").read_text())
    assert "person" in found["models"][0]["by_type"]
    rows = [json.loads(line) for line in (tmp_path / "out" / "answers.jsonl").read_text().splitlines()]
    assert [row["model"] for row in rows] == ["one"] * 300 + ["two"] * 300
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_a_real_model_is_asked_as_well(tmp_path: Path, model_folder: Path, probe_file: Path) -> None:
    counts = eval_horizon(
        [str(model_folder)], out=tmp_path / "out", cutoff=CUTOFF, probes=probe_file, limit=40, bootstrap=10, generate=2
    )
    assert sum(counts["models"]["model"][side]["n"] for side in ("before", "after")) > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cutoff": "196X"}, "give one exact day"),
        ({"names": ["a", "b"]}, "--names: 2 for 1 models"),
        ({"models": ["dummy", "dummy"]}, 'two models are called "dummy"'),
        ({"models": []}, "no model to ask"),
        ({"models": ["missing"]}, "missing: no such model"),
        ({"limit": 0}, "--limit 0"),
        ({"bin_years": 0}, "--bin-years 0"),
        ({"splits": ["seen"]}, "no probes of --splits seen"),
    ],
)
def test_wrong_input(settings: dict[str, Any], message: str, tmp_path: Path, probe_file: Path) -> None:
    keywords = {"models": ["dummy"], "cutoff": CUTOFF, "probes": probe_file, "out": tmp_path / "out", **settings}
    with pytest.raises(UserError, match=message):
        eval_horizon(**keywords)
    assert not (tmp_path / "out").exists()


def test_a_broken_probe_is_named_by_its_line(tmp_path: Path, probe_file: Path) -> None:
    with open(probe_file, "a") as file:
        file.write('{"id": "broken"}\n')
    lines = len(probe_file.read_text().splitlines())
    with pytest.raises(UserError, match=f"probes.jsonl:{lines}: not a probe"):
        eval_horizon(["dummy"], out=tmp_path / "out", cutoff=CUTOFF, probes=probe_file)


def test_an_impossible_date_of_a_probe_is_named(
    tmp_path: Path, probe_file: Path, make_probe: Callable[..., Probe]
) -> None:
    probe_file.write_text(probe_lines([make_probe(1, "1969-02-30")]))
    with pytest.raises(UserError, match=r"probe 1/heldout: .*1969-02-30"):
        eval_horizon(["dummy"], out=tmp_path / "out", cutoff=CUTOFF, probes=probe_file)
