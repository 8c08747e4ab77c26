"""Complaints of the loop, and of what follows features, in the words of a configuration: keys and where a value comes from, in place of flags."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from chronolect.errors import UserError
from chronolect.formation.membench.config.files import Layers

T = TypeVar("T")

# Flags as `train pretrain` and the rest name them in their messages, by the key they are here.
TRAINING_KEYS = {
    "seq-len": "dataset.max_length",
    "batch-size": "training.batch_size",
    "accumulate": "training.gradient_accumulation_steps",
    "max-steps": "training.max_steps",
    "lr": "training.learning_rate",
    "schedule": "training.scheduler",
    "optimizer": "training.optimizer",
    "warmup-steps": "training.warmup_steps",
    "weight-decay": "training.weight_decay",
    "clip": "training.max_grad_norm",
    "device": "environment.device",
    "seed": "experiment.seed",
    "log-every": "chrono.monitoring.update_interval",
    "eval-every": "training.eval_steps",
    "eval-batches": "evaluation.eval_dataset_size",
    "sample-every": "training.eval_steps",
    "save-every": "training.save_steps",
    "keep": "chrono.checkpointing.max_checkpoints",
    "lora-r": "training.lora.r",
    "lora-dropout": "training.lora.dropout",
}
FORMATION_KEYS = {
    "route": "chrono.route_sae.route",
    "sae-layers": "chrono.route_sae.layers",
    "sae-seeds": "chrono.route_sae.seeds",
    "sae-conditions": "chrono.route_sae.conditions",
    "sae-l1": "chrono.route_sae.sparsity_weight",
    "sae-warmup-steps": "chrono.route_sae.warmup_steps",
    "sae-reconstruction-weight": "chrono.route_sae.reconstruction_weight",
    "update-frequency": "chrono.route_sae.update_frequency",
    "tokens-per-update": "chrono.route_sae.tokens_per_update",
    "coupling": "chrono.route_sae.coupling",
    "dropout-rate": "chrono.temporal_dropout.initial_rate",
    "dropout-schedule": "chrono.temporal_dropout.schedule",
    "dropout-hold": "chrono.temporal_dropout.hold",
    "alignment": "chrono.feature_alignment.alignment_type",
    "alignment-weight": "chrono.feature_alignment.weight",
    "alignment-every": "chrono.feature_alignment.every_n_steps",
    "probe-tokens": "chrono.temporal_purity.probe_tokens",
    "snapshot-every": "chrono.temporal_purity.compute_every_n_steps",
    "no-change": "chrono.temporal_purity.no_change",
    "similarity-threshold": "chrono.temporal_purity.similarity_threshold",
    "window-size": "chrono.temporal_purity.window_size",
    "track-metrics": "chrono.monitoring.track_metrics",
}


def in_keys(message: str) -> str:
    """A message of the loop, or of what follows features, in the words of a configuration: keys in place of flags."""
    known = {**TRAINING_KEYS, **FORMATION_KEYS, "out": "environment.output_dir"}
    return re.sub(r"--([a-z0-9-]+)", lambda found: known.get(found[1], found[0]), message)


def named_after_keys(make: Callable[[], T], keys: Mapping[str, str], layers: Layers) -> T:
    """What `make` gives; its complaints name the keys in place of flags, and where the value comes from."""
    try:
        return make()
    except UserError as error:
        message = str(error)
        found = re.match(r"--([a-z0-9-]+)", message)
        if found and found[1] in keys:
            key = keys[found[1]]
            message = f"{layers[key].origin}: {key}{message[found.end() :]}"
        raise UserError(message) from None
