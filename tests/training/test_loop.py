"""The loop: resuming is exact, limits hold, precision and options work."""

import dataclasses
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from chronolect.errors import UserError
from chronolect.training.checkpoints import checkpoints, fault
from chronolect.training.interrupts import Interrupted
from chronolect.training.loop import Loop
from chronolect.training.objectives import causal
from chronolect.training.pretrain import train_pretrain

CLOCK = {"seconds", "tokens_per_s", "mfu"}


def metrics(run: Path) -> list[dict[str, Any]]:
    """All records of a run without what depends on the clock."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in CLOCK} for line in lines]


def assert_same_run(one: Path, other: Path) -> None:
    """Same metrics, same samples, same weights to the bit."""
    assert metrics(one) == metrics(other)
    assert (one / "samples.jsonl").read_text() == (other / "samples.jsonl").read_text()
    weights, others = load_file(one / "final/model.safetensors"), load_file(other / "final/model.safetensors")
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch, number: int = signal.SIGTERM) -> None:
    """Send this process a signal in the middle of the given step."""
    forward = Loop._step

    def stepping(self: Loop) -> None:
        if self.state.step == step - 1:
            os.kill(os.getpid(), number)
        forward(self)

    monkeypatch.setattr(Loop, "_step", stepping)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_resumes_to_the_same_result(
    tmp_path: Path, corpus: Path, small: Any, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_pretrain(corpus, out=tmp_path / "whole", token_noise=0.1, **small())
    with monkeypatch.context() as patch:
        stop_at(3, patch, number)
        with pytest.raises(Interrupted, match="interrupted at step 3"):
            train_pretrain(corpus, out=tmp_path / "run", token_noise=0.1, **small())
    assert (tmp_path / "run/checkpoint-3").is_dir()
    assert not (tmp_path / "run/final").exists()
    assert not (tmp_path / "run/manifest.json").exists()
    result = train_pretrain(corpus, out=tmp_path / "run", token_noise=0.1, **small(resume_latest=True))
    assert result["steps"] == 6
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_a_run_killed_after_its_last_checkpoint_is_finished_as_it_would_have_been(
    tmp_path: Path, corpus: Path, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small(save_every=6)
    train_pretrain(corpus, out=tmp_path / "whole", **settings)

    def die(_: Loop) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_finish", die)
        with pytest.raises(KeyboardInterrupt):
            train_pretrain(corpus, out=tmp_path / "run", **settings)
    train_pretrain(corpus, out=tmp_path / "run", **small(save_every=6, resume_latest=True))
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_resume_falls_back_past_a_truncated_checkpoint(
    tmp_path: Path, corpus: Path, small: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train_pretrain(corpus, out=tmp_path / "whole", **small(save_every=2))
    with monkeypatch.context() as patch:
        stop_at(5, patch)
        with pytest.raises(Interrupted):
            train_pretrain(corpus, out=tmp_path / "run", **small(save_every=2))
    broken = tmp_path / "run/checkpoint-5/model.safetensors"
    broken.write_bytes(broken.read_bytes()[:-100])
    train_pretrain(corpus, out=tmp_path / "run", **small(save_every=2, resume_latest=True))
    said = capsys.readouterr().err
    assert "checkpoint-5: model.safetensors is truncated or changed; going back" in said
    assert "continuing from checkpoint-4" in said
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_moments_in_eight_bits_are_resumed_to_the_bit(
    tmp_path: Path, corpus: Path, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra [quant] is not installed")
    settings = {**small(), "config": dataclasses.replace(small()["config"], optimizer="adamw-8bit")}
    train_pretrain(corpus, out=tmp_path / "whole", **settings)
    with monkeypatch.context() as patch:
        stop_at(4, patch)
        with pytest.raises(Interrupted):
            train_pretrain(corpus, out=tmp_path / "run", **settings)
    assert any(key.endswith("state1") for key in load_file(tmp_path / "run/checkpoint-4/optimizer.safetensors"))
    settings["config"] = dataclasses.replace(settings["config"], resume_latest=True)
    train_pretrain(corpus, out=tmp_path / "run", **settings)
    assert_same_run(tmp_path / "whole", tmp_path / "run")
    train_pretrain(corpus, out=tmp_path / "plain", **small())
    losses = [[row["loss"] for row in metrics(tmp_path / name) if "loss" in row] for name in ("whole", "plain")]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)  # nearly the same way
    assert losses[0] != losses[1]


def test_resume_restores_random_states_of_dropout(
    tmp_path: Path, corpus: Path, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_pretrain(corpus, out=tmp_path / "base", **small(max_steps=1, sample_every=0))
    base = {"model": str(tmp_path / "base/final")}
    changes: dict[str, Any] = {"lora_r": 4, "lora_dropout": 0.2, "lora_targets": ["q_proj", "v_proj"]}

    def run(name: str, **more: Any) -> dict[str, Any]:
        config = small(**changes, **more)["config"]
        return train_pretrain(corpus, out=tmp_path / name, config=config, **base)

    run("whole")
    with monkeypatch.context() as patch:
        stop_at(3, patch)
        with pytest.raises(Interrupted):
            run("run")
    run("run", resume_latest=True)
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "run")
    one, other = (load_file(tmp_path / name / "final/adapter_model.safetensors") for name in ("whole", "run"))
    assert one
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not any("embed" in key for key in one)


@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": "bfloat16"},
        {"schedule": "wsd"},
        {"gradient_checkpointing": True},
        {"clip": 0.0},
        {"attention": "eager"},
    ],
)
def test_options_train(tmp_path: Path, corpus: Path, small: Any, changes: dict[str, Any]) -> None:
    result = train_pretrain(
        corpus, out=tmp_path / "run", **small(**changes, max_steps=12, eval_every=0, sample_every=0, lr=5e-3)
    )
    losses = [r["loss"] for r in metrics(tmp_path / "run") if r["kind"] == "train"]
    assert losses[-1] < losses[0]
    assert set(result["eval"]) == {"val", "val-after"}
    assert load_file(tmp_path / "run/final/model.safetensors")["model.norm.weight"].dtype == torch.float32


def test_gradient_checkpointing_changes_nothing(tmp_path: Path, corpus: Path, small: Any) -> None:
    train_pretrain(corpus, out=tmp_path / "plain", **small())
    train_pretrain(corpus, out=tmp_path / "saving", **small(gradient_checkpointing=True))
    assert metrics(tmp_path / "plain") == metrics(tmp_path / "saving")


@pytest.mark.slow
def test_compiled_blocks_train_to_nearly_the_same_loss(tmp_path: Path, corpus: Path, small: Any) -> None:
    plain = train_pretrain(corpus, out=tmp_path / "plain", **small())
    compiled = train_pretrain(corpus, out=tmp_path / "compiled", **small(compile=True))
    assert compiled["loss"] == pytest.approx(plain["loss"], rel=1e-4)


def test_epochs_minutes_and_log_spaced_checkpoints(tmp_path: Path, corpus: Path, small: Any) -> None:
    config = {"max_steps": None, "epochs": 0.5, "sample_every": 0, "eval_every": 0}
    half = train_pretrain(corpus, out=tmp_path / "half", **small(**config, log_spaced=True, save_every=10, keep=1))
    assert half["epochs"] == pytest.approx(0.5, abs=0.03)
    kept = {path.name for path in (tmp_path / "half").glob("checkpoint-*")}
    steps = {0, 1, 2, 4, 8, 16, 32} & set(range(half["steps"] + 1)) | {half["steps"] // 10 * 10}
    assert kept == {f"checkpoint-{step}" for step in steps}
    timed = {"max_steps": None, "max_minutes": 0.005, "log_every": 1, "sample_every": 0, "eval_every": 0}
    train_pretrain(corpus, out=tmp_path / "timed", **small(**timed))
    rates = [r["lr"] for r in metrics(tmp_path / "timed") if r["kind"] == "train"]
    assert rates[-1] < 0.5 * max(rates)


def all_finite(folder: Path) -> bool:
    """Whether a model folder holds nothing but numbers."""
    weights = load_file(folder / "model.safetensors").values()
    return all(bool(weight.isfinite().all()) for weight in weights)


def test_a_loss_that_is_no_number_is_a_user_error(tmp_path: Path, corpus: Path, small: Any) -> None:
    with pytest.raises(UserError, match="no longer a number"):
        train_pretrain(
            corpus, out=tmp_path / "run", **small(lr=1e30, warmup_steps=0, clip=0.0, max_steps=50, eval_every=0)
        )


@pytest.mark.parametrize("changes", [{}, {"clip": 0.0}, {"accumulate": 1, "log_every": 1}, {"lora_r": 4}])
def test_one_bad_micro_batch_ends_the_run_and_the_checkpoint_before_it_is_good(
    tmp_path: Path, corpus: Path, small: Any, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = {}
    if "lora_r" in changes:
        train_pretrain(corpus, out=tmp_path / "base", **small(max_steps=1, sample_every=0))
        base = {"model": str(tmp_path / "base/final")}
    settings = small(sample_every=0, eval_every=0, log_every=100, save_every=1, keep=0)
    config = dataclasses.replace(settings.pop("config"), **changes)
    calls = []
    original = causal.summed_cross_entropy

    def spoilt(*arguments: Any) -> torch.Tensor:
        calls.append(None)
        loss = original(*arguments)
        return loss * math.nan if len(calls) == 1 + 3 * config.accumulate else loss  # the first of step 4

    monkeypatch.setattr(causal, "summed_cross_entropy", spoilt)
    with pytest.raises(UserError, match=r"no longer a number at step 4; .* \(checkpoint-3 is from before\)"):
        train_pretrain(corpus, out=tmp_path / "run", **(base or settings), config=config)
    found = checkpoints(tmp_path / "run")
    assert [path.name for path in found] == ["checkpoint-1", "checkpoint-2", "checkpoint-3"]
    assert all(fault(path) is None for path in found)
    if not base:
        assert all(all_finite(path) for path in found)
    assert not (tmp_path / "run/final").exists()


def test_weights_that_overflow_are_not_saved(tmp_path: Path, corpus: Path, small: Any) -> None:
    settings = small(lr=1e39, warmup_steps=0, save_every=1, max_steps=1, eval_every=0, sample_every=0)
    with pytest.raises(UserError, match="the weights are no longer numbers at step 1"):
        train_pretrain(corpus, out=tmp_path / "run", **settings)
    assert not checkpoints(tmp_path / "run")


def test_warmup_is_a_part_of_the_run_where_no_steps_are_given(tmp_path: Path, corpus: Path, small: Any) -> None:
    quiet = {"log_every": 1, "eval_every": 0, "sample_every": 0, "schedule": "constant"}
    train_pretrain(corpus, out=tmp_path / "part", **small(warmup_steps=0, warmup_ratio=0.4, **quiet))
    train_pretrain(corpus, out=tmp_path / "steps", **small(warmup_steps=3, warmup_ratio=0.0, **quiet))
    assert metrics(tmp_path / "part") == metrics(tmp_path / "steps")  # 0.4 of 6, rounded up
    timed = small(warmup_steps=0, warmup_ratio=0.4, max_steps=None, max_minutes=1.0)
    with pytest.raises(UserError, match="--warmup-ratio is a part of the steps, and --max-minutes sets none"):
        train_pretrain(corpus, out=tmp_path / "timed", **timed)
