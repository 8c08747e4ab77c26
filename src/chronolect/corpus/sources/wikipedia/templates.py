"""Templates whose words belong to the sentence they stand in, and how each is written out. All others are dropped:
infoboxes, navigation, citations, notices.

A template's wording is what a reader of the page would see, as far as it can be told from its arguments alone.
"""

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from chronolect.corpus.sources.wikipedia.languages import LANGUAGES
from chronolect.corpus.sources.wikipedia.markers import BREAK, DROPPED, QUOTE, UNQUOTE, protect
from chronolect.corpus.sources.wikipedia.units import convert

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NAMED = re.compile(r"\s*([\w -]*?)\s*=(.*)", re.DOTALL)


class Arguments:
    """The arguments of a template: `positional` (trimmed) and `named` (names in lower case)."""

    __slots__ = ("name", "named", "positional")

    def __init__(self, name: str, parts: Sequence[str]) -> None:
        self.name = name
        self.named: dict[str, str] = {}
        numbered: dict[int, str] = {}
        free = 0
        for part in parts:
            found = _NAMED.match(part) if "=" in part else None
            if found is None:
                free += 1
                numbered[free] = part.strip()
            elif found[1].isdecimal() and len(found[1]) < 3:
                numbered[int(found[1])] = found[2].strip()
            else:
                self.named[found[1].lower()] = found[2].strip()
        self.positional = [numbered.get(place, "") for place in range(1, max(numbered, default=0) + 1)]

    def __getitem__(self, place: int) -> str:
        """The positional argument at `place`, counted from 1; "" if there is none."""
        return self.positional[place - 1] if 0 < place <= len(self.positional) else ""

    def get(self, *names: str) -> str:
        """The first of these named arguments that says anything."""
        return next((self.named[name] for name in names if self.named.get(name)), "")


Renderer = Callable[[Arguments], str]


def render_template(content: str) -> str:
    """What stands between `{{` and `}}`, written out; `DROPPED` for a template whose words are not wanted.

    >>> render_template("nowrap|five miles"), render_template("convert|5|km|mi"), render_template("Infobox|a=b")
    ('five miles', '5 km', '\\x00')
    """
    name, bar, rest = content.partition("|")
    key = name.strip().replace("_", " ").lower()
    renderer = TEMPLATES.get(key)
    if renderer is None:
        prefix, found, suffix = key.partition("-" if key.startswith("lang") else ":")
        renderer = _PREFIXES.get(prefix) if found else None
        if renderer is None:
            return DROPPED
        if prefix != "lang":
            rest, bar = name.partition(":")[2].strip() + bar + rest, "|"
        key = suffix
    return renderer(Arguments(key, rest.split("|") if bar else ())) or DROPPED


def _argument(place: int) -> Renderer:
    return lambda a: a[place]


def _last(a: Arguments) -> str:
    return a.positional[-1] if a.positional else ""


def _around(before: str, after: str = "") -> Renderer:
    return lambda a: f"{before}{a[1]}{after}" if a[1] else ""


def _fixed(text: str) -> Renderer:
    return lambda a: text


def _joined(separator: str) -> Renderer:
    return lambda a: separator.join(part for part in a.positional if part)


def _listed(a: Arguments) -> str:
    items = [re.sub(r"^[*#:]+\s*", "", part, flags=re.MULTILINE) for part in a.positional if part]
    return ", ".join(line for item in items for line in item.splitlines() if line.strip())


def _lines(a: Arguments) -> str:
    return "\n" + "\n".join(f"* {part}" for part in a.positional if part) + "\n"


def _quotation(a: Arguments) -> str:
    said = a[1] or a.get("text", "quote", "content")
    source = ", ".join(filter(None, (a[2] or a.get("author", "sign", "by"), a[3] or a.get("source", "cite", "title"))))
    lines = [QUOTE, said, *([f"\n— {source}"] if source else []), UNQUOTE]
    return "\n".join(["", *lines, ""]) if said else ""


def _poem(a: Arguments) -> str:
    said = (a[1] or a.get("text", "quote")).replace("\n", BREAK)
    return f"\n{QUOTE}\n{said}\n{UNQUOTE}\n" if said else ""


def _language(a: Arguments) -> str:
    """{{lang-el|text}}: the language is part of its name; {{langx|el|text}}: the first argument."""
    code, text = (a.name, a[1]) if a.name != "langx" else (a[1].lower(), a[2])
    text = text or a.get("text")
    known = LANGUAGES.get(code) or LANGUAGES.get(code.partition("-")[0])
    label = "" if a.get("label") == "none" else a.get("label") or known or ""
    return f"{label}: {text}" if text and label else text


def _foreign(a: Arguments) -> str:
    return a[2] or a.get("text") or (a[1] if len(a.positional) == 1 else "")


def _day(parts: Sequence[str], day_first: bool) -> str:
    """Year, month and day as words; a part that is no number ends the date."""
    numbers = [int(part) for part in takewhile(lambda part: part.isdecimal() and len(part) < 5, parts[:3])]
    if not numbers:
        return parts[0] if parts else ""
    year = str(numbers[0])
    if len(numbers) == 1 or not 1 <= numbers[1] <= 12:
        return year
    month = MONTHS[numbers[1] - 1]
    if len(numbers) == 2:
        return f"{month} {year}"
    return f"{numbers[2]} {month} {year}" if day_first else f"{month} {numbers[2]}, {year}"


def _date(a: Arguments) -> str:
    return _day(a.positional, a.get("df", "dmy") not in ("", "n", "no"))


def _as_of(a: Arguments) -> str:
    if a.get("alt"):
        return a.get("alt")
    since = "since" if a.get("since") else "as of"
    words = f"{since} {_day(a.positional, a.get('df') != 'us')}"
    return words if a.get("lc") not in ("", "n", "no") else words[0].upper() + words[1:]


def _old_style(a: Arguments) -> str:
    """{{OldStyleDate|8 February|1834|27 January}}."""
    return f"{a[1]} [O.S. {a[3]}] {a[2]}".strip() if a[3] else f"{a[1]} {a[2]}".strip()


def _old_style_year(a: Arguments) -> str:
    return f"{a[1]} [O.S. {a[2]}]" if a[2] else a[1]


def _years(before: str) -> Renderer:
    def render(a: Arguments) -> str:
        years = [part for part in (a[1], a[2]) if part]
        return f"{before}{'–'.join(years)}" if years else ""

    return render


def _fraction(a: Arguments) -> str:
    if len(a.positional) == 1:
        return f"1/{a[1]}"
    return f"{a[1]}/{a[2]}" if len(a.positional) == 2 else f"{a[1]} {a[2]}/{a[3]}"


def _value(a: Arguments) -> str:
    power = f"×10^{a.get('e')}" if a.get("e") else ""
    unit = a.get("u", "ul", "up", "upl")
    spread = f"±{a[2]}" if a[2] else ""
    return f"{a.get('p')}{a[1]}{spread}{power}{a.get('s')}{' ' + unit if unit else ''}"


def _ship(a: Arguments) -> str:
    """{{USS|Enterprise|CV-6}}, {{ship|HMS|Hood|51}}: prefix, name, and the number that tells it from its namesakes."""
    prefix, (name, number, form) = a.name.upper(), (a[1], a[2], a[3])
    if a.name in ("ship", "warship"):
        prefix, name, number, form = a[1], a[2], a[3], a[4]
    ship = f"{prefix} {name}".strip()
    form = form if form.isdecimal() else number if number.isdecimal() and len(number) == 1 else ""
    return f"{ship} ({number})" if number and not form and number != form else ship


def _ship_class(a: Arguments) -> str:
    return f"{a[1]}-class {a[2]}".strip() if a[1] else ""


def _nihongo(a: Arguments) -> str:
    told = ", ".join(part for part in (a[2], a[3]) if part)
    return f"{a[1]} ({told})" if a[1] and told else a[1] or told


def _chinese(a: Arguments) -> str:
    names = (("c", "Chinese"), ("s", "simplified Chinese"), ("t", "traditional Chinese"), ("p", "pinyin"))
    told = [f"{label}: {a.get(key)}" for key, label in names if a.get(key)]
    return "; ".join(told) or a[1]


def _link(a: Arguments) -> str:
    return a.get("lt", "display") or a[1].partition("#")[0]


def _person(a: Arguments) -> str:
    return f"{a[1]} {a[2]}".strip()


def _money(sign: str) -> Renderer:
    return lambda a: f"{sign}{a[1]}" if a[1] else protect(sign)


def _superscript(a: Arguments) -> str:
    return f"<sup>{a[1]}</sup>"


def _score_mark(a: Arguments) -> str:
    return {"sharp": "♯", "flat": "♭", "natural": "♮", "#": "♯", "b": "♭"}.get(a[1].lower(), "")


def _isotope(a: Arguments) -> str:
    return f"{a[1]}-{a[2]}".strip("-")


def _names(table: str) -> list[str]:
    return [name.strip() for name in table.split("|")]


_FIRST = _names(
    "nowrap|nobr|no wrap|nowrap1|nobreak|nobold|noitalic|normal|small|smaller|big|bigger|large|larger|midsize|"
    "abbr|abbrlink|abbreviation|tooltip|hover|h:title|sic|strong|em|bold|italic|italics|mvar|math|code|tt|kbd|"
    "keypress|key press|key|var|samp|mono|monospaced|text|underline|u|strike|strikethrough|not a typo|proper name|typo|"
    "as written|center|centre|align|smallcaps|small caps|sc|sc2|aut|flag|flagcountry|flagu|nts|"
    "number|visible anchor|vanchor|dfn|gloss|term|defn|overline|lc|uc|lcfirst|ucfirst|formatnum|serif|unicode|iast|"
    "polytonic|nastaliq|uline|hilite|highlight|red|green|blue|railgauge|track gauge|"
    "rail gauge|quote inline"
)
_SECOND = _names("font color|fontcolor|colour|color|coloured text|colored text|sort|resize|wikt-lang|background color")
_QUOTES = _names(
    "quote|quotation|blockquote|cquote|bquote|quoted text|centered pull quote|rquote|block quote|quote text"
)
_SHIPS = _names("uss|hms|ss|rms|mv|ms|hmas|hmcs|hmnzs|hnoms|sms|usat|usns|uscgc|css|hmt|hswms|jds|ins|ship|warship")
_DATES = _names(
    "birth date|birth date and age|birth-date|birth-date and age|bda|dob|death date|death date and age|death-date|dda|"
    "death-date and age|start date|start date and age|end date|end date and age|film date|date|dts|birth year and age|"
    "birth year|death year and age|release date|launch date|opening date"
)

TEMPLATES: dict[str, Renderer] = {
    **dict.fromkeys(_FIRST, _argument(1)),
    **dict.fromkeys(_SECOND, _argument(2)),
    **dict.fromkeys(_QUOTES, _quotation),
    **dict.fromkeys(_names("poemquote|poem quote|verse|poem"), _poem),
    **dict.fromkeys(_names("convert|cvt"), lambda a: convert(a.positional)),
    **dict.fromkeys(_DATES, _date),
    **dict.fromkeys(_names("circa|c.|ca.|ca|approx"), lambda a: _years("c. ")(a) or "c."),
    **dict.fromkeys(_names("floruit|fl.|fl"), lambda a: _years("fl. ")(a) or "fl."),
    **dict.fromkeys(_names("reign|r."), lambda a: _years("r. ")(a) or "r."),
    **dict.fromkeys(_names("as of|asof"), _as_of),
    "oldstyledate": _old_style,
    "old style date": _old_style,
    "oldstyledatedy": lambda a: _old_style_year(a) if not a[3] else f"{a[1]} {a[2]} [O.S. {a[3]}]",
    "oldstyledatenoyear": _old_style_year,
    **dict.fromkeys(_names("lang|script|transl|transliteration|rtl-lang"), _foreign),
    "langx": _language,
    **dict.fromkeys(_names("nihongo|nihongo2|korean"), _nihongo),
    "zh": _chinese,
    **dict.fromkeys(_names("frac|fraction|sfrac|tfrac"), _fraction),
    "val": _value,
    **dict.fromkeys(_names("sup|superscript"), _superscript),
    **dict.fromkeys(_names("sub|subscript"), _argument(1)),
    "e": lambda a: f"×10<sup>{a[1]}</sup>" if a[1] else "",
    "esp": _superscript,
    "pow": lambda a: f"{a[1] or 10}<sup>{a[2]}</sup>",
    **dict.fromkeys(_names("chem|gaps|linktext|lt|chem2|chemical formula"), _joined("")),
    **dict.fromkeys(
        _names("hlist|unbulleted list|ubl|ublist|flatlist|plainlist|plain list|cslist|collapsible list"), _listed
    ),
    **dict.fromkeys(_names("bulleted list|bullet list|blist|ordered list"), _lines),
    **dict.fromkeys(_names("ill|illm|interlanguage link|interlanguage link multi"), _link),
    **dict.fromkeys(_names("wiktionary-inline|annotated link|annotated|section link|slink"), _link),
    **dict.fromkeys(_names("sortname|sort name"), _person),
    **dict.fromkeys(_SHIPS, _ship),
    **dict.fromkeys(_names("sclass|sclass-|sclass2|sclass2-|sclass2|ship class"), _ship_class),
    "angbr": _around("⟨", "⟩"),
    **dict.fromkeys(_names("bracket|bracketed|interp"), _around("[", "]")),
    **dict.fromkeys(_names("us$|usd|us dollar"), _money("US$")),
    **dict.fromkeys(_names("gbp|£|pound sterling"), _money("£")),
    **dict.fromkeys(_names("eur|€|euro"), _money("€")),
    **dict.fromkeys(_names("inr|indian rupee|indian rupees"), _money("₹")),
    **dict.fromkeys(_names("jpy|yen|¥"), _money("¥")),
    **dict.fromkeys(_names("music|music symbol"), _score_mark),
    **dict.fromkeys(_names("simplenuclide|simplenuclide2"), lambda a: _isotope(a).capitalize()),
    **dict.fromkeys(_names("ndash|en dash|–"), _fixed("–")),
    **dict.fromkeys(_names("mdash|em dash|—|mdashb"), _fixed("—")),
    **dict.fromkeys(
        _names("snd|spnd|sndash|snds|spaced ndash|nbnd|nbndash|spaced endash|spaced en dash|dash|spndash"),
        _fixed(" – "),
    ),
    **dict.fromkeys(_names("nbsp|space|spaces|thinsp|thin space|hair space|hsp"), _fixed(" ")),
    **dict.fromkeys(_names("·|•|dot|middot|bull|bullet|bold dot|dotp|\\"), _fixed(" · ")),
    **dict.fromkeys(_names("!|pipe|bar"), _fixed(protect("|"))),
    **dict.fromkeys(_names("=|equals"), _fixed(protect("="))),
    **dict.fromkeys(_names("'|apostrophe|okina"), _fixed("’")),
    **dict.fromkeys(_names("'s|apostrophe s"), _fixed("’s")),
    **dict.fromkeys(_names('"|\' "|" \''), lambda a: f"“{a[1]}”" if a[1] else "”"),
    **dict.fromkeys(_names("break|br|crlf"), _fixed(BREAK)),
}
_PREFIXES: dict[str, Renderer] = {
    "lang": _language,
    **dict.fromkeys(("lc", "uc", "lcfirst", "ucfirst", "formatnum"), _argument(1)),
}
