"""The samples of YAGO 4.5: its own fact files, in all their forms, line by line and by pyoxigraph."""

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyoxigraph
import pytest

from chronolect.corpus.dating.table import YAGO_ROLES
from chronolect.corpus.dating.yago.command import dates_from_yago
from chronolect.corpus.dating.yago.terms import PREFIXES, header
from chronolect.corpus.engine import Engine

DATA = (
    Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "yago-samples"
    / "test-data"
)
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the samples of YAGO are not there ({DATA})")
ONE = Engine(workers=1)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for part in sorted(folder.glob("part-*")) for row in pq.ParquetFile(part).read().to_pylist()]


def test_facts_pages_and_statements_about_facts(tmp_path: Path) -> None:
    files = [
        DATA / "06-make-statistics" / f"05-yago-final-{name}.tsv" for name in ("meta", "beyond-wikipedia", "wikipedia")
    ]
    result = dates_from_yago(files, out=tmp_path / "dates", engine=ONE)
    assert (result["dates"], result["statements about statements"], result["problems"]) == (1, 2, {})
    (row,) = rows(tmp_path / "dates")
    assert (row["entity"], row["title"], row["property"], row["role"]) == ("Elvis", "Elvis", "schema:deathDate", "end")
    assert (row["edtf"], row["precision"], row["reference"]) == ("1970", "year", "05-yago-final-wikipedia.tsv:39")


def test_the_same_facts_as_statements_of_several_lines(tmp_path: Path) -> None:
    dates_from_yago([DATA / "06-make-statistics" / "06-sample-entities.ttl"], out=tmp_path / "dates", engine=ONE)
    (row,) = rows(tmp_path / "dates")
    assert (row["entity"], row["title"], row["edtf"]) == ("Elvis", "Elvis", "1970")


def test_facts_before_their_renaming(tmp_path: Path) -> None:
    """With comments behind the full stop, items of Wikidata as subjects, and all that pyoxigraph finds in them."""
    file = DATA / "03-make-facts" / "03-yago-facts-to-type-check-gold.tsv"
    dates_from_yago([file], out=tmp_path / "dates", all_entities=True, engine=ONE)
    found = [(row["entity"], row["qid"], row["property"], row["edtf"]) for row in rows(tmp_path / "dates")]
    assert found == [("Q_Elvis", None, "schema:birthDate", "1935"), ("Q312", "Q312", "schema:dateCreated", "1976")]
    wanted = {PREFIXES["schema"] + name.partition(":")[2]: name for name in YAGO_ROLES}
    parsed = pyoxigraph.parse(header(PREFIXES) + file.read_bytes(), pyoxigraph.RdfFormat.TURTLE, lenient=True)
    triples = []
    while True:
        try:
            triples.append(next(parsed))
        except StopIteration:
            break
        except SyntaxError:
            continue
    expected = [(t.subject.value, wanted[t.predicate.value]) for t in triples if t.predicate.value in wanted]
    assert [(PREFIXES["wd"] + row["entity"], row["property"]) for row in rows(tmp_path / "dates")] == expected
