"""How much of what leaks into old text the audit finds, and how often it cries wolf.

    python benchmarks/audit_quality.py ../shared/data            # the data of tests/reference
    python benchmarks/audit_quality.py ../shared/data --ngrams   # also with n-grams learned from later text

The planted sentences of tests/data/audit (each with something later than 1900) are put between sentences of ELTeC novels and of State of the
Union addresses, all from before 1901, and the whole texts are audited. A plant is found if some finding lies in it. False alarms are the
findings in the same texts without plants. Shares have Wilson intervals, rates exact Poisson intervals, both of 95 %. Of the half called test
only figures are shown.
"""

import argparse
import json
import random
import re
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from chronolect.corpus.audit.command import count_words
from chronolect.corpus.audit.findings import KINDS, find_hits
from chronolect.corpus.audit.lexicon import load_terms
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Hit, Matcher
from chronolect.corpus.audit.ngrams import learn_ngrams, load_ngrams
from chronolect.corpus.audit.report import poisson_rate
from chronolect.corpus.document import CorpusWriter, Document, read_documents
from chronolect.corpus.sources.tei import import_tei
from chronolect.statistics import wilson
from chronolect.timeline import Cutoff, Span

PLANTS = Path(__file__).parents[1] / "tests" / "data" / "audit" / "plants.jsonl"
CUTOFF = Cutoff.parse("1900-12-31")
_SENTENCE_END = re.compile(r"(?<=[a-z]{2}[.!?])[\"”’']*\s+(?=[\"“‘A-Z])")


def clean_documents(data: Path, scratch: Path) -> list[Document]:
    """The novels and addresses that were published by the cutoff."""
    import_tei(data / "eltec-eng", out=scratch / "eltec", metadata=data / "eltec-eng" / "ELTeC-eng_metadata.tsv")
    novels = [replace(document, source="novels") for document in read_documents(scratch / "eltec")]
    return [d for d in novels if d.written.latest is not None and d.written.latest <= CUTOFF.day] + [
        document for document in addresses(data) if CUTOFF.day >= (document.written.latest or 0)
    ]


def addresses(data: Path) -> list[Document]:
    """All addresses, in order of their years."""
    rows = [
        (path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted((data / "sotu").glob("*.json"))
    ]
    return [
        Document(id=name, text=row["text"], source="addresses", written=Span.year(int(row["year"])))
        for name, row in rows
    ]


def modern_pages(data: Path) -> list[Document]:
    """The articles of WikiText-2 (valid and test)."""
    text = "".join((data / "wikitext-2" / f"{name}.txt").read_text(encoding="utf-8") for name in ("valid", "test"))
    text = re.sub(r" @(.)@ ", r"\1", text)  # its words are parted from their marks
    text = re.sub(r" ('[a-z])|(?<=[(\"]) | (?=[.,;:!?)])", r"\1", text)
    pieces = re.split(r"(?m)^ = [^=].*[^=] = $", text)
    return [Document(id=f"wikitext-{n}", text=piece.strip()) for n, piece in enumerate(pieces) if piece.strip()]


def load_plants() -> list[dict[str, Any]]:
    """The planted sentences."""
    return [json.loads(line) for line in PLANTS.read_text(encoding="utf-8").splitlines()]


def plant(
    documents: list[Document], plants: list[dict[str, Any]], seed: int = 0
) -> list[tuple[Document, list[tuple[int, int, dict[str, Any]]]]]:
    """Each document with its plants put in: its new text, and where each plant stands in it (start, end, plant)."""
    draw = random.Random(seed)
    shared: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in plants:
        shared[draw.randrange(len(documents))].append(one)
    planted = []
    for number, mine in sorted(shared.items()):
        text = documents[number].text
        ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        places = sorted(draw.sample(ends, len(mine)))
        pieces, spots, last, size = [], [], 0, 0
        for place, one in zip(places, mine, strict=True):
            pieces += [text[last:place], one["sentence"], " "]
            start = size + place - last
            spots.append((start, start + len(one["sentence"]), one))
            size, last = start + len(one["sentence"]) + 1, place
        planted.append((replace(documents[number], text="".join([*pieces, text[last:]])), spots))
    return planted


def audit(document: Document, matcher: Matcher) -> list[Hit]:
    """What the command would find in a document."""
    return find_hits(document.text, matcher, CUTOFF, anchor=document.written, future_years=60)


def found_plants(documents: list[Document], matcher: Matcher) -> list[tuple[dict[str, Any], set[str]]]:
    """Each plant with the kinds of findings that lie in it."""
    result = []
    for document, spots in plant(documents, load_plants()):
        hits = audit(document, matcher)
        for start, end, one in spots:
            result.append((one, {hit.kind for hit in hits if hit.start < end and hit.end > start}))
    return result


def false_alarms(documents: list[Document], matcher: Matcher) -> tuple[int, list[tuple[Document, Hit]]]:
    """Words looked through, and the findings in clean documents."""
    words = sum(count_words(document.text) for document in documents)
    return words, [(document, hit) for document in documents for hit in audit(document, matcher)]


def learned(data: Path, documents: list[Document], scratch: Path) -> tuple[str, ...]:
    """N-grams of later addresses and encyclopedia articles that a half of the clean documents never has; audited is the other half."""
    for name, chosen in (
        ("before", documents[::2]),
        ("after", [d for d in addresses(data) if CUTOFF.day < (d.written.earliest or 0)] + modern_pages(data)),
    ):
        with CorpusWriter(scratch / name) as writer:
            for document in chosen:
                writer.write(document)
    print("n-grams:", learn_ngrams(scratch / "before", scratch / "after", out=scratch / "ngrams"))
    return load_ngrams(scratch / "ngrams")


def _share(rows: list[tuple[dict[str, Any], set[str]]]) -> str:
    share = wilson(sum(bool(kinds) for _, kinds in rows), len(rows))
    assert share.rate is not None
    return f"{share.successes:>4} of {share.n:<4} {share.rate:.3f}  ({share.low:.3f} to {share.high:.3f})"


def report_plants(documents: list[Document], matcher: Matcher) -> None:
    """Print shares found, and what is missed of dev."""
    rows = found_plants(documents, matcher)
    print("\nfound")
    for name, chosen in (
        ("all", rows),
        *((split, [row for row in rows if row[0]["split"] == split]) for split in ("dev", "test")),
    ):
        print(f"  {name:<14} {_share(chosen)}")
    for kind in sorted({one["kind"] for one, _ in rows}):
        for split in ("dev", "test"):
            print(
                f"  {kind + ' ' + split:<18} {_share([row for row in rows if (row[0]['kind'], row[0]['split']) == (kind, split)])}"
            )
    print("\nmissed of dev")
    for one, kinds in sorted(rows, key=lambda row: row[0]["id"]):
        if one["split"] == "dev" and not kinds:
            print(f"  {one['id']} {one['kind']:<13} {one['year']}  {', '.join(one['what'])}")


def report_alarms(documents: list[Document], matcher: Matcher) -> None:
    """Print the rates of false alarms, and the commonest."""
    words, alarms = false_alarms(documents, matcher)
    print(f"\nfalse alarms in {words:,} words")
    for source in ("novels", "addresses"):
        of_source = [document for document in documents if document.source == source]
        size = sum(count_words(document.text) for document in of_source)
        counts = Counter(hit.kind for document, hit in alarms if document.source == source)
        for kind in KINDS:
            rate = poisson_rate(counts[kind], size)
            print(
                f"  {source:<10} {kind:<7} {rate['count']:>5}  {rate['per_million']:>7.2f} per million ({rate['low']:.2f} to {rate['high']:.2f})"
            )
    terms: dict[tuple[str, str], list[str]] = defaultdict(list)
    for document, hit in alarms:
        around = " ".join(document.text[max(0, hit.start - 40) : hit.end + 40].split())
        terms[hit.kind, hit.term].append(f"{document.id}: {around}")
    for (kind, term), places in sorted(terms.items(), key=lambda item: (-len(item[1]), item[0]))[:60]:
        print(f"  {len(places):>4} {kind:<7} {term}: {places[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--ngrams", action="store_true", help="also with n-grams")
    parser.add_argument(
        "--only-alarms",
        action="store_true",
        help="only false alarms: for work on the lexicon without sight of the plants",
    )
    options = parser.parse_args()
    terms, marks = load_terms(), load_marks()
    print(f"{len(terms):,} terms, {sum(term.year > 1900 for term in terms):,} of them after 1900; {len(marks)} marks")
    with tempfile.TemporaryDirectory() as temporary:
        documents = clean_documents(options.data, Path(temporary))
        matcher = Matcher(terms, marks, (), 1900)
        if not options.only_alarms:
            report_plants(documents, matcher)
        report_alarms(documents, matcher)
        if options.ngrams:
            print("\nwith n-grams, on the half of the texts they were not learned on")
            matcher = Matcher(terms, marks, learned(options.data, documents, Path(temporary)), 1900)
            report_plants(documents[1::2], matcher)
            report_alarms(documents[1::2], matcher)


if __name__ == "__main__":
    main()
