"""The one config of a training run: its fields are the flags of `chronolect train …` and the keys of a recipe."""

import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from chronolect.errors import UserError, did_you_mean

_CHOICES = {
    "schedule": ("cosine", "wsd", "linear", "constant"),
    "optimizer": ("adamw", "adamw-8bit"),
    "dtype": ("auto", "float32", "bfloat16"),
    "device": ("auto", "cpu", "cuda", "mps"),
    "shard": ("auto", "none", "fsdp"),
}
_TRACKERS = ("wandb", "tensorboard", "trackio")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train. Counts of steps are optimizer steps.

    Args:
        seq_len: Length of a training row, in tokens.
        batch_size: Rows per micro-batch and process.
        accumulate: Micro-batches per optimizer step.
        group_by_length: Put conversations of like length into a micro-batch, which then has less padding (`train sft` and `train curriculum`).
        epochs: Passes over the data; 1 where no other limit is given.
        max_steps: Stop after this many steps.
        max_minutes: Stop after this much training time. The schedule then follows the clock where that is ahead of
            the steps, so such a run is whole but not repeatable to the bit.
        lr: Highest learning rate.
        min_lr_ratio: Learning rate at the end, as a part of `lr`.
        schedule: `cosine`, `wsd` (warm-up, stable, linear decay), `linear` (the Hugging Face Trainer's: its first step
            has rate 0) or `constant`, each after a linear warm-up.
        optimizer: `adamw`, or `adamw-8bit` with its moments in 8 bits (needs bitsandbytes).
        warmup_steps: Steps of warm-up.
        warmup_ratio: Part of the run that is warm-up, where `warmup_steps` is 0.
        decay_fraction: Part of the run in which `wsd` decays.
        weight_decay: AdamW weight decay of matrices; norms and biases have none.
        beta1: AdamW's first-moment decay.
        beta2: AdamW's second-moment decay.
        eps: AdamW's epsilon.
        clip: Largest global gradient norm; 0 for no clipping.
        dtype: `float32`, or `bfloat16` for bfloat16 autocast over float32 weights; `auto` is bfloat16 where the
            hardware multiplies matrices in it natively.
        device: `auto` takes the accelerator where there is one; `cpu` never does; `cuda` (AMD's ROCm goes by that name,
            too) and `mps` insist on theirs.
        shard: How several processes share the work. `none`: each holds the whole model. `fsdp`: each holds its part of
            the weights, gradients and optimizer state (FSDP2). `auto` is `fsdp` on GPUs and `none` on CPUs. One
            process has nothing to share.
        compile: Compile the decoder blocks with torch.compile.
        gradient_checkpointing: Recompute activations in the backward pass to save memory.
        recompute: What `gradient_checkpointing` recomputes: `all` of each decoder block; `every-2` (or another number),
            all of each second block and nothing of the others; `cheap`, in each block all but matrix products and
            attention.
        liger: Take Liger's fused kernels for norms, rotary positions and MLPs, on CUDA.
        attention: Attention implementation (`sdpa`, `eager`, `flash_attention_2`); None chooses: `eager` for short rows
            in bfloat16 on a CPU, else what transformers chooses.
        lora_r: Rank of LoRA adapters; 0 trains all weights.
        lora_alpha: LoRA scale numerator.
        lora_dropout: Dropout before the adapters.
        lora_targets: Names of the linear layers that get adapters, or `all-linear`.
        use_4bit: Hold the weights under the adapters in 4 bits (NF4, double quantisation: QLoRA).
        use_8bit: Hold the weights under the adapters in 8 bits.
        pin_memory: Hand rows to a GPU from pinned memory, so that copying goes beside computing.
        seed: Seed of the initialisation, the data order and the dropout.
        log_every: Steps between training records in metrics.jsonl.
        eval_every: Steps between validations; 0 for one at the end only.
        eval_batches: Most batches per validation set; 0 for all.
        sample_every: Steps between text samples; 0 for none.
        sample_prompts: What the samples continue.
        sample_tokens: Tokens per sample.
        sample_temperature: Temperature of the samples; 0 is greedy.
        save_every: Steps between checkpoints; 0 for none but those of an interruption.
        keep: Checkpoints of `save_every` to keep; 0 for all.
        log_spaced: Also keep checkpoints at steps 0, 1, 2, 4, 8, …
        track: Trackers that also get the metrics: `wandb`, `tensorboard`, `trackio`.
        wandb: The same as `track` with `wandb`.
        resume_latest: Continue the run in the output folder from its latest whole checkpoint; start it where there is
            none.
        resume_from_checkpoint: Continue the run in the output folder from this checkpoint of it; later ones are deleted.
        overwrite: Delete an earlier run in the output folder.
    """

    seq_len: Annotated[int, Parameter(alias="--max-seq-length")] = 512
    batch_size: int = 8
    accumulate: Annotated[int, Parameter(alias="--gradient-accumulation-steps")] = 1
    group_by_length: bool = False
    epochs: float | None = None
    max_steps: int | None = None
    max_minutes: float | None = None
    lr: Annotated[float, Parameter(alias="--learning-rate")] = 3e-4
    min_lr_ratio: float = 0.1
    schedule: Literal["cosine", "wsd", "linear", "constant"] = "cosine"
    optimizer: Literal["adamw", "adamw-8bit"] = "adamw"
    warmup_steps: int = 0
    warmup_ratio: float = 0.0
    decay_fraction: float = 0.2
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    clip: float = 1.0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    shard: Literal["auto", "none", "fsdp"] = "auto"
    compile: bool = False
    gradient_checkpointing: bool = False
    recompute: str = "all"
    liger: bool = False
    attention: str | None = None
    lora_r: int = 0
    lora_alpha: int = 16
    lora_dropout: float = 0.0
    lora_targets: list[str] = field(default_factory=lambda: ["all-linear"])
    use_4bit: Annotated[bool, Parameter(name="--use-4bit")] = False
    use_8bit: Annotated[bool, Parameter(name="--use-8bit")] = False
    pin_memory: bool = False
    seed: int = 42
    log_every: int = 10
    eval_every: Annotated[int, Parameter(alias="--eval-steps")] = 0
    eval_batches: int = 0
    sample_every: int = 0
    sample_prompts: list[str] = field(default_factory=lambda: ["The"])
    sample_tokens: int = 48
    sample_temperature: float = 0.8
    save_every: Annotated[int, Parameter(alias="--save-steps")] = 0
    keep: int = 2
    log_spaced: bool = False
    track: list[str] = field(default_factory=list)
    wandb: bool = False
    resume_latest: bool = False
    resume_from_checkpoint: Path | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                value = getattr(self, name)
                raise UserError(
                    f"{_flag(name)} {value}: unknown; one of {', '.join(known)}{did_you_mean(value, known)}"
                )
        if not re.fullmatch(r"all|cheap|every-[1-9]\d*", self.recompute):
            known = ("all", "cheap", "every-2")
            raise UserError(
                f"--recompute {self.recompute}: unknown; one of {', '.join(known)} (or another number)"
                f"{did_you_mean(self.recompute, known)}"
            )
        for name in ("seq_len", "batch_size", "accumulate", "log_every", "sample_tokens"):
            if getattr(self, name) < 1:
                raise UserError(f"{_flag(name)} must be at least 1, not {getattr(self, name)}")
        for name in ("epochs", "max_steps", "max_minutes", "lr", "eps"):
            if getattr(self, name) is not None and getattr(self, name) <= 0:
                raise UserError(f"{_flag(name)} must be above 0, not {getattr(self, name)}")
        non_negative = (
            "warmup_steps",
            "weight_decay",
            "clip",
            "lora_r",
            "eval_every",
            "eval_batches",
            "sample_every",
            "save_every",
            "keep",
        )
        for name in (*non_negative, "sample_temperature", "seed"):
            if getattr(self, name) < 0:
                raise UserError(f"{_flag(name)} must not be negative")
        for name in ("min_lr_ratio", "decay_fraction", "lora_dropout", "warmup_ratio"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{_flag(name)} must be between 0 and 1, not {getattr(self, name)}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"{_flag(name)} must be at least 0 and below 1, not {getattr(self, name)}")

        if self.use_4bit and self.use_8bit:
            raise UserError("--use-4bit and --use-8bit: choose one of them")
        if (self.use_4bit or self.use_8bit) and not self.lora_r:
            raise UserError("--use-4bit and --use-8bit train adapters only; give them a rank with --lora-r")
        if (self.use_4bit or self.use_8bit) and self.shard == "fsdp":
            raise UserError("--shard fsdp: weights of 4 or 8 bits are not sharded; leave out --use-4bit and --use-8bit")
        if unknown := set(self.track) - set(_TRACKERS):
            name = min(unknown)
            raise UserError(f"--track {name}: unknown; one of {', '.join(_TRACKERS)}{did_you_mean(name, _TRACKERS)}")

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


# What may change between a run and its continuation: none of it changes the weights or the recorded losses.
FREE_KEYS = frozenset(
    {
        "gradient_checkpointing",
        "recompute",
        "pin_memory",
        "save_every",
        "keep",
        "track",
        "wandb",
        "resume_latest",
        "resume_from_checkpoint",
        "overwrite",
    }
)
CONFIG_KEYS = tuple(f.name for f in fields(TrainingConfig))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
