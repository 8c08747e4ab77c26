"""The rule that chooses phase 4's checkpoint."""

import pytest

from chronolect.curriculum.selection import Choice, choose_checkpoint

# Step and loss before, at and after the published checkpoint of each size.
PUBLISHED = {
    "4B": [(30, 1.0593), (31, 1.0474), (32, 1.0355)],
    "8B": [(29, 1.0572), (30, 1.0485), (31, 1.0402)],
    "14B": [(23, 1.0602), (24, 1.0496), (25, 1.0394)],
    "32B": [(17, 1.0630), (18, 1.0491), (19, 1.0352)],
}


@pytest.mark.parametrize("size", PUBLISHED)
def test_the_published_checkpoints(size: str) -> None:
    losses = PUBLISHED[size]
    assert choose_checkpoint(losses, below=1.05) == Choice(*losses[1], met=True)


def test_the_threshold_itself_is_not_below_it() -> None:
    assert choose_checkpoint([(1, 1.2), (2, 1.05), (3, 1.04)], below=1.05).step == 3


def test_the_first_counts_even_if_later_ones_are_lower_or_above_again() -> None:
    assert choose_checkpoint([(1, 1.2), (2, 1.0), (3, 1.1), (4, 0.9)], below=1.05).step == 2


def test_without_one_below_it_is_the_first_of_the_lowest() -> None:
    assert choose_checkpoint([(1, 1.3), (2, 1.1), (3, 1.1), (4, 1.2)], below=1.05) == Choice(2, 1.1, met=False)
