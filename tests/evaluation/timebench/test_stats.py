"""What runs come to: scores, intervals and structure, from judged runs and from the files of scenarios."""

import json

import numpy as np
import pytest

from chronolect.corpus import CorpusWriter, Document
from chronolect.errors import UserError
from chronolect.evaluation.timebench.bootstrap import Resampler, interval_95
from chronolect.evaluation.timebench.scores import accuracy, mean_scores
from chronolect.evaluation.timebench.stats import eval_timebench_stats
from chronolect.models.tokenizers import train_tokenizer

REPLIES = ("<think>\nTwo hours.\n</think>\n\nGood evening!", "Hello.", "", "API_CALL_FAILED: timed out")


def messages(number):
    return [{"role": "user", "content": f"<time>2025-03-0{number + 1}T10:00:00</time>\nHello {number}"}]


def scenario_file(path, count=6):
    rows = [
        {"test_messages": messages(n), "objective": "\nGreets.\n", "category": "Gap" if n % 2 else "Zone"}
        for n in range(count)
    ]
    path.write_text(json.dumps(rows))
    return path


def run(number, response, score=None):
    record = {
        "test_messages": messages(number),
        "objective": "\nGreets.\n",
        "category": "Gap" if number % 2 else "Zone",
    }
    record |= {"response": response, "output_length": 0 if not response else 12, "seed": len(response)}
    return record if score is None else record | {"score": score, "scoring_reason": "so"}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    with CorpusWriter(folder / "corpus") as writer:
        writer.write(Document(id="1", text="Good evening! " * 20))
    train_tokenizer(folder / "corpus", out=folder / "tokenizer", vocab_size=280)
    return str(folder / "tokenizer")


@pytest.fixture
def judged(tmp_path):
    """Six scenarios of four runs; the last scenario's runs could not be judged, nor those without a reply."""
    runs = [
        run(number, reply, -1 if number == 5 or place > 1 else int((number + place) % 3 == 0))
        for number in range(6)
        for place, reply in enumerate(REPLIES)
    ]
    path = tmp_path / "Mine_output_judged.json"
    path.write_text(json.dumps(runs))
    return path


def test_one_stream_gives_what_the_global_one_gives():
    before = np.random.get_state()[1].copy()
    resampler = Resampler(3407)
    values = [0.0, 0.25, 0.5, 1.0, 1.0]
    first, second = resampler.means(values), resampler.means(values * 2)
    assert (np.random.get_state()[1] == before).all()  # the global stream is left alone
    legacy = np.random.RandomState(3407)
    assert (first == legacy.choice(values, (10_000, 5)).mean(axis=1)).all()
    assert (second == legacy.choice(values * 2, (10_000, 10)).mean(axis=1)).all()
    assert resampler.state_word == legacy.get_state()[1][0]


def test_large_sets_draw_the_same_stream_in_parts(monkeypatch):
    values = list(np.linspace(0, 1, 33))
    whole = Resampler(1).means(values)
    monkeypatch.setattr("chronolect.evaluation.timebench.bootstrap._CELLS", 5000)
    assert (Resampler(1).means(values) == whole).all()


def test_intervals_are_percentiles():
    assert interval_95(np.arange(10_001) / 10_000, scale=100) == [2.5, 97.5]


def test_runs_that_nobody_could_judge_count_for_nothing():
    assert mean_scores([("b", 1), ("a", 0), ("b", 0), ("b", -1), ("c", -1)]) == {"b": 0.5, "a": 0.0}


def test_the_overall_score_is_weighted_by_scenarios_and_its_interval_joins_the_draws():
    scores = {"a": 0.1, "b": 0.2, "c": 0.4, "d": 0.9}
    found = accuracy(scores, {"a": "Z", "b": "Z", "c": "Z", "d": "A"}, seed=7)
    assert list(found["per_category_accuracy"]) == ["A", "Z"]
    assert found["per_category_accuracy"]["Z"]["observed_mean_accuracy_percent"] == 23.33
    assert found["overall_accuracy"]["observed_mean_accuracy_percent"] == round((3 * 23.33 + 90.0) / 4, 2)
    legacy = np.random.RandomState(7)
    single = legacy.choice([0.9], (10_000, 1)).mean(axis=1)
    three = legacy.choice([0.1, 0.2, 0.4], (10_000, 3)).mean(axis=1)
    joined = np.percentile(single / 4 + three * 3 / 4, [2.5, 97.5]) * 100
    assert found["overall_accuracy"]["confidence_interval_95_percent"] == pytest.approx(list(joined), abs=0.006)
    assert found["seed"] == legacy.get_state()[1][0]


def test_from_judged_runs(judged, tokenizer, tmp_path):
    found = eval_timebench_stats(judged=judged, tokenizer=tokenizer)
    assert found["counts"] == {
        "runs": 24,
        "scenarios": 6,
        "runs_not_judged": 14,
        "scenarios_not_judged": 1,
        "runs_without_reply": 12,
    }
    results = json.loads((tmp_path / "Mine_results.json").read_text())
    assert results == {key: found[key] for key in ("llm_judge_summary", "advanced_structural_stats")}
    assert results["llm_judge_summary"]["overall_accuracy"]["scenarios"] == 5
    scores = json.loads((tmp_path / "Mine_output_scenario_scores.json").read_text())["accuracy_scenario_scores"]
    assert list(scores) == [json.dumps(messages(number), sort_keys=True) for number in range(5)]
    assert scores[json.dumps(messages(0), sort_keys=True)] == 0.5
    structure = json.loads((tmp_path / "Mine_output_scenario_stats.json").read_text())["structural_scenario_stats"]
    assert len(structure) == 6
    assert {row["mean_number_of_think_blocks"] for row in structure.values()} == {0.5}
    assert all(row["mean_total_reasoning_tokens"] > 1 for row in structure.values())
    described = results["advanced_structural_stats"]["descriptive_stats"]
    assert described["structural_stats"]["percentage_of_runs_with_think_blocks"] == 50.0
    assert "Overall" in found["screen"]


def test_the_files_of_scenarios_give_the_same_results(judged, tokenizer, tmp_path):
    direct = eval_timebench_stats(judged=judged, tokenizer=tokenizer)
    again = eval_timebench_stats(
        scenario_scores=tmp_path / "Mine_output_scenario_scores.json",
        scenario_stats=tmp_path / "Mine_output_scenario_stats.json",
        scenarios=scenario_file(tmp_path / "scenarios.json"),
        out=tmp_path / "again" / "Mine_results.json",
    )
    assert again["llm_judge_summary"] == direct["llm_judge_summary"]
    direct["advanced_structural_stats"].pop("descriptive_stats")  # which the replies alone can give
    assert again["advanced_structural_stats"] == direct["advanced_structural_stats"]


def test_scores_alone_without_a_tokenizer(judged, tmp_path, capsys):
    found = eval_timebench_stats(judged=judged)
    assert "advanced_structural_stats" not in found
    assert "--tokenizer" in capsys.readouterr().err
    assert not (tmp_path / "Mine_output_scenario_stats.json").exists()


def test_structure_alone_of_runs_nobody_judged(tokenizer, tmp_path):
    path = tmp_path / "New_output.json"
    path.write_text(json.dumps([run(0, "Hello."), run(1, "Hello.")]))
    found = eval_timebench_stats(judged=path, tokenizer=tokenizer)
    assert "llm_judge_summary" not in found
    assert not (tmp_path / "New_output_scenario_scores.json").exists()
    with pytest.raises(UserError, match="no run in it is judged"):
        eval_timebench_stats(judged=path)


def test_another_seed_gives_other_intervals(judged, tmp_path):
    one, other = (eval_timebench_stats(judged=judged, seed=seed)["llm_judge_summary"] for seed in (1, 2))
    assert one != other
    assert (
        one["overall_accuracy"]["observed_mean_accuracy_percent"]
        == other["overall_accuracy"]["observed_mean_accuracy_percent"]
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing to sum up"),
        ({"judged": "runs", "scenario_scores": "scores"}, "--judged stands in place of"),
        ({"scenario_scores": "scores", "tokenizer": "x"}, "--tokenizer needs the replies"),
        ({"scenario_scores": "scores"}, "6 of 6 scenarios are not in the embedded scenarios; name their file"),
        ({"scenario_scores": "runs"}, 'under "accuracy_scenario_scores"'),
        ({"scenario_scores": "high", "scenarios": "scenarios"}, "score 1 of .* is 3"),
        ({"scenario_stats": "scores"}, 'under "structural_scenario_stats"'),
        ({"judged": "scores"}, "must be a list of runs"),
        ({"judged": "strange"}, "run 1: the score is 5"),
        ({"judged": "bare"}, 'run 1: "response" must be a text'),
        ({"judged": "nothing"}, "no such file"),
    ],
)
def test_bad_input_is_one_line(given, message, tmp_path):
    files = {
        "runs": [run(0, "Hello.", 1)],
        "scores": {"accuracy_scenario_scores": {json.dumps(messages(n), sort_keys=True): 0.5 for n in range(6)}},
        "high": {"accuracy_scenario_scores": {json.dumps(messages(0), sort_keys=True): 3}},
        "strange": [run(0, "Hello.", 5)],
        "bare": [{"test_messages": messages(0), "category": "Gap"}],
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    scenario_file(tmp_path / "scenarios")
    flags = {key: value if key == "tokenizer" else tmp_path / value for key, value in given.items()}
    with pytest.raises(UserError, match=message) as error:
        eval_timebench_stats(**flags, out=tmp_path / "x_results.json")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "x_results.json").exists()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_the_stream_does_not_take(seed, judged):
    with pytest.raises(UserError, match=f"--seed {seed}: from 0"):
        eval_timebench_stats(judged=judged, seed=seed)


def test_half_of_a_character_is_counted(tokenizer, tmp_path):
    """JSON can write it, a tokenizer cannot read it."""
    path = tmp_path / "x_output.json"
    path.write_text(json.dumps([run(0, "<think>Half \ud83d of one.</think> So.", 1)]))
    found = eval_timebench_stats(judged=path, tokenizer=tokenizer)
    assert (
        found["advanced_structural_stats"]["descriptive_stats"]["reasoning_stats"]["reasoning_tokens_per_run"]["max"]
        > 0
    )
