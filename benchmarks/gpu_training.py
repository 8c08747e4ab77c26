"""Training throughput on an accelerator: tokens per second and model FLOP utilisation of the training loop, by preset.

    python benchmarks/gpu_training.py [--presets 124m smollm2-360m tinyllama-1.1b] [--steps 10] [--peak-tflops 989]

The best of several rounds of steps counts. Utilisation is (6 N + 12 L d T) FLOP per token over the peak, N without the input embedding: no
discount for the causal mask. Prints a line per case and one line of JSON.
"""

import argparse
import gc
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from chronolect.models.presets import choose_shape, new_model
from chronolect.training.config import TrainingConfig
from chronolect.training.data import PackedRows, PackedSplit
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives.causal import Causal
from chronolect.training.run_folder import RunFolder

VOCABULARY = 32_000
WARM_UP = 4


def make_rows(seq_len: int) -> PackedRows:
    """Random documents of some hundreds of tokens."""
    random = np.random.default_rng(0)
    lengths = random.integers(100, 900, size=20_000)
    tokens = random.integers(1, VOCABULARY, size=int(lengths.sum())).astype(np.uint16)
    ends = np.cumsum(lengths)
    tokens[ends - 1] = 0
    return PackedRows(PackedSplit("train", tokens, ends - lengths, lengths, None), seq_len=seq_len, seed=0)


def measure(
    preset: str, seq_len: int, batch: int, *, compiled: bool, steps: int, rounds: int, device: str
) -> dict[str, float]:
    """Tokens per second (best round), FLOP per token and peak memory in GB of one case."""
    words = Tokenizer(models.WordLevel({"<|endoftext|>": 0} | {f"w{n}": n for n in range(1, VOCABULARY)}))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|endoftext|>", bos_token="<|endoftext|>")
    shape = choose_shape(preset, context=seq_len)
    torch.manual_seed(0)
    model = new_model(shape, tokenizer)
    parameters = sum(weight.numel() for weight in model.parameters()) - (0 if shape.tied else VOCABULARY * shape.hidden)
    config = TrainingConfig(
        seq_len=seq_len, batch_size=batch, max_steps=1_000, lr=3e-4, device=device, dtype="bfloat16", compile=compiled
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(
            run=RunFolder(Path(folder), "benchmark", {}, []), accelerator=make_accelerator(config), model=model,
            tokenizer=tokenizer, objective=Causal(), rows=make_rows(seq_len), validation={}, config=config,
        )  # fmt: skip
        for _ in range(WARM_UP):
            loop._step()
        best = float("inf")
        for _ in range(rounds):
            wait()
            started = time.perf_counter()
            for _ in range(steps):
                loop._step()
            wait()
            best = min(best, time.perf_counter() - started)
    flop = 6 * parameters + 12 * shape.layers * shape.hidden * seq_len
    peak = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    return {"tokens_per_s": steps * batch * seq_len / best, "flop_per_token": flop, "memory_gb": peak}


def wait() -> None:
    """Until the accelerator has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main() -> None:
    """Measure every preset, plain and compiled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=["124m", "smollm2-360m", "tinyllama-1.1b"])
    parser.add_argument(
        "--batches", nargs="+", type=int, default=[64, 24, 16], help="rows per step, one for each preset"
    )
    parser.add_argument("--seq-lens", nargs="+", type=int, default=[1024, 2048, 2048])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak-tflops", type=float, default=989.0, help="dense bfloat16; 989 for H100 and H200 SXM")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    print(f"{name}, torch {torch.__version__}")
    results = []
    for preset, batch, seq_len in zip(options.presets, options.batches, options.seq_lens, strict=True):
        for compiled in (False, True):
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            try:
                found = measure(
                    preset, seq_len, batch, compiled=compiled, steps=options.steps, rounds=options.rounds, device=options.device
                )  # fmt: skip
            except torch.OutOfMemoryError:
                print(f"{preset:>16} batch {batch}: out of memory")
                continue
            utilisation = found["tokens_per_s"] * found["flop_per_token"] / (options.peak_tflops * 1e12)
            kind = "compiled" if compiled else "plain"
            results.append(
                {"preset": preset, "batch": batch, "seq_len": seq_len, "kind": kind, **found, "mfu": utilisation}
            )
            print(
                f"{preset:>16} {batch:>3} x {seq_len} {kind:>8}: {found['tokens_per_s']:>10,.0f} tokens/s, "
                f"{utilisation:.1%} MFU, {found['memory_gb']:.1f} GB",
                flush=True,
            )
    print(json.dumps({"device": name, "torch": torch.__version__, "results": results}))


if __name__ == "__main__":
    main()
