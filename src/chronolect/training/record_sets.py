"""Which files of records an unlearning run reads, and its four sets from them."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

from chronolect.errors import UserError
from chronolect.finetuning.records import Layout, Record, Side, read_records
from chronolect.models.language_model import short_name

SETS = ("retain_train", "retain_val", "unlearn_train", "unlearn_val")
DEV = "dev"
_HELD_OUT = 0.1  # of the families of the dev subset


def record_files(
    data: Path | None, given: Mapping[str, Path | None], *, dev: bool, dev_path: Path | None
) -> dict[str, Path]:
    """The files by set, or the one dev file under `dev`.

    Raises:
        UserError: Where a file is missing.
    """
    layout = Layout(data) if data else Layout.default()
    if dev:
        files = {DEV: dev_path or layout.dev}
    else:
        files = {
            "retain_train": given["retain_train"] or layout.file("retain", "train"),
            "retain_val": given["retain_val"] or layout.file("retain", "val"),
            "unlearn_train": given["unlearn_train"] or layout.file("unlearn", "train"),
            "unlearn_val": given["unlearn_val"] or layout.file("unlearn", "val"),
        }
    for name, file in files.items():
        if not file.is_file():
            flag = "--dev-path" if name == DEV else f"--{name.replace('_', '-')}"
            raise UserError(
                f"{file}: no such file; make one with `chronolect data qa`, or say where it is with --data or {flag}"
            )
    return files


def read_sets(files: Mapping[str, Path]) -> dict[str, list[Record]]:
    """The records of the four sets; of a dev subset a tenth of the families, chosen by hash, is for validation.

    Raises:
        UserError: Where a set has no record.
    """
    if DEV not in files:
        return {name: read_records(file, side=_side(name)) for name, file in files.items()}
    sets: dict[str, list[Record]] = {name: [] for name in SETS}
    for record in read_records(files[DEV]):
        lot = int.from_bytes(hashlib.sha256(f"dev {record.family}".encode()).digest()[:4], "big") / 2**32
        sets[f"{record.side}_{'val' if lot < _HELD_OUT else 'train'}"].append(record)
    for name, records in sets.items():
        if not records:
            raise UserError(f"{files[DEV]}: too few {_side(name)} records to train on and to validate with")
    return sets


def _side(name: str) -> Side:
    return "retain" if name.startswith("retain") else "unlearn"


def run_folder(model: str, *, dev: bool, resume: bool) -> Path:
    """`output/temporal-<model>-full-<time>` (`-dev-`), as the seeds name it; when resuming, the newest that is there."""
    stem = f"temporal-{short_name(model).lower()}-{'dev' if dev else 'full'}-"
    existing = sorted(Path("output").glob(f"{stem}[0-9]*"))
    if resume and existing:
        return existing[-1]
    return Path("output") / f"{stem}{time.strftime('%Y%m%d_%H%M%S')}"
