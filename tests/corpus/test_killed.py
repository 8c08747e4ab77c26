"""Import, dates, filter and pack, killed with SIGKILL ten times at random moments: the result is that of a run that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.corpus.made_dump import write_dump, write_wikidata

from chronolect.artifacts import digest_tree

PAGES, KILLS = 4_000, 10
RECIPE = """
name: killed
steps:
  wikipedia:
    run: corpus import wikipedia
    with: {{inputs: "{dump}", workers: 2}}
  dates:
    run: corpus dates wikidata
    with: {{dump: "{wikidata}", workers: 2}}
  dated:
    run: corpus date
    with: {{corpus: "${{wikipedia}}", dates: "${{dates}}", workers: 2}}
  before:
    run: corpus filter
    with: {{corpus: "${{dated}}", cutoff: 1900, by: about, straddling: trim, workers: 2}}
  tokenizer:
    run: tokenizer train
    with: {{corpus: "${{before}}", vocab_size: 320}}
  packed:
    run: corpus pack
    with: {{corpus: "${{before}}", tokenizer: "${{tokenizer}}", val_ratio: 0.1}}
"""
STEPS = ("wikipedia", "dates", "dated", "before", "packed")


def start(recipe: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "chronolect", "run", str(recipe), "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


@pytest.mark.slow
def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    recipe = tmp_path / "killed.yaml"
    recipe.write_text(RECIPE.format(dump=write_dump(tmp_path, PAGES), wikidata=write_wikidata(tmp_path, PAGES)))
    whole = start(recipe, tmp_path / "whole")
    assert whole.wait() == 0, whole.stderr.read().decode()  # type: ignore[union-attr]

    draw = random.Random(7)
    killed = 0
    while killed < KILLS:
        run = start(recipe, tmp_path / "killed")
        # the command itself is killed, as a person or the system would: its workers must end by themselves
        time.sleep(draw.uniform(0.8, 4.0))
        if run.poll() is not None:
            assert run.returncode == 0, run.stderr.read().decode()  # type: ignore[union-attr]
            break
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        killed += 1
    last = start(recipe, tmp_path / "killed")
    assert last.wait() == 0, last.stderr.read().decode()  # type: ignore[union-attr]
    assert killed >= 3
    for step in STEPS:
        assert digest_tree(tmp_path / "killed" / step) == digest_tree(tmp_path / "whole" / step), step
