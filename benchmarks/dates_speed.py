"""Dates of entities: a Wikidata dump against bare `orjson.loads` of every line, YAGO against pyoxigraph's own parse.

    python benchmarks/dates_speed.py                  # speed, one core and two workers
    python benchmarks/dates_speed.py --memory         # peak memory of an input and of one ten times as large

The Wikidata dump is made from the real entities in the reference data (Scotland, Douglas Adams, and the toolkit's dump of
2015), each copied under other identifiers: "real" gives one line in twelve a page in the English Wikipedia (as in the
dump of 2024: about 9 of 115 million), "all" gives it to every line. Each entity gets a birth and a death. The YAGO file is
made in YAGO's layout, twelve triples an entity, of which three are wanted.

The bare side does nothing with what it parses. Ours makes rows; with two workers it is the whole command: starting the
workers (the bare side's are waiting), the checksum of the input and the table on disk are in its time. The sides take
turns; the best of each counts, by processor time on one core and by the clock with two workers (each reads its blocks of
the same file). Peak memory is the resident memory (RSS) of the process and its workers together.
"""

import argparse
import contextlib
import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import orjson
import psutil
import pyarrow as pa
import pyoxigraph

from chronolect.corpus.dating.linked import page_prefix
from chronolect.corpus.dating.table import WIKIDATA_ROLES, YAGO_ROLES
from chronolect.corpus.dating.wikidata.command import dates_from_wikidata
from chronolect.corpus.dating.wikidata.entities import EntityReader
from chronolect.corpus.dating.yago.command import dates_from_yago
from chronolect.corpus.dating.yago.reader import YagoReader
from chronolect.corpus.dating.yago.terms import PREFIXES, expanded
from chronolect.corpus.engine import Engine
from chronolect.corpus.sources.line_blocks import Block, read_blocks

REFERENCE = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[2] / "shared" / "data"))
SAMPLES = REFERENCE / "wikidata-samples"


def real_entities() -> list[dict[str, Any]]:
    """The entities of the samples, with the order of keys of today's dumps."""
    lines = gzip.decompress((SAMPLES / "wdtk-examples/src/resources/sample-dump-20150815.json.gz").read_bytes())
    found = [orjson.loads(line.rstrip(b",")) for line in lines.split(b"\n") if len(line) > 2]
    found = [entity for entity in found if entity["type"] == "item"][:10]
    adams = SAMPLES / "wdtk-wikibaseapi/src/test/resources/wbgetentities-Douglas-Adams.json"
    large = [orjson.loads((SAMPLES / "Q22.json").read_bytes()), orjson.loads(adams.read_bytes())["entities"]["Q42"]]
    keys = ("type", "id", "labels", "descriptions", "aliases", "claims", "sitelinks")
    return [{key: entity[key] for key in keys} for entity in [*large, *found]]


def statement(property: str, number: int) -> dict[str, Any]:
    """A date of the day, as the dump has it."""
    day = f"+{1800 + number % 220}-{number % 12 + 1:02d}-{number % 28 + 1:02d}T00:00:00Z"
    value = {"time": day, "timezone": 0, "before": 0, "after": 0, "precision": 11}
    value["calendarmodel"] = "http://www.wikidata.org/entity/Q1985727"
    snak = {"snaktype": "value", "property": property, "hash": "0" * 40, "datavalue": {"value": value, "type": "time"}}
    made = {"mainsnak": {**snak, "datatype": "time"}, "type": "statement", "id": f"Q{number}$A", "rank": "normal"}
    return {**made, "references": [{"hash": "1" * 40, "snaks": {"P577": [snak]}, "snaks-order": ["P577"]}]}


def make_dump(file: Path, megabytes: float, every: int) -> None:
    """A dump of about that size, with a page in the English Wikipedia for one entity in `every`."""
    entities, size, number = real_entities(), 0, 0
    with open(file, "wb") as stream:
        stream.write(b"[\n")
        while size < megabytes * 1e6:
            entity = dict(entities[number % len(entities)])
            claims = list(entity["claims"].items())
            middle = len(claims) // 2
            own = [(name, [statement(name, number)]) for name in ("P569", "P570")]
            entity["id"] = f"Q{number + 1}"
            entity["claims"] = dict([*claims[:middle], *own, *claims[middle:]])
            links = {site: link for site, link in (entity["sitelinks"] or {}).items() if site != "enwiki"}
            if number % every == 0:
                links["enwiki"] = {"site": "enwiki", "title": f"Title {number}", "badges": []}
            entity["sitelinks"] = links
            size += stream.write((b",\n" if number else b"") + orjson.dumps(entity))
            number += 1
        stream.write(b"\n]\n")


def make_yago(file: Path, megabytes: float) -> None:
    """A file of YAGO of about that size."""
    size = number = 0
    with open(file, "wb") as stream:
        stream.write("".join(f"@prefix {name}: <{address}> .\n" for name, address in PREFIXES.items()).encode())
        while size < megabytes * 1e6:
            name, year = f"yago:Person_of_the_made_world_{number}", 1800 + number % 200
            facts = [
                ("rdf:type", "schema:Person"),
                ("rdfs:label", f'"Person {number} of the made world"@en'),
                ("rdfs:comment", f'"American singer and actor ({year}–{year + 70})"@en'),
                ("schema:alternateName", f'"The {number}th"@de'),
                ("schema:gender", "yago:Male_gender"),
                ("schema:birthDate", f'"{year}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"^^xsd:date'),
                ("schema:birthPlace", "yago:London"),
                ("schema:nationality", "yago:United_Kingdom"),
                ("schema:image", f"<http://upload.wikimedia.org/wikipedia/commons/{number}.jpg>"),
                ("schema:mainEntityOfPage", f"<https://en.wikipedia.org/wiki/Person_{number}>"),
                ("owl:sameAs", f"wd:Q{number + 1}"),
                ("schema:sameAs", f'"https://freebase.com/m/{number}"'),
            ]
            size += stream.write("".join(f"{name}\t{p}\t{o}\t.\n" for p, o in facts).encode())
            number += 1


class Rows:
    """Counts the rows of a reader, in place of an output on disk."""

    def __init__(self) -> None:
        self.rows = 0

    def row(self, row: dict[str, Any]) -> None:
        self.rows += 1

    def keep_batch(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows


def wikidata_rows(lines: bytes) -> int:
    reader, rows, start = EntityReader(WIKIDATA_ROLES), 0, 0
    while start < len(lines):
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        for fact in reader.facts(lines, start, end):
            fact.to_row()  # type: ignore[union-attr]
            rows += 1
        start = end + 1
    return rows


def bare_orjson(lines: bytes) -> int:
    number = 0
    for line in lines.split(b"\n"):
        if len(line) > 2:
            orjson.loads(line.rstrip(b","))
            number += 1
    return number


def bare_orjson_block(block: Block) -> int:
    return bare_orjson(block.read())


def yago_rows(lines: bytes) -> int:
    reader, rows = YagoReader({expanded(n): (n, role) for n, role in YAGO_ROLES.items()}, page_prefix("enwiki")), Rows()
    reader.read_lines(Block(Path("facts.ttl"), 0, len(lines), 1, lines), PREFIXES, rows)  # type: ignore[arg-type]
    return rows.rows


def bare_pyoxigraph(lines: bytes) -> int:
    return sum(1 for _ in pyoxigraph.parse(lines, pyoxigraph.RdfFormat.TURTLE))


def best(repeats: int, clock: Callable[[], float], *sides: Callable[[], Any]) -> list[float]:
    """Best seconds of each side; they take turns."""
    seconds = [float("inf")] * len(sides)
    for _ in range(repeats):
        for place, side in enumerate(sides):
            start = clock()
            side()
            seconds[place] = min(seconds[place], clock() - start)
    return seconds


def speed(folder: Path, megabytes: float, repeats: int) -> Iterator[dict[str, Any]]:
    for name, every in (("wikidata, real", 12), ("wikidata, all", 1)):
        file = folder / "dump.json"
        make_dump(file, megabytes, every)
        lines = file.read_bytes()
        ours, bare = best(repeats, process_time, lambda x=lines: wikidata_rows(x), lambda x=lines: bare_orjson(x))
        number = lines.count(b"\n") - 2
        yield row(name, "one core, processor time", number, len(lines), ours, bare)

        def command(file: Path = file) -> None:
            dates_from_wikidata([file], out=folder / "dates", engine=Engine(workers=2))

        with ProcessPoolExecutor(2) as pool:
            list(pool.map(len, [b""] * 2))  # started

            def plain(file: Path = file, pool: ProcessPoolExecutor = pool) -> None:
                list(pool.map(bare_orjson_block, read_blocks([file], range_bytes=16 << 20)))

            ours, bare = best(max(1, repeats - 2), perf_counter, command, plain)
        yield row(name, "two workers, clock, whole command", number, len(lines), ours, bare)
    file = folder / "facts.ttl"
    make_yago(file, min(megabytes, 300))  # parsed as one block here
    lines = file.read_bytes()
    ours, bare = best(repeats, process_time, lambda: yago_rows(lines), lambda: bare_pyoxigraph(lines))
    yield row("yago", "one core, processor time", lines.count(b"\n"), len(lines), ours, bare)
    blanks = lines.replace(b"\t.\n", b" .\n").replace(b"\t", b" ")
    ours, bare = best(repeats, process_time, lambda: yago_rows(blanks), lambda: bare_pyoxigraph(blanks))
    yield row("yago, blanks for tabs", "one core, processor time", blanks.count(b"\n"), len(blanks), ours, bare)


def row(name: str, how: str, lines: int, size: int, ours: float, bare: float) -> dict[str, Any]:
    return {
        "input": name,
        "how": how,
        "lines_per_s": round(lines / ours),
        "bare_lines_per_s": round(lines / bare),
        "mb_per_s": round(size / ours / 1e6, 1),
        "ratio": round(bare / ours, 2),
    }


def peak_memory(command: list[str]) -> float:
    """Peak of the memory of a command and its workers together, in MB."""
    peak, process = 0, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watch() -> None:
        nonlocal peak
        top = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):  # a worker may end at that moment
                peak = max(peak, sum(one.memory_info().rss for one in [top, *top.children(recursive=True)]))
            sleep(0.1)

    thread = threading.Thread(target=watch)
    thread.start()
    if process.wait():
        raise SystemExit(f"failed: {' '.join(command)}")
    thread.join()
    return peak / 1e6


def memory(folder: Path, megabytes: float) -> Iterator[dict[str, Any]]:
    for name, make in (("wikidata", lambda file, size: make_dump(file, size, 4)), ("yago", make_yago)):
        peaks = []
        for size in (megabytes, 10 * megabytes):
            file = folder / ("dump.json" if name == "wikidata" else "facts.ttl")
            make(file, size)
            out = folder / f"out-{name}-{size}"
            peaks.append(peak_memory([sys.executable, __file__, "--only", name, str(file), str(out)]))
        yield {
            "input": name,
            "megabytes": megabytes,
            "peak_mb": round(peaks[0]),
            "ten_times_peak_mb": round(peaks[1]),
            "growth": round(peaks[1] / peaks[0], 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, help="size of the input (300; with --memory 150 and 1,500)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only", nargs=3, metavar=("WHAT", "FILE", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        what, file, out = options.only
        run = dates_from_wikidata if what == "wikidata" else dates_from_yago
        run([Path(file)], out=Path(out), engine=Engine(workers=2))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if options.memory:
            results = memory(Path(temporary), options.megabytes or 150)
        else:
            results = speed(Path(temporary), options.megabytes or 300, options.repeats)
        for result in results:
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
