"""Sparse autoencoders on disk: `cfg.json` and `sae_weights.safetensors`, the layout of SAELens 6, and the state of a trainer beside them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from chronolect.artifacts import read_json, write_bytes, write_json
from chronolect.errors import UserError
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import Architecture, SaeConfig
from chronolect.formation.sae.trainer import SaeTrainer

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
_TRAINER, _TRAINER_TENSORS = "trainer.json", "trainer.safetensors"
_LAYOUT = "6.0.0"  # of SAELens: what reads a file without it takes it for the one of version 5
_AT_INFERENCE: dict[Architecture, str] = {"batchtopk": "jumprelu", "topk": "topk", "relu": "standard"}
_TRAINED_AS: dict[str, Architecture] = {name: architecture for architecture, name in _AT_INFERENCE.items()}


def save_sae(folder: Path, sae: SparseAutoencoder, *, hook: str | None, metadata: Mapping[str, Any]) -> None:
    """Write an autoencoder so that `sae_lens.SAE.load_from_disk` reads it, its scale folded into the weights.

    Args:
        folder: Made where it is not there; the two files are replaced one by one.
        sae: What is written, as float32.
        hook: Where in the model it reads, in SAELens's words (`blocks.3.hook_resid_post`).
        metadata: What else is worth knowing: JSON values.
    """
    plain = sae.folded()
    tensors = {name: weights.detach().cpu().contiguous() for name, weights in plain.named_parameters()}
    architecture = _AT_INFERENCE[sae.config.architecture]
    config: dict[str, Any] = {
        "architecture": architecture,
        "d_in": sae.width,
        "d_sae": sae.config.latents,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {
            "sae_lens_version": _LAYOUT,
            "hook_name": hook,
            "training_architecture": {"relu": "standard"}.get(sae.config.architecture, sae.config.architecture),
            "k": sae.config.k,
            **metadata,
        },
    }
    if architecture == "topk":
        config |= {"k": sae.config.k, "rescale_acts_by_decoder_norm": False}
    if architecture == "jumprelu":
        tensors["threshold"] = plain.threshold.cpu().expand(sae.config.latents).contiguous()
    write_bytes(folder / WEIGHTS, save(tensors))
    write_json(folder / CONFIG, config)


def load_sae(folder: Path) -> SparseAutoencoder:
    """Read what `save_sae` wrote.

    Raises:
        UserError: Where a file is missing or broken, or holds an autoencoder of a form unknown here.
    """
    config = read_json(folder / CONFIG)
    architecture = _TRAINED_AS.get(config.get("architecture"))
    if architecture is None or config.get("rescale_acts_by_decoder_norm"):
        raise UserError(
            f"{folder / CONFIG}: no autoencoder of a form that is read here; those that were written here are, and what SAELens saves of them"
        )
    k = config.get("k") or config.get("metadata", {}).get("k") or 1
    form = SaeConfig(architecture=architecture, latents=config["d_sae"], k=k)
    sae = SparseAutoencoder(config["d_in"], form)
    weights = read_tensors(folder / WEIGHTS)
    threshold = weights.pop("threshold", torch.zeros(1))
    if float(threshold.min()) != float(threshold.max()):
        raise UserError(f"{folder / WEIGHTS}: each latent has its own threshold; only one for all is read")
    _refuse_other_shapes(weights, dict(sae.named_parameters()), folder / WEIGHTS)
    sae.load_state_dict(weights | {"threshold": threshold[0], "scale": torch.ones(())})
    return sae


def save_trainer(folder: Path, trainer: SaeTrainer) -> None:
    """Write everything that a trainer needs to go on to the same bits: `trainer.safetensors` and `trainer.json`."""
    tensors: dict[str, Tensor] = {}
    values = _without_tensors(trainer.state_dict(), tensors)
    write_bytes(folder / _TRAINER_TENSORS, save(tensors))
    write_json(folder / _TRAINER, values)


def load_trainer(folder: Path, trainer: SaeTrainer) -> None:
    """Put a trainer of the same autoencoder and settings where `save_trainer` left the other.

    Raises:
        UserError: Where a file is missing or broken, or is of an autoencoder of another shape.
    """
    state = read_json(folder / _TRAINER)
    tensors = read_tensors(folder / _TRAINER_TENSORS)
    expected: dict[str, Tensor] = {}
    _without_tensors(trainer.state_dict(), expected)
    _refuse_other_shapes(
        tensors, {name: expected[name] for name in tensors if name in expected}, folder / _TRAINER_TENSORS
    )
    for path, tensor in tensors.items():
        *parents, name = path.split("/")
        place = state
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = tensor
    trainer.load_state_dict(state)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU; a broken or missing one is a `UserError` that names it."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a whole safetensors file ({error})") from None


def _without_tensors(state: Mapping[str, Any], tensors: dict[str, Tensor], prefix: str = "") -> dict[str, Any]:
    """What of a nested state is no tensor; the tensors go into `tensors` by their path."""
    values: dict[str, Any] = {}
    for name, value in state.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            values[name] = _without_tensors(value, tensors, f"{path}/")
        elif isinstance(value, Tensor):
            tensors[path] = value.detach().cpu().contiguous()
        else:
            values[name] = value
    return values


def _refuse_other_shapes(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in expected.items():
        if name not in found or found[name].shape != tensor.shape:
            shape = list(found[name].shape) if name in found else "missing"
            raise UserError(f"{path}: {name} is {shape}, not {list(tensor.shape)}: it belongs to another autoencoder")
