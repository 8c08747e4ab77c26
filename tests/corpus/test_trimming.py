"""Cutting a text down to what speaks of the time before a cutoff."""

import pytest

from chronolect.corpus import Document
from chronolect.corpus.trimming import trim
from chronolect.timeline import Cutoff, Span

CUTOFF = Cutoff.parse("1969-07-20")
ARTICLE = """Anna Berg (12 May 1901 – 3 March 1990) was an engineer.

## Early life

She was born in Bergen on 12 May 1901.

Her father built boats.

## Career

- In 1931 she joined the railway.
- In 1975 she retired.

Friends remember her garden.

## Legacy

A street bears her name.

A museum opened in 1995."""


def document(text: str = ARTICLE) -> Document:
    return Document("1", text, written=Span.parse("2001/2024"), about=Span.parse("1901-05-12/1990-03-03"))


def test_context_decides_about_passages_without_a_date() -> None:
    kept, late, dropped = trim(document(), CUTOFF, "context")
    assert kept is not None
    assert late is not None
    assert "born in Bergen" in kept.text
    assert "Her father built boats." in kept.text  # after one of 1901
    assert "railway" in kept.text
    assert "## Early life" in kept.text
    for later in ("retired", "garden", "street", "museum", "1990"):
        assert later not in kept.text
        assert later in late.text
    assert dropped == 5
    assert CUTOFF.judge(kept.about).value == "before"
    assert kept.about.earliest == Span.parse("1901-05-12").earliest


def test_undated_passages_kept_or_dropped() -> None:
    kept, _, _ = trim(document(), CUTOFF, "keep")
    assert kept is not None
    assert "street" in kept.text
    assert "museum" not in kept.text
    kept, _, _ = trim(document(), CUTOFF, "drop")
    assert kept is not None
    assert "boats" not in kept.text


def test_nothing_or_everything() -> None:
    whole = document("In 1931 she joined.\n\nIn 1940 she left.")
    kept, late, dropped = trim(whole, CUTOFF, "context")
    assert kept is not None
    assert (kept.text, late, dropped) == (whole.text, None, 0)
    assert CUTOFF.judge(kept.about).value == "before"  # nothing later is said
    kept, late, dropped = trim(document("In 1975 she retired."), CUTOFF, "context")
    assert (kept, dropped) == (None, 1)
    assert late is not None


@pytest.mark.parametrize("undated", ["context", "keep", "drop"])
def test_sentences_of_a_long_paragraph(undated) -> None:
    early = "In 1931 she joined the railway and rode on every line of the north, which pleased her. " * 10
    text = f"{early}In 1975 she retired.\n\nIn 1940 she wrote a book."
    kept, late, dropped = trim(document(text), CUTOFF, undated)
    assert kept is not None
    assert late is not None
    assert kept.text == f"{early.rstrip()}\n\nIn 1940 she wrote a book."
    assert (late.text, dropped) == ("In 1975 she retired.", 1)
