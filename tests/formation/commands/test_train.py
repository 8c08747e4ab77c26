"""From a configuration to a run: presets, flags, local models of the gated forms, interruption, ablations, the original's files."""

import json
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import GemmaConfig, GemmaForCausalLM, LlamaConfig, LlamaForCausalLM

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.formation.commands.analyze import analyze
from chronolect.formation.commands.train import quick, train
from chronolect.formation.preparation import data_folder
from chronolect.models.loading import load_tokenizer
from chronolect.report.gather import read_lines
from chronolect.training.checkpoints import checkpoints
from chronolect.training.interrupts import Interrupted

WORDS = [
    "the",
    "moon",
    "river",
    "stone",
    "winter",
    "harbour",
    "letter",
    "garden",
    "engine",
    "window",
    "silver",
    "market",
    "of",
    "and",
    "in",
]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two sources."""
    generator = torch.Generator().manual_seed(0)
    folder = tmp_path_factory.mktemp("raw")
    found = {}
    for name, words in (("fineweb_edu", 30), ("wikitext", 12)):
        picks = torch.randint(len(WORDS), (120, words), generator=generator)
        lines = [json.dumps({"text": " ".join(WORDS[i] for i in row)}) for row in picks.tolist()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
        found[name] = str(folder / f"{name}.jsonl")
    return found


def gated(kind: str, folder: Path, tokenizer_folder: Path) -> Path:
    """A folder of the form of a gated model, small."""
    tokenizer = load_tokenizer(tokenizer_folder)
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 64,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "pad_token_id": None,
    }
    torch.manual_seed(0)
    model: Any = (
        GemmaForCausalLM(GemmaConfig(**shape)) if kind == "gemma-2b" else LlamaForCausalLM(LlamaConfig(**shape))
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def small(text: dict[str, str], **changes: Any) -> list[str]:
    """Changes that make any configuration a matter of seconds."""
    values: dict[str, Any] = {
        "dataset.sources": text,
        "dataset.mixing_ratios": {"fineweb_edu": 0.6, "wikitext": 0.4},
        "dataset.exhausted": "repeat",
        "dataset.max_length": 32,
        "training.batch_size": 4,
        "training.gradient_accumulation_steps": 1,
        "training.max_steps": 8,
        "training.eval_steps": 4,
        "training.save_steps": 4,
        "training.warmup_steps": 2,
        "environment.device": "cpu",
        "environment.mixed_precision": "no",
        "environment.logging.tensorboard": False,
        "evaluation.eval_dataset_size": 8,
        "evaluation.generate_samples": 1,
        "chrono.route_sae.latent_dim": 48,
        "chrono.route_sae.k": 4,
        "chrono.route_sae.update_frequency": 1,
        "chrono.route_sae.tokens_per_update": 32,
        "chrono.route_sae.route": "none",
        "chrono.route_sae.seeds": 1,
        "chrono.feature_alignment.every_n_steps": 2,
        "chrono.checkpointing.checkpoint_every_n_steps": 4,
        "chrono.temporal_purity.compute_every_n_steps": 2,
        "chrono.temporal_purity.probe_tokens": 128,
        "chrono.temporal_purity.window_size": 1,
        "chrono.monitoring.update_interval": 2,
        "chrono.monitoring.dashboard_enabled": False,
        "model.vocab_size": 300,
        "experiment.max_memory_gb": None,
        "experiment.max_training_hours": None,
    }
    values |= {key.replace("__", "."): value for key, value in changes.items()}
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


TINY = {"model__shape__layers": 2, "model__shape__hidden": 32, "model__shape__heads": 2}


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


def cached(repository: str, kind: str, source: Path, cache: Path) -> None:
    """Put files into the hub's cache as a download of the repository leaves them."""
    place = cache / f"{kind}s--{repository.replace('/', '--')}"
    shutil.copytree(source, place / "snapshots" / "a1")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("a1")


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train(config="nowhere.yaml"), "nowhere.yaml: no such configuration"),
        (lambda: quick("gema"), "quick knows gemma-2b, llama-3-8b, tiny"),
        (lambda: train(config="tiny", set=["model.tipe=x"]), 'did you mean "model.type"'),
        (lambda: quick("gemma-2b", offline=True), "google/gemma-2b: not in the hub's cache here, and --offline"),
        (
            lambda: quick("llama-3-8b", offline=True, set=["model.source=local"]),
            "models/llama-3-8b: no such folder; put the weights there, or set model.source: huggingface",
        ),
        (
            lambda: quick("tiny", set=["environment.platform=colab"]),
            "environment.colab.drive_path /content/drive/MyDrive: not there; mount the drive",
        ),
        (lambda: quick("tiny", data=[Path("nowhere.jsonl")]), "nowhere.jsonl: no such file or folder"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    call: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as found:
        call()
    assert message in str(found.value)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "outputs" / "chrono").exists()


def test_too_little_memory_is_said_before_training(text: dict[str, str], tmp_path: Path) -> None:
    changes = small(text, experiment__max_memory_gb=0.0001, **TINY)
    with pytest.raises(UserError, match=r"experiment.max_memory_gb 0.0001: this run is reckoned to take 0.0\d+ GB"):
        quick("tiny", output_dir=tmp_path / "chrono", offline=True, set=changes)
    assert not (tmp_path / "chrono").exists()


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


def test_rows_longer_than_the_context_are_refused(text: dict[str, str], model_folder: Path, tmp_path: Path) -> None:
    folder = gated("llama-3-8b", tmp_path / "weights", model_folder)
    settings = {"model__source": "local", "model__paths__llama-3-8b__local": str(folder)}
    with pytest.raises(UserError, match=r"dataset.max_length 128: longer than the context of .* \(64 tokens\)"):
        quick("llama-3-8b", output_dir=tmp_path / "chrono", set=small(text, dataset__max_length=128, **settings))


def test_what_the_loop_refuses_is_said_in_keys(text: dict[str, str], tmp_path: Path) -> None:
    changes = small(text, chrono__route_sae__layers=[9], **TINY)
    with pytest.raises(UserError, match="layer 9: this model has blocks 0 to 1"):
        quick("tiny", output_dir=tmp_path / "chrono", set=changes)
    changes = small(text, chrono__temporal_purity__probe_tokens=10**6, **TINY)
    with pytest.raises(UserError, match=r"lower chrono\.temporal_purity\.probe_tokens"):
        quick("tiny", output_dir=tmp_path / "chrono", set=changes)
