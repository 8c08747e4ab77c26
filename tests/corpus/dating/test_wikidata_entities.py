import json
import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.dating.entities import entity, item, line, snak, statement, time

from chronolect.corpus.dating.table import WIKIDATA_ROLES, DateFact
from chronolect.corpus.dating.wikidata.entities import BROKEN, EntityReader
from chronolect.corpus.dating.wikidata.statements import Unread

READER = EntityReader(WIKIDATA_ROLES)
BIRTH = statement("P569", time("+1952-03-11T00:00:00Z"))
DEATH = statement("P570", time("+2001-05-11T00:00:00Z"))
HUMAN = statement("P31", item("Q5"), kind="item")


def facts(text: bytes, reader: EntityReader = READER) -> list[DateFact | Unread]:
    """As from the middle of a block."""
    return list(reader.facts(b'{"x":"enwiki"},\n' + text + b'\n{"y":1}', 16, 16 + len(text)))


def dates(text: bytes, reader: EntityReader = READER) -> list[tuple[str, str, str | None]]:
    return [(f.property, f.span.edtf(), f.title) for f in facts(text, reader) if isinstance(f, DateFact)]


def test_an_entity() -> None:
    made = entity("Q42", {"P31": [HUMAN], "P569": [BIRTH], "P570": [DEATH]}, 'Douglas "DNA" Adams é')
    expected = [("P569", "1952-03-11", 'Douglas "DNA" Adams é'), ("P570", "2001-05-11", 'Douglas "DNA" Adams é')]
    assert dates(line(made)) == dates(line(made) + b",") == expected
    assert dates(line(made, ensure_ascii=True)) == expected


def test_p569_is_not_p5690() -> None:
    stranger = statement("P5690", time("+1999-01-01T00:00:00Z"))
    assert dates(line(entity("Q1", {"P5690": [stranger]}, "One"))) == []
    both = entity("Q1", {"P5690": [stranger], "P569": [BIRTH], "P5691": [stranger]}, "One")
    assert dates(line(both)) == [("P569", "1952-03-11", "One")]


def test_dates_of_qualifiers_and_references_are_not_the_entitys() -> None:
    office = statement("P39", item("Q30185"), kind="item", qualifiers={"P580": [time("+1990-00-00T00:00:00Z", 9)]})
    made = entity("Q1", {"P39": [office], "P569": [BIRTH], "P26": [office]}, "One")
    assert dates(line(made)) == [("P569", "1952-03-11", "One")]


def test_entities_without_a_page_in_the_wiki() -> None:
    made = line(entity("Q1", {"P569": [BIRTH]}))
    assert facts(made) == []
    assert dates(made, EntityReader(WIKIDATA_ROLES, all_entities=True)) == [("P569", "1952-03-11", None)]
    assert dates(made, EntityReader(WIKIDATA_ROLES, wiki="dewiki")) == [("P569", "1952-03-11", "Q1 auf Deutsch")]


def test_only_items_have_dates() -> None:
    everything = EntityReader(WIKIDATA_ROLES, all_entities=True)
    made = entity("P1", {"P569": [BIRTH]}, "One", type="property")
    assert facts(line(made), everything) == []
    lexeme = {"type": "lexeme", "id": "L1", "forms": [{"id": "L1-F1", "claims": {"P569": [BIRTH]}}]}
    assert facts(line(lexeme), everything) == []


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (b'{"type":"item","id":"Q1","sitelinks":{"enwiki":{"site":"enwi', "broken JSON"),
        (b'{"type":"item","id":"Q1","claims":{"P569":[}', "broken JSON"),
        (b"not JSON at all", "broken JSON"),
        (b'{"type":"item"}', "no entity"),
        (b'{"type":"item","sitelinks":{"enwiki":{"site":"enwiki","title":"One"}}}', "no entity"),
        (b'"enwiki"', "no entity"),
        (b"17,", "no entity"),
        (b'{"id":"Q1","sitelinks":{"enwiki":{"site":"enwiki","title":"\xff"}}}', "broken JSON"),
    ],
)
def test_broken_lines(broken: bytes, what: str) -> None:
    found = facts(broken)
    assert [f.kind for f in found if isinstance(f, Unread)] == [BROKEN]
    assert isinstance(found[0], Unread)
    assert what in found[0].what


@pytest.mark.parametrize("text", [b"", b"[", b"]", b"  ", b"\r", b"],"])
def test_the_arrays_brackets_are_no_lines(text: bytes) -> None:
    assert facts(text) == []


@pytest.mark.parametrize("wrong", [[], {}, None, "text", 5, [None], [[]], {"P569": []}, {"P569": {}}, {"P569": None}])
def test_claims_of_another_shape(wrong: Any) -> None:
    made = entity("Q1", {}, "One")
    made["claims"] = wrong
    assert facts(line(made)) == list(READER.parsed(line(made)))
    made["claims"] = {"P569": [BIRTH]}
    made["sitelinks"] = {"enwiki": wrong}
    assert facts(line(made)) == list(READER.parsed(line(made)))


def test_a_property_twice_in_a_line_is_left_to_the_parser() -> None:
    made = line(entity("Q1", {"P569": [BIRTH]}, "One"))
    twice = made.replace(b'"claims":{', b'"claims":{"P569":[],')
    assert facts(twice) == list(READER.parsed(twice)) != []


# Lines of the dump in every order of keys and manner of writing that its writers have had, and then some.

_TIMES = st.builds(
    time,
    st.sampled_from(
        ["+1952-03-11T00:00:00Z", "+1960-00-00T00:00:00Z", "-0044-03-15T00:00:00Z", "+0000-00-00T00:00:00Z", "?", ""]
    ),
    st.integers(0, 15),
)
_TEXTS = st.sampled_from(
    [
        '"P569":[{"mainsnak":',
        '"sitelinks":{"enwiki":{',
        '"claims":{"P570":[{"id":',
        "\\",
        '\\"P569\\":',
        "]},",
        "}]",
        "é\u2028",
    ]
)


@st.composite
def _statements(draw: st.DrawFn, property: str) -> list[dict[str, Any]]:
    made = []
    for _ in range(draw(st.integers(0, 3))):
        qualifiers = draw(
            st.dictionaries(
                st.sampled_from(["P1319", "P1326", "P580", "P569"]), st.lists(_TIMES, max_size=2), max_size=2
            )
        )
        value = draw(st.one_of(_TIMES, st.just("somevalue"), st.just("novalue")))
        one = statement(property, value, draw(st.sampled_from(["normal", "preferred", "deprecated"])), qualifiers)
        one["references"].append({"snaks": {"P1476": [snak("P1476", draw(_TEXTS), "string")]}})
        for key in draw(st.lists(st.sampled_from(list(one)), max_size=1)):
            del one[key]
        made.append(draw(_shuffled(one)))
    return made


@st.composite
def _shuffled(draw: st.DrawFn, made: dict[str, Any]) -> dict[str, Any]:
    return made if draw(st.booleans()) else dict(draw(st.permutations(list(made.items()))))


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    properties = draw(st.lists(st.sampled_from(["P31", "P569", "P5690", "P570", "P577", "P9"]), unique=True))
    claims = {property: draw(_statements(property)) for property in properties}
    made = entity("Q7", claims, draw(st.one_of(st.none(), _TEXTS)))
    made["labels"]["en"]["value"] = draw(_TEXTS)
    made = draw(_shuffled(made))
    for key in draw(st.lists(st.sampled_from(list(made)), max_size=1)):
        if draw(st.booleans()):
            del made[key]
    text = line(
        made,
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": "), (" ,", " : ")])),
    )
    if draw(st.integers(0, 4)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return text + draw(st.sampled_from([b"", b",", b",\r", b" "]))


@settings(max_examples=400, deadline=None)
@given(_lines(), st.booleans(), st.booleans())
def test_cutting_out_gives_what_parsing_gives(text: bytes, all_entities: bool, deprecated: bool) -> None:
    reader = EntityReader(WIKIDATA_ROLES, all_entities=all_entities, deprecated=deprecated)
    parsed = list(reader.parsed(text.strip().removesuffix(b",")))
    if not text.strip(b" ,\r\n[]"):
        return
    found = facts(text, reader)
    if found or all_entities or b'"enwiki"' in text:
        assert [f.kind if f.kind == BROKEN else f for f in found] == [f.kind if f.kind == BROKEN else f for f in parsed]
    else:  # an entity that is not wanted: what is wrong with it may go unnoticed
        assert all(f.kind == BROKEN for f in parsed)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_damage_never_raises_and_never_makes_a_date_up(seed: int, changes: int) -> None:
    """Bytes changed anywhere in a line: the facts are those of the parser, or (if it cannot parse) true parts or none."""
    chance = random.Random(seed)
    whole = line(entity("Q42", {"P31": [HUMAN], "P569": [BIRTH], "P570": [DEATH], "P19": [HUMAN]}, "Douglas Adams"))
    text = bytearray(whole)
    for _ in range(changes):
        text[chance.randrange(len(text))] = chance.choice(b'"\\{}[],:0P\xff')
    found = facts(bytes(text))
    try:
        orjson.loads(bytes(text))
    except orjson.JSONDecodeError:
        assert all(isinstance(f, Unread) or f.span.edtf()[:2] in ("19", "20") for f in found)
    else:
        assert found == list(READER.parsed(bytes(text)))


def test_the_layout_of_other_writers() -> None:
    """The order of keys of the API, of the toolkit's dumps of 2015, and blanks as of `json.dumps`."""
    made = entity("Q42", {"P569": [BIRTH], "P570": [DEATH]}, "Douglas Adams")
    api = {key: made[key] for key in ("id", "type", "labels", "claims", "sitelinks")}
    toolkit = {key: made[key] for key in ("type", "labels", "sitelinks", "id", "claims")}
    api["claims"] = {name: [{"id": s["id"], **s} for s in found] for name, found in made["claims"].items()}
    toolkit["claims"] = {name: [{"rank": s["rank"], **s} for s in found] for name, found in made["claims"].items()}
    expected = dates(line(made))
    assert len(expected) == 2
    assert dates(line(api)) == dates(line(toolkit)) == dates(json.dumps(made).encode()) == expected


def test_the_fast_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made = line(entity("Q42", {"P31": [HUMAN], "P569": [BIRTH], "P570": [DEATH]}, "Douglas Adams"))

    def parsed(self: EntityReader, text: bytes) -> Any:
        raise AssertionError(text)

    monkeypatch.setattr(EntityReader, "parsed", parsed)
    assert len(dates(made)) == 2
    assert dates(made.replace(b'"enwiki"', b'"xxwiki"')) == []
