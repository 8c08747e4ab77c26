import csv
import random

import pytest

from chronolect.artifacts import digest_tree
from chronolect.corpus import Document, read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.keywords.command import filter_keywords
from chronolect.corpus.keywords.weights import log_odds
from chronolect.errors import UserError

ALONE = Engine(workers=1)
PLAIN = [
    "the",
    "house",
    "by",
    "the",
    "lane",
    "was",
    "old",
    "and",
    "the",
    "man",
    "went",
    "in",
    "to",
    "see",
    "his",
    "friend",
    "about",
    "the",
    "power",
    "of",
    "the",
    "garden",
]
SPACE = ["orbit", "rocket", "comet", "telescope", "galaxy", "planet"]


@pytest.fixture
def lists(tmp_path):
    (tmp_path / "heaven.tsv").write_text("\n".join([*SPACE, "power"]), encoding="utf-8")
    (tmp_path / "game.tsv").write_text("gambit\nrook\ncastling\ncheckmate\n", encoding="utf-8")
    return [str(tmp_path / "heaven.tsv"), str(tmp_path / "game.tsv")]


def documents():
    """Half plain, of which half speak of power; a quarter about space, in two books; a few about chess."""
    draw = random.Random(0)
    made = []
    for number in range(80):
        words = [word for word in draw.choices(PLAIN, k=80) if word != "power"]
        book = "plain"
        if number % 4 == 0:
            words += ["power"]
        elif number % 4 == 1:
            words += draw.sample(SPACE, 4) + (["power"] if number % 8 == 1 else [])
            book = "long" if number < 60 else "short"
        elif number % 20 == 2:
            words += ["gambit", "rook", "castling", "gambit"]
        draw.shuffle(words)
        made.append(Document(id=f"{book}#{number:04d}", text=" ".join(words), source="books", meta={"chunk_of": book}))
    return made


def weights(out):
    with open(out / "weights.tsv", encoding="utf-8") as file:
        return {row["keyword"]: float(row["weight"]) for row in csv.DictReader(file, delimiter="\t")}


def test_themes_are_kept_and_counted(make_corpus, tmp_path, lists):
    counts = filter_keywords(make_corpus(documents()), out=tmp_path / "out", themes=lists, engine=ALONE)
    assert counts["documents"] == 24
    assert counts["dropped_by"] == {"few keywords": 56}
    assert counts["by_theme"] == {"game": 4, "heaven": 20}
    assert counts["by_source"] == {"books": 24}
    assert counts["by_document"] == {"long": 15, "short": 5, "plain": 4}
    assert sum(counts["by_matches"].values()) == 24
    kept = {document.id: document.meta for document in read_documents(tmp_path / "out")}
    assert kept["plain#0002"]["keyword_counts"] == {"game": 3, "total": 3}
    assert kept["long#0001"]["keyword_counts"] == {"heaven": 5, "total": 5}
    assert set(kept["long#0001"]["keyword_scores"]) == {"heaven"}


def test_weights_tell_telling_words_from_common_ones(make_corpus, tmp_path, lists):
    filter_keywords(make_corpus(documents()), out=tmp_path / "out", themes=lists, engine=ALONE)
    found = weights(tmp_path / "out")
    assert all(found[word] > found["power"] + 2 for word in SPACE)
    filter_keywords(make_corpus(documents(), "b"), out=tmp_path / "idf", themes=lists, weights="idf", engine=ALONE)
    assert weights(tmp_path / "idf")["gambit"] > weights(tmp_path / "idf")["power"]
    (tmp_path / "heaven.tsv").write_text("orbit\t0.5\nrocket\ncomet\n", encoding="utf-8")
    filter_keywords(make_corpus(documents(), "c"), out=tmp_path / "given", themes=lists, min_matches=1, engine=ALONE)
    assert weights(tmp_path / "given")["orbit"] == 0.5


def test_log_odds():
    assert log_odds(10, 20, 10, 1000) > log_odds(10, 20, 100, 1000) > log_odds(10, 20, 500, 1000)
    assert abs(log_odds(10, 20, 500, 1000)) < 0.1


def test_longer_texts_score_less_for_the_same_words(make_corpus, tmp_path, lists):
    words = " ".join(SPACE[:3])
    made = [Document(id="short", text=words), Document(id="long", text=f"{words} {' '.join(PLAIN * 20)}")]
    filter_keywords(make_corpus(made), out=tmp_path / "out", themes=lists, engine=ALONE)
    scores = {document.id: document.meta["keyword_scores"]["heaven"] for document in read_documents(tmp_path / "out")}
    assert scores["short"] > 2 * scores["long"]


def test_limits(make_corpus, tmp_path, lists):
    corpus = make_corpus(documents())
    few = filter_keywords(corpus, out=tmp_path / "a", themes=lists, min_matches=1, max_matches=3, engine=ALONE)
    assert few["dropped_by"] == {"few keywords": 36, "many keywords": 20}
    top = filter_keywords(corpus, out=tmp_path / "b", themes=lists, top_k=3, engine=ALONE)
    assert top["by_theme"] == {"game": 3, "heaven": 3}
    assert top["dropped_by"]["not among the top"] == 18
    each = filter_keywords(corpus, out=tmp_path / "c", themes=lists, per_document=4, engine=ALONE)
    assert each["by_document"] == {"long": 4, "plain": 4, "short": 4}
    assert each["dropped_by"]["enough of its document"] == 12
    both = filter_keywords(corpus, out=tmp_path / "d", themes=lists, per_document=2, top_k=3, engine=ALONE)
    assert both["by_document"] == {"long": 2, "plain": 2, "short": 1}, (
        "the top is taken after each book has given its best"
    )
    scores = sorted(sum(d.meta["keyword_scores"].values()) for d in read_documents(tmp_path / "a" / "dropped"))
    high = filter_keywords(corpus, out=tmp_path / "e", themes=lists, min_score=scores[-3], engine=ALONE)
    assert high["dropped_by"]["low score"] > 0


def test_same_bytes_for_any_number_of_workers(make_parts, tmp_path, lists):
    corpus = make_parts(documents())
    for workers in (1, 2):
        filter_keywords(corpus, out=tmp_path / f"out{workers}", themes=lists, top_k=9, engine=Engine(workers=workers))
    assert digest_tree(tmp_path / "out1") == digest_tree(tmp_path / "out2")


def test_nothing_left(make_corpus, tmp_path, lists):
    corpus = make_corpus(documents())
    with pytest.raises(UserError, match="--min-matches 50"):
        filter_keywords(corpus, out=tmp_path / "out", themes=lists, min_matches=50, engine=ALONE)
    with pytest.raises(UserError, match="--max-matches 1"):
        filter_keywords(corpus, out=tmp_path / "out", themes=lists, max_matches=1, engine=ALONE)
