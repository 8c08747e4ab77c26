"""Which documents of a corpus questions are asked about: those that lie on one side of the cutoff, drawn by lot."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from chronolect.corpus.document import Document
from chronolect.finetuning.records import Side
from chronolect.timeline import Cutoff, Verdict

By = Literal["about", "written", "both"]
Neither = Literal["straddles the cutoff", "undated"]
MIN_CHARACTERS = 100

T = TypeVar("T")


@dataclass(order=True)
class _Drawn(Generic[T]):
    lot: int
    made: T = field(compare=False)


def side_of(document: Document, cutoff: Cutoff, by: By) -> Side | Neither:
    """Which side of the cutoff a document is on; if on neither, why."""
    spans = {"about": [document.about], "written": [document.written], "both": [document.about, document.written]}[by]
    verdicts = {cutoff.judge(span) for span in spans}
    if verdicts == {Verdict.BEFORE}:
        return "retain"
    if verdicts == {Verdict.AFTER}:
        return "unlearn"
    return "undated" if Verdict.UNDATED in verdicts else "straddles the cutoff"


def family_of(document: Document) -> str:
    """What its questions are grouped by: its title, so that chunks and copies of an article stay together, or else its id."""
    return document.title.casefold().strip() or str(document.meta.get("chunk_of") or document.id)


def draw_articles(
    documents: Iterable[Document],
    make: Callable[[Document, Side], T | None],
    *,
    cutoff: Cutoff,
    by: By,
    wanted: Mapping[Side, int],
    seed: int,
    left_out: Counter[str],
) -> dict[Side, list[T]]:
    """What `make` makes of the wanted number of documents of each side, in the order of their lots.

    Only what was made is held, and of no more documents than are wanted; those on neither side, and short ones, are counted in `left_out`.
    """
    drawn: dict[Side, list[_Drawn[T]]] = {"retain": [], "unlearn": []}
    for document in documents:
        if len(document.text) < MIN_CHARACTERS:
            left_out["short text"] += 1
            continue
        side = side_of(document, cutoff, by)
        if side == "undated" or side == "straddles the cutoff":
            left_out[side] += 1
            continue
        key = hashlib.blake2b(f"{seed} {document.id}".encode(), digest_size=8).digest()
        lot = -int.from_bytes(key, "big")  # the heap's first, the smallest, is the first to give way
        heap = drawn[side]
        full = len(heap) >= wanted[side]
        if full and (not heap or lot <= heap[0].lot):
            left_out["not drawn"] += 1
            continue
        made = make(document, side)
        if made is None:
            left_out["nothing to ask"] += 1
        elif full:
            left_out["not drawn"] += 1
            heapq.heapreplace(heap, _Drawn(lot, made))
        else:
            heapq.heappush(heap, _Drawn(lot, made))
    return {side: [one.made for one in sorted(heap, reverse=True)] for side, heap in drawn.items()}
