"""Weekdays, months, dates and deadlines, computed again; impossible stamps are impossible."""

import calendar
import itertools
import re
from datetime import date, datetime, timedelta

from chronolect.dialogue.generate.calendar import greeting, month_length, shifted, weekday
from chronolect.dialogue.generate.deadlines import deadline
from chronolect.dialogue.generate.invalid import invalid
from chronolect.dialogue.generate.record import Dialogue, Maker, draws
from chronolect.dialogue.messages import read_timed
from chronolect.dialogue.stamps import Stamp


def made(maker: Maker, count: int = 400) -> list[Dialogue]:
    return [maker(draw) for draw in itertools.islice(draws(0, "again"), count)]


def test_weekdays() -> None:
    for one in made(weekday):
        day = date.fromisoformat(one.facts["date"]) + timedelta(days=one.facts["days"])
        assert one.check.weekday == f"{day:%A}"


def test_months_and_leap_years() -> None:
    lengths = set()
    for one in made(month_length):
        year, month = one.facts["year"], one.facts["month"]
        after = date(year + month // 12, month % 12 + 1, 1)
        assert one.facts["days"] == (after - date(year, month, 1)).days
        lengths.add(one.facts["days"])
        leap = re.search(r"is (a|no) leap year", one.messages[-1]["content"])
        assert (leap is None) == (month != 2)
        assert leap is None or (leap[1] == "a") == calendar.isleap(year)
    assert lengths == {28, 29, 30, 31}


def test_dates_so_far_away() -> None:
    for one in made(shifted):
        now = datetime.fromisoformat(one.facts["now"]).date()
        count, unit = one.facts["count"], one.facts["unit"]
        assert one.check.date is not None
        then = date.fromisoformat(one.check.date)
        if unit in ("day", "week"):
            assert (then - now).days == count * (7 if unit == "week" else 1)
        else:
            assert then.day == now.day
            assert (then.year - now.year) * 12 + then.month - now.month == count * (12 if unit == "year" else 1)
        sums = re.findall(r"(\d+)((?: [+-] \d+)+) = (\d+)", one.messages[-1]["content"])
        assert sums
        for first, others, result in sums:
            assert int(first) + sum(int(part.replace(" ", "")) for part in re.findall(r"[+-] \d+", others)) == int(
                result
            )


def test_greetings_go_by_the_hour() -> None:
    for one in made(greeting):
        hour = one.facts["hour"]
        expected = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
        assert one.check.says == [[f"good {expected}"]]


def test_deadlines_pass_half_of_the_time() -> None:
    passed = 0
    for one in made(deadline):
        due, now = (datetime.fromisoformat(one.facts[key]) for key in ("due", "now"))
        assert one.facts["passed"] == (due < now)
        passed += due < now
    assert 160 < passed < 240


def test_impossible_times_are_impossible_and_as_often_possible() -> None:
    valid, problems = 0, set()
    for one in made(invalid):
        stamp = Stamp(one.facts["stamp"] if one.facts["where"] == "tag" else f"{one.facts['date']}T00:00:00")
        said = read_timed(one.messages[0]).stamp
        assert said is not None
        assert (said.text == stamp.text) == (one.facts["where"] == "tag")
        assert (stamp.problem is None) == one.facts["valid"]
        assert one.check.notices == (None if one.facts["valid"] else "invalid")
        valid += one.facts["valid"]
        if stamp.problem:
            problems.add(re.sub(r"\d+", "N", stamp.problem))
    assert 160 < valid < 240
    assert {
        "there is no month N",
        "there is no hour N",
        "there is no minute N",
        "February N has N days, not N",
    } <= problems
