"""What goes along with a training run: it sees every step, is saved with every checkpoint and goes on from there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch


class Companion:
    """Something that lives as long as a run and that a resumed run takes up again where the checkpoint left it.

    This one does nothing. Every process has its own and calls all of it at the same moments, but for `save`, which only the first one calls;
    only the first one's records and results are kept.
    """

    def begin(self, checkpoint: Path | None) -> None:
        """Take up what `save` wrote into a checkpoint; None at the start of a run."""

    def after_step(self, step: int) -> None:
        """Optimizer step `step` is done (1 is the first); what is done here counts as training time."""

    def observe(self, step: int, model: torch.nn.Module, *, last: bool) -> Iterable[dict[str, Any]]:
        """Look at the prepared model after a step, and once more at the end of the run; not counted as training time.

        Returns:
            Records for metrics.jsonl and the trackers, each with its `kind` and `step`.
        """
        return ()

    def save(self, folder: Path) -> None:
        """Write what `begin` needs below a checkpoint's folder."""

    def finish(self, model: torch.nn.Module, results: dict[str, Any]) -> dict[str, Any]:
        """Write what the run leaves behind; what is returned goes into the run's results, which so far are `results`."""
        return {}
