"""What a right reply is, as data, and a judge by rule: is this length, day or time stated, does it speak or stay silent, does it notice?"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, time
from typing import Any, Literal, get_args

from chronolect.dialogue.answers import yes_or_no
from chronolect.dialogue.durations import stated_durations
from chronolect.dialogue.moments import WEEKDAYS, stated_clocks, stated_days, stated_weekdays
from chronolect.dialogue.notices import Notice, notices
from chronolect.dialogue.spoken import is_stated, mentions, says, spoken
from chronolect.dialogue.think import think_blocks, visible
from chronolect.errors import UserError, did_you_mean

Answer = Literal["yes", "no"]
_TOLERANCE = 0.05


def _default(one: Field[Any]) -> object:
    return one.default if one.default_factory is MISSING else one.default_factory()


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a reply must do; a field left out asks for nothing. What the model thinks does not count, only what people see of the reply.

    Attributes:
        silent: True: it must say nothing to people. False: it must say something.
        says: Of each inner list at least one phrase is said: in whole words, whatever the case, number words and digits alike, spaces and
            hyphens alike, a star for any ending ("hurr*"). A phrase that is denied or supposed ("not missed", "if it is open") is not said.
        avoids: None of these phrases is said.
        mentions: Of each inner list at least one phrase is said, denied or not: what shows that the reply is aware of something.
        duration_s: This length of time is stated, in seconds, in whatever units.
        tolerance: Largest relative error of the length; 0 for none at all.
        date: This day is stated, such as 2024-03-05; its year may be left out in the reply.
        clock: This time of day is stated, such as 14:30.
        weekday: This day of the week is stated, such as Monday.
        answer: The reply answers yes or no at its head.
        notices: It says that the date or time cannot be ("invalid"), that time ran backwards, that time ("gap") or much time ("long_gap") has
            passed, or almost none ("quick"), or none at all ("same_time").
        overlooks: It says nothing of the kind.
        thoughts_count: Whether what stands in think blocks counts as said as well, for what need not be told to people.
    """

    silent: bool | None = None
    says: list[list[str]] = field(default_factory=list)
    avoids: list[str] = field(default_factory=list)
    mentions: list[list[str]] = field(default_factory=list)
    duration_s: float | None = None
    tolerance: float = _TOLERANCE
    date: str | None = None
    clock: str | None = None
    weekday: str | None = None
    answer: Answer | None = None
    notices: Notice | None = None
    overlooks: Notice | None = None
    thoughts_count: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The fields that ask for something, for JSON.

        >>> Check(weekday="Monday").as_dict()
        {'weekday': 'Monday'}
        """
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) != _default(one)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], where: str) -> "Check":
        """The check of a record.

        Args:
            raw: What `as_dict` gave.
            where: What the error names, such as a file and a line.

        Raises:
            UserError: For an unknown key and for a value that the key cannot have.
        """
        if not isinstance(raw, Mapping):
            raise UserError(f"{where}: a check must be an object")
        known = {one.name for one in fields(cls)}
        for key, value in raw.items():
            if key not in known:
                raise UserError(f'{where}: a check has no key "{key}"{did_you_mean(key, known)}')
            if problem := _problem(key, value):
                raise UserError(f'{where}: the check\'s "{key}" {problem}')
        return cls(**raw)


@dataclass(frozen=True)
class Ruling:
    """What the judge by rule found.

    Attributes:
        passed: Whether the reply does all that is asked.
        reason: The first thing that it fails to do; "does all that is asked" where there is none.
    """

    passed: bool
    reason: str


def judge(reply: str, check: Check) -> Ruling:
    """Hold a reply to a check.

    Args:
        reply: The whole reply, think blocks included.
        check: What it must do.

    >>> judge("<think>\\n12 - 5 = 7\\n</think>\\n\\nIt has been a week.", Check(duration_s=7 * 86_400)).passed
    True
    >>> judge("You have not missed it.", Check(says=[["missed", "too late"]])).reason
    'does not say "missed" or "too late"'
    """
    fault = _fault(reply, check)
    return Ruling(fault is None, fault or "does all that is asked")


def _fault(reply: str, check: Check) -> str | None:
    shown = visible(reply)
    if check.silent is not None and check.silent != (not shown):
        return "speaks where it should stay silent" if check.silent else "stays silent where it should speak"
    thoughts = "\n".join(block.text for block in think_blocks(reply)) if check.thoughts_count else ""
    text = spoken(f"{shown}\n{thoughts}")
    for wanted, is_said, verb in ((check.says, says, "say"), (check.mentions, mentions, "mention")):
        for phrases in wanted:
            if not any(is_said(text, phrase) for phrase in phrases):
                return f"does not {verb} " + " or ".join(f'"{phrase}"' for phrase in phrases)
    for phrase in check.avoids:
        if says(text, phrase):
            return f'says "{phrase}"'
    length, tolerance, day, clock, weekday = check.duration_s, check.tolerance, check.date, check.clock, check.weekday
    if length is not None and not is_stated(text, stated_durations(text), lambda one: one.means(length, tolerance)):
        return f"does not state the length of {length:g} seconds"
    if day and not is_stated(text, stated_days(text), lambda one: one.is_on(date.fromisoformat(day))):
        return f"does not state the day {day}"
    if clock and not is_stated(text, stated_clocks(text), lambda one: time.fromisoformat(clock) in one.times):
        return f"does not state the time {clock}"
    if weekday and not is_stated(text, stated_weekdays(text), lambda one: one.name == weekday.lower()):
        return f"does not state the weekday {weekday}"
    if check.answer and yes_or_no(text) != check.answer:
        return f"does not answer {check.answer}"
    if check.notices and not notices(text, check.notices):
        return f"does not notice: {check.notices}"
    if check.overlooks and notices(text, check.overlooks):
        return f"notices what is not there: {check.overlooks}"
    return None


def _problem(key: str, value: object) -> str | None:
    """Why a key of a check cannot have a value; None where it can."""
    match key:
        case "silent" | "thoughts_count":
            return None if isinstance(value, bool) else "must be true or false"
        case "says" | "mentions":
            fits = isinstance(value, list) and all(_are_phrases(phrases) and phrases for phrases in value)
            return None if fits else "must be a list of lists of phrases"
        case "avoids":
            return None if _are_phrases(value) else "must be a list of phrases"
        case "duration_s" | "tolerance":
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            return None if fits else "must be a number from 0 on"
        case "date" | "clock":
            return _unreadable(date if key == "date" else time, value)
        case "weekday":
            fits = isinstance(value, str) and value.lower() in WEEKDAYS
            return None if fits else "must be a day of the week, such as Monday"
        case _:
            allowed = get_args(Answer if key == "answer" else Notice)
            return None if value in allowed else f"must be one of {', '.join(allowed)}"


def _are_phrases(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(phrase, str) and phrase.strip() for phrase in value)


def _unreadable(kind: type[date] | type[time], value: object) -> str | None:
    try:
        kind.fromisoformat(str(value))
    except ValueError:
        return "must be a day such as 2024-03-05" if kind is date else "must be a time such as 14:30"
    return None
