"""How replies are built: think blocks and their places, markup, leaks, and what they come to over scenarios and runs."""

import json
import time

import pytest

from chronolect.errors import UserError
from chronolect.evaluation.timebench.descriptive import (
    METRICS,
    STRUCTURE_KEY,
    bootstrap_structure,
    describe,
    read_structure,
)
from chronolect.evaluation.timebench.structure import annotate, scenario_structure


def words(text):
    return len(text.split())


def structure(response, length=20):
    return annotate(response, length, words)


@pytest.mark.parametrize("response", ["", " \n", "API_CALL_FAILED: timed out"])
def test_no_reply_has_no_structure(response):
    assert structure(response) is None


@pytest.mark.parametrize(
    ("response", "tokens", "positions"),
    [
        ("Good evening.", (), (0, 0, 0)),
        ("<think>\nstill early\n</think>", (2,), (1, 0, 0)),
        ("<think>a b</think>\n\nHello.", (2,), (1, 0, 0)),
        ("Hello. <think>a</think> How was it?", (1,), (0, 1, 0)),
        ("Hello. <think>a b c</think>\n", (3,), (0, 0, 1)),
        ("<think>a</think> Hi. <think>b c</think> So? <think>d</think>", (1, 2, 1), (1, 1, 1)),
        ("<THINK>a</THINK> Hi.", (1,), (1, 0, 0)),
        ("<think> \n</think> Hi.", (), (0, 0, 0)),
        ("<think></think> Hi. <think>a</think> So.", (1,), (1, 0, 0)),
        ("Hi. <think>a</think> So. <think></think>", (1,), (0, 0, 1)),
        ("Hi. <think>never closed", (), (0, 0, 0)),
    ],
)
def test_think_blocks_and_their_places(response, tokens, positions):
    found = structure(response)
    assert (found.block_tokens, found.positions) == (tokens, positions)
    assert sum(found.positions) == len(found.block_tokens)


def test_lengths_add_up():
    found = structure("<think>one two</think> three four five six", 8)
    assert (found.output_length, found.reasoning_tokens, found.other_tokens) == (8, 2, 6)
    assert found.reasoning_percentage == 25.0
    assert structure("three words here", 0).output_length == 3  # a server that counts nothing


@pytest.mark.parametrize(
    ("response", "heavy", "light"),
    [
        ("# Title", ("headings",), ()),
        ("#hashtag and a # b", (), ()),
        ("Then:\n- one\n- two", ("lists",), ()),
        ("Then:\n2. two", ("lists",), ()),
        ("In 1999. Yes - no", (), ()),
        ("> said he", ("blockquotes",), ()),
        ("```\ncode\n```", ("code_blocks",), ()),
        ("| a | b |", ("tables",), ()),
        ("one | pipe\nand | another", (), ()),
        ("**bold**", (), ("bold_or_italics",)),
        ("an *aside*", (), ("bold_or_italics",)),
        ("snake_case_name", (), ("bold_or_italics",)),
        ("2 * 3", (), ()),
    ],
)
def test_markup(response, heavy, light):
    found = structure(response)
    assert (found.heavy, found.light) == (heavy, light)


def test_what_is_wrong():
    fine = structure("<think>\n**Late**, so greet.\n</think>\n\n- Good evening!")
    assert not fine.is_degenerate
    assert fine.heavy == ("lists",)
    bleeding = structure("<think>\n- one\n- two\n</think>\nHi.")
    assert bleeding.bleeding == ("lists",)
    assert bleeding.is_degenerate
    assert structure("Hi. </think>").is_malformed
    assert structure("<think>a</think><think>").is_malformed
    assert structure("The user is back.").has_leak
    assert not structure("<think>The user is back.</think> Hi.").has_leak
    assert structure("<think>The user is back. Hi.").has_leak  # not within a whole block


def test_a_loop_is_reduced_before_anything_is_counted():
    found = structure("Well now, I say. " + "<think>again and again</think> So. " * 30, 300)
    assert found.has_loop
    assert found.is_degenerate
    assert len(found.block_tokens) == 1
    assert found.output_length < 20


def test_a_scenario():
    runs = [structure("<think>a b</think> Hi **you**.", 10), structure("Hi.\n- and", 20)]
    assert scenario_structure(runs) == {
        "mean_output_length": 15.0,
        "mean_non_reasoning_length": 14.0,
        "percentage_with_heavy_markdown": 50.0,
        "percentage_with_light_markdown": 50.0,
        "percentage_degenerate": 0.0,
        "percentage_malformed": 0.0,
        "percentage_infinite_repetitions": 0.0,
        "percentage_with_reasoning_leakage": 0.0,
        "percentage_with_formatting_leakage": 0.0,
        "percentage_with_think_blocks": 50.0,
        "mean_number_of_think_blocks": 0.5,
        "mean_total_reasoning_tokens": 1.0,
        "mean_reasoning_token_percentage": 10.0,
        "mean_think_block_positioning_percentage": {"at_beginning": 100.0, "in_between": 0.0, "at_end": 0.0},
    }


def test_positions_are_pooled_over_blocks():
    runs = [structure("<think>a</think>"), structure("A <think>b</think> c <think>d</think> e <think>f</think> g")]
    shares = scenario_structure(runs)["mean_think_block_positioning_percentage"]
    assert shares == {"at_beginning": 25.0, "in_between": 75.0, "at_end": 0.0}
    nothing = scenario_structure([structure("Hi.")])["mean_think_block_positioning_percentage"]
    assert json.dumps(nothing) == '{"at_beginning": 0, "in_between": 0, "at_end": 0}'  # whole numbers, as published


def test_all_replies_described():
    runs = [
        structure("<think>\n- a\n</think> Hi.", 11),
        structure("- Hi.\n# So", 20),
        structure("Hi <think>a b c</think> *so*", 40),
    ]
    found = describe(runs)
    assert found["output_length_stats"] == {"min": 11, "max": 40, "mean": 23.67, "median": 20}
    assert found["markdown_usage_stats"] == {
        "percentage_of_runs_with_any_markdown": 100.0,
        "percentage_with_heavy_markdown": 66.67,
        "percentage_with_light_markdown": 33.33,
        "usage_by_type_percentage": {
            "heavy": {"lists": 66.67, "headings": 33.33},
            "light": {"bold_or_italics": 33.33},
        },
    }
    assert found["reasoning_stats"]["reasoning_tokens_per_think_block"] == {
        "min": 2,
        "max": 3,
        "mean": 2.5,
        "median": 2,
    }
    assert found["structural_stats"]["think_block_positioning_percentage"] == {
        "at_beginning": 50.0,
        "in_between": 50.0,
        "at_end": 0.0,
    }
    breakdown = found["structural_stats"]["degenerate_structure_breakdown"]
    assert breakdown["formatting_leakage_percent"] == 33.33
    assert breakdown["formatting_leakage_by_type"] == {"lists": 100.0}


def test_replies_without_thoughts_described():
    found = describe([structure("Hi.")])
    assert found["reasoning_stats"]["reasoning_tokens_per_think_block"] == {"min": 0, "max": 0, "mean": 0, "median": 0}
    assert found["structural_stats"]["think_block_positioning_percentage"] == {}


def test_intervals_of_structure_are_reproducible_and_hold_the_mean():
    rows = [{name: float(place + number % 7) for place, name in enumerate(METRICS)} for number in range(25)]
    found = bootstrap_structure(rows, seed=1)
    assert found == bootstrap_structure(rows, seed=1)
    assert found["stats"] != bootstrap_structure(rows, seed=2)["stats"]
    assert list(found["stats"]) == list(METRICS)
    for block in found["stats"].values():
        low, high = block["confidence_interval_95_percent"]
        assert low < block["observed_mean"] < high


def test_broken_files_are_named(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(UserError, match=f'{path}: must be an object with scenarios under "{STRUCTURE_KEY}"'):
        read_structure(path)
    path.write_text(json.dumps({STRUCTURE_KEY: {"a": dict.fromkeys(METRICS, 1.0) | {"percentage_malformed": "no"}}}))
    with pytest.raises(UserError, match='scenario 1 has no number under "percentage_malformed"'):
        read_structure(path)


def test_thousands_of_openings_take_no_longer_than_their_length():
    """Each opening looked for its closing tag to the end of the reply: minutes of work here; the limit is far above what it takes now."""
    opened = "".join(f"<think>{number:x}" for number in range(40_000))
    began = time.process_time()
    found = structure(f"<THINK>a</THINK>{opened} The user")
    assert time.process_time() - began < 20
    assert (found.block_tokens, found.is_malformed, found.has_leak) == ((1,), True, True)
