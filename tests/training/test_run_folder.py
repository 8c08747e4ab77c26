"""Run folders: kill -9 at the worst moments, two runs at once, changed settings, a full disk."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from chronolect.artifacts import exclusive
from chronolect.errors import UserError
from chronolect.training.checkpoints import checkpoints, fault
from chronolect.training.loop import Loop
from chronolect.training.pretrain import train_pretrain

CLOCK = {"seconds", "tokens_per_s", "mfu"}

# Runs in a process of its own: dies by SIGKILL when a chosen function is about to be called for the nth time.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from chronolect.training import checkpoints
from chronolect.training.config import TrainingConfig
from chronolect.training.objectives import causal
from chronolect.training.pretrain import train_pretrain

where, corpus, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
holder, name, left = {
    "mid-accumulation": (causal, "summed_cross_entropy", 2 * 4 + 1),  # in step 5, between its two micro-batches
    "mid-save": (checkpoints, "save_file", 3),  # in the second checkpoint, before its optimizer state
    "before-rename": (checkpoints, "move_into_place", 1),  # the second checkpoint
}[where]
calls, function = [0], getattr(holder, name)

def deadly(*arguments, **keywords):
    calls[0] += 1
    if calls[0] > left:
        os.kill(os.getpid(), signal.SIGKILL)
    return function(*arguments, **keywords)

setattr(holder, name, deadly)
train_pretrain(corpus, out=out, layers=2, hidden=32, heads=2, intermediate=64, config=TrainingConfig(**eval(sys.argv[4])))
"""


def metrics(run: Path) -> list[dict[str, Any]]:
    """All records of a run without what depends on the clock."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in CLOCK} for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["mid-accumulation", "mid-save", "before-rename"])
def test_killed_run_resumes_to_the_same_result(tmp_path: Path, corpus: Path, small: Any, where: str) -> None:
    changes: dict[str, Any] = {"save_every": 2, "sample_every": 0, "eval_every": 0, "log_every": 1}
    settings = small(**changes)
    train_pretrain(corpus, out=tmp_path / "whole", **settings)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), where, str(corpus), str(tmp_path / "run")]
    died = subprocess.run([*command, repr(settings["config"].as_dict())], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not (tmp_path / "run/manifest.json").exists()
    found = checkpoints(tmp_path / "run")
    assert [path.name for path in found] == ["checkpoint-2"] + ["checkpoint-4"] * (where == "mid-accumulation")
    assert all(fault(checkpoint) is None for checkpoint in found)
    train_pretrain(corpus, out=tmp_path / "run", **small(**changes, resume_latest=True))
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "run")
    one, other = (load_file(tmp_path / name / "final/model.safetensors") for name in ("whole", "run"))
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not list((tmp_path / "run").glob(".*.partial"))


def test_changed_settings_are_refused_by_name(tmp_path: Path, corpus: Path, small: Any) -> None:
    train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=2))
    with pytest.raises(UserError, match=r"lr \(was 0\.001, now 0\.01\), max_steps \(was 2, now 4\)"):
        train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=4, lr=0.01, resume_latest=True))
    with pytest.raises(UserError, match="continue it with --resume-latest or delete it with --overwrite"):
        train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=2))
    train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=1, overwrite=True))
    assert [r["step"] for r in metrics(tmp_path / "run") if r["kind"] == "train"] == [1]


def test_changed_corpus_is_refused(tmp_path: Path, corpus: Path, small: Any) -> None:
    copy = tmp_path / "corpus"
    subprocess.run(["cp", "-r", str(corpus), str(copy)], check=True)
    train_pretrain(copy, out=tmp_path / "run", **small(max_steps=1))
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "content_digest": "other"}))
    with pytest.raises(UserError, match="the content of"):
        train_pretrain(copy, out=tmp_path / "run", **small(max_steps=1, resume_latest=True))


def test_finished_run_is_returned_and_not_trained_again(tmp_path: Path, corpus: Path, small: Any) -> None:
    first = train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=2))
    before = (tmp_path / "run/metrics.jsonl").stat().st_mtime_ns
    again = train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=2, resume_latest=True))
    assert again == json.loads(json.dumps(first))
    assert (tmp_path / "run/metrics.jsonl").stat().st_mtime_ns == before


def test_a_chosen_checkpoint_is_gone_back_to_and_later_ones_are_deleted(
    tmp_path: Path, corpus: Path, small: Any
) -> None:
    changes: dict[str, Any] = {"save_every": 2, "keep": 0}
    run = tmp_path / "run"
    train_pretrain(corpus, out=run, **small(**changes))
    before = metrics(run)
    assert [path.name for path in checkpoints(run)] == ["checkpoint-2", "checkpoint-4", "checkpoint-6"]
    chosen = run / "checkpoint-4"
    stopping = small(**changes, resume_from_checkpoint=chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "_step", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_pretrain(corpus, out=run, **stopping)
    assert [path.name for path in checkpoints(run)] == ["checkpoint-2", "checkpoint-4"]
    assert not (run / "manifest.json").exists()  # no longer finished
    train_pretrain(corpus, out=run, **small(**changes, resume_from_checkpoint=Path("checkpoint-4")))
    assert metrics(run) == before

    for wanted in (run / "checkpoint-3", tmp_path / "other/checkpoint-4"):
        with pytest.raises(UserError, match=r"not a checkpoint of the run in .*; it has checkpoint-2, checkpoint-4"):
            train_pretrain(corpus, out=run, **small(**changes, resume_from_checkpoint=wanted))
    (chosen / "state.json").unlink()
    with pytest.raises(UserError, match=r"state\.json is missing; choose an earlier one"):
        train_pretrain(corpus, out=run, **small(**changes, resume_from_checkpoint=chosen))
    with pytest.raises(UserError, match="there is no training run in --out"):
        train_pretrain(corpus, out=tmp_path / "new", **small(resume_from_checkpoint=chosen))


def _interrupt(loop: Loop) -> None:
    raise KeyboardInterrupt


def test_a_step_may_be_shared_out_otherwise_but_has_as_many_rows(tmp_path: Path, corpus: Path, small: Any) -> None:
    parts: dict[str, Any] = {"batch_size": 4, "accumulate": 2, "max_steps": 4, "eval_every": 0, "sample_every": 0}
    whole = train_pretrain(corpus, out=tmp_path / "whole", **small(**parts, save_every=2))
    shutil.rmtree(tmp_path / "whole/checkpoint-4")
    again = {"resume_from_checkpoint": Path("checkpoint-2"), "save_every": 2}
    with pytest.raises(UserError, match=r"had 8 rows and would have 4 .* so that their product is 8"):
        train_pretrain(corpus, out=tmp_path / "whole", **small(**{**parts, "batch_size": 2}, **again))
    other = {**parts, "batch_size": 8, "accumulate": 1}
    resumed = train_pretrain(corpus, out=tmp_path / "whole", **small(**other, **again))
    assert resumed["loss"] == pytest.approx(whole["loss"], rel=1e-5)


def test_two_runs_on_one_folder(tmp_path: Path, corpus: Path, small: Any) -> None:
    with exclusive(tmp_path / "run"), pytest.raises(UserError, match="another run"):
        train_pretrain(corpus, out=tmp_path / "run", **small())


def test_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, corpus: Path, small: Any) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty and not a training run"):
        train_pretrain(corpus, out=tmp_path / "run", **small(overwrite=True))
    assert (tmp_path / "run/thesis.txt").read_text() == "mine"


def test_full_disk_is_one_line_and_leaves_earlier_checkpoints_whole(tmp_path: Path, corpus: Path, small: Any) -> None:
    """A limit on the size of files stands in for the full disk: both fail in the middle of a write."""
    out = tmp_path / "run"
    with pytest.raises(UserError, match="no space left"):
        _with_small_files(lambda: train_pretrain(corpus, out=out, **small(save_every=2)), out)
    found = checkpoints(out)
    assert [path.name for path in found] == ["checkpoint-2"]
    assert fault(found[0]) is None
    train_pretrain(corpus, out=out, **small(save_every=2, resume_latest=True))


def _with_small_files(train: Any, out: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    save = Loop._save

    def limited(self: Loop) -> None:
        if self.state.step >= 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        save(self)

    Loop._save = limited  # type: ignore[method-assign]
    try:
        train()
    finally:
        Loop._save = save  # type: ignore[method-assign]
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, previous)
