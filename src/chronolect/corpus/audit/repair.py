"""Taking what an audit found out of a corpus: passages out of documents, or whole documents."""

from collections.abc import Sequence
from dataclasses import replace

from chronolect.corpus.audit.matcher import Hit
from chronolect.corpus.dating.expressions.passages import join_passages, split_passages
from chronolect.corpus.document import Document


def cut(document: Document, hits: Sequence[Hit]) -> tuple[Document | None, Document, int]:
    """The document without the passages that hold a finding, those passages, and their number.

    The first is `None` if nothing is left. `hits` are in order of place and not empty.
    """
    kept: list[tuple[int, int]] = []
    cut_out: list[tuple[int, int]] = []
    place = 0
    for start, end in split_passages(document.text):
        while place < len(hits) and hits[place].end <= start:
            place += 1
        (cut_out if place < len(hits) and hits[place].start < end else kept).append((start, end))
    text = join_passages(document.text, kept)
    meta = document.meta | {"passages_dropped": len(cut_out)}
    left = replace(document, text=text, meta=meta) if text.strip() else None
    return left, replace(document, text=join_passages(document.text, cut_out)), len(cut_out)
