"""A Hugging Face folder as a language model."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma2Config,
    Gemma2ForCausalLM,
    MambaConfig,
    MambaForCausalLM,
)

from chronolect.errors import UserError
from chronolect.models.hf import HfModel
from chronolect.models.language_model import Score


def one_by_one(model: HfModel, context: list[int], target: list[int]) -> Score:
    """The plain way: the whole sequence through the model, log-softmax over all of it."""
    ids = torch.tensor([context + target], device=model.device)
    with torch.no_grad():
        logprobs = model.model(input_ids=ids[:, :-1]).logits[0].float().log_softmax(-1)[len(context) - 1 :]
    chosen = logprobs[torch.arange(len(target)), torch.tensor(target)]
    return Score(float(chosen.sum()), len(target), bool(logprobs.argmax(-1).tolist() == target))


def expected(model: HfModel, context: str, continuation: str) -> Score:
    bare = context.rstrip()
    before = model.tokenizer.encode(bare, add_special_tokens=False)
    whole = model.tokenizer.encode(context + continuation, add_special_tokens=False)
    return one_by_one(model, [model.bos, *before], whole[len(before) :])


def assert_same(found: list[Score], wanted: list[Score], tolerance: float = 1e-4) -> None:
    assert [score.num_tokens for score in found] == [score.num_tokens for score in wanted]
    assert [score.is_greedy for score in found] == [score.is_greedy for score in wanted]
    assert [score.logprob for score in found] == pytest.approx([score.logprob for score in wanted], abs=tolerance)


REQUESTS = [
    ("The telephone was invented by", " Bell"),
    ("The telephone was invented by", " Alexander Fleming"),
    ("The telephone was invented by", " Neil"),
    ("", " Neil Armstrong"),
    ("Mount Everest", " was climbed"),
    ("The telephone was invented by ", "Bell"),
    ("The telephone was invented by", " Bell"),
    ("", "T"),
]


@pytest.fixture(scope="module")
def model(model_folder: Path) -> HfModel:
    return HfModel(model_folder, device="cpu")


@pytest.mark.parametrize("batch_tokens", [1, 40, 2048])
def test_scores_are_those_of_one_sequence_at_a_time(model_folder: Path, batch_tokens: int) -> None:
    model = HfModel(model_folder, device="cpu", batch_tokens=batch_tokens)
    assert_same(model.loglikelihoods(REQUESTS), [expected(model, *request) for request in REQUESTS])


def test_several_threads_find_the_same(model_folder: Path) -> None:
    one = HfModel(model_folder, device="cpu", batch_tokens=20).loglikelihoods(REQUESTS)
    try:
        two = HfModel(model_folder, device="cpu", batch_tokens=20, threads=2).loglikelihoods(REQUESTS)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert_same(two, one)


def test_branches_share_their_context(model: HfModel) -> None:
    assert model._branches


def test_the_greedy_continuation_is_known_as_greedy(model: HfModel) -> None:
    ids = [model.bos, 10, 11]
    with torch.no_grad():
        first = int(model.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
    found = model._score([(tuple(ids), (first,)), (tuple(ids), ((first + 1) % model.vocab_size,))])
    assert [score.is_greedy for score in found] == [True, False]


def test_an_empty_continuation_is_certain(model: HfModel) -> None:
    assert model.loglikelihoods([("The telephone", "")]) == [Score(0.0, 0, True)]
    assert model.loglikelihoods([]) == []


def test_a_long_text_is_scored_in_windows_that_overlap_by_half(model: HfModel, texts: list[str]) -> None:
    text = " ".join(texts)
    ids = model.tokenizer.encode(text, add_special_tokens=False)
    assert len(ids) > 2 * model.context_length
    whole, length = [model.bos, *ids], model.context_length
    pieces = [one_by_one(model, whole[:1], whole[1 : length + 1])]
    start = length + 1
    while start < len(whole):
        stop = min(len(whole), start + length // 2 + 1)
        pieces.append(one_by_one(model, whole[stop - 1 - length : start], whole[start:stop]))
        start = stop
    (found,) = model.text_loglikelihoods([text])
    assert found.num_tokens == len(ids)
    assert found.logprob == pytest.approx(sum(piece.logprob for piece in pieces), abs=1e-3)


def test_a_context_too_long_loses_its_beginning(model: HfModel, texts: list[str]) -> None:
    context = " ".join(texts)
    before = model.tokenizer.encode(context, add_special_tokens=False)
    target = model.tokenizer.encode(" London", add_special_tokens=False)
    kept = model.context_length - len(target) + 1
    assert_same(model.loglikelihoods([(context, " London")]), [one_by_one(model, before[-kept:], target)])


def test_what_a_model_does_after_its_output_layer_is_kept(model_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "head_dim": 8,
    }
    config = Gemma2Config(vocab_size=320, num_key_value_heads=2, max_position_embeddings=64, final_logit_softcapping=0.5, **sizes)  # fmt: skip
    Gemma2ForCausalLM(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(model_folder).save_pretrained(tmp_path)
    model = HfModel(tmp_path, device="cpu")
    assert_same(model.loglikelihoods(REQUESTS), [expected(model, *request) for request in REQUESTS])


def test_a_model_that_cannot_branch_is_scored_row_by_row(model_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = MambaConfig(vocab_size=320, hidden_size=32, num_hidden_layers=2, state_size=8, initializer_range=1.0)
    MambaForCausalLM(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(model_folder).save_pretrained(tmp_path)
    model = HfModel(tmp_path, device="cpu")
    assert not model._branches
    assert_same(model.loglikelihoods(REQUESTS), [expected(model, *request) for request in REQUESTS], 1e-3)


def test_bfloat16_is_close(model_folder: Path, model: HfModel) -> None:
    half = HfModel(model_folder, device="cpu", dtype="bfloat16")
    assert half.model.dtype == torch.bfloat16
    for found, wanted in zip(half.loglikelihoods(REQUESTS), model.loglikelihoods(REQUESTS), strict=True):
        assert found.logprob == pytest.approx(wanted.logprob, rel=0.1)


def test_an_adapter_is_put_on_its_base(model_folder: Path, tmp_path: Path, model: HfModel) -> None:
    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(model_folder)
    adapted = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    adapted.peft_config["default"].base_model_name_or_path = str(model_folder)
    adapted.save_pretrained(tmp_path / "adapter")
    found = HfModel(tmp_path / "adapter", device="cpu")
    assert_same(found.loglikelihoods(REQUESTS), [expected(found, *request) for request in REQUESTS])
    ids = torch.tensor([[found.bos, 20, 21, 22]])
    torch.testing.assert_close(found.model(input_ids=ids).logits, adapted(input_ids=ids).logits)
    assert found.loglikelihoods(REQUESTS) != model.loglikelihoods(REQUESTS)


def test_an_adapter_without_its_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    with pytest.raises(UserError, match="names no base model"):
        HfModel(tmp_path)


def test_generation_is_greedy_batched_and_stops(model: HfModel) -> None:
    prompts = ["The telephone was invented by", "Who", "Mount Everest was first"]
    together = model.generate(prompts, max_tokens=8)
    assert together == [model.generate([prompt], max_tokens=8)[0] for prompt in prompts]
    ids = [model.bos, *model.tokenizer.encode(prompts[0], add_special_tokens=False)]
    for _ in range(8):
        with torch.no_grad():
            ids.append(int(model.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert together[0] == model.tokenizer.decode(ids[-8:], skip_special_tokens=True)
    letter = next(letter for letter in together[0] if letter.isalpha())
    assert model.generate(prompts[:1], max_tokens=8, stop=[letter]) == [together[0].partition(letter)[0]]


def test_sampling_repeats_with_its_seed(model_folder: Path, model: HfModel) -> None:
    first = model.generate(["The telephone"], max_tokens=12, temperature=1.0)
    assert first == model.generate(["The telephone"], max_tokens=12, temperature=1.0)
    other = HfModel(model_folder, device="cpu", seed=1)
    assert first != other.generate(["The telephone"], max_tokens=12, temperature=1.0)
