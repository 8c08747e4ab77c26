"""From a configuration to a run: presets, flags, local models of the gated forms, interruption, ablations, the original's files."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.formation.membench.commands.small_runs import TINY, WORDS, cached, gated, small

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.formation.membench.commands.analyze import analyze
from chronolect.formation.membench.commands.train import quick, train
from chronolect.formation.membench.preparation import data_folder
from chronolect.report.gather import read_lines
from chronolect.training.checkpoints import checkpoints
from chronolect.training.interrupts import Interrupted


@pytest.fixture(scope="module")
def done(text: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished run of the tiny preset."""
    out = tmp_path_factory.mktemp("runs") / "chrono"
    return out, quick("tiny", output_dir=out, offline=True, set=small(text, **TINY))


def test_a_tiny_model_is_trained_without_network_or_weights(done: tuple[Path, dict[str, Any]]) -> None:
    out, results = done
    assert results["steps"] == 8
    assert {path.name for path in checkpoints(out)} == {"checkpoint-4", "checkpoint-8"}
    assert (out / "final_checkpoint" / "model.safetensors").samefile(out / "final" / "model.safetensors")
    assert read_lines(out / "logs" / "metrics.jsonl")
    log = (out / "chrono_training.log").read_text()
    assert "training tokens" in log
    assert "step 4: val loss" in log
    assert (out / "evaluation_report.json").samefile(results["report"])


def test_the_report_has_the_names_of_the_original(done: tuple[Path, dict[str, Any]], text: dict[str, str]) -> None:
    out, results = done
    report = read_json(out / "evaluation_report.json")
    info, metrics = report["experiment_info"], report["chrono_metrics"]
    assert (info["model_type"], info["total_steps"]) == ("tiny", 8)
    assert info["training_time"] == results["seconds"]
    assert info["datasets_used"] == ["fineweb_edu", "wikitext"]
    assert info["dataset_mixing_ratios"] == {"fineweb_edu": 0.6, "wikitext": 0.4}
    assert info["realised_mixing_ratios"]["fineweb_edu"] == pytest.approx(0.6, abs=0.1)
    assert sum(info["realised_mixing_ratios"].values()) == pytest.approx(1)
    assert set(info["evaluation"]) == {"val", "val-fineweb_edu", "val-wikitext"}
    assert set(info["evaluation"]["val"]) == {"loss", "perplexity"}
    assert {"temporal_purity_scores", "final_temporal_purity", "feature_birth_events"} <= set(metrics)
    assert metrics["temporal_purity_scores"][0] is None
    assert report["training_config"]["chrono.route_sae.latent_dim"] == 48
    assert report["training_config"]["dataset.sources"] == text


def test_the_results_are_found_and_told(done: tuple[Path, dict[str, Any]]) -> None:
    out, _ = done
    found = analyze(results_dir=out.parent)
    (run,) = [run for folder, run in found["runs"].items() if folder == str(out)]
    assert (run["model"], run["steps"]) == ("tiny", 8)
    assert "model tiny, 8 steps; fineweb_edu" in found["screen"]


def test_samples_continue_held_out_text(done: tuple[Path, dict[str, Any]]) -> None:
    out, _ = done
    (prompt,) = {sample["prompt"] for sample in read_lines(out / "samples.jsonl")}
    assert prompt.split()[0] in WORDS


def test_a_run_killed_on_the_way_ends_with_the_same_weights(
    done: tuple[Path, dict[str, Any]], text: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "chrono"
    changes = small(text, **TINY)
    timer = threading.Timer(0.0, os.kill, (os.getpid(), signal.SIGINT))

    from chronolect.training import loop

    step = loop.Loop._step

    def interrupted(self: loop.Loop) -> None:
        step(self)
        if self.state.step == 3:
            timer.run()

    loop.Loop._step = interrupted  # type: ignore[method-assign]
    try:
        with pytest.raises(Interrupted, match="interrupted at step 3; continue with --resume-latest"):
            quick("tiny", output_dir=out, offline=True, set=changes)
    finally:
        loop.Loop._step = step  # type: ignore[method-assign]
    with pytest.raises(UserError, match="continue it with --resume-latest"):
        quick("tiny", output_dir=out, offline=True, set=changes)
    quick("tiny", output_dir=out, offline=True, set=changes, resume_latest=True)
    weights = [folder / "final" / "model.safetensors" for folder in (out, done[0])]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    series = [sorted(folder.glob("series/*/step-8/sae_weights.safetensors")) for folder in (out, done[0])]
    assert series[0]
    assert [path.read_bytes() for path in series[0]] == [path.read_bytes() for path in series[1]]
    log = (out / "chrono_training.log").read_text()
    assert "SIGINT" in log
    assert "continuing from checkpoint-3" in log


def test_features_do_not_change_the_model(
    done: tuple[Path, dict[str, Any]], text: dict[str, str], tmp_path: Path
) -> None:
    train(config="tiny", standard=True, output_dir=tmp_path / "plain", offline=True, set=small(text, **TINY))
    weights = [folder / "final" / "model.safetensors" for folder in (tmp_path / "plain", done[0])]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    report = read_json(tmp_path / "plain" / "evaluation_report.json")
    assert report["chrono_metrics"]["final_temporal_purity"] is None
    assert report["experiment_info"]["total_steps"] == 8


@pytest.mark.parametrize("kind", ["gemma-2b", "llama-3-8b"])
def test_gated_models_are_trained_from_their_folders(
    kind: str, text: dict[str, str], model_folder: Path, tmp_path: Path
) -> None:
    folder = gated(kind, tmp_path / "weights", model_folder)
    out = tmp_path / "chrono"
    changes = small(text, model__source="local", training__max_steps=4, **{f"model__paths__{kind}__local": str(folder)})
    results = quick(kind, output_dir=out, offline=True, set=changes)
    assert results["steps"] == 4
    assert (out / "final_checkpoint" / "adapter_config.json").is_file()
    adapters = read_json(out / "final" / "adapter_config.json")
    assert (adapters["r"], adapters["lora_alpha"]) == ((32, 64) if kind == "gemma-2b" else (16, 32))
    report = read_json(out / "evaluation_report.json")
    assert report["experiment_info"]["model_type"] == kind
    assert report["training_config"]["chrono.feature_alignment.enabled"] is True


def test_offline_the_cache_of_the_hub_is_enough(
    text: dict[str, str], model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    folder = gated("gemma-2b", tmp_path / "weights", model_folder)
    cached("google/gemma-2b", "model", folder, tmp_path / "cache")
    data = tmp_path / "letters"
    data.mkdir()
    shutil.copyfile(text["wikitext"], data / "letters.jsonl")
    cached("someone/letters", "dataset", data, tmp_path / "cache")
    changes = small({**text, "wikitext": "someone/letters"}, training__max_steps=2, chrono__route_sae__enabled=False)
    out = tmp_path / "chrono"
    quick("gemma-2b", output_dir=out, offline=True, set=changes)
    info = read_json(out / "evaluation_report.json")["experiment_info"]
    assert info["realised_mixing_ratios"]["wikitext"] > 0.2
    with pytest.raises(UserError, match="someone/other: not in the hub's cache here"):
        quick("gemma-2b", output_dir=out, offline=True, set=small({**text, "wikitext": "someone/other"}))


def test_full_training_forgets_the_weights(text: dict[str, str], model_folder: Path, tmp_path: Path) -> None:
    folder = gated("gemma-2b", tmp_path / "weights", model_folder)
    settings = {"model__source": "local", "model__paths__gemma-2b__local": str(folder), "training__max_steps": 1}
    changes = small(text, training__training_type="full_training", training__learning_rate=1e-9, **settings)
    train(config="gemma-2b", standard=True, output_dir=tmp_path / "a", offline=True, set=changes)
    start = data_folder(tmp_path / "a") / "start" / "model.safetensors"
    assert start.is_file()
    assert start.read_bytes() != (folder / "model.safetensors").read_bytes()
    final = (tmp_path / "a" / "final" / "config.json").read_text()
    assert '"model_type": "gemma"' in final


def test_ablations_are_run_and_compared(text: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "chrono"
    file = tmp_path / "own.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "extends": "tiny",
                "chrono": {"temporal_dropout": {"enabled": True}},
                "experiment": {
                    "ablation": {
                        "enabled": True,
                        "configurations": ["no_temporal_dropout", "no_sae", "different_mixing_ratios"],
                    }
                },
            }
        )
    )
    changes = small(text, training__max_steps=4, chrono__temporal_purity__compute_every_n_steps=1, **TINY)
    results = train(config=str(file), output_dir=out, offline=True, set=changes)
    compared = results["ablation"]
    assert list(compared) == ["main", "no_temporal_dropout", "no_sae", "different_mixing_ratios"]
    assert read_json(out / "evaluation_report.json")["ablation"] == compared
    assert compared["main"]["loss"] == compared["no_temporal_dropout"]["loss"] == compared["no_sae"]["loss"]
    assert compared["different_mixing_ratios"]["loss"] != compared["main"]["loss"]
    assert compared["no_sae"]["explained_variance"] is None
    assert compared["main"]["explained_variance"] != compared["no_temporal_dropout"]["explained_variance"]
    folder = Path(compared["different_mixing_ratios"]["folder"])
    assert folder.parent.name == "chrono-ablation"
    realised = read_json(folder / "evaluation_report.json")["experiment_info"]["realised_mixing_ratios"]
    assert realised["wikitext"] == pytest.approx(0.5, abs=0.1)


def test_a_dry_run_shows_each_value_with_its_origin(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("extends: gemma-2b\ntraining:\n  max_steps: 7\n")
    out = tmp_path / "chrono"
    found = train(
        config=str(file),
        output_dir=out,
        temporal_dropout_rate=0,
        wandb_project="mine",
        sae_enabled=True,
        feature_alignment_enabled=False,
        dry_run=True,
    )
    assert not out.exists()
    origins = found["origins"]
    assert origins["training.max_steps"] == f"{file}:3"
    assert origins["training.learning_rate"] == "preset gemma-2b"
    assert origins["training.optimizer"] == "preset chrono_membench"
    assert origins["chrono.temporal_dropout.initial_rate"] == "--temporal-dropout-rate"
    assert found["config"]["chrono.temporal_dropout.initial_rate"] == 0
    assert found["plan"]["formation"]["dropout_rate"] == 0
    assert found["plan"]["formation"]["alignment"] == "none"
    assert found["plan"]["training"]["track"] == ["wandb"]
    assert found["plan"]["monitoring"]["environment"]["WANDB_PROJECT"] == "mine"
    assert f"{file}:3" in found["screen"]
    json.dumps(found)


def test_a_rate_turns_dropout_on(tmp_path: Path) -> None:
    found = train(config="tiny", temporal_dropout_rate=0.3, dry_run=True)
    assert found["plan"]["formation"]["dropout_rate"] == 0.3


def test_time_over_saves_and_stops(text: dict[str, str], tmp_path: Path) -> None:
    changes = small(text, experiment__max_training_hours=4 / 3600, training__max_steps=100_000, **TINY)
    changes = [change for change in changes if not change.startswith("dataset.exhausted")]
    changes += ["dataset.exhausted=stop", "training.eval_steps=0", "training.save_steps=0"]
    changes += ["chrono.checkpointing.checkpoint_every_n_steps=0", "evaluation.generate_samples=0"]
    changes += ["chrono.temporal_purity.compute_every_n_steps=100000"]
    with pytest.raises(Interrupted, match="continue with --resume-latest"):
        quick("tiny", output_dir=tmp_path / "chrono", offline=True, set=changes)
    log = (tmp_path / "chrono" / "chrono_training.log").read_text()
    assert "hours are over" in log
    assert len(checkpoints(tmp_path / "chrono")) == 1


def test_preparing_is_a_step_of_its_own(text: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "chrono"
    found = train(config="tiny", prepare_only=True, output_dir=out, set=small(text, **TINY))
    assert not out.exists()
    assert found["sources"]["wikitext"]["asked"] == 0.4
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match=r"mix the data first with --prepare-only .*dataset.packed: .*corpus"):
        train(config="tiny", output_dir=out, set=small(text, **TINY))


def test_only_warnings_are_shown_where_asked(
    text: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = small(
        text,
        environment__logging__console_log_level="WARNING",
        training__max_steps=2,
        chrono__route_sae__enabled=False,
        **TINY,
    )
    sources = {**text, "gone": "nowhere.jsonl"}
    changes += [f"dataset.sources={json.dumps(sources)}", "dataset.allow_missing=true"]
    changes += ["dataset.mixing_ratios={fineweb_edu: 0.5, wikitext: 0.3, gone: 0.2}"]
    quick("tiny", output_dir=tmp_path / "chrono", offline=True, set=changes)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == 1
    assert shown[0].startswith("warning: gone: nowhere.jsonl")
    assert "training tokens" in (tmp_path / "chrono" / "chrono_training.log").read_text()
    info = read_json(tmp_path / "chrono" / "evaluation_report.json")["experiment_info"]
    assert info["datasets_missing"] == ["gone"]
    assert info["dataset_mixing_ratios"]["fineweb_edu"] == pytest.approx(0.625)


def test_a_text_of_ones_own_is_enough(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(f"{' '.join(WORDS)} {i}. " * 8 for i in range(200)))
    changes = [change for change in small({}, training__max_steps=2, **TINY) if not change.startswith("dataset.m")]
    changes = [change for change in changes if not change.startswith(("dataset.s", "dataset.e"))]
    out = tmp_path / "chrono"
    quick("tiny", output_dir=out, data=[book], set=[*changes, "dataset.max_length=32"])
    info = read_json(out / "evaluation_report.json")["experiment_info"]
    assert info["datasets_used"] == ["book"]
    assert info["realised_mixing_ratios"] == {"book": 1.0}
    assert info["dataset_passes"] == {"book": 1.0}
