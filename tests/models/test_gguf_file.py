"""A GGUF file as a language model, against the Hugging Face model it was made from."""

import builtins
from pathlib import Path

import numpy as np
import pytest
import torch

from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import read_source, write_gguf
from chronolect.models.gguf_file import GgufModel
from chronolect.models.hf import HfModel
from chronolect.models.language_model import Score
from chronolect.models.opening import open_model

REQUESTS = [
    ("The telephone was invented by", " Bell"),
    ("The telephone was invented by", " Alexander Fleming"),
    ("The telephone was invented by", " Neil"),
    ("", " Neil Armstrong"),
    ("Mount Everest", " was climbed"),
    ("The telephone was invented by ", "Bell"),
    ("The telephone was invented by", " Bell"),
    ("", "T"),
    ("The Moon", ""),
]


@pytest.fixture(scope="module")
def gguf(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = read_source(model_folder)
    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    vocabulary = read_vocabulary(model_folder, config=source.config)
    write_gguf(source, vocabulary, file, file_type="f32", name="tiny", licence="apache-2.0")
    return file


@pytest.fixture(scope="module")
def original(model_folder: Path) -> HfModel:
    return HfModel(model_folder, device="cpu")


@pytest.fixture(params=[1, 3], ids=["one thread", "three threads"])
def model(gguf: Path, request: pytest.FixtureRequest) -> GgufModel:
    return GgufModel(gguf, threads=request.param)


def assert_same(found: list[Score], wanted: list[Score]) -> None:
    assert [score.num_tokens for score in found] == [score.num_tokens for score in wanted]
    assert [score.is_greedy for score in found] == [score.is_greedy for score in wanted]
    # llama.cpp keeps keys and values in half precision
    assert [s.logprob for s in found] == pytest.approx([s.logprob for s in wanted], abs=0.02, rel=2e-3)


def test_logits_are_those_of_the_original(model: GgufModel, original: HfModel) -> None:
    ids = [model.bos, *model.encode("The first person to walk on the Moon")]
    with torch.no_grad():
        wanted = original.model(input_ids=torch.tensor([ids])).logits[0].numpy()
    found = model.logits(ids)
    assert found.shape == wanted.shape
    assert np.linalg.norm(found - wanted) < 2e-3 * np.linalg.norm(wanted)


def test_scores_are_those_of_the_original(model: GgufModel, original: HfModel) -> None:
    assert_same(model.loglikelihoods(REQUESTS), original.loglikelihoods(REQUESTS))


def test_many_continuations_of_one_context_share_batches(model: GgufModel, original: HfModel) -> None:
    requests = [("The telephone was", f" {word}") for word in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    requests += [("Mount Everest was", f" {first} {last}") for first in range(40) for last in range(40)]
    assert_same(model.loglikelihoods(requests), original.loglikelihoods(requests))


def test_texts_longer_than_the_context_are_scored_whole(model: GgufModel, original: HfModel, texts: list[str]) -> None:
    long = [" ".join(texts), "word " * 60, texts[0], ""]
    found = model.text_loglikelihoods(long)
    assert found[0].num_tokens > model.context_length
    assert_same(found, original.text_loglikelihoods(long))


def test_a_context_too_long_keeps_its_end(model: GgufModel, original: HfModel, texts: list[str]) -> None:
    requests = [(" ".join(texts), " Bell")]
    assert_same(model.loglikelihoods(requests), original.loglikelihoods(requests))


def test_the_number_of_threads_changes_nothing(gguf: Path) -> None:
    one, three = (GgufModel(gguf, threads=threads).loglikelihoods(REQUESTS * 3) for threads in (1, 3))
    assert one == three


def test_greedy_text_is_that_of_the_original(model: GgufModel, original: HfModel) -> None:
    prompts = ["The first", "Who discovered", ""]
    assert model.generate(prompts, max_tokens=6) == original.generate(prompts, max_tokens=6)


def test_sampling_is_repeatable_and_depends_on_the_seed(gguf: Path) -> None:
    def sample(seed: int) -> list[str]:
        return GgufModel(gguf, threads=1, seed=seed).generate(["The first"] * 3, max_tokens=8, temperature=1.5)

    first = sample(0)
    assert first == sample(0)
    assert first != sample(1)
    assert len(set(first)) > 1


def test_generation_stops_before_a_stop_string_and_at_the_context(model: GgufModel) -> None:
    whole = model.generate(["The first"], max_tokens=16, temperature=1.0)[0]
    letter = next(letter for letter in whole[1:] if letter.isascii())
    cut = model.generate(["The first"], max_tokens=16, temperature=1.0, stop=["absent", letter])
    assert cut == [whole[: whole.index(letter)]]
    assert model.generate(["The first"], max_tokens=0) == [""]
    assert model.generate(["The first"], max_tokens=500)[0]


def test_open_model_opens_it(gguf: Path) -> None:
    model = open_model(gguf, threads=1)
    assert isinstance(model, GgufModel)
    assert model.name == "tiny"
    model.close()


def test_bad_files_are_named(tmp_path: Path, gguf: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.gguf: no such GGUF file"):
        GgufModel(tmp_path / "absent.gguf")
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(UserError, match=r"text\.gguf: llama\.cpp cannot load it"):
        GgufModel(tmp_path / "text.gguf")
    (tmp_path / "half.gguf").write_bytes(gguf.read_bytes()[: gguf.stat().st_size // 2])
    with pytest.raises(UserError, match=r"half\.gguf: llama\.cpp cannot load it"):
        GgufModel(tmp_path / "half.gguf")


def test_without_cyllama_the_extra_is_named(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("cyllama"):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install 'chronolect\[gguf\]'"):
        GgufModel(gguf)
