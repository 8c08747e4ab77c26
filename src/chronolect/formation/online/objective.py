"""The objective of a training run whose features are followed: what the model minimises, and what its activations are taken for."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from chronolect.formation.alignment import attention_diversity
from chronolect.formation.online.attention import watch_attention
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.online.learners import Learner
from chronolect.formation.online.sampling import counted_tokens, sample_places
from chronolect.formation.reading.residuals import capture
from chronolect.formation.routing.model import RouteSae
from chronolect.formation.sae.trainer import normalised_error
from chronolect.training.data import Batch
from chronolect.training.objectives import Objective


@dataclass(kw_only=True)
class Followed:
    """An objective, and what is read of the model while it is computed.

    At every `update_frequency`-th step the residual stream of some tokens is laid by for the autoencoders, without its graph: the model
    learns what it would learn without them, to the bit. What may change it is `coupling`, which adds to the loss how badly the autoencoders, as
    they are, reconstruct that stream, and `attention_diversity`.

    Attributes:
        inner: What the model minimises otherwise.
        config: What is followed.
        layers: Blocks that are read.
        learners: The autoencoders; none in a process that does not train them.
        excluded: Token ids that are no text.
        accumulate: Micro-batches per step.
        processes: How many share a step.
        seed: Of the run.
        step: Optimizer steps done.
        laid_by: Activations of this step, [n, R, d] of each micro-batch.
        terms: What was added to the loss in this step, by name, without the weights.
    """

    inner: Objective
    config: FormationConfig
    layers: Sequence[int]
    learners: Sequence[Learner]
    excluded: Sequence[int]
    accumulate: int
    processes: int
    seed: int
    step: int = 0
    laid_by: list[Tensor] = field(default_factory=list)
    terms: dict[str, list[Tensor]] = field(default_factory=dict)
    _micro_batches: int = 0

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss and metrics of the inner objective, with what is added; in validation nothing is."""
        if not model.training:
            return self.inner(model, batch)
        config = self.config
        reads = bool(self.learners) and self.step % config.update_frequency == 0
        aligns = config.alignment == "attention_diversity" and self.step % config.alignment_every == 0
        if not reads and not aligns:
            return self.inner(model, batch)
        bare = getattr(model, "module", model)  # within DistributedDataParallel
        with ExitStack() as stack:
            attention = stack.enter_context(watch_attention(bare, self.layers[-2:])) if aligns else None
            captured = stack.enter_context(capture(bare, self.layers, detach=not config.coupling)) if reads else None
            loss, metrics = self.inner(model, batch)
        counted = counted_tokens(batch["input_ids"], self.excluded)
        if attention is not None:
            alike = attention_diversity(attention.weights(), counted)
            loss = loss + config.alignment_weight * alike / (self.accumulate * self.processes)
            self.terms.setdefault("attention_diversity", []).append(alike.detach())
        if captured is not None:
            share = -(-config.tokens_per_update // self.accumulate)
            places = sample_places(counted, share, seed=(self.seed, 3, self.step, self._micro_batches))
            self._micro_batches += 1
            x = torch.stack([captured[layer].flatten(0, 1)[places] for layer in self.layers], dim=1).float()
            self.laid_by.append(x.detach())
            if config.coupling and len(x) > 1:
                error = self._reconstruction_error(x)
                loss = loss + config.coupling * config.sae_reconstruction_weight * error / self.accumulate
                self.terms.setdefault("coupling", []).append(error.detach())
        return loss, metrics

    def next_step(self, step: int) -> tuple[Tensor | None, dict[str, float]]:
        """Go on to the next step, `step` being done.

        Returns:
            The activations laid by, [B, R, d], if any; and the means of what was added to the loss.
        """
        x = torch.cat(self.laid_by) if self.laid_by else None
        terms = {name: float(torch.stack(values).mean()) for name, values in self.terms.items()}
        self.laid_by, self.terms, self._micro_batches, self.step = [], {}, 0, step
        return x, terms

    def _reconstruction_error(self, x: Tensor) -> Tensor:
        """Normalised error of activations [B, R, d] that keep their graph, mean over the autoencoders."""
        trained = [learner for learner in self.learners if learner.trainer.steps]
        if not trained:
            return x.new_zeros(())
        errors = []
        with torch.autocast(x.device.type, enabled=False):
            for learner in trained:
                sae = learner.sae
                own = learner.seen(x)
                with _fixed(learner):
                    if isinstance(sae, RouteSae):
                        u = sae.normalised(own)
                        place, share = sae.choice(own)
                        own = u[torch.arange(len(u), device=u.device), place]
                        x_hat = sae.sae(own * share[:, None]) / share[:, None]
                    else:
                        x_hat = sae(own)
                errors.append(normalised_error(own - x_hat, own))
        return torch.stack(errors).mean()


@contextmanager
def _fixed(learner: Learner) -> Iterator[None]:
    """What is computed inside sends no gradient to the autoencoder."""
    parameters = list(learner.trainer.trained.values())
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
