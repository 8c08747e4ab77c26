import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chronolect.corpus.quality import words as module
from chronolect.corpus.quality.words import ngram_hashes, word_hashes


def plain_words(text: str) -> list[str]:
    """What a word is, said plainly."""
    return "".join(c.lower() if c.isalnum() else " " for c in text).split()


@given(st.lists(st.text(alphabet="abAB19 .,'éÉß日\n", max_size=40), min_size=1, max_size=6))
def test_words_are_runs_of_letters_and_digits_in_any_case(texts):
    hashes, offsets = word_hashes(texts)
    expected = [plain_words(text) for text in texts]
    assert np.diff(offsets).tolist() == [len(own) for own in expected]
    flat = [word for own in expected for word in own]
    by_word = dict(zip(flat, hashes.tolist(), strict=True))
    assert [by_word[word] for word in flat] == hashes.tolist(), "the same word has one hash wherever it stands"
    assert len(set(by_word.values())) == len(by_word), "different words have different ones"


def test_a_word_across_a_block_border_hashes_as_anywhere(monkeypatch):
    alone = word_hashes(["remarkable"])[0]
    for shift in range(12):
        filler = "x" * (module._BLOCK - shift - 1)
        assert word_hashes([f"{filler} remarkable"])[0][1] == alone[0]


def test_ngrams_know_order_and_length():
    one, other = word_hashes(["the old ship", "ship old the"])[0].reshape(2, 3)
    assert len(ngram_hashes(one, 2)) == 2
    assert set(ngram_hashes(one, 2)).isdisjoint(ngram_hashes(other, 2))
    assert len(ngram_hashes(one, 5)) == 1, "a short text is one n-gram"
    assert len(ngram_hashes(one[:0], 5)) == 0
