"""The Markdown report of gpu_training.py."""

import argparse
import shlex
import sys
from datetime import date
from importlib.metadata import version
from typing import Any

import torch

NAME_LENGTH = 90  # of a kernel, in the table


def profile_table(profile: dict[str, Any]) -> str:
    """Where the time of a step goes, in percent, and the kernels that take most."""
    if not profile["longest"]:
        return "The profiler recorded no kernels: CUPTI does not work here."
    step = profile["step"]
    lines = ["| kind of work | ms per step | of the step |", "|---|---|---|"]
    lines += [f"| {kind} | {1e3 * time:.2f} | {time / step:.1%} |" for kind, time in profile["kinds"].items()]
    lines += [f"| the step, by the clock | {1e3 * step:.2f} | |", ""]
    lines += ["| longest kernels or operators | counted as | of the step |", "|---|---|---|"]
    for name, kind, time in profile["longest"]:
        short = name[:NAME_LENGTH].replace("|", "/")
        lines.append(f"| `{short}` | {kind} | {time / step:.1%} |")
    return "\n".join(lines)


def write_report(options: argparse.Namespace, device: str, results: list[dict[str, Any]]) -> None:
    """Write what was found to `options.report`: device, versions, command, speeds, profiles."""
    arguments = [options.report.name if item == str(options.report) else item for item in sys.argv[1:]]
    command = shlex.join(["python", "benchmarks/gpu_training.py", *arguments])
    versions = ", ".join(f"{name} {version(name)}" for name in ("transformers", "accelerate"))
    parts = [
        f"# Training on {device}, {date.today()}",
        f"`{command}`; torch {torch.__version__}, {versions}.\n\n"
        "bfloat16 autocast over float32 weights, fused AdamW, no activation recomputed, random tokens, vocabulary 32,000, "
        f"best of {options.rounds} round(s) of\n{options.steps} steps. MFU counts 6 N + 12 L d T FLOP per token (no discount "
        f"for the causal mask) over {options.peak_tflops:g} TFLOP/s. The ratio is to\nthe Hugging Face Trainer of the same row: "
        "plain to plain, compiled to compiled.",
        _speeds(results),
    ]
    for result in results:
        if result["profile"]:
            title = f"## Where the time goes: {result['preset']}, {result['batch']} × {result['seq_len']:,}, {result['kind']}"
            parts += [title, profile_table(result["profile"])]
    options.report.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _speeds(results: list[dict[str, Any]]) -> str:
    lines = ["| preset | rows × tokens | | | tokens/s | MFU | GB | ratio |", "|---|---|---|---|---|---|---|---|"]
    for result in results:
        mfu = "" if result["mfu"] is None else f"{result['mfu']:.1%}"
        memory = "" if result["memory_gb"] is None else f"{result['memory_gb']:.1f}"
        ratio = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
        lines.append(
            f"| {result['preset']} | {result['batch']} × {result['seq_len']:,} | {result['side']} | {result['kind']} "
            f"| {result['tokens_per_s']:,.0f} | {mfu} | {memory} | {ratio} |"
        )
    return "\n".join(lines)
