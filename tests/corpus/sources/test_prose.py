from chronolect.corpus.sources.prose import (
    Block,
    drop_page_numbers,
    is_wrapped,
    join_lines,
    single_spaced,
    to_blocks,
    to_text,
    vocabulary,
)

PROSE = """\
The carrier came over the hill with his lamp unlit, for the moon was
bright enough that night to show every stone of the road, and he had
driven it so many times that the horse needed neither rein nor voice
to find the turning by the mill."""

VERSE = """\
The wind is in the barley now,
The rain is on the hill,
And nobody will mend the plough
That stands beside the mill."""


def test_prose_is_unwrapped_and_verse_is_not():
    text = to_text(
        to_blocks(f"{PROSE}\n\n{VERSE}\n\n    An indented line\n    and another one,\n    stay as they are.")
    )
    prose, verse, indented = text.split("\n\n")
    assert prose == PROSE.replace("\n", " ")
    assert verse == VERSE
    assert indented.count("\n") == 2


def test_a_book_of_pentameter_keeps_its_lines():
    line = "And slowly all the evening bells went down\n"
    assert to_text(to_blocks("\n".join(line * 4 for _ in range(30)))).count("\n") > 100


def test_first_line_indents_begin_paragraphs_and_verse_inside_prose_stays():
    second = "   He said nothing to the boy who sat beside him in the cart, for there\nwas nothing left to be said between them."
    text = f"{PROSE}\n{second}"
    assert to_text(to_blocks(text)).split("\n\n")[1].startswith("He said nothing")
    mixed = f"{PROSE}\n      So sang the miller,\n      So sang his wife,\n{PROSE}"
    assert to_text(to_blocks(mixed)).split("\n\n")[1] == "      So sang the miller,\n      So sang his wife,"


def test_no_unwrapping_on_request():
    assert to_text(to_blocks(PROSE), unwrap=False) == PROSE


def test_hyphens_and_dashes_at_line_ends():
    assert join_lines(["a well-", "known man"]) == "a well-known man"
    assert join_lines(["he came--", "and went"]) == "he came--and went"
    known = vocabulary(to_blocks("complete words and a well-known man stand whole here"))
    assert (
        join_lines(["the com-", "plete story of a well-", "known man, pub¬", "lished"], known)
        == "the complete story of a well-known man, published"
    )


def test_short_blocks_are_not_wrapped():
    assert not is_wrapped(["CHAPTER I", "The Mill"], 70)
    assert not is_wrapped(["One line only"], 70)


def page(number, text):
    return f"{text}\n\n\n{number}\n\n\n"


def test_page_numbers_go_and_the_sentences_they_cut_are_whole():
    pages = "".join(page(n, "The story ran on and on through the whole of the night and it") for n in range(11, 31))
    text = to_text(drop_page_numbers(to_blocks(pages.replace("The story", "the story"))))
    assert not any(character.isdigit() for character in text)
    assert "\n" not in text


def test_chapter_numbers_stay():
    chapters = "".join(page(n, "It was over, and everybody went home.") for n in range(1, 13))
    text = to_text(drop_page_numbers(to_blocks(chapters)))
    assert text.count("\n\n") == 23
    assert "\n\n12" in text


def test_running_heads_go():
    pages = (
        "".join(f"the tale went on {n}.\n\n{n} THE OLD MILL\n\n" for n in range(10, 20))
        + "THE OLD MILL\n\nand ended.\n\nOTHER WORDS"
    )
    text = to_text(drop_page_numbers(to_blocks(pages)))
    assert "OLD MILL" not in text
    assert "OTHER WORDS" in text
    assert text.count("the tale went on") == 10


def test_double_spaced_scans():
    lines = [f"a line of the book that goes on without an end number {n} and so" for n in range(20)]
    text = "\n\n".join(lines[:10]) + "\n\n\n\n" + "\n\n".join(lines[10:])
    assert [len(block.lines) for block in single_spaced(to_blocks(text))] == [10, 10]
    paragraphs = to_blocks("\n\n".join(f"A paragraph on one line, which ends here, number {n}." for n in range(20)))
    assert single_spaced(paragraphs) == paragraphs


def test_blocks():
    assert to_blocks("a\nb\n\n\n\nc\f\nd") == [Block(["a", "b"], 0), Block(["c"], 3), Block(["d"], 2)]
    assert to_blocks("  \n\n") == []
