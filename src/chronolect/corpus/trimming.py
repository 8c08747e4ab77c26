"""Cutting a document down to the passages that speak of the time before a cutoff."""

from dataclasses import replace
from typing import Literal

from chronolect.corpus.dating.expressions.passages import Passage, date_passages, join_passages
from chronolect.corpus.document import Document
from chronolect.timeline import Cutoff, Span, Verdict

UndatedPassages = Literal["context", "keep", "drop"]


def trim(
    document: Document, cutoff: Cutoff, undated: UndatedPassages, *, alone: bool = False
) -> tuple[Document | None, Document | None, int]:
    """The part of a document from before the cutoff, the part that is not, and the number of passages in the latter.

    A passage that names a time past the cutoff, or one that may be (a straddling range), goes. One without a date stays or goes as `undated`
    says; "context" gives it the fate of the dated passage before it in the same section, else of the next one there; in a section without any
    date it stays only if `alone` says so.

    Either part is `None` where it is empty.
    """
    anchor = document.written if document.written.is_known else None
    passages = date_passages(document.text, anchor)
    kept = _choose(document.text, passages, cutoff, undated, alone)
    late = [passage for passage, stays in zip(passages, kept, strict=True) if not stays]
    if not late:
        return replace(document, about=_until(document.about, cutoff)), None, 0
    staying = [passage for passage, stays in zip(passages, kept, strict=True) if stays]
    return _part(document, staying, cutoff), _part(document, late, None), len(late)


def _choose(text: str, passages: list[Passage], cutoff: Cutoff, undated: UndatedPassages, alone: bool) -> list[bool]:
    verdicts = [cutoff.judge(passage.span) for passage in passages]
    stays = [None if verdict is Verdict.UNDATED else verdict is Verdict.BEFORE for verdict in verdicts]
    if undated != "context":
        return [undated == "keep" if one is None else one for one in stays]
    heads = [i for i, passage in enumerate(passages) if i == 0 or text.startswith("#", passage.start)]
    kept: list[bool] = []
    for start, end in zip(heads, [*heads[1:], len(passages)], strict=True):
        before = next((one for one in stays[start:end] if one is not None), alone)
        for one in stays[start:end]:
            before = before if one is None else one
            kept.append(before)
    return kept


def _part(document: Document, passages: list[Passage], cutoff: Cutoff | None) -> Document | None:
    """The document with these passages only; its `about` ends with the cutoff, for nothing later is left in it."""
    if not passages:
        return None
    text = join_passages(document.text, [(passage.start, passage.end) for passage in passages])
    about = _until(document.about, cutoff) if cutoff is not None else document.about
    return replace(document, text=text, about=about, meta=document.meta | {"passages": len(passages)})


def _until(span: Span, cutoff: Cutoff) -> Span:
    """A span without what lies past the cutoff."""
    return span if cutoff.judge(span) is Verdict.BEFORE else span.intersect(Span(None, cutoff.day)) or span
