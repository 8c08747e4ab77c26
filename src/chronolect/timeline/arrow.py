"""Spans and evidence in Arrow tables: a span is two nullable int32 columns of days since 1970-01-01 (the physical form
of date32).
"""

from typing import Any

import pyarrow as pa

from chronolect.timeline.evidence import Evidence
from chronolect.timeline.span import Span

EVIDENCE = pa.struct(
    [
        pa.field("field", pa.string(), nullable=False),
        pa.field("earliest", pa.int32()),
        pa.field("latest", pa.int32()),
        pa.field("edtf", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("precision", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("quote", pa.string()),
    ]
)


def span_fields(name: str) -> list[pa.Field]:
    """The columns of a span: `<name>` (EDTF, for people), `<name>_earliest` and `<name>_latest` (int32 days, null where
    open).
    """
    return [
        pa.field(name, pa.string()),
        pa.field(f"{name}_earliest", pa.int32()),
        pa.field(f"{name}_latest", pa.int32()),
    ]


def span_to_row(name: str, span: Span) -> dict[str, Any]:
    """A span as values of `span_fields(name)`; an unknown span is three nulls."""
    return {
        name: span.edtf() if span.is_known else None,
        f"{name}_earliest": span.earliest,
        f"{name}_latest": span.latest,
    }


def span_from_row(name: str, row: dict[str, Any]) -> Span:
    """The span of a row of Python values."""
    return Span(row[f"{name}_earliest"], row[f"{name}_latest"], row[name])


def evidence_to_row(piece: Evidence) -> dict[str, Any]:
    """Evidence as a value of the `EVIDENCE` struct."""
    return {
        "field": piece.field,
        "earliest": piece.span.earliest,
        "latest": piece.span.latest,
        "edtf": piece.span.edtf() if piece.span.is_known else None,
        "kind": piece.kind,
        "precision": piece.precision,
        "reference": piece.reference,
        "quote": piece.quote,
    }


def evidence_from_row(row: dict[str, Any]) -> Evidence:
    """The inverse of `evidence_to_row`."""
    span = Span(row["earliest"], row["latest"], row["edtf"])
    return Evidence(row["field"], span, row["kind"], row["precision"] or "", row["reference"] or "", row["quote"] or "")
