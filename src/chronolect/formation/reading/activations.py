"""Activations of a language model as a stream of shuffled batches, in bounded memory."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.reading.residuals import check_layers, read_residuals

SINK_RATIO = 10.0  # a token whose norm is above this many medians is a sink: attention parks there, and it says nothing


class ActivationStream:
    """Residual streams of the counted tokens of rows, in batches.

    The stream is a function of the model, the rows and `seed` alone. Sink tokens, whose norm in any of the layers is above 10 times the
    median of their forward pass (Sun et al. 2024, arXiv:2402.17762), are left out and counted.

    Args:
        model: A causal language model, in evaluation mode, or several that read the same tokens.
        layers: Blocks whose output is read; see `residuals`.
        rows: Pairs of input ids (int64) and which tokens count (bool), [rows, tokens] each: one forward pass per pair.
        batch_tokens: B.
        shuffle_tokens: Tokens among which one batch is drawn: each time they are all there, the half of them, in a random order, goes out.
            0 leaves the order of the rows.
        seed: Seed of that order.
        bfloat16: Multiply matrices in bfloat16, which autocast does; the residual stream stays float32.
        name: What to call the model in errors.

    Attributes:
        counts: Tokens so far: `read`, `left_out` (not counted in the rows), `sinks`.
    """

    def __init__(
        self,
        model: Any,
        layers: Sequence[int],
        rows: Iterable[tuple[Tensor, Tensor]],
        *,
        batch_tokens: int = 2048,
        shuffle_tokens: int = 0,
        seed: int = 0,
        bfloat16: bool = False,
        name: str = "the model",
    ) -> None:
        self.models = list(model) if isinstance(model, Sequence) else [model]
        for one in self.models:
            check_layers(one, layers)
        self.layers, self.rows, self.name = tuple(layers), rows, name
        self.batch_tokens, self.shuffle_tokens, self.seed, self.bfloat16 = batch_tokens, shuffle_tokens, seed, bfloat16
        self.counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Tensor]:
        """Batches float32 [B, d] of one layer, [B, R, d] of several (of each model in turn); without shuffling a last, shorter one comes, too."""
        generator = torch.Generator().manual_seed(self.seed)
        held: list[Tensor] = []
        size, capacity = 0, max(self.shuffle_tokens, 2 * self.batch_tokens)
        for found, kept in self.forward():
            held.append(found[kept])
            size += len(held[-1])
            if not self.shuffle_tokens and size >= self.batch_tokens:
                *full, rest = torch.cat(held).split(self.batch_tokens)
                if len(rest) == self.batch_tokens:
                    full, rest = [*full, rest], rest[:0]
                yield from full
                held, size = [rest], len(rest)
            elif self.shuffle_tokens and size >= capacity:
                mixed = torch.cat(held)
                mixed = mixed[torch.randperm(size, generator=generator).to(mixed.device)]
                out = capacity // 2 // self.batch_tokens * self.batch_tokens
                yield from mixed[:out].split(self.batch_tokens)
                held, size = [mixed[out:].clone()], size - out
        if not self.shuffle_tokens and size:
            yield torch.cat(held)
        elif size >= self.batch_tokens:
            mixed = torch.cat(held)[torch.randperm(size, generator=generator).to(held[0].device)]
            yield from mixed[: size // self.batch_tokens * self.batch_tokens].split(self.batch_tokens)

    def forward(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Of each pair of rows, the activations of its counted tokens, float32 [n, d] or [n, R, d], and which are no sinks, bool [n].

        Raises:
            UserError: Where an activation is not a number.
        """
        device = next(self.models[0].parameters()).device
        for ids, counted in self.rows:
            with torch.autocast(device.type, torch.bfloat16) if self.bfloat16 else nullcontext():
                read = [read_residuals(model, self.layers, ids.to(device)) for model in self.models]
            hidden = read[0] if len(read) == 1 else torch.cat(read, dim=2)
            found = hidden[counted.to(device)].float()
            norms = found.norm(dim=-1)  # [n, R]
            if not bool(torch.isfinite(norms).all()):
                raise UserError(
                    f"{self.name}: activations after block {' or '.join(map(str, self.layers))} hold values that are no numbers; "
                    "leave this checkpoint out, or look at how it was trained"
                )
            kept = (norms <= SINK_RATIO * norms.median(dim=0).values).all(dim=-1)
            self.counts["read"] += int(kept.sum())
            self.counts["left_out"] += int((~counted).sum())
            self.counts["sinks"] += int((~kept).sum())
            yield (found if found.shape[1] > 1 else found[:, 0]), kept
