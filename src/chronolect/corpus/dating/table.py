"""The table of dates that a knowledge base gives its entities: one row a statement, whatever base it comes from."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from chronolect.timeline import Span

Role = Literal["start", "end", "point"]

DATES_SCHEMA = pa.schema(
    [
        pa.field("entity", pa.string(), nullable=False),  # Q42, or the name in YAGO
        pa.field("qid", pa.string()),
        pa.field("title", pa.string()),  # in the chosen wiki, with spaces
        pa.field("property", pa.string(), nullable=False),  # P569, schema:birthDate
        pa.field("role", pa.string(), nullable=False),
        pa.field("earliest", pa.int32()),  # days from 1970-01-01, null where open
        pa.field("latest", pa.int32()),
        pa.field("edtf", pa.string(), nullable=False),
        pa.field("precision", pa.string(), nullable=False),
        pa.field("calendar", pa.string(), nullable=False),
        pa.field("rank", pa.string()),
        pa.field("qualifiers", pa.string()),  # JSON
        pa.field("kind", pa.string(), nullable=False),
        pa.field("reference", pa.string(), nullable=False),
        pa.field("page_id", pa.int64()),  # of the article in the chosen wiki, where the source knows it
    ]
)


@dataclass(frozen=True, slots=True)
class DateFact:
    """One statement of a knowledge base about the time of one entity.

    `role` is what the property says of the entity's time: that it began, that it ended, or a time at which it was.
    `precision` is the unit the statement was made in, `calendar` the one it was written in (`span` is in days, whatever
    the calendar); `reference` is a statement id, or a file and line.
    """

    entity: str
    property: str
    role: Role
    span: Span
    precision: str
    kind: Literal["wikidata", "yago", "catalogue", "llm", "user"]
    reference: str
    qid: str | None = None
    title: str | None = None
    calendar: Literal["gregorian", "julian"] = "gregorian"
    rank: Literal["preferred", "normal", "deprecated"] | None = None
    qualifiers: dict[str, Any] = field(default_factory=dict)
    page_id: int | None = None

    def to_row(self) -> dict[str, Any]:
        """The fact as a row of `DATES_SCHEMA`."""
        return {
            "entity": self.entity,
            "qid": self.qid,
            "title": self.title,
            "property": self.property,
            "role": self.role,
            "earliest": self.span.earliest,
            "latest": self.span.latest,
            "edtf": self.span.edtf(),
            "precision": self.precision,
            "calendar": self.calendar,
            "rank": self.rank,
            "qualifiers": json.dumps(self.qualifiers, ensure_ascii=False, sort_keys=True) if self.qualifiers else None,
            "kind": self.kind,
            "reference": self.reference,
            "page_id": self.page_id,
        }

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "DateFact":
        """The inverse of `to_row`."""
        return cls(
            entity=row["entity"],
            property=row["property"],
            role=row["role"],
            span=Span(row["earliest"], row["latest"], row["edtf"]),
            precision=row["precision"],
            kind=row["kind"],
            reference=row["reference"],
            qid=row["qid"],
            title=row["title"],
            calendar=row["calendar"],
            rank=row["rank"],
            qualifiers=json.loads(row["qualifiers"]) if row["qualifiers"] else {},
            page_id=row["page_id"],
        )


# Properties of Wikidata with values of type "time" that say when the entity itself was. Left out on purpose: dates of
# the database (P813 retrieved, P5017 last update), of the law (P3893 public domain), and dates that hold for a
# statement only (P1319, P1326), which are read as qualifiers.
WIKIDATA_ROLES: dict[str, Role] = {
    "P569": "start",  # date of birth
    "P570": "end",  # date of death
    "P571": "start",  # inception
    "P574": "point",  # year of publication of a scientific name
    "P575": "start",  # time of discovery or invention
    "P576": "end",  # dissolved, abolished or demolished
    "P577": "point",  # publication date
    "P580": "start",  # start time
    "P582": "end",  # end time
    "P585": "point",  # point in time
    "P606": "start",  # first flight
    "P619": "start",  # launch of a spacecraft
    "P620": "point",  # landing of a spacecraft
    "P621": "end",  # decay of an orbit
    "P729": "start",  # service entry
    "P730": "end",  # service retirement
    "P746": "point",  # disappearance
    "P1191": "point",  # first performance
    "P1249": "point",  # earliest written record
    "P1317": "point",  # floruit
    "P1619": "start",  # official opening
    "P1636": "point",  # baptism
    "P2031": "start",  # work period, start
    "P2032": "end",  # work period, end
    "P2669": "end",  # discontinued
    "P2754": "point",  # production
    "P3999": "end",  # official closure
    "P4602": "point",  # burial or cremation
    "P5204": "start",  # commercialisation
    "P6949": "point",  # announcement
    "P7103": "start",  # start of the covered period
    "P7104": "end",  # end of the covered period
    "P7124": "start",  # first of a series
    "P7125": "end",  # latest of a series
    "P7588": "start",  # effective date
}

# The same for YAGO 4.5, which takes its facts from Wikidata under the names of schema.org.
YAGO_ROLES: dict[str, Role] = {
    "schema:birthDate": "start",
    "schema:deathDate": "end",
    "schema:startDate": "start",
    "schema:endDate": "end",
    "schema:dateCreated": "start",
    "schema:foundingDate": "start",
    "schema:dissolutionDate": "end",
    "schema:datePublished": "point",
}
