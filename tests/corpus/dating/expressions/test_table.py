"""The tables of periods and rulers: complete, sane, and read as the text has them."""

from itertools import pairwise

import pytest

from chronolect.corpus.dating.expressions import find_expressions, table
from chronolect.errors import UserError
from chronolect.timeline import Span
from chronolect.timeline.calendar import year_of

ROWS = [row for file in (table.PERIODS, table.RULERS) for row in table.read_rows(file)]
NOW = 2030


def test_size():
    assert sum(1 for _ in table.read_rows(table.PERIODS)) >= 300
    assert len(table.phrases()) >= 10_000


def test_rows():
    """Spans of the past with an end, or an open end; kinds that are known; names written as in running text."""
    for row in ROWS:
        assert row.span.earliest is not None, row
        assert row.span.latest is None or year_of(row.span.latest) <= NOW, row
        assert row.kind in ("war", "era", "king", "office"), row
        assert all(len(name) >= 3 and name == " ".join(name.split()) for name in row.names), row
        if row.span.latest is not None and row.kind != "era":
            assert year_of(row.span.latest) - year_of(row.span.earliest) <= 550, row


def test_every_name_is_found():
    """In running text, each name gives a span that holds its own (a name of two holds both)."""
    for row in ROWS:
        form = {"king": "reign of {}", "office": "{} administration"}.get(row.kind, "{}")
        for name in row.names:
            (found,) = find_expressions(f"It was so, {form.format(name)}, they say.")
            assert found.span.contains(row.span), name


def test_no_name_twice_in_the_periods():
    """Of two spans for one name the wider would win unseen; rulers may share a name."""
    names = sorted(name for row in ROWS if row.kind in ("war", "era") for name in row.names)
    assert [one for one, two in pairwise(names) if one == two] == []


def test_sequences():
    """Reigns that followed each other, presidents, and the eras of Japan do not leave gaps."""
    presidents = [
        "Truman",
        "Eisenhower",
        "Kennedy",
        "LBJ",
        "Nixon",
        "Gerald Ford",
        "Jimmy Carter",
        "Reagan",
        "George H. W. Bush",
    ]
    eras = ["Edo period", "Meiji period", "Taisho period", "Showa period", "Heisei period", "Reiwa period"]
    queens = [
        "reign of Queen Anne",
        "reign of George I",
        "reign of George II",
        "reign of George III",
        "reign of George IV",
    ]
    for names in ([f"{name} administration" for name in presidents], eras, queens):
        spans = [table.phrases()[name].span for name in names]
        assert all(
            one.latest is not None and one.overlaps(two) and one.earliest < two.earliest for one, two in pairwise(spans)
        )


def test_longer_phrases_that_are_no_dates_win():
    assert find_expressions("the Victorian Football League") == []
    assert [found.span for found in find_expressions("a Victorian house")] == [Span.year(1837, 1901)]


def test_a_broken_line_is_named(tmp_path):
    file = tmp_path / "periods.tsv"
    file.write_text("# comment\n1914/1918\twar\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"periods\.tsv:2: expected span, type and names"):
        list(table.read_rows(file))
    file.write_text("1914/1913\twar\tBackward War\n", encoding="utf-8")
    with pytest.raises(UserError, match="1914/1913"):
        list(table.read_rows(file))
