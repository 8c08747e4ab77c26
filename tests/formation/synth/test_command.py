import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests.formation.synth.made_series import CONFIG

from chronolect.artifacts import digest_tree, read_json
from chronolect.errors import UserError
from chronolect.formation.reporting import read_series
from chronolect.formation.sae.files import load_sae
from chronolect.formation.synth.command import formation_synth
from chronolect.formation.synth.config import SynthConfig
from chronolect.formation.synth.truth import SyntheticConfig

SMALL = SyntheticConfig(features=12, width=8, checkpoints=4, active=1.0, dying=0.0)
QUICK = SynthConfig(
    sae_tokens=5120,
    batch_tokens=256,
    probe_tokens=1000,
    seeds=1,
    kinds=["cold", "warm"],
    conditions=["base", "random-init"],
)


def test_trained_autoencoders_see_the_births_that_were_made(followed: tuple[Path, dict[str, Any]]) -> None:
    out, result = followed
    reached = {verdict["name"]: verdict["reached"] for verdict in result["scores"]["cold"]}
    for name in (
        "births.median_error",
        "births.recall",
        "births.precision",
        "unchanged.false_births",
        "matching.accuracy",
    ):
        assert reached[name] is True, (name, result)
    purity = read_json(out / "evaluation_report.json")["ground_truth"]["cold"]["purity"]
    assert (
        purity["naive_mean_error"] > 0.3
    )  # whatever the trained autoencoders have in common, it is not their numbering


def test_the_folder_is_that_of_a_real_following(followed: tuple[Path, dict[str, Any]]) -> None:
    out, result = followed
    series = read_series(out)
    assert [one.group for one in series] == ["base-cold"] * 2 + ["no-change-cold"] * 2
    assert [snapshot.step for snapshot in series[0].snapshots] == [100 * 2**c for c in range(6)]
    report = read_json(Path(result["report"]))
    assert set(report) >= {
        "schema_version",
        "experiment_info",
        "chrono_metrics",
        "saes",
        "controls",
        "training_config",
        "provenance",
    }
    assert report["chrono_metrics"]["series"] == "base-cold"
    assert set(report["controls"]) == {"no-change-cold"}
    assert {type(v["reached"]) for v in report["ground_truth"]["cold"]["verdicts"]} <= {bool, type(None)}
    assert len(report["saes"]) == 6 * 4
    assert all(record["explained_variance"] > 0.8 for record in report["saes"])
    assert load_sae(out / "series" / "base-cold-seed0" / "step-100").config.latents == CONFIG.latents
    assert read_json(out / "manifest.json")["command"] == "formation synth"


def test_a_killed_run_goes_on_to_the_same_series(tmp_path: Path) -> None:
    formation_synth(out=tmp_path / "whole", truth=SMALL, config=QUICK)
    started = multiprocessing.get_context("fork").Process(
        target=formation_synth, kwargs={"out": tmp_path / "killed", "truth": SMALL, "config": QUICK}
    )
    started.start()
    done = tmp_path / ".killed.partial" / ".scratch" / "checkpoints-1.json"
    while not done.is_file() and started.is_alive():
        time.sleep(0.005)
    assert started.pid is not None
    os.kill(started.pid, signal.SIGKILL)
    started.join()
    assert not (tmp_path / "killed").exists()
    kept = done.stat().st_mtime_ns
    assert kept
    formation_synth(out=tmp_path / "killed", truth=SMALL, config=QUICK)
    assert digest_tree(tmp_path / "killed" / "series") == digest_tree(tmp_path / "whole" / "series")


def test_noise_with_nothing_in_it_has_no_features_of_its_own(tmp_path: Path) -> None:
    formation_synth(out=tmp_path / "run", truth=SMALL, config=QUICK)
    report = read_json(tmp_path / "run" / "evaluation_report.json")
    assert set(report["controls"]) == {"base-warm", "random-init-cold", "random-init-warm"}
    assert set(report["ground_truth"]) == {"run", "cold", "warm"}


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match="--batch-tokens 300: a power of two up to 4096"):
        SynthConfig(batch_tokens=300)
    with pytest.raises(UserError, match=r'there is no condition dropuot.*did you mean "dropout"'):
        SynthConfig(conditions=["base", "dropuot"])
    with pytest.raises(UserError, match="they are judged beside base"):
        SynthConfig(conditions=["no-change"]).track(features=12, active=1.0)
