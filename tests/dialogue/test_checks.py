"""The judge by rule: lengths, days, times of day, yes and no, silence, and what there is to notice, in many wordings."""

import json
from dataclasses import fields
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronolect.dialogue.checks import Check, judge
from chronolect.dialogue.spoken import ordinal_ending, spoken
from chronolect.errors import UserError

MINUTE, HOUR, DAY = 60, 3_600, 86_400
WEEK = 7 * DAY
DAY_FORMS = (
    "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%b %d %Y", "the {ordinal} of %B", "%B {ordinal}", "%A, {ordinal} %B %Y", "%d-%b-%Y",
)  # fmt: skip
CLOCK_FORMS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p sharp", "%Hh%M", "2024-05-06T%H:%M:00+05:45")


def passes(reply: str, **wanted) -> bool:
    return judge(reply, Check(**wanted)).passed


@pytest.mark.parametrize(
    ("seconds", "reply"),
    [
        (2 * DAY + 3 * HOUR, "It has been 2 days and 3 hours."),
        (2 * DAY + 3 * HOUR, "It has been **two days and three hours**."),
        (2 * DAY + 3 * HOUR, "That makes 51 hours."),
        (2 * DAY + 3 * HOUR, "A little over two days, so keep going."),
        (2 * DAY + 3 * HOUR, "2 days, 3 hours"),
        (2 * DAY + 3 * HOUR, "About two days."),
        (3 * HOUR + 20 * MINUTE, "3h 20m"),
        (3 * HOUR + 20 * MINUTE, "Exactly 3h20m have gone by."),
        (3 * HOUR + 20 * MINUTE, "3 hours, 20 minutes and 10 seconds."),
        (3 * HOUR + 20 * MINUTE, "two hundred minutes"),
        (20 * MINUTE, "It's been 20 minutes."),
        (20 * MINUTE, "a twenty-minute wait"),
        (20 * MINUTE, "20 mins ago"),
        (30 * MINUTE, "half an hour ago"),
        (90 * MINUTE, "an hour and a half"),
        (90 * MINUTE, "one and a half hours"),
        (90 * MINUTE, "1½ hours"),
        (90 * MINUTE, "1.5 hours"),
        (45 * MINUTE, "three quarters of an hour"),
        (15 * MINUTE, "a quarter of an hour"),
        (10 * DAY, "a week and a half"),
        (10 * DAY, "ten days"),
        (12 * WEEK, "a dozen weeks"),
        (14 * DAY, "a fortnight"),
        (2 * DAY, "a couple of days"),
        (21 * DAY, "about three weeks"),
        (21 * DAY, "around twenty-one days"),
        (57 * DAY, "just under two months"),
        (61 * DAY, "two months exactly"),
        (62 * DAY, "2 months"),
        (59 * DAY, "2 months"),
        (440 * DAY, "1 year, 2 months and 15 days"),
        (365 * DAY, "a whole year: one year to the day"),
        (141 * 365.25 * DAY, "141 years"),
        (141 * 365.25 * DAY, "a hundred and forty-one years"),
        (141 * 365.25 * DAY, "nearly a century and a half"),
        (1440 * MINUTE, "1,440 minutes"),
        (23 * DAY, "You planted them 23 days ago: two days to go."),
        (25 * DAY, "three to four weeks"),
        (3 * WEEK, "I haven't heard from you in three weeks!"),
        (3 * WEEK, "We have not spoken for 3 weeks."),
        (4 * DAY, "Not three days but four days."),
        (26 * DAY, "From the 10th to the 31st it is 21 days, then 5 days, that is 26 days."),
        (5 * MINUTE, "five minutes, not five hours"),
        (3 * DAY, "three full days"),
        (3 * DAY, "a good three days, or 72 long hours"),
        (DAY, "a whole day"),
        (90 * MINUTE, "1h30"),
        (90 * MINUTE, "1:30 hours"),
        (2.5 * WEEK, "two-and-a-half weeks"),
        (3 * DAY, "It's three days rather than nine days."),
        (2 * HOUR, "For two hours; rest for 10 minutes, drink, go on for nine hours tomorrow."),
    ],
)
def test_lengths_in_many_words(seconds, reply):
    assert passes(reply, duration_s=seconds)
    assert not passes(reply, duration_s=seconds * 1.6)
    assert not passes(reply, duration_s=seconds / 1.6)


@pytest.mark.parametrize(
    ("seconds", "reply"),
    [
        (3 * DAY, "It has been 2 days."),
        (3 * DAY, "It hasn't been 3 days yet."),
        (3 * DAY, "That was not three days ago."),
        (3 * DAY, "A few days."),
        (3 * DAY, "2 days, 3 days or 4 days"),
        (3 * DAY, "It could be two days, maybe 3 days, or perhaps 5 days."),
        (3 * DAY, "one to ten days"),
        (3 * DAY, "Two days. Three days. Four days."),
        (3 * DAY, "nine days instead of three days"),
        (3 * DAY, "On day 3 of May."),
        (3 * DAY, "3 hours"),
        (DAY, "Twice a day, please."),
        (2000, "In the 2000s."),
        (2 * DAY + 20 * HOUR, "about two days"),
        (2 * DAY + 5 * HOUR, "nearly three days"),
        (36 * HOUR, "1 day"),
        (3 * DAY, "<think>\nThat is 3 days.\n</think>\n\nWelcome back!"),
    ],
)
def test_lengths_that_are_not_stated(seconds, reply):
    assert not passes(reply, duration_s=seconds)


UNITS = {"week": WEEK, "day": DAY, "hour": HOUR, "minute": MINUTE}


@given(st.integers(1, 400), st.integers(0, 3), st.sampled_from([" and ", ", ", " "]))
def test_every_length_in_two_units(amount, first, joint):
    (large, seconds), *rest = list(UNITS.items())[first:]
    total, said = amount * seconds, f"{amount} {large}{'s' * (amount > 1)}"
    if rest:
        total, said = total + 3 * rest[0][1], f"{said}{joint}3 {rest[0][0]}s"
    assert passes(f"It has been {said} since then.", duration_s=total, tolerance=0)
    assert not passes(f"It has been {said} since then.", duration_s=total * 1.5)
    assert not passes(f"It has not been {said}.", duration_s=total)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(DAY_FORMS), st.integers(1, 400))
def test_every_day_in_every_form(day, form, later):
    said = day.strftime(form).format(ordinal=f"{day.day}{ordinal_ending(day.day)}")
    other = day + timedelta(days=later)
    assert passes(f"That was on {said}, I think.", date=day.isoformat())
    if (other.month, other.day) != (day.month, day.day):
        assert not passes(f"That was on {said}, I think.", date=other.isoformat())
    assert not passes(f"That was not on {said}.", date=day.isoformat())


@given(st.times(), st.sampled_from(CLOCK_FORMS), st.integers(1, 719))
def test_every_time_of_day_in_every_form(moment, form, later):
    said = moment.strftime(form).lower()
    other = (datetime.combine(date(2024, 1, 1), moment) + timedelta(minutes=later)).strftime("%H:%M")
    assert passes(f"It will be {said} there.", clock=moment.strftime("%H:%M"))
    assert not passes(f"It will be {said} there.", clock=other)


def test_an_exact_length_may_not_be_rounded():
    assert passes("438 days", duration_s=438 * DAY, tolerance=0)
    assert passes("1 year, 2 months, 12 days", duration_s=438 * DAY, tolerance=0)
    assert not passes("437 days", duration_s=438 * DAY, tolerance=0)
    assert not passes("about a year", duration_s=438 * DAY, tolerance=0)
    assert not passes("over 438 days", duration_s=438 * DAY, tolerance=0)


@pytest.mark.parametrize(
    "reply",
    [
        "2024-03-05",
        "It was 2024-03-05T10:00:00.",
        "March 5",
        "On March 5th, 2024.",
        "on Mar. 5",
        "5 March 2024",
        "Tuesday, 5 March",
        "the 5th of March",
        "the fifth of March",
        "March the fifth",
        "5th March, 2024",
        "05/03/2024",
        "5.3.2024",
        "03/05/2024",
        "From 1 March it is four days to 5 March.",
        "not on 4 March but on 5 March",
        "It isn't due until March 5.",
        "5-Mar-2024",
    ],
)
def test_days(reply):
    assert passes(reply, date="2024-03-05")
    assert not passes(reply, date="2024-03-06")


@pytest.mark.parametrize(
    "reply",
    ["March 2024", "March 5, 2023", "5 May", "It is not March 5.", "It isn't on the 5th of March.", "March 15", "the 25th of March",
     "March 3, March 5 or March 7", "the fifth"],
)  # fmt: skip
def test_days_that_are_not_stated(reply):
    assert not passes(reply, date="2024-03-05")


def test_the_second_is_a_day_beside_a_month():
    assert passes("the second of May", date="2024-05-02")
    assert passes("May the second", date="2024-05-02")
    assert passes("on the twenty-second of May", date="2024-05-22")
    assert passes("Thirty seconds, one second.", duration_s=30)


@pytest.mark.parametrize(
    ("clock", "reply"),
    [
        ("14:30", "14:30"),
        ("14:30", "At 2:30 pm."),
        ("14:30", "at 2:30 P.M. sharp"),
        ("14:30", "at 2.30pm"),
        ("14:30", "half past two"),
        ("14:30", "half past two in the afternoon"),
        ("14:30", "two thirty pm"),
        ("14:30", "14h30"),
        ("14:30", "2:30 in the afternoon"),
        ("14:30", "tomorrow afternoon at 2:30"),
        ("14:30", "2024-03-05T14:30:00+05:30"),
        ("14:30", "at 1430 hours"),
        ("14:30", "It's 14:30:15 there (UTC+05:45)."),
        ("14:00", "at 2 pm"),
        ("14:00", "2 o'clock"),
        ("14:00", "two in the afternoon"),
        ("12:00", "noon"),
        ("00:00", "at midnight"),
        ("00:00", "12 am"),
        ("12:15", "12:15 pm"),
        ("00:15", "a quarter past midnight"),
        ("13:45", "a quarter to two"),
        ("13:50", "ten to two"),
        ("13:50", "ten minutes to two in the afternoon"),
        ("02:30", "2:30 am"),
        ("02:30", "2:30"),
        ("23:00", "11 at night"),
        ("05:30", "5:30 AM your time, not 11:30"),
        ("18:20", "from 14:00-18:20"),
    ],
)
def test_times_of_day(clock, reply):
    assert passes(reply, clock=clock)
    assert not passes(reply, clock="09:07")


@pytest.mark.parametrize(
    ("clock", "reply"),
    [("14:30", "2:30"), ("14:30", "2:30 am"), ("14:30", "It is not 14:30."), ("05:30", "UTC+05:30"), ("05:30", "GMT+5:30"),
     ("14:30", "1:00 pm, 2:30 pm or 4:00 pm"), ("02:00", "2 pm"), ("14:00", "14 days"), ("06:50", "in 10 to 7 days")],
)  # fmt: skip
def test_times_that_are_not_stated(clock, reply):
    assert not passes(reply, clock=clock)


def test_weekdays():
    assert passes("That's a Monday.", weekday="Monday")
    assert passes("it falls on MONDAY", weekday="monday")
    assert not passes("Tuesday", weekday="Monday")
    assert not passes("It's not Monday but Tuesday.", weekday="Monday")
    assert passes("It's not Monday but Tuesday.", weekday="Tuesday")
    assert not passes("It's Tuesday rather than Monday.", weekday="Monday")
    assert not passes("Monday, Tuesday or Wednesday", weekday="Monday")
    assert not passes("Maybe Sunday, Monday, Tuesday, who knows.", weekday="Monday")


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("yes", "Yes, it has."),
        ("yes", "Good question! Yes: three hours remain."),
        ("yes", "Yep - plenty of time."),
        ("yes", "That's right, it is."),
        ("yes", "It is."),
        ("yes", "Yes, no problem at all."),
        ("no", "No, it closed at six."),
        ("no", "No."),
        ("no", "Let me see.\n\n<think>\n18:05 > 18:00\n</think>\n\nNo, the deadline was five minutes ago."),
        ("no", "I'm afraid not: it closed."),
        ("no", "Not yet."),
        ("no", "Nope, too late"),
        ("no", "Unfortunately, it isn't."),
        ("no", "It hasn't opened."),
    ],
)
def test_yes_and_no(answer, reply):
    assert passes(reply, answer=answer)
    assert not passes(reply, answer="no" if answer == "yes" else "yes")


@pytest.mark.parametrize(
    "reply", ["No problem! The shop closes at six.", "The deadline was at noon.", "I know it.", ""]
)
def test_neither_yes_nor_no(reply):
    assert not passes(reply, answer="yes")
    assert not passes(reply, answer="no")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two thousand and twenty-four", "2024"),
        ("nineteen ninety-nine", "1999"),
        ("a hundred and forty-one, one hundred twenty", "141, 120"),
        ("the first one, the first two", "the 1st 1, the 1st 2"),
        ("three four", "3 4"),
        ("two hundred thousand and six", "200006"),
        ("thirty-first of May", "31st of may"),
        ("two and three", "2 and 3"),
        ("five dozen", "60"),
        ("5 thousand and 1,234,567", "5000 and 1234567"),
        ("someone at noon", "someone at noon"),
        ("zero, eleven, twelfth, twentieth", "0, 11, 12th, 20th"),
    ],
)
def test_numbers_in_words(text, expected):
    assert spoken(text) == expected


def test_phrases():
    wanted = {"says": [["missed", "too late", "has passed"]]}
    assert passes("You have missed it.", **wanted)
    assert passes("It's TOO LATE now.", **wanted)
    assert passes("Sadly it **has passed**.", **wanted)
    assert not passes("It has not passed.", **wanted)
    assert not passes("You haven't missed it.", **wanted)
    assert not passes("It is not too late!", **wanted)
    assert not passes("See whether you missed it.", **wanted)
    assert not passes("You dismissed it.", **wanted)
    assert passes("No doubt you missed it.", **wanted)
    assert passes("Don't worry, you missed nothing.", **wanted)
    assert passes("It hasn't rained, and you missed it.", **wanted)
    assert passes("Not only have you missed it.", **wanted)
    assert passes("It is not over.", says=[["not over"]])
    assert passes("It isn't over.", says=[["isn't over", "is not over"]])
    assert passes("Time zones differ.", says=[["time-zone*"]])
    assert passes("Time-zone, two days.", says=[["time zone"], ["2 days"]])
    assert not passes("Time zone.", says=[["time zone"], ["2 days"]])


def test_phrases_to_avoid():
    assert passes("You haven't missed it.", avoids=["missed"])
    assert not passes("You've missed it.", avoids=["missed"])


def test_mentions_are_mentions_even_if_denied():
    assert passes("Not on the eve of Diwali!", mentions=[["diwali", "holi"]])
    assert not passes("Not on the eve of a feast!", mentions=[["diwali", "holi"]])
    assert not passes("Not on the eve of Diwali!", says=[["diwali"]])
    assert judge("Hm.", Check(mentions=[["diwali", "holi"]])).reason == 'does not mention "diwali" or "holi"'


def test_silence():
    silent, spoke = "<think>\nStill asleep. Wait.\n</think>", "<think>\nTime is up.\n</think>\n\nThe bread is done!"
    assert passes(silent, silent=True)
    assert not passes(silent, silent=False)
    assert passes(spoke, silent=False)
    assert not passes(spoke, silent=True)


def test_thoughts_count_only_where_asked():
    reply = "<think>\nIt is three in the night.\n</think>\n\nHere is how."
    assert not passes(reply, says=[["night"]])
    assert passes(reply, says=[["night"]], thoughts_count=True)


NOTICED = {
    "invalid": [
        "There is no 30 February.", "There's no 30th of February.", "February 2023 has only 28 days.", "That date doesn't exist.",
        "The time stamp on your message is impossible.", "31 April is not a real date.", "April 31 isn't a valid date.",
        "Your stamp says 25:00, but there is no hour 25.", "The date looks wrong: there is no month 13.", "No such day, I'm afraid.",
        "An hour has only 60 minutes.", "April has 30 days, so the 31st cannot be right.", "That can't be right: month 14?",
        "It seems there's a typo in the date.", "The clock goes only to 23:59.", "This is an invalid timestamp.",
        "The 31st of June never existed.", "Something is off with the date.", "30 February isn't on any calendar.",
    ],
    "backwards": [
        "Your clock seems to have gone backwards.", "This message is dated before your last one.", "Time went back by two hours!",
        "That's two days earlier than your previous message.", "The stamps are out of order.", "Did you travel back in time?",
        "Odd: this is three hours before you wrote your first note, so the order is reversed.", "Your watch was set back, I think.",
    ],
    "gap": [
        "It has been three days since we spoke.", "Welcome back!", "Two weeks later, how is the knee?", "You asked me that a month ago.",
        "Several hours have passed.", "Long time no see.", "That was yesterday.", "After ten days it should have sprouted.",
        "I haven't heard from you in a while.", "It's been a while.", "Since your last message the bread will have risen.",
        "After a long break we meet again.",
    ],
    "long_gap": [
        "It's been more than a hundred years!", "Decades have passed.", "That is a huge jump in time.", "What a long time since we spoke.",
        "Welcome back after seven months.", "It has been 45 days since your last message.", "A century later you are still curious.",
        "It's been ages.",
    ],
    "quick": [
        "That was quick!", "You asked only ten seconds ago.", "Back so soon?", "You started just a minute ago.", "It hasn't been long.",
        "Barely a minute has gone.", "Only 2 minutes have passed, so wait.", "Moments ago you said the opposite.",
    ],
    "same_time": [
        "Both messages carry the same time.", "No time has passed.", "Your messages have identical timestamps.", "The clock has not moved.",
        "Your clock seems stuck.", "They were sent at the same second.",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("what", "reply"), [(what, reply) for what in NOTICED for reply in NOTICED[what]])
def test_what_is_noticed(what, reply):
    assert passes(reply, notices=what), reply
    assert not passes(reply, overlooks=what)


@pytest.mark.parametrize(
    "reply",
    [
        "Sure! Water the basil twice a week and keep it warm.",
        "Use 200 g of flour, knead well and let it rest.",
        "Your train leaves from platform 4.",
        "The capital of Peru is Lima.",
        "Good morning! What would you like to cook?",
        "It is Tuesday, 5 March 2024, ten past four.",
        "The date is valid: 29 February exists in leap years.",
        "That date is not impossible at all.",
        "Yes, 31 May is a real date.",
        "January has 31 days.",
        "Your exam ends at 12:00 pm.",
        "I'll be right back with more.",
        "You can stretch and breathe at the same time.",
        "It's a very quick recipe.",
        "It's not possible to park there.",
        "It is impossible to say.",
        "Let's count backwards from a hundred.",
        "You only have 30 minutes of parking there.",
        "There's no second chance, and no day off.",
        "Knead for ten minutes, then bake for half an hour.",
        "Arrive an hour before your flight.",
        "Since you like jazz, try this club.",
        "It takes two months to learn the first piece.",
    ],
)
@pytest.mark.parametrize("what", NOTICED)
def test_nothing_is_noticed_in_plain_replies(reply, what):
    assert not passes(reply, notices=what)
    assert passes(reply, overlooks=what)


def test_there_and_back():
    check = Check(
        silent=False,
        says=[["a", "b"]],
        duration_s=60,
        date="2024-03-05",
        clock="14:30",
        weekday="Monday",
        notices="gap",
    )
    raw = json.loads(json.dumps(check.as_dict()))
    assert Check.from_dict(raw, "here") == check
    assert set(raw) == {"silent", "says", "duration_s", "date", "clock", "weekday", "notices"}
    assert Check().as_dict() == {}
    assert Check.from_dict({}, "here") == Check()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"weekdy": "Monday"}, 'here: a check has no key "weekdy" (did you mean "weekday"?)'),
        ({"weekday": "Moonday"}, "here: the check's \"weekday\" must be a day of the week, such as Monday"),
        ({"date": "2023-02-29"}, "here: the check's \"date\" must be a day such as 2024-03-05"),
        ({"clock": "25:00"}, "here: the check's \"clock\" must be a time such as 14:30"),
        ({"says": ["a"]}, "here: the check's \"says\" must be a list of lists of phrases"),
        ({"says": [[]]}, "here: the check's \"says\" must be a list of lists of phrases"),
        ({"avoids": [""]}, "here: the check's \"avoids\" must be a list of phrases"),
        ({"silent": 1}, "here: the check's \"silent\" must be true or false"),
        ({"duration_s": -1}, "here: the check's \"duration_s\" must be a number from 0 on"),
        ({"answer": "maybe"}, "here: the check's \"answer\" must be one of yes, no"),
        ({"notices": "late"}, "here: the check's \"notices\" must be one of invalid, backwards, gap, long_gap, quick, same_time"),
        ([], "here: a check must be an object"),
    ],
)  # fmt: skip
def test_bad_checks(raw, message):
    with pytest.raises(UserError) as caught:
        Check.from_dict(raw, "here")
    assert str(caught.value) == message


def test_every_field_is_told_of():
    assert all(f"{one.name}:" in (Check.__doc__ or "") for one in fields(Check))
