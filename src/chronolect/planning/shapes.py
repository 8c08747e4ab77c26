"""Shapes of models as planning needs them: from a preset, a model folder's config.json, or a hub name known by heart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chronolect.artifacts import read_json
from chronolect.errors import UserError, did_you_mean

MODELS = Path(__file__).parents[1] / "data" / "models.yaml"
FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma2")

# What the presets are usually trained with; the vocabulary is the tokenizer's.
_VOCABULARIES = {
    "1m": 4096,
    "5m": 4096,
    "30m": 8192,
    "124m": 50_304,
    "smollm2-360m": 49_152,
    "tinyllama-1.1b": 32_000,
}


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """The shape of a decoder with gated MLPs and RMSNorm.

    Attributes:
        name: Preset, folder or hub name.
        family: Architecture, as `model_type` in config.json.
        layers: Number of decoder blocks.
        hidden: Width of the residual stream.
        heads: Attention heads.
        kv_heads: Heads of keys and values.
        head_dim: Width of one head.
        intermediate: Width of the gated MLP.
        vocab: Rows of the embedding.
        context: Longest sequence, in tokens.
        tied: Whether the output layer is the embedding.
        licence: Licence of the published weights, where known.
        gated: Whether the hub gives the weights only to those who accept the licence there.
        published: Number of weights that the publisher states.
    """

    name: str
    family: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    context: int
    tied: bool
    licence: str | None = None
    gated: bool = False
    published: int | None = None

    @property
    def queries(self) -> int:
        """Width of all queries."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all keys, which is that of all values."""
        return self.kv_heads * self.head_dim

    @property
    def is_fused(self) -> bool:
        """Whether queries, keys and values come of one matrix, and the MLP's gate and value of another."""
        return self.family == "phi3"

    @property
    def norms_per_block(self) -> int:
        """RMSNorms in a block: Gemma 2 has one after the attention and after the MLP, too."""
        return 4 if self.family == "gemma2" else 2

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of the linear layers of one block, by the names that LoRA targets."""
        width, queries, keys, inner = self.hidden, self.queries, self.keys, self.intermediate
        out = {"o_proj": (queries, width), "down_proj": (inner, width)}
        if self.is_fused:
            return {"qkv_proj": (width, queries + 2 * keys), "gate_up_proj": (width, 2 * inner), **out}
        return {
            "q_proj": (width, queries),
            "k_proj": (width, keys),
            "v_proj": (width, keys),
            "gate_proj": (width, inner),
            "up_proj": (width, inner),
            **out,
        }

    def parameters(self) -> dict[str, int]:
        """Number of weights by part: embedding, attention, mlp, norms, output."""
        width = self.hidden
        biases = self.queries + 2 * self.keys if self.family == "qwen2" else 0
        per_head = self.layers * 2 * self.head_dim if self.family == "qwen3" else 0  # norms of queries and of keys
        sizes = {name: inputs * outputs for name, (inputs, outputs) in self.linears.items()}
        in_mlp = {name for name in sizes if name in ("gate_proj", "up_proj", "gate_up_proj", "down_proj")}
        return {
            "embedding": self.vocab * width,
            "attention": self.layers * (sum(sizes[name] for name in sizes if name not in in_mlp) + biases),
            "mlp": self.layers * sum(sizes[name] for name in in_mlp),
            "norms": (self.layers * self.norms_per_block + 1) * width + per_head,
            "output": 0 if self.tied else self.vocab * width,
        }

    @property
    def num_parameters(self) -> int:
        """All weights."""
        return sum(self.parameters().values())

    @property
    def block_weights(self) -> int:
        """Weights of the linear layers of one block."""
        return sum(inputs * outputs for inputs, outputs in self.linears.values())


def known_models() -> dict[str, ModelShape]:
    """The models of `data/models.yaml` by hub name."""
    rows = yaml.safe_load(MODELS.read_text(encoding="utf-8"))
    return {name: ModelShape(name=name, **row) for name, row in rows.items()}


def find_shape(model: str, *, vocab_size: int | None = None) -> ModelShape:
    """The shape of a preset, of a model folder, or of a model known by its hub name (with or without the owner).

    Args:
        model: Which.
        vocab_size: Vocabulary of a preset, in place of the one it is usually trained with.

    Raises:
        UserError: For an unknown name, or a folder whose architecture is none of `FAMILIES`.
    """
    if Path(model).is_dir():
        if vocab_size is not None:
            raise UserError(f"--vocab-size: {model} has its own vocabulary; leave it out")
        return _read_config(Path(model))
    published = known_models()
    short = {name.split("/")[1]: shape for name, shape in published.items()}
    if found := published.get(model) or short.get(model):
        if vocab_size is not None:
            raise UserError(f"--vocab-size: {model} has its own vocabulary; leave it out")
        return found
    from chronolect.models.presets import PRESETS  # brings transformers along

    if model not in PRESETS:
        known = [*PRESETS, *published]
        raise UserError(
            f"{model}: neither a preset, nor a folder, nor a model known by name; one of {', '.join(known)}"
            f"{did_you_mean(model, [*known, *short])}"
        )
    shape = PRESETS[model]
    return ModelShape(
        name=model,
        family="llama",
        layers=shape.layers,
        hidden=shape.hidden,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.hidden // shape.heads,
        intermediate=shape.intermediate,
        vocab=vocab_size or _VOCABULARIES[model],
        context=shape.context,
        tied=shape.tied,
    )


def _read_config(folder: Path) -> ModelShape:
    file = folder / "config.json"
    if not file.is_file():
        raise UserError(f"{folder}: not a model folder (no config.json in it)")
    config: dict[str, Any] = read_json(file)
    family = config.get("model_type")
    if family not in FAMILIES:
        raise UserError(f"{file}: model_type {family}: planning knows {', '.join(FAMILIES)} only")
    try:
        heads = config["num_attention_heads"]
        return ModelShape(
            name=str(folder),
            family=family,
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_dim=config.get("head_dim") or config["hidden_size"] // heads,
            intermediate=config["intermediate_size"],
            vocab=config["vocab_size"],
            context=config["max_position_embeddings"],
            tied=config.get("tie_word_embeddings", family == "gemma2"),
        )
    except KeyError as error:
        raise UserError(f"{file}: has no {error.args[0]}") from error
