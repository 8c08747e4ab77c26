"""Two gloo processes: the first one's autoencoders learn, and the model is what two processes make of it without them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from chronolect.artifacts import read_json

PROCESS = """
import sys
import torch
torch.set_num_threads(1)
from chronolect.cli import run
sys.exit(max(run(arguments) for arguments in eval(sys.argv[1])))
"""


def arguments(command: str, corpus: Path, out: Path, **settings: Any) -> list[str]:
    """The command line of a short run."""
    shape = {"layers": 2, "hidden": 32, "heads": 2, "intermediate": 64}
    training = {"seq_len": 32, "batch_size": 2, "max_steps": 4, "save_every": 2, "device": "cpu", "dtype": "float32"}
    words = ["train", command, str(corpus), "--out", str(out)]
    for name, value in {**shape, **training, **settings}.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    return words


def launch(folder: Path, *runs: list[str]) -> subprocess.CompletedProcess[str]:
    """Do the runs in two processes under torchrun."""
    script = folder / "process.py"
    script.write_text(PROCESS)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launcher, repr(list(runs))], capture_output=True, text=True, env=environment, timeout=240, check=False
    )


@pytest.mark.slow
def test_the_model_of_two_processes_is_the_same_and_sharded_ones_are_refused(tmp_path: Path, packed: Path) -> None:
    followed = {"sae_latents": 64, "sae_k": 4, "sae_seeds": 1, "update_frequency": 2, "probe_tokens": 400}
    done = launch(
        tmp_path,
        arguments("pretrain", packed, tmp_path / "plain", shard="none"),
        arguments("formation", packed, tmp_path / "followed", shard="none", **followed),
        arguments("formation", packed, tmp_path / "sharded", shard="fsdp", **followed),
    )
    assert "--shard fsdp: features are read from whole models" in done.stderr, done.stderr
    plain, other = (load_file(tmp_path / name / "final/model.safetensors") for name in ("plain", "followed"))
    assert all(torch.equal(plain[name], other[name]) for name in plain)
    report = read_json(tmp_path / "followed/evaluation_report.json")
    assert [sae["step"] for sae in report["saes"]] == [1, 2, 4]
    assert 0 < report["throughput"]["autoencoder_tokens"] <= 2 * 2 * 31  # updates, rows of the first process, tokens
