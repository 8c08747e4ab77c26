"""Bad input that does not stop the work: counted by kind, the first listed in the manifest and shown."""

from collections import Counter
from dataclasses import dataclass

from chronolect.console import say
from chronolect.errors import UserError

SHOWN, LISTED = 20, 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Problems:
    """What could not be used. With `strict` the first one stops the work as a `UserError`."""

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.counts: Counter[str] = Counter()
        self.listed: list[str] = []
        self.left_out = 0

    def add(self, kind: str, problem: Problem, *, left_out: bool = True) -> None:
        """Note one; `left_out` says whether the document went with it."""
        if self.strict:
            raise UserError(str(problem))
        if self.counts.total() < SHOWN:
            say(f"{problem} ({'left out' if left_out else 'kept'})")
        if len(self.listed) < LISTED:
            self.listed.append(str(problem))
        self.counts[kind] += 1
        self.left_out += left_out

    def report(self) -> None:
        """Say how many more there were than were shown."""
        if self.counts.total() > SHOWN:
            say(f"... and {self.counts.total() - SHOWN:,} more problems; the first {LISTED:,} are in the manifest")

    def summary(self) -> str:
        """Counts by kind in words."""
        return ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items())
