import re
from html.parser import HTMLParser

from chronolect.report.page import (
    Card,
    CardRow,
    Code,
    Column,
    Listing,
    Page,
    Sample,
    Samples,
    Section,
    Table,
    Text,
    Verdict,
    Words,
    render,
)

EVIL = "<script>alert('x')</script>\"&"


def page() -> Page:
    blocks = [
        Words(EVIL),
        Words(EVIL, "missing"),
        Table(EVIL, [Column(EVIL, False), Column("n")], [[EVIL, "1"]]),
        Table("folded", [Column("a")], [["b"]], folded=EVIL),
        Listing([EVIL]),
        Code(EVIL, EVIL),
        Samples([Sample(EVIL, [Text(EVIL, EVIL, "locked", right=True)], EVIL)]),
    ]
    return Page(
        EVIL,
        EVIL,
        EVIL,
        EVIL,
        [Section("one", EVIL, EVIL, blocks)],
        [Verdict("fail", EVIL)],
        [Card(EVIL, EVIL, "twin", [CardRow(EVIL, EVIL, EVIL)])],
    )


class Tags(HTMLParser):
    """The elements, and whether they are properly nested."""

    VOID = ("meta", "link", "line", "circle", "rect", "polyline", "polygon")

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_text_is_escaped() -> None:
    html = render(page())
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert tags.names.count("script") == 1
    assert "<script>alert" not in html


def test_nothing_is_loaded_and_nothing_foreign_runs() -> None:
    html = render(page())
    tags = Tags()
    tags.feed(html)
    assert not {"img", "iframe", "object", "form"} & set(tags.names)
    assert [value for name, value in tags.attributes if name in ("src", "href") and not str(value).startswith("#")] == [
        "data:,"
    ]
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name == "style"]
    assert not re.search(r"https?://|url\(|@import", html)
    policy = next(str(value) for name, value in tags.attributes if name == "content" and "default-src" in str(value))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_same_page_is_the_same_bytes() -> None:
    assert render(page()) == render(page())
