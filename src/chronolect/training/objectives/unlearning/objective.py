"""What all unlearning objectives share: a forget term, a term that keeps what is to be kept, and their weights.

    loss = gamma * forget + alpha * NLL(retain) + kl * KL(start model || model on retain)

as in GradDiff (Liu et al. 2022, arXiv:2203.12817) and, with these names of the weights, in OpenUnlearning (Dorna et al. 2025, arXiv:2506.12618).
A forget term is a mean over a micro-batch; the micro-batches of a step are weighted by their questions.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.start_model import StartModel
from chronolect.training.objectives.unlearning.targets import Targets, look


@dataclass(frozen=True, kw_only=True)
class Unlearning:
    """Base of the objectives; a method is a subclass with a `forget_term`.

    The rows of a batch are, in this order, `sizes[0]` to forget, `sizes[1]` alternatives to them, and `sizes[2]` to retain; a method that does not
    need the first or the second gets none of them. `items` is the number of questions. A batch without `sizes` is one of validation: its loss is the
    plain negative log-likelihood.

    Args:
        gamma: Weight of the forget term.
        alpha: Weight of the retain term.
        kl: Weight of the divergence from the start model on what is to be retained.
        start: The model before unlearning, where `kl` or the method needs it.
    """

    gamma: float = 1.0
    alpha: float = 1.0
    kl: float = 0.0
    start: StartModel | None = None

    needs_truth: ClassVar[bool] = True
    needs_alternatives: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False  # log-probabilities under the start model, which the rows bring along
    needs_start: ClassVar[bool] = False

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Weighted terms of one micro-batch; the metrics are the terms before weighting."""
        if "sizes" not in batch:
            return -look(model, batch["input_ids"], batch["labels"]).logprobs().sum() / batch["num_items"], {}
        terms = self.terms(model, batch)
        weights = {"forget": self.gamma, "retain": self.alpha, "kl": self.kl}
        share = batch["items"] / batch["num_items"]
        loss: Any = sum(weights[name] * term for name, term in terms.items())
        return loss * share, {name: term.detach() * share for name, term in terms.items()}

    def terms(self, model: torch.nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Those of the terms `forget`, `retain` and `kl` that have a weight, each a scalar."""
        forget, alternative, retain = look(model, batch["input_ids"], batch["labels"]).split(batch["sizes"])
        terms = {"forget": self.forget_term(forget, alternative, batch)}
        if self.alpha:
            terms["retain"] = retain.nll()
        if self.kl:
            terms["kl"] = self.divergence(model, batch, retain)
        return terms

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """The method's own term, a scalar. RMU, which looks at hidden states and not at targets, has `terms` of its own instead."""
        raise NotImplementedError

    def divergence(self, model: torch.nn.Module, batch: Batch, retain: Targets) -> torch.Tensor:
        """KL(start model || model), mean over the targets of the retain rows, in nats."""
        assert self.start is not None
        kept = slice(batch["sizes"][0] + batch["sizes"][1], None)
        with self.start.of(model) as start:
            before = look(start, batch["input_ids"][kept], batch["labels"][kept])
        return F.kl_div(
            F.log_softmax(retain.logits, dim=-1),
            F.log_softmax(before.logits, dim=-1),
            reduction="batchmean",
            log_target=True,
        )
