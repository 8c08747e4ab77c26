"""What following features costs a training run: step time and peak memory with the autoencoders against without, and whether the model is the same.

    python benchmarks/formation_cost.py [--preset 5m] [--frequencies 1 4 8] [--seeds 3] [--rounds 3] [--device cpu] [--report FILE]

Each run is a process of its own, turn about: first without, then with the autoencoders taking a step every so many of the model's. A run is
divided into stretches of steps by its log records, and the quickest stretch of all rounds counts, by the clock and in processor time (fairer
on a machine that does other work). A stretch is a multiple of every frequency. Peak memory is the process's, or the device's where it is a
GPU: while training, and with what comes after, a snapshot and its analysis. Random tokens. Prints a table and one line of JSON.
"""

import argparse
import hashlib
import itertools
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from chronolect.artifacts import write_json
from chronolect.corpus.packing import SplitWriter
from chronolect.formation.online.command import train_formation
from chronolect.formation.online.config import FormationConfig
from chronolect.training.config import TrainingConfig
from chronolect.training.loop import Loop
from chronolect.training.pretrain import train_pretrain

VOCABULARY = 4096


def make_corpus(folder: Path, tokens: int) -> None:
    """A packed corpus of random tokens, skewed as words are, in documents of some hundreds."""
    random = np.random.default_rng(0)
    vocabulary = {"<|endoftext|>": 0} | {f"w{n}": n for n in range(1, VOCABULARY)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<|endoftext|>"))
    fast = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|endoftext|>", bos_token="<|endoftext|>")
    fast.save_pretrained(folder / "tokenizer")
    with SplitWriter(folder) as writer:
        for split, size in (("train", tokens), ("val", 40_000)):
            for number in range(size // 400):
                text = np.minimum(random.zipf(1.2, 400), VOCABULARY - 1)
                text[-1] = 0
                writer.append(split, f"{split}-{number}", text.astype(np.uint16), 1600, None)
    splits = {name: split.counts for name, split in writer.splits.items()}
    write_json(
        folder / "manifest.json",
        {
            "command": "corpus pack",
            "counts": {"dtype": "uint16", "vocab_size": VOCABULARY, "eos_id": 0, "splits": splits},
        },
    )


def one_run(options: argparse.Namespace) -> dict[str, Any]:
    """Train once; seconds per step of the quickest stretch, peak memory, and what came out."""
    torch.set_num_threads(options.threads)
    on_gpu = torch.cuda.is_available() and options.device != "cpu"
    marks: list[tuple[float, float]] = []
    peaks: list[int] = []
    log = Loop._log

    def marked(loop: Loop) -> None:
        if on_gpu:
            torch.cuda.synchronize()
        marks.append((time.perf_counter(), time.process_time()))
        peaks.append(peak_memory(on_gpu))
        log(loop)

    Loop._log = marked  # type: ignore[method-assign,assignment]
    config = TrainingConfig(
        seq_len=options.seq_len,
        batch_size=options.batch,
        max_steps=options.stretch * (options.stretches + 1),
        log_every=options.stretch,
        device=options.device,
        dtype=options.dtype,
        compile=options.compile,
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        if options.one:
            what = FormationConfig(
                update_frequency=options.one,
                tokens_per_update=options.tokens_per_update,
                sae_seeds=options.seeds,
                probe_tokens=8192,
                splice_tokens=0,
                save_features=False,
            )
            results = train_formation(options.corpus, out=run, preset=options.preset, formation=what, config=config)
        else:
            results = train_pretrain(options.corpus, out=run, preset=options.preset, config=config)
        digest = hashlib.sha256((run / "final/model.safetensors").read_bytes()).hexdigest()
    stretches = [[b - a for a, b in zip(*pair, strict=True)] for pair in itertools.pairwise(marks)]
    return {
        "wall": min(wall for wall, _ in stretches) / options.stretch,
        "processor": min(processor for _, processor in stretches) / options.stretch,
        "peak": peaks[-1],
        "peak_at_end": peak_memory(on_gpu),
        "digest": digest,
        "loss": results["eval"]["val"]["loss"],
        "explained_variance": results.get("formation", {}).get("explained_variance"),
    }


def peak_memory(on_gpu: bool) -> int:
    """Bytes, of the device or the process."""
    return torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    numbers = {
        "threads": 1,
        "rounds": 3,
        "stretch": 8,
        "stretches": 3,
        "batch": 16,
        "seq-len": 256,
        "seeds": 3,
        "tokens-per-update": 2048,
    }
    for name, value in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--preset", default="5m")
    parser.add_argument("--frequencies", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # one run, in this process; 0 without autoencoders
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(one_run(options)))
        return
    found: dict[int, list[dict[str, Any]]] = {frequency: [] for frequency in (0, *options.frequencies)}
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "packed"
        corpus.mkdir()
        make_corpus(corpus, options.batch * options.seq_len * options.stretch * (options.stretches + 2))
        for _ in range(options.rounds):
            for frequency, runs in found.items():
                command = [sys.executable, __file__, *sys.argv[1:], "--one", str(frequency), "--corpus", str(corpus)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(done.stderr)
                runs.append(json.loads(done.stdout.splitlines()[-1]))
    report = table(options, found)
    print(report)
    print(json.dumps({"options": {key: str(value) for key, value in vars(options).items()}, "runs": found}))
    if options.report:
        options.report.write_text(report + "\n", encoding="utf-8")


def table(options: argparse.Namespace, found: dict[int, list[dict[str, Any]]]) -> str:
    """What was found, in Markdown."""
    best = {
        frequency: {key: min(run[key] for run in runs) for key in ("wall", "processor", "peak", "peak_at_end")}
        for frequency, runs in found.items()
    }
    device = platform.processor() or platform.machine()
    if torch.cuda.is_available() and options.device != "cpu":
        device = torch.cuda.get_device_name()
    tokens = options.batch * options.seq_len
    same = len({(run["digest"], run["loss"]) for runs in found.values() for run in runs}) == 1
    lines = [
        f"# Following features beside training, {device}, {date.today()}",
        "",
        f"`python benchmarks/formation_cost.py {' '.join(sys.argv[1:])}`; torch {torch.__version__}. Preset {options.preset}, "
        f"{options.batch} x {options.seq_len} tokens per step, {options.dtype}; {options.seeds} autoencoders of eight times the width, up to "
        f"{options.tokens_per_update:,} tokens per update. Best of {options.rounds} runs.",
        "",
        "| a step of the autoencoders every | tokens/s | step, by the clock | step, processor time | peak memory of training | of all |",
        "|---|---|---|---|---|---|",
    ]
    for frequency, numbers in best.items():
        name = f"{frequency} steps" if frequency else "(none)"
        cells = [
            f"{1e3 * numbers[key]:.1f} ms ({numbers[key] / best[0][key] - 1:+.1%})" for key in ("wall", "processor")
        ]
        cells += [
            f"{numbers[key] / 2**20:,.0f} MB ({numbers[key] / best[0][key] - 1:+.1%})"
            for key in ("peak", "peak_at_end")
        ]
        lines.append(f"| {name} | {tokens / numbers['wall']:,.0f} | {' | '.join(cells)} |")
    verdict = "the same, to the bit, in all runs" if same else "NOT the same in all runs"
    return "\n".join([*lines, "", f"The model's weights and its loss on held-out rows are {verdict}."])


if __name__ == "__main__":
    main()
