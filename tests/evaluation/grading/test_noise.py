"""What is no text at all."""

import pytest

from chronolect.evaluation.grading.noise import find_noise, is_no_language
from chronolect.evaluation.grading.normalise import Text


@pytest.mark.parametrize(
    "response",
    ["", " \n\t", "...", "and and and and and and and and", "the president of the president of the president of the president of the",
     "ĠtheĠÂ ĠofĠ", "%%% ]] ;; ~~ $$ a", "The of telephone was and by in patent the with it to from were", "1 2 3 4 5 6 7 8 9"],
)  # fmt: skip
def test_noise_is_noise_whatever_it_names(response: str) -> None:
    assert find_noise(response, Text(response))


@pytest.mark.parametrize(
    "response",
    [
        "Paris.",
        "I do not know, I do not know.",
        '{"answer": "Paris"}',
        "1989",
        "H.I.V.",
        "It was Paris, in France.",
        "**Oslo**",
        "```\nOslo\n```",
    ],
)
def test_short_answers_and_code_are_not(response: str) -> None:
    assert find_noise(response, Text(response)) is None


def test_letters_that_are_no_words() -> None:
    question = Text("Who was it?")
    assert is_no_language(Text("ukuuq brant oleo fimmin torsk lunderly"), question)
    assert is_no_language(Text("ปญหส ๓๔"), question)
    assert is_no_language(Text("it was somebody from the north"), question) is None
