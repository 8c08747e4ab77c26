"""Killed anywhere, the same command ends with the same weights; on two threads it learns nearly the same."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.curriculum.conftest import records, summaries, weights

from chronolect.artifacts import read_json

# Runs in a process of its own, which imports once: children of it die by SIGKILL one after the other, each in another place, and the next
# one goes on. One that lives ends it; another one trains a phase on two threads.
KILLED = """
import json, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
import chronolect.export.merge as merging
from chronolect.curriculum.command import train_curriculum
from chronolect.training.loop import Loop

out, keywords = Path(sys.argv[1]), json.loads(sys.argv[2])
keywords["data"] = Path(keywords["data"])

def deadly(holder, name, when):
    function = getattr(holder, name)
    def dying(*arguments, **options):
        if when(*arguments):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    setattr(holder, name, dying)

def in_step(phase, step):
    deadly(Loop, "_clip", lambda loop: loop.run_folder.folder.name == phase and loop.state.step == step - 1)

def in_child(work):
    if child := os.fork():
        return os.waitpid(child, 0)[1]
    work()
    os._exit(0)

def curriculum(place):
    place()
    train_curriculum(out=out, **keywords)

def on_two_threads():
    torch.set_num_threads(2)
    train_curriculum(out=out.with_name("threads"), **keywords, phases=[1])

places = [
    lambda: in_step("phase2", 3),
    lambda: deadly(merging, "compare_logits", lambda *_: (out / "phase2/manifest.json").exists()),
    lambda: in_step("phase4", 4),
]
for place in places:
    status = in_child(lambda: curriculum(place))
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
    print(json.dumps(sorted(path.name for path in out.iterdir() if not path.name.startswith("."))))
assert in_child(lambda: curriculum(lambda: None)) == 0
assert in_child(on_two_threads) == 0
"""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory, keywords: Callable[..., dict[str, Any]]) -> Any:
    """What that process left in its folder, and what it said; idle threads wait without work, for there may be fewer cores than threads."""
    folder = tmp_path_factory.mktemp("apart")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-c", KILLED, str(folder / "killed"), json.dumps(keywords(), default=str)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_killed_in_a_phase_in_a_merge_and_in_phase_4_it_ends_with_the_same_weights(
    apart: Any, whole: tuple[Path, dict[str, Any]]
) -> None:
    out, done = apart[0] / "killed", apart[1]
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert states[0] == ["phase1", "phase1-model", "phase2"]
    assert states[1] == ["phase1", "phase1-model", "phase2"]  # the half merge is nowhere
    assert states[2][-2:] == ["phase3-model", "phase4"]
    assert "continuing from checkpoint-2" in done.stderr
    assert "continuing from checkpoint-3" in done.stderr
    for number in (1, 2, 3, 4):
        assert records(out / f"phase{number}") == records(whole[0] / f"phase{number}")
        assert weights(out / f"phase{number}-model") == weights(whole[0] / f"phase{number}-model")
    assert summaries(read_json(out / "curriculum.json")) == summaries(whole[1])


def test_two_threads_give_nearly_the_same_losses(apart: Any, whole: tuple[Path, dict[str, Any]]) -> None:
    found = read_json(apart[0] / "threads/curriculum.json")["phases"][0]
    expected = whole[1]["phases"][0]
    assert [loss for _, loss in found["losses"]] == pytest.approx([loss for _, loss in expected["losses"]], abs=0.01)
    assert found["eval_loss"] == pytest.approx(expected["eval_loss"], abs=0.01)
