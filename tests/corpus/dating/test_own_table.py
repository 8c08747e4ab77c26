from pathlib import Path

import pyarrow.parquet as pq
import pytest

from chronolect.corpus import Document, read_documents
from chronolect.corpus.dating.date import date_corpus
from chronolect.corpus.dating.own_table import dates_from_table
from chronolect.errors import UserError

ROWS = """Entity,Wikipedia_ID,Earliest_Date,Latest_Date
Ada,7,1815-12-10,1852-11-27
Charles,8,1791,
Nobody,9,,
Wrong,10,1900,1800
Never,11,1969-02-30,1970
"""


def test_spans_of_your_own(tmp_path: Path, make_corpus) -> None:
    (tmp_path / "yago.csv").write_text(ROWS)
    counts = dates_from_table(
        [tmp_path / "yago.csv"], out=tmp_path / "dates", page_id_field="Wikipedia_ID", earliest_field="Earliest_Date", latest_field="Latest_Date"
    )  # fmt: skip
    assert counts == {"dates": 2, "problems": {"impossible dates": 2, "undated": 1}}
    rows = pq.read_table(tmp_path / "dates" / "part-00000.parquet").to_pylist()
    assert [(row["page_id"], row["edtf"], row["reference"]) for row in rows] == [
        (7, "1815-12-10/1852-11-27", "yago.csv:2"),
        (8, "1791/..", "yago.csv:3"),
    ]
    corpus = make_corpus(
        [Document("x:7", "Ada.", meta={"page_id": 7}), Document("x:9", "Nobody.", meta={"page_id": 9})]
    )
    date_corpus(corpus, out=tmp_path / "dated", dates=[tmp_path / "dates"])
    assert [document.about.is_known for document in read_documents(tmp_path / "dated")] == [True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"date_field": "Earliest_Date"}, "give a field to join by"),
        ({"title_field": "Entity"}, "give the field of the dates"),
        ({"title_field": "Entity", "date_field": "Date"}, "no usable date"),
    ],
)
def test_wrong_usage(tmp_path: Path, options, message) -> None:
    (tmp_path / "yago.csv").write_text(ROWS)
    with pytest.raises(UserError, match=message):
        dates_from_table([tmp_path / "yago.csv"], out=tmp_path / "dates", **options)
