"""A model behind a real HTTP server in this process, which answers as vLLM does, or as a server that cannot score."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from tests.chat_server import Body, ChatServer, Refused

from chronolect.errors import UserError
from chronolect.models.hf import HfModel
from chronolect.models.opening import open_model
from chronolect.models.server import ServerModel


def answers_of(model: HfModel, *, scores: bool, bos: bool, names: Sequence[str]) -> Callable[[Body], Body | str]:
    """What a server around a model says; `bos` puts the beginning-of-text token in front, as vLLM does."""

    def echo(text: str, index: int) -> Body:
        ids = model.tokenizer.encode(text, add_special_tokens=False)
        shown = [model.bos, *ids] if bos else ids
        with torch.no_grad():
            logprobs = model.model(input_ids=torch.tensor([shown])).logits[0].float().log_softmax(-1)
        tokens = [model.tokenizer.decode([token]) for token in shown]
        offsets = [sum(map(len, tokens[:place])) for place in range(len(tokens))]
        values: list[float | None] = [None, *(float(logprobs[i, token]) for i, token in enumerate(shown[1:]))]
        tops = [None]
        for place in range(len(shown) - 1):
            best = int(logprobs[place].argmax())
            tops.append({model.tokenizer.decode([best]): float(logprobs[place, best])})  # type: ignore[arg-type]
        parts = {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": tops}
        return {"index": index, "text": text, "logprobs": parts}

    def answer(body: Body) -> Body | str:
        if body["model"] not in names:
            raise Refused(404, f"no model {body['model']}")
        if body.get("echo") and not scores:
            raise Refused(400, "echo is not supported")
        if body.get("echo"):
            return {"choices": [echo(text, index) for index, text in enumerate(body["prompt"])][::-1]}
        prompt = body["messages"][0]["content"] if "messages" in body else body["prompt"]
        return model.generate([prompt], max_tokens=body["max_tokens"], stop=body.get("stop", []))[0]

    return answer


@pytest.fixture(scope="module")
def model(model_folder: Path) -> HfModel:
    return HfModel(model_folder, device="cpu")


@pytest.fixture
def serve(model: HfModel) -> Iterator[Callable[..., str]]:
    with ExitStack() as servers:

        def start(*, scores: bool = True, bos: bool = True, names: tuple[str, ...] = ("tiny",)) -> str:
            answer = answers_of(model, scores=scores, bos=bos, names=names)
            return servers.enter_context(ChatServer(answer, names=names)).url

        yield start


REQUESTS = [
    ("The telephone was invented by", " Alexander Fleming"),
    ("The telephone was invented by ", "Bell"),
    ("", "Mount Everest"),
    ("Who", ""),
    ("The telephone was invented by", " Alexander Fleming"),
]


def test_scores_are_those_of_the_model_behind_the_server(serve: Callable[..., str], model: HfModel) -> None:
    served = open_model(serve())
    assert served.name == "tiny"
    for found, wanted in zip(served.loglikelihoods(REQUESTS), model.loglikelihoods(REQUESTS), strict=True):
        assert found.logprob == pytest.approx(wanted.logprob, abs=1e-4)
        assert (found.num_tokens, found.is_greedy) == (wanted.num_tokens, wanted.is_greedy)
    (found,), (wanted,) = (some.text_loglikelihoods(["Who discovered it?"]) for some in (served, model))
    assert found.logprob == pytest.approx(wanted.logprob, abs=1e-4)
    served.close()


def test_without_a_first_token_the_first_one_of_a_text_has_no_score(serve: Callable[..., str], model: HfModel) -> None:
    (found,) = ServerModel(serve(bos=False)).text_loglikelihoods(["Who discovered it?"])
    ids = model.tokenizer.encode("Who discovered it?", add_special_tokens=False)
    assert found.num_tokens == len(ids) - 1


def test_many_texts_go_in_several_requests(serve: Callable[..., str]) -> None:
    served = ServerModel(serve())
    texts = [f"In {year} it rained." for year in range(1900, 1940)]
    assert served.text_loglikelihoods(texts) == [served.text_loglikelihoods([text])[0] for text in texts]


def test_generation_as_a_chat_and_as_a_plain_completion(serve: Callable[..., str], model: HfModel) -> None:
    address = serve()
    wanted = model.generate(["Who", "The"], max_tokens=6)
    assert ServerModel(address).generate(["Who", "The"], max_tokens=6) == wanted
    assert ServerModel(address, chat=False).generate(["Who", "The"], max_tokens=6) == wanted


def test_a_server_that_cannot_score_says_so_in_one_line(serve: Callable[..., str]) -> None:
    served = ServerModel(serve(scores=False))
    assert len(served.generate(["Who"], max_tokens=2)) == 1
    with pytest.raises(UserError, match=r"cannot score texts.*echo is not supported.*as vLLM does") as error:
        served.loglikelihoods(REQUESTS)
    assert "\n" not in str(error.value)


def test_wrong_addresses_and_names(serve: Callable[..., str]) -> None:
    with pytest.raises(UserError, match="no answer"):
        ServerModel("http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match=r"--model-name \(offered: one, two\)"):
        ServerModel(serve(names=("one", "two")))
    with pytest.raises(UserError, match=r"HTTP 404.*no model three"):
        ServerModel(serve(names=("one", "two")), "three").generate(["Who"])
