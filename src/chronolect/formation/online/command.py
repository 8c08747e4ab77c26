"""`chronolect formation train`: pre-training, or continued pre-training, with the model's features followed on the way."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from chronolect.formation.online.config import FormationConfig
from chronolect.models.presets import Architecture
from chronolect.training.config import TrainingConfig


def train_formation(
    corpus: Path,
    *,
    out: Path,
    preset: str | None = None,
    model: str | None = None,
    tokenizer: Path | None = None,
    layers: int | None = None,
    hidden: int | None = None,
    heads: int | None = None,
    kv_heads: int | None = None,
    intermediate: int | None = None,
    architecture: Architecture | None = None,
    context: int | None = None,
    token_noise: float = 0.0,
    shuffle: Literal["documents", "windows"] = "documents",
    formation: Annotated[FormationConfig, Parameter(name="*")] = FormationConfig(),
    config: Annotated[TrainingConfig, Parameter(name="*")] = TrainingConfig(),
) -> dict[str, Any]:
    """Train a language model on a packed corpus and follow its features on the way: autoencoders learn beside it, and snapshots of them on the
    same probe tokens show what was born, kept and lost.

    Args:
        corpus: Packed corpus folder. The probe is taken from its validation split, or where there is none from its training split.
        out: Run folder.
        preset: Size of a new model: 1m, 5m (the default), 30m, 124m, smollm2-360m or tinyllama-1.1b.
        model: Folder or hub name of a model to train further, instead of a new one.
        tokenizer: Tokenizer folder; the corpus's own by default.
        layers: Number of decoder blocks, in place of the preset's.
        hidden: Width, in place of the preset's.
        heads: Attention heads, in place of the preset's.
        kv_heads: Key and value heads, in place of the preset's.
        intermediate: Width of the MLP, in place of the preset's.
        architecture: `llama` (the default) or `qwen3`.
        context: Longest sequence that a new model is made for, in tokens; `seq_len` by default.
        token_noise: Probability of replacing an input token by a random one while training.
        shuffle: Order of the data: permuted documents, or permuted rows where there are too many documents to permute
            in memory.
        formation: What is followed, and how.
        config: How to train.

    Returns:
        What `train pretrain` returns; under `formation` the autoencoders' last measures, and the path of `evaluation_report.json`.
    """
    raise NotImplementedError
