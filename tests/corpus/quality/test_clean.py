import random

import pytest

from chronolect.artifacts import digest_tree
from chronolect.corpus import Document, read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.quality.clean import clean_corpus
from chronolect.errors import UserError

ALONE = Engine(workers=1)
ENGLISH = (
    "The house stood at the end of the lane, and for many years nobody had lived there who could remember its owner. "
    "When the spring came we opened the windows again and carried a desk of oak into the room over the kitchen."
)
GERMAN = (
    "Das Haus stand am Ende des Weges, und seit vielen Jahren hatte dort niemand gewohnt, der sich an seinen Besitzer "
    "erinnern konnte. Als der Frühling kam, öffneten wir die Fenster wieder."
)
SPOILT = ENGLISH.replace("the", "tbe").replace("and", "aud").replace("h", "b").replace("w", "vv")


def reasons(out):
    import pyarrow.dataset as ds

    rows = ds.dataset(sorted((out / "dropped").glob("*.parquet"))).to_table(columns=["id", "reason"]).to_pylist()
    return {row["id"]: row["reason"] for row in rows}


def test_what_is_left_out_and_why(make_corpus, tmp_path):
    documents = [
        Document(id="good", text=ENGLISH),
        Document(id="german", text=GERMAN),
        Document(id="spoilt", text=SPOILT),
        Document(id="short", text="Too short."),
        Document(id="signs", text=ENGLISH.replace(" ", "☆ ")),
        Document(id="again", text=f"{ENGLISH}\n" * 8),
    ]
    counts = clean_corpus(
        make_corpus(documents),
        out=tmp_path / "out",
        language="en",
        min_ocr_score=0.7,
        min_words=5,
        max_symbol_ratio=0.1,
        repetition=True,
        engine=ALONE,
    )
    assert counts["documents"] == 1
    assert counts["dropped"] == 5
    found = reasons(tmp_path / "out")
    assert found["german"].startswith("language de: ")
    assert found["spoilt"].startswith("badly read: OCR score 0.")
    assert found["short"] == "too short: 2 words"
    assert found["signs"].startswith("too many symbols: 0.")
    assert found["again"].startswith("repetitive: ")
    kept = next(read_documents(tmp_path / "out"))
    assert kept.language == "en"
    assert kept.meta["ocr_score"] == 1.0
    assert kept.meta["language_score"] > 0.9


def test_mending(make_corpus, tmp_path):
    text = f"Digitized by Google\n\n{ENGLISH}\n\n42\n\nThe exam-\nple."
    corpus = make_corpus([Document(id="a", text=text, language="eng")])
    counts = clean_corpus(corpus, out=tmp_path / "out", join_hyphens=True, engine=ALONE)
    document = next(read_documents(tmp_path / "out"))
    assert document.text == f"{ENGLISH}\n\nThe example."
    assert document.meta["lines_removed"] == {"digitisation": 1, "page number": 1}
    assert document.language == "eng", "what is known already stays"
    assert counts["lines_page_number"] == counts["lines_digitisation"] == counts["hyphens_joined"] == 1
    clean_corpus(corpus, out=tmp_path / "as-is", boilerplate=False, engine=ALONE)
    assert next(read_documents(tmp_path / "as-is")).text == text


def test_same_bytes_for_any_number_of_workers(make_parts, tmp_path):
    draw = random.Random(0)
    documents = [
        Document(id=str(number), text=" ".join(draw.sample(ENGLISH.split(), 30)) + f"\n\n{number}")
        for number in range(40)
    ]
    corpus = make_parts(documents)
    for workers in (1, 2):
        clean_corpus(corpus, out=tmp_path / f"out{workers}", ocr_words=5, engine=Engine(workers=workers))
    assert digest_tree(tmp_path / "out1") == digest_tree(tmp_path / "out2")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"min_ocr_score": 90}, "--min-ocr-score 90"),
        ({"min_words": 9, "max_words": 3}, "--max-words 3"),
        ({"min_words": 900}, 'dropped for "too short"'),
    ],
)
def test_limits_that_cannot_be_met(make_corpus, tmp_path, flags, message):
    with pytest.raises(UserError, match=message):
        clean_corpus(make_corpus([Document(id="a", text=ENGLISH)]), out=tmp_path / "out", engine=ALONE, **flags)
