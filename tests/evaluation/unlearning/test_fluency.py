"""Loops, empty answers and distinct-n."""

import pytest

from chronolect.evaluation.unlearning.fluency import measure_fluency


def test_loops_and_empty_answers_are_counted() -> None:
    found = measure_fluency(["and " * 20, "", "  ", "It was signed in Paris."])
    assert (found["loops"]["correct"], found["empty"]["correct"], found["loops"]["n"]) == (1, 2, 4)


def test_distinct_n_by_hand() -> None:
    # words: a b a b, c b; pairs: ab ba ab, cb; triples: aba bab
    found = measure_fluency(["a b a b", "C b"])["distinct"]
    assert found == {"1": pytest.approx(3 / 6), "2": pytest.approx(3 / 4), "3": 1.0}
    assert measure_fluency([])["distinct"] == {"1": None, "2": None, "3": None}
