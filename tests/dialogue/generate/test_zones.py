"""Zones by the rules of the day: summer time on both halves of the globe, half hours, and the date line."""

import itertools
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chronolect.dialogue.generate.record import draws
from chronolect.dialogue.generate.zones import PLACES, offset_words, zone
from chronolect.dialogue.messages import read_timed


def test_zones_are_converted_by_their_rules() -> None:
    offsets, turns, tagged = set(), set(), 0
    for draw in itertools.islice(draws(0, "zone"), 500):
        dialogue = zone(draw)
        facts = dialogue.facts
        asked, then = datetime.fromisoformat(facts["asked"]), datetime.fromisoformat(facts["then"])
        assert asked == then  # the same moment
        for place, moment in ((facts["given"], asked), (facts["wanted"], then)):
            local = moment.astimezone(ZoneInfo(PLACES[place]))
            assert local.utcoffset() == moment.utcoffset()
            offsets.add((place, offset_words(local)))
        assert dialogue.check.clock == f"{then:%H:%M}"
        turns.add((then.date() - asked.date()).days)
        stamp = read_timed(dialogue.messages[0]).stamp
        assert stamp is not None
        assert stamp.moment is not None
        tagged += stamp.moment.tzinfo is not None
        said = re.search(r"(\d\d):(\d\d) ([+-]) (\d+):(\d\d) = (\d\d):(\d\d)", dialogue.messages[-1]["content"])
        assert said is not None
        hour, minute, sign, hours, minutes, *result = (part if part in "+-" else int(part) for part in said.groups())
        shift = timedelta(hours=hours, minutes=minutes) * (1 if sign == "+" else -1)
        assert (datetime(2000, 1, 2, hour, minute) + shift).strftime("%H:%M") == f"{result[0]:02d}:{result[1]:02d}"
    assert turns == {-1, 0, 1}
    assert 150 < tagged < 350
    assert {
        ("London", "+0:00"),
        ("London", "+1:00"),
        ("Sydney", "+10:00"),
        ("Sydney", "+11:00"),
        ("Kathmandu", "+5:45"),
    } <= offsets
