"""One `<page>` of a dump: its fields and its wikitext."""

import re
from dataclasses import dataclass

_TITLE = re.compile(rb"<title>([^<]*)</title>")
_NAMESPACE = re.compile(rb"<ns>(-?\d+)</ns>")
_ID = re.compile(rb"<id>(\d+)</id>")
_REDIRECT = re.compile(rb'<redirect title="([^"]*)"')
_TIMESTAMP = re.compile(rb"<timestamp>([^<]*)</timestamp>")
_MODEL = re.compile(rb"<model>([^<]*)</model>")
_FRAGMENT = re.compile(r"\[\[[^\[\]|#]*#([^\[\]|]+)")
# The five that XML knows; no other is ever declared in a dump. The ampersand comes last.
_ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))
# Not allowed in XML, and given a meaning by the cleaning.
_CONTROLS = bytes({*range(32)} - {9, 10, 13})


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its latest revision. `source` is its wikitext as it stands in the XML."""

    title: str
    namespace: int
    id: int
    redirect: str | None
    revision: int
    timestamp: str
    model: str
    source: bytes

    @property
    def wikitext(self) -> str:
        """The source, decoded; `ValueError` if it is not UTF-8."""
        return _unescape(self.source.translate(None, _CONTROLS))

    @property
    def fragment(self) -> str | None:
        """The section a redirect leads to."""
        found = _FRAGMENT.search(self.wikitext[:2_000]) if self.redirect is not None else None
        return found[1].replace("_", " ").strip() or None if found else None


def parse_page(xml: bytes) -> Page:
    """Read `<page>…</page>`; `ValueError` says what is missing or not UTF-8."""
    begin = xml.rfind(b"<revision>")
    head, revision = (xml[:begin], xml[begin:]) if begin >= 0 else (xml, b"")
    title, namespace, number = _TITLE.search(head), _NAMESPACE.search(head), _ID.search(head)
    if title is None or namespace is None or number is None:
        missing = [name for name, found in (("title", title), ("ns", namespace), ("id", number)) if found is None]
        raise ValueError(f"no <{missing[0]}> in it")
    redirect = _REDIRECT.search(head)
    text = revision.find(b"<text")
    before = revision[:text] if text >= 0 else revision
    made, when, model = _ID.search(before), _TIMESTAMP.search(before), _MODEL.search(before)
    return Page(
        title=_unescape(title[1]),
        namespace=int(namespace[1]),
        id=int(number[1]),
        redirect=_unescape(redirect[1]) if redirect else None,
        revision=int(made[1]) if made else 0,
        timestamp=when[1].decode("ascii", "replace") if when else "",
        model=model[1].decode("ascii", "replace") if model else "wikitext",
        source=_content(revision, text),
    )


def _content(revision: bytes, text: int) -> bytes:
    """What `<text …>` holds; nothing for `<text … />`."""
    begin = revision.find(b">", text) + 1
    end = revision.rfind(b"</text>")
    return revision[begin:end] if text >= 0 and end >= begin and revision[begin - 2 : begin - 1] != b"/" else b""


def _unescape(text: bytes) -> str:
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text.decode()
