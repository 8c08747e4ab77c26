"""The embedded scenarios: their form, their arithmetic, and their checks held to replies that are right and replies that are wrong."""

import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chronolect.dialogue.checks import judge
from chronolect.dialogue.messages import read_timed
from chronolect.dialogue.stamps import Stamp
from chronolect.errors import UserError
from chronolect.evaluation.timebench.scenarios import CATEGORIES, Scenario, read_scenarios

SCENARIOS = read_scenarios()
REPLIES = json.loads((Path(__file__).parents[2] / "data" / "timebench" / "replies.json").read_text(encoding="utf-8"))
CHECKED = {scenario.slug: scenario for scenario in SCENARIOS if scenario.check}
# Their stamps are moments, and what is invalid or thought to be is something else.
REAL_IN_INVALID = {"berlin-hour-that-was-skipped", "leap-day-that-was-real"}

ODD_BY_WHAT_IS_SAID = {"a-month-that-was-a-day", "eclipse-already-seen"}
WITHOUT_A_GAP_OF_DAYS = {"left-handed-after-twenty-seconds", "ticks-through-the-day"}


def user_stamps(scenario: Scenario) -> list[Stamp]:
    found = [read_timed(message).stamp for message in scenario.messages if message["role"] == "user"]
    stamps = [stamp for stamp in found if stamp is not None]
    assert len(stamps) == len(found), f"{scenario.slug}: a user's message without a stamp"
    return stamps


def test_there_are_twelve_of_each_category():
    assert Counter(scenario.category for scenario in SCENARIOS) == dict.fromkeys(CATEGORIES, 12)
    assert [scenario.category for scenario in SCENARIOS] == [category for category in CATEGORIES for _ in range(12)]
    assert len({scenario.slug for scenario in SCENARIOS}) == len({scenario.id for scenario in SCENARIOS}) == 84


def test_their_form():
    for scenario in SCENARIOS:
        assert re.fullmatch(r"[a-z0-9-]+", scenario.slug or ""), scenario.slug
        assert (
            scenario.objective.startswith("\nThe assistant must")
            or ". The assistant must" in scenario.objective
            or (", and the user asked to be told" in scenario.objective)
        ), scenario.slug
        assert scenario.objective.endswith("\n")
        assert scenario.objective == f"\n{scenario.objective.strip()}\n"
        assert "fail" in scenario.objective, scenario.slug
        assert 1 <= sum(message["role"] == "user" for message in scenario.messages) <= 8


def test_objectives_can_be_judged_without_the_messages():
    """An objective names what it asks for: a number, or a stamp's year, or a thing from the messages."""
    for scenario in SCENARIOS:
        assert len(scenario.objective.split()) >= 25, scenario.slug


def test_most_are_decided_by_rule():
    checked = Counter(scenario.category for scenario in SCENARIOS if scenario.check)
    assert all(checked[category] >= 9 for category in CATEGORIES)


def test_stamps_are_moments_but_for_the_invalid_ones():
    for scenario in SCENARIOS:
        problems = [stamp.problem for stamp in user_stamps(scenario)]
        if scenario.category == "Invalid Time Detection" and scenario.slug not in REAL_IN_INVALID:
            assert problems[-1], scenario.slug
            assert not any(problems[:-1]), scenario.slug
        else:
            assert not any(problems), scenario.slug


def moments(scenario: Scenario) -> list[datetime]:
    return [stamp.moment for stamp in user_stamps(scenario) if stamp.moment]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.slug)
def test_time_flows_as_the_category_says(scenario):
    found = moments(scenario)
    match scenario.category:
        case "Temporal Flow Anomaly Detection":
            last = found[-1] - found[-2]
            odd = last <= timedelta(0) or last > timedelta(days=100 * 365) or last < timedelta(minutes=5)
            assert odd or scenario.slug in ODD_BY_WHAT_IS_SAID
        case "Time Gap Awareness":
            longest = max(later - earlier for earlier, later in pairwise(found))
            assert longest > timedelta(days=2) or scenario.slug in WITHOUT_A_GAP_OF_DAYS
            assert found == sorted(found)
        case "Timezone Sensitivity":
            assert all(moment.utcoffset() is not None for moment in found)
            assert found == sorted(found)
        case "Invalid Time Detection":
            pass
        case _:
            assert found == sorted(found)


def test_each_check_has_replies():
    assert set(REPLIES) == set(CHECKED)
    assert all(len(replies["good"]) >= 1 <= len(replies["bad"]) for replies in REPLIES.values())


@pytest.mark.parametrize("slug", CHECKED)
def test_good_replies_pass_and_bad_ones_fail(slug):
    check = CHECKED[slug].check
    assert check is not None
    for reply in REPLIES[slug]["good"]:
        ruling = judge(reply, check)
        assert ruling.passed, f"{reply!r}: {ruling.reason}"
    for reply in (*REPLIES[slug]["bad"], "", "I am not sure.", "Let me know how I can help you today."):
        if check.silent and not reply:
            continue
        assert not judge(reply, check).passed, f"passes: {reply!r}"


@pytest.mark.parametrize("slug", [slug for slug in CHECKED if slug != "asleep-at-three"])
def test_saying_the_question_again_is_no_answer(slug):
    scenario = CHECKED[slug]
    assert scenario.check
    assert not judge(read_timed(scenario.messages[-1]).text, scenario.check).passed


def test_good_replies_of_other_scenarios_fail():
    """A check asks for something of its own: hardly any reply that is right elsewhere is right here."""
    passing = [
        (slug, other)
        for slug, scenario in CHECKED.items()
        for other in CHECKED
        if other != slug and scenario.check and judge(REPLIES[other]["good"][0], scenario.check).passed
    ]
    by_slug = Counter(slug for slug, _ in passing if not _asks_for_a_habit(CHECKED[slug]))
    assert all(count <= 12 for count in by_slug.values()), by_slug.most_common(8)
    assert len(passing) / len(CHECKED) ** 2 < 0.05


def _asks_for_a_habit(scenario: Scenario) -> bool:
    """Checks that many replies pass by their nature: notices of a gap, silence, and not greeting after an absence."""
    check = scenario.check
    assert check is not None
    return check.notices is not None or check.silent is not None or check.answer is not None


@pytest.mark.parametrize("slug", [slug for slug in CHECKED if REPLIES[slug].get("computed")])
def test_what_is_computed_is_right(slug):
    check = CHECKED[slug].check
    assert check is not None
    names: dict[str, Any] = {
        "s": [stamp.moment for stamp in user_stamps(CHECKED[slug])],
        "day": date,
        "days": lambda count: timedelta(days=count),
        "hours": lambda count: timedelta(hours=count),
        "minutes": lambda count: timedelta(minutes=count),
        "zone": ZoneInfo,
        "at": lambda text, name=None: datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name) if name else None),
        "utc": lambda moment: moment.astimezone(ZoneInfo("UTC")),
    }
    for key, expression in REPLIES[slug]["computed"].items():
        value = eval(expression, {"__builtins__": {}}, names)  # of the tests' own file
        match key:
            case "duration_s":
                assert value.total_seconds() == pytest.approx(check.duration_s)
            case "date":
                assert (value.date() if isinstance(value, datetime) else value).isoformat() == check.date
            case "clock":
                assert value.strftime("%H:%M") == check.clock
            case "weekday":
                assert value.strftime("%A") == check.weekday


def test_all_that_can_be_computed_is():
    for slug, scenario in CHECKED.items():
        asked = {key for key in ("duration_s", "date", "clock", "weekday") if getattr(scenario.check, key) is not None}
        assert asked <= set(REPLIES[slug].get("computed", {})), slug


def test_a_file_of_the_published_form(tmp_path):
    published = [
        {"test_messages": scenario.messages, "objective": scenario.objective, "category": scenario.category}
        for scenario in SCENARIOS[:3]
    ]
    path = tmp_path / "scenarios.json"
    path.write_text(json.dumps(published))
    scenarios = read_scenarios(path)
    assert [scenario.id for scenario in scenarios] == [scenario.id for scenario in SCENARIOS[:3]]
    assert all(scenario.check is None and scenario.slug is None for scenario in scenarios)


GOOD = {
    "test_messages": [{"role": "user", "content": "<time>2025-01-01T08:00:00</time>\nhello"}],
    "objective": "\nSay hello.\n",
    "category": "Greeting",
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "must be a list of scenarios, at least one"),
        ([], "must be a list of scenarios, at least one"),
        ([5], "scenario 1: must be an object"),
        ([GOOD, {**GOOD, "objectiv": "x"}], 'scenario 2: unknown key "objectiv" (did you mean "objective"?)'),
        ([{**GOOD, "objective": " "}], 'scenario 1: "objective" must be a text'),
        ([{**GOOD, "test_messages": "hello"}], 'scenario 1: "test_messages" must be a list of messages'),
        ([{**GOOD, "test_messages": []}], "scenario 1: an empty conversation"),
        ([{**GOOD, "test_messages": [*GOOD["test_messages"], {"role": "assistant", "content": "Hi."}]}], "must end with a message of the user"),
        ([{**GOOD, "check": {"clok": "10:00"}}], 'scenario 1: a check has no key "clok" (did you mean "clock"?)'),
        ([{**GOOD, "id": 7}], 'scenario 1: "id" must be a text'),
        ([GOOD, GOOD], "scenario 2: the same messages as an earlier scenario"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "scenarios.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_scenarios(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
