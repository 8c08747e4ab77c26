"""The whole comparison on real models: a stand-in and a small Llama."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.unlearning.conftest import write_side

from chronolect.artifacts import read_json
from chronolect.corpus import CorpusWriter, Document
from chronolect.errors import UserError
from chronolect.evaluation.unlearning.command import eval_unlearning


def settings(data_folder: Path, deed_file: Path, **more: Any) -> dict[str, Any]:
    return {
        "cutoff": "1969-07-20",
        "data": data_folder,
        "probes": deed_file,
        "references": 1,
        "limit": 6,
        "max_tokens": 4,
        "bootstrap": 50,
        "chat_template": "question",
        **more,
    }


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("neutral") / "corpus"
    with CorpusWriter(folder) as writer:
        for number in range(5):
            writer.write(Document(id=str(number), text=f"Rain falls on day {number}."))
    return folder


@pytest.fixture(scope="session")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of deeds that are in no data."""
    folder = tmp_path_factory.mktemp("unseen")
    write_side(folder, "unlearn", {"train": [201, 203, 205]})
    return folder / "unlearn" / "unlearn_train.jsonl"


@pytest.fixture(scope="session")
def compared(
    model_folder: Path,
    data_folder: Path,
    deed_file: Path,
    corpus: Path,
    unseen: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, Any]]:
    """A small model beside itself and the stand-in, and what the command returned."""
    out = tmp_path_factory.mktemp("compared") / "unlearning"
    counts = eval_unlearning(
        [str(model_folder), "dummy", str(model_folder)],
        out=out,
        names=["start", "unlearned", "never read"],
        **settings(data_folder, deed_file, neutral=corpus, unseen=unseen, reference="never read"),
    )
    return out, counts


def test_every_rate_has_its_n_and_interval(compared: tuple[Path, dict[str, Any]]) -> None:
    results = read_json(compared[0] / "unlearning.json")
    assert results["questions"] == {"before": 24, "after": 24, "control": 0, "trap": 1, "open": 24}
    start, unlearned, _ = results["models"]
    assert "change" not in start["four_choice"]
    assert unlearned["four_choice"]["change"]["before"]["n"] == 24
    for model in results["models"]:
        for side in ("before", "after"):
            part = model["four_choice"][side]
            assert part["low"] <= part["accuracy"] <= part["high"]
            assert part["shown"]["n"] == 20
            assert part["unshown"]["n"] == 4
        assert model["open"]["unlearn_train"]["total"] == 6
        assert 3 <= model["open"]["unlearn_train"]["families"]["any_leaks"]["n"] <= 6
        assert model["utility"]["bits_per_byte"]["n"] == 5
        assert model["fluency"]["loops"]["n"] == 24
    assert unlearned["utility"]["change"]["value"] == pytest.approx(
        unlearned["utility"]["bits_per_byte"]["value"] - start["utility"]["bits_per_byte"]["value"]
    )


def test_memory_and_membership_stand_beside_the_reference(compared: tuple[Path, dict[str, Any]]) -> None:
    start, dummy, reference = read_json(compared[0] / "unlearning.json")["models"]
    assert start["memory"]["forget_quality"]["p"] == pytest.approx(1.0)  # it is the same model
    assert start["memory"]["probability"]["n"] == start["memory"]["forget_quality"]["n"][0] > 1
    assert start["membership"]["min_k++"]["gap"]["value"] == 0.0
    assert start["membership"]["loss"]["n"][1] == 3
    assert "forget_quality" not in reference["memory"]
    assert "tokens can be looked at one by one in a folder" in dummy["memory"]["skipped"]
    assert "skipped" in dummy["membership"]


def test_answers_can_be_read_and_graded_again(compared: tuple[Path, dict[str, Any]]) -> None:
    rows = [json.loads(line) for line in (compared[0] / "models" / "01-answers.jsonl").read_text().splitlines()]
    assert len(rows) == 24
    assert {row["set"] for row in rows} == {"retain_val", "retain_train", "unlearn_val", "unlearn_train"}
    assert {row["model"] for row in rows} == {"start"}
    assert (
        len((compared[0].parent / "unlearning_generations.jsonl").read_text().splitlines()) == 48
    )  # the same model is asked once


def test_a_page_is_written(compared: tuple[Path, dict[str, Any]]) -> None:
    html = (compared[0] / "unlearning.html").read_text()
    assert "0 of 1 unlearned models forgot what they were to forget of the time after 20 July 1969" in html
    assert "Membership attacks" in html


def test_the_screen_names_models_and_what_was_not_tested(compared: tuple[Path, dict[str, Any]]) -> None:
    screen = compared[1]["screen"]
    assert "to be forgotten" in screen
    assert "unlearned: too few questions about what it was to forget; too few questions before the cutoff" in screen
    assert "relearning" in screen
    assert "--reference" not in screen


KILLED = """
import json, os, signal, sys
from pathlib import Path
from chronolect.evaluation.unlearning import command
from chronolect.models import opening

opened = []


def open_then_die(spec, **more):
    opened.append(spec)
    if len(opened) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(spec, **more)


real, opening.open_model = opening.open_model, open_then_die
given = json.loads(sys.argv[1])
command.eval_unlearning(given.pop("models"), **{key: Path(value) if key in ("out", "data", "probes") else value for key, value in given.items()})
"""


def test_a_killed_run_goes_on_with_the_model_it_was_at(data_folder: Path, deed_file: Path, tmp_path: Path) -> None:
    given = settings(data_folder, deed_file, names=["one", "other"])
    models = ["dummy", "dummy"]
    eval_unlearning(models, out=tmp_path / "whole", **given)
    killed = tmp_path / "killed"
    arguments = json.dumps({"models": models, "out": killed, **given}, default=str)
    done = subprocess.run([sys.executable, "-c", KILLED, arguments], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    written = (tmp_path / ".killed.partial" / "models" / "01.json").stat().st_mtime_ns
    time.sleep(0.01)
    eval_unlearning(models, out=killed, **given)
    assert (killed / "models" / "01.json").stat().st_mtime_ns == written  # not measured again
    results = read_json(killed / "unlearning.json")
    assert results == read_json(tmp_path / "whole" / "unlearning.json")
    assert results["not_tested"][:3] == [
        "utility on neutral text (--neutral)",
        "forget quality against a retain-only model (--reference)",
        "membership attacks (--unseen)",
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"start": "strat"}, r"--start strat: no model of that name among dummy"),
        ({"reference": "locked"}, r"--reference locked: no model of that name"),
        ({"names": ["a", "b"]}, r"--names: 2 for 1 models"),
        ({"references": -1}, r"--references -1: at least 0"),
        ({"limit": 0}, r"--limit 0: at least 1"),
        ({"cutoff": "1900-01-01"}, r"no held-out probe of a fact before"),
    ],
)
def test_wrong_input_is_one_line(
    more: dict[str, Any], message: str, data_folder: Path, deed_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        eval_unlearning(["dummy"], out=tmp_path / "out", **settings(data_folder, deed_file, **more))


def test_a_missing_record_file_is_named(data_folder: Path, deed_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"retain_val.jsonl: no such file; --data takes a folder"):
        eval_unlearning(["dummy"], out=tmp_path / "out", **settings(tmp_path, deed_file))
