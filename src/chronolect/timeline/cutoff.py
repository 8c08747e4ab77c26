"""`Cutoff`: the one rule of what lies before a date. Every filter, probe and report asks it."""

import re
from dataclasses import dataclass
from enum import Enum

from chronolect.errors import UserError
from chronolect.timeline import notation
from chronolect.timeline.span import Span

_EXACT = re.compile(r"-?\d{4}(-[01]\d(-\d\d)?)?")


class Verdict(Enum):
    """How a span lies to a cutoff."""

    BEFORE = "before"
    AFTER = "after"
    STRADDLES = "straddles"
    UNDATED = "undated"

    @property
    def letter(self) -> str:
        """The one-letter class: O (old), N (new), S (straddles), U (undated)."""
        return {"before": "O", "after": "N", "straddles": "S", "undated": "U"}[self.value]


@dataclass(frozen=True, slots=True, order=True)
class Cutoff:
    """The last day that may be known, as days since 1970-01-01."""

    day: int

    @classmethod
    def parse(cls, date: str) -> "Cutoff":
        """Read `1969-07-20`, `1969-07` or `1969`. A month or a year stands for its last day: `1969` allows all of 1969
        (to shut 1969 out, write `1968`).

        Raises `UserError` for anything else: a cutoff is exact, so `1969~`, `196X` or an interval is refused.
        """
        text = date.strip()
        if not _EXACT.fullmatch(text):
            raise UserError(f'cutoff "{date}": give one exact day, month or year, such as 1969-07-20, 1969-07 or 1969')
        latest = notation.parse(text)[1]
        assert latest is not None
        return cls(latest)

    def judge(self, span: Span | None) -> Verdict:
        """`BEFORE` if the whole span lies on or before the cutoff, `AFTER` if all of it lies past it, `STRADDLES` if it
        may be either, `UNDATED` for none.

        An open end reaches past every date: a person born in 1930 and still living (`1930/..`) straddles 1969.
        """
        if span is None or not span.is_known:
            return Verdict.UNDATED
        if span.latest is not None and span.latest <= self.day:
            return Verdict.BEFORE
        if span.earliest is not None and span.earliest > self.day:
            return Verdict.AFTER
        return Verdict.STRADDLES

    def edtf(self) -> str:
        """The day as `YYYY-MM-DD`."""
        return notation.write_day(self.day)

    def __str__(self) -> str:
        return self.edtf()
