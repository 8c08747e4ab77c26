"""How well `corpus date` dates encyclopaedia titles: a labelled set of subjects goes through the Wikidata reader, the join and the roles.

    python benchmarks/title_quality.py [--show]

For each split: share of titles whose span is the true one, by kind and era, and the verdicts at three cutoffs against the true ones, with
95 % Wilson intervals. `--show` lists the titles of the dev split that came out otherwise.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.corpus import CorpusWriter, Document, read_documents
from chronolect.corpus.dating.date import date_corpus
from chronolect.corpus.dating.wikidata.command import dates_from_wikidata
from chronolect.corpus.document import TableWriter
from chronolect.statistics import wilson
from chronolect.timeline import Cutoff, Span, Verdict
from chronolect.timeline.calendar import civil

TITLES = Path(__file__).parents[1] / "tests" / "data" / "dating" / "titles.jsonl"
CUTOFFS = ("1815-12-31", "1900-12-31", "1969-07-20")
PRECISIONS = {"day": 11, "month": 10, "year": 9, "decade": 8, "century": 7, "millennium": 6}
REDIRECTS = pa.schema([("source", pa.string()), ("target", pa.string())])


@dataclass(frozen=True)
class Dated:
    """A title with what it was dated and what it should have been."""

    row: dict[str, Any]
    found: Span
    true: Span

    @property
    def is_right(self) -> bool:
        """Whether both ends are the true ones, within the tolerance of the label."""
        days = 366 * self.row["tolerance_years"]
        return self.found.is_known == self.true.is_known and all(
            (a is None and b is None) or (a is not None and b is not None and abs(a - b) <= days)
            for a, b in ((self.found.earliest, self.true.earliest), (self.found.latest, self.true.latest))
        )


def date_titles(rows: Sequence[dict[str, Any]], folder: Path) -> list[Dated]:
    """Make a corpus and a Wikidata dump of the rows, and date one by the other."""
    with CorpusWriter(folder / "corpus") as writer:
        for row in rows:
            meta = {"wikidata": row["qid"]} if row["join"] == "qid" else {}
            writer.write(
                Document(row["id"], f"Of {row['title']}.", title=row["title"], meta=meta | {"page_id": row["page_id"]})
            )
    redirects = TableWriter(folder / "corpus" / "redirects" / "part-00000.parquet", REDIRECTS)
    for row in rows:
        for name in row["redirects"]:
            redirects.write_row({"source": name, "target": row["title"]})
    redirects.close()
    dump = folder / "dump.json"
    dump.write_text("[\n" + ",\n".join(json.dumps(entity(row)) for row in rows) + "\n]\n", encoding="utf-8")
    dates_from_wikidata([dump], out=folder / "dates", all_entities=True, deprecated=True)
    _add_page_ids(folder / "dates", {row["qid"]: row["page_id"] for row in rows if row["join"] == "page_id"})
    date_corpus(folder / "corpus", out=folder / "dated", dates=[folder / "dates"])
    found = {document.id: document.about for document in read_documents(folder / "dated")}
    return [Dated(row, found[row["id"]], Span.parse(row["about"]) if row["about"] else Span()) for row in rows]


def entity(row: dict[str, Any]) -> dict[str, Any]:
    """A row as an entity of Wikidata's JSON dump."""
    claims: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number, fact in enumerate(row["facts"]):
        qualifiers = {name: [_qualifier(name, value)] for name, value in (fact.get("qualifiers") or {}).items()}
        claims[fact["property"]].append(
            {
                "id": f"{row['qid']}${number}",
                "type": "statement",
                "rank": fact.get("rank", "normal"),
                "mainsnak": _snak(fact["property"], fact["time"], fact["precision"]),
                **({"qualifiers": qualifiers} if qualifiers else {}),
            }
        )
    name = {"title": row["title"], "redirect": (row["redirects"] or [""])[0]}.get(row["join"])
    sitelinks = {"enwiki": {"site": "enwiki", "title": name, "badges": []}} if name else {}
    return {"type": "item", "id": row["qid"], "labels": {}, "claims": claims, "sitelinks": sitelinks}


def _snak(name: str, edtf: str, precision: str) -> dict[str, Any]:
    span = Span.parse(edtf.rstrip("~?%"))
    last_of_unit = precision in ("century", "millennium")  # which Wikidata rounds up
    day = span.latest if last_of_unit else span.earliest
    assert day is not None
    year, month, day_of_month = civil(day)
    if precision == "decade":
        year -= year % 10
    sign, shown = ("+", year) if year > 0 else ("-", 1 - year)
    number = PRECISIONS[precision]
    parts = (month if number >= 10 else 0, day_of_month if number >= 11 else 0)
    time = f"{sign}{shown:04d}-{parts[0]:02d}-{parts[1]:02d}T00:00:00Z"
    value = {"time": time, "timezone": 0, "before": 0, "after": 0, "precision": number}
    value["calendarmodel"] = "http://www.wikidata.org/entity/Q1985727"
    return {"snaktype": "value", "property": name, "datavalue": {"type": "time", "value": value}}


def _qualifier(name: str, value: Any) -> dict[str, Any]:
    if name == "P1480":
        item = {"entity-type": "item", "numeric-id": 5727902, "id": "Q5727902"}  # circa
        return {"snaktype": "value", "property": name, "datavalue": {"type": "wikibase-entityid", "value": item}}
    text = value if isinstance(value, str) else value["time"]
    precision = {4: "year", 7: "month"}.get(len(text.lstrip("-")), "day")
    return _snak(name, text, precision)


def _add_page_ids(dates: Path, page_ids: dict[str, int]) -> None:
    """A knowledge base that knows articles by their page id alone."""
    part = dates / "part-00000.parquet"
    rows = pq.read_table(part).to_pylist()
    schema = pq.read_schema(part)
    for row in rows:
        if row["qid"] in page_ids:
            row["page_id"], row["qid"] = page_ids[row["qid"]], None
    pq.write_table(pa.Table.from_pylist(rows, schema), part)


def verdicts(dated: Sequence[Dated], cutoff: str) -> Counter[tuple[Verdict, Verdict]]:
    """Counts of (true, found) verdicts."""
    limit = Cutoff.parse(cutoff)
    return Counter((limit.judge(one.true), limit.judge(one.found)) for one in dated)


def share(hits: int, n: int) -> str:
    """A share with its interval and n."""
    if not n:
        return "-"
    found = wilson(hits, n)
    return f"{found.rate:.3f} [{found.low:.3f}, {found.high:.3f}] of {n}"


def report(dated: Sequence[Dated], name: str) -> Iterator[str]:
    """The lines of one split."""
    yield f"{name}: right span {share(sum(one.is_right for one in dated), len(dated))}"
    for key in ("kind", "join", "era"):
        for value in dict.fromkeys(one.row[key] for one in dated):
            some = [one for one in dated if one.row[key] == value]
            yield f"  {key:>5} {value:>13}: {share(sum(one.is_right for one in some), len(some))}"
    for cutoff in CUTOFFS:
        counts = verdicts(dated, cutoff)
        after = sum(number for (true, _), number in counts.items() if true is Verdict.AFTER)
        wrong = sum(number for (true, found), number in counts.items() if true is not found)
        yield (
            f"  cutoff {cutoff}: AFTER judged BEFORE {counts[Verdict.AFTER, Verdict.BEFORE]}, AFTER found "
            f"{share(counts[Verdict.AFTER, Verdict.AFTER], after)}, other verdict than the true one {share(wrong, len(dated))}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    rows = [json.loads(line) for line in TITLES.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        dated = date_titles(rows, Path(folder))
    for split in ("dev", "test"):
        print(*report([one for one in dated if one.row["split"] == split], split), sep="\n")
    for one in dated:
        if options.show and one.row["split"] == "dev" and not one.is_right:
            facts = ", ".join(f"{fact['property']} {fact['time']}" for fact in one.row["facts"])
            print(f"{one.row['id']} {one.row['title']}: {one.found} for {one.true} ({facts})")


if __name__ == "__main__":
    main()
