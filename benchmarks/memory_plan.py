"""Planned against measured memory: real training steps, each case in a process of its own.

    python benchmarks/memory_plan.py [--only PART] [--device cpu]

On CUDA the measure is `torch.cuda.max_memory_allocated`. On a CPU it is the highest sum of tensor storages alive at once, followed operator
by operator, and beside it what the process grew by at its highest (VmHWM), which has the allocator's gaps and the libraries' buffers in it.
Prints a line per case and one line of JSON.

    torchrun --nproc-per-node 2 benchmarks/memory_plan.py --case '{"preset": "30m", "shard": "fsdp"}'

measures one case over several processes on a CPU, where the measure is what the first one grew by.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any

MB = 1e6
CASES: dict[str, dict[str, Any]] = {
    "1m, float32": {"preset": "1m", "dtype": "float32"},
    "1m, bfloat16": {"preset": "1m"},
    "5m, float32": {"preset": "5m", "dtype": "float32"},
    "5m, bfloat16": {"preset": "5m"},
    "5m, bfloat16, two micro-batches": {"preset": "5m", "accumulate": 2},
    "5m, bfloat16, eager attention": {"preset": "5m", "attention": "eager"},
    "5m, bfloat16, recomputed": {"preset": "5m", "gradient_checkpointing": True},
    "5m, float32, recomputed": {"preset": "5m", "gradient_checkpointing": True, "dtype": "float32"},
    "30m, float32": {"preset": "30m", "dtype": "float32"},
    "30m, bfloat16": {"preset": "30m"},
    "30m, bfloat16, recomputed": {"preset": "30m", "gradient_checkpointing": True},
    "30m, bfloat16, every second block recomputed": {
        "preset": "30m",
        "gradient_checkpointing": True,
        "recompute": "every-2",
    },
    "30m, bfloat16, cheap ones recomputed": {"preset": "30m", "gradient_checkpointing": True, "recompute": "cheap"},
    "30m, bfloat16, LoRA": {"preset": "30m", "lora_r": 16},
    "30m, bfloat16, LoRA with dropout": {"preset": "30m", "lora_r": 16, "lora_dropout": 0.05},
    "30m, bfloat16, LoRA, recomputed": {"preset": "30m", "lora_r": 16, "gradient_checkpointing": True},
    "30m, float32, LoRA": {"preset": "30m", "lora_r": 16, "dtype": "float32"},
    "30m, bfloat16, LoRA on 4 bits": {"preset": "30m", "lora_r": 16, "use_4bit": True},
    "30m, bfloat16, LoRA on 4 bits, recomputed": {
        "preset": "30m",
        "lora_r": 16,
        "use_4bit": True,
        "gradient_checkpointing": True,
    },
    "30m, bfloat16, LoRA on 8 bits": {"preset": "30m", "lora_r": 16, "use_8bit": True},
    "30m, bfloat16, LoRA on 8 bits, recomputed": {
        "preset": "30m",
        "lora_r": 16,
        "use_8bit": True,
        "gradient_checkpointing": True,
    },
}
GPU_CASES: dict[str, dict[str, Any]] = {
    "124m, recomputed": {
        "preset": "124m",
        "seq_len": 1024,
        "batch_size": 32,
        "vocab": 50_304,
        "gradient_checkpointing": True,
    },
    "124m": {"preset": "124m", "seq_len": 1024, "batch_size": 32, "vocab": 50_304},
    "smollm2-360m": {"preset": "smollm2-360m", "seq_len": 2048, "batch_size": 8, "vocab": 49_152},
    "smollm2-360m, LoRA": {
        "preset": "smollm2-360m",
        "seq_len": 2048,
        "batch_size": 8,
        "vocab": 49_152,
        "lora_r": 16,
        "lora_dropout": 0.05,
    },
    "tinyllama-1.1b, recomputed": {
        "preset": "tinyllama-1.1b",
        "seq_len": 2048,
        "batch_size": 16,
        "vocab": 32_000,
        "gradient_checkpointing": True,
    },
    "tinyllama-1.1b, LoRA on 4 bits, recomputed": {
        "preset": "tinyllama-1.1b",
        "seq_len": 2048,
        "batch_size": 16,
        "vocab": 32_000,
        "lora_r": 16,
        "use_4bit": True,
        "gradient_checkpointing": True,
    },
}
SMALL = {"seq_len": 512, "batch_size": 4, "vocab": 8192}


def run_case(settings: dict[str, Any], device: str, *, process: bool = False) -> dict[str, Any]:
    """Plan and measure one case in this process, in bytes; with `process` (on Linux) what the process grows by, too."""
    import numpy as np
    import torch
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    from chronolect.models.presets import choose_shape, new_model
    from chronolect.planning.devices import find_device
    from chronolect.planning.memory import Step, plan_memory
    from chronolect.planning.shapes import find_shape
    from chronolect.training.adapters import load_for_training
    from chronolect.training.config import TrainingConfig
    from chronolect.training.data import PackedRows, PackedSplit
    from chronolect.training.hardware import make_accelerator
    from chronolect.training.loop import Loop
    from chronolect.training.objectives.causal import Causal
    from chronolect.training.run_folder import RunFolder

    settings = {**SMALL, "dtype": "bfloat16", **settings}
    preset, vocab = settings.pop("preset"), settings.pop("vocab")
    config = TrainingConfig(max_steps=100, device="cpu" if device == "cpu" else "auto", **settings)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    step = Step(
        shape=find_shape(preset, vocab_size=vocab),
        config=config,
        gpus=processes,
        device=find_device("cpu" if device == "cpu" else "h200"),
    )
    planned = plan_memory(step)
    words = Tokenizer(models.WordLevel({"<|endoftext|>": 0} | {f"w{n}": n for n in range(1, vocab)}))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|endoftext|>", bos_token="<|endoftext|>")
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        new_model(choose_shape(preset, context=config.seq_len), tokenizer).save_pretrained(folder)
        warm_up(torch)
        start = resident(reset=True) if process else 0
        live = make_live()() if device == "cpu" and processes == 1 else None
        if live:
            live.__enter__()
        model = load_for_training(folder, config, checkpoint=None)
        tokens = np.random.default_rng(0).integers(1, vocab, size=1_000_000).astype(np.uint16)
        split = PackedSplit("train", tokens, np.zeros(1, np.int64), np.array([tokens.size]), None)
        loop = Loop(
            run=RunFolder(Path(folder), "benchmark", {}, []), accelerator=make_accelerator(config), model=model,
            tokenizer=tokenizer, objective=Causal(), rows=PackedRows(split, seq_len=config.seq_len, seed=0), validation={},
            config=config,
        )  # fmt: skip
        if live:
            live.peak = live.now  # loading is over: what follows is training
        elif device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        loop._step()
        if processes > 1:
            resident(reset=True)
        loop._step()  # the second has the optimizer's moments
        grown = resident() - start if process else 0
        measured = live.peak if live else torch.cuda.max_memory_allocated() if device == "cuda" else grown
        if live:
            live.__exit__(None, None, None)
    return {"planned": planned.allocated, "measured": measured, "grown": grown, "moment": planned.moment}


def warm_up(torch: Any) -> None:
    """Let the libraries take what they take once."""
    layer = torch.nn.Linear(256, 256)
    with torch.autocast("cpu", torch.bfloat16):
        layer(torch.randn(64, 256)).sum().backward()


def resident(*, reset: bool = False) -> int:
    """The process's memory at its highest so far, in bytes; from here on afresh if `reset`."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def make_live() -> Any:
    """The class `Live`: follows the storages that operators make, and how many bytes of them are alive."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Live(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.now = self.peak = 0
            self._seen: dict[int, Any] = {}

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            for leaf in tree_leaves((args, kwargs, result)):
                if isinstance(leaf, torch.Tensor):
                    self._add(leaf.untyped_storage())
            return result

        def _add(self, storage: Any) -> None:
            key, size = storage._cdata, storage.nbytes()
            if key in self._seen:
                return
            self.now += size
            self.peak = max(self.peak, self.now)
            self._seen[key] = weakref.ref(storage, lambda _, key=key, size=size: self._drop(key, size))

        def _drop(self, key: int, size: int) -> None:
            self._seen.pop(key, None)
            self.now -= size

    return Live


def main() -> None:
    """Run every case in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--case", help="settings of one case as JSON, measured in this process")
    options = parser.parse_args()
    if options.case:
        found = run_case(json.loads(options.case), options.device, process=True)
        if os.environ.get("RANK", "0") == "0":
            print(json.dumps(found))
        return
    results = []
    cases = CASES if options.device == "cpu" else GPU_CASES
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536",
        "MALLOC_ARENA_MAX": "1",
    }  # fmt: skip
    for name, settings in cases.items():
        if options.only not in name:
            continue
        done = subprocess.run(
            [sys.executable, __file__, "--device", options.device, "--case", json.dumps(settings)],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        if done.returncode:
            print(f"{name}: failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        found = json.loads(done.stdout.strip().splitlines()[-1])
        results.append({"case": name, **found})
        beside = f", process grew by {found['grown'] / MB:,.0f} MB" if options.device == "cpu" else ""
        print(
            f"{name}: planned {found['planned'] / MB:,.0f} MB, measured {found['measured'] / MB:,.0f} MB, "
            f"{found['planned'] / found['measured']:.3f} ({found['moment']}){beside}",
            flush=True,
        )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
