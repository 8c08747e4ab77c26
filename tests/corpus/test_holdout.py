import pytest
from tests.corpus.conftest import yearly_documents

from chronolect.corpus import read_documents
from chronolect.corpus.holdout import HeldOut, hold_out, text_key
from chronolect.corpus.packing import pack_corpus
from chronolect.errors import UserError


def test_the_share_is_about_right():
    texts = [f"text {i}" for i in range(5_000)]
    assert 0.08 < sum(map(HeldOut(0.1), texts)) / len(texts) < 0.12


def test_a_larger_share_holds_the_smaller_one():
    texts = [f"text {i}" for i in range(500)]
    small, large = ({text for text in texts if HeldOut(ratio)(text)} for ratio in (0.1, 0.2))
    assert small < large


def test_case_and_spacing_do_not_matter():
    assert text_key("A  b\n") == text_key(" a B") != text_key("ab")


def test_agrees_with_packing(make_corpus, tokenizer, tmp_path):
    corpus = make_corpus(documents := yearly_documents(1900, 1949))
    counts = hold_out(corpus, out=tmp_path / "held", val_ratio=0.2, seed=3)
    packed = pack_corpus(corpus, out=tmp_path / "packed", tokenizer=tokenizer, val_ratio=0.2, seed=3)
    assert counts == {"held_out": packed["splits"]["val"]["documents"], "documents": len(documents)}
    held = list(read_documents(tmp_path / "held"))
    assert held == [document for document in documents if HeldOut(0.2, 3)(document.text)]


def test_wrong_input(make_corpus, tmp_path):
    corpus = make_corpus(yearly_documents(1900, 1900))
    with pytest.raises(UserError, match="holds out none of 3"):
        hold_out(corpus, out=tmp_path / "held", val_ratio=1e-9)
    with pytest.raises(UserError, match="--val-ratio 0"):
        HeldOut(0)
