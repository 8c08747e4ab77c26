"""`formation configs` and `formation create-config`: the configurations there are, and a new one."""

import re
from pathlib import Path
from typing import Any

import yaml

from chronolect.artifacts import write_bytes
from chronolect.errors import UserError, did_you_mean
from chronolect.formation.membench.config.files import build, preset_names, preset_path, read_layers

FOLDER = Path("configs")


def configs(*, folder: Path = FOLDER) -> dict[str, Any]:
    """List the shipped presets and the configurations of a folder, with what each trains.

    Args:
        folder: Folder of your own configurations.

    Returns:
        Under `presets` and `own` (by path): model, steps, datasets with their shares, latents and dropout rate; under `faulty` those that cannot
        be read, with why.
    """
    own: dict[str, Any] = {}
    faulty: dict[str, str] = {}
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            own[str(path)] = _summary(path)
        except UserError as error:
            faulty[str(path)] = str(error)
    presets = {name: _summary(preset_path(name)) for name in preset_names()}
    lines = [_line(name, found) for name, found in {**presets, **own}.items()]
    lines += [f"{path}: cannot be read: {why}" for path, why in faulty.items()]
    return {"presets": presets, "own": own, "faulty": faulty, "screen": "\n".join(lines)}


def create_config(
    name: str,
    *,
    model_type: str = "gemma-2b",
    temporal_dropout_rate: float | None = None,
    sae_latent_dim: int | None = None,
    max_steps: int | None = None,
    folder: Path = FOLDER,
    force: bool = False,
) -> dict[str, Any]:
    """Write a configuration that extends a shipped one and names what differs.

    Args:
        name: Its name; the file is `FOLDER/NAME.yaml`, the run's folder `outputs/NAME`.
        model_type: `gemma-2b`, `llama-3-8b` or `tiny`, whose preset it extends; or another type of `model.paths`, on the defaults.
        temporal_dropout_rate: `chrono.temporal_dropout.initial_rate`; 0 for none.
        sae_latent_dim: `chrono.route_sae.latent_dim`.
        max_steps: `training.max_steps`.
        folder: Folder to write to.
        force: Replace a file of that name.

    Returns:
        The file's path, and what it comes to.

    Raises:
        UserError: For a name that is no file name, a file that is there, an unknown model, a value out of range.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise UserError(f"{name}: letters, digits, -, _ and . only; it becomes the file's name")
    path = folder / f"{name}.yaml"
    if path.exists() and not force:
        raise UserError(f"{path}: is there already; replace it with --force")
    types = [*build(read_layers(None)).model.paths, "tiny"]
    if model_type not in types:
        raise UserError(
            f"--model-type {model_type}: unknown; one of {', '.join(types)}{did_you_mean(model_type, types)}"
        )
    content: dict[str, Any] = {"extends": model_type if model_type in preset_names() else "chrono_membench"}
    if model_type not in preset_names():
        content["model"] = {"type": model_type}
        content["training"] = {"training_type": "fine_tuning"}  # the default adapters name the layers of a Llama
    chrono: dict[str, Any] = {}
    if temporal_dropout_rate is not None:
        chrono["temporal_dropout"] = {
            "enabled": temporal_dropout_rate > 0,
            "initial_rate": temporal_dropout_rate,
        }
    if sae_latent_dim is not None:
        chrono["route_sae"] = {"latent_dim": sae_latent_dim}
    if max_steps is not None:
        content["training"] = {**content.get("training", {}), "max_steps": max_steps}
    content |= {"chrono": chrono} if chrono else {}
    content |= {"environment": {"output_dir": f"outputs/{name}"}, "experiment": {"name": name}}
    write_bytes(path, yaml.safe_dump(content, sort_keys=False).encode())
    try:
        summary = _summary(path)
    except UserError:
        path.unlink()
        raise
    return {"config": str(path), **summary}


def _summary(path: Path) -> dict[str, Any]:
    from chronolect.formation.membench.config.resolve import resolve  # brings torch along

    layers = read_layers(path)
    resolve(layers)
    config = build(layers)
    dropout, sae = config.chrono.temporal_dropout, config.chrono.route_sae
    return {
        "model": config.model.type,
        "steps": config.training.max_steps,
        "datasets": config.dataset.mixing_ratios,
        "latents": (sae.latent_dim or "8 x width") if sae.enabled else None,
        "temporal_dropout": dropout.initial_rate if dropout.enabled else 0.0,
        "about": config.experiment.description,
    }


def _line(name: str, found: dict[str, Any]) -> str:
    data = ", ".join(f"{source} {share:.0%}" for source, share in found["datasets"].items())
    latents = f"{found['latents']} latents" if found["latents"] else "no autoencoder"
    return (
        f"{name}: {found['model']}, {found['steps']:,} steps; {latents}, dropout {found['temporal_dropout']:g}; {data}"
    )
