"""Checkpoints that are whole or not there: weights, optimizer, random states and position, with a digest of every file.

`checkpoint-N/` is a model folder (any tool can load it) with three more files: `optimizer.safetensors`,
`random-<process>.safetensors` and `state.json`; `digest.json` lists what all of them must hash to. A run that shards
its model writes `optimizer/` instead, one safetensors file per process with the part that it holds. Either kind
continues on any number of processes.
"""

import json
import random
import re
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed.checkpoint as dcp
from accelerate import Accelerator
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict, set_optimizer_state_dict
from torch.distributed.fsdp import FSDPModule
from transformers import PreTrainedTokenizerBase

from chronolect.artifacts import digest_file, move_into_place, read_json, write_json
from chronolect.training.companions import Companion
from chronolect.training.optimizer import is_8bit, load_state_8bit, state_8bit
from chronolect.training.sharding import full_weights

DIGESTS = "digest.json"
_SHARDS = "optimizer"
_TO_GO_ON = re.compile(
    rf"{_SHARDS}(\.safetensors$|/)|random-\d+\.safetensors$"
)  # files that no reader of the model needs
_FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)


@dataclass
class RunState:
    """How far a run is.

    Attributes:
        step: Optimizer steps done.
        position: Training rows consumed, over all processes and epochs.
        tokens: Target tokens trained on.
        seconds: Training time, without validation, samples and saving.
        since_log: Sums since the last training record: `loss`, `steps` and the objective's metrics.
        loss: The last training record's.
        evaluated_at: Step of the last validation, and
        eval_results: what it gave.
        sizes: Bytes of the run's growing files when the state was saved.
    """

    step: int = 0
    position: int = 0
    tokens: int = 0
    seconds: float = 0.0
    since_log: dict[str, float] = field(default_factory=dict)
    loss: float | None = None
    evaluated_at: int = -1
    eval_results: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


def save_checkpoint(
    folder: Path,
    *,
    accelerator: Accelerator,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    tokenizer: PreTrainedTokenizerBase,
    state: RunState,
    companion: Companion,
) -> None:
    """Write `folder` (`checkpoint-N`) in one step: into a hidden folder, synced, then renamed. Every process takes
    part.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    if accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    accelerator.wait_for_everyone()
    save_model(partial, accelerator=accelerator, model=model, tokenizer=tokenizer)
    _save_moments(partial, accelerator=accelerator, model=model, optimizer=optimizer)
    _save_random_state(partial / f"random-{accelerator.process_index}.safetensors")
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        write_json(partial / "state.json", asdict(state))
        companion.save(partial)
        files = sorted(path for path in partial.rglob("*") if path.is_file())
        write_json(partial / DIGESTS, {str(file.relative_to(partial)): digest_file(file) for file in files})
        move_into_place(partial, folder)
    accelerator.wait_for_everyone()


def save_model(
    folder: Path, *, accelerator: Accelerator, model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Write the model (or its adapters) and tokenizer as a Hugging Face folder. Every process takes part."""
    weights = full_weights(model, accelerator, trained_only=isinstance(model, PeftModel))
    if accelerator.is_main_process:
        plain: Any = accelerator.unwrap_model(model)
        plain.save_pretrained(folder, state_dict=weights)
        tokenizer.save_pretrained(folder)


def _save_moments(
    folder: Path, *, accelerator: Accelerator, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write the optimizer's state: each process its shards, or the first process all of it."""
    if isinstance(model, FSDPModule):
        moments: Any = get_optimizer_state_dict(model, optimizer)["state"]
        dcp.save(_flat(moments), storage_writer=HuggingFaceStorageWriter(str(folder / _SHARDS), save_distributed=True))
        return
    whole: Any = {} if is_8bit(optimizer) else get_optimizer_state_dict(model, optimizer, options=_FULL)
    moments = state_8bit(optimizer) if is_8bit(optimizer) else whole.get("state", {})
    if accelerator.is_main_process:
        save_file(_flat(moments), folder / "optimizer.safetensors")


def _flat(moments: dict[str, dict[str, Any]]) -> dict[str, torch.Tensor]:
    return {
        f"{name}/{key}": torch.as_tensor(value).contiguous()
        for name, values in moments.items()
        for key, value in values.items()
    }


def _nested(moments: dict[str, torch.Tensor]) -> dict[str, dict[str, Any]]:
    state: dict[str, dict[str, Any]] = {}
    for name, value in moments.items():
        parameter, _, key = name.rpartition("/")
        state.setdefault(parameter, {})[key] = value
    return state


def load_state(folder: Path) -> RunState:
    """The state of a checkpoint."""
    return RunState(**read_json(folder / "state.json"))


def restore(
    folder: Path, *, accelerator: Accelerator, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Restore optimizer and random states; the weights are loaded with the model, before it is prepared."""
    if is_8bit(optimizer):
        load_state_8bit(optimizer, _nested(load_file(folder / "optimizer.safetensors")))
    else:
        _restore_moments(folder, model, optimizer)
    optimizer.zero_grad(set_to_none=True)
    own = folder / f"random-{accelerator.process_index}.safetensors"
    if own.is_file():  # a run that goes on with more processes than it began with has states for the first of them only
        _load_random_state(own)


def _restore_moments(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    present: Any = get_optimizer_state_dict(model, optimizer)
    if (folder / _SHARDS).is_dir():
        moments = _flat(present["state"])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")  # as it should be in a single process
            dcp.load(moments, storage_reader=HuggingFaceStorageReader(str(folder / _SHARDS)))
        options = StateDictOptions()
    else:
        moments, options = load_file(folder / "optimizer.safetensors"), _FULL
    loaded = {"state": _nested(moments), "param_groups": present["param_groups"]}
    set_optimizer_state_dict(model, optimizer, loaded, options=options)


def checkpoints(run: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    found = [
        (int(match[1]), path)
        for path in run.glob("checkpoint-*")
        if (match := re.fullmatch(r"checkpoint-(\d+)", path.name))
    ]
    return [path for _, path in sorted(found)]


def fault(folder: Path, *, model_only: bool = False) -> str | None:
    """What is wrong with a checkpoint: a missing, truncated or changed file; None where it is whole.

    With `model_only` the files that only going on with the training needs are left out: optimizer and random states.
    """
    try:
        digests: dict[str, str] = json.loads((folder / DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"{DIGESTS} is missing or broken"
    for name, expected in digests.items():
        if model_only and _TO_GO_ON.match(name):
            continue
        if not (folder / name).is_file():
            return f"{name} is missing"
        if digest_file(folder / name) != expected:
            return f"{name} is truncated or changed"
    return None


def prune(run: Path, *, keep: int, log_spaced: bool) -> None:
    """Delete all but the newest `keep` checkpoints (0 keeps all), log-spaced ones apart."""
    ordinary = [path for path in checkpoints(run) if not (log_spaced and is_log_spaced(int(path.name.split("-")[1])))]
    for path in ordinary[: -keep if keep else 0]:
        shutil.rmtree(path)


def is_log_spaced(step: int) -> bool:
    """Whether a step is 0 or a power of two."""
    return step & (step - 1) == 0


def clear_partial(run: Path) -> None:
    """Remove what a killed run left half-written."""
    for path in run.glob(".*.partial*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _save_random_state(path: Path) -> None:
    tensors = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["cuda"] = torch.cuda.get_rng_state()
    version, words, gauss = random.getstate()
    kind, keys, place, has_gauss, cached = np.random.get_state(legacy=True)
    metadata = {
        "python": json.dumps([version, list(words), gauss]),
        "numpy": json.dumps([kind, int(place), int(has_gauss), float(cached)]),
    }
    tensors["numpy"] = torch.from_numpy(np.asarray(keys).astype(np.int64))
    save_file(tensors, path, metadata=metadata)


def _load_random_state(path: Path) -> None:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = dict(_tensors(file))
    torch.set_rng_state(tensors["torch"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])
    version, words, gauss = json.loads(metadata["python"])
    random.setstate((version, tuple(words), gauss))
    kind, place, has_gauss, cached = json.loads(metadata["numpy"])
    np.random.set_state((kind, tensors["numpy"].numpy().astype(np.uint32), place, has_gauss, cached))


def _tensors(file: Any) -> Iterator[tuple[str, torch.Tensor]]:
    for name in file.keys():  # noqa: SIM118 (not a mapping)
        yield name, file.get_tensor(name)
