"""How well `expressions` dates text: precision and recall against passages labelled by hand.

    python benchmarks/dating_quality.py                    # tests/data/dating/passages.jsonl
    python benchmarks/dating_quality.py --show dev         # and list what differs, of one split

An expression counts as found if one with the same span overlaps it (eras, reigns and wars: within two years); "covers"
also lets pass what holds the true span.
Intervals are Wilson's, 95 %. The verdicts compare each passage's hull of expressions with its labelled time at three
cutoffs. The rules were made looking at the rows of "dev" only; "test" says what they are worth.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chronolect.corpus.dating.expressions import Found, find_expressions
from chronolect.statistics import wilson
from chronolect.timeline import Cutoff, Span, Verdict, hull

DATA = Path(__file__).parent.parent / "tests" / "data" / "dating"
CUTOFFS = ("1800-12-31", "1900-12-31", "1969-07-20")


@dataclass(frozen=True)
class Label:
    """A dated expression as a reader marked it."""

    start: int
    end: int
    span: Span
    type: str


@dataclass(frozen=True)
class Row:
    """A labelled passage and what the recogniser found in it."""

    id: str
    text: str
    split: str
    era: str
    labels: list[Label]
    about: Span
    found: list[Found]

    def right(self, found: Found) -> bool:
        """Whether an expression found is one that is labelled."""
        return any(_meet(label, found) and _same(label, found) for label in self.labels)

    def hit(self, label: Label) -> bool:
        """Whether a labelled expression was found with its span."""
        return any(_meet(label, found) and _same(label, found) for found in self.found)

    def covered(self, label: Label) -> bool:
        """Whether a labelled expression was found with its span or a wider one."""
        return any(_meet(label, found) and found.span.contains(label.span) for found in self.found)


def _same(label: Label, found: Found) -> bool:
    """Equal spans; of an era, a reign or a war each end may be two years out, because reference works differ so."""
    if label.type not in ("era", "reign", "war"):
        return label.span == found.span
    ends = ((label.span.earliest, found.span.earliest), (label.span.latest, found.span.latest))
    return all(one == two or (one is not None and two is not None and abs(one - two) <= 731) for one, two in ends)


def _meet(label: Label, found: Found) -> bool:
    return label.start < found.end and found.start < label.end


def read_rows(file: Path) -> list[Row]:
    """The rows of a labelled file, run through the recogniser."""
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        anchor = Span.parse(row["anchor"]) if row.get("anchor") else None
        labels = [Label(e["start"], e["end"], Span.parse(e["edtf"]), e["type"]) for e in row["expressions"]]
        about = Span.parse(row["about"]) if row["about"] else Span()
        found = find_expressions(row["text"], anchor)
        rows.append(Row(row["id"], row["text"], row["split"], row["era"], labels, about, found))
    return rows


def share(hits: int, total: int) -> str:
    """A share with its interval and n."""
    found = wilson(hits, total)
    return f"{found.rate:.3f} [{found.low:.3f}, {found.high:.3f}] {hits:>4}/{total}" if total else "-"


def expressions_table(rows: list[Row], title: str, key: Callable[[Row, Label | Found], str]) -> None:
    """Print precision, recall and cover by a key."""
    precision: dict[str, list[bool]] = {}
    recall: dict[str, list[tuple[bool, bool]]] = {}
    for row in rows:
        for found in row.found:
            for group in ("all", key(row, found)):
                precision.setdefault(group, []).append(row.right(found))
        for label in row.labels:
            for group in ("all", key(row, label)):
                recall.setdefault(group, []).append((row.hit(label), row.covered(label)))
    print(f"\n{title:12} {'precision':33} {'recall':33} covers the truth")
    for group in sorted(precision.keys() | recall.keys(), key=lambda name: (name != "all", name)):
        found_here, labelled = precision.get(group, []), recall.get(group, [])
        exact, wide = sum(one for one, _ in labelled), sum(two for _, two in labelled)
        columns = share(sum(found_here), len(found_here)), share(exact, len(labelled)), share(wide, len(labelled))
        print(f"{group:12} " + " ".join(f"{column:33}" for column in columns))


def verdicts(rows: Iterable[Row], cutoff: Cutoff) -> Counter[tuple[Verdict, Verdict]]:
    """How often a passage of a true verdict was given which verdict."""
    return Counter((cutoff.judge(row.about), cutoff.judge(hull([found.span for found in row.found]))) for row in rows)


def verdict_table(rows: list[Row], date: str) -> None:
    """Print the confusion at one cutoff."""
    counts = verdicts(rows, Cutoff.parse(date))
    names = list(Verdict)
    print(f"\ncutoff {date}: rows are the truth\n{'':10}" + "".join(f"{name.name:>11}" for name in names))
    for truth in names:
        print(f"{truth.name:10}" + "".join(f"{counts[truth, judged]:11}" for judged in names))
    after = sum(counts[Verdict.AFTER, judged] for judged in names)
    print(f"AFTER judged BEFORE: {counts[Verdict.AFTER, Verdict.BEFORE]}")
    print(f"recall of AFTER: {share(counts[Verdict.AFTER, Verdict.AFTER], after)}")
    shut_out = after - counts[Verdict.AFTER, Verdict.BEFORE] - counts[Verdict.AFTER, Verdict.UNDATED]
    print(f"AFTER kept out (AFTER or STRADDLES): {share(shut_out, after)}")


def show(rows: list[Row]) -> None:
    """List what was missed, misread or found without cause."""
    for row in rows:
        wrong = [found for found in row.found if not row.right(found)]
        missed = [label for label in row.labels if not row.hit(label)]
        if wrong or missed:
            print(f"\n{row.id} ({row.era}): {row.text}")
        for label in missed:
            print(f"  missed  {row.text[label.start : label.end]!r} {label.span} {label.type}")
        for found in wrong:
            print(f"  found   {row.text[found.start : found.end]!r} {found.span} {found.type}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=("dev", "test"))
    parser.add_argument("files", nargs="*", type=Path, default=[DATA / "passages.jsonl"])
    args = parser.parse_args()
    for file in args.files:
        rows = read_rows(file)
        for split in ("dev", "test"):
            part = [row for row in rows if row.split == split]
            print(f"\n=== {file.name}, {split}: {len(part)} rows, {sum(len(row.labels) for row in part)} expressions")
            expressions_table(part, "type", lambda row, one: one.type)
            expressions_table(part, "era", lambda row, one: row.era)
            for cutoff in CUTOFFS:
                verdict_table(part, cutoff)
            if args.show == split:
                show(part)


if __name__ == "__main__":
    main()
