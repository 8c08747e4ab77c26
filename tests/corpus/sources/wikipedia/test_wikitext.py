import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.corpus.sources.wikipedia.dumps import LIGHTHOUSE

from chronolect.corpus.sources.wikipedia.wikitext import Cleaner

CLEANER = Cleaner(files=("Datei",), categories=("Kategorie",))
RESIDUE = ("{{", "}}", "[[", "]]", "<ref", "File:", "|thumb", "{|", "|}", "''")


def text(wikitext: str) -> str:
    return CLEANER.clean(wikitext).text


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        # Paragraphs, headings, lists
        ("One.\n\nTwo.", "One.\n\nTwo."),
        ("One\nline.", "One line."),
        ("A.\n== Life ==\nB.\n===Youth===\nC.", "A.\n\n## Life\n\nB.\n\n### Youth\n\nC."),
        ("A.\n==Empty==\n==Full==\nB.", "A.\n\n## Full\n\nB."),
        ("A.\n==Upper==\n===Lower===\nB.", "A.\n\n## Upper\n\n### Lower\n\nB."),
        ("A.\n==''Ulysses'' and [[Joyce|him]]==\nB.", "A.\n\n## Ulysses and him\n\nB."),
        ("* a\n** b\n* c\ntext", "- a\n  - b\n- c\n\ntext"),
        ("# a\n# b\n## c\n# d\n\nx\n# e", "1. a\n2. b\n  1. c\n3. d\n\nx\n\n1. e"),
        ("; term : meaning\n; two\n: its meaning", "term: meaning\ntwo\nits meaning"),
        ("* a\n*: goes on\n", "- a\n  goes on"),
        (" shown as\n typed", "shown as\ntyped"),
        ("a<br>b<br />c", "a\nb\nc"),
        ("one<p>two</p>three", "one\n\ntwo\n\nthree"),
        ("a\n----\nb", "a\n\nb"),
        ("He said:\n<blockquote>First.\n\nSecond.</blockquote>\nThen.", "He said:\n\n> First.\n\n> Second.\n\nThen."),
        (
            "He said:\n{{quote|All is well.|Ada|Letters}}\nThen.",
            "He said:\n\n> All is well.\n\n> — Ada, Letters\n\nThen.",
        ),
        ("<poem>\nRoses\nare red\n\nviolets\n</poem>", "Roses\nare red\n\nviolets"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        # Links
        ("[[Moon]]s and the [[Sun|star]]", "Moons and the star"),
        ("[[2001: A Space Odyssey]] and [[Star Trek: Voyager|the series]]", "2001: A Space Odyssey and the series"),
        ("[http://example.org its site] and [https://example.org] end", "its site and end"),
        ("[[:Category:Ships]], [[:File:A.jpg|the picture]], [[wikt:keel]]", "Category:Ships, the picture, keel"),
        ("a\n[[fr:Lune]]\n[[zh-min-nan:Goe̍h]]\n", "a"),
        ("a [[w:Moon|moon]] [[fr:Lune]]", "a moon Lune"),
        ("[[A|''b'' {{nowrap|c d}}]]", "b c d"),
        ("[[[Moon]]]", "[Moon]"),
        # What is dropped
        ('a<ref>x [[y]] {{cite|z}}</ref> b<ref name=q /> c<ref name="r">\nlines\n</ref>.', "a b c."),
        ("a<!-- x\n\ny -->b", "ab"),
        ("[[File:A.jpg|thumb|A [[caption]] with [[link|two]] and {{x|y}}]]Text", "Text"),
        ("[[Datei:A.jpg|mini|[http://e.org site]]]Text [[Kategorie:B]]", "Text"),
        ("[[Image:A.jpg|thumb|[[File:B.jpg|10px]] nested]]Text", "Text"),
        ("<gallery>\nFile:A.jpg|x\n</gallery>Text", "Text"),
        ("__NOTOC__\n{{DEFAULTSORT:X}}Text", "Text"),
        (
            '<div class="x">Text</div> <span style="color:red">red</span>',
            "Text\n\nred",
        ),
        ("{{Infobox\n| a = {{b|c}}\n| d = [[e|f]]\n}}\nText", "Text"),
        ("{|\n| a\n|-\n| {|\n| b\n|}\n|}\nText", "Text"),
        ("{|\n| a {{x|\n{|\n| b\n|}\n}}\n|}\nText", "Text"),
        ("<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table>Text", "Text"),
        ("a <syntaxhighlight lang=c>if (a[[1]]) {{}}</syntaxhighlight>b", "a b"),
        ("x {{{1|y}}} z", "x z"),
        # What is kept of templates
        ("{{lang|fr|la lune}} ({{lang-el|σελήνη}})", "la lune (Greek: σελήνη)"),
        ("{{convert|5|km|mi}} and {{convert|10|to|30|°C}}", "5 km and 10 to 30 °C"),
        ("{{birth date|1815|12|10|df=y}}; {{start date|1851}}", "10 December 1815; 1851"),
        ("{{nowrap|1=a=b}} {{unknown|x}}c", "a=b c"),
        ("{{nowrap|{{nowrap|deep}} [[a|b]]}}", "deep b"),
        ("a{{!}}b {{snd}} c", "a|b – c"),
        # Gaps that drops leave
        ("Plato ({{IPA|x}}; born 428 BC) wrote.", "Plato (born 428 BC) wrote."),
        ("Plato ({{IPA|x}}) wrote {{x}}.", "Plato wrote."),
        ("Plato (428, {{IPA|x}}) wrote, {{x}}, much", "Plato (428) wrote, much"),
        ("f() and ( ) stay", "f() and ( ) stay"),
        # Characters
        ("'''Bold''', ''it'', '''''both''''' and ''Time'''s cover", "Bold, it, both and Time’s cover"),
        ("d'''Arc''' isn't l''''x", "dArc isn't l'x"),
        ("a&nbsp;b &ndash; &amp;c; &lt;b&gt;", "a b – &c; <b>"),
        ("10<sup>6</sup> m<sup>2</sup> 19<sup>th</sup> H<sub>2</sub>O", "10⁶ m² 19th H2O"),
        ("<nowiki>[[x]] ''y'' {{z}}</nowiki>", "[[x]] ''y'' {{z}}"),
        ("<pre>a  b\n* c</pre>", "a  b\n* c"),
        (r"<math>x^{2} \le \frac{a}{2b}</math> holds", "x^2 ≤ a/(2b) holds"),
        ("a < b and c > d", "a < b and c > d"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
    ],
)
def test_cleaned(wikitext, expected):
    assert text(wikitext) == expected


@pytest.mark.parametrize(
    "broken",
    [
        "Before. {{Infobox\n| a = b\n| c = [[d]]\n\nAfter.",
        "Before. {{cite web|x}\n\nAfter.",
        "Before. [[File:A.jpg|thumb|caption\n\nAfter.",
        "Before. [[link\n\nAfter.",
        "Before.\n{|\n| cell\n|-\n\nAfter.",
        "Before.<ref>never closed\n\nAfter.",
        "Before.<ref name=x>one<ref>two</ref>\n\nAfter.",
        "Before.<!-- never closed\n\nAfter.",
        "Before.<nowiki>never closed\n\nAfter.",
        "Before.<gallery>\n\nAfter.",
        "Before.<div><table><tr>\n\nAfter.",
        "Before. }} ]]\n|}\n\nAfter.",
        "Before. {{a|[[b}} c]]\n\nAfter.",
        "Before. [[a|{{b]]\n\nAfter.",
        "Before. {{ [[ {| <ref name=\n\nAfter.",
        "Before. '''''never closed\n\nAfter.",
        "Before. {{unclosed\n== Heading ==\n}}\n\nAfter.",
        "Before.\n{|\n| x\n== Heading ==\nmore\n|}\n\nAfter.",
        'Before. <ref name="a>b</ref>\n\nAfter.',
        "Before. </ref></div></blockquote>\n\nAfter.",
    ],
)
def test_broken_markup_costs_no_more_than_its_lines(broken):
    found = text(broken)
    assert found.startswith("Before.")
    assert found.endswith("After.")
    assert not [mark for mark in RESIDUE if mark in found]


def test_a_real_article_keeps_its_shape():
    cleaned = CLEANER.clean(LIGHTHOUSE)
    assert cleaned.text == (
        "Harbour Light (built c. 1850) is a lighthouse on the coast.\n\n"
        "Its keeper was Miss North. She wrote to the Board every week.\n\n"
        "## History\n\n"
        "The tower was raised in 1851. It burnt as of 1860 eleven lamps.\n\n"
        "### Keepers\n\n"
        "- Ada North\n  - her sister Ruth\n- Tom Reed"
    )
    assert cleaned.categories == ["Towers completed in 1851", "1851 establishments in England"]


def test_an_infobox_tells_of_time():
    box = (
        "{{Infobox person\n| name = Ada\n| birth_date = {{birth date|1815|12|10|df=y}}<br>[[London]]\n| death_place = Rome 1852\n"
        "| years_active = 1833&ndash;1852<ref>x</ref>\n| population_date = 1900\n| active = 87,000\n}}\n{{Infobox other|date=1999}}Text"
    )
    cleaned = CLEANER.clean(box)
    assert cleaned.text == "Text"
    assert cleaned.dates == {"infobox": "person", "birth_date": "10 December 1815; London", "years_active": "1833–1852"}


def test_sections_of_apparatus():
    page = "A.\n==Notes==\nn\n===Citations===\nc\n==Legacy==\nL.\n== '''External links:''' ==\n* [http://a b]"
    assert text(page) == "A.\n\n## Legacy\n\nL."
    kept = Cleaner(sections=True).clean(page).text
    assert kept == "A.\n\n## Notes\n\nn\n\n### Citations\n\nc\n\n## Legacy\n\nL.\n\n## External links:\n\n- b"


def test_tables_as_text():
    table = (
        '{| class="wikitable"\n|+ Lamps\n! Year !! style="x" | Lamps\n|-\n| 1851 || align=right | [[eleven|11]]\n|-\n|\n1860\n'
        "|\n{|\n| inner\n|}\n|}\nText"
    )
    assert Cleaner(tables=True).clean(table).text == "Lamps\nYear | Lamps\n1851 | 11\n1860 |\ninner\n\nText"
    assert text(table) == "Text"


def test_formulas_can_be_dropped():
    assert Cleaner(formulas=False).clean("Let <math>x</math> be (<math>y</math>) small.").text == "Let be small."


OPENINGS = [
    "{{ ",
    "[[ ",
    "{|\n",
    "\n|}",
    "<ref>",
    "<ref",
    "<!--",
    "<math>",
    "{{nowrap|",
    "[[a|",
    "\n==",
    "\n* ",
    "(",
    "<table>",
    "[http:",
    "{{a|[[",
    "]]}}",
    "\n== a ==",
    "<math>\\frac{",
    "<span style='display:none'>",
    "'''s ",
    "&",
    "{{x}} ( ",
    "\x00",
    "<poem>",
]


@pytest.mark.parametrize("unit", OPENINGS)
def test_a_page_of_nothing_but_openings(unit):
    """Work that grew with the square of such a page would run into the time limit of all tests."""
    found = text((unit * 300_000)[:300_000])
    assert not [mark for mark in ("\x00", "\x02", "\x04", "{{", "[[") if mark in found]


MARKUP = [
    "{{",
    "}}",
    "[[",
    "]]",
    "{|",
    "|}",
    "\n",
    "\n\n",
    "|",
    "==",
    "\n== H ==\n",
    "<ref>",
    "</ref>",
    "<ref/>",
    "<!--",
    "-->",
    "* ",
    "# ",
    "<nowiki>",
    "</nowiki>",
    "''",
    "'''",
    "File:",
    "Category:",
    "a",
    " ",
    "(",
    ")",
    ";",
    ",",
    "&lt;",
    "<br>",
    "<div>",
    "</div>",
    "{{nowrap|",
    "{{quote|",
    "{{convert|",
    "<math>",
    "</math>",
    "[http://x ",
    "]",
    "{{{",
    "}}}",
    "<blockquote>",
    ":",
    "|-",
    "!!",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(MARKUP), max_size=60).map("".join), st.booleans())
@example("<nowiki> {{</nowiki>", False)
@example(";* a", True)
def test_any_soup_of_markup_leaves_none_of_our_marks(soup, keep):
    cleaned = Cleaner(tables=keep, sections=keep).clean(soup).text
    assert not set(cleaned) & set(map(chr, [*range(9), *range(0xFDD0, 0xFDF0)]))
    if "nowiki" not in soup and "math" not in soup:
        assert not [mark for mark in ("{{", "[[", "<ref>") if mark in cleaned], cleaned
    assert "\n\n\n" not in cleaned
    assert cleaned == cleaned.strip()
