"""Conditions: what a sparse autoencoder is trained on and how, beside the base that everything is compared with.

A result about features counts only if the same pipeline, run on what holds no such thing, does not show it as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from chronolect.errors import UserError, did_you_mean
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.formation.temporal_dropout import TemporalDropout

Activations = Literal["checkpoints", "random-init", "no-change"]
_INITIAL_RATE, _MIN_RATE = 0.2, 0.05  # of Chrono-MemBench


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One way to make a series.

    Attributes:
        name: As it is asked for, and the first part of the series' name.
        help: What it shows, in a line.
        activations: What the autoencoders read: the `checkpoints`; a model of the same shape with fresh weights (`random-init`);
            or one checkpoint over and over, the autoencoder going on from where it was (`no-change`).
        frozen: Replaces `SaeTraining.frozen`.
        regularised: What takes the place of temporal dropout, at a strength to match it: `dropout` itself, `l2`, `latent-dropout`, `noise`,
            `nothing`, or None for the training's own.
    """

    name: str
    help: str
    activations: Activations = "checkpoints"
    frozen: Literal["decoder", "soft-decoder", "encoder"] | None = None
    regularised: Literal["dropout", "l2", "latent-dropout", "noise", "nothing"] | None = None

    def training(self, base: SaeTraining, config: SaeConfig, *, width: int) -> SaeTraining:
        """The base training as this condition changes it.

        What stands in for temporal dropout is matched to the base's, or, where that has none, to a cosine from 0.2 to 0.05 over its steps.

        Args:
            base: The training of the base condition.
            config: Form of the autoencoder.
            width: Of the activations, d.
        """
        changes: dict[str, Any] = {}
        if self.frozen is not None:
            changes["frozen"] = self.frozen
        if self.regularised is not None:
            dropout = base.dropout if has_dropout(base) else standard_dropout(base)
            odds = mean_odds(dropout, base.steps)
            changes["dropout"] = dropout if self.regularised == "dropout" else TemporalDropout()
            if self.regularised == "l2":
                changes["l2"] = matched_l2(odds, config, width=width)
            elif self.regularised == "noise":
                changes["noise"] = math.sqrt(
                    odds
                )  # of the same variance: an encoder column of norm 1, inputs of mean square 1
            elif self.regularised == "latent-dropout":
                changes["latent_dropout"] = odds / (1 + odds)
        return replace(base, **changes)


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(name="base", help="the checkpoints, and the training as it is set"),
        Condition(
            name="random-init",
            help="the same pipeline on a model that has learned nothing",
            activations="random-init",
        ),
        Condition(
            name="no-change",
            help="one checkpoint over and over: what is not kept here is not kept because of the method",
            activations="no-change",
        ),
        Condition(name="frozen-decoder", help="directions drawn at random and never trained", frozen="decoder"),
        Condition(name="soft-frozen", help="directions kept within a cosine of 0.8 of random", frozen="soft-decoder"),
        Condition(name="frozen-encoder", help="the encoder never trained", frozen="encoder"),
        Condition(name="no-dropout", help="temporal dropout off", regularised="nothing"),
        Condition(name="dropout", help="temporal dropout on", regularised="dropout"),
        Condition(name="l2", help="an L2 penalty of the same expected size instead", regularised="l2"),
        Condition(
            name="latent-dropout", help="dropout of activations at the same rate instead", regularised="latent-dropout"
        ),
        Condition(name="noise", help="Gaussian noise of the same variance instead", regularised="noise"),
    )
}


def find_conditions(names: Sequence[str]) -> list[Condition]:
    """The conditions of these names, once each, in their order.

    Raises:
        UserError: For a name that is none.
    """
    for name in names:
        if name not in CONDITIONS:
            raise UserError(
                f"there is no condition {name}; one of {', '.join(CONDITIONS)}{did_you_mean(name, CONDITIONS)}"
            )
    return [CONDITIONS[name] for name in dict.fromkeys(names)]


def has_dropout(training: SaeTraining) -> bool:
    """Whether the training drops anything at its first step or later."""
    return callable(training.dropout.schedule) or training.dropout.initial_rate > 0


def standard_dropout(training: SaeTraining) -> TemporalDropout:
    """A cosine from 0.2 to 0.05 over the training's steps."""
    return TemporalDropout(initial_rate=_INITIAL_RATE, min_rate=_MIN_RATE, schedule="cosine", end=training.steps)


def mean_odds(dropout: TemporalDropout, steps: int) -> float:
    """Mean of p/(1-p) over the steps: what dropout's penalty is proportional to (docs/sparse-autoencoders.md)."""
    rates = [dropout.rate(step) for step in range(steps)]
    return sum(rate / (1 - rate) for rate in rates) / len(rates)


def matched_l2(odds: float, config: SaeConfig, *, width: int) -> float:
    """Weight of ‖W_enc‖² whose penalty is as large as that of dropout with these mean odds.

    A token's extra squared error under dropout is odds · Σᵢ Wᵢf² xᵢ² for each of its k active latents; with inputs of mean square 1 and all
    latents equally often active, odds · k/F · ‖W_enc‖². The loss divides by the inputs' variance, of about d per token.
    """
    return odds * config.k / config.latents / width
