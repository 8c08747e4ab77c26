"""A router and its autoencoder on disk: the autoencoder as any other, `router.safetensors` and `router.json` beside it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from chronolect.artifacts import read_json, write_bytes, write_json
from chronolect.errors import UserError
from chronolect.formation.routing.config import RouteConfig
from chronolect.formation.routing.model import RouteSae
from chronolect.formation.sae.files import load_sae, read_tensors, save_sae

_WEIGHTS, _CONFIG = "router.safetensors", "router.json"


def save_route(folder: Path, route: RouteSae, *, metadata: Mapping[str, Any]) -> None:
    """Write a router and its autoencoder; the latter reads normalised states, as its metadata say.

    Args:
        folder: Made where it is not there; files are replaced one by one.
        route: What is written.
        metadata: What else is worth knowing: JSON values.
    """
    routed = {"routed_layers": list(route.layers), "routed_units": route.routing.normalise}
    save_sae(folder, route.sae, hook=None, metadata={**metadata, **routed})
    tensors = {"router": route.router, "layer_scale": route.layer_scale}
    write_bytes(folder / _WEIGHTS, save({name: t.detach().cpu().contiguous() for name, t in tensors.items()}))
    write_json(folder / _CONFIG, {"layers": list(route.layers), **asdict(route.routing)})


def load_route(folder: Path) -> RouteSae:
    """Read what `save_route` wrote.

    Raises:
        UserError: Where a file is missing or broken, or the router is not of this autoencoder.
    """
    sae = load_sae(folder)
    config = read_json(folder / _CONFIG)
    layers = config.pop("layers")
    route = RouteSae(layers, sae.width, sae.config, RouteConfig(**config))
    weights = read_tensors(folder / _WEIGHTS)
    for name, expected in (("router", route.router), ("layer_scale", route.layer_scale)):
        if name not in weights or weights[name].shape != expected.shape:
            raise UserError(
                f"{folder / _WEIGHTS}: {name} is not {list(expected.shape)}; it belongs to another autoencoder"
            )
    route.sae = sae
    with torch.no_grad():
        route.router.copy_(weights["router"])
        route.layer_scale.copy_(weights["layer_scale"])
    return route
