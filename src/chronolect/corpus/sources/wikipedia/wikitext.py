"""Wikitext to plain text that keeps paragraphs, headings and lists: a few passes of compiled expressions over the page,
and one with a stack for what nests.

The order matters: comments and references first (they hold most of the templates), then the sections nobody reads, plain
links, what nests, HTML, and last the layout of lines.
"""

import html
import re
from dataclasses import dataclass, field

from chronolect.corpus.sources.wikipedia.infobox import infobox_dates, is_infobox
from chronolect.corpus.sources.wikipedia.layout import close_gaps, lay_out
from chronolect.corpus.sources.wikipedia.markers import BREAK, DROPPED, HEADING, QUOTE, UNQUOTE, restore
from chronolect.corpus.sources.wikipedia.nesting import resolve
from chronolect.corpus.sources.wikipedia.opaque import take_out
from chronolect.corpus.sources.wikipedia.tables import table_text
from chronolect.corpus.sources.wikipedia.templates import render_template

# Headings of sections that are no prose: where a text was taken from, and where else to go.
_APPARATUS = """
references|reference|notes and references|references and notes|notes & references|references & notes|reference notes|
general references|cited references|references cited|additional references|references and sources|sources and references|
references and further reading|further reading and references|references and external links|references and bibliography|
notes|note|footnotes|endnotes|explanatory notes|explanatory footnotes|notes and citations|citations and notes|
footnotes and references|references and footnotes|notes, citations and references|notes and sources|sources and notes|
notes and further reading|citations|citation|citations and references|cited works|works cited|works consulted|sources|
source|sources cited|cited sources|primary sources|secondary sources|general sources|other sources|print sources|
web sources|sources and further reading|further reading and sources|sources and external links|literature cited|
bibliography|select bibliography|selected bibliography|general bibliography|bibliography and references|
bibliography and further reading|bibliography and sources|further reading|further reading and external links|
further information|external links and further reading|suggested reading|suggested readings|recommended reading|
additional reading|see also|related articles|related pages|related links|external links|external link|
external links and references|external links and sources|external sources|external references|external resources|
external websites|other websites|weblinks|web links|links|online resources|online sources|internet resources|websites|
navigation|navigational boxes|image gallery|gallery|photo gallery|picture gallery
"""
APPARATUS = frozenset(_APPARATUS.replace("\n", "").split("|"))

_SECTION = re.compile(r"\n(={1,6})([^\n]*[^=\s][^\n]*?)\1[ \t\x00]*(?=\n|\Z)")
_CATEGORY = r"\[\[[ _]*(?:%s)[ _]*:[ _]*([^\]\[|{}\n]+)"
_INTERLANGUAGE = re.compile(r"\n\[\[(?:[a-z]{2,3}(?:-[a-z-]{2,12})?|simple):[^\[\]|\n]+\]\][ \t]*(?=\n|\Z)")
_PLAIN_LINK = re.compile(r"\[\[(?:[^\[\]{}|:\n]*\|)?+([^\[\]{}|:\n]*)\]\]")
_EXTERNAL_LINK = re.compile(
    r"\[(?:https?:|ftp:|irc:|news:|mailto:)?(?://|(?<=mailto:))[^\s\[\]<>]*([^\[\]\n]*)\]", re.IGNORECASE
)
_PARAMETER = re.compile(r"\{\{\{[^{}]*\}\}\}")
_INTERWIKI_NAMES = (
    "wikt|wiktionary|s|wikisource|q|wikiquote|w|wikipedia|b|wikibooks|n|wikinews|v|wikiversity|voy|wikivoyage|d|wikidata|"
    "c|commons|m|meta|mw|species|wikispecies|foundation|doi|rfc|iarchive|gutenberg"
)
_INTERWIKI = frozenset(_INTERWIKI_NAMES.split("|"))
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?$")
_TAGS = (
    "br|p|hr|blockquote|li|ul|ol|dl|dt|dd|div|span|small|big|sub|sup|b|i|u|s|em|strong|code|tt|kbd|samp|var|cite|center|font|"
    "abbr|del|ins|strike|table|tbody|thead|tr|td|th|caption|h[1-6]|noinclude|onlyinclude|includeonly|nowiki|ref|references|"
    "section|q|dfn|mark|time|bdi|bdo|ruby|rt|rp|rb|wbr|data|a|img|nobr|poem|gallery|math|chem|ce|pre|source|"
    "syntaxhighlight|timeline|imagemap|score|templatestyles"
)
_TAG = re.compile(rf"<(/?)({_TAGS})(?=[\s/>])[^<>]*>|</?ref\b[^<>\n]*>?", re.IGNORECASE)
_SUPERSCRIPT = re.compile(r"<sup[^<>]*>\s*([-+−–0-9]{1,6})\s*</sup>", re.IGNORECASE)
_RAISED = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_HTML_TABLE = re.compile(r"<table\b(?:[^<]|<(?!/?table\b))*+</table\s*>", re.IGNORECASE)
_TABLES_DEEP = 8
_HIDDEN = re.compile(r"<span[^<>]*display:\s*none[^<>]*>[^<]*</span>", re.IGNORECASE)
_MAGIC = re.compile(r"__[A-Z]{3,}__")
# Blanks of other widths, and characters that are not to be seen.
_REPLACED = (
    *((blank, " ") for blank in "\u00a0\u2009\u202f\u200a\u2002\u2003\u3000"),
    *((unseen, "") for unseen in "\u00ad\u200b\u200e\u200f\u2060\ufeff"),
)
_APOSTROPHES = re.compile("'''''|'''|''")
_POSSESSIVE = re.compile(r"^([^\n]*?\w)'''(s\b[^\n]*)$", re.MULTILINE)
_BLOCKS = {
    "br": BREAK,
    "p": "\n\n",
    "hr": "\n\n",
    "li": "\n* ",
    "dt": "\n",
    "dd": "\n: ",
    "tr": "\n",
    "div": "\n",
    "center": "\n",
}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A page without its markup."""

    text: str
    categories: list[str] = field(default_factory=list)
    dates: dict[str, str] = field(default_factory=dict)


class Cleaner:
    """Cleans the pages of one wiki.

    `files` and `categories` are the names of those namespaces (any case), beside the English ones. `sections` keeps
    references, links and the like; `tables` keeps tables as text; `formulas` keeps `<math>` as text.
    """

    def __init__(
        self,
        files: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        *,
        sections: bool = False,
        tables: bool = False,
        formulas: bool = True,
    ) -> None:
        category_names = ("Category", *categories)
        self._hidden = frozenset(name.lower() for name in ("File", "Image", *files, *category_names))
        self._files = frozenset(name.lower() for name in ("File", "Image", *files))
        self._category = re.compile(_CATEGORY % "|".join(map(re.escape, category_names)), re.IGNORECASE)
        self._sections = sections
        self._table = table_text if tables else _no_table
        self._formulas = formulas

    def clean(self, wikitext: str) -> Cleaned:
        """The text of a page, the categories it is in, and what its first infobox says of time.

        >>> Cleaner().clean("'''Ada''' wrote [[code|programs]].<ref>x</ref>\\n==Life==\\n* born\\n[[Category:1815 births]]")
        Cleaned(text='Ada wrote programs.\\n\\n## Life\\n\\n- born', categories=['1815 births'], dates={})
        """
        text = take_out("\n" + wikitext, formulas=self._formulas)
        categories = [" ".join(name.replace("_", " ").split()) for name in self._category.findall(text)]
        text = self._mark_sections(text)
        text = "".join(_PLAIN_LINK.split(text))  # texts and labels in turn
        if "//" in text:
            text = _EXTERNAL_LINK.sub(_label, text)
        if "{{{" in text:
            text = _PARAMETER.sub("", text)
        if "[[" in text:
            text = _INTERLANGUAGE.sub("", text)
        boxes: list[str] = []
        text = resolve(text, lambda content: _template(content, boxes), self._link, self._table)
        if "<" in text:
            text = _without_html(text)
        if "&" in text:
            text = html.unescape(text)
        if "__" in text:
            text = _MAGIC.sub("", text)
        if "'''s" in text:
            text = _POSSESSIVE.sub(_possessive, text)
        text = _APOSTROPHES.sub("", text)
        if not text.isascii():
            for character, instead in _REPLACED:
                text = text.replace(character, instead)
        text = restore(lay_out(close_gaps(text))).strip()
        return Cleaned(text, categories, infobox_dates(boxes[0]) if boxes else {})

    def _mark_sections(self, text: str) -> str:
        """Headings marked as such, and the sections that are no prose left out, those below them as well."""
        kept: list[str] = []
        place = skipping = 0
        for found in _SECTION.finditer(text):
            if not skipping:
                kept.append(text[place : found.start()])
            level, title = len(found[1]), found[2].strip()
            if not skipping or level <= skipping:
                skipping = 0
                if not self._sections and title.replace("'", "").strip(" :.\x00").lower() in APPARATUS:
                    skipping = level
                else:
                    kept.append(f"\n{HEADING}{level}{title}")
            place = found.end()
        if not skipping:
            kept.append(text[place:])
        return "".join(kept)

    def _link(self, content: str) -> str:
        """What a reader sees of a link that names a namespace, another wiki, or holds markup in its label."""
        target, bar, label = content.partition("|")
        prefix, colon, rest = target.strip().partition(":")
        name = prefix.strip().lower()
        if colon and name in self._hidden:
            return DROPPED
        if bar and label.strip():
            return label.rpartition("|")[2]
        if not colon:
            return target.strip().lstrip("#")
        if not prefix:
            name, _, page = rest.partition(":")
            return page if name.strip().lower() in self._files or _LANGUAGE_CODE.match(name) else rest
        return rest if name in _INTERWIKI or _LANGUAGE_CODE.match(prefix) else target.strip()


def _template(content: str, boxes: list[str]) -> str:
    if is_infobox(content):
        boxes.append(content)
        return DROPPED
    return render_template(content)


def _no_table(content: str) -> str:
    return DROPPED


def _label(found: re.Match[str]) -> str:
    return found[1].strip() or DROPPED


def _possessive(found: re.Match[str]) -> str:
    """''Time'''s is an italic title with an apostrophe, unless the line's bold marks come in pairs."""
    return f"{found[1]}''’{found[2]}" if found[0].count("'''") % 2 else found[0]


def _without_html(text: str) -> str:
    for _ in range(_TABLES_DEEP):
        text, changed = _HTML_TABLE.subn(DROPPED, text)
        if not changed:
            break
    text = _HIDDEN.sub("", text)
    text = _SUPERSCRIPT.sub(lambda found: found[1].translate(_RAISED), text)
    return _TAG.sub(_tag, text)


def _tag(found: re.Match[str]) -> str:
    name = (found[2] or "").lower()
    if name == "blockquote":
        return f"\n{UNQUOTE if found[1] else QUOTE}\n"
    if found[1] and name not in ("p", "div", "center"):
        return ""
    return _BLOCKS.get(name, "")
