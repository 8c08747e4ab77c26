"""Documents and megabytes a second of the steps between import and audit, on one core, on a corpus of Wikipedia articles.

    python benchmarks/corpus_steps.py DUMP.xml.bz2 [--copies 20]

The dump's articles are taken several times under new ids and titles. Each step is the whole command with one worker, by processor time, the best
of three; MB are 10^6 bytes of UTF-8 text read.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time

from chronolect.corpus import CorpusWriter, read_documents
from chronolect.corpus.dating.date import date_corpus
from chronolect.corpus.dating.table import DATES_SCHEMA, DateFact
from chronolect.corpus.document import TableWriter
from chronolect.corpus.engine import Engine
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.sources.wikipedia.importer import import_wikipedia
from chronolect.timeline import Span

ALONE = Engine(workers=1)


def best(run: Callable[[], object], repeats: int = 3) -> float:
    """Least processor time of a run, in seconds."""
    times = []
    for _ in range(repeats):
        started = process_time()
        run()
        times.append(process_time() - started)
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dump", type=Path)
    parser.add_argument("--copies", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        import_wikipedia([options.dump], out=folder / "once", engine=ALONE)
        size = number = 0
        dates = TableWriter(folder / "dates" / "part-00000.parquet", DATES_SCHEMA)
        with CorpusWriter(folder / "corpus") as writer:
            for copy in range(options.copies):
                for document in read_documents(folder / "once"):
                    qid, year = f"Q{number}", 1700 + number % 300
                    writer.write(replace(document, id=f"{document.id}-{copy}", meta=document.meta | {"wikidata": qid}))
                    for name, role, date in (("P569", "start", year), ("P570", "end", year + 60)):
                        fact = DateFact(qid, name, role, Span.year(date), "year", "wikidata", qid, qid=qid)  # type: ignore[arg-type]
                        dates.write_row(fact.to_row())
                    number += 1
                    size += len(document.text.encode())
        dates.close()
        steps: dict[str, Callable[[], object]] = {
            "date": lambda: date_corpus(
                folder / "corpus", out=folder / "dated", dates=[folder / "dates"], engine=ALONE
            ),
            "filter": lambda: filter_corpus(
                folder / "dated",
                out=folder / "before",
                cutoff="1969-07-20",
                by="about",
                straddling="trim",
                engine=ALONE,
            ),
        }
        print(f"{number:,} documents, {size / 1e6:.1f} MB of text")
        for name, run in steps.items():
            seconds = best(run)
            print(f"{name:>8}: {number / seconds:>9,.0f} documents/s, {size / seconds / 1e6:>6.1f} MB/s")


if __name__ == "__main__":
    main()
