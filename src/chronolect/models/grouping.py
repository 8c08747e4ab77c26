"""Scoring requests as token ids: grouped by context, so that a context is computed once for all that is asked after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Tokens = tuple[int, ...]


@dataclass
class Group:
    """One context and what follows it: `targets[i]` is scored for the requests `owners[i]`."""

    context: Tokens
    targets: list[Tokens] = field(default_factory=list)
    owners: list[list[int]] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """Tokens to compute. The last token of a target is only scored, never read."""
        return len(self.context) + sum(len(target) - 1 for target in self.targets)

    @property
    def rows(self) -> int:
        """Positions whose logits are needed: the context's last, and all of a target but its last."""
        return 1 + sum(len(target) - 1 for target in self.targets)


def windows(context: Tokens, target: Tokens, length: int, overlap: int) -> Iterator[tuple[Tokens, Tokens]]:
    """Cut a target into pieces that a model of `length` positions can score, each behind what came before it.

    The first piece is as long as fits; every later window begins with the last `overlap` or more tokens already seen, which are read again and
    not scored again. A context too long for its target loses its beginning.

    >>> list(windows((0,), (1, 2, 3, 4, 5, 6), 4, 2))
    [((0,), (1, 2, 3, 4)), ((2, 3, 4), (5, 6))]
    """
    assert 0 < overlap < length, (overlap, length)
    kept = max(1, min(len(context), max(overlap, length - len(target) + 1)))
    whole = context[-kept:] + target
    start, stop = kept, min(len(whole), length + 1)
    while start < len(whole):
        yield whole[max(0, stop - 1 - length) : start], whole[start:stop]
        start, stop = stop, min(len(whole), stop + length + 1 - overlap)


def group_requests(
    requests: Sequence[tuple[Tokens, Tokens]], *, length: int, overlap: int, most_cells: int, most_rows: int
) -> list[Group]:
    """Requests (context, target) by context, equal ones merged, the costly groups first.

    Args:
        requests: Token ids; each context holds at least one token.
        length: Positions the model has.
        overlap: Tokens read again by a later window of a long text.
        most_cells: A group of several targets takes no more tokens than this.
        most_rows: And needs the logits of no more positions.
    """
    found: dict[Tokens, dict[Tokens, list[int]]] = {}
    for owner, (before, wanted) in enumerate(requests):
        for context, target in windows(before, wanted, length, overlap):
            found.setdefault(context, {}).setdefault(target, []).append(owner)
    groups = []
    for context, targets in found.items():
        group = Group(context)
        for target, owners in targets.items():
            more = len(target) - 1
            if group.targets and (group.cells + more > most_cells or group.rows + more > most_rows):
                groups.append(group)
                group = Group(context)
            group.targets.append(target)
            group.owners.append(owners)
        groups.append(group)
    return sorted(groups, key=lambda group: (-group.cells, len(group.targets)))
