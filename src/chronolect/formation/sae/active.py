"""The few active latents of a batch as pairs (token, latent): what is computed of an autoencoder beyond its one dense product.

Of the [B, F] pre-activations a training step needs k in F, here about 1 %. Everything behind the selection (values, decoding, all
gradients) runs over those pairs, as sums over bags of rows (`embedding_bag`): a token is the sum of its latents' decoder rows, the gradient
of a latent's weights the sum over the tokens it fires on. Values and gradients are those of the dense formulas to rounding.

On a GPU and where most latents fire (`relu`) the dense products are the faster way: `dense`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Select = Callable[[Tensor], Tensor]  # pre-activations [B, F] -> places in them flattened, int64, ascending


@dataclass(frozen=True)
class Active:
    """Which latents of which tokens are active.

    Attributes:
        places: int64 [n], ascending: token · F + latent.
        shape: (B tokens, F latents).
    """

    places: Tensor
    shape: tuple[int, int]

    @cached_property
    def tokens(self) -> Tensor:
        """int64 [n], ascending."""
        return self.places.div(self.shape[1], rounding_mode="floor")

    @cached_property
    def latents(self) -> Tensor:
        """int64 [n], ascending within a token."""
        return self.places - self.tokens * self.shape[1]

    @cached_property
    def token_offsets(self) -> Tensor:
        """int64 [B + 1]: where in `places` each token begins."""
        return _offsets(self.tokens, self.shape[0])

    @cached_property
    def by_latent(self) -> tuple[Tensor, Tensor]:
        """The order that sorts the pairs by latent [n], and where in it each latent begins [F + 1]; on the CPU."""
        small = np.uint16 if self.shape[1] <= 2**16 else np.uint32  # 16 bits are sorted by radix
        order = torch.from_numpy(np.argsort(self.latents.numpy().astype(small), kind="stable"))
        return order, _offsets(self.latents, self.shape[1])

    def fired(self) -> Tensor:
        """Which latents are active on any token: bool [F]."""
        fired = torch.zeros(self.shape[1], dtype=torch.bool, device=self.places.device)
        fired[self.latents] = True
        return fired


def above(pre: Tensor, threshold: float) -> Tensor:
    """Places of all values greater than `threshold`, which is not negative."""
    if (
        pre.dtype == torch.bfloat16 and pre.device.type == "cpu"
    ):  # numpy has no such type; positive ones lie in the order of their bits
        bits = int(torch.tensor(threshold, dtype=torch.bfloat16).view(torch.int16))
        return torch.from_numpy(np.flatnonzero(pre.view(torch.int16).numpy() > bits))
    if pre.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(pre.numpy() > threshold))
    return (pre > threshold).flatten().nonzero()[:, 0]


def largest_of_tokens(pre: Tensor, k: int) -> Tensor:
    """Places of the k largest of each token that are positive."""
    values, latents = pre.topk(k, dim=1, sorted=False)
    places = latents + torch.arange(len(pre), device=pre.device)[:, None] * pre.shape[1]
    chosen: Tensor = places[values > 0].sort().values
    return chosen


def largest_of_batch(pre: Tensor, count: int) -> Tensor:
    """Places of the `count` largest of the batch that are positive.

    A partial sort of all values is most of the work of a step on a CPU. A bound that a sample of the tokens suggests leaves few
    candidates; where it leaves too few, it is lowered. The result is exact either way.
    """
    flat = pre.flatten()
    if pre.device.type != "cpu":
        values, places = flat.topk(count, sorted=False)
        positive: Tensor = places[values > 0].sort().values
        return positive
    sample = pre[:: max(1, len(pre) // 64)].flatten()
    share = count / flat.numel()
    for generosity in (1.2, 2.0):
        quota = min(len(sample), int(generosity * share * len(sample)) + 64)
        bound = float(sample.topk(quota, sorted=False).values.min())
        if bound > 0 and len(places := above(pre, bound)) >= count:
            break
    else:
        places = above(pre, 0.0)
    if len(places) <= count:
        return places
    chosen: Tensor = places[flat[places].topk(count, sorted=False).indices].sort().values
    return chosen


def encode(
    x: Tensor,
    weights: Tensor,
    bias: Tensor,
    select: Select,
    *,
    noise: Tensor | None,
    dense: bool,
    half: bool = False,
) -> tuple[Active, Tensor]:
    """Pre-activations of the latents that `select` chooses.

    Args:
        x: Inputs less the decoder's bias [B, d].
        weights: [d, F]; fastest where its transpose is contiguous.
        bias: [F].
        select: Chooses, seeing detached pre-activations.
        noise: Added to the pre-activations [B, F].
        dense: Let autograd run through the whole product.
        half: Multiply in bfloat16.

    Returns:
        The pairs, and their values [n] with a graph to x, weights and bias.
    """
    with torch.set_grad_enabled(dense and torch.is_grad_enabled()):
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            pre = torch.addmm(bias, x, weights)
        pre = pre.float() if half else pre
        if noise is not None:
            pre = pre + noise
    active = Active(select(pre.detach()), (pre.shape[0], pre.shape[1]))
    values = pre.flatten()[active.places]
    if dense:
        return active, values
    return active, _values_at(x, weights, bias, values, active)


def encode_largest(
    x: Tensor, weights: Tensor, bias: Tensor, count: int, *, offered: Tensor | None
) -> tuple[Active, Tensor]:
    """As `encode` with the `count` largest of the batch, after a product in bfloat16; on the CPU.

    The product only names candidates, an eighth more than are wanted. Their values are computed in float32 and the largest taken of those: what
    bfloat16 misjudges by less than that margin makes no difference.

    Args:
        x: Inputs less the decoder's bias [B, d].
        weights: [d, F].
        bias: [F].
        count: How many.
        offered: Latents that may be chosen, bool [F]; None for all.
    """
    with torch.no_grad():
        rough = torch.addmm(bias.bfloat16(), x.bfloat16(), weights.bfloat16())
        if offered is not None:
            rough = rough.masked_fill(~offered, 0.0)
        shape = (rough.shape[0], rough.shape[1])
        candidates = Active(largest_of_batch(rough, min(count + count // 8, rough.numel())), shape)
        exact = _dots(candidates, x, weights.T) + bias[candidates.latents]
        kept = exact.topk(min(count, len(exact)), sorted=False).indices.sort().values
        kept = kept[exact[kept] > 0]
        active = Active(candidates.places[kept], shape)
    return active, _values_at(x, weights, bias, exact[kept], active)


def decode(active: Active, values: Tensor, weights: Tensor, *, dense: bool, half: bool = False) -> Tensor:
    """Sum over a token's active latents of value times row of `weights` [F, d]: [B, d]."""
    if dense:
        z = torch.zeros(active.shape, dtype=values.dtype, device=values.device)
        z = z.flatten().index_put((active.places,), values).view(active.shape)
        with torch.autocast(z.device.type, torch.bfloat16, enabled=half):
            return (z @ weights).float() if half else z @ weights
    return _sum_of_rows(values, weights, active)


def _offsets(sorted_or_not: Tensor, groups: int) -> Tensor:
    offsets = torch.zeros(groups + 1, dtype=torch.int64, device=sorted_or_not.device)
    torch.cumsum(torch.bincount(sorted_or_not, minlength=groups), dim=0, out=offsets[1:])
    return offsets


def _bags(rows: Tensor, matrix: Tensor, offsets: Tensor, values: Tensor) -> Tensor:
    """For each bag the sum of value times row."""
    return F.embedding_bag(
        rows, matrix.contiguous(), offsets, mode="sum", per_sample_weights=values, include_last_offset=True
    )


def _by_latent(active: Active, matrix: Tensor, values: Tensor) -> Tensor:
    """For each latent the sum over its tokens of value times row of `matrix` [B, d]: [F, d]."""
    order, offsets = active.by_latent
    return _bags(active.tokens[order], matrix, offsets, values[order])


def _dots(active: Active, left: Tensor, right: Tensor) -> Tensor:
    """For each pair the token's row of `left` [B, d] times the latent's row of `right` [F, d]: what `embedding_bag`'s backward calls."""
    dots: Tensor = torch.ops.aten._embedding_bag_per_sample_weights_backward(
        left.contiguous(), right.contiguous(), active.latents, active.token_offsets, active.tokens, 0
    )
    return dots


class _ValuesAt(torch.autograd.Function):
    """Values that were computed without a graph, with the gradients of x W + b at their places."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, _bias: Tensor, values: Tensor, active: Active) -> Tensor:
        ctx.save_for_backward(x, weights)
        ctx.active = active
        return values.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, weights = ctx.saved_tensors
        active: Active = ctx.active
        to_x, to_weights, to_bias = ctx.needs_input_grad[:3]
        grad_x = _bags(active.latents, weights.T, active.token_offsets, grad) if to_x else None
        grad_weights = _by_latent(active, x, grad).T if to_weights else None
        grad_bias = torch.zeros_like(weights[0]).index_add_(0, active.latents, grad) if to_bias else None
        return grad_x, grad_weights, grad_bias, None, None


class _SumOfRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weights: Tensor, active: Active) -> Tensor:
        ctx.save_for_backward(values, weights)
        ctx.active = active
        return _bags(active.latents, weights, active.token_offsets, values)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        values, weights = ctx.saved_tensors
        active: Active = ctx.active
        to_values, to_weights = ctx.needs_input_grad[:2]
        grad_values = _dots(active, grad, weights) if to_values else None
        return grad_values, _by_latent(active, grad, values) if to_weights else None, None


_values_at: Callable[..., Tensor] = _ValuesAt.apply
_sum_of_rows: Callable[..., Tensor] = _SumOfRows.apply
