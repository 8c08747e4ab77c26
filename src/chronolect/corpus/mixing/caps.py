"""Caps: how much of a mix may come from a source or an era, and what that leaves of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chronolect.corpus.eras import Era
from chronolect.errors import UserError
from chronolect.timeline import Span

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kMBG%]?)")
_FACTORS = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "G": 1e9}
UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most a `share` of all tokens, or a number of `tokens`, may be of a source or an era."""

    kind: Literal["source", "era"]
    name: str
    share: float | None = None
    tokens: float | None = None

    def allowed(self, total: float) -> float:
        """Tokens allowed in a mix of `total` tokens."""
        return self.share * total if self.share is not None else float(self.tokens or 0)

    def __str__(self) -> str:
        limit = f"{self.share:.4g} of the tokens" if self.share is not None else f"{self.tokens or 0:,.0f} tokens"
        return f"{self.kind} {self.name} at {limit}"


def parse_caps(texts: Sequence[str], kind: Literal["source", "era"]) -> list[Cap]:
    """Caps from "chess=0.05", "chess=5%" (shares) or "chess=2M" (tokens); `UserError` for anything else."""
    flag = "--cap" if kind == "source" else "--era-cap"
    caps: list[Cap] = []
    for text in texts:
        name, _, amount = text.rpartition("=")
        match = _AMOUNT.fullmatch(amount.strip())
        if not name or not match:
            raise UserError(f'{flag} "{text}": expected NAME=0.05 (a share), NAME=5% or NAME=2M (tokens)')
        if name in [cap.name for cap in caps]:
            raise UserError(f'{flag} "{text}": {name} has a cap already')
        number, unit = float(match[1]), match[2]
        if unit == "%" or (not unit and number <= 1):
            share = number / 100 if unit == "%" else number
            if not 0 < share <= 1:
                raise UserError(f'{flag} "{text}": a share lies between 0 and 1')
            caps.append(Cap(kind, name, share=share))
        else:
            caps.append(Cap(kind, name, tokens=number * _FACTORS[unit]))
    return caps


@dataclass(frozen=True, slots=True)
class EraTest:
    """Says which of some eras a span lies in, as a bit for each; "undated" is an era of its own."""

    eras: tuple[Era, ...]

    @classmethod
    def of(cls, caps: Sequence[Cap]) -> "EraTest":
        """For the eras of caps, which are named by their intervals."""
        return cls(tuple(Era(cap.name, Span() if cap.name == UNDATED else Span.parse(cap.name)) for cap in caps))

    def __call__(self, span: Span) -> int:
        bits = 0
        for place, era in enumerate(self.eras):
            holds = not span.is_known if era.name == UNDATED else era.holds(span)
            bits |= holds << place
        return bits


def budgets(
    available: npt.NDArray[np.float64], caps: Sequence[Cap], members: Sequence[npt.NDArray[np.bool_]]
) -> tuple[npt.NDArray[np.float64], list[int | None]]:
    """Tokens to take of each cell (documents of one source and the same eras), and the cap that cut it most.

    What a cap leaves over is shared out in proportion, and shares are of what remains in the end: with 100 of others, a
    source at 0.2 keeps 25.

    Raises:
        UserError: Caps that leave nothing, such as shares for all sources that do not add up to 1.
    """
    taken = available.astype(np.float64)
    cut_by: list[int | None] = [None] * len(taken)
    deepest = np.ones(len(taken))
    for _ in range(10_000):
        changed = False
        for number, (cap, member) in enumerate(zip(caps, members, strict=True)):
            load, allowed = taken[member].sum(), cap.allowed(taken.sum())
            if load > allowed * (1 + 1e-9):
                factor = allowed / load
                taken[member] *= factor
                changed = True
                for cell in np.flatnonzero(member).tolist():
                    if cut_by[cell] is None or factor < deepest[cell]:
                        cut_by[cell], deepest[cell] = number, factor
        if not changed:
            break
        if taken.sum() < 1:
            named = ", ".join(str(cap) for cap in caps)
            raise UserError(f"the caps leave nothing ({named}): raise one, or leave a source without a cap")
    return taken, cut_by
