"""Following features during a run: the model is what it would be without, a killed run goes on to the same, the report is that of a track."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.formation.online.settings import formation, training

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.online.snapshots import Snapshots
from chronolect.formation.reporting import read_series
from chronolect.formation.routing.files import load_route
from chronolect.formation.sae.files import load_sae
from chronolect.training.checkpoints import checkpoints, fault
from chronolect.training.data import PackedCorpus
from chronolect.training.interrupts import Interrupted
from chronolect.training.loop import Loop
from chronolect.training.pretrain import train_pretrain

Follow = Callable[..., dict[str, Any]]
CLOCK = {"seconds", "tokens_per_s", "mfu", "training_time"}


def records(run: Path, *kinds: str) -> list[dict[str, Any]]:
    """Records of a run of these kinds without what depends on the clock."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k not in CLOCK} for line in lines if line["kind"] in kinds]


def weights(run: Path, name: str = "model") -> dict[str, torch.Tensor]:
    """The weights at the end of a run."""
    return load_file(run / f"final/{name}.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether two sets of weights are the same to the bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def series(run: Path) -> dict[str, bytes]:
    """All files of a run's snapshots and of its report, what depends on the clock aside."""
    report = read_json(run / "evaluation_report.json")
    for key in ("throughput", "training_config"):  # speeds; whether it was resumed
        report.pop(key)
    report["experiment_info"].pop("training_time")
    files = {str(file.relative_to(run)): file.read_bytes() for file in (run / "series").rglob("*") if file.is_file()}
    return {**files, "report": json.dumps(report).encode(), "cards": (run / "cards.json").read_bytes()}


def test_the_language_model_is_the_same_to_the_bit_with_and_without(plain: Path, followed: Path) -> None:
    assert same(weights(plain), weights(followed))
    assert records(plain, "train", "eval") == records(followed, "train", "eval")


def test_so_are_adapters(tmp_path: Path, packed: Path, start: str, follow: Follow) -> None:
    adapted = {"lora_r": 4, "lora_dropout": 0.2, "max_steps": 4, "eval_every": 0, "save_every": 0}
    train_pretrain(packed, out=tmp_path / "plain", model=start, token_noise=0.1, config=training(**adapted))
    follow(tmp_path / "followed", **adapted)
    assert same(weights(tmp_path / "plain", "adapter_model"), weights(tmp_path / "followed", "adapter_model"))
    assert read_json(tmp_path / "followed/evaluation_report.json")["saes"]


def test_a_run_leaves_what_a_track_leaves(followed: Path) -> None:
    report = read_json(followed / "evaluation_report.json")
    assert report["experiment_info"]["total_steps"] == 12
    assert [checkpoint["step"] for checkpoint in report["experiment_info"]["checkpoints"]] == [4, 8, 12]
    assert all(checkpoint["path"] and checkpoint["loss"] for checkpoint in report["experiment_info"]["checkpoints"])
    assert report["chrono_metrics"]["steps"] == [4, 8, 12]
    assert len(report["saes"]) == 6
    assert {sae["kind"] for sae in report["saes"]} == {"warm"}
    assert {sae["tokens_trained"] for sae in report["saes"] if sae["step"] == 12} == {6 * 128}
    assert report["throughput"]["autoencoder_updates"] == 6
    assert [(one.condition, one.kind, one.seed) for one in read_series(followed)] == [
        ("base", "warm", s) for s in (0, 1)
    ]
    manifest = read_json(followed / "manifest.json")
    assert manifest["command"] == "formation train"
    assert manifest["counts"]["formation"]["updates"] == 6
    sae = load_sae(followed / "series/base-warm-seed1/step-12")
    assert sae.W_enc.shape == (32, 64)
    assert (followed / "probe/probe.json").is_file()
    assert (followed / "tokenizer").is_dir()
    assert not list(followed.glob(".*probe*"))


def test_what_the_autoencoders_do_is_recorded_and_alerts_are_given(followed: Path) -> None:
    found = records(followed, "formation")
    learned = [record for record in found if "sae_reconstruction_loss" in record]
    looked = [record for record in found if "explained_variance" in record]
    assert [record["step"] for record in learned] == [3, 6, 9, 12]
    assert [record["step"] for record in looked] == [4, 8, 12]
    assert learned[-1]["sae_reconstruction_loss"] < learned[0]["sae_reconstruction_loss"]
    assert all(record["sae_l0"] == pytest.approx(4) for record in learned)
    assert learned[-1]["sae_dead"] > 0  # after a tenth of the run's tokens
    assert learned[-1]["sae_aux_loss"] > 0
    assert "temporal_purity" not in looked[0]  # no snapshot before it
    assert all(0 <= record["temporal_purity"] <= 1 for record in looked[1:] if record["features_alive"])
    assert all(record["text"] and record["series"] for record in records(followed, "alert"))


def stop_and_go_on(out: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch, what: FormationConfig) -> None:
    """The run in two parts, interrupted before its seventh step."""
    forward = Loop._step

    def stepping(loop: Loop) -> None:
        if loop.state.step == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        forward(loop)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_step", stepping)
        with pytest.raises(Interrupted, match="interrupted at step 7"):
            follow(out, what=what)
    follow(out, what=what, resume_latest=True)


def test_an_interrupted_run_goes_on_to_the_same_bits(
    tmp_path: Path, followed: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_and_go_on(tmp_path / "run", follow, monkeypatch, formation())
    assert same(weights(followed), weights(tmp_path / "run"))
    assert series(followed) == series(tmp_path / "run")
    kinds = ("train", "eval", "formation", "alert")
    assert records(followed, *kinds) == records(tmp_path / "run", *kinds)


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path, followed: Path, follow: Follow) -> None:
    child = os.fork()
    if not child:  # dies with one snapshot of step 8 in place, the other one not, and checkpoint-8 not begun
        take = Snapshots._place

        def place(snapshots: Snapshots, learner: Any, step: int) -> Path:
            if step == 8 and learner.seed == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return take(snapshots, learner, step)

        Snapshots._place = place  # type: ignore[method-assign]
        follow(tmp_path / "run")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert (tmp_path / "run/series/base-warm-seed0/step-8").is_dir()
    assert [path.name for path in checkpoints(tmp_path / "run")] == ["checkpoint-4"]
    assert fault(tmp_path / "run/checkpoint-4") is None
    follow(tmp_path / "run", resume_latest=True)
    assert same(weights(followed), weights(tmp_path / "run"))
    assert series(followed) == series(tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*.partial"))


def test_coupling_and_attention_diversity_change_the_model_and_the_report_says_so(
    tmp_path: Path, followed: Path, follow: Follow
) -> None:
    short = {"max_steps": 6, "save_every": 0, "eval_every": 0, "gradient_checkpointing": True}
    follow(tmp_path / "alone", **short)
    settings = formation(coupling=1.0, alignment="attention_diversity", alignment_every=2, save_features=False)
    follow(tmp_path / "coupled", what=settings, **short)
    assert not same(weights(tmp_path / "alone"), weights(tmp_path / "coupled"))
    found = records(tmp_path / "coupled", "formation")
    assert 0 < found[0]["attention_diversity"] <= 1
    assert found[0]["coupling"] > 0
    report = read_json(tmp_path / "coupled/evaluation_report.json")
    assert report["chrono_metrics"]["steps"] == [6]  # of save_features
    assert report["chrono_metrics"]["final_temporal_purity"] is None
    said = " ".join(report["warnings"])
    assert "attention diversity" in said
    assert "coupling" in said


def test_several_layers_are_followed_through_a_router(
    tmp_path: Path, plain: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = formation(route="advantage", sae_layers=[0, 1], sae_seeds=1, save_sae_state=False, no_change=True)
    follow(tmp_path / "run", what=settings)
    assert same(weights(plain), weights(tmp_path / "run"))
    report = read_json(tmp_path / "run/evaluation_report.json")
    assert report["experiment_info"]["layers"] == [0, 1]
    assert report["routing"]["layers"] == [0, 1]
    unchanged = [sae["step"] for sae in report["saes"] if sae["condition"] == "no-change"]
    assert unchanged == [13, 14]  # one more than the window is long
    tokens = {sae["step"]: sae["tokens_trained"] for sae in report["saes"]}
    assert tokens[14] - tokens[13] == tokens[13] - tokens[12] == tokens[12] - tokens[8] == 2 * 128
    kept = report["routing"]["agreement"]
    assert [(pair["from_step"], pair["to_step"]) for pair in kept][-1] == (8, 12)
    assert all(0 <= pair["agreement"] <= 1 for pair in kept)
    assert not (tmp_path / "run/series/base-warm-seed0/step-8/cfg.json").exists()  # of save_sae_state
    assert load_route(tmp_path / "run/series/base-warm-seed0/step-12").layers == (0, 1)
    judged = report["routing"]["impartial"]["explained_variance_routed"]
    assert judged["n"] == 1
    assert judged["value"] != report["routing"]["explained_variance_routed"]["value"]
    assert {place.name for place in (tmp_path / "run/series").iterdir()} == {"base-warm-seed0", "no-change-warm-seed0"}
    stop_and_go_on(tmp_path / "again", follow, monkeypatch, settings)  # with the judge that was saved
    assert series(tmp_path / "run") == series(tmp_path / "again")


def test_conditions_learn_beside_the_base_and_a_small_dictionary_is_warned_of(tmp_path: Path, follow: Follow) -> None:
    settings = formation(
        sae_conditions=["base", "frozen-decoder"],
        sae_latents=32,
        alignment="temporal_anchor",
        track_metrics=["explained_variance", "sae_l0"],
    )
    follow(tmp_path / "run", what=settings, max_steps=8)
    report = read_json(tmp_path / "run/evaluation_report.json")
    assert "not above the model's width" in report["warnings"][0]
    assert {sae["condition"] for sae in report["saes"]} == {"base", "frozen-decoder"}
    assert "frozen-decoder-warm" in report["controls"]
    names = {name for record in records(tmp_path / "run", "formation") for name in record}
    assert names == {"kind", "step", "explained_variance", "sae_l0"}
    frozen, trained = (
        load_sae(tmp_path / f"run/series/{name}-warm-seed0/step-8") for name in ("frozen-decoder", "base")
    )
    assert (frozen.W_dec - trained.W_dec).abs().max() > 0.01


def test_a_probe_that_is_trained_on_is_warned_of(tmp_path: Path, packed: Path, follow: Follow) -> None:
    held_out = len(PackedCorpus(packed).split("val").tokens)
    follow(tmp_path / "run", what=formation(probe_tokens=held_out), max_steps=8)
    report = read_json(tmp_path / "run/evaluation_report.json")
    assert report["experiment_info"]["probe"]["source"] == "packed/train"
    assert any("the probe is of the training split" in warning for warning in report["warnings"])


def test_without_autoencoders_there_is_a_report_of_nothing(tmp_path: Path, plain: Path, follow: Follow) -> None:
    result = follow(tmp_path / "run", what=formation(sae=False))
    assert same(weights(plain), weights(tmp_path / "run"))
    report = read_json(tmp_path / "run/evaluation_report.json")
    assert report["saes"] == []
    assert report["chrono_metrics"]["final_temporal_purity"] is None
    assert result["formation"] == {"report": "evaluation_report.json"}


@pytest.mark.parametrize(
    ("what", "changes", "message"),
    [
        ({"sae_layers": [2]}, {}, "layer 2: this model has blocks 0 to 1"),
        ({"probe_tokens": 10**6}, {}, "too few tokens.*--probe-tokens"),
        ({"alignment": "attention_diversity"}, {"compile": True}, "leave out --compile"),
        ({"dropout_rate": 0.2}, {"max_steps": None, "max_minutes": 1}, "--dropout-schedule.*--max-steps"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_one_line(
    tmp_path: Path, follow: Follow, what: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        follow(tmp_path / "run", what=formation(**what), **changes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alignment": "attention_diversty"}, 'did you mean "attention_diversity"'),
        ({"sae_conditions": ["base", "no-change"]}, "formation track"),
        ({"sae_conditions": ["l2"]}, "add it"),
        ({"sae_layers": [1, 2]}, "--route"),
        ({"update_frequency": 0}, "--update-frequency must be at least 1"),
        ({"sae_dead_after": 0}, "--sae-dead-after must be at least 1"),
        ({"coupling": -0.1}, "--coupling must not be negative"),
        ({"track_metrics": ["temporal_prity"]}, 'did you mean "temporal_purity"'),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        FormationConfig(**settings)
