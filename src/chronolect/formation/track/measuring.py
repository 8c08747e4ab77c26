"""What an autoencoder does on the probe, written as a snapshot."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from torch import Tensor

from chronolect.formation.analysis.snapshots import Snapshot, save_snapshot
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.probe import Probe
from chronolect.formation.reading.splice import splice_measures
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.files import save_sae
from chronolect.formation.sae.measures import codes_of, measure_sae

_ENCODED = 4096  # tokens encoded at a time


@dataclass(frozen=True)
class ProbeActivations:
    """The activations of a model on the probe.

    Attributes:
        model: The model.
        layer: Block they are read behind.
        found: float32 [N, d], in a file.
        kept: bool [N]: tokens that are no sinks of this model.
        spliced: Rows in which the activations are replaced by reconstructions, with what counts in them; none for no splicing.
    """

    model: Any
    layer: int
    found: NDArray[np.float32]
    kept: NDArray[np.bool_]
    spliced: list[tuple[Tensor, Tensor]]

    def sample(self, tokens: int) -> Tensor:
        """Activations of up to so many tokens, evenly spaced over the probe, sinks left out: float32 [n, d]."""
        places = np.linspace(0, len(self.found) - 1, min(tokens, len(self.found))).astype(np.int64)
        return torch.from_numpy(self.found[places[self.kept[places]]])

    def splices(self, saes: Sequence[SparseAutoencoder]) -> list[dict[str, Any]]:
        """What the model loses to each of them (see `splice_measures`); nothing where nothing is spliced."""
        if not self.spliced:
            return [{} for _ in saes]
        found = splice_measures(self.model, self.layer, saes, self.spliced)
        return [{key: value for key, value in one.items() if key not in ("tokens", "replaced")} for one in found]

    def snapshot(
        self, sae: SparseAutoencoder, folder: Path, *, step: int, measures: dict[str, Any], metadata: dict[str, Any]
    ) -> dict[str, Any]:
        """Write an autoencoder and its snapshot into `folder`. On sinks, which it is not made for, nothing is active.

        Args:
            sae: The autoencoder.
            folder: Made where it is not there.
            step: Of the language model.
            measures: What is known of the autoencoder beside what is measured here.
            metadata: Where it comes from.

        Returns:
            All measures.
        """
        pieces = [slice(first, first + _ENCODED) for first in range(0, len(self.found), _ENCODED)]
        codes = codes_of(sae, (torch.from_numpy(self.found[piece]) for piece in pieces))
        measured = measure_sae(sae, (torch.from_numpy(self.found[piece][self.kept[piece]]) for piece in pieces))
        measured |= measures
        save_sae(folder, sae, hook=f"blocks.{self.layer}.hook_resid_post", metadata=metadata)
        decoder = sae.W_dec.detach().cpu().numpy()
        save_snapshot(folder, Snapshot(step, without_rows(codes, ~self.kept), decoder, measured))
        return measured


def read_probe(
    model: Any,
    layer: int,
    probe: Probe,
    file: Path,
    *,
    rows: int,
    spliced_tokens: int = 0,
    bfloat16: bool = False,
    name: str = "the model",
) -> ProbeActivations:
    """Read a model's activations on the probe.

    Args:
        model: A causal language model, in evaluation mode.
        layer: Block to read behind.
        probe: The probe.
        file: Where the activations go: 4·N·d bytes, overwritten.
        rows: Rows per forward pass.
        spliced_tokens: Tokens of the rows that are kept for splicing.
        bfloat16: See `ActivationStream`.
        name: What to call the model in errors.
    """
    found = np.memmap(file, np.float32, "w+", shape=(probe.num_tokens, model.config.hidden_size))
    kept = np.empty(probe.num_tokens, bool)
    first = 0
    for x, real in ActivationStream(model, [layer], probe.rows(rows), bfloat16=bfloat16, name=name).forward():
        found[first : first + len(x)], kept[first : first + len(x)] = x.cpu().numpy(), real.cpu().numpy()
        first += len(x)
    spliced = spliced_rows(probe, spliced_tokens, rows, next(model.parameters()).device)
    return ProbeActivations(model, layer, found, kept, spliced)


def spliced_rows(probe: Probe, tokens: int, rows: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """First rows of the probe, of so many tokens, with what counts in them, in batches of `rows`; none for no tokens."""
    if not tokens:
        return []
    chosen = itertools.islice(probe.rows(1), max(1, tokens // probe.input_ids.shape[1]))
    ids, counted = (torch.cat(parts).to(device) for parts in zip(*chosen, strict=True))
    return list(zip(ids.split(rows), counted.split(rows), strict=True))


def without_rows(codes: scipy.sparse.csr_matrix, left_out: NDArray[np.bool_]) -> scipy.sparse.csr_matrix:
    """Codes [N, F] with nothing active on some tokens (bool [N])."""
    counts = np.diff(codes.indptr)
    stays = ~np.repeat(left_out, counts)
    indptr = np.concatenate([[0], np.cumsum(np.where(left_out, 0, counts))])
    return scipy.sparse.csr_matrix((codes.data[stays], codes.indices[stays], indptr), shape=codes.shape)
