"""What the phases will take, said before the first of them starts: steps, memory, time, and what was published of the same."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from chronolect.console import say
from chronolect.curriculum.presets import Phase, Sizes
from chronolect.dialogue.files import iterate_messages
from chronolect.dialogue.messages import check_conversation
from chronolect.errors import UserError
from chronolect.models.chat_template import template_of
from chronolect.planning.advice import advise
from chronolect.planning.devices import Device, find_device, usual_mfu
from chronolect.planning.memory import MOMENTS_8BIT, Step, plan_memory
from chronolect.planning.shapes import ModelShape, find_shape
from chronolect.planning.throughput import tokens_per_second
from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import is_rocm
from chronolect.training.metrics import peak_flops
from chronolect.training.schedules import count_steps

_GIB = 2**30


def measure_sizes(path: Path, tokenizer: PreTrainedTokenizerBase) -> Sizes:
    """How many conversations a file has and how long they are, as its chat template writes them.

    Raises:
        UserError: For a missing file, and for a conversation that is not in order (named): roles, think tags, or what the template refuses.
    """
    template = template_of(tokenizer)
    lengths = []
    for where, messages, _ in iterate_messages(path):
        check_conversation(messages, where)
        lengths.append(len(template.encode(tokenizer, messages, assistant_only=False)[0]))
    return Sizes(conversations=len(lengths), longest=max(lengths), mean=float(np.mean(lengths)))


def this_device(device: str) -> Device:
    """The device that training here would use, as planning sees it; `tflops` is 0 where its peak is not known."""
    if device in ("auto", "cuda") and torch.cuda.is_available():
        found = torch.cuda.get_device_properties(0)
        peak = peak_flops(torch.device("cuda"))
        return Device(
            name="here",
            title=found.name,
            kind="rocm" if is_rocm() else "cuda",
            memory_gib=found.total_memory / _GIB,
            tflops=(peak or 0.0) / 1e12,
            price=0.0,
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    core = find_device("cpu", memory_gib=memory, price=0.0)
    threads = torch.get_num_threads()
    return replace(core, title=f"this CPU on {threads} thread(s)", tflops=core.tflops * threads)


def plan_phase(
    phase: Phase, sizes: Sizes, *, model: str, device: Device, published: Mapping[str, Any] | None
) -> dict[str, Any]:
    """One phase as a dict: sizes, steps, settings, memory and time.

    Args:
        phase: The phase.
        sizes: Those of its training data.
        model: The model that the curriculum starts from; merged ones are of the same shape.
        device: Where it is to run.
        published: What was published of the same phase.

    Raises:
        UserError: Where a conversation is longer than the model's context.
    """
    config = phase.config(sizes)
    per_step = config.batch_size * config.accumulate
    steps = count_steps(
        config, rows_per_epoch=math.ceil(sizes.conversations / per_step) * per_step, rows_per_step=per_step
    )
    trained = sizes.conversations * sizes.mean * (steps or 0) / math.ceil(sizes.conversations / per_step)
    shape = _shape(model)
    if shape and min(config.seq_len, sizes.longest - 1) > shape.context:
        raise UserError(
            f"phase {phase.number}: its longest conversation has {sizes.longest:,} tokens, and the context of {model} is {shape.context:,}; "
            f"leave long ones out, or cut them with --set seq_len={shape.context}"
        )
    return {
        "phase": phase.number,
        "conversations": sizes.conversations,
        "tokens": {"longest": sizes.longest, "mean": round(sizes.mean, 1)},
        "steps": steps,
        "settings": {
            key: getattr(config, key)
            for key in (
                *("seq_len", "batch_size", "accumulate", "epochs", "max_steps", "lr", "schedule", "warmup_steps"),
                *("optimizer", "weight_decay", "clip", "lora_r", "lora_alpha", "lora_dropout", "lora_targets"),
                *("use_4bit", "gradient_checkpointing", "seed", "log_every", "save_every"),
            )
        },
        "memory": _memory(shape, config, device, steps or 0) if shape else None,
        "minutes": _minutes(shape, config, device, trained) if shape and device.tflops else None,
        "published": dict(published) if published else None,
    }


def _shape(model: str) -> ModelShape | None:
    """The shape of the model; None for an architecture that planning does not know, which can be trained all the same."""
    try:
        return find_shape(model)
    except UserError:
        return None


def _memory(shape: ModelShape, config: TrainingConfig, device: Device, steps: int) -> dict[str, Any]:
    step = Step(shape=shape, config=config, device=device, stage="sft")
    needed = plan_memory(step).total
    return {
        "gib": round(needed / _GIB, 3),
        "device_gib": round(device.memory_gib, 1),
        "fits": needed <= device.memory,
        "checkpoints_gib": round(_checkpoints(step, steps) / _GIB, 3),
        "merging_gib": round(4.0 * shape.num_parameters / _GIB, 3),  # in float32, in the machine's own memory
        "advice": [_as_changes(change["change"]) for change in advise(step)],
    }


def _checkpoints(step: Step, steps: int) -> float:
    """Bytes on disk of the checkpoints of a phase at its end: what is trained, and its moments."""
    config = step.config
    made = steps // config.save_every if config.save_every else 0
    moments = MOMENTS_8BIT if config.optimizer == "adamw-8bit" else 8.0
    return (4.0 + moments) * step.num_trained * (min(made, config.keep) if config.keep else made)


def _as_changes(flags: str) -> str:
    """Flags of a training run as this command takes them: `--batch-size 4` is `--set batch_size=4`."""

    def change(flag: re.Match[str]) -> str:
        name = flag[1].replace("-", "_")
        return flag[0] if name == "use_4bit" else f"--set {name}={flag[2] or 'true'}"

    return re.sub(r"--([a-z][a-z0-9-]*)(?: (\w+))?", change, flags)


def _minutes(shape: ModelShape, config: TrainingConfig, device: Device, tokens: float) -> float:
    step = Step(shape=shape, config=config, device=device, stage="sft")
    speed = tokens_per_second(step, usual_mfu(device, shape.num_parameters, compiled=config.compile))
    return round(tokens / speed / 60, 1)


def warn(plan: Mapping[str, Any], device: Device) -> None:
    """Say where a phase is likely to need more memory than there is, and where its warm-up outlasts it."""
    number, memory, settings = plan["phase"], plan["memory"], plan["settings"]
    if memory and not memory["fits"]:
        advice = f"; try {' and '.join(memory['advice'])}" if memory["advice"] else ""
        say(
            f"warning: phase {number} needs about {memory['gib']:.3g} GiB for the micro-batch with its longest conversation, and {device.title} has "
            f"{memory['device_gib']:.3g}{advice}"
        )
    if plan["steps"] is not None and settings["warmup_steps"] >= plan["steps"]:
        say(
            f"warning: phase {number} has {plan['steps']} steps and {settings['warmup_steps']} of warm-up: the learning rate never gets to "
            f"its height; try --set phase{number}.warmup_steps={max(1, plan['steps'] // 10)}"
        )


def plan_screen(plans: list[dict[str, Any]], *, model: str, device: Device) -> str:
    """The plan as a table for the terminal."""
    lines = [
        f"{model} on {device.title}",
        "",
        "phase  conversations  longest  mean tokens  steps  batch      lr  memory GiB  minutes   published GiB, minutes",
    ]
    for plan in plans:
        settings, memory, published = plan["settings"], plan["memory"], plan["published"]
        gib = "?" if memory is None else f"{memory['gib']:.3g}{'' if memory['fits'] else '!'}"
        minutes = "?" if plan["minutes"] is None else f"{plan['minutes']:.1f}"
        said = f"{published['peak_gib']:.1f}, {published['minutes']:.0f}" if published else "-"
        batch = f"{settings['batch_size']}x{settings['accumulate']}"
        lines.append(
            f"{plan['phase']:>5}{plan['conversations']:>15,}{plan['tokens']['longest']:>9,}{plan['tokens']['mean']:>13,.0f}"
            f"{plan['steps']:>7,}{batch:>7}{settings['lr']:>8.2g}{gib:>12}{minutes:>9}   {said}"
        )
    first = plans[0]["settings"]
    bits = ", base in 4 bits" if first["use_4bit"] else ""
    adapters = (
        f"LoRA r {first['lora_r']}, alpha {first['lora_alpha']}, dropout {first['lora_dropout']:g} on {', '.join(first['lora_targets'])}{bits}"
        if first["lora_r"]
        else "all weights"
    )
    lines += [
        "",
        f"Trained: {adapters}; {first['optimizer']}, {first['schedule']} schedule, weight decay {first['weight_decay']:g}, "
        f"gradients clipped at {first['clip']:g}, seed {first['seed']}.",
        "Memory is that of the micro-batch with the longest conversation, to which the others are padded; time is reckoned without padding.",
    ]
    merging = plans[0]["memory"]["merging_gib"] if plans[0]["memory"] else 0.0
    if merging >= 1:
        lines.append(f"Merging takes {merging:.3g} GiB of the machine's own memory (weights in float32).")
    kept = sum(plan["memory"]["checkpoints_gib"] for plan in plans if plan["memory"])
    if kept >= 1:
        lines.append(f"Checkpoints take up to {kept:.3g} GiB of disk.")
    return "\n".join(lines)
