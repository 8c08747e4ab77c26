"""`formation train` and `formation quick`: a run from a configuration, in Chrono-MemBench's words."""

import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import torch
from cyclopts import Parameter

from chronolect.console import say
from chronolect.errors import UserError
from chronolect.formation.membench.config.files import Layers, parse_change, preset_names, preset_path, read_layers
from chronolect.formation.membench.config.flags import in_keys
from chronolect.formation.membench.config.plan import RunPlan
from chronolect.formation.membench.config.resolve import resolve
from chronolect.formation.membench.outcome import compare_ablations, complete_report, link
from chronolect.formation.membench.preparation import Prepared, check_memory, data_folder, prepare
from chronolect.formation.membench.training_log import LOG, logged
from chronolect.formation.online.command import train_formation
from chronolect.formation.reporting import REPORT
from chronolect.report.build import build_report
from chronolect.training.pretrain import train_pretrain
from chronolect.training.tracking import require_trackers

_QUICK = ("gemma-2b", "llama-3-8b", "tiny")
Change = tuple[str, Any, str]  # key, value, what set it


def train(
    *,
    config: str,
    output_dir: Path | None = None,
    sae_enabled: bool | None = None,
    feature_alignment_enabled: bool | None = None,
    temporal_dropout_rate: float | None = None,
    wandb_project: str | None = None,
    set: list[str] | None = None,
    standard: bool = False,
    dry_run: bool = False,
    prepare_only: bool = False,
    offline: bool = False,
    resume_latest: Annotated[bool, Parameter(alias="--resume")] = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Train a language model as a configuration says, and follow its features on the way.

    The file need only name what differs from the defaults, or from the preset it `extends`; a flag goes before the file. Killed at any point,
    the same command with `--resume` goes on and ends with the same weights.

    Args:
        config: Configuration file, or a preset's name.
        output_dir: Folder of the run: `environment.output_dir`.
        sae_enabled: Train sparse autoencoders beside the model: `chrono.route_sae.enabled`.
        feature_alignment_enabled: Add the alignment loss: `chrono.feature_alignment.enabled`.
        temporal_dropout_rate: Dropout of encoder weights at the start, 0 for none: `chrono.temporal_dropout.initial_rate`.
        wandb_project: Send the numbers to this project of Weights & Biases: `chrono.monitoring.wandb_project` with `environment.logging.wandb`.
        set: Any other key, as `KEY=VALUE`: `chrono.route_sae.k=16`.
        standard: Train without anything of chrono: the run to compare with.
        dry_run: Show every value with its origin, and what would be run; nothing is read, fetched or written.
        prepare_only: Fetch the model, mix the data, and stop there: what several processes need to find.
        offline: Fetch nothing; models and data are those here, or in the hub's cache.
        resume_latest: Go on with the run in the folder; start it where there is none.
        overwrite: Delete the run in the folder first.

    Returns:
        Of a dry run `config` (values), `origins`, `plan` and `warnings`. Else the loop's results, `report` (path of the evaluation report),
        `final_temporal_purity`, `births`, and `ablation` where there were any.

    Raises:
        UserError: For an unknown key or a value out of range (with file and line), a model or data that are not there.
        Interrupted: After Ctrl+C, or when `experiment.max_training_hours` are over, with a checkpoint saved.
    """
    changes: list[Change] = []
    flags: dict[str, tuple[str, Any]] = {
        "--output-dir": ("environment.output_dir", str(output_dir) if output_dir else None),
        "--sae-enabled": ("chrono.route_sae.enabled", sae_enabled),
        "--feature-alignment-enabled": ("chrono.feature_alignment.enabled", feature_alignment_enabled),
        "--temporal-dropout-rate": ("chrono.temporal_dropout.initial_rate", temporal_dropout_rate),
        "--wandb-project": ("chrono.monitoring.wandb_project", wandb_project),
    }
    changes += [(key, value, flag) for flag, (key, value) in flags.items() if value is not None]
    if temporal_dropout_rate:
        changes.append(("chrono.temporal_dropout.enabled", True, "--temporal-dropout-rate"))
    if wandb_project is not None:
        changes.append(("environment.logging.wandb", True, "--wandb-project"))
    if standard:
        sections = ("temporal_dropout", "route_sae", "feature_alignment", "temporal_purity")
        changes += [(f"chrono.{section}.enabled", False, "--standard") for section in sections]
    return _run(
        _file(config),
        [*changes, *map(parse_change, set or [])],
        dry_run=dry_run,
        prepare_only=prepare_only,
        offline=offline,
        resume=resume_latest,
        overwrite=overwrite,
    )


def quick(
    model: str,
    *,
    output_dir: Path = Path("outputs/chrono"),
    data: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    set: list[str] | None = None,
    dry_run: bool = False,
    offline: bool = False,
    resume_latest: Annotated[bool, Parameter(alias="--resume")] = False,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Train with a shipped configuration. `tiny` needs no weights, no network and a minute or two.

    Args:
        model: `gemma-2b`, `llama-3-8b` or `tiny`.
        output_dir: Folder of the run.
        data: Files or folders of text (JSONL, Parquet, plain text, a corpus) in place of the configuration's sources, each taken whole.
        set: Any key, as `KEY=VALUE`.
        dry_run: Show every value with its origin, and what would be run.
        offline: Fetch nothing.
        resume_latest: Go on with the run in the folder; start it where there is none.
        overwrite: Delete the run in the folder first.

    Returns:
        As `formation train`.

    Raises:
        UserError: For an unknown model, and as `formation train`.
    """
    if model not in _QUICK:
        raise UserError(
            f"{model}: quick knows {', '.join(_QUICK)}; for others write a configuration (`chronolect formation create-config`)"
        )
    changes: list[Change] = [("environment.output_dir", str(output_dir), "--output-dir")]
    if data:
        names = [path.name.split(".")[0] for path in data]
        places = {f"{name}{i}" if names.count(name) > 1 else name: str(data[i]) for i, name in enumerate(names)}
        changes += [
            ("dataset.sources", places, "--data"),
            ("dataset.mixing_ratios", {}, "--data"),
            ("dataset.exhausted", "stop", "--data"),
        ]
    return _run(
        preset_path(model),
        [*changes, *map(parse_change, set or [])],
        dry_run=dry_run,
        prepare_only=False,
        offline=offline,
        resume=resume_latest,
        overwrite=overwrite,
    )


def _file(config: str) -> Path:
    """A file, or a preset by its name."""
    path = Path(config)
    return preset_path(config) if not path.exists() and config in preset_names() else path


def _run(
    file: Path,
    changes: list[Change],
    *,
    dry_run: bool,
    prepare_only: bool,
    offline: bool,
    resume: bool,
    overwrite: bool,
) -> dict[str, Any]:
    processes, is_first = int(os.environ.get("WORLD_SIZE", "1")), os.environ.get("RANK", "0") == "0"
    layers = read_layers(file, changes)
    plan = resolve(layers, resume=resume, overwrite=overwrite, processes=processes)
    if dry_run:
        return _dry(layers, plan)
    require_trackers(plan.training)
    _require_drive(layers)
    log = logged(plan.out, level=plan.monitoring.level) if is_first else nullcontext()
    with log, _deterministic(plan.deterministic):
        os.environ |= plan.monitoring.environment
        for warning in plan.warnings:
            say(f"warning: {warning}")
        prepared = prepare(plan, folder=data_folder(plan.out), offline=offline)
        check_memory(plan, prepared)
        if prepare_only:
            return {"corpus": str(prepared.corpus), "model": str(prepared.model or "new"), "sources": prepared.mixed}
        found, report = _one_run(plan, prepared)
        births = report["chrono_metrics"].get("births")
        results: dict[str, Any] = {
            **found,
            "out": str(plan.out),
            "report": str(plan.out / REPORT),
            "log": str(plan.out / LOG),
            "final_temporal_purity": report["chrono_metrics"]["final_temporal_purity"],
            "births": births["born"] if births else None,
        }
        if plan.ablations:
            results["ablation"] = _ablate(plan, prepared, report, offline=offline, write=is_first)
        if plan.monitoring.page and is_first:
            results["page"] = build_report([plan.out], out=plan.out / "report")["report"]
    return results


def _require_drive(layers: Layers) -> None:
    on_colab = layers["environment.platform"].value == "colab" and layers["environment.colab.mount_drive"].value
    drive = layers["environment.colab.drive_path"]
    if on_colab and not Path(drive.value).is_dir():
        raise UserError(
            f"{drive.origin}: environment.colab.drive_path {drive.value}: not there; mount the drive in the notebook "
            "(google.colab.drive.mount), or set environment.colab.mount_drive: false"
        )


def _one_run(plan: RunPlan, prepared: Prepared) -> tuple[dict[str, Any], dict[str, Any]]:
    """One run to its end: what the loop found, and the report."""
    config = replace(plan.training, sample_prompts=list(prepared.prompts))
    start: dict[str, Any] = {"model": str(prepared.model)} if prepared.model is not None else dict(plan.model.shape)
    settings: dict[str, Any] = {"out": plan.out, "shuffle": plan.data.order, "config": config, **start}
    is_first = os.environ.get("RANK", "0") == "0"  # of several processes the first one writes
    try:
        with _time_limit(plan.max_training_hours), _memory_limit(plan.max_memory_gb):
            if plan.formation is None:
                found = train_pretrain(prepared.corpus, **settings)
            else:
                found = train_formation(prepared.corpus, formation=plan.formation, **settings)
    except UserError as error:
        raise UserError(in_keys(str(error))) from error
    finally:
        if is_first and (plan.out / "config.json").is_file():
            link(plan)
    return found, complete_report(plan, prepared, found, write=is_first)


def _ablate(plan: RunPlan, prepared: Prepared, report: dict[str, Any], *, offline: bool, write: bool) -> dict[str, Any]:
    """The runs beside the main one, each without a part of it, on the same data unless those are the part."""
    reports: dict[str, Mapping[str, Any]] = {}
    for name, variant in plan.ablations.items():
        say(f"ablation {name}: {variant.out}")
        own = prepared
        if variant.data != plan.data:
            own = prepare(variant, folder=data_folder(variant.out), offline=offline)
        _, reports[name] = _one_run(variant, own)
    return compare_ablations(plan, report, reports, write=write)


@contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    """Hold PyTorch to algorithms that give the same bits each time; where it has none, it warns."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS may add in another order
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


@contextmanager
def _time_limit(hours: float | None) -> Iterator[None]:
    """Ask the run to stop after so much time, as Ctrl+C does: it saves a checkpoint, and the schedule is not moved."""
    if hours is None:
        yield
        return

    def stop() -> None:
        say(f"experiment.max_training_hours: {hours:g} hours are over")
        os.kill(os.getpid(), signal.SIGTERM)

    timer = threading.Timer(hours * 3600, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _memory_limit(gigabytes: float | None) -> Iterator[None]:
    """Hold PyTorch's allocator on a GPU to so much; it then says that memory is out."""
    if gigabytes is not None and torch.cuda.is_available():
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes * 1e9 / whole))
    yield


def _dry(layers: Layers, plan: RunPlan) -> dict[str, Any]:
    """Every value with its origin, and what would be run."""
    described = {name: value for name, value in asdict(plan).items() if name not in ("ablations", "settings")}
    width = max(map(len, layers))
    lines = [f"{key:<{width}}  {found.value!s:<24}  {found.origin}" for key, found in layers.items()]
    steps, training = plan.training.max_steps, plan.training
    per_step = plan.data.tokens // (steps or 1)
    lines += [
        "",
        f"{plan.model.place or 'a new model'} for {steps:,} steps of {per_step:,} tokens ({plan.data.tokens:,} in all), in {plan.out}",
        _said_of_features(plan),
        *(f"ablation {name}: {variant.out}" for name, variant in plan.ablations.items()),
        *(f"warning: {warning}" for warning in plan.warnings),
    ]
    if training.track:
        lines.append(f"also sends its numbers to: {', '.join(training.track)}")
    return {
        "config": dict(plan.settings),
        "origins": {key: found.origin for key, found in layers.items()},
        "plan": json.loads(json.dumps(described, default=str)),
        "warnings": list(plan.warnings),
        "screen": "\n".join(lines),
    }


def _said_of_features(plan: RunPlan) -> str:
    formation = plan.formation
    if formation is None:
        return "no features are followed"
    if not formation.sae:
        return f"no features are followed; {formation.alignment} is added to the loss"
    latents = f"{formation.sae_latents:,}" if formation.sae_latents else "eight times the width in"
    return (
        f"{formation.sae_seeds} autoencoders of {latents} latents ({formation.sae_architecture}, route {formation.route}) take a step at every "
        f"{formation.update_frequency} of the model's; a snapshot every {formation.snapshot_every:,} steps"
    )
