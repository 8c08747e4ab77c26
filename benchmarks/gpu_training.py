"""Training throughput on an accelerator: the training loop beside the Hugging Face Trainer, and where the loop's time goes.

    python benchmarks/gpu_training.py [--presets 124m smollm2-360m tinyllama-1.1b] [--no-trainer] [--profile] [--report FILE]

Both train the same model shape on the same rows and batch in bfloat16 autocast over float32 weights, with fused AdamW and without recomputing
activations, first plain, then with torch.compile; the best of several rounds of steps counts. The Trainer keeps its defaults but for that
and for logging, which the loop's timed steps leave out, too. Utilisation is (6 N + 12 L d T) FLOP per token over the peak, N without the
input embedding: no discount for the causal mask. `--profile` sums the compiled loop's kernels by kind of work (see step_profile.py). Prints
a line per case and one line of JSON.
"""

import argparse
import gc
import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from step_profile import StepProfile, profile_steps
from tokenizers import Tokenizer, models
from training_report import profile_table, write_report
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from chronolect.models.presets import choose_shape, new_model
from chronolect.training.config import TrainingConfig
from chronolect.training.data import PackedRows, PackedSplit
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives.causal import Causal
from chronolect.training.run_folder import RunFolder

VOCABULARY = 32_000
WARM_UP = 4
LEARNING_RATE = 3e-4


@dataclass(frozen=True)
class Case:
    """One model and batch to train, and how long to look.

    Attributes:
        preset: The model's shape.
        seq_len: Tokens per row.
        batch: Rows per step.
        steps: Steps per round.
        rounds: Rounds, of which the best counts.
        device: `cuda` or `cpu`.
    """

    preset: str
    seq_len: int
    batch: int
    steps: int
    rounds: int
    device: Literal["cuda", "cpu"]


def make_rows(seq_len: int) -> PackedRows:
    """Random documents of some hundreds of tokens."""
    random = np.random.default_rng(0)
    lengths = random.integers(100, 900, size=20_000)
    tokens = random.integers(1, VOCABULARY, size=int(lengths.sum())).astype(np.uint16)
    ends = np.cumsum(lengths)
    tokens[ends - 1] = 0
    return PackedRows(PackedSplit("train", tokens, ends - lengths, lengths, None), seq_len=seq_len, seed=0)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of the right size; nothing is tokenised here."""
    words = Tokenizer(models.WordLevel({"<|endoftext|>": 0} | {f"w{n}": n for n in range(1, VOCABULARY)}))
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|endoftext|>", bos_token="<|endoftext|>")


def wait() -> None:
    """Until the accelerator has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class Clock(TrainerCallback):
    """Notes the time after a Trainer's warm-up steps and after each round of steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.times: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look at the clock where a round ends."""
        step = state.global_step - WARM_UP
        if step >= 0 and step % self.steps == 0:
            wait()
            self.times.append(time.perf_counter())


def theirs(case: Case, model: LlamaForCausalLM, rows: PackedRows, folder: Path, *, compiled: bool) -> float:
    """Seconds of the Trainer's best round."""
    count = WARM_UP + case.rounds * case.steps
    arguments = TrainingArguments(
        str(folder), max_steps=count, per_device_train_batch_size=case.batch, learning_rate=LEARNING_RATE, bf16=True,
        optim="adamw_torch_fused", gradient_checkpointing=False, torch_compile=compiled, use_cpu=case.device == "cpu",
        max_grad_norm=1.0, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    ids = rows.batch(0, case.batch * count)["input_ids"]
    clock = Clock(case.steps)
    trainer = Trainer(
        model=model, args=arguments, train_dataset=[{"input_ids": row, "labels": row} for row in ids], callbacks=[clock]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return min(end - start for start, end in zip(clock.times[:-1], clock.times[1:], strict=True))


def ours(
    case: Case,
    model: LlamaForCausalLM,
    rows: PackedRows,
    folder: Path,
    *,
    compiled: bool,
    tokenizer: Any,
    profiled: int,
) -> tuple[float, Callable[[], StepProfile] | None]:
    """Seconds of the loop's best round, and what profiles `profiled` more of its steps, where that is above 0."""
    config = TrainingConfig(
        seq_len=case.seq_len, batch_size=case.batch, max_steps=1_000, lr=LEARNING_RATE, device=case.device,
        dtype="bfloat16", compile=compiled,
    )  # fmt: skip
    loop = Loop(
        run=RunFolder(folder, "benchmark", {}, []), accelerator=make_accelerator(config), model=model,
        tokenizer=tokenizer, objective=Causal(), rows=rows, validation={}, config=config,
    )  # fmt: skip
    for _ in range(WARM_UP):
        loop._step()
    best = float("inf")
    for _ in range(case.rounds):
        wait()
        started = time.perf_counter()
        for _ in range(case.steps):
            loop._step()
        wait()
        best = min(best, time.perf_counter() - started)
    if not profiled:
        return best, None
    return best, lambda: profile_steps(loop._step, wait, steps=profiled, device=case.device)


def measure(case: Case, side: str, *, compiled: bool, profiled: int = 0) -> tuple[dict[str, Any], StepProfile | None]:
    """Train one side.

    Returns:
        Tokens per second of the best round, FLOP per token and peak memory in GB (None on a CPU); and the profile of `profiled` more steps.

    Raises:
        torch.OutOfMemoryError: Where the case does not fit.
    """
    gc.collect()
    torch.compiler.reset()  # else shapes of the case before make this one's dynamic
    if case.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    tokenizer = make_tokenizer()
    shape = choose_shape(case.preset, context=case.seq_len)
    torch.manual_seed(0)
    model = new_model(shape, tokenizer)
    parameters = sum(weight.numel() for weight in model.parameters()) - (0 if shape.tied else VOCABULARY * shape.hidden)
    rows, profiling = make_rows(case.seq_len), None
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if side == "Trainer":
            seconds = theirs(case, model, rows, folder, compiled=compiled)
        else:
            seconds, profiling = ours(
                case, model, rows, folder, compiled=compiled, tokenizer=tokenizer, profiled=profiled
            )
        found = {
            "tokens_per_s": case.steps * case.batch * case.seq_len / seconds,
            "flop_per_token": 6 * parameters + 12 * shape.layers * shape.hidden * case.seq_len,
            "memory_gb": torch.cuda.max_memory_allocated() / 1e9 if case.device == "cuda" else None,
        }
        return found, profiling() if profiling else None


def compare(case: Case, *, trainer: bool, profiled: int, peak_flops: float) -> list[dict[str, Any]]:
    """Both sides of a case, plain and compiled, said as they are found."""
    results: list[dict[str, Any]] = []
    for compiled in (False, True):
        kind = "compiled" if compiled else "plain"
        speeds: dict[str, float] = {}
        for side in ["Trainer", "chronolect"] if trainer else ["chronolect"]:
            name = f"{case.preset:>16} {case.batch:>3} x {case.seq_len} {side:>10} {kind:>8}:"
            try:
                found, profile = measure(case, side, compiled=compiled, profiled=profiled if compiled else 0)
            except torch.OutOfMemoryError:
                print(f"{name} out of memory", flush=True)
                continue
            speeds[side] = speed = found["tokens_per_s"]
            mfu = speed * found["flop_per_token"] / peak_flops if case.device == "cuda" else None
            ratio = speed / speeds["Trainer"] if side == "chronolect" and "Trainer" in speeds else None
            results.append(
                {
                    "preset": case.preset, "batch": case.batch, "seq_len": case.seq_len, "side": side, "kind": kind, **found,
                    "mfu": mfu, "ratio": ratio, "profile": asdict(profile) if profile else None,
                }
            )  # fmt: skip
            on_gpu = f", {mfu:.1%} MFU, {found['memory_gb']:.1f} GB" if mfu is not None else ""
            print(f"{name} {speed:>10,.0f} tokens/s{on_gpu}{f', {ratio:.2f} x' if ratio else ''}", flush=True)
            if profile:
                print(profile_table(asdict(profile)), flush=True)
    return results


def main() -> None:
    """Measure every preset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["124m", "smollm2-360m", "tinyllama-1.1b"])
    parser.add_argument(
        "--batches", nargs="+", type=int, default=[64, 24, 16], help="rows per step, one for each preset"
    )
    parser.add_argument("--seq-lens", nargs="+", type=int, default=[1024, 2048, 2048])
    parser.add_argument("--steps", type=int, default=10, help="steps per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak-tflops", type=float, default=989.0, help="dense bfloat16; 989 for H100 and H200 SXM")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--no-trainer", action="store_true", help="leave the Hugging Face Trainer out")
    parser.add_argument("--profile", action="store_true", help="say where the compiled loop's time goes")
    parser.add_argument("--profile-steps", type=int, default=4, help="steps to profile")
    parser.add_argument("--report", type=Path, help="write a Markdown report here")
    options = parser.parse_args()
    on_gpu = options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())
    device: Literal["cuda", "cpu"] = "cuda" if on_gpu else "cpu"
    name = torch.cuda.get_device_name() if on_gpu else "cpu"
    print(f"{name}, torch {torch.__version__}")
    logging.disable(logging.WARNING)
    results = []
    for preset, batch, seq_len in zip(options.presets, options.batches, options.seq_lens, strict=True):
        case = Case(preset, seq_len, batch, options.steps, options.rounds, device)
        results += compare(
            case,
            trainer=not options.no_trainer,
            profiled=options.profile_steps if options.profile else 0,
            peak_flops=options.peak_tflops * 1e12,
        )
        if options.report:  # anew after each preset: a run cut short leaves what it found
            write_report(options, name, results)
    print(json.dumps({"device": name, "torch": torch.__version__, "results": results}))


if __name__ == "__main__":
    main()
