"""What a sparse autoencoder of one checkpoint does on the probe: the seam between those who train them and those who compare them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from chronolect.artifacts import read_json, write_json

_TENSORS, _MEASURES = "codes.safetensors", "measures.json"


@dataclass(frozen=True)
class Snapshot:
    """One autoencoder on the probe tokens, which are the same for all that are compared.

    Attributes:
        step: The language model's optimizer step.
        codes: float32 CSR [N tokens, F]: the activations.
        decoder: float32 [F, d], rows of norm 1.
        measures: Numbers of this autoencoder: `explained_variance`, `l0`, `dead_share`, and where a model was there to splice
            into `delta_ce`, `kl`, `loss_recovered_zero`, `loss_recovered_mean`.
    """

    step: int
    codes: scipy.sparse.csr_matrix
    decoder: NDArray[np.float32]
    measures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_latents(self) -> int:
        """F."""
        return int(self.codes.shape[1])


def save_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """Write `codes.safetensors` and `measures.json` into a folder that exists."""
    codes = snapshot.codes
    tensors = {
        "indptr": codes.indptr.astype(np.int64),
        "latents": codes.indices.astype(np.int32),
        "values": codes.data.astype(np.float32),
        "decoder": np.ascontiguousarray(snapshot.decoder, dtype=np.float32),
    }
    save_file(tensors, folder / _TENSORS)
    write_json(folder / _MEASURES, {"step": snapshot.step, **snapshot.measures})


def read_snapshot(folder: Path) -> Snapshot:
    """Read what `save_snapshot` wrote."""
    tensors, measures = load_file(folder / _TENSORS), read_json(folder / _MEASURES)
    shape = (len(tensors["indptr"]) - 1, len(tensors["decoder"]))
    codes = scipy.sparse.csr_matrix((tensors["values"], tensors["latents"], tensors["indptr"]), shape=shape)
    return Snapshot(measures.pop("step"), codes, tensors["decoder"], measures)


class StoredSnapshots(Sequence[Snapshot]):
    """Snapshots in `step-<t>` folders, by step. Each is read when it is asked for and not kept: many do not fit in memory at once."""

    def __init__(self, folder: Path) -> None:
        self.folders = sorted(folder.glob("step-*"), key=lambda place: int(place.name.removeprefix("step-")))

    @overload
    def __getitem__(self, place: int) -> Snapshot: ...

    @overload
    def __getitem__(self, place: slice) -> list[Snapshot]: ...

    def __getitem__(self, place: int | slice) -> Snapshot | list[Snapshot]:
        if isinstance(place, slice):
            return [read_snapshot(folder) for folder in self.folders[place]]
        return read_snapshot(self.folders[place])

    def __len__(self) -> int:
        return len(self.folders)
