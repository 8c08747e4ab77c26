"""Which checkpoint of a phase goes on: by the loss that was logged, the published rule."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A chosen checkpoint.

    Attributes:
        step: Its step.
        loss: What was logged at that step: the loss of the weights before its update, which the checkpoint is after.
        met: Whether that is below the threshold; else it is only the lowest.
    """

    step: int
    loss: float
    met: bool


def choose_checkpoint(losses: Sequence[tuple[int, float]], *, below: float) -> Choice:
    """The first step whose loss is strictly below a threshold; where none is, the one with the lowest loss, of equal ones the first.

    The rule of TIME's phase 4 (arXiv:2601.05300), where a little more training would fit the few dialogues too closely.

    >>> choose_checkpoint([(30, 1.0593), (31, 1.0474), (32, 1.0355)], below=1.05)
    Choice(step=31, loss=1.0474, met=True)

    Args:
        losses: Step and logged loss of each checkpoint, in order.
        below: The threshold.
    """
    for step, loss in losses:
        if loss < below:
            return Choice(step, loss, met=True)
    step, loss = min(losses, key=lambda one: one[1])
    return Choice(step, loss, met=False)
