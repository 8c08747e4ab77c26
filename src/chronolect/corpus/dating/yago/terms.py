"""The terms of YAGO's triples: addresses, literals, names of entities."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from chronolect.corpus.dating.rdf_times import DATE_TYPES, XSD, read_literal
from chronolect.corpus.dating.triple_lines import unescaped
from chronolect.corpus.dating.wikidata.times import BadTime, Time

# What YAGO's prefixes stand for; some of its files do not declare them.
PREFIXES = {
    "yago": "http://yago-knowledge.org/resource/",
    "schema": "http://schema.org/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "wd": "http://www.wikidata.org/entity/",
    "xsd": XSD,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "wdt": "http://www.wikidata.org/prop/direct/",
    "wikibase": "http://wikiba.se/ontology#",
    "ys": "http://yago-knowledge.org/schema#",
}
SAME_AS, PAGE = PREFIXES["owl"] + "sameAs", PREFIXES["schema"] + "mainEntityOfPage"
QID = re.compile(r"Q[1-9]\d*")

_PREFIX = re.compile(rb"@?(?:prefix|PREFIX)[ \t]+([\w.-]*):[ \t]*<([^<>]*)>")
_ADDRESS = re.compile(r"<([^<>\"{}|^`\x00-\x20]*)>|([\w.-]*):([^\s\\\"'<>(),;\[\]]*)")
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\^\^(\S+))?')
_ESCAPE = re.compile(r"_u([0-9A-Fa-f]{4,8})_")


class Term(NamedTuple):
    """The object of a triple: an address, or a literal with the address of its type."""

    value: str
    type: str | None


def declared(turtle: bytes) -> dict[str, str]:
    """The prefixes that Turtle declares."""
    found = {}
    for word in (b"@prefix", b"PREFIX"):
        position = turtle.find(word)
        while position >= 0:
            match = _PREFIX.match(turtle, position)
            if match:
                found[match[1].decode()] = match[2].decode()
            position = turtle.find(word, position + 1)
    return found


def header(prefixes: Mapping[str, str]) -> bytes:
    """The prefixes as Turtle, without a line end, so that line numbers stay true."""
    return "".join(f"@prefix {name}: <{address}> . " for name, address in prefixes.items()).encode()


def expanded(name: str) -> str:
    """The address of a name with one of the prefixes of YAGO."""
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local


def address_of(term: str, prefixes: Mapping[str, str]) -> str | None:
    """The address of a term as written; None if it is not plainly one."""
    found = _ADDRESS.fullmatch(term)
    if not found:
        return None
    if found[2] is None:
        return unescaped(found[1])
    return prefixes[found[2]] + found[3] if found[2] in prefixes else None


def term_of(term: str, prefixes: Mapping[str, str]) -> Term | None:
    """An object as written; None if it is neither plainly an address nor a literal with a type or plain."""
    if not term.startswith('"'):
        address = address_of(term, prefixes)
        return None if address is None else Term(address, None)
    found = _LITERAL.fullmatch(term)
    if not found:
        return None
    datatype = address_of(found[2], prefixes) if found[2] else f"{XSD}string"
    return None if datatype is None else Term(unescaped(found[1]), datatype)


def read_date(object: Term) -> Time:
    """The date that an object is; `BadTime` if it is none."""
    datatype = (object.type or "").removeprefix(XSD)
    if datatype not in DATE_TYPES:
        raise BadTime("not a date", f"{object.value[:60]} is no date")
    return read_literal(object.value, datatype)


def entity_name(address: str) -> str:
    """The name of an entity: of YAGO's with its escapes decoded, of Wikidata's the item, of others the address.

    >>> entity_name("http://yago-knowledge.org/resource/Elvis__u0028_film_u0029_")
    'Elvis_(film)'
    """
    if address.startswith(PREFIXES["yago"]):
        return _ESCAPE.sub(_unescape, address.removeprefix(PREFIXES["yago"]))
    return address.removeprefix(PREFIXES["wd"])


def _unescape(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000 else match[0]
