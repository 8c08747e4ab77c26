"""Training a sparse autoencoder one batch of activations at a time: beside a language model's own training, or over stored checkpoints."""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.alignment import Alignment
from chronolect.formation.sae.active import (
    Active,
    above,
    decode,
    encode,
    encode_largest,
    largest_of_batch,
    largest_of_tokens,
)
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeTraining

_THRESHOLD_DECAY = 0.99
_SOFT_COSINE = 0.8


def normalised_error(error: Tensor, targets: Tensor) -> Tensor:
    """Squared error over the variance of the batch, of errors and targets [B, d].

    A coupled model gains nothing by making its activations smaller: gradients run through the variance, too.
    """
    variance = (targets - targets.mean(dim=0)).square().sum().clamp_min(1e-12)
    ratio: Tensor = error.square().sum() / variance
    return ratio


class SaeTrainer:
    """Adam on the batch-level normalised error, with an auxiliary loss that revives dead latents.

    `step` takes activations of any device in the model's units; its metrics are detached scalars. All randomness is private.
    `state_dict` and `load_state_dict` hold everything: a resumed trainer goes on to the same bits.

    `alignments` hold losses on the decoder. A subclass may choose what is encoded and what is to be reconstructed (`prepare`),
    how errors count (`normalised_error`), and add losses (`penalties`).
    """

    def __init__(self, sae: SparseAutoencoder, training: SaeTraining) -> None:
        self.sae, self.training = sae, training
        self.steps = 0
        device = sae.W_enc.device
        self.silent_for = torch.zeros(sae.config.latents, dtype=torch.int64, device=device)  # tokens
        self.fired = torch.zeros(sae.config.latents, dtype=torch.bool, device=device)  # in the last batch
        self.lowest: Tensor | None = None  # activation that was selected in it
        self.alignments: list[Alignment] = []
        self.generator = torch.Generator(device=device).manual_seed(training.seed + 1)
        self.lr = training.lr if training.lr is not None else 2e-4 / math.sqrt(sae.config.latents / 2**14)
        frozen = {"decoder": ("W_dec",), "encoder": ("W_enc", "b_enc")}.get(training.frozen, ())
        self.trained = {name: p for name, p in self.named_parameters() if name.rpartition(".")[2] not in frozen}
        for name, p in self.named_parameters():
            p.requires_grad_(name in self.trained)
        self.half = training.precision == "bfloat16"
        self.dense = device.type != "cpu" or sae.config.architecture == "relu"
        self.optimizer = torch.optim.Adam(self.trained.values(), lr=self.lr, betas=(0.9, 0.999), fused=True)
        self.first_decoder = sae.W_dec.detach().clone() if training.frozen == "soft-decoder" else None

    def named_parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        """What may be trained, by name."""
        return list(self.sae.named_parameters())

    def fit(self, x: Tensor) -> None:
        """Set what is set from the first batch: scale and decoder bias, unless the autoencoder has them already."""
        if float(self.sae.scale) == 1.0:
            self.sae.fit_to(x)

    def prepare(self, x: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """What is encoded [B, d], what it is held to [B, d], and losses of its own by name."""
        return x, x, {}

    def penalties(self) -> dict[str, Tensor]:
        """Losses beside the reconstruction, by name, weighted."""
        return {
            alignment.name: alignment.weight * alignment(self.sae.W_dec, self.fired) for alignment in self.alignments
        }

    def normalised_error(self, error: Tensor, targets: Tensor) -> Tensor:
        """How the errors [B, d] of targets [B, d] count."""
        return normalised_error(error, targets)

    def loss(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, with its graph, and detached metrics; `x` keeps its graph, so that a language model can be coupled."""
        self._refuse_no_numbers(x)
        with torch.autocast(x.device.type, enabled=False):  # a language model around may run in half precision
            return self._loss(x.float() * self.sae.scale)

    def _loss(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        sae, training = self.sae, self.training
        inputs, targets, losses = self.prepare(x)
        inputs = inputs - sae.b_dec
        dropped, weights, offered = self._drop(inputs)
        noise = None
        if training.noise:
            shape = (len(inputs), sae.config.latents)
            noise = training.noise * torch.randn(shape, generator=self.generator, device=x.device)
        active, values = self._encode(dropped, weights, offered, noise)
        if dropped is inputs and offered is None and noise is None:
            self._look(active, values.detach())
        else:  # what fires, and above what, is judged as at inference
            with torch.no_grad():
                self._look(*self._encode(inputs, sae.W_enc, None, None))
        if training.latent_dropout:
            kept = torch.rand(values.shape, generator=self.generator, device=x.device) >= training.latent_dropout
            values = values * kept / (1 - training.latent_dropout)
        error = targets - (decode(active, values, sae.W_dec, dense=self.dense, half=self.half) + sae.b_dec)
        losses["reconstruction"] = self.normalised_error(error, targets)
        dead = self.silent_for >= training.dead_after
        if training.aux_weight and bool(dead.any()):
            losses["aux"] = training.aux_weight * self._aux(dropped, weights, error.detach(), dead)
        if training.l1:
            losses["l1"] = training.l1 * values.sum() / len(inputs)
        if training.l2:
            losses["l2"] = training.l2 * sae.W_enc.square().sum()
        losses.update(self.penalties())
        metrics = {name: value.detach() for name, value in losses.items()}
        metrics["l0"] = torch.tensor(len(active.places) / len(inputs))
        metrics["dead"] = dead.float().mean()
        return torch.stack(list(losses.values())).sum(), metrics

    def step(self, x: Tensor) -> dict[str, Tensor]:
        """One optimizer step on activations [B, d] (or what `prepare` takes).

        Raises:
            UserError: Where the activations hold what is no number.
        """
        if self.steps == 0:
            self._refuse_no_numbers(x)
            self.fit(x)
        loss, metrics = self.loss(x.detach())
        loss.backward()
        self.update(num_tokens=len(x))
        return metrics

    def update(self, *, num_tokens: int) -> None:
        """Step the optimizer on the gradients of the last `loss`."""
        sae = self.sae
        if "W_dec" in self.trained and sae.W_dec.grad is not None:  # what would only change a row's norm
            directions = sae.W_dec.detach()
            parallel = torch.linalg.vecdot(sae.W_dec.grad, directions)
            sae.W_dec.grad.addcmul_(parallel[:, None], directions, value=-1)
        torch.nn.utils.clip_grad_norm_(self.trained.values(), self.training.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * self._lr_multiplier()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            if "W_dec" in self.trained:
                self._hold_decoder()
            if self.lowest is not None:
                # at first activations move fast: a slow average would keep at inference what no longer is
                rate = max(1 - _THRESHOLD_DECAY, 1 / (1 + self.steps / 10))
                sae.threshold.lerp_(self.lowest, rate)
            self.silent_for += num_tokens
            self.silent_for[self.fired] = 0
        self.steps += 1

    def state_dict(self) -> dict[str, Any]:
        """Tensors and numbers; with the weights of the autoencoder."""
        return {
            "sae": self.sae.state_dict(),
            "optimizer": {name: self.optimizer.state[p] for name, p in self.trained.items()},
            "silent_for": self.silent_for,
            "generator": self.generator.get_state(),
            "steps": self.steps,
            **({} if self.first_decoder is None else {"first_decoder": self.first_decoder}),
            "alignments": {alignment.name: alignment.state_dict() for alignment in self.alignments},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.sae.load_state_dict(state["sae"])
        for name, p in self.trained.items():
            moments = state["optimizer"].get(name, {})
            self.optimizer.state[p] = {
                key: torch.empty_like(p).copy_(value) if value.shape == p.shape else value.to(p.device)
                for key, value in moments.items()
            }
        self.silent_for.copy_(state["silent_for"])
        self.generator.set_state(state["generator"])
        self.steps = state["steps"]
        if self.first_decoder is not None:
            self.first_decoder.copy_(state["first_decoder"])
        for alignment in self.alignments:
            alignment.load_state_dict(state["alignments"][alignment.name])

    def _refuse_no_numbers(self, x: Tensor) -> None:
        if not bool(torch.isfinite(x).all()):
            raise UserError(
                f"the activations at step {self.steps} of the sparse autoencoder hold values that are no numbers; "
                "look at the checkpoint they come from"
            )

    def _drop(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Inputs and encoder weights under this step's mask, and which latents may be selected (None: all)."""
        sae, dropout = self.sae, self.training.dropout
        mask = dropout.mask(self.steps, width=sae.width, latents=sae.config.latents, device=sae.W_enc.device)
        if mask is None:
            return inputs, sae.W_enc, None
        if dropout.granularity == "latent":
            return inputs, sae.W_enc, mask[0]
        kept = 1 - dropout.rate(self.steps)  # dividing the inputs by it spares a pass over the weights
        if dropout.granularity == "input":
            return inputs * (mask[:, 0] / kept), sae.W_enc, None
        return inputs / kept, sae.W_enc * mask, None

    def _encode(
        self, inputs: Tensor, weights: Tensor, offered: Tensor | None, noise: Tensor | None
    ) -> tuple[Active, Tensor]:
        config, bias = self.sae.config, self.sae.b_enc
        if self.half and not self.dense and config.architecture == "batchtopk" and noise is None:
            return encode_largest(inputs, weights, bias, config.k * len(inputs), offered=offered)
        select = partial(self._select, offered=offered)
        half = self.half and self.dense
        return encode(inputs, weights, bias, select, noise=noise, dense=self.dense, half=half)

    def _select(self, pre: Tensor, offered: Tensor | None = None) -> Tensor:
        config = self.sae.config
        if offered is not None:
            pre = pre.masked_fill(~offered, 0.0)
        if config.architecture == "relu":
            return above(pre, 0.0)
        if config.architecture == "topk":
            return largest_of_tokens(pre, config.k)
        return largest_of_batch(pre, config.k * len(pre))

    def _look(self, active: Active, values: Tensor) -> None:
        """Note which latents fire, and the least with which one does."""
        self.fired = active.fired()
        self.lowest = values.min() if self.sae.config.architecture == "batchtopk" and len(values) else None

    def _aux(self, inputs: Tensor, weights: Tensor, residual: Tensor, dead: Tensor) -> Tensor:
        """Normalised error of the dead latents' own reconstruction of what is left over (no bias: it is in the residual already)."""
        k = min(self.training.aux_k or self.sae.width // 2, int(dead.sum()))
        select = partial(largest_of_tokens, k=k)
        active, values = encode(inputs, weights.T[dead].T, self.sae.b_enc[dead], select, noise=None, dense=self.dense)
        return normalised_error(residual - decode(active, values, self.sae.W_dec[dead], dense=self.dense), residual)

    def _lr_multiplier(self) -> float:
        training, step = self.training, self.steps
        warmup = min(1.0, (step + 1) / training.warmup_steps) if training.warmup_steps else 1.0
        decay_steps = training.steps * training.decay_fraction
        decay = min(1.0, max(0.0, (training.steps - step) / decay_steps)) if decay_steps else 1.0
        return warmup * decay

    def _hold_decoder(self) -> None:
        weights = self.sae.W_dec
        weights.div_(weights.norm(dim=1, keepdim=True).clamp_min(1e-12))
        if self.first_decoder is None:
            return
        cosine = (weights * self.first_decoder).sum(dim=1, keepdim=True)
        across = weights - cosine * self.first_decoder
        across /= across.norm(dim=1, keepdim=True).clamp_min(1e-12)
        nearest = _SOFT_COSINE * self.first_decoder + math.sqrt(1 - _SOFT_COSINE**2) * across
        weights.copy_(torch.where(cosine < _SOFT_COSINE, nearest, weights))
