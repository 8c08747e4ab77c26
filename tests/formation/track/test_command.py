"""`formation track` as a whole."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.formation.track.conftest import STEPS, tiny

from chronolect.artifacts import source_commit
from chronolect.errors import UserError
from chronolect.formation.analysis.series import Series
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.probe import Probe
from chronolect.formation.reporting import read_series
from chronolect.formation.routing.files import load_route
from chronolect.formation.sae.files import load_sae
from chronolect.formation.sae.measures import measure_sae
from chronolect.formation.track.command import _told, formation_track
from chronolect.formation.track.reinitialised import reinitialise
from chronolect.models.loading import load_model

# Runs in a process of its own, which dies when half of the second checkpoint's snapshots are written.
ALONE = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from chronolect.formation.track import measuring
from chronolect.formation.track.command import formation_track
from tests.formation.track.conftest import tiny
run, packed, out = map(Path, sys.argv[1:])
written = []
save = measuring.save_snapshot
def save_or_die(*arguments):
    if len(written) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    written.append(save(*arguments))
measuring.save_snapshot = save_or_die
formation_track(run=run, out=out, corpus=packed, steps=[0, 4, 8], config=tiny(kinds=["warm"]))
"""


@pytest.fixture(scope="module")
def report(tracked: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tracked / "evaluation_report.json").read_text())
    return found


@pytest.fixture(scope="module")
def series(tracked: Path) -> dict[str, Series]:
    return {f"{one.group}-seed{one.seed}": one for one in read_series(tracked)}


@pytest.fixture
def pair(run: Path, tmp_path: Path) -> list[Path]:
    """Model folders of two steps, free to be changed."""
    for step in (0, 32):
        (tmp_path / f"step{step}").mkdir()
        for name in ("config.json", "model.safetensors"):
            shutil.copy(run / f"checkpoint-{step}" / name, tmp_path / f"step{step}")
    return [tmp_path / "step0", tmp_path / "step32"]


def quick(**settings: Any) -> Any:
    """The shortest that there is."""
    return tiny(**{"seeds": 1, "sae_tokens": 512, "cards": 0, "resamples": 10, **settings})


def cosines(one: Series, place: int) -> float:
    """Mean cosine of the decoder rows of the same index at a checkpoint and the one before."""
    return float((one.snapshots[place].decoder * one.snapshots[place - 1].decoder).sum(axis=1).mean())


def test_the_report_has_the_groups_and_fields_that_readers_know(report: dict[str, Any], packed: Path) -> None:
    info, metrics = report["experiment_info"], report["chrono_metrics"]
    assert report["schema_version"] == 1
    assert (info["model_type"], info["total_steps"], info["layers"]) == ("llama", 32, [1])
    assert info["datasets_used"] == [packed.name]
    assert [checkpoint["step"] for checkpoint in info["checkpoints"]] == STEPS == metrics["steps"]
    losses = [checkpoint["loss"] for checkpoint in info["checkpoints"]]
    assert losses[0] == pytest.approx(math.log(320), rel=0.05)
    assert losses[-1] < losses[0] / 2
    assert metrics["temporal_purity_scores"][:2] == [None, None]  # before the window: undefined, not 0
    assert metrics["purity"]["raw"][-1] is not None
    assert len(metrics["purity"]["raw"]) == len(STEPS)
    assert set(metrics["purity"]["by_seed"]) == {"0", "1"}
    assert {"feature_birth_events", "final_temporal_purity", "births", "turnover"} <= metrics.keys()
    assert report["training_config"]["latents"] == 64
    assert report["provenance"]["seeds"] == [0, 1]
    assert report["provenance"]["commit"] == source_commit()


def test_autoencoders_are_tried_on_the_activations_of_every_checkpoint(report: dict[str, Any]) -> None:
    found = report["chrono_metrics"]["cross_reconstruction"]
    assert [len(row) for row in found] == [len(STEPS)] * len(STEPS)
    own = [record["explained_variance"] for record in report["saes"] if record["series"] == "base-cold-seed0"]
    assert [row[place] for place, row in enumerate(found)] == pytest.approx(own, abs=0.02)
    assert all(found[0][place] < found[place][place] for place in (2, 3, 4))


def test_every_autoencoder_is_told_of(report: dict[str, Any], tracked: Path) -> None:
    found = {(record["series"], record["step"]) for record in report["saes"]}
    expected = {(f"base-{kind}-seed{seed}", step) for kind in ("cold", "warm") for seed in (0, 1) for step in STEPS}
    expected |= {(f"random-init-cold-seed{seed}", 32) for seed in (0, 1)}
    expected |= {("reference-cold-seed0", step) for step in STEPS}
    expected |= {(f"no-change-warm-seed{seed}", 32 + turn) for seed in (0, 1) for turn in (1, 2, 3)}
    assert found == expected
    for record in report["saes"]:
        assert record["tokens_trained"] == (8192 if record["condition"] == "reference" else 4096)
        folder = tracked / "series" / record["series"] / f"step-{record['step']}"
        assert {"cfg.json", "sae_weights.safetensors", "codes.safetensors", "measures.json"} <= set(os.listdir(folder))
        assert record["explained_variance"] <= 1
        assert record["ce_spliced"] == pytest.approx(record["ce"] + record["delta_ce"])


def test_a_snapshot_is_what_its_autoencoder_does_on_the_probe(
    tracked: Path, run: Path, series: dict[str, Series]
) -> None:
    model = load_model(run / "checkpoint-16").eval()
    probe = Probe.load(tracked / "probe")
    x, kept = map(torch.cat, zip(*ActivationStream(model, [1], probe.rows(7)).forward(), strict=True))
    folder = tracked / "series" / "base-warm-seed1" / "step-16"
    sae = load_sae(folder)
    snapshot = series["base-warm-seed1"].snapshots[STEPS.index(16)]
    codes = sae.encode(x[kept]).detach().numpy()
    assert np.allclose(snapshot.codes.toarray()[kept.numpy()], codes, atol=1e-4)
    assert snapshot.codes[~kept.numpy()].nnz == 0
    assert snapshot.measures["explained_variance"] == pytest.approx(
        measure_sae(sae, [x[kept]])["explained_variance"], abs=1e-4
    )
    assert np.allclose(snapshot.decoder, sae.W_dec.detach().numpy())


def test_cold_autoencoders_begin_anew_at_each_checkpoint_and_warm_ones_where_they_were(
    series: dict[str, Series],
) -> None:
    for place in (1, 2, 3, 4):
        assert abs(cosines(series["base-cold-seed0"], place)) < 0.1
        assert cosines(series["base-warm-seed0"], place) > 0.5
    # at the first checkpoint there is nothing to begin from
    first = [series[f"base-{kind}-seed0"].snapshots[0] for kind in ("cold", "warm")]
    assert (first[0].decoder == first[1].decoder).all()


def test_conditions_do_what_they_say(series: dict[str, Series], report: dict[str, Any]) -> None:
    # the same checkpoint over and over: the autoencoders go on from the base's warm ones
    unchanged = series["no-change-warm-seed1"].snapshots
    base = series["base-warm-seed1"].snapshots[-1]
    assert float((unchanged[0].decoder * base.decoder).sum(axis=1).mean()) > 0.5
    assert report["controls"]["base-warm"]["purity"]["ceiling"] is not None
    # what the untrained model shows stands beside
    found = report["controls"]["random-init"]
    assert found["features_found"]["n"] > 0
    assert 0 <= found["features_found"]["low"] <= found["features_found"]["high"] <= 1


def test_convergence_is_judged_by_what_was_trained_for_longer(report: dict[str, Any]) -> None:
    reached: dict[str, list[tuple[int, float]]] = {"base": [], "reference": []}
    for record in report["saes"]:
        if record["kind"] == "cold" and record["condition"] in reached:
            reached[record["condition"]].append((record["step"], record["explained_variance"]))
    assert not any("neighbouring checkpoints only" in warning for warning in report["warnings"])
    for place, (step, wanted) in enumerate(reached["reference"][2:], start=2):
        mean = np.mean([variance for own, variance in reached["base"] if own == step])
        if mean < wanted - 0.02:
            assert report["chrono_metrics"]["purity"]["gate"][place] == "not converged"


def test_a_crosscoder_gives_a_second_opinion(report: dict[str, Any]) -> None:
    found = report["controls"]["crosscoder"]
    assert found["tokens"] == 4096
    assert found["births"]["curve"]["steps"] == STEPS
    assert [loss["reconstruction"] < 1 for loss in found["losses"]] == [True, True]


def test_routers_of_the_last_checkpoint_are_judged(report: dict[str, Any], tracked: Path) -> None:
    found = report["routing"]
    assert (found["mode"], found["layers"], found["step"]) == ("advantage", [0, 1], 32)
    assert found["adjusted_regret"]["n"] == 2
    assert found["informative"] is None  # two seeds are too few to say
    judged = found["impartial"]["explained_variance_routed"]
    assert judged["n"] == 2
    assert judged["value"] != found["explained_variance_routed"]["value"]
    assert len(found["splice"]) == 2
    assert load_route(tracked / "routes" / "seed1").layers == (0, 1)


def test_what_was_logged_is_there_in_order(tracked: Path) -> None:
    records = [json.loads(line) for line in (tracked / "metrics.jsonl").read_text().splitlines()]
    snapshots = [(record["series"], record["checkpoint"]) for record in records if record["kind"] == "snapshot"]
    assert len(snapshots) == len(set(snapshots)) == 5 * len(STEPS) + 2 + 6
    others = [f"{name}-seed{seed}" for name in ("crosscoder", "route") for seed in (0, 1)]
    assert [record["series"] for record in records[-4:]] == others
    assert [step for name, step in snapshots if name == "base-cold-seed0"] == STEPS
    assert all(math.isfinite(record["reconstruction"]) for record in records if record["kind"] == "formation")


@pytest.mark.slow
def test_a_killed_run_goes_on_behind_the_checkpoint_it_finished_to_the_same_bytes(
    run: Path, packed: Path, tracked: Path, tmp_path: Path
) -> None:
    out, partial = tmp_path / "out", tmp_path / ".out.partial"
    died = subprocess.run([sys.executable, "-c", ALONE, str(run), str(packed), str(out)], capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert not out.exists()
    assert [file.name for file in (partial / ".scratch").glob("*.json")] == ["checkpoint-0.json"]
    finished, left = (partial / "series" / f"base-warm-seed0/step-{step}/codes.safetensors" for step in (0, 4))
    times = [file.stat().st_mtime_ns for file in (finished, left)]
    formation_track(run=run, out=out, corpus=packed, steps=[0, 4, 8], config=tiny(kinds=["warm"]))
    again = [(out / file.relative_to(partial)).stat().st_mtime_ns for file in (finished, left)]
    assert again[0] == times[0]
    assert again[1] > times[1]
    # a series does not depend on what else is followed beside it
    files = [
        path.relative_to(out) for folder in ("series", "probe", "tokenizer") for path in (out / folder).rglob("*.*")
    ]
    assert len(files) == 2 * 3 * 4 + 2 + len(list((out / "tokenizer").iterdir()))
    for file in files:
        assert (out / file).read_bytes() == (tracked / file).read_bytes(), file
    logged = (tracked / "metrics.jsonl").read_text().splitlines()
    for line in (out / "metrics.jsonl").read_text().splitlines():
        assert line in logged
    saes = [json.loads((folder / "evaluation_report.json").read_text())["saes"] for folder in (out, tracked)]
    assert all(record in saes[1] for record in saes[0])


def test_activations_that_are_no_numbers_are_refused_by_the_checkpoints_name(
    pair: list[Path], packed: Path, tmp_path: Path
) -> None:
    weights = load_file(pair[1] / "model.safetensors")
    weights["model.layers.0.mlp.down_proj.weight"][3, 5] = 3e38  # a number, but nothing that is multiplied by it
    save_file(weights, pair[1] / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="step32: activations after block 1 hold values that are no numbers"):
        formation_track(pair, out=tmp_path / "out", corpus=packed, config=quick())
    assert not (tmp_path / "out").exists()


def test_a_step_0_that_knows_something_is_warned_of_and_so_is_a_narrow_dictionary(
    pair: list[Path], packed: Path, tmp_path: Path
) -> None:
    weights = [folder / "model.safetensors" for folder in pair]
    first, last = (file.read_bytes() for file in weights)
    weights[0].write_bytes(last)
    weights[1].write_bytes(first)
    found = formation_track(pair, out=tmp_path / "out", corpus=packed, config=quick(latents=32))
    # and what the analysis has to say of so short a series
    assert "--latents 32: not above the model's width (32)" in found["warnings"][0]
    assert "its loss at step 0 is" in found["warnings"][1]
    assert json.loads((tmp_path / "out" / "evaluation_report.json").read_text())["warnings"] == found["warnings"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layer": 2}, "layer 2: this model has blocks 0 to 1"),
        ({"probe_tokens": 1_000_000}, "too few tokens"),
        ({"sae_tokens": 100_000, "batch_tokens": 100_000}, "left to learn from"),
        ({"route": "paper", "route_layers": [0, 3]}, "layer 3: this model has blocks 0 to 1"),
        ({"route": "paper", "route_layers": [1]}, "--route-layers 1: give at least two"),
        ({"seq_len": 64}, "--seq-len 64: .* reads 32 tokens at most"),
    ],
)
def test_settings_that_do_not_fit_the_model_or_the_text_are_refused(
    run: Path, packed: Path, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        formation_track(run=run, out=tmp_path / "out", corpus=packed, steps=[0, 32], config=quick(**settings))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sae_tokens": 100}, "less than one batch"),
        ({"kinds": ["lukewarm"]}, "--kinds lukewarm: unknown; cold or warm"),
        ({"conditions": ["base", "random_init"]}, "random_init.*did you mean"),
        ({"conditions": ["l2"]}, "judged beside base"),
        ({"seeds": 0}, "--seeds must be at least 1"),
        ({"dropout_rate": 0.1, "dropout_min_rate": 0.2}, "min_rate"),
        ({"on": 0.2, "off": 0.3}, "off"),
        ({"route_layers": [0, 1]}, "--route-layers belongs to --route"),
        ({"route": "papre"}, "did you mean"),
        ({"k": 100, "latents": 64}, "k must be"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_read(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        tiny(**settings)


def test_a_reinitialised_model_has_the_norms_and_none_of_the_knowledge(run: Path) -> None:
    model: Any = load_model(run / "checkpoint-32")
    before = {name: weights.clone() for name, weights in model.requires_grad_(False).named_parameters()}
    reinitialise(model, seed=1)
    for name, weights in model.named_parameters():
        assert float(weights.norm()) == pytest.approx(float(before[name].norm()), rel=1e-4)
        if weights.ndim == 2:
            assert abs(float((weights * before[name]).sum() / weights.norm() ** 2)) < 0.2
        else:
            assert torch.equal(weights, before[name])


def test_rows_are_as_long_as_the_model_reads_where_nothing_is_said(
    pair: list[Path], packed: Path, tmp_path: Path
) -> None:
    formation_track(pair, out=tmp_path / "out", corpus=packed, config=quick(seq_len=None))
    assert Probe.load(tmp_path / "out" / "probe").input_ids.shape[1] == 32
    report = json.loads((tmp_path / "out" / "evaluation_report.json").read_text())
    assert report["training_config"]["seq_len"] == 32


def test_what_is_said_of_a_checkpoint_keeps_cold_and_warm_apart() -> None:
    saes = [
        {"condition": condition, "kind": kind, "explained_variance": value, "l0": 4.0, "dead_share": 0.1}
        for condition, kind, value in [
            ("base", "cold", 0.2),
            ("base", "cold", 0.4),
            ("base", "warm", 0.9),
            ("l2", "cold", 0.0),
        ]
    ]
    assert _told(saes) == (
        "cold: explained variance 0.300, L0 4.0, dead 10.0%; warm: explained variance 0.900, L0 4.0, dead 10.0%"
    )
