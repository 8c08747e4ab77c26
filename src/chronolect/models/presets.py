"""The size dial: named shapes of a plain Llama or Qwen3, and models of any other shape by override."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from chronolect.errors import UserError, did_you_mean

Architecture = Literal["llama", "qwen3"]
K_QUANT_BLOCK = 256  # llama.cpp packs K-quants in super-blocks of 256 weights along a row


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a Llama or Qwen3 decoder. The vocabulary is the tokenizer's.

    Attributes:
        layers: Number of decoder blocks.
        hidden: Width of the residual stream.
        heads: Number of attention heads.
        kv_heads: Number of key and value heads (grouped-query attention where fewer than `heads`).
        intermediate: Width of the gated MLP.
        context: Longest sequence, in tokens.
        tied: Whether the output layer is the embedding.
        rope_theta: Base of the rotary frequencies.
        norm_eps: Epsilon of RMSNorm.
        architecture: `llama`, or `qwen3`, which also normalises each head's queries and keys.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    intermediate: int
    context: int = 1024
    tied: bool = True
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5
    architecture: Architecture = "llama"

    @property
    def suits_k_quants(self) -> bool:
        """Whether every weight row is a multiple of 256 long, so that llama.cpp's K-quants apply to all of them."""
        return self.hidden % K_QUANT_BLOCK == 0 and self.intermediate % K_QUANT_BLOCK == 0

    @property
    def parameters_without_embeddings(self) -> int:
        """Weights of the decoder blocks and norms."""
        kv_width = self.hidden // self.heads * self.kv_heads
        attention = 2 * self.hidden**2 + 2 * self.hidden * kv_width
        return self.layers * (attention + 3 * self.hidden * self.intermediate + 2 * self.hidden) + self.hidden


# 5m, 30m, 124m and tinyllama-1.1b suit K-quants; 1m (rows of 128) and smollm2-360m (rows of 960) do not.
PRESETS: dict[str, Shape] = {
    "1m": Shape(layers=4, hidden=128, heads=4, kv_heads=4, intermediate=384, context=512),
    "5m": Shape(layers=4, hidden=256, heads=4, kv_heads=4, intermediate=1024, context=512),
    "30m": Shape(layers=8, hidden=512, heads=8, kv_heads=8, intermediate=1536),
    "124m": Shape(layers=12, hidden=768, heads=12, kv_heads=12, intermediate=2048),
    "smollm2-360m": Shape(
        layers=32, hidden=960, heads=15, kv_heads=5, intermediate=2560, context=2048, rope_theta=100_000.0
    ),
    "tinyllama-1.1b": Shape(layers=22, hidden=2048, heads=32, kv_heads=4, intermediate=5632, context=2048, tied=False),
}


def choose_shape(
    preset: str = "5m",
    *,
    layers: int | None = None,
    hidden: int | None = None,
    heads: int | None = None,
    kv_heads: int | None = None,
    intermediate: int | None = None,
    context: int | None = None,
    architecture: Architecture | None = None,
) -> Shape:
    """A preset with any of its numbers replaced.

    A new `hidden` without `intermediate` keeps the preset's ratio, rounded up to a multiple of 256 (64 for widths not
    divisible by 256); a new `heads` without `kv_heads` gives every head its own keys and values.

    Raises:
        UserError: For an unknown preset, or numbers that do not divide one another.
    """
    if preset not in PRESETS:
        raise UserError(
            f"--preset {preset}: unknown; choose one of {', '.join(PRESETS)}{did_you_mean(preset, PRESETS)}"
        )
    if architecture not in (None, *(known := get_args(Architecture))):
        raise UserError(
            f"--architecture {architecture}: unknown; one of {', '.join(known)}{did_you_mean(str(architecture), known)}"
        )
    shape = PRESETS[preset]
    changes: dict[str, Any] = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": kv_heads,
        "context": context,
        "architecture": architecture,
    }
    changes["intermediate"] = intermediate
    if hidden is not None and intermediate is None:
        block = K_QUANT_BLOCK if hidden % K_QUANT_BLOCK == 0 else 64
        changes["intermediate"] = -(-hidden * shape.intermediate // (shape.hidden * block)) * block
    if heads is not None and kv_heads is None:
        changes["kv_heads"] = heads
    shape = replace(shape, **{key: value for key, value in changes.items() if value is not None})
    if min(shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.intermediate, shape.context) < 1:
        raise UserError(
            "the model's shape: --layers, --hidden, --heads, --kv-heads, --intermediate and --context must be at least 1"
        )
    if shape.hidden % shape.heads or shape.hidden // shape.heads % 2:
        raise UserError(f"--hidden {shape.hidden} must be --heads {shape.heads} times an even number")
    if shape.heads % shape.kv_heads:
        raise UserError(f"--heads {shape.heads} must be a multiple of --kv-heads {shape.kv_heads}")
    return shape


def model_config(shape: Shape, tokenizer: PreTrainedTokenizerBase) -> LlamaConfig | Qwen3Config:
    """The Hugging Face config of a shape with the vocabulary and special tokens of a tokenizer."""
    kind = Qwen3Config if shape.architecture == "qwen3" else LlamaConfig
    return kind(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.hidden // shape.heads,
        max_position_embeddings=shape.context,
        rms_norm_eps=shape.norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        tie_word_embeddings=shape.tied,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def new_model(shape: Shape, tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM | Qwen3ForCausalLM:
    """A freshly initialised model in float32. Seed torch before calling it."""
    config = model_config(shape, tokenizer)
    return Qwen3ForCausalLM(config) if isinstance(config, Qwen3Config) else LlamaForCausalLM(config)
