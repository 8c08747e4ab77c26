import json

import pytest

from chronolect.chronicle.probes import Option, Probe
from chronolect.evaluation.answers import ask, complete
from chronolect.models.dummy import DummyModel
from chronolect.models.language_model import Score

PROBE = Probe(
    id="moon/heldout",
    fact="moon",
    date="1969-07-20",
    split="heldout",
    form="cloze",
    guess="low",
    prompt="First on the Moon was",
    options=(Option(" Armstrong", "answer"), Option(" Gagarin", "past")),
    references=("First in space was", "First on Everest was"),
)
LOGPROBS = {
    ("First on the Moon was", " Armstrong"): -3.0,
    ("First on the Moon was", " Gagarin"): -2.0,
    ("", " Armstrong"): -6.0,
    ("", " Gagarin"): -5.5,
    ("First in space was", " Armstrong"): -7.0,
    ("First in space was", " Gagarin"): -1.0,
    ("First on Everest was", " Armstrong"): -5.0,
    ("First on Everest was", " Gagarin"): -4.0,
}


class Table(DummyModel):
    """Scores from a table; each may be asked for once."""

    def loglikelihoods(self, requests):  # type: ignore[no-untyped-def]
        assert len(set(requests)) == len(requests)
        return [Score(LOGPROBS[request], 1, False) for request in requests]

    def generate(self, prompts, **settings):  # type: ignore[no-untyped-def]
        return [" the man called neil ARMSTRONG, of Ohio" for _ in prompts]


def test_three_scorings_by_hand() -> None:
    (answer,) = ask(Table(), "table", [PROBE])
    assert answer.scores["raw"] == (-3.0, -2.0)
    assert answer.scores["empty"] == pytest.approx((3.0, 3.5))
    assert answer.scores["calibrated"] == pytest.approx(
        (2.0, 0.25)
    )  # 3 above a mean with spread 1 + 0.5; 0.5 above one with 1.5 + 0.5
    assert answer.picks == {"raw": 1, "empty": 1, "calibrated": 0}
    (answer,) = ask(Table(), "table", [PROBE], references=1)
    assert answer.scores["calibrated"] == pytest.approx((8.0, -2.0))
    (answer,) = ask(Table(), "table", [PROBE], references=0)
    assert answer.scores["calibrated"] == answer.scores["empty"]


def test_the_same_request_of_two_probes_is_scored_once() -> None:
    first, second = ask(Table(), "table", [PROBE, PROBE])
    assert first == second


def test_a_tie_is_no_gift_to_the_right_answer() -> None:
    class Same(DummyModel):
        def loglikelihoods(self, requests):  # type: ignore[no-untyped-def]
            return [Score(-1.0, 1, False)] * len(requests)

    probes = [Probe(**{**PROBE.__dict__, "id": str(number)}) for number in range(400)]
    right = sum(answer.picks["calibrated"] == 0 for answer in ask(Same(), "same", probes))
    assert 160 < right < 240


def test_an_answer_is_a_line_that_reads_by_itself() -> None:
    (answer,) = ask(Table(), "table", [PROBE])
    row = json.loads(answer.line(PROBE))
    assert row["model"] == "table"
    assert row["probe"] == "moon/heldout"
    assert row["picks"]["calibrated"] == 0
    assert row["options"][1] == {"text": " Gagarin", "tag": "past"}


@pytest.mark.parametrize(
    ("aliases", "exact"), [((), False), (("Neil Armstrong",), True), (("Neil",), True), (("Arms",), False)]
)
def test_completions_are_searched_for_whole_names(aliases: tuple[str, ...], exact: bool) -> None:
    probe = Probe(**{**PROBE.__dict__, "options": (Option(" N. Armstrong", "answer"),)})
    (found,) = complete(Table(), [probe], aliases={"moon": aliases})
    assert found["exact"] is exact
