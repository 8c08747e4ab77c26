"""Unlearning in two processes gives the numbers of one: the objectives look inside a sharded model."""

from pathlib import Path
from typing import Any

import pytest
from tests.training.test_sharding import launch, losses
from tests.training.unlearn_records import config, write_records
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from chronolect.training.unlearn import train_unlearn

SETTINGS: dict[str, Any] = {"seq_len": 64, "batch_size": 2, "max_steps": 3, "lr": 1e-3, "lora_r": 0, "log_every": 1}


@pytest.mark.slow
def test_two_processes_unlearn_as_one_does(
    tmp_path: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast
) -> None:
    model.save_pretrained(tmp_path / "start")
    tokenizer.save_pretrained(tmp_path / "start")
    data, start = write_records(tmp_path / "data"), str(tmp_path / "start")
    runs = []
    for name, method in {"npo": {"method": "npo", "kl": 0.5}, "rmu": {"method": "rmu"}}.items():
        alone = config(**{**SETTINGS, **method, "accumulate": 2})
        train_unlearn(model=start, out=tmp_path / f"{name}-one", data=data, config=alone)
        flags = {**SETTINGS, **method, "accumulate": 1, "shard": "fsdp", "device": "cpu", "dtype": "float32"}
        words = ["train", "unlearn", "--model", start, "--out", str(tmp_path / f"{name}-two"), "--data", str(data)]
        runs.append(
            [*words, *(word for key, value in flags.items() for word in (f"--{key.replace('_', '-')}", str(value)))]
        )
    done = launch(tmp_path, *runs)
    assert done.returncode == 0, done.stderr
    for name in ("npo", "rmu"):
        assert losses(tmp_path / f"{name}-two") == pytest.approx(losses(tmp_path / f"{name}-one"), rel=1e-4), name
