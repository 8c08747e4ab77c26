"""`plan`: what a training run will take, before it starts."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.planning.advice import advise, largest_batch
from chronolect.planning.devices import Device, find_device, usual_mfu
from chronolect.planning.memory import Step, plan_memory
from chronolect.planning.screen import screen
from chronolect.planning.shapes import ModelShape, find_shape
from chronolect.planning.throughput import (
    TOKENS_PER_WEIGHT,
    flops_per_token,
    judge_data,
    parse_tokens,
    tokens_per_second,
)
from chronolect.training.config import TrainingConfig

DAY = 86_400.0


def plan(
    model: str = "5m",
    *,
    stage: Annotated[Literal["pretrain", "sft", "unlearn"], Parameter(name="--for")] = "pretrain",
    device: str = "h200",
    gpus: int = 1,
    corpus: Path | None = None,
    tokens: str | None = None,
    epochs: float | None = None,
    vocab_size: int | None = None,
    seq_len: Annotated[int | None, Parameter(alias="--max-seq-length")] = None,
    batch_size: int | None = None,
    accumulate: Annotated[int | None, Parameter(alias="--gradient-accumulation-steps")] = None,
    dtype: Literal["auto", "float32", "bfloat16"] | None = None,
    shard: Literal["auto", "none", "fsdp"] | None = None,
    compile: bool | None = None,
    gradient_checkpointing: bool | None = None,
    recompute: str | None = None,
    attention: str | None = None,
    lora_r: int | None = None,
    lora_dropout: float | None = None,
    lora_targets: list[str] | None = None,
    use_4bit: Annotated[bool | None, Parameter(name="--use-4bit")] = None,
    use_8bit: Annotated[bool | None, Parameter(name="--use-8bit")] = None,
    method: str | None = None,
    mfu: float | None = None,
    memory_gib: float | None = None,
    tflops: float | None = None,
    price: float | None = None,
) -> dict[str, Any]:
    """Say what a training run will take: weights, memory by part, time, cost, and whether the data are enough.

    Flags of training that are left out are those of the stage: `train pretrain`, `train sft` or `train unlearn`.

    Args:
        model: A preset, a model folder, or a hub name of `data/models.yaml` such as `Qwen2.5-1.5B-Instruct`.
        stage: What is to be done with it.
        device: What to run on: rtx-4090, rtx-3090, a4000, l40s, a100-40, a100-80, h100, h200, b200, mi300x, strix-halo, m2-ultra or cpu.
        gpus: How many of them.
        corpus: Packed corpus, which says how many tokens there are, and a preset's vocabulary.
        tokens: Tokens of the data in place of a corpus: `1940000000` or `1.94B`.
        epochs: Passes over the data.
        vocab_size: Vocabulary of a preset.
        seq_len: Length of a training row, in tokens.
        batch_size: Rows per micro-batch and device; in unlearning, questions to forget.
        accumulate: Micro-batches per optimizer step.
        dtype: Precision of the products; `auto` is bfloat16 on all these devices.
        shard: Whether several devices share the model's memory (`fsdp`) or each holds it all (`none`).
        compile: Whether the decoder blocks are compiled.
        gradient_checkpointing: Whether activations are recomputed.
        recompute: What of them: `all`, `every-2`, `cheap`.
        attention: Attention implementation; `eager` on ROCm by default.
        lora_r: Rank of LoRA adapters; 0 trains all weights.
        lora_dropout: Dropout before the adapters.
        lora_targets: Names of the layers that get adapters, or `all-linear`.
        use_4bit: Whether the frozen weights are in 4 bits.
        use_8bit: Whether they are in 8 bits.
        method: Method of unlearning.
        mfu: Share of the device's peak to reckon with, 0 to 1; by default that of docs/planning.md.
        memory_gib: Memory of the device in GiB, in place of the known one.
        tflops: Peak of the device in 10^12 FLOP/s.
        price: Dollars an hour of one device, in place of the assumed ones.

    Returns:
        Under `model` the weights by part; under `memory` its parts in bytes, the total, the device's, and the largest micro-batch; under `speed`
        FLOP per token and tokens/s; under `data` tokens per weight against Chinchilla's twenty, and passes; under `run` days and cost; under
        `advice` what to change where it does not fit.
    """
    given = {key: value for key, value in locals().items() if value is not None}
    if tokens is not None and corpus is not None:
        raise UserError("--corpus and --tokens: the corpus says its tokens; leave one of them out")
    if gpus < 1:
        raise UserError(f"--gpus must be at least 1, not {gpus}")
    if mfu is not None and not 0 < mfu <= 1:
        raise UserError(f"--mfu must be above 0 and at most 1, not {mfu}")
    counts = _corpus_counts(corpus) if corpus else {}
    shape = find_shape(model, vocab_size=vocab_size or _vocabulary(model, counts))
    config = _config(stage, given)
    where = find_device(device, memory_gib=memory_gib, tflops=tflops, price=price)
    step = _step(stage, shape, config, where, gpus)
    if seq_len is None and stage == "pretrain" and shape.context < config.seq_len:
        raise UserError(f"{model}: its context is {shape.context} tokens; give --seq-len {shape.context}")
    unknown = step.adapters.targets - set(shape.linears) if step.adapters else set()
    if unknown:
        raise UserError(f"--lora-targets {min(unknown)}: {model} has {', '.join(shape.linears)}")
    size = counts["splits"]["train"]["tokens"] if counts else parse_tokens(tokens) if tokens else None
    result = describe(step, mfu=mfu, tokens=size)
    return {"screen": screen(result), **result}


def describe(step: Step, *, mfu: float | None = None, tokens: float | None = None) -> dict[str, Any]:
    """All there is to say of a step, as a dict.

    Args:
        step: The step.
        mfu: Share of the peak to reckon with; the usual one by default.
        tokens: Tokens of the data, in one pass. Without them: for pre-training those that a model of this size is best trained on, else a million.
    """
    shape, config, device = step.shape, step.config, step.device
    memory = plan_memory(step)
    share = mfu or usual_mfu(device, shape.num_parameters, compiled=config.compile)
    speed = tokens_per_second(step, share)
    most = largest_batch(step)
    epochs = config.epochs or 1.0
    unknown = TOKENS_PER_WEIGHT * shape.num_parameters if step.stage == "pretrain" else 1e6
    trained = tokens * epochs if tokens else unknown
    seconds = trained / speed
    per_step = config.batch_size * step.rows_per_item * config.seq_len * config.accumulate * step.gpus
    return {
        "stage": step.stage,
        "model": {
            "name": shape.name,
            "parameters": shape.num_parameters,
            "trained": step.num_trained,
            "by_part": shape.parameters(),
            "licence": shape.licence,
            "gated": shape.gated,
        },
        "settings": {
            key: getattr(config, key) for key in ("seq_len", "batch_size", "accumulate", "gradient_checkpointing")
        }
        | {
            "precision": "bfloat16" if step.precision.bfloat16 else "float32",
            "attention": step.attention,
            "bits": 4 if config.use_4bit else 8 if config.use_8bit else 32,
            "lora_r": config.lora_r,
            "sharded": step.is_sharded,
            "compile": config.compile,
        },
        "memory": {
            "parts": memory.parts,
            "at": memory.moment,
            "allocated": memory.allocated,
            "total": memory.total,
            "device": device.memory,
            "fits": memory.total <= device.memory,
            "largest_batch": most,
        },
        "speed": {
            "device": device.title,
            "gpus": step.gpus,
            "flops_per_token": flops_per_token(step),
            "peak_tflops": device.tflops,
            "mfu": share,
            "tokens_per_s": speed,
        },
        "data": judge_data(shape.num_parameters, tokens, epochs) if tokens and step.stage == "pretrain" else None,
        "run": {
            "tokens": trained,
            "epochs": epochs if tokens else None,
            "tokens_per_step": per_step,
            "steps": trained / per_step,
            "days": seconds / DAY,
            "price_per_hour": device.price,
            "cost": seconds / 3600 * device.price * step.gpus,
        },
        "advice": advise(step),
    }


def _config(stage: str, given: dict[str, Any]) -> TrainingConfig:
    """The stage's settings with those that were given; the config's own checks apply."""
    if stage == "unlearn":
        from chronolect.training.unlearn_config import UnlearnConfig  # brings torch along

        kind: type[TrainingConfig] = UnlearnConfig
    else:
        kind = TrainingConfig
        if "method" in given:
            raise UserError("--method goes with --for unlearn")
    names = {field.name for field in fields(kind)} - {"device"}
    return kind(**{key: value for key, value in given.items() if key in names})


def _step(stage: str, shape: ModelShape, config: TrainingConfig, device: Device, gpus: int) -> Step:
    step = Step(shape=shape, config=config, device=device, gpus=gpus, stage=stage)
    if stage != "unlearn":
        return step
    from chronolect.training.objectives.unlearning import METHODS
    from chronolect.training.unlearn_config import UnlearnConfig

    assert isinstance(config, UnlearnConfig)
    method = METHODS[config.method]
    rows = float(method.needs_truth + method.needs_alternatives) + config.retain_ratio
    copied = not config.lora_r and (bool(config.kl) or method.needs_start)
    return replace(step, rows_per_item=rows, start_copy=copied)


def _corpus_counts(corpus: Path) -> dict[str, Any]:
    file = corpus / "manifest.json"
    counts = read_json(file).get("counts", {}) if file.is_file() else {}
    if "train" not in counts.get("splits", {}):
        raise UserError(f"{corpus}: not a packed corpus; make one with: chronolect corpus pack")
    return dict(counts)


def _vocabulary(model: str, counts: dict[str, Any]) -> int | None:
    """The corpus's vocabulary for a preset, whose own it is."""
    from chronolect.models.presets import PRESETS

    return int(counts["vocab_size"]) if counts and model in PRESETS else None
