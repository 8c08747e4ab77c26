import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.recipes import execute, fingerprint, load_recipe, run_recipe

LETTERS = "\n".join(
    json.dumps({"text": f"Letter number {n} tells of the harvest.", "year": 1880 + n}) for n in range(40)
)

RECIPE = """
name: letters
about: a test
jobs: 2
set: {cutoff: 1900-12-31}
steps:
  corpus:
    run: corpus import table
    with: {inputs: "INPUT", date_field: year}
  before:
    run: corpus filter
    with: {corpus: "${corpus}", cutoff: "${cutoff}"}
    show: true
  counts:
    run: corpus stats
    with: {corpus: "${before}"}
  tokenizer:
    run: tokenizer train
    with: {corpus: "${corpus}", vocab_size: 300}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "letters.jsonl").write_text(LETTERS)
    path = tmp_path / "letters.yaml"
    path.write_text(RECIPE.replace("INPUT", str(tmp_path / "letters.jsonl")))
    return path


def test_a_recipe_runs_its_steps_and_shows_what_it_is_asked_to(recipe: Path, tmp_path: Path) -> None:
    result = run_recipe(recipe, out=tmp_path / "out")
    assert result["before"]["kept"] == 21  # 1880 to 1900
    assert (tmp_path / "out" / "tokenizer" / "tokenizer.json").is_file()
    assert json.loads((tmp_path / "out" / "counts" / "result.json").read_text())  # a step that only returns something


def test_done_steps_are_skipped_until_something_they_depend_on_changes(
    recipe: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_recipe(recipe, out=tmp_path / "out")
    made = (tmp_path / "out" / "before" / "manifest.json").stat().st_mtime_ns
    capfd.readouterr()
    run_recipe(recipe, out=tmp_path / "out")
    assert capfd.readouterr().err.count("unchanged, skipped") == 4
    assert (tmp_path / "out" / "before" / "manifest.json").stat().st_mtime_ns == made

    result = run_recipe(recipe, out=tmp_path / "out", set=["cutoff=1890-12-31"])
    err = capfd.readouterr().err
    assert result["before"]["kept"] == 11
    assert "[corpus] unchanged, skipped" in err
    assert "[tokenizer] unchanged, skipped" in err

    (tmp_path / "letters.jsonl").write_text(LETTERS + "\n" + json.dumps({"text": "One more.", "year": 1885}))
    run_recipe(recipe, out=tmp_path / "out", set=["cutoff=1890-12-31"])
    assert "unchanged" not in capfd.readouterr().err


def test_a_step_depends_on_the_steps_that_its_text_settings_name(recipe: Path, tmp_path: Path) -> None:
    with open(recipe, "a") as file:  # a model is given as text: it may be a folder, a file or an address
        file.write(
            '  surprise: {run: eval surprise, with: {model: "${tokenizer}", corpus: "${before}", cutoff: "${cutoff}"}}'
        )

    def mark(vocab_size: int) -> dict[str, Any]:
        overrides = {"tokenizer.vocab_size": str(vocab_size)}
        loaded = load_recipe(recipe, out=tmp_path / "out", overrides=overrides)
        *steps, surprise = loaded.steps
        execute(replace(loaded, steps=tuple(steps)), tmp_path / "out")
        return fingerprint(surprise)

    assert mark(300) == mark(300)
    assert mark(300) != mark(280)


def test_a_damaged_result_is_made_again(recipe: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_recipe(recipe, out=tmp_path / "out")
    (tmp_path / "out" / "before" / "manifest.json").unlink()
    capfd.readouterr()
    run_recipe(recipe, out=tmp_path / "out")
    err = capfd.readouterr().err
    assert "[corpus] unchanged" in err
    assert "[before] done" in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('cutoff: "${cutoff}"', "cutof: 1900"), 'before: unknown key "cutof" (did you mean "cutoff"?)'),
        (
            ("run: corpus filter", "run: corpus filtr"),
            'there is no command "corpus filtr" (did you mean "corpus filter"?)',
        ),
        (("jobs: 2", "jbos: 2"), 'unknown key "jbos" (did you mean "jobs"?)'),
        (("vocab_size: 300", "vocab_size: many"), "tokenizer: vocab_size: "),
        (("${corpus}", "${corpsu}"), 'is no value and no earlier step (did you mean "corpus"?)'),
        (("steps:", "stops:"), "needs the key steps"),
        (("jobs: 2", "jobs: [2"), "not valid YAML"),
    ],
)
def test_a_wrong_recipe_is_refused_before_any_step_runs(
    recipe: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    recipe.write_text(recipe.read_text().replace(*change))
    with pytest.raises(UserError) as error:
        run_recipe(recipe, out=tmp_path / "out")
    assert message in str(error.value)
    assert str(recipe) in str(error.value)
    assert not (tmp_path / "out" / "corpus").exists()


def test_a_wrong_set_is_refused(recipe: Path, tmp_path: Path) -> None:
    for flag, message in [
        ("cutof=1900", 'no value "cutof" (did you mean "cutoff"?)'),
        ("befor.by=about", 'no step "befor" (did you mean "before"?)'),
        ("cutoff", "expected name=value"),
        ("before.straddlng=drop", 'unknown key "straddlng" (did you mean "straddling"?)'),
    ]:
        with pytest.raises(UserError, match=r"--set|unknown key") as error:
            run_recipe(recipe, out=tmp_path / "out", set=[flag])
        assert message in str(error.value)


def test_dates_stay_text_and_single_values_become_lists(recipe: Path, tmp_path: Path) -> None:
    steps = load_recipe(recipe, out=tmp_path / "out", overrides={}).steps
    assert steps[1].arguments["cutoff"] == "1900-12-31"
    assert steps[0].arguments["inputs"] == [tmp_path / "letters.jsonl"]
    assert steps[1].needs == ("corpus",)


def test_a_missing_recipe(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such recipe"):
        run_recipe(tmp_path / "none.yaml", out=tmp_path / "out")


def test_a_failing_step_names_itself_and_keeps_what_is_done(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"step before: .*1880"):
        run_recipe(recipe, out=tmp_path / "out", set=["cutoff=1700-01-01"])
    assert (tmp_path / "out" / "corpus" / "manifest.json").is_file()


@pytest.mark.slow
def test_killed_at_any_moment_a_recipe_continues(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, out=tmp_path / "whole")
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from chronolect.recipes import run_recipe
        if __name__ == "__main__":
            run_recipe(Path(sys.argv[1]), out=Path(sys.argv[2]))
    """)
    script = tmp_path / "go.py"
    script.write_text(program)
    killed = 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, str(script), str(recipe), str(tmp_path / "out")], stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=1.5 + killed)
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            time.sleep(0.5)  # its workers die with it
    assert killed > 0
    assert process.returncode == 0
    for step in ("corpus", "before", "tokenizer"):
        digests = [
            json.loads((tmp_path / name / step / "manifest.json").read_text())["content_digest"]
            for name in ("whole", "out")
        ]
        assert digests[0] == digests[1], step


@pytest.mark.slow
def test_a_run_with_other_settings_makes_room_and_is_kept(
    recipe: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text(
        recipe.read_text()
        + """
  packed:
    run: corpus pack
    with: {corpus: "${before}", tokenizer: "${tokenizer}", val_ratio: 0.2, era: []}
  model:
    run: train pretrain
    with: {corpus: "${packed}", preset: 1m, layers: 1, hidden: 32, heads: 2, seq_len: 16, max_steps: 2}
"""
    )
    run_recipe(recipe, out=tmp_path / "out")
    first = (tmp_path / "out" / "model" / "final" / "model.safetensors").read_bytes()
    run_recipe(recipe, out=tmp_path / "out", set=["model.max_steps=3"])
    assert "the earlier run is kept in" in capfd.readouterr().err
    assert (tmp_path / "out" / "replaced" / "model-1" / "final" / "model.safetensors").read_bytes() == first
    assert json.loads((tmp_path / "out" / "model" / "train_results.json").read_text())["steps"] == 3
