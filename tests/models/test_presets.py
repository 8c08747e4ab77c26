"""Size presets."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from chronolect.errors import UserError
from chronolect.models.presets import PRESETS, Shape, choose_shape, new_model


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of two words."""
    words = Tokenizer(models.WordLevel({"<|endoftext|>": 0, "time": 1}, unk_token="<|endoftext|>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<|endoftext|>", eos_token="<|endoftext|>")


@pytest.mark.parametrize(
    ("name", "vocabulary", "millions"),
    [
        ("1m", 4096, 1.4),
        ("5m", 4096, 5.2),
        ("30m", 8192, 31.5),
        ("124m", 50304, 123.6),
        ("smollm2-360m", 49152, 361.8),
        ("tinyllama-1.1b", 32000, 1100.0),
    ],
)
def test_sizes_are_what_the_names_say(name: str, vocabulary: int, millions: float) -> None:
    shape = PRESETS[name]
    embeddings = vocabulary * shape.hidden * (1 if shape.tied else 2)
    assert (shape.parameters_without_embeddings + embeddings) / 1e6 == pytest.approx(millions, rel=0.02)


def test_qwen3_normalises_queries_and_keys(tokenizer: PreTrainedTokenizerFast) -> None:
    shape = choose_shape("1m", layers=2, architecture="qwen3")
    model = new_model(shape, tokenizer)
    assert model.config.model_type == "qwen3"
    names = [name for name, _ in model.named_parameters()]
    assert sum("q_norm" in name or "k_norm" in name for name in names) == 4
    assert type(new_model(choose_shape("1m", layers=1), tokenizer)).__name__ == "LlamaForCausalLM"
    with pytest.raises(UserError, match=r'--architecture qwen4: unknown; one of llama, qwen3 .did you mean "qwen3"'):
        choose_shape("1m", architecture="qwen4")  # type: ignore[arg-type]


def test_k_quants_suit_all_but_two() -> None:
    assert {name for name, shape in PRESETS.items() if not shape.suits_k_quants} == {"1m", "smollm2-360m"}


def test_a_model_has_the_shape(tokenizer: PreTrainedTokenizerFast) -> None:
    shape = choose_shape("1m", kv_heads=2, context=64)
    model = new_model(shape, tokenizer)
    vocabulary = len(tokenizer) * shape.hidden
    assert sum(p.numel() for p in model.parameters()) == shape.parameters_without_embeddings + vocabulary
    assert (model.config.bos_token_id, model.config.eos_token_id, model.config.max_position_embeddings) == (0, 0, 64)
    assert model.config.tie_word_embeddings


def test_every_row_of_5m_is_a_multiple_of_256(tokenizer: PreTrainedTokenizerFast) -> None:
    model = new_model(PRESETS["5m"], tokenizer)
    assert all(p.shape[1] % 256 == 0 for p in model.parameters() if p.ndim == 2)


def test_overrides_keep_the_proportions() -> None:
    shape = choose_shape("5m", hidden=512, heads=8, layers=3)
    assert shape == Shape(layers=3, hidden=512, heads=8, kv_heads=8, intermediate=2048, context=512)
    assert choose_shape("1m", hidden=96).intermediate == 320


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "tinylama"}, 'did you mean "tinyllama-1.1b"'),
        ({"heads": 3}, "--hidden 256 must be --heads 3 times an even number"),
        ({"kv_heads": 3}, "--heads 4 must be a multiple of --kv-heads 3"),
        ({"layers": 0}, "must be at least 1"),
    ],
)
def test_impossible_shapes_are_refused(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        choose_shape(**changes)  # type: ignore[arg-type]
