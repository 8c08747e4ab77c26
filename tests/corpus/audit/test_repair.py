from chronolect.corpus import Document
from chronolect.corpus.audit.matcher import Hit
from chronolect.corpus.audit.repair import cut

TEXT = """# The Mill

The mill stood by the water and turned all day for the people of the valley.

# The Road

The road was mended with the help of radar, said a later hand in the margin.

It went on to the town."""


def hit(text, word):
    start = text.index(word)
    return Hit(start, start + len(word), "word", word, 1940)


def test_a_passage_goes_with_its_heading_and_the_rest_stays():
    kept, gone, number = cut(Document(id="a", text=TEXT, meta={"n": 1}), [hit(TEXT, "radar")])
    assert kept.text == TEXT[: TEXT.index("# The Road")] + "It went on to the town."
    assert kept.meta == {"n": 1, "passages_dropped": 1}
    assert gone.text == TEXT[TEXT.index("# The Road") : TEXT.index("It went")].rstrip()
    assert number == 1


def test_several_findings_in_one_passage_are_one_passage():
    kept, _, number = cut(Document(id="a", text=TEXT), [hit(TEXT, "mended"), hit(TEXT, "radar"), hit(TEXT, "town")])
    assert number == 2
    assert kept.text.endswith("people of the valley.")


def test_a_sentence_of_a_long_paragraph_goes_alone():
    sentences = [f"Sentence number {n} says something about the valley and its mill." for n in range(20)]
    sentences[19] = "The last one tells of radar."
    text = " ".join(sentences) + "\n\nAnother paragraph."
    kept, gone, _ = cut(Document(id="a", text=text), [hit(text, "radar")])
    assert gone.text == sentences[19]
    assert kept.text == " ".join(sentences[:19]) + "\n\nAnother paragraph."


def test_nothing_left():
    kept, gone, number = cut(Document(id="a", text="All radar."), [hit("All radar.", "radar")])
    assert (kept, gone.text, number) == (None, "All radar.", 1)
