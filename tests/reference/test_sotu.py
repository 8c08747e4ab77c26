"""The State of the Union addresses, 1790 to 2021: real text through import, filter, tokenizer, pack and stats."""

import os
from pathlib import Path

import pytest

from chronolect.corpus import read_documents
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.packing import pack_corpus
from chronolect.corpus.sources.table import import_table
from chronolect.corpus.stats import corpus_stats
from chronolect.models.tokenizers import train_tokenizer
from chronolect.timeline import Cutoff, Verdict

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sotu"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the addresses are not there ({DATA})")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    out = tmp_path_factory.mktemp("sotu") / "corpus"
    counts = import_table([DATA], out=out, date_field="year", title_field="name", language="en")
    assert counts["documents"] == counts["files"] == len(list(DATA.glob("*.json")))
    assert counts["undated"] == counts["left_out"] == 0
    return out


def test_documents(corpus):
    first = next(read_documents(corpus))
    assert (first.id, first.title, first.written.edtf()) == ("1790_george_washington_n", "George Washington", "1790")
    assert first.meta == {"party": "none"}
    assert first.text.startswith("Fellow-Citizens of the Senate")


def test_stats(corpus):
    found = corpus_stats(corpus, bin_years=10)
    assert found["documents"] == sum(row["documents"] for row in found["by_year"])
    assert [row["year"] for row in found["by_year"]] == list(range(1790, 2030, 10))
    assert found["words"] > 1_500_000


@pytest.mark.parametrize("cutoff", ["1901-01-01", "1969-07-20"])
def test_locked_and_packed(corpus, tmp_path, cutoff):
    counts = filter_corpus(corpus, out=tmp_path / "locked", cutoff=cutoff)
    year = int(cutoff[:4])
    assert counts["dropped_by"]["written straddles"] == len(list(DATA.glob(f"{year}_*.json")))
    assert all(
        Cutoff.parse(cutoff).judge(document.written) is Verdict.BEFORE
        for document in read_documents(tmp_path / "locked")
    )
    filter_corpus(corpus, out=tmp_path / "later", cutoff=cutoff, keep_side="after")
    train_tokenizer(tmp_path / "locked", out=tmp_path / "tokenizer", vocab_size=512)
    packed = pack_corpus(
        tmp_path / "locked",
        out=tmp_path / "packed",
        tokenizer=tmp_path / "tokenizer",
        val_ratio=0.1,
        after=tmp_path / "later",
    )
    splits = packed["splits"]
    assert splits["train"]["documents"] + splits["val"]["documents"] == counts["kept"]
    assert splits["val-after"]["documents"] > 0
    assert splits["train"]["bytes"] / splits["train"]["tokens"] > 1.5
