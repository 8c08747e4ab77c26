"""What a page is made of, and how it becomes one HTML file that loads nothing: a policy in the page itself forbids it."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, ClassVar, Literal

import jinja2
from markupsafe import Markup

from chronolect import __version__
from chronolect.report.plots import NARROW, WIDE, Chart, Style, draw

SMALL = (300, 210)


@dataclass(frozen=True)
class Column:
    """Head of a table's column; numeric ones are set to the right."""

    name: str
    numeric: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell heads its row. `folded` is the line to click on where the table is long."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    folded: str = ""
    hide_caption: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class LegendEntry:
    """A sign and what it stands for."""

    name: str
    color: str
    style: Style = "line"


@dataclass(frozen=True)
class Figure:
    """A chart with its words, and its numbers as a table for those who do not see it."""

    chart: Chart
    caption: str = ""
    table: Table | None = None
    legend: Sequence[LegendEntry] = ()
    small: bool = False
    kind: ClassVar[str] = "figure"

    @property
    def title(self) -> str:
        """The chart's."""
        return self.chart.title

    @property
    def svgs(self) -> list[Markup]:
        """The chart for wide screens and paper, and for phones; a small one fits both."""
        if self.small:
            return [draw(self.chart, SMALL, variant="narrow")]
        return [draw(self.chart, WIDE, variant="wide"), draw(self.chart, NARROW, variant="narrow")]


@dataclass(frozen=True)
class Picture:
    """A drawing that is no chart, as SVG for wide screens and for phones; otherwise as a `Figure`."""

    title: str
    svgs: Sequence[Markup]
    caption: str = ""
    table: Table | None = None
    legend: Sequence[LegendEntry] = ()
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Grid:
    """Small charts side by side, with one legend."""

    figures: Sequence[Figure]
    legend: Sequence[LegendEntry] = ()
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True)
class Words:
    """A paragraph: `text`, a small `note`, what is `missing`, or a `heading` within the section."""

    text: str
    kind: Literal["text", "note", "missing", "heading"] = "text"


@dataclass(frozen=True)
class Listing:
    """A list of sentences."""

    items: Sequence[str]
    kind: ClassVar[str] = "list"


@dataclass(frozen=True)
class Code:
    """Folded lines to copy."""

    title: str
    text: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Text:
    """What one model wrote, and whether that is the right answer where there is one."""

    name: str
    text: str
    color: str
    right: bool = False


@dataclass(frozen=True)
class Sample:
    """A prompt and what each model made of it."""

    prompt: str
    texts: Sequence[Text]
    note: str = ""


@dataclass(frozen=True)
class Samples:
    """Prompts with the models' words side by side."""

    samples: Sequence[Sample]
    kind: ClassVar[str] = "samples"


@dataclass(frozen=True)
class RiverRow:
    """A feature in the list below a river; `link` is the id of its card where it has one, `cohort` the place of its birth."""

    cohort: int
    cells: Sequence[str]
    link: str = ""


@dataclass(frozen=True)
class River:
    """Features by the time of their birth: a picture whose bands can be chosen, and the features of the chosen ones.

    Attributes:
        id: Of the block in the page.
        picture: Its bands carry the numbers of the cohorts.
        cohorts: How the births are called, in order of time.
        counts: Features of each, of which `rows` may list only some.
        columns: Heads of the list.
        rows: The features.
    """

    id: str
    picture: Picture
    cohorts: Sequence[str]
    counts: Sequence[int]
    columns: Sequence[Column]
    rows: Sequence[RiverRow]
    kind: ClassVar[str] = "river"


@dataclass(frozen=True)
class MarkedText:
    """Tokens of a text with how strongly a feature fires on each, from 0 (not) to 5; `at` is the token it is about."""

    tokens: Sequence[str]
    levels: Sequence[int]
    at: int


@dataclass(frozen=True)
class Moment:
    """The contexts of a feature at a checkpoint."""

    title: str
    texts: Sequence[MarkedText]
    open: bool = False


@dataclass(frozen=True)
class FeatureCard:
    """A feature: what it fires on, since when, and in which contexts. `shade` from 0 (early) to 9 is the colour of its birth."""

    id: str
    title: str
    note: str
    shade: int
    spark: Markup
    text: str
    lists: Sequence[tuple[str, str]]
    moments: Sequence[Moment]


@dataclass(frozen=True)
class FeatureCards:
    """Features side by side."""

    cards: Sequence[FeatureCard]
    kind: ClassVar[str] = "features"


Block = Figure | Picture | Grid | Table | Words | Listing | Code | Samples | River | FeatureCards


@dataclass(frozen=True)
class Section:
    """A part of the page with a place in the contents."""

    id: str
    title: str
    intro: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Verdict:
    """One finding: as meant (`pass`), not as meant (`fail`), or to be known (`note`)."""

    kind: Literal["pass", "fail", "note"]
    text: str


@dataclass(frozen=True)
class CardRow:
    """A large number, its small print and, where it is a share, its scale."""

    label: str
    value: str
    detail: str
    scale: Markup | None = None


@dataclass(frozen=True)
class Card:
    """A model at a glance."""

    title: str
    note: str
    color: str
    rows: Sequence[CardRow]


@dataclass(frozen=True)
class Page:
    """The whole page; it opens with what was found."""

    name: str
    eyebrow: str
    title: str
    lede: str
    sections: Sequence[Section]
    verdicts: Sequence[Verdict] = field(default_factory=tuple)
    cards: Sequence[Card] = field(default_factory=tuple)


def render(page: Page) -> str:
    """The page as HTML; every text is escaped, and scripts or styles other than our own are refused by the browser."""
    templates = files("chronolect.report") / "templates"
    style, script = ((templates / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    if any(isinstance(block, River | FeatureCards) for section in page.sections for block in section.blocks):
        style += (templates / "formation.css").read_text(encoding="utf-8")
        script += (templates / "river.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["unbroken"] = lambda text: text.replace(
        "n = ", "n\u00a0=\u00a0"
    )  # a line break there reads badly
    values: dict[str, Any] = {
        "page": page,
        "policy": policy,
        "style": Markup(style),
        "script": Markup(script),
        "version": __version__,
    }
    return environment.from_string((templates / "page.html").read_text(encoding="utf-8")).render(values) + "\n"


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
