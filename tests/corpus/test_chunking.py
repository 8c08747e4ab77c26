from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chronolect.corpus import Document, read_documents
from chronolect.corpus.chunking import Splitter, chunk_corpus
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.engine import Engine
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span

ALONE = Engine(workers=1)
# Text with all that borders are made of, and some that tokenizers stumble over.
texts = st.lists(
    st.sampled_from(
        [
            "The ship",
            "sailed",
            "north",
            ". ",
            "? ",
            ", ",
            " ",
            "\n",
            "\n\n",
            "\n \n",
            "Dr. ",
            "war",
            "é",
            "日本語",
            "🙂",
            "\t",
            "x" * 30,
            "\u2028",
        ]
    )
    | st.text(max_size=5),
    max_size=120,
).map("".join)
methods = st.sampled_from(["paragraph", "sentence", "window"])


def covered(text, pieces):
    """The pieces are in order and only white space lies between them."""
    end = 0
    for start, last in pieces:
        assert start < last
        assert text[end:start].strip() == ""
        assert text[start:last].strip() == text[start:last]
        end = last
    assert text[end:].strip() == ""


@given(texts, st.integers(16, 60), st.sampled_from(["chars", "words"]), methods)
def test_pieces_give_back_the_text_and_fit(text, size, unit, method):
    splitter = Splitter(size, unit, method=method)
    pieces = splitter(text)
    covered(text, pieces)
    assert all(count <= size for count in splitter.count([text[start:end] for start, end in pieces]))


@given(texts, st.integers(16, 40), methods, st.integers(0, 8))
@example("0𐀀0𐀀000\x80\x80\x80\r0", 19, "paragraph", 0)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_tokens_fit_as_the_tokenizer_counts_them(tokenizer, text, size, method, overlap):
    splitter = Splitter(size, "tokens", overlap, method, tokenizer)
    pieces = splitter(text)
    counts = [len(ids) for ids in Encoder(tokenizer).encode([text[start:end] for start, end in pieces])]
    assert all(count <= size for count in counts)
    if not overlap:
        covered(text, pieces)


@given(texts, st.integers(24, 60), methods)
@example("The shipThe shipThe shipsailed. sailed", 25, "window")
def test_overlap_repeats_whole_words_within_its_limit(text, size, method):
    splitter = Splitter(size, "chars", size // 3, method)
    pieces = splitter(text)
    assert all(end - start <= size for start, end in pieces)
    for (_, end), (start, after) in pairwise(pieces):
        assert after > end, "each piece goes on"
        assert end - start <= size // 3
        assert not text[end:start].strip(), "nothing is left out between them"
        assert start == 0 or start >= end or text[start - 1].isspace(), "an overlap begins at a word"


def test_borders_in_order_of_worth():
    text = "One two three.\n\nFour five. Six seven eight nine ten.\n\nEleven twelve."
    pieces = [text[start:end] for start, end in Splitter(30, "chars")(text)]
    assert pieces == ["One two three.\n\nFour five.", "Six seven eight nine ten.", "Eleven twelve."]
    whole = [text[start:end] for start, end in Splitter(40, "chars")(text)]
    assert whole == ["One two three.", "Four five. Six seven eight nine ten.", "Eleven twelve."]


def test_heading_stays_with_its_paragraph():
    text = f"{'a ' * 10}end.\n\nThe Voyage\n\n{'b ' * 10}end."
    pieces = [text[start:end] for start, end in Splitter(40, "chars")(text)]
    assert pieces[1].startswith("The Voyage\n\nb")


def test_short_tail_is_evened_out():
    text = " ".join(f"Word{i:02d} is here." for i in range(11))
    sizes = [end - start for start, end in Splitter(160, "chars", method="sentence")(text)]
    assert len(sizes) == 2
    assert min(sizes) > 60


def test_word_longer_than_the_size_is_cut():
    assert Splitter(16, "chars")("x" * 40) == [(0, 16), (16, 32), (32, 40)]


def test_long_text_is_cut_in_sections(tokenizer):
    text = "\n\n".join("The ship sailed north with letters from home." for _ in range(16_000))
    splitter = Splitter(256, "words")
    pieces = splitter(text)
    covered(text, pieces)
    assert len(pieces) < 1.1 * len(text.split()) / 248


def test_chunks_carry_dates_evidence_and_place(make_corpus, tmp_path):
    evidence = (Evidence("written", Span.year(1850), "catalogue"), Evidence("about", Span.year(1700, 1850), "wikidata"))
    text = "The old house stood for long.\n\nIn 1805 the fleet sailed to the cape.\n\nNothing is known of the rest."
    document = Document(
        id="b:1",
        text=text,
        source="books",
        written=Span.year(1850),
        about=Span.year(1700, 1850),
        evidence=evidence,
        meta={"volume": 2},
    )
    corpus = make_corpus([document, Document(id="empty", text=" \n ")])
    counts = chunk_corpus(corpus, out=tmp_path / "plain", size=42, unit="chars", engine=ALONE)
    assert counts == {"documents": 3, "dropped": 1, "dropped_by": {"no text": 1}, "sources": 1, "problems": {}}
    first, second, third = read_documents(tmp_path / "plain")
    assert [chunk.id for chunk in (first, second, third)] == ["b:1#0000", "b:1#0001", "b:1#0002"]
    assert text[second.meta["start"] : second.meta["end"]] == second.text
    assert second.meta["chunk_of"] == "b:1"
    assert second.meta["volume"] == 2
    assert (second.written, second.about, second.evidence) == (document.written, document.about, evidence)
    counts = chunk_corpus(corpus, out=tmp_path / "dated", size=42, unit="chars", date_passages=True, engine=ALONE)
    assert counts["redated"] == 1
    first, second, third = read_documents(tmp_path / "dated")
    assert second.about == Span.year(1805)
    assert [(piece.kind, piece.quote) for piece in second.evidence] == [("catalogue", ""), ("expression", "1805")]
    assert first.about == third.about == document.about


def test_short_chunks_can_be_dropped(make_corpus, tmp_path):
    corpus = make_corpus([Document(id="a", text="Too short."), Document(id="b", text="x " * 200)])
    counts = chunk_corpus(corpus, out=tmp_path / "out", size=100, unit="chars", min_size=20, engine=ALONE)
    assert counts["dropped_by"] == {"short chunk": 1}
    assert {chunk.meta["chunk_of"] for chunk in read_documents(tmp_path / "out")} == {"b"}
    assert [chunk.id for chunk in read_documents(tmp_path / "out" / "dropped")] == ["a#0000"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"size": 5, "unit": "chars"}, "--size 5"),
        ({"size": 100, "unit": "chars", "overlap": 80}, "--overlap 80"),
        ({"unit": "tokens"}, "--tokenizer"),
    ],
)
def test_sizes_that_cannot_be(make_corpus, tmp_path, flags, message):
    with pytest.raises(UserError, match=message):
        chunk_corpus(make_corpus([Document(id="a", text="Text.")]), out=tmp_path / "out", **flags)
