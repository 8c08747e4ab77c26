"""`train curriculum`: the four phases one after another, each merged before the next; killed anywhere, the same command goes on."""

import gc
import os
import resource
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
from cyclopts import Parameter
from transformers import PreTrainedTokenizerBase

from chronolect.artifacts import MANIFEST, exclusive, is_current, make_manifest, write_bytes, write_json
from chronolect.console import say
from chronolect.curriculum.guidance import measure_sizes, plan_phase, plan_screen, this_device, warn
from chronolect.curriculum.merging import MergedType, merge
from chronolect.curriculum.presets import PHASES, SELECTED, Phase, Sizes, curricula, find_preset, make_phases
from chronolect.curriculum.selection import choose_checkpoint
from chronolect.errors import UserError
from chronolect.export.fp8 import export_fp8
from chronolect.export.naming import published_name
from chronolect.models.chat_template import choose_template
from chronolect.models.loading import load_tokenizer
from chronolect.planning.devices import find_device
from chronolect.report.curriculum import curriculum_page
from chronolect.report.gather import read_lines
from chronolect.training.sft import fine_tune

_TEMPLATE = "time"
_GIB = 2**30


def train_curriculum(
    *,
    out: Path | None = None,
    data: Path | None = None,
    model: str | None = None,
    preset: str | None = None,
    phases: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None,
    set: list[str] | None = None,
    use_4bit: Annotated[bool | None, Parameter(name="--use-4bit")] = None,
    assistant_only: bool = False,
    dtype: MergedType = "auto",
    stop_below: float = 1.05,
    stop_early: bool = True,
    fp8: bool = False,
    device: str = "auto",
    seed: int = 3407,
    dry_run: bool = False,
    plan_for: str | None = None,
    resume_latest: bool = True,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Train a model on dialogues with time in them: the TIME curriculum (arXiv:2601.05300) in up to four phases.

    Each phase trains fresh adapters on the model of the phase before and folds them in: `out/phase1-model` to `out/phase4-model`. Phase 4 takes
    all its conversations in every step and goes on with the first checkpoint whose logged loss is low enough. Killed at any point, the same
    command goes on where it was and ends with the same weights.

    Args:
        out: Folder of the curriculum; only a dry run goes without.
        data: Folder with phase1_train.json, phase1_test.json and so on, as `dialogue split` writes them, and phase4.json. A dry run without it
            takes the sizes of the published data.
        model: Folder or hub name of the model to start from; the preset's by default.
        preset: Published settings of a size of model: `qwen3-4b`, `qwen3-8b`, `qwen3-14b` or `qwen3-32b`. Without it those that all sizes share,
            with plain AdamW and unquantised.
        phases: Which phases to train. The first starts from the model of the phase before it where `out` has that, else from `model`.
        set: Changed settings: `KEY=VALUE` for all phases, `phase4.KEY=VALUE` for one, `phase1-3.KEY=VALUE` for some. Keys are those of every
            training run (`lr`, `epochs`, `lora_r`, …; `lora_r=0` trains all weights) and `full_batch`.
        use_4bit: Hold the frozen weights in 4 bits while training (QLoRA); on with a preset.
        assistant_only: Learn the assistant's words only; the published training learns the whole text.
        dtype: Type of the merged weights; `auto` keeps that of the model.
        stop_below: Phase 4's checkpoint is that of the first logged loss strictly below this; where none is, of the lowest, with a warning.
        stop_early: End phase 4 as soon as that loss was logged. What is chosen is the same either way, for the learning rate decays towards
            `max_steps` all the same.
        fp8: Also write the last model in FP8, as `out/NAME-FP8-Dynamic` after the name of `out`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        seed: Seed of adapters, order and dropout, anew in each phase.
        dry_run: Say what would be trained, with steps, memory and time, and train nothing.
        plan_for: Device to reckon memory and time for, such as `h200` or `rtx-4090`; the one here by default.
        resume_latest: Go on with the phases that `out` has; without it they are refused.
        overwrite: Delete what `out` has of these phases first.

    Returns:
        plan (by phase: sizes, steps, settings, memory, time); unless it is a dry run phases (steps, losses, eval_loss, minutes, peak memory, the
        chosen step, and the model's folder), model (the last phase's) and fp8 (its folder, if asked for).

    Raises:
        UserError: For an unknown preset, phase or setting; data that are missing or out of order; conversations longer than the model's context;
            a folder whose phases began with other settings; under torchrun.
    """
    chosen = _numbers(phases)
    published = find_preset(preset) if preset else {}
    start = model or published.get("model")
    if start is None:
        raise UserError("say what to train: --model FOLDER, or --preset qwen3-4b for Qwen/Qwen3-4B")
    if stop_below < 0:
        raise UserError(f"--stop-below must not be negative, not {stop_below:g}")
    common: dict[str, Any] = {"seed": seed, "device": device}
    if use_4bit is not None:
        common["use_4bit"] = use_4bit
    settings = make_phases(preset, changes=set or [], common=common)
    where = find_device(plan_for) if plan_for else this_device(device)
    if not dry_run and (out is None or data is None):
        raise UserError(
            "say --out, and as --data the folder that `chronolect dialogue split` wrote; only a dry run goes without"
        )
    if data is None:
        sizes = {number: Sizes(**curricula()["data"][number]) for number in chosen}
    else:
        tokenizer = load_tokenizer(start)
        choose_template(tokenizer, _TEMPLATE)
        sizes = {number: _measure(data, number, tokenizer) for number in chosen}
    plans = [
        plan_phase(
            settings[number],
            sizes[number],
            model=start,
            device=where,
            published=published.get("published", {}).get(number),
        )
        for number in chosen
    ]
    screen = plan_screen(plans, model=start, device=where)
    for plan in plans:
        warn(plan, where)
    if dry_run or data is None or out is None:
        return {"plan": plans, "screen": screen}
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError("train curriculum: trains and merges phase by phase in one process; leave torchrun out")
    say(screen)
    started = time.time()
    with exclusive(out):
        found = []
        current = start
        for number in chosen:
            before = out / f"phase{number - 1}-model"
            if number == chosen[0] and number > 1 and (before / MANIFEST).is_file():
                current = str(before)
            if overwrite:
                for folder in (out / f"phase{number}", out / f"phase{number}-model"):
                    shutil.rmtree(folder, ignore_errors=True)
            result = _run_phase(
                settings[number],
                sizes[number],
                model=current,
                data=data,
                out=out,
                assistant_only=assistant_only,
                dtype=dtype,
                stop_below=stop_below if number == SELECTED else None,
                stop_early=stop_early,
                resume_latest=resume_latest,
            )
            found.append(result)
            current = result["model"]
        results: dict[str, Any] = {"model": current, "phases": found, "plan": plans}
        if fp8:
            results["fp8"] = _write_fp8(current, out)
        write_json(out / "curriculum.json", results)
        write_bytes(out / "curriculum.html", curriculum_page(results).encode())
        manifest = make_manifest(
            out,
            command="train curriculum",
            config={"model": start, "preset": preset, "phases": chosen, "set": set, **common},
            inputs=[data, *([Path(start)] if Path(start).is_dir() else [])],
            counts={"phases": found},
            started=started,
        )
        write_json(out / MANIFEST, manifest)
    return {**results, "screen": _screen(found)}


def _numbers(phases: list[int] | None) -> list[int]:
    for number in phases or PHASES:
        if number not in PHASES:
            raise UserError(f"--phases {number}: there are phases 1, 2, 3 and 4")
    return sorted({*(phases or PHASES)})


def _files(data: Path, number: int) -> tuple[Path, Path | None]:
    """The files of a phase to train on and, where there is one, to evaluate on."""
    if number == 4:
        return data / "phase4.json", None
    test = data / f"phase{number}_test.json"
    return data / f"phase{number}_train.json", test if test.is_file() else None


def _measure(data: Path, number: int, tokenizer: PreTrainedTokenizerBase) -> Sizes:
    train, _ = _files(data, number)
    if not train.is_file():
        made = "`chronolect data dialogue`" if number == 4 else "`chronolect dialogue split`"
        raise UserError(f"{train}: no such file; {made} writes it, or leave phase {number} out with --phases")
    return measure_sizes(train, tokenizer)


def _run_phase(
    phase: Phase,
    sizes: Sizes,
    *,
    model: str,
    data: Path,
    out: Path,
    assistant_only: bool,
    dtype: MergedType,
    stop_below: float | None,
    stop_early: bool,
    resume_latest: bool,
) -> dict[str, Any]:
    """Train one phase and merge it; what it came to."""
    train, test = _files(data, phase.number)
    run = out / f"phase{phase.number}"
    say(f"phase {phase.number}: {sizes.conversations:,} conversations from {train}, starting from {model}")
    trains = not (run / MANIFEST).is_file()
    if trains:
        _free_memory()
    found = fine_tune(
        train,
        command="train curriculum",
        model=model,
        out=run,
        val=test,
        tokenizer=None,
        chat_template=_TEMPLATE,
        assistant_only=assistant_only,
        config=replace(phase.config(sizes), resume_latest=resume_latest),
        whole_epochs=True,
        stop_below=stop_below if stop_early else None,
        measure=_peak_memory,
    )
    if trains:
        _free_memory()
    losses = [
        (record["step"], record["loss"]) for record in read_lines(run / "metrics.jsonl") if record["kind"] == "train"
    ]
    result = {
        "phase": phase.number,
        "conversations": found["conversations"],
        "steps": found["steps"],
        "loss": found["loss"],
        "eval_loss": found["eval"]["val"]["loss"] if test else None,
        "minutes": round(found["seconds"] / 60, 2),
        "peak_memory_gib": found["peak_memory_gib"],
        "losses": losses,
    }
    trained = run / "final"
    if stop_below is not None:
        choice = choose_checkpoint(losses, below=stop_below)
        trained = run / f"checkpoint-{choice.step}"
        result |= {"chosen_step": choice.step, "chosen_loss": choice.loss, "threshold_met": choice.met}
        if choice.met:
            say(
                f"phase {phase.number}: checkpoint {choice.step}, the first with a loss below {stop_below:g} ({choice.loss:.4f})"
            )
        else:
            say(
                f"warning: phase {phase.number} never logged a loss below {stop_below:g}; going on with its lowest, {choice.loss:.4f} at step "
                f"{choice.step}"
            )
    folder = out / f"phase{phase.number}-model"
    merge(trained, start=model, out=folder, dtype=dtype)
    return {**result, "model": str(folder)}


def _free_memory() -> None:
    """Let go of what the last model left, and count the peak anew."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak_memory(model: torch.nn.Module) -> dict[str, Any]:
    """Most memory so far: reserved on the GPU in this phase, as published; on a processor resident in the whole process."""
    if next(model.parameters()).device.type == "cuda":
        return {"peak_memory_gib": round(torch.cuda.max_memory_reserved() / _GIB, 3)}
    return {"peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _GIB, 3)}


def _write_fp8(model: str, out: Path) -> str:
    folder = out / f"{published_name(out)}-FP8-Dynamic"
    settings = {"model": model, "verify": True}
    if not is_current(folder, command="export fp8", config=settings, inputs=[Path(model)]):
        export_fp8(model, out=folder)
    return str(folder)


def _screen(found: Sequence[Mapping[str, Any]]) -> str:
    """What the phases came to, as a table for the terminal."""
    lines = ["phase  steps  loss first  loss last  held-out loss  minutes  memory GiB  model"]
    for result in found:
        held_out = "-" if result["eval_loss"] is None else f"{result['eval_loss']:.4f}"
        lines.append(
            f"{result['phase']:>5}{result['steps']:>7,}{result['losses'][0][1]:>12.4f}{result['loss']:>11.4f}{held_out:>15}"
            f"{result['minutes']:>9.1f}{result['peak_memory_gib']:>12.2f}  {result['model']}"
        )
    for result in found:
        if "chosen_step" in result:
            met = "" if result["threshold_met"] else ", which is above the threshold"
            lines.append(
                f"Phase {result['phase']} goes on with checkpoint {result['chosen_step']} (loss {result['chosen_loss']:.4f}{met})."
            )
    return "\n".join(lines)
