"""Artifacts on disk: written to a temporary place, synced, moved into place; each with a manifest of how it came to be.

A *stage* is one typed function that writes one folder. `stage(...)` gives it a private folder to write in; only a whole result ever appears
under the final name. `is_current` tells whether a folder already holds the result of the same command on the same inputs.
"""

import errno
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chronolect import __version__
from chronolect.errors import UserError

MANIFEST = "manifest.json"
SCRATCH = (
    ".scratch"  # what a stage keeps for itself below its private folder: gone before the result is moved into place
)
_PLAN = ".plan.json"
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RECORDED_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "peft",
    "safetensors",
    "pyarrow",
    "numpy",
    "bitsandbytes",
    "llmcompressor",
    "compressed-tensors",
    "gguf",
    "cyllama",
)


def sync_directory(path: Path) -> None:
    """Flush a directory entry, so that a rename in it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush every file and directory below `folder` to disk."""
    for root, _, files in os.walk(folder):
        for name in files:
            descriptor = os.open(os.path.join(root, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_directory(Path(root))


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON in one step."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file; a broken or missing one is a `UserError` that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid JSON ({error})") from None


def move_into_place(partial: Path, final: Path) -> None:
    """Replace the folder `final` by the finished folder `partial`; at every moment one whole version can be found."""
    sync_tree(partial)
    old = final.with_name(f".{final.name}.old")
    if old.exists():
        shutil.rmtree(old)
    if final.exists():
        os.rename(final, old)
    os.rename(partial, final)
    sync_directory(final.parent)
    if old.exists():
        shutil.rmtree(old)


def restore_interrupted(final: Path) -> None:
    """Mend the only gap `move_into_place` leaves: killed between its two renames, the old version is still there under a hidden name."""
    old = final.with_name(f".{final.name}.old")
    if old.exists() and not final.exists():
        os.rename(old, final)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of an output folder; a second run on the same folder gets a `UserError`. The lock dies with its process."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f".{folder.name}.lock")
    with open(lock, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise UserError(
                f"{folder}: another run (process {holder}) is writing here; wait for it or choose another --out"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def digest_file(path: Path) -> str:
    """SHA-256 of a file, read as a stream."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(path: Path) -> str:
    """Digest of an input: of the file; or of a folder's manifest where it has one, else of all its file names and contents."""
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if path.is_file():
        return digest_file(path)
    manifest = path / MANIFEST
    if manifest.is_file():
        return str(read_json(manifest).get("content_digest") or digest_file(manifest))
    return digest_tree(path)


def digest_tree(folder: Path) -> str:
    """Digest over the relative names and contents of all files below `folder` (its own manifest and what is hidden left out)."""
    total = hashlib.sha256()
    for file in sorted(
        p
        for p in folder.rglob("*")
        if p.is_file() and p.name != MANIFEST and not any(part.startswith(".") for part in p.relative_to(folder).parts)
    ):
        total.update(f"{file.relative_to(folder).as_posix()}\0{digest_file(file)}\n".encode())
    return total.hexdigest()


@dataclass
class Stage:
    """A stage at work. Write the result below `folder`; put what is worth knowing into `counts`."""

    folder: Path
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        """A folder for what is no part of the result; it outlives a kill, but not the stage."""
        return self.folder / SCRATCH


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as JSON would give it back, so that a stored one compares equal to a fresh one."""
    result: dict[str, Any] = json.loads(json.dumps(dict(config), default=str))
    return result


def is_current(out: Path, *, command: str, config: Mapping[str, Any], inputs: Sequence[Path] = ()) -> bool:
    """Whether `out` holds the whole result of this command with this config on inputs of the same content."""
    restore_interrupted(out)
    manifest = out / MANIFEST
    if not manifest.is_file():
        return False
    found = read_json(manifest)
    return (
        found.get("command") == command
        and found.get("config") == plain(config)
        and found.get("inputs") == {str(path): digest(path) for path in inputs}
        and found.get("version") == __version__
    )


def make_manifest(
    folder: Path,
    *,
    command: str,
    config: Mapping[str, Any],
    inputs: Sequence[Path],
    counts: Mapping[str, Any],
    started: float,
    digests: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The record of how `folder` came to be: what ran on what, with which versions, on which machine, and what came out.

    `digests` are those of the inputs where they are known already.
    """
    return {
        "command": command,
        "version": __version__,
        "config": plain(config),
        "inputs": digests if digests is not None else {str(path): digest(path) for path in inputs},
        "counts": plain(counts),
        "content_digest": digest_tree(folder),
        "packages": package_versions(),
        "host": {
            "python": sys.version.split()[0],
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
        },
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
    }


@contextmanager
def stage(
    out: Path, *, command: str, config: Mapping[str, Any], inputs: Sequence[Path] = (), resume: bool = False
) -> Iterator[Stage]:
    """Run one stage that writes the folder `out`: locked, in a private folder, moved into place with its manifest when whole.

    A failure leaves `out` as it was. What an earlier, killed run left in the private folder is removed first; with `resume` it is kept if that
    run was of the same command, config, version and input contents. `Stage.scratch` is for the stage's own use and is gone at its end.
    """
    out = Path(out)
    for path in inputs:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
    with exclusive(out):
        restore_interrupted(out)
        _remove_scratch(out)
        partial = out.with_name(f".{out.name}.partial")
        digests = _Digests(inputs) if resume else None
        plan = plain({"command": command, "config": config, "inputs": _identities(inputs), "version": __version__})
        if not (resume and (partial / _PLAN).is_file() and read_json(partial / _PLAN) == plan):
            shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, exist_ok=True)
        if resume:
            write_json(partial / _PLAN, plan)
        started = time.time()
        work = Stage(partial)
        try:
            yield work
            manifest = make_manifest(
                partial,
                command=command,
                config=config,
                inputs=inputs,
                counts=work.counts,
                started=started,
                digests=digests.result() if digests is not None else None,
            )
            write_json(partial / MANIFEST, manifest)
            move_into_place(partial, out)
            _remove_scratch(out)
        except BaseException as error:
            if not resume or isinstance(error, UserError):
                shutil.rmtree(partial, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise UserError(
                    f"{out}: no room left on the disk ({error.strerror}); free some, then run this again"
                ) from error
            raise


def _identities(inputs: Sequence[Path]) -> dict[str, Any]:
    """What tells at once whether inputs are those of an interrupted run: a stage's digest, else sizes and times of change."""

    def identity(path: Path) -> Any:
        if (path / MANIFEST).is_file():
            return digest(path)
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        return [[str(file.relative_to(path)), (found := file.stat()).st_size, found.st_mtime_ns] for file in files]

    return {str(path): identity(path) for path in inputs}


class _Digests(threading.Thread):
    """Digests of inputs, made beside the work: of a dump of 100 GB that takes a minute or more."""

    def __init__(self, inputs: Sequence[Path]) -> None:
        super().__init__(daemon=True)  # a failed stage does not wait for it
        self._inputs = inputs
        self._found: dict[str, str] = {}
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._found = {str(path): digest(path) for path in self._inputs}
        except BaseException as error:
            self._error = error

    def result(self) -> dict[str, str]:
        """The digests, once they are there."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._found


def _remove_scratch(folder: Path) -> None:
    """Remove what a stage kept for itself (only after the move: killed before it, the stage still needs that)."""
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    (folder / _PLAN).unlink(missing_ok=True)


def source_commit() -> str | None:
    """The commit of the package's own repository, where it runs from a checkout of it; None elsewhere."""
    package = Path(__file__).resolve().parent
    command = ["git", "rev-parse", "--show-toplevel", "HEAD"]
    try:
        found = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    folder, commit = found.splitlines()
    return commit if Path(folder).resolve() / "src" == package.parent else None  # not that of whoever installed it


def software() -> dict[str, Any]:
    """What computed a result: `chronolect` (its version), `commit` and `packages`."""
    return {"chronolect": __version__, "commit": source_commit(), "packages": package_versions()}


def package_versions() -> dict[str, str]:
    """Versions of the packages that results depend on, as far as they are there."""
    found = {}
    for name in _RECORDED_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
