"""Snapshots on disk."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from chronolect.errors import UserError
from chronolect.formation.analysis.snapshots import Snapshot, StoredSnapshots, read_snapshot, save_snapshot


def made(step: int) -> Snapshot:
    random = np.random.default_rng(step)
    codes = scipy.sparse.random(40, 12, 0.2, format="csr", random_state=random, dtype=np.float32)
    return Snapshot(step, codes, random.standard_normal((12, 5)).astype(np.float32), {"l0": 2.4, "delta_ce": None})


def test_a_snapshot_comes_back_as_it_was(tmp_path: Path) -> None:
    saved = made(8)
    save_snapshot(tmp_path, saved)
    found = read_snapshot(tmp_path)
    assert (found.step, found.measures, found.num_latents) == (8, saved.measures, 12)
    assert (found.codes != saved.codes).nnz == 0
    assert (found.decoder == saved.decoder).all()
    for values in (found.codes.data, found.codes.indices, found.codes.indptr, found.decoder):
        assert not values.flags.owndata  # mapped, not copied


def test_codes_of_nothing_active_are_kept_too(tmp_path: Path) -> None:
    nothing = Snapshot(0, scipy.sparse.csr_matrix((40, 12), dtype=np.float32), np.ones((12, 5), np.float32))
    save_snapshot(tmp_path, nothing)
    assert read_snapshot(tmp_path).codes.nnz == 0
    assert read_snapshot(tmp_path).codes.shape == (40, 12)


def test_stored_snapshots_are_in_the_order_of_their_steps(tmp_path: Path) -> None:
    for step in (16, 2, 128):
        (tmp_path / f"step-{step}").mkdir()
        save_snapshot(tmp_path / f"step-{step}", made(step))
    stored = StoredSnapshots(tmp_path)
    assert [snapshot.step for snapshot in stored] == [2, 16, 128]
    assert [snapshot.step for snapshot in stored[1:]] == [16, 128]
    assert stored[-1].step == 128


def test_a_missing_and_a_cut_off_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"codes\.safetensors: no such file"):
        read_snapshot(tmp_path)
    save_snapshot(tmp_path, made(1))
    file = tmp_path / "codes.safetensors"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        read_snapshot(tmp_path)
