"""The clock of a conversation: the real one, or one that begins where it is told to, runs as fast as it is told to, and can be moved."""

import calendar
import re
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from chronolect.dialogue.stamps import Stamp
from chronolect.errors import UserError, did_you_mean

_UNIT_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_UNIT_MONTHS = {"month": 1, "year": 12}
_SHORT = {"s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day", "w": "week"}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)(?:\s*,?\s*(?:and\s+)?)", re.ASCII)


class Clock(ABC):
    """A clock with a scale of seconds that no change to or from summer time disturbs.

    Attributes:
        zone: Its time zone; None for stamps without an offset.
        speed: Seconds that pass on it in a real one; 0 for a clock that stands.
    """

    zone: tzinfo | None
    speed: float

    @abstractmethod
    def seconds(self) -> float:
        """Where it stands on its scale."""

    @abstractmethod
    def move(self, seconds: float) -> None:
        """Set it.

        Raises:
            UserError: For a clock that cannot be set.
        """

    @abstractmethod
    def moment(self, seconds: float) -> datetime:
        """The moment at a place on its scale, aware of its offset where the clock has a zone."""

    @abstractmethod
    def place(self, moment: datetime) -> float:
        """The place of a moment on its scale; one without an offset is meant in the clock's zone."""

    def stamp(self, seconds: float | None = None) -> str:
        """The stamp of a place on its scale, or of now."""
        return self.moment(self.seconds() if seconds is None else seconds).isoformat(timespec="seconds")

    def after(self, length: str) -> float:
        """Where it will stand after a length of time such as `3 days` or `2h 30m`.

        Months and years are counted on the calendar (a month from 31 January is the last of February), all else in seconds: a day is 24 hours.

        Raises:
            UserError: For what is no length of time, or leads past the year 9999.
        """
        months, seconds = parse_length(length)
        try:
            now = self.seconds()
            shifted = self.place(_add_months(self.moment(now), months)) if months else now
            self.moment(shifted + seconds)
        except (ValueError, OverflowError):
            raise UserError(f"{length}: leads past the year 9999") from None
        return shifted + seconds


class RealClock(Clock):
    """The time of this machine, in a zone, or without an offset as its own wall clock shows it."""

    speed = 1.0

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.zone = zone

    def seconds(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def move(self, seconds: float) -> None:
        """It cannot be set."""
        raise UserError("the clock is the real one; start with --clock simulated to move it")

    def moment(self, seconds: float) -> datetime:
        """See `Clock`."""
        return datetime.fromtimestamp(seconds, self.zone)

    def place(self, moment: datetime) -> float:
        """See `Clock`."""
        return _aware(moment, self.zone).timestamp()


class SimulatedClock(Clock):
    """A clock of its own."""

    def __init__(self, start: datetime, *, zone: tzinfo | None = None, speed: float = 1.0) -> None:
        """Start it.

        Args:
            start: Where it begins; without an offset, it is meant in the zone.
            zone: Its time zone; by default that of `start`, if it has one.
            speed: Seconds that pass on it in a real one.
        """
        self.zone = zone or start.tzinfo
        self.speed = speed
        self._base, self._since = self.place(start), time.monotonic()

    def seconds(self) -> float:
        """Seconds since 1970 in its zone; without one, as if its wall clock showed UTC."""
        return self._base + self.speed * (time.monotonic() - self._since)

    def move(self, seconds: float) -> None:
        """Set it, back in time as well."""
        self._base, self._since = seconds, time.monotonic()

    def moment(self, seconds: float) -> datetime:
        """See `Clock`."""
        if self.zone is not None:
            return _since_1970(seconds).astimezone(self.zone)
        return _since_1970(seconds).replace(tzinfo=None)

    def place(self, moment: datetime) -> float:
        """See `Clock`."""
        return (_aware(moment, self.zone or UTC) - _since_1970(0)).total_seconds()


def parse_length(text: str) -> tuple[int, float]:
    """A length of time as months and seconds.

    Raises:
        UserError: For anything else.

    >>> parse_length("3 days"), parse_length("2h 30m"), parse_length("1 year and 2 weeks")
    ((0, 259200.0), (0, 9000.0), (12, 1209600.0))
    """
    months, seconds, end = 0, 0.0, 0
    words = text.strip().lower()
    while end < len(words):
        found = _PART.match(words, end)
        unit = _SHORT.get(found[2], found[2].removesuffix("s")) if found else ""
        unit = _SHORT.get(unit, unit)  # "mins"
        if found and unit in _UNIT_S:
            seconds += float(found[1]) * _UNIT_S[unit]
        elif found and unit in _UNIT_MONTHS and "." not in found[1]:
            months += int(found[1]) * _UNIT_MONTHS[unit]
        else:
            raise UserError(
                f'"{text}": no length of time; write it like 90s, 20 minutes, 3 days, 2 hours 30 minutes or 1 month'
            )
        end = found.end()
    if not words:
        raise UserError("how long? write it like 20 minutes or 3 days")
    return months, seconds


def parse_moment(text: str) -> datetime:
    """A moment in ISO 8601: a day, or a day and a time, with or without an offset.

    Raises:
        UserError: For anything else; the reason says why where it only looks like one.

    >>> parse_moment("2024-12-24T18:00"), parse_moment("2024-12-24")
    (datetime.datetime(2024, 12, 24, 18, 0), datetime.datetime(2024, 12, 24, 0, 0))
    """
    text = text.strip()
    stamp = Stamp(f"{text}T00:00:00" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else text)
    if stamp.moment is None:
        raise UserError(f'"{text}": no moment ({stamp.problem}); write it like 2024-12-24T18:00:00')
    if not 1 < stamp.moment.year < 9999:  # its offset could lead out of the calendar
        raise UserError(f'"{text}": this clock goes from the year 2 to 9998')
    return stamp.moment


def read_zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database.

    Raises:
        UserError: Where it knows none of that name.
    """
    known = available_timezones()
    if name not in known:
        raise UserError(
            f"--timezone {name}: no such zone{did_you_mean(name, known)}; names are like Europe/Berlin, Asia/Kolkata or UTC"
        )
    return ZoneInfo(name)


def _aware(moment: datetime, zone: tzinfo | None) -> datetime:
    """The moment with an offset; without a zone, that of this machine."""
    if moment.tzinfo is not None:
        return moment
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)


def _since_1970(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _add_months(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or its last one where that has no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    if year > 9999:
        raise OverflowError
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]), fold=0)
