"""Autoencoders that read several layers of the last checkpoint, each token at the one that a router chooses."""

import itertools
from typing import Any, Literal

from chronolect.console import say
from chronolect.errors import UserError
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.residuals import check_layers
from chronolect.formation.routing.config import RouteConfig, middle_layers
from chronolect.formation.routing.files import save_route
from chronolect.formation.routing.model import RouteSae
from chronolect.formation.routing.report import combine_reports, router_report
from chronolect.formation.routing.splicing import routed_splice_measures
from chronolect.formation.routing.trainer import RouteTrainer
from chronolect.formation.track.checkpoints import Checkpoint
from chronolect.formation.track.config import TrackConfig
from chronolect.formation.track.follower import Follower, Record
from chronolect.formation.track.measuring import spliced_rows
from chronolect.training.metrics import JsonLines

_LOG_EVERY = 50  # steps
_REPORTED = 16_384  # tokens of the probe: R errors of each are held


def routed_layers(config: TrackConfig, model: Any) -> list[int]:
    """The layers to route among: those of the settings, or the middle half of the model's.

    Raises:
        UserError: For a layer that the model has not, or fewer than two.
    """
    layers = config.route_layers or middle_layers(model.config.num_hidden_layers)
    check_layers(model, layers)
    if len(set(layers)) < 2 or len(set(layers)) < len(layers):
        raise UserError(f"--route-layers {' '.join(map(str, layers))}: give at least two, none of them twice")
    return layers


def route(follower: Follower, checkpoint: Checkpoint, layers: list[int]) -> Record:
    """Train a routed autoencoder for each seed on one pass of a checkpoint's activations, and judge the routers on the probe.

    Each is written to `routes/seed<k>`. Where they learn, one more of random layers goes along, by which they are judged.

    Returns:
        `combine_reports` of the seeds, and under `splice` what the model loses by each.
    """
    config, probe, mode = follower.config, follower.texts.probe, follower.config.route
    assert mode is not None

    def work(_: str, log: JsonLines) -> Record:
        model = follower.load(checkpoint)
        width, steps = model.config.hidden_size, config.sae_tokens // config.batch_tokens

        def trainer_of(mode: Literal["advantage", "paper", "random"], seed: int) -> RouteTrainer:
            routing = RouteConfig(mode=mode, seed=seed)
            sae = RouteSae(layers, width, config.sae_config(width), routing, seed=seed)
            return RouteTrainer(sae.to(follower.device), config.sae_training(seed))

        trainers = [trainer_of(mode, config.seed + seed) for seed in range(config.seeds)]
        judge = None if mode == "random" else trainer_of("random", config.seed + config.seeds)
        say(f"{checkpoint.name}: {mode} routing among layers {', '.join(map(str, layers))}, {steps} steps")
        for number, x in enumerate(itertools.islice(follower.stream(model, checkpoint.name, layers=layers), steps), 1):
            if judge:
                judge.step(x)
            for seed, trainer in enumerate(trainers):
                metrics = trainer.step(x)
                if number % _LOG_EVERY == 0 or number == steps:
                    values = {key: round(float(value), 6) for key, value in metrics.items()}
                    log.write(
                        kind="formation", series=f"route-seed{seed}", checkpoint=checkpoint.step, step=number, **values
                    )
        reports, splices = [], []
        spliced = spliced_rows(probe, config.splice_tokens, config.rows, follower.device)
        for seed, trainer in enumerate(trainers):
            states = ActivationStream(model, layers, probe.rows(config.rows), bfloat16=follower.bfloat16)
            few = itertools.islice(states, max(1, _REPORTED // states.batch_tokens))
            reports.append(router_report(trainer.route, few, judge=judge.route if judge else None))
            if spliced:
                splices.append(routed_splice_measures(model, trainer.route, spliced))
            metadata = {"condition": "route", "seed": seed, "step": checkpoint.step, "model_name": checkpoint.name}
            save_route(follower.folder / "routes" / f"seed{seed}", trainer.route, metadata=metadata)
        return {**combine_reports(reports), "step": checkpoint.step, "splice": splices}

    return follower.once("route", work)
