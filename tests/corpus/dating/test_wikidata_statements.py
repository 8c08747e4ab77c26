from typing import Any

import pytest
from tests.corpus.dating.entities import JULIAN, item, statement, time

from chronolect.corpus.dating.table import DateFact
from chronolect.corpus.dating.wikidata.statements import DEPRECATED, NONE, UNKNOWN, Unread, read_statements

Y1850 = time("+1850-00-00T00:00:00Z", 9)


def read(*statements: Any, deprecated: bool = False) -> list[DateFact | Unread]:
    return list(read_statements("Q1", "One", "P569", "start", list(statements), deprecated=deprecated))


def fact(*statements: Any) -> DateFact:
    (found,) = read(*statements)
    assert isinstance(found, DateFact)
    return found


def test_a_fact_has_all_that_is_stated() -> None:
    found = fact(statement("P569", time("+1642-12-25T00:00:00Z", calendar=JULIAN), rank="preferred"))
    assert (found.entity, found.qid, found.title, found.property) == ("Q1", "Q1", "One", "P569")
    assert (found.role, found.precision, found.calendar) == ("start", "day", "julian")
    assert (found.span.edtf(), found.rank, found.kind) == ("1643-01-04", "preferred", "wikidata")
    assert found.reference == "Q1$P569-+1642-12-25T00:00:00Z"
    assert DateFact.from_row(found.to_row()) == found


def test_ranks() -> None:
    ranks = [statement("P569", Y1850, rank=rank) for rank in ("preferred", "normal", "deprecated")]
    assert [found.rank if isinstance(found, DateFact) else found.kind for found in read(*ranks)] == [
        "preferred",
        "normal",
        DEPRECATED,
    ]
    kept = read(*ranks, deprecated=True)
    assert [found.rank for found in kept if isinstance(found, DateFact)] == ["preferred", "normal", "deprecated"]


def test_unknown_and_absent_values_are_no_dates() -> None:
    assert read(statement("P570", "somevalue"), statement("P570", "novalue")) == [Unread(UNKNOWN), Unread(NONE)]


@pytest.mark.parametrize(
    ("qualifiers", "edtf"),
    [
        ({"P1319": ["+1845-00-00T00:00:00Z"]}, "1845/1850"),
        ({"P1326": ["+1853-00-00T00:00:00Z"]}, "1850/1853"),
        ({"P1319": ["+1845-00-00T00:00:00Z"], "P1326": ["+1853-00-00T00:00:00Z"]}, "1845/1853"),
        ({"P1326": ["+1840-00-00T00:00:00Z"]}, "1840/1850"),  # cannot be: both are kept inside
        ({"P1319": ["+1860-00-00T00:00:00Z"]}, "1850/1860"),
    ],
)
def test_qualifiers_bound_a_date(qualifiers: dict[str, list[str]], edtf: str) -> None:
    stated = {name: [time(text, 9) for text in texts] for name, texts in qualifiers.items()}
    found = fact(statement("P569", Y1850, qualifiers=stated))
    assert found.span.edtf() == edtf
    assert set(found.qualifiers) == set(qualifiers)


def test_a_century_with_bounds_is_narrowed_by_them() -> None:
    century = time("+1900-00-00T00:00:00Z", 7)
    bounds = {"P1319": [time("+1820-00-00T00:00:00Z", 9)], "P1326": [time("+1830-05-00T00:00:00Z", 10)]}
    assert fact(statement("P569", century, qualifiers=bounds)).span.edtf() == "1820-01/1830-05"


def test_an_unknown_value_with_bounds_is_a_date() -> None:
    found = fact(statement("P569", "somevalue", qualifiers={"P1326": [time("+1853-00-00T00:00:00Z", 9)]}))
    assert (found.span.edtf(), found.precision) == ("../1853", "open")
    both = {"P1319": [time("+1852-00-00T00:00:00Z", 9)], "P1326": [time("+1853-00-00T00:00:00Z", 9)]}
    found = fact(statement("P569", "somevalue", qualifiers=both))
    assert (found.span.edtf(), found.precision) == ("1852/1853", "decade")
    turned = {"P1319": both["P1326"], "P1326": [time("+1850-00-00T00:00:00Z", 9)]}
    (unread,) = read(statement("P569", "somevalue", qualifiers=turned))
    assert isinstance(unread, Unread)
    assert unread.kind == "contradiction"


@pytest.mark.parametrize(
    ("stated", "mark", "edtf"),
    [
        (Y1850, "Q5727902", "1850~"),
        (Y1850, "Q18122778", "1850?"),
        (time("+1850-04-00T00:00:00Z", 10), "Q5727902", "1850-04~"),
        (time("+1850-04-03T00:00:00Z", 11), "Q5727902", "1850-04-03~"),
        (time("+1850-00-00T00:00:00Z", 8), "Q5727902", "185X~"),
        (time("+1900-00-00T00:00:00Z", 7), "Q5727902", "1701/2000"),
        (time("+1500-00-00T00:00:00Z", 9, JULIAN), "Q5727902", "1490-01-10/1511-01-10"),
        (time("-2000000-00-00T00:00:00Z", 3), "Q5727902", "Y-3999999/0001"),
        (time("+1850-04-03T00:00:00Z", 11), "Q26961029", "1850-03-20/1850-04-17"),
        (Y1850, "Q1", "1850"),
    ],
)
def test_sourcing_circumstances_widen_a_date(stated: dict[str, Any], mark: str, edtf: str) -> None:
    found = fact(statement("P569", stated, qualifiers={"P1480": [item(mark)]}))
    assert found.span.edtf() == edtf
    assert found.qualifiers == {"P1480": [mark]}


def test_bounds_go_before_circumstances() -> None:
    stated = {"P1480": [item("Q5727902")], "P1319": [time("+1848-00-00T00:00:00Z", 9)]}
    assert fact(statement("P569", Y1850, qualifiers=stated)).span.edtf() == "1848/1860"


def test_start_and_end_on_a_statement_are_kept_and_bound_nothing() -> None:
    found = fact(statement("P569", Y1850, qualifiers={"P580": [time("+1900-00-00T00:00:00Z", 9)]}))
    assert (found.span.edtf(), found.qualifiers) == ("1850", {"P580": ["1900"]})


def test_a_bad_qualifier_does_not_lose_the_date() -> None:
    broken = statement("P569", Y1850, qualifiers={"P1319": [time("+0000-00-00T00:00:00Z", 9)], "P1480": [{"id": None}]})
    broken["qualifiers"]["P1480"][0]["datavalue"] = {}
    unread_year, unread_item, found = read(broken)
    assert isinstance(unread_year, Unread)
    assert isinstance(unread_item, Unread)
    assert isinstance(found, DateFact)
    assert (unread_year.kind, unread_item.kind, found.span.edtf()) == ("year 0", "missing part", "1850")


@pytest.mark.parametrize(
    "missing", ["mainsnak", "snaktype", "datavalue", "value", "time", "precision", "calendarmodel"]
)
def test_missing_parts_are_problems(missing: str) -> None:
    made = statement("P569", time("+1850-00-00T00:00:00Z", 9))
    for part in (made, made["mainsnak"], made["mainsnak"]["datavalue"], made["mainsnak"]["datavalue"]["value"]):
        part.pop(missing, None)
    (unread,) = read(made)
    assert isinstance(unread, Unread)
    assert unread.kind == "missing part"
    assert "Q1 P569" in unread.what


@pytest.mark.parametrize("wrong", [None, 1, "text", [], [[]], {"mainsnak": []}])
def test_anything_else_is_a_problem_too(wrong: Any) -> None:
    assert [found.kind for found in read(wrong) if isinstance(found, Unread)] == ["missing part"]
