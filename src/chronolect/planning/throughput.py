"""How fast, for how long, at what cost, and whether the data are enough."""

import re
from typing import Any

from chronolect.errors import UserError
from chronolect.planning.memory import Step

TOKENS_PER_WEIGHT = 20.0  # Hoffmann et al. 2022 (arXiv:2203.15556): what a model of a given size is best trained on
FEW_EPOCHS = 4.0  # Muennighoff et al. 2023 (arXiv:2305.16264): up to here repeated text is nearly as good as new
MANY_EPOCHS = 16.0  # the same: from about here repeating adds nothing
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


def parse_tokens(text: str) -> float:
    """A number of tokens such as `1940000000`, `1.94B` or `500M`.

    >>> parse_tokens("1.94B")
    1940000000.0
    """
    found = re.fullmatch(r"(\d[\d,_]*(?:\.\d+)?)\s*([kmbt]?)", text.strip().lower())
    if not found or float(found[1].replace(",", "").replace("_", "")) == 0:
        raise UserError(f"--tokens {text}: not a number of tokens; write 1940000000 or 1.94B")
    return float(found[1].replace(",", "").replace("_", "")) * _UNITS[found[2]]


def flops_per_token(step: Step) -> float:
    """Floating-point operations of one trained token, as `training.metrics.flops_per_token` counts them: 6 per weight in
    a matrix product (4 where it is frozen) and 12 * layers * width * seq_len for attention.
    """
    shape = step.shape
    looked_up = 0 if shape.tied else shape.vocab * shape.hidden
    per_weight = 4.0 if step.adapters else 6.0
    attention = 12.0 * shape.layers * shape.hidden * step.config.seq_len
    return per_weight * (shape.num_parameters - looked_up) + 6.0 * step.num_adapter_weights + attention


def recomputed_share(step: Step) -> float:
    """Part of the forward pass that gradient checkpointing computes a second time."""
    if not step.config.gradient_checkpointing:
        return 0.0
    rule = step.config.recompute
    if rule == "cheap":
        return 0.05  # norms, rotations and activation functions: passes over memory more than arithmetic
    return 1.0 / int(rule.removeprefix("every-")) if rule.startswith("every-") else 1.0


def tokens_per_second(step: Step, mfu: float) -> float:
    """Trained tokens per second on all devices together.

    Args:
        step: The step.
        mfu: Share of the peak that the run would reach without recomputation, which costs up to a third more.
    """
    forward = 2.0 / (4.0 if step.adapters else 6.0)
    slower = 1.0 + forward * recomputed_share(step)
    return step.gpus * step.device.tflops * 1e12 * mfu / (flops_per_token(step) * slower)


def judge_data(num_parameters: int, tokens: float, epochs: float) -> dict[str, Any]:
    """Whether a corpus is enough to train a model of that size from nothing.

    Args:
        num_parameters: Weights of the model.
        tokens: Tokens of the corpus.
        epochs: Passes over it.
    """
    best = TOKENS_PER_WEIGHT * num_parameters
    needed = best / tokens
    if needed <= 1:
        verdict = "enough without repeating"
    elif needed <= FEW_EPOCHS:
        verdict = f"repeat it {needed:.1f} times: as good as new text, nearly"
    elif needed <= MANY_EPOCHS:
        verdict = f"short: {needed:.1f} passes would be wanted, and beyond {FEW_EPOCHS:g} each adds less"
    else:
        verdict = f"far too short: {needed:.0f} passes would be wanted, and beyond {MANY_EPOCHS:g} they add nothing"
    return {
        "tokens": tokens,
        "epochs": epochs,
        "trained_tokens": tokens * epochs,
        "tokens_per_weight": tokens * epochs / num_parameters,
        "chinchilla_tokens": best,
        "chinchilla_epochs": needed,
        "verdict": verdict,
    }
