"""What a feature fires on, said from counts: a pattern is looked for on one half of the probe and counted on the other."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chronolect.formation.cards.probe_text import NONE, Ints, ProbeText
from chronolect.statistics import wilson

STRONGEST = 200  # firings of each half that are looked at
_PLAIN = 0.5  # lower end of the share from which on a pattern is said to be one
_FEWEST = 10  # in each half; on fewer nothing is said


@dataclass(frozen=True)
class Pattern:
    """A property that a feature's strongest firings share, with how often they do; counted where it was not looked for.

    Attributes:
        facet: Which property: see `ProbeText.facets`.
        value: Its value.
        share: Share of the strongest firings that have it.
        low: Lower end of the 95 % Wilson interval of `share`.
        high: Upper end.
        n: The strongest firings counted.
        base: Share of all tokens that have it.
        fired: Share of the tokens that have it on which the feature fires.
        tokens: How many tokens have it.
        bits: What a firing tells of the property: the divergence of `low` from `base`, 0 where `low` is no larger.
    """

    facet: str
    value: str
    share: float
    low: float
    high: float
    n: int
    base: float
    fired: float
    tokens: int
    bits: float

    def as_dict(self) -> dict[str, Any]:
        """For `cards.json`."""
        return asdict(self)

    @property
    def plain(self) -> bool:
        """Whether it holds for most of the strongest firings."""
        return self.low >= _PLAIN

    @property
    def where(self) -> str:
        """In words: `on the word “union”`."""
        return where(self.facet, self.value)


@dataclass(frozen=True)
class Firings:
    """Where a feature fires: places among the N counted tokens, and how strongly."""

    places: Ints
    values: NDArray[np.float32]

    def strongest(self, most: int = STRONGEST) -> Ints:
        """The places of the strongest firings, strongest first."""
        return self.places[np.argsort(-self.values, kind="stable")[:most]]


class Patterns:
    """Looks for patterns in a probe: in the first half of its rows; counts them on the second, which shares at most one document with it."""

    def __init__(self, text: ProbeText) -> None:
        self.text = text
        self.counted_on = text.row_of(np.arange(len(text))) >= text.rows // 2
        self._sizes = np.bincount(self.counted_on, minlength=2)  # tokens of the halves
        self._counts: dict[str, Ints] = {}

    def find(self, firings: Firings) -> Pattern | None:
        """The most telling pattern of the strongest firings; None where there are too few firings."""
        look, _ = self._halves(firings)
        if len(look) < _FEWEST:
            return None
        best, most = None, -1.0
        for facet, (codes, _) in self.text.facets.items():
            seen = codes[look]
            seen = seen[seen != NONE]
            if not len(seen):
                continue
            values, counts = np.unique(seen, return_counts=True)
            value = int(values[counts.argmax()])
            share = wilson(int(counts.max()), len(look)).low or 0.0
            bits = _bits(share, self._frequencies(facet)[0, value] / self._sizes[0])
            if bits > most + 1e-9:
                best, most = (facet, value), bits
        return self.count(firings, *best) if best else None

    def count(self, firings: Firings, facet: str, value: int) -> Pattern | None:
        """A given pattern counted on the second half; None where too few firings are there."""
        codes, names = self.text.facets[facet]
        _, strongest = self._halves(firings)
        if len(strongest) < _FEWEST:
            return None
        share = wilson(int((codes[strongest] == value).sum()), len(strongest))
        tokens = int(self._frequencies(facet)[1, value])
        fired = int(((codes[firings.places] == value) & self.counted_on[firings.places]).sum())
        base = tokens / int(self._sizes[1])
        assert share.rate is not None
        assert share.low is not None
        assert share.high is not None
        return Pattern(
            facet=facet,
            value=names[value],
            share=share.rate,
            low=share.low,
            high=share.high,
            n=len(strongest),
            base=base,
            fired=fired / tokens if tokens else 0.0,
            tokens=tokens,
            bits=_bits(share.low, base),
        )

    def _frequencies(self, facet: str) -> Ints:
        """How many tokens of each half have each value, [2, values]."""
        if facet not in self._counts:
            codes, names = self.text.facets[facet]
            self._counts[facet] = np.stack(
                [
                    np.bincount(codes[half & (codes != NONE)], minlength=len(names))
                    for half in (~self.counted_on, self.counted_on)
                ]
            )
        return self._counts[facet]

    def code(self, facet: str, value: str) -> int:
        """The code of a value by its name."""
        names = self.text.facets[facet][1]
        return list(names).index(value)

    def _halves(self, firings: Firings) -> tuple[Ints, Ints]:
        halves = []
        for second in (False, True):
            inside = self.counted_on[firings.places] == second
            halves.append(Firings(firings.places[inside], firings.values[inside]).strongest())
        return halves[0], halves[1]


def where(facet: str, value: str) -> str:
    """A facet's value in words."""
    shown = f"“{value}”"
    if facet.startswith("ending "):
        return f"at the end of words in “-{value}”"
    return {
        "word": f"on the word {shown}" if value.isalpha() else f"on {shown}",
        "token": f"on the token {shown}",
        "after word": f"after the word {shown}",
        "after": f"after the token {shown}",
        "before": f"where {shown} comes next",
        "year": "in years",
        "number": "in numbers",
        "capitalised": "on capitalised words",
        "capitals": "on words in capitals",
        "punctuation": "on punctuation",
    }[facet]


def summary(pattern: Pattern | None) -> str:
    """One sentence from the counts."""
    if pattern is None:
        return "Fires too rarely on this probe to say on what."
    counted = f"[{pattern.low:.0%}, {pattern.high:.0%}], n = {pattern.n}"
    if not pattern.plain:
        return (
            f"No plain pattern: the most telling one, {pattern.where}, holds for {pattern.share:.0%} of its strongest firings "
            f"{counted}; {percent(pattern.base)} of all tokens."
        )
    return (
        f"Fires {pattern.where}: {pattern.share:.0%} of its strongest firings {counted}; {percent(pattern.base)} of all tokens. "
        f"It fires on {pattern.fired:.0%} of the {pattern.tokens:,} tokens that are so."
    )


def title(pattern: Pattern) -> str:
    """A headline of a few words."""
    return f"Fires {pattern.where}" if pattern.plain else "No plain pattern"


def percent(share: float) -> str:
    """A share that may be small: 12%, 1.2%, 0.03%."""
    return f"{share:.0%}" if share >= 0.1 else f"{100 * share:.2g}%"


def top_values(codes: Ints, names: Sequence[str], places: Ints, most: int) -> list[dict[str, Any]]:
    """The most frequent values at these places, with their shares."""
    seen = codes[places]
    values, counts = np.unique(seen[seen != NONE], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [
        {"text": names[int(values[place])], "count": int(counts[place]), "share": float(counts[place] / len(places))}
        for place in order
    ]


def _bits(share: float, base: float) -> float:
    """Divergence of two coins in bits; 0 where the first is not above the second."""
    if share <= base:
        return 0.0
    base = min(max(base, 1e-9), 1 - 1e-9)
    rest = 0.0 if share >= 1 else (1 - share) * log2((1 - share) / (1 - base))
    return share * log2(share / base) + rest
