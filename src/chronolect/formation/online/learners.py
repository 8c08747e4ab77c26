"""The autoencoders that learn beside a language model: one per condition and seed, all from the same tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chronolect.formation.alignment import Mutual, TemporalAnchor
from chronolect.formation.conditions import Condition, find_conditions
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.routing.config import RouteConfig
from chronolect.formation.routing.model import RouteSae
from chronolect.formation.routing.trainer import RouteTrainer
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.files import load_trainer, save_trainer
from chronolect.formation.sae.trainer import SaeTrainer

_JUDGE = Condition(name="judge", help="an autoencoder of random layers")
_POWER_RATE = (
    0.5  # of the moving average of activations' power that a scale follows: early on that grows by a fifth per step
)


@dataclass(frozen=True)
class Learner:
    """An autoencoder that goes on learning for as long as the language model does.

    Attributes:
        condition: What sets its training apart.
        seed: Which of several like it.
        trainer: The autoencoder with its optimizer.
    """

    condition: Condition
    seed: int
    trainer: SaeTrainer

    @property
    def name(self) -> str:
        """Of its series: `base-warm-seed0`. It is a warm one, since each snapshot goes on from the one before."""
        return f"{self.condition.name}-warm-seed{self.seed}"

    @property
    def sae(self) -> SparseAutoencoder | RouteSae:
        """What encodes activations: [B, d] of one layer, [B, R, d] of several."""
        return self.trainer.route if isinstance(self.trainer, RouteTrainer) else self.trainer.sae

    def learn(self, x: Tensor) -> dict[str, float]:
        """One step on activations float32 [B, R, d]; its losses and `l0` and `dead`."""
        x = self.seen(x)
        if self.trainer.steps:
            follow_scale(self.sae, x)
        return {name: float(value) for name, value in self.trainer.step(x).items()}

    def seen(self, x: Tensor) -> Tensor:
        """Activations [B, R, d] as `sae` takes them."""
        return x if isinstance(self.trainer, RouteTrainer) else x[:, 0]

    def save(self, folder: Path) -> None:
        """Write everything needed to go on to the same bits."""
        save_trainer(folder / self.name, self.trainer)

    def load(self, folder: Path) -> None:
        """Go on from `save`."""
        load_trainer(folder / self.name, self.trainer)


def make_learners(
    config: FormationConfig,
    *,
    layers: Sequence[int],
    width: int,
    steps: int,
    tokens: int | None,
    seed: int,
    device: torch.device,
) -> list[Learner]:
    """The autoencoders of all conditions and seeds, untrained.

    Args:
        config: What is followed.
        layers: Blocks that are read: one, or several to route among.
        width: Of the language model, d.
        steps: Steps that they will take.
        tokens: Tokens that each will see; None where that is not known beforehand.
        seed: Of the run. Autoencoders of one number start from the same weights under all conditions, so that these can be compared in pairs.
        device: Where they learn.
    """
    form = config.sae_config(width)
    found = []
    for condition in find_conditions(config.sae_conditions):
        group = []
        for number in range(config.sae_seeds):
            own = 1000 * seed + number
            training = condition.training(config.sae_training(steps=steps, tokens=tokens, seed=own), form, width=width)
            if config.route == "none":
                sae = SparseAutoencoder(width, form, seed=own).to(device)
                group.append(Learner(condition, number, SaeTrainer(sae, training)))
            else:
                routing = RouteConfig(mode=config.route, warmup_steps=config.sae_warmup_steps, seed=own)
                route = RouteSae(layers, width, form, routing, seed=own).to(device)
                group.append(Learner(condition, number, RouteTrainer(route, training)))
        _align(group, config)
        found += group
    return found


def make_judge(
    config: FormationConfig,
    *,
    layers: Sequence[int],
    width: int,
    steps: int,
    tokens: int | None,
    seed: int,
    device: torch.device,
) -> Learner | None:
    """The autoencoder of random layers by which a run's routers are judged (`router_report`); None where no router learns.

    It learns as they do, from the same tokens, but it is no result: it stands among no seeds and has no snapshots.

    Args:
        config: As in `make_learners`, like all that follows.
    """
    if config.route not in ("advantage", "paper"):
        return None
    own = 1000 * seed + config.sae_seeds  # the one after theirs
    route = RouteSae(layers, width, config.sae_config(width), RouteConfig(mode="random", seed=own), seed=own).to(device)
    return Learner(_JUDGE, 0, RouteTrainer(route, config.sae_training(steps=steps, tokens=tokens, seed=own)))


def _align(group: Sequence[Learner], config: FormationConfig) -> None:
    """Add the losses on decoders that the settings ask for to autoencoders of one condition."""
    for learner in group:
        if config.alignment == "temporal_anchor":
            learner.trainer.alignments.append(TemporalAnchor(config.alignment_weight))
        elif config.alignment == "mutual":
            others = [other.trainer.sae.W_dec for other in group if other is not learner]
            learner.trainer.alignments.append(Mutual(config.alignment_weight, others))


@torch.no_grad()
def follow_scale(sae: SparseAutoencoder | RouteSae, x: Tensor) -> None:
    """Let the scale follow the activations' norm, which grows several hundred times over while a language model learns from nothing.

    Inside, an autoencoder then sees activations of one size throughout: it learns the same whether they grow or not, its learning rate and its
    threshold mean the same at all times, and a feature that only grew in strength looks the same.
    """
    if isinstance(sae, SparseAutoencoder):
        _follow(sae.scale, x.square().sum(dim=1).mean(), sae.width)
    elif sae.routing.normalise == "layer":
        _follow(sae.layer_scale, x.square().sum(dim=2).mean(dim=0), sae.sae.width)


def _follow(scale: Tensor, power: Tensor, width: int) -> None:
    average = (width / scale.square()).lerp(power.clamp_min(1e-12), _POWER_RATE)
    scale.copy_((width / average).sqrt())


def memory_share(learners: Sequence[Learner], model: torch.nn.Module) -> float:
    """What the autoencoders hold of memory, their gradients and moments included, beside what the model does."""

    def held(parameters: Iterable[torch.nn.Parameter]) -> int:
        return sum(p.numel() * p.element_size() * (4 if p.requires_grad else 1) for p in parameters)

    own = sum(held(p for _, p in learner.trainer.named_parameters()) for learner in learners)
    return own / held(model.parameters())
