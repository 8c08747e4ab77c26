"""Training speed beside the Hugging Face Trainer: same model, data, batch, precision and threads, in one process,
turn about.

    python benchmarks/training_speed.py [--threads 1] [--steps 6] [--rounds 4] [--cases eager bfloat16 compiled]

Each round trains every contender for the same steps; the best round of each counts, in tokens per second of
wall-clock time and of processor time (the latter is the fairer one on a machine that does other work). Prints a table
and one line of JSON.
"""

import argparse
import gc
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from chronolect.models.presets import choose_shape, new_model
from chronolect.training.config import TrainingConfig
from chronolect.training.data import PackedRows, PackedSplit
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives.causal import Causal
from chronolect.training.run_folder import RunFolder

CASES: dict[str, dict[str, bool]] = {
    "eager": {"bf16": False, "torch_compile": False},
    "bfloat16": {"bf16": True, "torch_compile": False},
    "compiled": {"bf16": False, "torch_compile": True},
    "bfloat16 compiled": {"bf16": True, "torch_compile": True},
}
WARM_UP = 2  # steps before the clock starts: compilation, first allocations


def make_tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of the right size; nothing is tokenised here."""
    words = Tokenizer(models.WordLevel({"<|endoftext|>": 0} | {f"w{n}": n for n in range(1, vocabulary)}))
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|endoftext|>", bos_token="<|endoftext|>")


def make_split(vocabulary: int) -> PackedSplit:
    """Random documents of some twenty tokens."""
    random = np.random.default_rng(0)
    lengths = random.integers(10, 30, size=20_000)
    tokens = random.integers(1, vocabulary, size=int(lengths.sum())).astype(np.uint16)
    ends = np.cumsum(lengths)
    tokens[ends - 1] = 0
    return PackedSplit("train", tokens, ends - lengths, lengths, None)


class Clock(TrainerCallback):
    """Starts after the warm-up steps of a Trainer and stops after its last."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.times: list[tuple[float, float]] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the time at both ends."""
        if state.global_step in (WARM_UP, WARM_UP + self.steps):
            self.times.append((time.perf_counter(), time.process_time()))


def theirs(
    model: LlamaForCausalLM, rows: PackedRows, batch: int, steps: int, case: dict[str, bool], folder: str
) -> Any:
    """Seconds (wall, processor) of the Trainer, with its defaults but for what both sides share."""
    clock = Clock(steps)
    count = batch * (WARM_UP + steps)
    ids = rows.batch(0, count)["input_ids"]
    arguments = TrainingArguments(
        folder, max_steps=WARM_UP + steps, per_device_train_batch_size=batch, learning_rate=1e-3, use_cpu=True,
        report_to=[], save_strategy="no", disable_tqdm=True, logging_steps=10, max_grad_norm=1.0, **case,
    )  # fmt: skip
    dataset = [{"input_ids": row, "labels": row} for row in ids]
    trainer = Trainer(model=model, args=arguments, train_dataset=dataset, callbacks=[clock])
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return [b - a for a, b in zip(*clock.times, strict=True)]


def ours(
    model: LlamaForCausalLM,
    rows: PackedRows,
    batch: int,
    steps: int,
    case: dict[str, bool],
    folder: str,
    tokenizer: Any,
) -> Any:
    """Seconds (wall, processor) of the loop."""
    config = TrainingConfig(
        seq_len=rows.seq_len, batch_size=batch, max_steps=WARM_UP + steps, lr=1e-3, device="cpu",
        dtype="bfloat16" if case["bf16"] else "float32", compile=case["torch_compile"],
    )  # fmt: skip
    loop = Loop(
        run=RunFolder(Path(folder), "benchmark", {}, []), accelerator=make_accelerator(config), model=model,
        tokenizer=tokenizer, objective=Causal(), rows=rows, validation={}, config=config,
    )  # fmt: skip
    times = []
    for step in range(WARM_UP + steps + 1):
        if step in (WARM_UP, WARM_UP + steps):
            times.append((time.perf_counter(), time.process_time()))
        if step < WARM_UP + steps:
            loop._step()
    return [b - a for a, b in zip(*times, strict=True)]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in {"threads": 1, "steps": 6, "rounds": 4, "batch": 32, "seq-len": 128, "vocabulary": 4096}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--preset", default="5m")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    logging.disable(logging.WARNING)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = make_tokenizer(options.vocabulary)
    rows = PackedRows(make_split(options.vocabulary), seq_len=options.seq_len, seed=0)
    shape = choose_shape(options.preset, context=options.seq_len)
    tokens = options.batch * options.seq_len * options.steps
    results: dict[str, Any] = {"options": vars(options), "torch": torch.__version__}
    for name in options.cases:
        best = {"trainer": [9e9, 9e9], "chronolect": [9e9, 9e9]}
        for _ in range(options.rounds):
            for side in best:
                gc.collect()
                torch.manual_seed(0)
                shared = (new_model(shape, tokenizer), rows, options.batch, options.steps, CASES[name])
                with tempfile.TemporaryDirectory() as folder:
                    times = theirs(*shared, folder) if side == "trainer" else ours(*shared, folder, tokenizer)
                best[side] = [min(pair) for pair in zip(best[side], times, strict=True)]
        for clock, kind in enumerate(("wall", "processor")):
            speeds = {side: round(tokens / seconds[clock], 1) for side, seconds in best.items()}
            ratio = round(speeds["chronolect"] / speeds["trainer"], 3)
            results.setdefault(name, {})[kind] = {**speeds, "ratio": ratio}
            print(
                f"{name:>18} {kind:>9}: Trainer {speeds['trainer']:>8,.0f}, chronolect {speeds['chronolect']:>8,.0f} tokens/s, {ratio:.2f} x"
            )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
