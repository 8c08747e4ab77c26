"""Project Gutenberg's own words around a book: header, licence, credits, transcriber's notes. None of them belong to the book's time.

`cut` finds the book between header and footer in the wordings of 1990 to today; `drop_credits` leaves out what volunteers added inside.
"""

import re
from dataclasses import dataclass

from chronolect.corpus.sources.prose import Block

_PROJECT = r"(?:project|projekt|projet|proyecto|progetto|projeto)\s+gutenberg"
_START = re.compile(
    rf"""^[ \t]*+(?:
        \*{{2,}}\s*(?:start|beginn|début|debut|commencement)\b[^\n]{{0,40}}?\b{_PROJECT}[^\n]*
      | [^\n]*\*\s*END\s*\*?\s*(?:OF\s+)?THE\s+SMALL\s+PRINT[^\n]* | [^\n]*SMALL\s+PRINT![^\n]*\*END\b[^\n]* | \["Small\s+Print"\s+V\.[^\n]*
      | \*{{2,}}\s*(?:beginning|start)\s+of\s+(?:this|the)\s+e-?(?:text|book)[^\n]*
    )$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_END = re.compile(
    rf"""^[ \t]*+(?:
        [^\w\n]*+(?:the\s+)?(?:end|ende|fin|fine|fim|einde|slut|hier\s+endet)\b[^\n]{{0,60}}?\b{_PROJECT}[^\n]*
      | [^\w\n]*+(?:end\s+of\s+(?:this|the)|ende\s+diese[sr]?)\s+(?:e-?text|e-?book)[^\n]* | [^\w\n]*+end\s+of\s+(?:the\s+)?{_PROJECT}[^\n]*
      | more\s+information\s+about\s+this\s+book\s+is\s+at\s+the\s+top\s+of\s+this\s+file[^\n]*
      | \*{{2,}}\s*this\s+is\s+a\s+copyrighted\s+{_PROJECT}\s+e-?text,\s+details\s+above[^\n]*
      | \*{{3,}}\s*this\s+file\s+should\s+be\s+named[^\n]*
      | \*{{2,}}\s*start\s*:\s*full\s+license[^\n]*
    )$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_SMALL_PRINT_BEGINS = re.compile(r"\*\s*START\s*\**\s*THE\s+SMALL\s+PRINT", re.IGNORECASE)
_CLOSES = re.compile(r"\*{3,}[ \t]*$", re.MULTILINE)
_HEADER_LINES = 400  # a header without a marker ends within these
_HEADER_GAP = 12  # paragraphs of it that do not name the project

# Words that no book had before there was a Project Gutenberg (1971) and its helpers.
_PROJECT_WORDS = re.compile(
    rf"""{_PROJECT} | gutenberg\.(?:org|net) | gutenberg\.spiegel\.de | gutenberg2000\.de | \bpgdp\b | distributed\s+proofread | \bpglaf\b
      | carnegie[- ]mellon\s+university\s+\(?.{{0,40}}e-?text | benedictine\s+(?:college|university).{{0,40}}(?:e-?text|gutenberg)
      | plain\s+vanilla\s+ascii | \bsmall\s+print\b[!\s*] | hart@(?:pobox|pglaf|prairienet|vmd)
      | \be-?(?:text|book)s?\s+(?:was|were|is|has\s+been)\s+(?:first\s+)?
            (?:prepared|produced|created|scanned|typed|transcribed|converted|posted|made|derived|based)
      | these\s+e-?(?:books|texts)\s+(?:were|are)\s+prepared | images?\s+generously\s+made\s+available | archive\.org/details | gallica\.bnf\.fr
      | images\s+of\s+the\s+original\s+pages\s+are\s+available | freundlicherweise\s+vom\s+'?gutenberg | hathitrust | google\s+(?:print|books?)\b
      | internet\s+archive | need\s+your\s+donations\s+more\s+than\s+ever | ibiblio\.org | project\s+runeberg | gutcheck
      | there\s+(?:is|are)\s+(?:an?\s+)?(?:\w+\s+)?editions?\s+of\s+this\s+e-?book""",
    re.IGNORECASE | re.VERBOSE,
)
# One of these is in everything that the expression above finds; looking for them first is ten times as fast.
_HINTS = re.findall(
    r"\S+",
    "gutenberg pgdp proofread pglaf carnegie benedictine vanilla small hart@ etext e-text ebook e-book generously archive gallica original "
    "hathitrust google donations ibiblio runeberg gutcheck",
)
# Openings of paragraphs that volunteers put before or after a book.
_CREDIT = re.compile(
    r"""^\W*(?:
        (?:this\s+|the\s+)?e-?(?:text|book)s?\s+(?:was\s+|were\s+)?(?:prepared|produced|created|scanned|typed|transcribed|converted|edited|proofed|editor)
      | (?:produced|prepared|transcribed|scanned|digiti[sz]ed|proof(?:ed|read)|typed|keyed|converted|(?:additional\s+)?proof(?:ing|reading))
            (?:(?:,|\s+and|,\s+and)\s+\w+)?\s+(?:by|from)\b
      | (?:html|text|unicode|ascii)\s+(?:file|version|conversion)s?\s+(?:was\s+)?(?:prepared|produced|created|by|converted)
      | text\s+(?:scanned|prepared|input|transcribed|typed)\b | scan(?:ned|ning)\s+(?:and|by) | scanner'?s\s+note
      | transcri(?:ber|ption|pteur)\W?s?\W?\s+(?:end)?notes? | notes?\s+(?:de|du|sur|of|by|from)\s+(?:la\s+|the\s+)?transcri
      | anmerkung(?:en)?\s+(?:zur|des)\s+(?:transkription|transkripteurs|bearbeiters) | note\s+au\s+lecteur\s+de\s+ce\s+fichier
      | ce\s+document\s+fut\s+pr[eé]sent[eé]\s+en\s+lecture
      | nous\s+remercions\s+la\s+biblioth | we\s+thank\s+the\s+biblioth | dieses\s+buch\s+wurde\s+uns
      | this\s+file\s+was\s+(?:produced|first\s+posted)
      | (?:some\s+)?(?:obvious|minor|several|a\s+few|inconsistent|inconsistencies|variant|variations?)\b.{0,80}\b
            (?:typograph\w+|printer|punctuation|spelling|hyphenat\w+|misspell\w+|typos?)\b.{0,120}\b
            (?:correct\w*|retained|preserved|left|regulari[sz]ed|standardi[sz]ed|silently|changed)
      | italics?\s+(?:is|are|has|have|in\s+the|text).{0,60}(?:underscore|indicated|represented|marked|denoted|_)
      | (?:the\s+)?(?:original|book)?\s*cover\s+(?:image\s+)?(?:was|is)\s+(?:created|produced|modified).{0,80}(?:transcriber|public\s+domain)
      | (?:updated|character\s+set|release|posting|first\s+posted)\s+(?:editions?\s+will|encoding|date)\b
      | editorial\s+note\s*:\s*this\s+e-?text
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_NOTE_HEADING = re.compile(
    r"^\W*(?:transcri(?:ber|ption)\W{0,2}s?\W?\s+(?:end)?notes?|anmerkungen\s+zur\s+transkription|notes?\s+(?:du|de|sur\s+la)\s+transcri\w+)\W*$",
    re.IGNORECASE,
)
_BOX = re.compile(r"^\s*[+|].*[+|]\s*$|^\s*[+=-]{5,}\s*$")
_TRANSCRIBER = re.compile(r"transcri(?:ber|ption|pteur)|transkription", re.IGNORECASE)
_EDGE = 30  # blocks at either end in which credits may stand
_SHOUT = re.compile(r"<<\s*THIS ELECTRONIC VERSION.*?>>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parts:
    """A Gutenberg text in three: the project's header, the book, the project's footer; whether header and footer were found."""

    header: str
    book: str
    footer: str
    is_marked: bool


def cut(text: str) -> Parts:
    """Find the book between the project's header and its footer (licence, small print), in all known wordings.

    Where there is no start marker, as in texts of the early nineties, the header goes to the last paragraph near the beginning that names the
    project or its etexts.
    """
    text = _SHOUT.sub("", text)
    first_end = _END.search(text)
    starts = [match for match in _START.finditer(text) if first_end is None or match.start() < first_end.start()]
    begin = _after(text, starts[-1]) if starts else _unmarked_header(text[: first_end.start()] if first_end else text)
    end = _END.search(text, begin)
    stop = end.start() if end else _unmarked_footer(text, begin)
    return Parts(text[:begin], text[begin:stop], text[stop:], bool(starts) or end is not None)


def drop_credits(blocks: list[Block]) -> list[Block]:
    """Leave out credits, transcriber's notes and all that names the project, wherever it stands."""
    kept: list[Block] = []
    in_note = False
    in_box = False
    for i, block in enumerate(blocks):
        at_edge = i < _EDGE or i >= len(blocks) - _EDGE
        boxed = all(_BOX.match(line) for line in block.lines)
        if in_box and boxed:
            continue
        in_box = boxed and _TRANSCRIBER.search(block.text) is not None
        if in_note and block.gap < 3 and not _is_rule(block):
            continue
        in_note = _NOTE_HEADING.match(block.text) is not None
        if in_note or in_box or _is_modern(block.text, at_edge):
            continue
        kept.append(block)
    return kept


def _is_modern(text: str, at_edge: bool) -> bool:
    if (at_edge or len(text) < 1_500) and _names_project(text):
        return True
    return at_edge and _CREDIT.match(text) is not None


def _names_project(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS) and _PROJECT_WORDS.search(text) is not None


def _is_rule(block: Block) -> bool:
    """A line of stars or dashes."""
    return not any(character.isalnum() for character in block.text)


def _after(text: str, start: re.Match[str]) -> int:
    """The end of a start marker, whose title may run over several lines up to the closing stars."""
    if start[0].rstrip().endswith("***") or "SMALL PRINT" in start[0].upper():
        return start.end()
    closing = _CLOSES.search(text, start.end(), start.end() + 400)
    return closing.end() if closing and "\n\n" not in text[start.end() : closing.start()] else start.end()


def _unmarked_header(text: str) -> int:
    """The end of the last paragraph of a header that has no marker: each names the project not long after the one before."""
    end = since = 0
    for match in _paragraphs(text, _HEADER_LINES):
        paragraph = match[0]
        since += 1
        names_project = _names_project(paragraph) or _SMALL_PRINT_BEGINS.search(paragraph)
        if (names_project and since <= _HEADER_GAP) or (_CREDIT.match(paragraph) and since <= 3):
            end, since = match.end(), 0
    return end


def _paragraphs(text: str, lines: int) -> list[re.Match[str]]:
    stop = 0
    for _ in range(lines):
        found = text.find("\n", stop)
        if found < 0:
            stop = len(text)
            break
        stop = found + 1
    return list(re.finditer(r"\S[^\n]*(?:\n[ \t]*\S[^\n]*)*", text[:stop]))


def _unmarked_footer(text: str, begin: int) -> int:
    """Where a licence without a marker begins in the last part of a text: at the first paragraph there that names the project."""
    tail = max(begin, len(text) - 25_000, begin + (len(text) - begin) // 2)
    for match in re.finditer(r"\S[^\n]*(?:\n[ \t]*\S[^\n]*)*", text[tail:]):
        if _names_project(match[0]) and re.search(_PROJECT, text[tail + match.start() :], re.IGNORECASE):
            rest = text[tail + match.start() :]
            if re.search(r"licen[sc]e|small\s+print|donations?|public\s+domain", rest, re.IGNORECASE):
                return tail + match.start()
    return len(text)
