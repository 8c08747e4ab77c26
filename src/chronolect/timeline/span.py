"""`Span`: when something was, as far as is known: a closed interval of days."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chronolect.timeline import notation
from chronolect.timeline.calendar import FIRST_DAY, LAST_DAY, bin_start, day_number, year_end, year_of, year_start


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `earliest` to `latest`, both included; `None` is an open end, and `Span()` says nothing at all.

    Days count from 1970-01-01 in the proleptic Gregorian calendar and fit 32 bits. What a span was parsed from is kept
    in `text` (with its marks of doubt, which have widened the interval already) and plays no part in comparisons.
    """

    earliest: int | None = None
    latest: int | None = None
    text: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        assert self.earliest is None or self.latest is None or self.earliest <= self.latest, self
        assert all(day is None or FIRST_DAY <= day <= LAST_DAY for day in (self.earliest, self.latest)), self

    @classmethod
    def parse(cls, edtf: str) -> "Span":
        """Read EDTF (`1969-07`, `196X`, `1850~`, `/1969-07-20`, `[1667..1672]`); `UserError` if it is none or names a
        day that never was.

        >>> Span.parse("1969-07").edtf(), Span.parse("1850~") == Span.parse("1840/1860")
        ('1969-07', True)
        """
        text = edtf.strip()
        return cls(*notation.parse(text), text=text)

    @classmethod
    def day(cls, year: int, month: int, day: int) -> "Span":
        """One day; `ValueError` if it does not exist."""
        return cls(*(day_number(year, month, day),) * 2)

    @classmethod
    def year(cls, first: int, last: int | None = None) -> "Span":
        """One whole year, or the years from `first` to `last`."""
        return cls(year_start(first), year_end(first if last is None else last))

    def edtf(self) -> str:
        """The expression this span was parsed from, or else the shortest one with the same first and last day."""
        return self.text if self.text is not None else notation.write(self.earliest, self.latest)

    def __str__(self) -> str:
        return self.edtf()

    @property
    def is_known(self) -> bool:
        """Whether the span says anything: it has at least one end."""
        return self.earliest is not None or self.latest is not None

    @property
    def is_approximate(self) -> bool:
        """Whether it was stated as approximate or uncertain (`~`, `?`, `%`)."""
        return self.text is not None and any(mark in self.text for mark in "~?%")

    def hull(self, *others: "Span") -> "Span":
        """The smallest span that contains this one and the others."""
        spans = (self, *others)
        earliest = [span.earliest for span in spans if span.earliest is not None]
        latest = [span.latest for span in spans if span.latest is not None]
        return Span(
            min(earliest) if len(earliest) == len(spans) else None, max(latest) if len(latest) == len(spans) else None
        )

    def intersect(self, *others: "Span") -> "Span | None":
        """The days that lie in this span and all others; `None` if there are none."""
        spans = (self, *others)
        earliest = max((span.earliest for span in spans if span.earliest is not None), default=None)
        latest = min((span.latest for span in spans if span.latest is not None), default=None)
        if earliest is not None and latest is not None and earliest > latest:
            return None
        return Span(earliest, latest)

    def overlaps(self, other: "Span") -> bool:
        """Whether some day lies in both."""
        return self.intersect(other) is not None

    def contains(self, other: "Span | int") -> bool:
        """Whether a day, or every day of another span, lies in this one."""
        if isinstance(other, int):
            other = Span(other, other)
        starts = self.earliest is None or (other.earliest is not None and self.earliest <= other.earliest)
        ends = self.latest is None or (other.latest is not None and other.latest <= self.latest)
        return starts and ends

    def years(self) -> range | None:
        """The years it touches; `None` if an end is open."""
        if self.earliest is None or self.latest is None:
            return None
        return range(year_of(self.earliest), year_of(self.latest) + 1)

    @property
    def middle_year(self) -> int | None:
        """The year of its middle day, for counting by year; `None` if an end is open."""
        if self.earliest is None or self.latest is None:
            return None
        return year_of((self.earliest + self.latest) // 2)

    def year_bin(self, size: int) -> int | None:
        """First year of the bin of `size` years its middle lies in (decades for 10); `None` if an end is open."""
        year = self.middle_year
        return None if year is None else bin_start(year, size)


def hull(spans: Iterable[Span]) -> Span:
    """The smallest span that contains all of them; `Span()` of none."""
    first, *rest = list(spans) or [Span()]
    return first.hull(*rest)
