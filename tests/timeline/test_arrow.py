import pyarrow as pa
from hypothesis import given
from tests.timeline.strategies import spans

from chronolect.timeline import Evidence, Span
from chronolect.timeline.arrow import (
    EVIDENCE,
    evidence_from_row,
    evidence_to_row,
    span_fields,
    span_from_row,
    span_to_row,
)


@given(spans())
def test_spans_survive_a_table(span):
    table = pa.Table.from_pylist([span_to_row("written", span)], schema=pa.schema(span_fields("written")))
    assert span_from_row("written", table.to_pylist()[0]) == span


def test_evidence_survives_a_table():
    piece = Evidence("written", Span.parse("1850~"), "catalogue", reference="PG 2701", quote="about 1850")
    column = pa.array([evidence_to_row(piece)], type=EVIDENCE)
    (back,) = map(evidence_from_row, column.to_pylist())
    assert back == piece
    assert back.span.edtf() == "1850~"
