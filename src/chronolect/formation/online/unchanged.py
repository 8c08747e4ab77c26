"""The control of a warm series: its autoencoders go on learning from a model that no longer changes."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch

from chronolect.console import progress as shown
from chronolect.formation.conditions import CONDITIONS
from chronolect.formation.online.companion import Progress
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.online.sampling import counted_tokens, sample_places, without_sinks
from chronolect.formation.online.snapshots import Snapshots
from chronolect.formation.reading.residuals import read_residuals
from chronolect.training.data import PackedRows


def go_on_unchanged(
    model: Any,
    snapshots: Snapshots,
    rows: PackedRows,
    config: FormationConfig,
    progress: Progress,
    *,
    step: int,
    excluded: Sequence[int],
    seed: int,
) -> Snapshots:
    """Let the base condition's autoencoders learn on from the model as it is, for one snapshot more than the window is long.

    Between two of them lie as many updates as between the last two of the run. They are numbered as the steps after the last.

    Args:
        model: The finished model.
        snapshots: Of the run.
        rows: Text to learn from.
        config: What is followed.
        progress: How far the autoencoders are.
        step: The run's last.
        excluded: Token ids that are no text.
        seed: Of the choice of tokens.

    Returns:
        The snapshots of the series `no-change-warm`.
    """
    learners = [
        replace(learner, condition=CONDITIONS["no-change"])
        for learner in snapshots.learners
        if learner.condition.name == "base"
    ]
    made = replace(snapshots, learners=learners)
    steps = sorted({record["step"] for record in snapshots.records()})
    gap = step - (steps[-2] if len(steps) > 1 else 0)
    updates = max(1, gap // config.update_frequency)
    tokens = progress.tokens
    device = next(model.parameters()).device
    count = -(-2 * config.tokens_per_update // rows.seq_len)  # twice as many tokens as are needed: some do not count
    was_training = model.training
    model.eval()
    number = 0
    for turn in range(1, config.window_size + 2):
        for _ in shown(range(updates), label=f"the model unchanged, {turn} of {config.window_size + 1}"):
            ids = rows.batch(number * count, count)["input_ids"].to(device)
            with torch.autocast(device.type, torch.bfloat16) if snapshots.bfloat16 else nullcontext():
                streams = read_residuals(model, snapshots.layers, ids)
            places = sample_places(counted_tokens(ids, excluded), config.tokens_per_update, seed=(seed, 4, number))
            x = without_sinks(streams.flatten(0, 1)[places])
            for learner in made.trained:
                learner.learn(x)
            tokens += len(x)
            number += 1
        made.take(step + turn, model, tokens=tokens)
    model.train(was_training)
    return made
