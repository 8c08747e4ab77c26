"""Out of memory: one line that names the setting to change next, instead of a traceback."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from chronolect.errors import UserError
from chronolect.training.hardware import is_rocm

# How they say it: PyTorch's CPU allocator, Apple's MPS, cuBLAS and HIP's runtime; CUDA and HIP allocations have a type.
_SAID = re.compile(
    r"not enough memory: you tried to allocate|can't allocate memory|MPS backend out of memory|CUBLAS_STATUS_ALLOC_FAILED"
    r"|CUDA out of memory|HIP out of memory|(CUDA|HIP) error: out of memory|hipErrorOutOfMemory"
)
_SHORTEST = 128  # tokens; below this rows are too short to be worth a suggestion


@contextmanager
def memory_guard(settings: dict[str, Any], *, processes: int, training: bool) -> Iterator[None]:
    """Turn an allocation that failed inside into a `UserError`.

    Args:
        settings: The run's settings, as `TrainingConfig.as_dict`.
        processes: How many train together.
        training: Whether the model is loaded already and steps are under way.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        advice = _for_activations(settings) if training else []
        advice += _for_weights(settings, processes)
        where = "in a training step" if training else "while loading the model"
        then = f"; then {advice[1]}" if len(advice) > 1 else ""
        raise UserError(f"out of memory {where}: try {advice[0]}{then}") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is a failed allocation, on whatever device."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _SAID.search(str(error)) is not None


def _for_activations(settings: dict[str, Any]) -> list[str]:
    """What makes a step smaller, the cheapest first: what changes neither result nor speed, nor result, either."""
    found = []
    batch_size, accumulate = settings["batch_size"], settings["accumulate"]
    if batch_size > 1:
        smaller = next(size for size in range(batch_size // 2, 0, -1) if batch_size % size == 0)
        found.append(
            f"--batch-size {smaller} --accumulate {accumulate * batch_size // smaller} (the same step in smaller parts; "
            "--resume-latest goes on with it)"
        )
    if not settings["gradient_checkpointing"]:
        found.append("--gradient-checkpointing (slower, the same result)")
    elif settings["recompute"] != "all":
        found.append("--recompute all (slower, the same result)")
    if settings["dtype"] == "float32":
        found.append("--dtype bfloat16")
    if settings["seq_len"] > _SHORTEST:
        found.append(f"--seq-len {settings['seq_len'] // 2}")
    return found


def _for_weights(settings: dict[str, Any], processes: int) -> list[str]:
    """What makes weights, gradients and optimizer state smaller."""
    found = []
    if processes > 1 and settings["shard"] == "none" and not (settings["use_4bit"] or settings["use_8bit"]):
        found.append("--shard fsdp (each process holds a part of the model)")
    if not settings["lora_r"]:
        found.append("--lora-r 16 (adapters in place of all weights)")
    elif not settings["use_4bit"] and settings["shard"] != "fsdp" and not is_rocm():  # where 4 bits are said to hang
        found.append("--use-4bit (the frozen weights in 4 bits)")
    found.append("more GPUs (torchrun --nproc-per-node N) or a smaller model")
    return found
