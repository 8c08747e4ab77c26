from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronolect.timeline.calendar import (
    FIRST_DAY,
    LAST_DAY,
    bin_start,
    civil,
    day_number,
    month_end,
    year_end,
    year_start,
)


def test_known_days():
    assert day_number(1970, 1, 1) == 0
    assert day_number(1969, 7, 20) == -165
    assert day_number(0, 3, 1) - day_number(0, 2, 28) == 2  # 1 BCE is a leap year
    assert -(2**31) <= FIRST_DAY < LAST_DAY < 2**31


@given(st.dates())
def test_agrees_with_datetime(day):
    number = (day - date(1970, 1, 1)).days
    assert day_number(day.year, day.month, day.day) == number
    assert civil(number) == (day.year, day.month, day.day)


@given(st.integers(FIRST_DAY, LAST_DAY))
def test_civil_inverts_day_number(day):
    year, month, day_of_month = civil(day)
    assert day_number(year, month, day_of_month) == day
    assert year_start(year) <= day <= month_end(year, month) <= year_end(year)


@pytest.mark.parametrize("day", [(1969, 2, 30), (1900, 2, 29), (-1, 2, 29), (1969, 13, 1)])
def test_days_that_do_not_exist(day):
    with pytest.raises(ValueError, match=r"day|month"):
        day_number(*day)


def test_bins():
    assert [bin_start(year, 10) for year in (1969, 1970, 0, -1, -43)] == [1960, 1970, 0, -10, -50]
