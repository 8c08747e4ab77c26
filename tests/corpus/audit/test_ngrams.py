import pyarrow.parquet as pq
import pytest

from chronolect.corpus import Document
from chronolect.corpus.audit.ngrams import learn_ngrams, load_ngrams, log_odds, tokens
from chronolect.corpus.engine import Engine
from chronolect.errors import UserError
from chronolect.timeline import Span

OLD = "the king went to the town and the queen went home. the prime minister spoke of trade. "
NEW = "the king used the wireless set. the prime minister spoke of trade union power. the queen went home. they saw the trade fair. "


@pytest.fixture
def corpora(make_corpus):
    before = [Document(id=f"old{n}", text=OLD * 40, written=Span.year(1850)) for n in range(3)]
    after = [Document(id=f"new{n}", text=NEW * 3, written=Span.year(1950)) for n in range(3)]
    after.append(Document(id="alone", text="zebra " * 50, written=Span.year(1950)))
    return make_corpus(before, "before"), make_corpus(after, "after")


def learn(corpora, tmp_path, name="model", **options):
    counts = learn_ngrams(*corpora, out=tmp_path / name, **({"min_log_odds": 3} | options))
    return counts, set(load_ngrams(tmp_path / name))


def test_only_what_is_never_before(corpora, tmp_path):
    counts, found = learn(corpora, tmp_path)
    # "of trade" is in both, a run that holds a new word or a shorter new run says nothing more, and no run crosses a full stop.
    assert found == {"used", "wireless", "set", "union", "power", "fair", "they", "saw", "the trade"}
    assert counts["unigrams"] == 8
    assert counts["bigrams"] == 1
    assert counts["trigrams"] == 0
    assert counts["words_before"] == 3 * 40 * len(tokens(OLD.replace(".", "")))


def test_three_words(make_corpus, tmp_path):
    before = make_corpus([Document(id="old", text="a b x. b c y. a z c. " * 200)], "before")
    after = make_corpus([Document(id=f"new{n}", text="a b c. " * 10) for n in range(2)], "after")
    assert learn((before, after), tmp_path)[1] == {"a b c"}
    assert learn((before, after), tmp_path, "all", longest=3, min_count=20)[1] == {"a b c"}
    with pytest.raises(UserError, match="no n-gram is there 21 times"):
        learn((before, after), tmp_path, "none", min_count=21)
    with pytest.raises(UserError, match="no n-gram"):
        learn((before, after), tmp_path, "short", longest=2)
    with pytest.raises(UserError, match="no word in it"):
        learn((before, make_corpus([Document(id="dots", text="...")], "dots")), tmp_path, "dots")


def test_one_document_may_be_enough(corpora, tmp_path):
    assert "zebra" in learn(corpora, tmp_path, min_documents=1)[1]


def test_the_columns_tell_why(corpora, tmp_path):
    counts, _ = learn(corpora, tmp_path)
    rows = {row["ngram"]: row for row in pq.read_table(tmp_path / "model" / "ngrams.parquet").to_pylist()}
    assert (rows["wireless"]["count"], rows["wireless"]["documents"]) == (9, 3)
    expected = log_odds(9, counts["words_after"], counts["words_before"])
    assert rows["wireless"]["log_odds"] == pytest.approx(expected, abs=1e-6)


def test_the_same_for_any_number_of_workers(corpora, tmp_path):
    for workers in (1, 2):
        learn(corpora, tmp_path, f"w{workers}", engine=Engine(workers=workers))
    one, two = ((tmp_path / name / "ngrams.parquet").read_bytes() for name in ("w1", "w2"))
    assert one == two


def test_mistakes(corpora, tmp_path):
    with pytest.raises(UserError, match="--longest 4"):
        learn(corpora, tmp_path, longest=4)
    with pytest.raises(UserError, match="audit-learn"):
        load_ngrams(tmp_path)


def test_tokens():
    assert tokens("Don’t stop—the mother-in-law, 2 x") == ["don't", "stop", "—", "the", "mother-in-law", ",", "2", "x"]
