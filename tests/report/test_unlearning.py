"""The page of a comparison, from results as the command writes them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.unlearning.conftest import deed

from chronolect.evaluation.temporal.metrics import Tally
from chronolect.evaluation.unlearning.compare import compare
from chronolect.evaluation.unlearning.fluency import measure_fluency
from chronolect.evaluation.unlearning.membership import ATTACKS
from chronolect.evaluation.unlearning.memorisation import MEASURES
from chronolect.evaluation.unlearning.recall import Question, choose_questions
from chronolect.report.page import render
from chronolect.report.unlearning import FILES, REFERENCE, START, UNLEARNED, group_of, some_answers, unlearning_page
from chronolect.timeline import Cutoff

FAMILIES = [f"deed-{number}" for number in range(30)]


def measured(
    name: str, questions: list[Question], *, after: float, before: float, weights: bool = True
) -> dict[str, Any]:
    """A model that is right on the first part of each side's questions."""
    places = {"after": 0, "before": 0}
    right = []
    total = len(questions) / 2
    for question in questions:
        places[question.group] += 1
        right.append(places[question.group] <= {"after": after, "before": before}[question.group] * total)
    rates = {side: Tally().metrics()[side] for side in ("retain", "unlearn")}
    sets = {f"{side}_{split}": rates[side] for side in rates for split in ("train", "val")}
    skipped = {"skipped": "needs the model's folder"}
    inside = {key: dict.fromkeys(FAMILIES, 0.2) for key in MEASURES}
    scores = {attack: {family: float(place) for place, family in enumerate(FAMILIES)} for attack in ATTACKS}
    return {
        "name": name,
        "spec": f"{name}.gguf" if not weights else name,
        "right": right,
        "open": {**sets, "fluency": measure_fluency(["a b c", ""])},
        "bits_per_byte": [1.0, 1.2],
        "memory": inside if weights else skipped,
        "membership": {"forget": scores, "unseen": scores} if weights else skipped,
    }


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    questions = choose_questions([deed(number) for number in range(60)] * 4, Cutoff.parse("1969-07-20"), set())
    models = [
        measured("start", questions, after=0.9, before=0.9),
        measured("never", questions, after=0.25, before=0.9),
        measured("npo <best>", questions, after=0.25, before=0.88),
        measured("refusal", questions, after=0.88, before=0.5),
        measured("npo q4", questions, after=0.6, before=0.88, weights=False),
    ]
    cost = {"method": "npo", "steps": 450, "tokens": 7200, "seconds": 149.0}
    compared = compare(
        models,
        questions,
        start=0,
        reference=1,
        parents=[None, None, None, None, 2],
        costs=[None, None, cost, None, None],
    )
    return {
        "cutoff": "1969-07-20",
        "start": "start",
        "reference": "never",
        "questions": {"before": 120, "after": 120, "open": 80},
        "models": compared,
        "not_tested": ["relearning: whether a few steps bring it back"],
    }


def test_every_model_has_its_part(results: dict[str, Any]) -> None:
    found = [group_of(model, results) for model in results["models"]]
    assert found == [START, REFERENCE, UNLEARNED, UNLEARNED, FILES]


def test_verdicts_say_who_forgot_and_what_quantising_brings_back(results: dict[str, Any]) -> None:
    page = unlearning_page(results, name="demo")
    assert (
        page.title
        == "1 of 2 unlearned models forgot what they were to forget of the time after 20 July 1969 and kept the rest"
    )
    kinds = [verdict.kind for verdict in page.verdicts]
    assert kinds == ["note", "note", "pass", "fail", "fail"]
    assert re.search(r"npo q4, made from npo <best>: after the cutoff \+0\.35 \[", page.verdicts[4].text)
    assert "loses more than 5 points" in page.verdicts[3].text


def test_the_page_is_whole_and_escaped(results: dict[str, Any]) -> None:
    rows = [
        {
            "model": model["name"],
            "set": "unlearn_val",
            "instruction": "Who <did> it?",
            "response": "Nobody.",
            "verdict": "era_native",
        }
        for model in results["models"]
    ]
    html = render(unlearning_page(results, rows, name="demo"))
    assert "npo <best>" not in html
    assert "Who &lt;did&gt; it?" in html
    for said in (
        "Forgetting against keeping",
        "By the year of the event",
        "Extraction strength",
        "Relearning: whether",
        "450",
        "Min-K++",
    ):
        assert said in html
    assert "needs the model&#39;s folder" in html
    assert "nan" not in html


def test_a_few_questions_of_other_facts_are_shown(tmp_path: Path) -> None:
    for name in ("01", "02"):
        rows = [
            {"model": name, "set": which, "instruction": f"Q{number}", "metadata": {"family": f"f{number // 2}"}}
            for which in ("retain_val", "unlearn_val", "retain_train")
            for number in range(20)
        ]
        (tmp_path / f"{name}-answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = some_answers(tmp_path)
    assert [(row["model"], row["set"], row["instruction"]) for row in found[:6]] == [
        ("01", which, f"Q{number}") for which in ("retain_val", "unlearn_val") for number in (0, 2, 4)
    ]
    assert len(found) == 12
