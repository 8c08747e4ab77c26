"""Sharding over processes (FSDP2): each holds its part of the weights, gradients and optimizer state.

Zhao et al. 2023 (arXiv:2304.11277), in the per-parameter form of PyTorch's `fully_shard`. The decoder blocks are
gathered one by one as the forward and the backward pass come to them; embedding, last norm and output layer stay
gathered from one to the other.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import MethodType
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from accelerate import Accelerator
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method

from chronolect.training.config import TrainingConfig

P = ParamSpec("P")
T = TypeVar("T")


def is_sharded(config: TrainingConfig, accelerator: Accelerator) -> bool:
    """Whether this run shards its model: several processes, on GPUs unless asked for, weights of 16 bits or more."""
    if accelerator.num_processes == 1 or config.use_4bit or config.use_8bit:
        return False
    return config.shard == "fsdp" or (config.shard == "auto" and accelerator.device.type != "cpu")


def shard(model: torch.nn.Module, blocks: torch.nn.ModuleList, accelerator: Accelerator) -> None:
    """Shard `model` in place over all processes, block by block, and move it to the device.

    In bfloat16 the float32 weights are rounded before they are sent and the gradients summed in float32.
    """
    device = accelerator.device.type
    policy = MixedPrecisionPolicy()
    if accelerator.mixed_precision == "bf16":
        policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    mesh = init_device_mesh(device, (accelerator.num_processes,))
    for block in blocks:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    root: Any = model
    root.run_gathered = MethodType(_call, root)
    register_fsdp_forward_method(root, "run_gathered")


def _call(model: torch.nn.Module, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    return function(model, *args, **kwargs)


def run_gathered(
    model: torch.nn.Module,
    function: Callable[Concatenate[torch.nn.Module, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """`function(model, ...)`, as a forward pass of a sharded model: it may call the model's parts on their own."""
    if not isinstance(model, FSDPModule):
        return function(model, *args, **kwargs)
    root: Any = model
    result: T = root.run_gathered(function, *args, **kwargs)
    return result


def held_back(model: torch.nn.Module, accelerator: Accelerator, *, hold: bool) -> AbstractContextManager[Any]:
    """A backward pass inside adds to this process's gradients, and exchanges them with the others unless `hold`."""
    if isinstance(model, FSDPModule):
        model.set_requires_gradient_sync(not hold)
        return nullcontext()
    return accelerator.no_sync(model) if hold else nullcontext()


def clip_gradients(parameters: list[torch.nn.Parameter], limit: float) -> torch.Tensor:
    """Scale the gradients to a global norm of at most `limit`; the norm before, over all shards."""
    norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
    return norm.full_tensor() if isinstance(norm, torch.distributed.tensor.DTensor) else norm


def all_finite(parameters: list[torch.nn.Parameter], accelerator: Accelerator) -> bool:
    """Whether no weight, of any shard, is infinite or no number."""
    local = [p.to_local() if isinstance(p, torch.distributed.tensor.DTensor) else p for p in parameters]
    broken = sum((~part.detach().isfinite()).sum() for part in local)
    return not int(accelerator.reduce(torch.as_tensor(broken, device=accelerator.device)))


def full_weights(model: torch.nn.Module, accelerator: Accelerator, *, trained_only: bool) -> dict[str, torch.Tensor]:
    """The weights by name, whole and on the CPU, in the first process; every process takes part."""
    if not isinstance(model, FSDPModule):
        weights: Any = accelerator.get_state_dict(model)
    else:
        options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=trained_only)
        weights = get_model_state_dict(model, options=options)
        names: dict[int, str] = {}
        for name, parameter in model.named_parameters(remove_duplicate=False):
            if names.setdefault(id(parameter), name) != name:  # tied; gathered, it no longer shares its memory
                weights.pop(name, None)
    return dict(weights)
