import random

import pytest

from chronolect.corpus.quality.ocr import ocr_score, words_of

TEXT = """
The house stood at the end of the lane, and for many years nobody had lived there who could remember its first owner.
"It was my grandfather's," said Mrs. McGregor in 1848, "but he never saw the 3rd floor finished, which is a pity."
When the spring came, we opened the windows again; I myself carried a desk of oak into the room over the kitchen, from
where one could see the strength of the river and the ships upon it. On the 21st of May, Dr. O'Brien wrote to St. Ives,
asking whether the rhythm of the psalm was known to them, and he enclosed £5 for the schools of the parish.
"""
# Letters as poor scans confuse them.
CONFUSED = {
    "h": "b",
    "e": "c",
    "m": "rn",
    "n": "u",
    "l": "1",
    "i": "l",
    "o": "0",
    "s": "f",
    "a": "n",
    "d": "cl",
    "w": "vv",
}


def spoilt(text: str, share: float) -> tuple[str, float]:
    """The text with misread letters, and the share of words that are still right."""
    draw = random.Random(0)
    worse = "".join(CONFUSED.get(c, c) if draw.random() < share else c for c in text)
    pairs = list(zip(text.split(), worse.split(), strict=True))
    return worse, sum(a == b for a, b in pairs) / len(pairs)


def test_good_text_scores_one():
    assert ocr_score(TEXT) == 1.0


def test_score_falls_with_the_share_of_words_read_rightly():
    text = TEXT * 10
    found = [(right, ocr_score(worse)) for worse, right in (spoilt(text, share) for share in (0.01, 0.03, 0.1, 0.3))]
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(right - 0.02 <= score < 1 for right, score in found), "shapes alone find a part of the errors"
    assert found[-1][1] < 0.7


def test_words_that_other_documents_have_make_it_sharper():
    known = frozenset(words_of(TEXT))
    assert ocr_score(TEXT, known) == 1.0
    worse, right = spoilt(TEXT * 10, 0.1)
    assert abs(ocr_score(worse, known) - right) < 0.06


@pytest.mark.parametrize("word", ["tbe", "aud", "wbich", "fhould", "w0rld", "lnto1", "heII", "bcdfg", "hooot tttt"])
def test_misread_words(word):
    assert ocr_score(f"{TEXT} {word}") < 1


@pytest.mark.parametrize(
    "word", ["xviii", "sphere", "tsar", "Mcdonald", "BBC", "1840s", "4th", "queue", "e4", "Nf3", "hymn"]
)
def test_odd_words_that_are_right(word):
    assert ocr_score(f"{TEXT} {word}") == 1.0


def test_short_texts_are_not_judged():
    assert ocr_score("tbe aud") is None


def test_stray_symbols_and_broken_words_count():
    assert ocr_score(TEXT + " | ~ ^ \\ {") < 0.99
    assert ocr_score(TEXT + " the win-\ndows of the cham-\nber") < 0.99
