"""What a router and its autoencoder do on the probe, written as a snapshot: the counterpart, for several layers, of `track/measuring.py`."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor

from chronolect.artifacts import read_json, write_json
from chronolect.formation.analysis.snapshots import Snapshot, save_snapshot
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.probe import Probe
from chronolect.formation.routing.files import save_route
from chronolect.formation.routing.model import RouteSae, take_layer
from chronolect.formation.routing.report import choices, combine_reports, router_agreement, router_report
from chronolect.formation.routing.splicing import routed_splice_measures
from chronolect.formation.sae.measures import codes_of, measure_sae
from chronolect.formation.track.measuring import without_rows

ROUTER_REPORT, _CHOICES = "router_report.json", "router_choices.safetensors"
_ENCODED = 2048  # tokens at a time


@dataclass(frozen=True)
class RoutedActivations:
    """The activations of a model on the probe, of several layers.

    Attributes:
        model: The model.
        found: float32 [N, R, d], in a file.
        kept: bool [N]: tokens that are sinks in none of the layers.
        spliced: Rows to splice reconstructions into, with what counts in them; none for no splicing.
        judge: An autoencoder of random layers to judge routers by; None for none.
    """

    model: Any
    found: NDArray[np.float32]
    kept: NDArray[np.bool_]
    spliced: list[tuple[Tensor, Tensor]]
    judge: RouteSae | None

    def splices(self, routes: Sequence[RouteSae]) -> list[dict[str, Any]]:
        """What the model loses to each of them (see `routed_splice_measures`); nothing where nothing is spliced."""
        if not self.spliced:
            return [{} for _ in routes]
        found = [routed_splice_measures(self.model, route, self.spliced) for route in routes]
        return [{key: value for key, value in one.items() if key not in ("tokens", "replaced")} for one in found]

    def snapshot(
        self, route: RouteSae, folder: Path, *, step: int, measures: dict[str, Any], metadata: dict[str, Any]
    ) -> dict[str, Any]:
        """Write a router with its autoencoder, its report and its snapshot into `folder`.

        `explained_variance` and the like are of the states that the router chose, in normalised units. Which those are is its own choice, so
        they are not comparable with an autoencoder's of one layer (router_report.json has them layer by layer).

        Args:
            route: The router and its autoencoder.
            folder: Made where it is not there.
            step: Of the language model.
            measures: What is known of it beside what is measured here.
            metadata: Where it comes from.

        Returns:
            All measures.
        """
        device = route.router.device
        codes = codes_of(route, self._batches(device))  # type: ignore[arg-type]  # it encodes as one does

        def chosen() -> Iterator[Tensor]:
            for x in self._batches(device, kept_only=True):
                place, share = route.choice(x)
                yield take_layer(route.normalised(x), place) * share[:, None]

        measured = measure_sae(route.sae, chosen())
        measured |= measures
        save_route(folder, route, metadata=metadata)
        judged = router_report(route, self._batches(device, kept_only=True), judge=self.judge)
        write_json(folder / ROUTER_REPORT, judged)
        save_file({"places": choices(route, self._batches(device)).astype(np.uint8)}, folder / _CHOICES)
        decoder = route.W_dec.detach().cpu().numpy()
        save_snapshot(folder, Snapshot(step, without_rows(codes, ~self.kept), decoder, measured))
        return measured

    def _batches(self, device: torch.device, *, kept_only: bool = False) -> Iterator[Tensor]:
        for first in range(0, len(self.found), _ENCODED):
            piece = slice(first, first + _ENCODED)
            x = self.found[piece][self.kept[piece]] if kept_only else self.found[piece]
            if len(x):
                yield torch.from_numpy(np.array(x)).to(device)


def read_routed_probe(
    model: Any,
    layers: Sequence[int],
    probe: Probe,
    file: Path,
    *,
    rows: int,
    spliced_tokens: int,
    bfloat16: bool,
    name: str,
    judge: RouteSae | None,
) -> RoutedActivations:
    """Read a model's activations of several layers on the probe; as `track.measuring.read_probe`, 4·N·R·d bytes in `file`."""
    shape = (probe.num_tokens, len(layers), model.config.get_text_config().hidden_size)
    found = np.memmap(file, np.float32, "w+", shape=shape)
    kept = np.empty(probe.num_tokens, bool)
    first = 0
    for x, real in ActivationStream(model, layers, probe.rows(rows), bfloat16=bfloat16, name=name).forward():
        found[first : first + len(x)], kept[first : first + len(x)] = x.cpu().numpy(), real.cpu().numpy()
        first += len(x)
    device = next(model.parameters()).device
    chosen = itertools.islice(probe.rows(1), math.ceil(spliced_tokens / probe.input_ids.shape[1]))
    spliced = [(ids.to(device), counted.to(device)) for ids, counted in chosen]
    return RoutedActivations(model, found, kept, spliced, judge)


def read_routing(series: Sequence[Sequence[Path]]) -> dict[str, Any]:
    """The routers of several seeds at their last snapshot, as `combine_reports`, and whether they still choose as they did.

    Args:
        series: Of each seed, the folders of its snapshots by step.

    Returns:
        Also `agreement`: of each snapshot with the one before, `from_step`, `to_step`, and the seeds' mean share of probe tokens that are
        read at the same layer, `agreement`, and `kappa`, the same beyond chance. None where there is no router.
    """
    combined = combine_reports([read_json(places[-1] / ROUTER_REPORT) for places in series])
    if combined["mean_probability"] is None:
        return combined | {"agreement": None}
    return combined | {"agreement": [_agreement(pairs) for pairs in zip(*map(itertools.pairwise, series), strict=True)]}


def _agreement(pairs: Sequence[tuple[Path, Path]]) -> dict[str, Any]:
    before, after = (int(place.name.removeprefix("step-")) for place in pairs[0])
    found = []
    for pair in pairs:
        layers = len(read_json(pair[0] / ROUTER_REPORT)["layers"])
        found.append(router_agreement(*(load_file(place / _CHOICES)["places"] for place in pair), layers=layers))
    kappas = [one["kappa"] for one in found if one["kappa"] is not None]
    return {
        "from_step": before,
        "to_step": after,
        "agreement": fmean(one["agreement"] for one in found),
        "kappa": fmean(kappas) if kappas else None,
    }
