"""Two gloo processes: the numbers of one process, checkpoints for any number of them, a death in the middle."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from chronolect.errors import UserError
from chronolect.training.checkpoints import fault
from chronolect.training.config import TrainingConfig
from chronolect.training.pretrain import train_pretrain

# Each process does the runs it is given, one after the other, as the command would; with DIE set, the second one is
# killed in step 6.
PROCESS = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from chronolect.cli import run
from chronolect.training.loop import Loop

forward = Loop._step

def stepping(loop):
    if os.environ.get("DIE") and loop.state.step == 5 and not loop.accelerator.is_main_process:
        os.kill(os.getpid(), signal.SIGKILL)
    forward(loop)

Loop._step = stepping
codes = [run(arguments) for arguments in eval(sys.argv[1])]
sys.exit(max(codes))
"""

SHAPE = {"layers": 2, "hidden": 32, "heads": 2, "intermediate": 64}
SETTINGS: dict[str, Any] = {
    "seq_len": 16,
    "max_steps": 6,
    "lr": 1e-3,
    "warmup_steps": 2,
    "log_every": 1,
    "eval_every": 3,
    "sample_every": 3,
    "sample_tokens": 4,
    "device": "cpu",
    "dtype": "float32",
    "save_every": 4,
    "keep": 0,
}


def launch(folder: Path, *runs: list[str], die: bool = False) -> subprocess.CompletedProcess[str]:
    """Do the runs in two processes under torchrun."""
    script = folder / "process.py"
    script.write_text(PROCESS)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **({"DIE": "1"} if die else {})}
    return subprocess.run(
        [*launcher, repr(list(runs))], capture_output=True, text=True, env=environment, timeout=120, check=False
    )


def arguments(corpus: Path, out: Path, **settings: Any) -> list[str]:
    """The command line of a run."""
    flags = {"resume_latest": True, "shard": "fsdp", **SETTINGS, **settings}
    words = ["train", "pretrain", str(corpus), "--out", str(out)]
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        words += [flag] if value is True else [flag, str(value)]
    return words


def losses(run: Path) -> list[float]:
    """All losses of a run, in order: training, validation, final."""
    return [json.loads(line)["loss"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def final(run: Path) -> dict[str, Any]:
    """The weights at the end of a run."""
    return load_file(run / "final/model.safetensors")


@pytest.mark.slow
def test_two_processes_train_as_one_does_and_outlive_a_death(tmp_path: Path, corpus: Path) -> None:
    one = TrainingConfig(**SETTINGS, batch_size=4, accumulate=2)
    train_pretrain(corpus, out=tmp_path / "one", **SHAPE, config=one)
    shape, base = dict(SHAPE), str(tmp_path / "one/final")
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied/thesis.txt").write_text("mine")
    died = launch(
        tmp_path,
        arguments(corpus, tmp_path / "occupied", **shape),
        arguments(corpus, tmp_path / "two", **shape, batch_size=2, accumulate=2),
        die=True,
    )
    assert died.returncode != 0
    lines = [line for line in died.stderr.splitlines() if "chronolect:" in line]
    assert ["not empty and not a training run" in line for line in lines] == [True, True, False], died.stderr
    assert "another process of this run ended" in lines[2]
    assert "--resume-latest" in lines[2]

    stopped = tmp_path / "two/checkpoint-4"
    assert fault(stopped) is None
    assert len(list((stopped / "optimizer").glob("*.safetensors"))) == 2
    assert not (stopped / "optimizer.safetensors").exists()
    assert not (tmp_path / "two/final").exists()
    shutil.copytree(tmp_path / "two", tmp_path / "two-then-one")
    shutil.copytree(tmp_path / "one", tmp_path / "one-then-two")
    for later in ("final", "manifest.json", "train_results.json", "eval_results.json"):
        path = tmp_path / "one-then-two" / later
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    adapted = {"lora_r": 4, "gradient_checkpointing": True, "model": base}
    resumed = launch(
        tmp_path,
        arguments(corpus, tmp_path / "two", **shape, batch_size=2, accumulate=2),
        arguments(corpus, tmp_path / "one-then-two", **shape, batch_size=4, accumulate=1),
        arguments(corpus, tmp_path / "replicated", **{**shape, "shard": "none"}, batch_size=2, accumulate=2),
        arguments(corpus, tmp_path / "adapted", **adapted, batch_size=2, accumulate=2),
        arguments(corpus, tmp_path / "rounded", **{**shape, "dtype": "bfloat16"}, batch_size=2, accumulate=2),
    )
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.count("steps: 6\n") == 5  # each result once
    assert "two: continuing from checkpoint-4" in resumed.stderr
    assert "2 x cpu in float32, sharded" in resumed.stderr
    again = TrainingConfig(**SETTINGS, shard="fsdp", batch_size=4, accumulate=2, resume_latest=True)
    train_pretrain(corpus, out=tmp_path / "two-then-one", **SHAPE, config=again)
    expected = losses(tmp_path / "one")
    assert (tmp_path / "replicated/checkpoint-4/optimizer.safetensors").is_file()
    for name in ("two", "one-then-two", "two-then-one", "replicated"):
        assert losses(tmp_path / name) == pytest.approx(expected, rel=1e-5), name
        assert (tmp_path / name / "samples.jsonl").read_text() == (tmp_path / "one/samples.jsonl").read_text()
        weights, others = final(tmp_path / name), final(tmp_path / "one")
        assert weights.keys() == others.keys()
        assert all(weights[key].allclose(others[key], atol=1e-5) for key in others), name
    assert losses(tmp_path / "rounded") == pytest.approx(expected, rel=2e-3)

    alone = TrainingConfig(**SETTINGS, lora_r=4, batch_size=8)
    train_pretrain(corpus, out=tmp_path / "adapted-alone", model=base, config=alone)
    assert losses(tmp_path / "adapted") == pytest.approx(losses(tmp_path / "adapted-alone"), rel=1e-5)
    adapters = load_file(tmp_path / "adapted/final/adapter_model.safetensors")
    assert adapters
    assert all("lora" in key for key in adapters)

    fewer = TrainingConfig(**SETTINGS, shard="fsdp", batch_size=2, accumulate=2, resume_latest=True)
    with pytest.raises(UserError, match=r"had 8 rows and would have 4 .* so that their product is 8"):
        train_pretrain(corpus, out=tmp_path / "two-then-one", **SHAPE, config=fewer)
    broken = next((stopped / "optimizer").iterdir())
    broken.write_bytes(broken.read_bytes()[:-1])
    assert fault(stopped) == f"optimizer/{broken.name} is truncated or changed"
