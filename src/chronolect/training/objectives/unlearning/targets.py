"""What a model makes of the target tokens of a batch: their logits and nothing else's.

Shapes: B rows, L tokens, N targets in all rows, D width, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from torch.nn import functional as F
from transformers import PreTrainedModel

from chronolect.training.data import IGNORED
from chronolect.training.objectives.cross_entropy import gives_plain_logits
from chronolect.training.sharding import run_gathered


@dataclass(frozen=True)
class Targets:
    """The targets of some rows, row by row.

    Attributes:
        logits: float32 [N, V].
        labels: int64 [N].
        rows: int64 [N], which of the rows each belongs to.
        num_rows: How many rows there are.
    """

    logits: torch.Tensor
    labels: torch.Tensor
    rows: torch.Tensor
    num_rows: int

    def logprobs(self) -> torch.Tensor:
        """Log-probability of each target in nats, [N]."""
        return -F.cross_entropy(self.logits, self.labels, reduction="none")

    def row_logprobs(self) -> torch.Tensor:
        """log p(answer | question) of each row in nats, [rows]."""
        return self._sum(self.logprobs())

    def row_lengths(self) -> torch.Tensor:
        """Number of targets of each row, at least 1, [rows]."""
        return self._sum(torch.ones_like(self.logits[:, 0])).clamp(min=1)

    def nll(self) -> torch.Tensor:
        """Mean negative log-likelihood per target, a scalar; 0 where there are none."""
        return F.cross_entropy(self.logits, self.labels, reduction="sum") / max(1, len(self.labels))

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        return torch.zeros(self.num_rows, device=values.device, dtype=values.dtype).index_add(0, self.rows, values)

    def split(self, sizes: Sequence[int]) -> list["Targets"]:
        """The targets of the first `sizes[0]` rows, of the next `sizes[1]`, and so on."""
        parts, first = [], 0
        for size in sizes:
            chosen = (self.rows >= first) & (self.rows < first + size)
            parts.append(Targets(self.logits[chosen], self.labels[chosen], self.rows[chosen] - first, size))
            first += size
        return parts


def look(model: torch.nn.Module, input_ids: torch.Tensor, labels: torch.Tensor) -> Targets:
    """Run a model over a batch and take the logits where a label is to be learned.

    Answers are a few tokens of their rows, and the output layer runs on those only.

    Args:
        model: A causal language model, with or without adapters, wrapped for several processes or not.
        input_ids: int64 [B, L]; padding on the right.
        labels: int64 [B, L], the token that follows each input, -100 where it does not count.
    """
    return run_gathered(model, _look, input_ids, labels)


def _look(model: torch.nn.Module, input_ids: torch.Tensor, labels: torch.Tensor) -> Targets:
    chosen = labels != IGNORED
    rows = torch.arange(len(labels), device=labels.device)[:, None].expand_as(labels)[chosen]
    plain: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    if isinstance(plain, PreTrainedModel) and gives_plain_logits(plain):
        hidden_BLD = plain.get_decoder()(input_ids=input_ids, use_cache=False).last_hidden_state
        head: Any = plain.get_output_embeddings()
        logits_NV = head(hidden_BLD[chosen])
    else:  # replicated processes' wrapper must see the whole forward pass; models that change their logits do it there
        logits_NV = model(input_ids=input_ids, use_cache=False).logits[chosen]
    return Targets(logits_NV.float(), labels[chosen], rows, len(labels))
