"""The tokens of an answer, against a plain forward pass."""

from pathlib import Path

import numpy as np
import pytest
import torch

from chronolect.evaluation.unlearning.answer_tokens import read_answers
from chronolect.finetuning.records import Record
from chronolect.models.chat_template import choose_template
from chronolect.models.hf import HfModel

TEXT = Record(
    "The first person to walk on the Moon was", " Neil Armstrong.", {"form": "text", "dataset_type": "unlearn"}
)
CHAT = Record("Who?", "Alexander Fleming.", {"dataset_type": "retain"})


@pytest.fixture(scope="module")
def model(model_folder: Path) -> HfModel:
    return HfModel(model_folder, chat_template="question")


def by_hand(model: HfModel, context: list[int], answer: list[int]) -> tuple[np.ndarray, ...]:
    """logprobs, first choices, means and spreads, from the full distributions."""
    with torch.no_grad():
        logits = model.model(input_ids=torch.tensor([[*context, *answer]])).logits[0].double()
    rows = logits.log_softmax(-1)[len(context) - 1 : -1].numpy()
    means = (np.exp(rows) * rows).sum(-1)
    spreads = np.sqrt((np.exp(rows) * (rows - means[:, None]) ** 2).sum(-1))
    return rows[np.arange(len(answer)), answer], rows.argmax(-1) == answer, means, spreads


def encode(model: HfModel, text: str) -> list[int]:
    ids: list[int] = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


@pytest.mark.parametrize("template_name", ["question", "chatml"])
def test_tokens_are_those_of_a_plain_pass(model_folder: Path, template_name: str) -> None:
    model = HfModel(model_folder, chat_template=template_name)
    text, chat = read_answers(model, [(TEXT, TEXT.output), (CHAT, CHAT.output)])
    template = choose_template(model.tokenizer)
    space = " " if template_name == "question" else ""
    pairs = [
        (text, [model.bos, *encode(model, TEXT.instruction)], encode(model, " Neil Armstrong.")),
        # without the end of the turn
        (chat, encode(model, template.prompt(CHAT.messages())), encode(model, f"{space}Alexander Fleming.")),
    ]
    for found, context, answer in pairs:
        assert found is not None
        logprobs, is_first, means, spreads = by_hand(model, context, answer)
        assert found.logprobs == pytest.approx(logprobs, abs=1e-4)
        assert (found.is_first == is_first).all()
        assert found.means == pytest.approx(means, abs=1e-4)
        assert found.spreads == pytest.approx(spreads, abs=1e-3)


def test_an_answer_past_the_context_is_left_out(model: HfModel) -> None:
    long = Record("word " * 200, " Neil.", TEXT.metadata)
    found = read_answers(model, [(long, long.output), (TEXT, TEXT.output)])
    assert found[0] is None
    assert found[1] is not None
