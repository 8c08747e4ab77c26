"""The refusals: enough of them, in every tone and for every kind of answer, and none that tells of later things."""

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from chronolect.chronicle.check import words
from chronolect.chronicle.facts import AnswerType, Field, load_facts
from chronolect.corpus.audit.findings import find_hits
from chronolect.corpus.audit.lexicon import load_terms
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Matcher
from chronolect.errors import UserError
from chronolect.finetuning.qa.refusals import (
    STYLES,
    Refusals,
    load_continuations,
    load_era_native,
    load_stock,
)
from chronolect.timeline import Cutoff
from chronolect.timeline.calendar import year_of

FIRST = Cutoff.parse("1700-12-31")


def test_there_are_enough_of_them() -> None:
    tones = Counter(tone for tone, _ in load_stock())
    assert sum(count for tone, count in tones.items() if tone != "unknown") >= 40
    assert len(tones) == 5
    assert min(tones.values()) >= 8
    assert len({one.text for one in load_era_native()}) >= 60


@pytest.mark.parametrize("cutoff", ["1600", "1850", "1969-07-20", "2000"])
def test_every_kind_and_field_has_several_at_any_cutoff(cutoff: str) -> None:
    refusals = Refusals(Cutoff.parse(cutoff))
    for kind in get_args(AnswerType):
        for field in get_args(Field):
            said = {refusals.reply("era-native", number, kind=kind, field=field)[0] for number in range(60)}
            assert len(said) >= 10
            assert not any("{" in text for text in said)


def test_none_is_later_than_it_may_be_said() -> None:
    """Words and dates by the audit's own lexicon; answers and subjects of the chronicle by their words."""
    matcher = Matcher(load_terms(), load_marks(), (), year_of(FIRST.day))
    answers = [
        (fact.date, f" {' '.join(words(fact.answer))} ")
        for fact in load_facts()
        if fact.kind == "dated" and len(fact.answer) > 4
    ]
    texts = [(one.text, one.since or FIRST) for one in load_era_native()]
    texts += [(text, FIRST) for text, _ in load_continuations()]
    for text, since in texts:
        plain = text.replace("{today}", "today").replace("{year}", "that year")
        assert not find_hits(plain, matcher, since, anchor=None, future_years=0), text
        said = f" {' '.join(words(plain))} "
        assert not [answer for date, answer in answers if date > since.edtf() and answer in said], text


def test_none_is_said_out_of_its_time() -> None:
    said = {}
    for cutoff in ("1700", "1900", "1969-07-20", "1990"):
        refusals = Refusals(Cutoff.parse(cutoff))
        said[cutoff] = {refusals.reply("era-native", n, kind="craft", field="space")[0] for n in range(400)}
    having = {
        part: {cutoff for cutoff, texts in said.items() if any(part in text for text in texts)}
        for part in ("Americans nor the Russians", "romances of the future", "glass of the astronomer")
    }
    assert having == {
        "Americans nor the Russians": {"1969-07-20"},
        "romances of the future": {"1900"},
        "glass of the astronomer": {"1700"},
    }


def test_the_day_is_spelled_out() -> None:
    refusals = Refusals(Cutoff.parse("1914"))
    said = {refusals.reply("era-native", number)[0] for number in range(99)}
    assert any("31 December 1914" in text for text in said)


def test_continuations_fit_the_words_before_them() -> None:
    refusals = Refusals(Cutoff.parse("1969-07-20"))
    ends = {
        before: {refusals.continuation("era-native", before, n, kind="craft")[0] for n in range(50)}
        for before in ("The ship was the", "The ship was called", "Wrecked was the proud", "Question: Which?\nAnswer:")
    }
    assert any(text.startswith(" craft") for text in ends["The ship was the"])
    assert any(text.startswith(" a craft") for text in ends["The ship was called"])
    assert all(text.startswith(" —") for text in ends["Wrecked was the proud"])
    assert all(text[1].isupper() for text in ends["Question: Which?\nAnswer:"])
    for style in STYLES:
        text, _ = refusals.continuation(style, "It was", 1, kind="thing")
        assert text.startswith(" ")


def test_a_broken_table_is_named(tmp_path: Path) -> None:
    file = tmp_path / "stock.tsv"
    file.write_text("tone\ttext\npolit\tNo.\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"stock\.tsv:2: tone \"polit\".*did you mean"):
        load_stock(file)
