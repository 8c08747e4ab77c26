"""The stamp inside a time tag: a moment in ISO 8601, with or without an offset, or something that only looks like one.

A stamp is kept as it was written. Some conversations carry impossible ones on purpose (30 February, 25 o'clock): a model is to notice them, so
nothing here mends or drops them; whether a stamp is a moment is a question that is asked of it.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_LONGEST_OFFSET_MINUTES = 14 * 60  # Kiritimati's; -12:00 is the least, but no rule of ISO 8601 says so


@dataclass(frozen=True)
class Stamp:
    """A stamp as it was written.

    Attributes:
        text: What stands between the tags, verbatim.
    """

    text: str

    @cached_property
    def moment(self) -> datetime | None:
        """The moment it names, aware of its offset where it has one; None where it names none.

        >>> Stamp("2024-02-29T10:00:00").moment
        datetime.datetime(2024, 2, 29, 10, 0)
        >>> Stamp("2023-02-29T10:00:00").moment is None
        True
        """
        found = _FORM.fullmatch(self.text.strip())
        if found is None or _far_offset(found[7]):
            return None
        try:
            return datetime.fromisoformat(self.text.strip())
        except ValueError:
            return None

    @cached_property
    def problem(self) -> str | None:
        """Why it names no moment, in words; None where it does.

        >>> Stamp("2023-02-29T10:00:00").problem
        'February 2023 has 28 days, not 29'
        >>> Stamp("2023-13-01T25:61:00").problem
        'there is no month 13'
        >>> Stamp("9 hour(s)").problem
        'not of the form YYYY-MM-DDTHH:MM:SS'
        """
        if self.moment is not None:
            return None
        found = _FORM.fullmatch(self.text.strip())
        if found is None:
            return "not of the form YYYY-MM-DDTHH:MM:SS"
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        if year == 0:
            return "there is no year 0000"
        if not 1 <= month <= 12:
            return f"there is no month {month}"
        length = calendar.monthrange(year, month)[1]
        if day == 0:
            return "there is no day 0"
        if day > length:
            return f"{calendar.month_name[month]} {year} has {length} days, not {day}"
        if hour > 23:
            return f"there is no hour {hour}"
        if minute > 59:
            return f"there is no minute {minute}"
        if second > 59:
            return f"there is no second {second}"
        return f"there is no offset {found[7]}"


def _far_offset(offset: str | None) -> bool:
    if offset is None or offset == "Z":
        return False
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    return minutes > 59 or hours * 60 + minutes > _LONGEST_OFFSET_MINUTES
