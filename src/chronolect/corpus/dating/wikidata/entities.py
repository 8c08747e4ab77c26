"""Facts from lines of the entity JSON dump, most of which are never parsed.

A line is one entity of about 14 KB, and only the sitelink of one wiki and a few arrays of statements are wanted of it.
They are found as bytes and cut out:

- In valid JSON, `"P569":` that no backslash precedes is a key: strings have their quotation marks escaped. So the places
  where a wanted property is a key are known without parsing, and what its array holds (statements, or the snaks of a
  qualifier or reference) shows in the first key of its first element.
- A JSON array that begins at a given byte has only one end. If the bytes up to a guessed end parse, the guess was right.

Whatever looks otherwise than the dumps do (blanks, another order of keys, a property twice) is parsed as a whole, so the
result is the same; `tests/corpus/dating` compares the two ways. Lines without a link to the wiki are only checked for a
whole beginning and end: other damage in such a line goes unnoticed, and would change nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from chronolect.corpus.dating.table import DateFact, Role
from chronolect.corpus.dating.wikidata.statements import Unread, read_statements

_HEAD = re.compile(rb'\{"(?:type":"item","id":"(Q[1-9]\d*)"|id":"(Q[1-9]\d*)","type":"item")')
_SITELINK = re.compile(rb'"\w+":\{"site":"\w+","title":("(?:[^"\\]|\\.)*")')
_NEXT_PROPERTY = re.compile(rb'\],"P\d+":\[\{"(?:mainsnak|id|rank|type)":')
_CLAIMS, _SITELINKS = b'"claims":{', b'"sitelinks":'
_BACKSLASH = ord("\\")
BROKEN = "broken line"


class _Unusual(Exception):
    """The line is not as the dumps write it: parse it as a whole."""


@dataclass(frozen=True)
class EntityReader:
    """What is wanted of an entity: facts of these properties, the title in one wiki, entities without that title or not,
    deprecated statements or not.
    """

    roles: Mapping[str, Role]
    wiki: str = "enwiki"
    all_entities: bool = False
    deprecated: bool = False

    def facts(self, block: bytes, start: int, end: int) -> Iterator[DateFact | Unread]:
        """The facts of the entity in `block[start:end]`, one line without its end."""
        stop = end - block.endswith(b",", start, end)
        if not (block.startswith(b'{"', start, stop) and block.endswith(b"}", start, stop)):
            line = block[start:end].strip().removesuffix(b",").removeprefix(b"[").removesuffix(b"]").strip()
            if line:
                yield from self.parsed(line)
            return
        # The sitelinks stand at the end of a line. If they do not, the rest of the line has the claims as well.
        links = block.rfind(_SITELINKS, start, stop)
        link = block.find(self._key, links, stop) if links >= 0 else -1
        if links >= 0 and link < 0 and not self.all_entities:
            return
        line = block[start:stop]
        try:
            if links < 0:
                raise _Unusual
            found = list(self._cut_out(line, links - start, link - start))
        except (_Unusual, orjson.JSONDecodeError):
            yield from self.parsed(line)
            return
        yield from found

    def parsed(self, line: bytes) -> Iterator[DateFact | Unread]:
        """The same from parsing the whole line: the plain way, which the fast one is measured by."""
        try:
            entity = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Unread(BROKEN, f"broken JSON ({error})")
            return
        if not isinstance(entity, dict) or not isinstance(entity.get("id"), str):
            yield Unread(BROKEN, "no entity: an object with an id is expected")
            return
        if not _is_item(entity):
            return
        links = entity.get("sitelinks")
        link = links.get(self.wiki) if isinstance(links, dict) else None
        title = link.get("title") if isinstance(link, dict) else None
        title = title if isinstance(title, str) else None
        if title is None and not self.all_entities:
            return
        claims = entity.get("claims") or {}
        for property in claims if isinstance(claims, dict) else ():
            if property in self.roles:
                yield from self._read(entity["id"], title, property, claims[property])

    def _cut_out(self, line: bytes, links: int, link: int) -> Iterator[DateFact | Unread]:
        head = _HEAD.match(line)
        claims = line.find(_CLAIMS)
        if not head or claims < 0:
            raise _Unusual
        qid = (head[1] or head[2]).decode()
        title = None
        if link >= 0:
            found = _SITELINK.match(line, link)
            if not found:
                raise _Unusual
            title = orjson.loads(found[1])
        claims_end = links if links > claims else len(line)
        seen = set()
        for match in self._properties.finditer(line, claims, claims_end):
            if match[3] is not None:  # snaks of a qualifier or a reference
                continue
            if match[2] is None or match[1] in seen or line[match.start() - 1] == _BACKSLASH:
                raise _Unusual
            seen.add(match[1])
            yield from self._read(qid, title, match[1].decode(), _array(line, match.start(2), claims_end))

    def _read(self, qid: str, title: str | None, property: str, statements: Any) -> Iterator[DateFact | Unread]:
        return read_statements(qid, title, property, self.roles[property], statements, deprecated=self.deprecated)

    @cached_property
    def _key(self) -> bytes:
        return f'"{self.wiki}"'.encode()

    @cached_property
    def _properties(self) -> re.Pattern[bytes]:
        """A wanted property as a key, and what it holds: statements, snaks, or (neither) something unusual."""
        return re.compile(
            (
                rf'"(P{_any_of([name[1:] for name in self.roles])})"\s*:'
                r'(?:(\[\{"(?:mainsnak|id|rank|type)")|(\[\{"(?:snaktype|hash|property|datavalue|datatype)"))?'
            ).encode()
        )


def _any_of(numbers: Iterable[str]) -> str:
    """A pattern for any of the numbers that decides digit by digit: `re` tries the branches of a plain list in turn."""
    tails: dict[str, list[str]] = {}
    for number in numbers:
        tails.setdefault(number[:1], []).append(number[1:])
    branches = [digit + _any_of(rest) if digit else "" for digit, rest in sorted(tails.items(), reverse=True)]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _is_item(entity: Mapping[str, Any]) -> bool:
    return entity.get("type", "item") == "item" and entity["id"][:1] == "Q"


def _array(line: bytes, start: int, claims_end: int) -> Any:
    """The JSON array that begins at `start`: up to the next property, or the end of the claims."""
    following = _NEXT_PROPERTY.search(line, start, claims_end)
    if following:
        return orjson.loads(memoryview(line)[start : following.start() + 1])
    end = line.rfind(b"]}", start, claims_end) + 1
    if end <= 0:
        raise _Unusual
    return orjson.loads(memoryview(line)[start:end])
