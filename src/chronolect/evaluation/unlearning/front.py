"""The Pareto front of forgetting and keeping."""

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the points that no other beats, from the most forgotten to the most kept.

    A point (remembered, kept) is beaten by one that remembers no more and keeps no less, and is better in one of the two; of equal points the first
    counts.

    >>> pareto_front([(0.3, 0.9), (0.2, 0.8), (0.3, 0.7), (0.2, 0.8)])
    [1, 0]
    """
    front: list[int] = []
    most_kept = float("-inf")
    for place in sorted(range(len(points)), key=lambda place: (points[place][0], -points[place][1], place)):
        if points[place][1] > most_kept:
            front.append(place)
            most_kept = points[place][1]
    return front
