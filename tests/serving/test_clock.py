"""Clocks: where they stand, how they are moved, in which zone."""

from datetime import datetime

import pytest

from chronolect.errors import UserError
from chronolect.serving.clock import RealClock, SimulatedClock, parse_length, parse_moment, read_zone


def standing(start: str, zone: str | None = None) -> SimulatedClock:
    return SimulatedClock(parse_moment(start), zone=read_zone(zone) if zone else None, speed=0)


def test_a_standing_clock_stands_until_it_is_moved() -> None:
    clock = standing("2024-02-28T23:59:30")
    assert clock.stamp() == clock.stamp() == "2024-02-28T23:59:30"
    clock.move(clock.after("45 seconds"))
    assert clock.stamp() == "2024-02-29T00:00:15"
    clock.move(clock.place(parse_moment("1999-12-31")))
    assert clock.stamp() == "1999-12-31T00:00:00"


def test_a_running_clock_runs_as_fast_as_it_is_told() -> None:
    clock = SimulatedClock(datetime(2024, 1, 1), speed=1e6)
    first = clock.seconds()
    assert clock.seconds() > first
    clock.move(first)
    assert clock.stamp() >= "2024-01-01T00:00:00"


@pytest.mark.parametrize(
    ("start", "length", "stamp"),
    [
        ("2024-01-31T10:00:00", "1 month", "2024-02-29T10:00:00"),
        ("2024-02-29T10:00:00", "1 year", "2025-02-28T10:00:00"),
        ("2023-11-30T10:00:00", "3 months and 1 day", "2024-03-01T10:00:00"),
        ("2024-01-01T10:00:00", "2h 30m", "2024-01-01T12:30:00"),
        ("2024-01-01T10:00:00", "1.5 hours", "2024-01-01T11:30:00"),
        ("2024-01-01T10:00:00", "2 Weeks, 90 secs", "2024-01-15T10:01:30"),
    ],
)
def test_lengths(start: str, length: str, stamp: str) -> None:
    clock = standing(start)
    assert clock.stamp(clock.after(length)) == stamp


@pytest.mark.parametrize("words", ["", "soon", "3", "3 parsecs", "1.5 months", "-2 days", "2 days ago", "9000 years"])
def test_what_is_no_length(words: str) -> None:
    with pytest.raises(UserError) as caught:
        standing("2024-01-01").after(words)
    assert "\n" not in str(caught.value)


def test_a_day_is_24_hours_when_summer_time_begins_or_ends() -> None:
    clock = standing("2024-03-30T12:00:00", "Europe/Berlin")
    assert clock.stamp() == "2024-03-30T12:00:00+01:00"
    assert clock.stamp(clock.after("1 day")) == "2024-03-31T13:00:00+02:00"
    assert clock.stamp(clock.after("1 month")) == "2024-04-30T12:00:00+02:00"
    clock.move(clock.place(parse_moment("2024-10-27T02:30:00")))
    assert [clock.stamp(), clock.stamp(clock.after("1 hour"))] == [
        "2024-10-27T02:30:00+02:00",
        "2024-10-27T02:30:00+01:00",
    ]


def test_zones_of_half_hours_and_offsets_of_their_own() -> None:
    assert standing("2024-01-01T00:00:00", "Asia/Kathmandu").stamp() == "2024-01-01T00:00:00+05:45"
    offset = standing("2024-01-01T00:00:00-03:30")
    assert offset.stamp(offset.after("8 months")) == "2024-09-01T00:00:00-03:30"
    moved = standing("2024-01-01T00:00:00+00:00", "Pacific/Kiritimati")
    assert moved.stamp() == "2024-01-01T14:00:00+14:00"


def test_the_real_clock_cannot_be_set() -> None:
    clock = RealClock(read_zone("UTC"))
    assert abs((datetime.fromisoformat(clock.stamp()) - datetime.now().astimezone()).total_seconds()) < 60
    assert len(RealClock().stamp()) == len("2024-01-01T00:00:00")
    assert clock.place(clock.moment(1e9)) == 1e9
    with pytest.raises(UserError, match="--clock simulated"):
        clock.move(0)


@pytest.mark.parametrize("words", ["2023-02-30", "25:00", "tomorrow", "0001-01-01T00:00:00+10:00", ""])
def test_what_is_no_moment(words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_moment(words)
    assert "\n" not in str(caught.value)


def test_a_zone_that_is_none() -> None:
    with pytest.raises(UserError, match='did you mean "Europe/Berlin"'):
        read_zone("Europe/Berlinn")
    assert parse_length("1 month")[0] == 1
