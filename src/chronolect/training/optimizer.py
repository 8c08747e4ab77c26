"""AdamW with decay on matrices only, its moments in 32 bits or in 8."""

from typing import Any

import torch

from chronolect.training.config import TrainingConfig


def make_optimizer(model: torch.nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) over the trainable weights; norms, biases and other vectors have no decay.

    `adamw-8bit` holds the moments of tensors of 4,096 weights or more in blocks of 8 bits (Dettmers et al. 2022, arXiv:2110.02861).

    Raises:
        ModuleNotFoundError: For `adamw-8bit` without bitsandbytes.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (config.beta1, config.beta2)
    if config.optimizer == "adamw-8bit":
        from bitsandbytes.optim import AdamW8bit

        quantised: torch.optim.Optimizer = AdamW8bit(groups, lr=config.lr, betas=betas, eps=config.eps)
        return quantised
    return torch.optim.AdamW(groups, lr=config.lr, betas=betas, eps=config.eps, fused=True)


def is_8bit(optimizer: torch.optim.Optimizer) -> bool:
    """Whether it is bitsandbytes', which torch's functions for the state of an optimizer lose without a word."""
    return not isinstance(optimizer, torch.optim.AdamW)


def state_8bit(optimizer: torch.optim.Optimizer) -> dict[str, dict[str, Any]]:
    """The moments of bitsandbytes' AdamW, by number of the parameter and key."""
    state: dict[str, dict[str, Any]] = {}
    for number, values in optimizer.state_dict()["state"].items():
        state[str(number)] = {}
        for (
            key,
            value,
        ) in values.items():  # the quantised part is in a dict of its own, its code books shared by all tensors
            held = value if isinstance(value, dict) else {key: value}
            state[str(number)] |= {
                name: part.clone() if name.startswith("qmap") else part for name, part in held.items()
            }
    return state


def load_state_8bit(optimizer: torch.optim.Optimizer, state: dict[str, dict[str, torch.Tensor]]) -> None:
    """Give bitsandbytes' AdamW the moments that `state_8bit` gave."""
    values = {int(number): {**tensors, "step": 0} for number, tensors in state.items()}
    optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, tensors in state.items():  # a tensor would be cast to the type of the weights
        optimizer.state[parameters[int(number)]]["step"] = int(tensors["step"])
