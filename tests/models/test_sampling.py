"""Cutting off unlikely tokens, and answers that depend on their own seed alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chat_server import Body, ChatServer, completion

from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf
from chronolect.models.chat_template import choose_template
from chronolect.models.dummy import DummyModel
from chronolect.models.gguf_file import GgufModel
from chronolect.models.hf import HfModel
from chronolect.models.hf_generation import cuts
from chronolect.models.language_model import LanguageModel, Messages
from chronolect.models.loading import load_tokenizer
from chronolect.models.presets import Shape, new_model
from chronolect.models.sampling import Sampling, keep_likely
from chronolect.models.server import ServerModel

PUBLISHED = Sampling(temperature=0.6, top_p=0.95, top_k=20)


def test_the_cuts_by_hand() -> None:
    logits = np.log(np.array([0.05, 0.5, 0.3, 0.15]))

    def kept(sampling: Sampling) -> list[int]:
        return np.flatnonzero(np.isfinite(keep_likely(logits, sampling))).tolist()

    assert kept(Sampling(temperature=1.0)) == [0, 1, 2, 3]
    assert kept(Sampling(temperature=1.0, top_k=2)) == [1, 2]
    assert kept(Sampling(temperature=1.0, top_p=0.75)) == [1, 2]
    assert kept(Sampling(temperature=1.0, top_p=0.01)) == [1]
    assert kept(Sampling(temperature=1.0, min_p=0.25)) == [1, 2, 3]
    # of the two that are left the likelier one has 5/8 of the probability
    assert kept(Sampling(temperature=1.0, top_k=2, top_p=0.6)) == [1]
    assert kept(Sampling(temperature=0.01, top_p=0.95)) == [1]


@given(
    st.lists(st.floats(-12, 12, width=32), min_size=2, max_size=40, unique=True),
    st.sampled_from([0.3, 0.6, 1.0, 1.7]),
    st.sampled_from([None, 0.37, 0.83, 1.0]),
    st.sampled_from([None, 1, 3, 20, 100]),
    st.sampled_from([None, 0.05, 0.21]),
)
@settings(deadline=None, max_examples=200)
def test_both_backends_cut_off_the_same(
    logits: list[float], temperature: float, top_p: float | None, top_k: int | None, min_p: float | None
) -> None:
    sampling = Sampling(temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p)
    scores = torch.tensor([logits], dtype=torch.float64)
    for cut in cuts(sampling):
        scores = cut(torch.zeros(1, 1, dtype=torch.long), scores)  # type: ignore[arg-type]
    np.testing.assert_allclose(keep_likely(np.array(logits), sampling), scores[0].numpy(), rtol=1e-6)


@pytest.fixture(scope="module")
def chatter(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained Llama with a chat template."""
    folder = tmp_path_factory.mktemp("chatter") / "model"
    tokenizer = load_tokenizer(model_folder)
    choose_template(tokenizer, "chatml")
    torch.manual_seed(3)
    new_model(Shape(layers=2, hidden=32, heads=4, kv_heads=2, intermediate=64, context=160), tokenizer).save_pretrained(
        folder
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["folder", "file", "dummy"])
def model(
    request: pytest.FixtureRequest, chatter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LanguageModel]:
    torch.set_num_threads(1)
    found: LanguageModel
    if request.param == "folder":
        found = HfModel(chatter, device="cpu", seed=11)
    elif request.param == "file":
        file = tmp_path_factory.mktemp("file") / "chatter.gguf"
        source = read_source(chatter)
        vocabulary = read_vocabulary(chatter, config=source.config)
        write_gguf(source, vocabulary, file, file_type="f32", name="chatter", licence="")
        found = GgufModel(file, threads=1, seed=11)
    else:
        found = DummyModel(seed=11)
    yield found
    found.close()


TALKS: list[Messages] = [
    [{"role": "user", "content": text}] for text in ("Who?", "Who was first on the Moon?", "When?")
]


def test_an_answer_depends_on_its_seed_alone(model: LanguageModel) -> None:
    seeds = [2**32 - 2, 5, 5]
    together = model.sample(TALKS, seeds, PUBLISHED, max_tokens=12)
    alone = [model.sample([talk], [seed], PUBLISHED, max_tokens=12)[0] for talk, seed in zip(TALKS, seeds, strict=True)]
    assert together == alone
    twice = model.sample([TALKS[0]] * 3, [5, 6, 5], PUBLISHED, max_tokens=12)
    assert twice[0] == twice[2] != twice[1]
    assert all(0 < one.num_tokens <= 16 for one in together)


def test_temperature_zero_needs_no_seed(model: LanguageModel) -> None:
    if isinstance(model, DummyModel):
        pytest.skip("it has no probabilities")
    found = model.sample([TALKS[1]] * 2, [1, 2], Sampling(), max_tokens=9)
    assert found[0] == found[1]
    assert found[0].text.strip() == model.reply([TALKS[1]], max_tokens=9)[0]
    assert model.sample([TALKS[1]], [1], Sampling(temperature=3.0, top_k=1), max_tokens=9) == found[:1]


def test_the_token_that_ends_an_answer_counts(chatter: Path) -> None:
    model = HfModel(chatter, device="cpu")
    (whole,) = model.sample([TALKS[0]], [0], Sampling(), max_tokens=7)
    assert whole.num_tokens == 7
    model.__dict__["_ends"] = list(range(model.vocab_size))  # whatever comes first ends the text
    (ended,) = model.sample([TALKS[0]], [0], Sampling(), max_tokens=7)
    assert (ended.text, ended.num_tokens) == ("", 1)


def test_a_server_gets_what_was_given_and_no_more() -> None:
    with ChatServer(lambda body: f" {body['messages'][-1]['content']} {body['seed']}\n") as server:
        model = ServerModel(server.url)
        found = model.sample(TALKS[:1] * 2, [7, 2**32 - 2], PUBLISHED, max_tokens=None)
        assert [one.text for one in found] == [" Who? 7\n", f" Who? {2**32 - 2}\n"]
        assert [one.num_tokens for one in found] == [2, 2]
        assert sorted(server.bodies[0]) == ["messages", "model", "seed", "temperature", "top_k", "top_p"]
        model.sample(TALKS[:1], [7], Sampling(min_p=0.1), max_tokens=4)
        assert json.loads(json.dumps(server.bodies[-1])) == {
            "model": "tiny",
            "messages": list(TALKS[0]),
            "seed": 7,
            "temperature": 0.0,
            "min_p": 0.1,
            "max_tokens": 4,
        }


def test_thoughts_that_a_server_took_out_are_put_back() -> None:
    def answer(body: Body) -> Body:
        found = completion(body, "Three days.")
        found["choices"][0]["message"]["reasoning_content"] = "\n12 - 9 = 3\n"
        return found

    with ChatServer(answer) as server:
        (found,) = ServerModel(server.url).sample(TALKS[:1], [7], PUBLISHED, max_tokens=None)
        assert found.text == "<think>\n12 - 9 = 3\n</think>\n\nThree days."


def test_a_server_that_does_not_count_is_named() -> None:
    with (
        ChatServer(lambda _: {"choices": [{"message": {"content": "Yes."}}]}) as server,
        pytest.raises(UserError, match="does not say how many tokens"),
    ):
        ServerModel(server.url).sample(TALKS[:1], [7], PUBLISHED, max_tokens=None)
