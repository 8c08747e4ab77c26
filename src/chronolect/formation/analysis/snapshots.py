"""What a sparse autoencoder of one checkpoint does on the probe: the seam between those who train them and those who compare them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from safetensors.numpy import save_file

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError

_TENSORS, _MEASURES = "codes.safetensors", "measures.json"
_TYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64}


@dataclass(frozen=True)
class Snapshot:
    """One autoencoder on the probe tokens, which are the same for all that are compared.

    Attributes:
        step: The language model's optimizer step.
        codes: float32 CSR [N tokens, F]: the activations.
        decoder: float32 [F, d], rows of norm 1.
        measures: Numbers of this autoencoder: `explained_variance`, `l0`, `dead_share`, and where a model was there to splice
            into `delta_ce`, `delta_ce_se`, `kl`, `loss_recovered_zero`, `loss_recovered_mean`.
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
        "indptr": codes.indptr.astype(np.int32 if codes.nnz < 2**31 else np.int64),
        "latents": codes.indices.astype(np.int32),
        "values": codes.data.astype(np.float32),
        "decoder": np.ascontiguousarray(snapshot.decoder, dtype=np.float32),
    }
    save_file(tensors, folder / _TENSORS)
    write_json(folder / _MEASURES, {"step": snapshot.step, **snapshot.measures})


def read_snapshot(folder: Path) -> Snapshot:
    """Read what `save_snapshot` wrote. The codes are mapped, not copied: a snapshot costs memory only while it is looked at.

    Raises:
        UserError: Where a file is missing or not whole.
    """
    tensors, measures = _mapped(folder / _TENSORS), read_json(folder / _MEASURES)
    shape = (len(tensors["indptr"]) - 1, len(tensors["decoder"]))
    codes = scipy.sparse.csr_matrix((tensors["values"], tensors["latents"], tensors["indptr"]), shape=shape)
    return Snapshot(measures.pop("step"), codes, tensors["decoder"], measures)


def _mapped(file: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file, memory-mapped: its own reader copies them."""
    try:
        with open(file, "rb") as opened:
            start = 8 + int.from_bytes(opened.read(8), "little")
            header: dict[str, Any] = json.loads(opened.read(start - 8))
        data = np.memmap(file, np.uint8, "r", offset=start)
        return {
            name: data[slice(*about["data_offsets"])].view(_TYPES[about["dtype"]]).reshape(about["shape"])
            for name, about in header.items()
        }
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except ValueError:
        raise UserError(f"{file}: not a whole safetensors file; make the snapshot again") from None


class StoredSnapshots(Sequence[Snapshot]):
    """Snapshots in `step-<t>` folders, by step. Each is read when it is asked for and not kept."""

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
