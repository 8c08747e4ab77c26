"""Megabytes a second on one core: the audit, and each part of it, on one text collection in one process.

    python benchmarks/audit_speed.py CORPUS [--cutoff 1900-12-31] [--ngrams 100000]

Processor time (of this process, so that other work on the machine counts little), the best of `--repeats`; MB are 10^6 bytes of UTF-8.
"whole command" is `corpus audit` with one worker: it reads Parquet, writes the findings and adds up the report. `--ngrams N` adds N made-up
n-grams to the matcher. For comparison: a pattern of all terms joined by `|`, as `re` has it, on a piece of 1 MB.
"""

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chronolect.corpus.audit.command import audit_corpus, count_words
from chronolect.corpus.audit.findings import find_hits
from chronolect.corpus.audit.lexicon import forms, load_terms
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Matcher, flatten
from chronolect.corpus.dating.expressions import find_expressions
from chronolect.corpus.document import Document, read_documents
from chronolect.corpus.engine import Engine
from chronolect.timeline import Cutoff
from chronolect.timeline.calendar import year_of


def best(work: Callable[[], Any], repeats: int) -> float:
    """Least seconds of processor time of several runs."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def made_up(documents: list[Document], number: int) -> list[str]:
    """Pairs of words of the texts, the letters of the second turned round: they look like n-grams and are hardly there."""
    draw = random.Random(0)
    words = sorted({word for document in documents[:20] for word in re.findall(r"[a-z]{4,}", document.text)})
    return [f"{draw.choice(words)} {draw.choice(words)[::-1]}" for _ in range(number)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--cutoff", default="1900-12-31")
    parser.add_argument("--ngrams", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    cutoff = Cutoff.parse(options.cutoff)
    documents = list(read_documents(options.corpus))
    size = sum(len(document.text.encode()) for document in documents) / 1e6
    terms, marks, limit = load_terms(), load_marks(), year_of(cutoff.day)
    matcher = Matcher(terms, marks, made_up(documents, options.ngrams), limit)
    start = time.process_time()
    list(matcher(""))
    print(f"{size:.1f} MB in {len(documents)} documents; the matcher was made in {time.process_time() - start:.2f} s")

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            audit_corpus(options.corpus, out=Path(folder) / "audit", cutoff=options.cutoff, engine=Engine(workers=1))

    def each(work: Callable[[Document], Any]) -> Callable[[], None]:
        return lambda: [work(document) for document in documents] and None

    parts: dict[str, Callable[[], Any]] = {
        "words, marks, n-grams": each(lambda d: list(matcher(flatten(d.text)))),
        "dates": each(lambda d: find_expressions(d.text, d.written if d.written.is_known else None)),
        "count of words": each(lambda d: count_words(d.text)),
        "all findings": each(lambda d: find_hits(d.text, matcher, cutoff, anchor=None, future_years=60)),
        "whole command": whole,
    }
    for name, work in parts.items():
        print(f"{name:<24} {size / best(work, options.repeats):>8.1f} MB/s")
    late = sorted({re.escape(form) for term in terms if term.year > limit for form in forms(term)}, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(late)})\b", re.IGNORECASE)
    piece = documents[0].text[:1_000_000]
    print(
        f"{'one pattern of all terms':<24} {len(piece.encode()) / 1e6 / best(lambda: pattern.findall(piece), 1):>8.2f} MB/s"
    )


if __name__ == "__main__":
    main()
