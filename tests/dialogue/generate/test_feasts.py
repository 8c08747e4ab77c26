"""The days of feasts against calendars that others compute: ICU's Hebrew, Persian and Chinese ones, and published dates of Easter."""

import itertools
from datetime import date

import pytest

from chronolect.dialogue.generate.feasts import FEASTS, YEARS
from chronolect.dialogue.generate.festivals import festival
from chronolect.dialogue.generate.record import draws

DAY = {feast.name: feast.day for feast in FEASTS}
KNOWN = {
    "the first day of Passover": "2015-04-04 2016-04-23 2017-04-11 2019-04-20 2021-03-28 2024-04-23 2025-04-13 2027-04-22 2034-04-04",
    "the first day of Rosh Hashanah": "2015-09-14 2016-10-03 2018-09-10 2020-09-19 2021-09-07 2023-09-16 2024-10-03 2032-09-06 2034-09-14",
    "the first day of Hanukkah": "2015-12-07 2016-12-25 2019-12-23 2020-12-11 2021-11-29 2022-12-19 2024-12-26 2027-12-25 2032-11-28",
    "Nowruz": "2015-03-21 2016-03-20 2017-03-21 2024-03-20 2025-03-21 2029-03-20 2031-03-21 2033-03-20 2034-03-21",
    "Lunar New Year": "2015-02-19 2017-01-28 2020-01-25 2023-01-22 2024-02-10 2025-01-29 2028-01-26 2031-01-23 2034-02-19",
    "Mid-Autumn Festival": "2015-09-27 2017-10-04 2020-10-01 2023-09-29 2025-10-06 2028-10-03 2030-09-12 2033-09-08 2034-09-27",
    "Easter Sunday": "2015-04-05 2016-03-27 2019-04-21 2024-03-31 2025-04-20 2030-04-21 2034-04-09",
    "Orthodox Easter": "2015-04-12 2016-05-01 2017-04-16 2021-05-02 2024-05-05 2025-04-20 2032-05-02",
    "American Thanksgiving": "2015-11-26 2018-11-22 2024-11-28 2029-11-22 2034-11-23",
}


@pytest.mark.parametrize("name", KNOWN)
def test_days_of_feasts(name: str) -> None:
    for day in map(date.fromisoformat, KNOWN[name].split()):
        assert DAY[name](day.year) == day


@pytest.mark.parametrize("name", ["Lunar New Year", "Mid-Autumn Festival"])
def test_lunar_feasts_stand_at_the_new_and_the_full_moon(name: str) -> None:
    """The mean moon is off by 14 hours at most; a slip of the pen by a day or more is found."""
    for year in range(YEARS[0], YEARS[1] + 1):
        since = DAY[name](year).toordinal() - date(2000, 1, 6).toordinal() - 18.23 / 24 + 4 / 24  # Beijing's noon
        age = since % 29.530589
        expected = 0 if name == "Lunar New Year" else 14.3
        assert min(abs(age - expected), 29.530589 - abs(age - expected)) < 1.2, (year, age)


def test_festivals_are_said_of_the_right_day() -> None:
    questions = set()
    for draw in itertools.islice(draws(0, "festival"), 400):
        dialogue = festival(draw)
        facts = dialogue.facts
        day, now = date.fromisoformat(facts["day"]), date.fromisoformat(facts["now"][:10])
        assert day == DAY[facts["feast"]](day.year)
        questions.add(facts["question"])
        match facts["question"]:
            case "which":
                assert day == now
            case "is it":
                assert dialogue.check.answer == ("yes" if day == now else "no")
            case "when":
                assert dialogue.check.date == facts["day"]
                assert day.year == now.year
            case "until":
                assert dialogue.check.duration_s == (day - now).days * 86_400
    assert questions == {"which", "is it", "when", "until"}
