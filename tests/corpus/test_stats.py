import pytest

from chronolect.corpus import Document
from chronolect.corpus.stats import corpus_stats
from chronolect.errors import UserError
from chronolect.models.tokenizers import read_tokenizer
from chronolect.timeline import Span

DOCUMENTS = [
    Document(id="1", text="one two\nthree", source="a", written=Span.year(1851), about=Span.year(1800)),
    Document(id="2", text=" four ", source="b", written=Span.year(1859)),
    Document(id="3", text="five\u00a0six", source="a", written=Span.year(1860)),
    Document(id="4", text="seven", source="a", written=Span.parse("1930/..")),
]


def test_counts(make_corpus):
    assert corpus_stats(make_corpus(DOCUMENTS)) == {
        "documents": 4,
        "words": 7,
        "by_year": [
            {"year": 1851, "documents": 1, "words": 3},
            {"year": 1859, "documents": 1, "words": 1},
            {"year": 1860, "documents": 1, "words": 2},
            {"year": None, "documents": 1, "words": 1},
        ],
        "by_source": [{"source": "a", "documents": 3, "words": 6}, {"source": "b", "documents": 1, "words": 1}],
    }


def test_bins_and_tokens(make_corpus, tokenizer):
    found = corpus_stats(make_corpus(DOCUMENTS), bin_years=10, tokenizer=tokenizer)
    backend, _ = read_tokenizer(tokenizer)
    tokens = [len(backend.encode(document.text)) for document in DOCUMENTS]
    assert [(row["year"], row["tokens"]) for row in found["by_year"]] == [
        (1850, tokens[0] + tokens[1]),
        (1860, tokens[2]),
        (None, tokens[3]),
    ]
    assert found["tokens"] == sum(tokens)


def test_by_what_they_are_about(make_corpus):
    found = corpus_stats(make_corpus(DOCUMENTS), by="about")
    assert [row["year"] for row in found["by_year"]] == [1800, None]


def test_wrong_input(make_corpus, tmp_path):
    with pytest.raises(UserError, match="--bin-years 0"):
        corpus_stats(make_corpus(DOCUMENTS), bin_years=0)
    with pytest.raises(UserError, match="no such corpus"):
        corpus_stats(tmp_path / "none")
