"""Pre-training from scratch, and continued pre-training, on a packed corpus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from accelerate import Accelerator
from accelerate.utils import set_seed
from cyclopts import Parameter
from transformers import PreTrainedTokenizerBase

from chronolect.errors import UserError
from chronolect.models.loading import load_model, load_tokenizer
from chronolect.models.presets import Architecture, choose_shape, new_model
from chronolect.training.adapters import load_for_training
from chronolect.training.companions import Companion
from chronolect.training.config import TrainingConfig
from chronolect.training.data import PackedCorpus, PackedRows, PackedValidation
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives import Objective
from chronolect.training.objectives.causal import Causal
from chronolect.training.run_folder import RunFolder, open_run
from chronolect.training.schedules import count_steps


def train_pretrain(
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
    shuffle: Literal["documents", "windows", "none"] = "documents",
    config: Annotated[TrainingConfig, Parameter(name="*")] = TrainingConfig(),
) -> dict[str, Any]:
    """Train a language model on a packed corpus: a new one of a chosen size, or an existing one further.

    Args:
        corpus: Packed corpus folder.
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
        shuffle: Order of the data: permuted documents, or permuted rows (`windows`) where there are too many documents to
            permute in memory, or `none`: as packed.
        config: How to train.

    Returns:
        Steps, tokens, loss, time and speed, and under `eval` the loss and bits per byte of each validation set.
    """
    return pretrain(
        corpus,
        command="train pretrain",
        out=out,
        preset=preset,
        model=model,
        tokenizer=tokenizer,
        shape={
            "layers": layers,
            "hidden": hidden,
            "heads": heads,
            "kv_heads": kv_heads,
            "intermediate": intermediate,
            "architecture": architecture,
            "context": context,
        },
        token_noise=token_noise,
        shuffle=shuffle,
        config=config,
    )


@dataclass(frozen=True)
class Begun:
    """A run before its first step.

    Attributes:
        run: Its folder.
        accelerator: Processes, device and precision.
        model: The model, not yet placed.
        tokenizer: The model's.
        packed: What is trained on.
        steps: Optimizer steps; None where only the clock ends the run.
        objective: What is minimised.
    """

    run: RunFolder
    accelerator: Accelerator
    model: Any
    tokenizer: PreTrainedTokenizerBase
    packed: PackedCorpus
    steps: int | None
    objective: Objective


def pretrain(
    corpus: Path,
    *,
    command: str,
    out: Path,
    preset: str | None,
    model: str | None,
    tokenizer: Path | None,
    shape: dict[str, Any],
    token_noise: float,
    shuffle: Literal["documents", "windows", "none"],
    config: TrainingConfig,
    more_settings: Mapping[str, Any] | None = None,
    accompany: Callable[[Begun], tuple[Objective, Companion]] | None = None,
) -> dict[str, Any]:
    """What `train_pretrain` does, for every command that trains on a packed corpus.

    Args:
        corpus: As in `train_pretrain`, like all that is not named here.
        command: The command, for the manifest.
        shape: The settings of a new model's shape, by name.
        more_settings: The command's own settings, which a continuation must share.
        accompany: Puts another objective in the place of the usual one, and gives what is to go along with the run.
    """
    if model is not None and (preset is not None or any(value is not None for value in shape.values())):
        raise UserError(
            "--model has its own shape; leave out --preset, --layers, --hidden, --heads, --kv-heads, --intermediate, --architecture and --context"
        )
    if not 0 <= token_noise < 1:
        raise UserError(f"--token-noise must be at least 0 and below 1, not {token_noise}")
    settings = {
        "preset": preset,
        "model": model,
        **shape,
        "token_noise": token_noise,
        "shuffle": shuffle,
        **(more_settings or {}),
        **config.as_dict(),
    }
    inputs = [corpus, *([tokenizer] if tokenizer else []), *([Path(model)] if model and Path(model).is_dir() else [])]
    accelerator = make_accelerator(config)
    with open_run(out, command=command, config=settings, inputs=inputs, accelerator=accelerator) as run:
        if run.results is not None:
            return run.results
        packed = PackedCorpus(corpus)
        words = load_tokenizer(tokenizer or corpus / "tokenizer")
        if len(words) < packed.vocab_size:
            raise UserError(
                f"{tokenizer}: has {len(words)} tokens, {corpus} was packed with {packed.vocab_size}; give its own tokenizer"
            )
        rows = PackedRows(packed.split("train"), seq_len=config.seq_len, seed=config.seed, shuffle=shuffle)
        set_seed(config.seed)
        trained: Any
        if model is not None:
            trained = load_for_training(model, config, checkpoint=run.resume)
        elif config.lora_r:
            raise UserError("--lora-r needs --model: adapters on a new model would train next to nothing")
        elif run.resume:
            trained = load_model(run.resume)
        else:
            trained = new_model(
                choose_shape(preset or "5m", **{**shape, "context": shape["context"] or config.seq_len}), words
            )
        if trained.get_input_embeddings().weight.shape[0] < packed.vocab_size:
            raise UserError(
                f"{model}: its vocabulary is smaller than the {packed.vocab_size} tokens {corpus} was packed with; pack with its tokenizer"
            )
        set_seed(config.seed, device_specific=True)
        objective: Objective = Causal(token_noise=token_noise, vocab_size=packed.vocab_size, seed=config.seed)
        companion = None
        if accompany is not None:
            per_step = config.batch_size * config.accumulate * accelerator.num_processes
            steps = count_steps(config, rows_per_epoch=rows.rows_per_epoch, rows_per_step=per_step)
            objective, companion = accompany(Begun(run, accelerator, trained, words, packed, steps, objective))
        return Loop(
            run=run,
            accelerator=accelerator,
            model=trained,
            tokenizer=words,
            objective=objective,
            rows=rows,
            validation={
                name: PackedValidation(packed.split(name), seq_len=config.seq_len, eos_id=packed.eos_id)
                for name in packed.validation_names
            },
            config=config,
            companion=companion,
        ).run()
