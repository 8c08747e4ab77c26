"""The largest micro-batch that fits, and what to change where nothing fits."""

from dataclasses import replace
from typing import Any

from chronolect.planning.memory import Step, plan_memory

_LARGEST = 4096


def fits(step: Step) -> bool:
    """Whether the step's memory is within the device's."""
    return plan_memory(step).total <= step.device.memory


def largest_batch(step: Step) -> int:
    """The most rows (in unlearning, questions) of a micro-batch that fit on one device; 0 where not one does."""
    low, high = 0, 1
    while high <= _LARGEST and fits(_changed(step, batch_size=high)):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(_changed(step, batch_size=middle)) else (low, middle)
    return low


def advise(step: Step) -> list[dict[str, Any]]:
    """Changes, one on top of the other and the cheapest first, up to the one with which the step fits.

    Each with the flags to add, the memory it then takes in GB, and whether it fits. Those that help nothing are left out.
    """
    found: list[dict[str, Any]] = []
    size = plan_memory(step).total
    for flags, change in _changes(step):
        if fits(step):
            break
        candidate = change(step)
        smaller = plan_memory(candidate).total
        if smaller < 0.99 * size:
            step, size = candidate, smaller
            found.append({"change": flags, "gb": size / 1e9, "fits": fits(step)})
    return found


def _changes(step: Step) -> list[tuple[str, Any]]:
    """What can be changed: first what leaves the result alone, then what does not."""
    config = step.config
    changes: list[tuple[str, Any]] = []
    batch_size, accumulate = config.batch_size, config.accumulate
    while batch_size > 1:
        smaller = next(size for size in range(batch_size // 2, 0, -1) if batch_size % size == 0)
        accumulate *= batch_size // smaller
        batch_size = smaller
        flags = {"batch_size": batch_size, "accumulate": accumulate}
        changes.append((f"--batch-size {batch_size} --accumulate {accumulate}", _setter(**flags)))
    if not config.gradient_checkpointing or config.recompute != "all":
        recompute = _setter(gradient_checkpointing=True, recompute="all")
        changes.insert(min(1, len(changes)), ("--gradient-checkpointing", recompute))
    if config.dtype == "float32":
        changes.append(("--dtype bfloat16", _setter(dtype="bfloat16")))
    if not config.lora_r:
        changes.append(("--lora-r 16 (adapters in place of all weights)", _adapt))
    if not config.use_4bit and config.shard != "fsdp":  # which goes with weights of 16 bits and more
        changes.append(("--use-4bit (the frozen weights in 4 bits)", _setter(use_4bit=True, use_8bit=False)))
    if config.seq_len > 256:
        changes.append((f"--seq-len {config.seq_len // 2}", _setter(seq_len=config.seq_len // 2)))
    if step.stage == "pretrain":
        changes = [change for change in changes if "lora" not in change[0] and "4bit" not in change[0]]
        changes += [(f"{gpus} devices, sharded", _more(gpus)) for gpus in (2, 4, 8, 16) if gpus > step.gpus]
    return changes


def _changed(step: Step, **values: Any) -> Step:
    return replace(step, config=replace(step.config, **values))


def _setter(**values: Any) -> Any:
    return lambda step: _changed(step, **values)


def _adapt(step: Step) -> Step:
    return replace(_changed(step, lora_r=16), start_copy=False)


def _more(gpus: int) -> Any:
    return lambda step: replace(_changed(step, shard="fsdp"), gpus=gpus)
