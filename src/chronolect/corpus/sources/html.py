"""HTML and Markdown to plain text that keeps paragraphs, headings and lists."""

import re

from lxml import etree, html

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre "
        "section table tr ul",
    )
)
_DROPPED = frozenset(
    re.findall(
        r"\w+",
        "head script style noscript template iframe svg math img figure figcaption nav button form select textarea",
    )
)
_PAGE_CLASS = re.compile(
    r"\b(?:pagenum|pageno|page-?number|pg-?boilerplate|pgheader|pg-header|pg-footer)\b", re.IGNORECASE
)
_MD_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
_MD_UNDERLINE = re.compile(r"^(?:={3,}|-{3,})\s*$", re.MULTILINE)
_MD_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_MD_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_MD_EMPHASIS = re.compile(r"(?<![\w*_])(\*{1,3}|_{1,3})(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*_])")
_MD_QUOTE = re.compile(r"^ {0,3}>\s?", re.MULTILINE)
_MD_COMMENT = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>\n]{0,200}>", re.DOTALL)


def html_to_text(content: bytes) -> str:
    """The text of a page: blocks with a blank line between them, `<br>` as a line break; scripts, pictures and page numbers left out.

    Broken markup is read as browsers do; nothing outside the bytes is ever loaded. A page without text gives an empty string.
    """
    parser = html.HTMLParser(
        no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, encoding=_encoding(content)
    )
    try:
        root = html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        if event == "start":
            if _is_dropped(element):
                element.clear(keep_tail=True)
                continue
            pieces.append(
                "\n\n"
                if element.tag in _BLOCKS
                else "\n"
                if element.tag == "br"
                else "\t"
                if element.tag in ("td", "th")
                else ""
            )
            pieces.append(_flowing(element.text, element))
        else:
            pieces.append("\n\n" if element.tag in _BLOCKS else "")
            pieces.append(_flowing(element.tail, element.getparent()))
    return re.sub(r"\n\s*\n\s*", "\n\n", re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(pieces))).strip()


def markdown_to_text(text: str) -> str:
    """Markdown without its marks: headings on lines of their own, links by their words, no pictures."""
    text = _MD_COMMENT.sub("", text)
    text = _MD_LINK.sub(r"\1", _MD_IMAGE.sub("", text))
    text = _MD_HEADING.sub(r"\n\1\n", _MD_UNDERLINE.sub("", _MD_QUOTE.sub("", text)))
    return _MD_EMPHASIS.sub(r"\2", text).replace("`", "")


def _is_dropped(element: html.HtmlElement) -> bool:
    return (
        element.tag in _DROPPED or _PAGE_CLASS.search(f"{element.get('class', '')} {element.get('id', '')}") is not None
    )


def _flowing(text: str | None, inside: html.HtmlElement | None) -> str:
    if not text:
        return ""
    if inside is not None and (inside.tag == "pre" or any(True for _ in inside.iterancestors("pre"))):
        return text
    return re.sub(r"\s+", " ", text)


def _encoding(content: bytes) -> str | None:
    """UTF-8 where the bytes are; else what the page says of itself."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None if re.search(rb"charset\s*=", content[:4_096], re.IGNORECASE) else "cp1252"
    return "utf-8"
