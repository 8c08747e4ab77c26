"""Cross-entropy of next tokens without ever holding the logits of a whole batch.

The output layer and the loss are taken together over slices of rows, and the gradient of a slice is made while its
logits are at hand (the idea of Liger Kernel, arXiv:2410.10989, in plain PyTorch): three matrix products as usual, but
no tensor of [tokens, vocabulary].
"""

from typing import Any

import torch
from peft import PeftModel
from torch.nn import functional as F
from transformers import PreTrainedModel

from chronolect.training import onednn
from chronolect.training.data import IGNORED
from chronolect.training.sharding import run_gathered

_SLICE_BYTES = {
    "cpu": 4 << 20,
    "cuda": 512 << 20,
}  # logits of one slice: within the cache of a core, or large enough to fill a GPU


class _LinearCrossEntropy(torch.autograd.Function):
    """Summed cross-entropy of `hidden @ weight.T`; hidden [tokens, width], weight [vocabulary, width], labels int64
    [tokens].
    """

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        cast_weight = weight.to(hidden.dtype)
        needs_hidden, needs_weight, _ = ctx.needs_input_grad
        in_float32 = hidden.device.type == "cpu" and hidden.dtype == torch.float32
        product = onednn.product if in_float32 and onednn.pays_off() else _product
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        grad_hidden = torch.empty_like(hidden) if needs_hidden else None
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if needs_weight else None
        rows = max(1, _SLICE_BYTES.get(hidden.device.type, 512 << 20) // (4 * weight.shape[0]))
        with torch.autocast(hidden.device.type, enabled=False):
            for hidden_part, label, place in _slices(hidden, labels, rows):
                logits = product(hidden_part, cast_weight).float()
                counted = (label != IGNORED).float()[:, None]
                index = label.clamp(min=0)[:, None]
                highest, at_highest = logits.max(dim=-1, keepdim=True)
                of_label = logits.gather(1, index)
                grad = torch.softmax(logits, dim=-1, out=logits)
                # log-sum-exp from the likeliest token, whose probability cannot underflow: one pass of exponentials
                # less
                total += ((highest - grad.gather(1, at_highest).log_() - of_label) * counted).sum()
                if not (needs_hidden or needs_weight):
                    continue
                grad = grad.scatter_add_(1, index, counted.neg()).mul_(counted).to(hidden.dtype)
                if grad_hidden is not None:
                    grad_hidden[place] = product(grad, cast_weight.T)
                if grad_weight is not None:
                    grad_weight += product(grad.T, hidden_part.T)  # summed in float32 whatever the products are in
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.weight_dtype = weight.dtype
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        scale = grad_outputs[0]
        return (
            None if grad_hidden is None else grad_hidden * scale.to(grad_hidden.dtype),
            None if grad_weight is None else grad_weight.to(ctx.weight_dtype) * scale,
            None,
        )


def _product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x @ weight.T


def _slices(hidden: torch.Tensor, labels: torch.Tensor, rows: int) -> Any:
    for start in range(0, hidden.shape[0], rows):
        place = slice(start, start + rows)
        yield hidden[place], labels[place], place


def gives_plain_logits(model: PreTrainedModel) -> bool:
    """Whether the logits are the output layer's as they are: Gemma caps them, Cohere and Granite scale them."""
    config = model.config.get_text_config()
    changes = ("final_logit_softcapping", "logit_scale", "logits_scaling")
    return type(model.get_output_embeddings()) is torch.nn.Linear and not any(
        getattr(config, change, None) for change in changes
    )


def summed_cross_entropy(model: torch.nn.Module, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in nats, summed over the tokens whose label is not -100.

    Args:
        model: A causal language model of transformers, with or without PEFT adapters, wrapped for several processes
            or not.
        input_ids: int64 [rows, tokens]; padding, if any, on the right.
        labels: int64 [rows, tokens], the token that follows each input.
    """
    return run_gathered(model, _summed_cross_entropy, input_ids, labels)


def _summed_cross_entropy(model: torch.nn.Module, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    if isinstance(plain, PreTrainedModel) and gives_plain_logits(plain):
        head: Any = plain.get_output_embeddings()
        if head.bias is None:
            hidden = plain.get_decoder()(input_ids=input_ids, use_cache=False).last_hidden_state
            if torch.is_autocast_enabled(hidden.device.type):
                hidden = hidden.to(torch.get_autocast_dtype(hidden.device.type))
            return _LinearCrossEntropy.apply(hidden.flatten(0, 1), head.weight, labels.flatten())
    logits = model(
        input_ids=input_ids, use_cache=False
    ).logits  # replicated processes: their wrapper must see the whole forward pass
    return F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum")
