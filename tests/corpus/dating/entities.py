"""Entities as the JSON dump of Wikidata has them, for tests: made by us, in its layout."""

import json
from typing import Any

GREGORIAN = "http://www.wikidata.org/entity/Q1985727"
JULIAN = "http://www.wikidata.org/entity/Q1985786"


def time(text: str, precision: int = 11, calendar: str = GREGORIAN, **more: Any) -> dict[str, Any]:
    return {
        "time": text,
        "timezone": 0,
        "before": 0,
        "after": 0,
        "precision": precision,
        "calendarmodel": calendar,
        **more,
    }


def snak(property: str, value: Any, kind: str = "time") -> dict[str, Any]:
    if value in ("somevalue", "novalue"):
        return {"snaktype": value, "property": property, "hash": "0" * 40, "datatype": kind}
    types = {"time": "time", "item": "wikibase-entityid", "string": "string"}
    return {
        "snaktype": "value",
        "property": property,
        "hash": "0" * 40,
        "datavalue": {"value": value, "type": types[kind]},
        "datatype": kind,
    }


def item(qid: str) -> dict[str, Any]:
    return {"entity-type": "item", "numeric-id": int(qid[1:]), "id": qid}


def statement(
    property: str, value: Any, rank: str = "normal", qualifiers: dict[str, Any] | None = None, kind: str = "time"
) -> dict[str, Any]:
    made: dict[str, Any] = {"mainsnak": snak(property, value, kind), "type": "statement"}
    if qualifiers:
        made["qualifiers"] = {
            name: [snak(name, v, "item" if isinstance(v, dict) and "id" in v else "time") for v in values]
            for name, values in qualifiers.items()
        }
        made["qualifiers-order"] = list(qualifiers)
    made["id"] = f"Q1${property}-{value if isinstance(value, str) else value.get('time', value.get('id'))}"
    made["rank"] = rank
    made["references"] = [
        {
            "hash": "1" * 40,
            "snaks": {
                "P248": [snak("P248", item("Q36578"), "item")],
                "P577": [snak("P577", time("+2013-10-28T00:00:00Z"))],
            },
            "snaks-order": ["P248", "P577"],
        }
    ]
    return made


def entity(qid: str, claims: dict[str, list[dict[str, Any]]], title: str | None = None, **more: Any) -> dict[str, Any]:
    sites = {"dewiki": {"site": "dewiki", "title": f"{qid} auf Deutsch", "badges": []}}
    if title is not None:
        sites["enwiki"] = {"site": "enwiki", "title": title, "badges": ["Q17437796"]}
    return {
        "type": "item",
        "id": qid,
        "labels": {"en": {"language": "en", "value": f'A "label" with "P569":[{{ and \\ in it, {qid}'}},
        "descriptions": {},
        "aliases": [],
        "claims": claims or [],
        "sitelinks": sites,
        "lastrevid": 17,
        **more,
    }


def line(made: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(made, **{"separators": (",", ":"), "ensure_ascii": False, **more}).encode()


def dump(*entities: dict[str, Any]) -> bytes:
    return b"[\n" + b",\n".join(line(made) for made in entities) + b"\n]\n"
