"""`corpus import wikipedia` against WikiExtractor 3.1.0 and mwparserfromhell's strip_code, on the same pages, in one run.

    python benchmarks/wikipedia_speed.py SAMPLE.xml.bz2
    python benchmarks/wikipedia_speed.py SAMPLE.xml.bz2 --memory     # also peak memory for a dump and one ten times larger

The sample's pages are repeated under new ids and titles until starting up no longer counts. Speed is that of whole commands, from
start to the result on disk, on all cores: WikiExtractor in its fast mode (`--no-templates`: it drops templates, as the
import does) with its default number of processes and with one per core, whichever is faster. They take turns, `--repeats`
times, and the best of each counts, by the clock and in processor time (all processes of a command), which a busy machine disturbs
less. strip_code has no program around it, so it is timed alone in one process, against the
cleaning alone.

Cleanness is measured on the sample as it is: pages with residue of markup, words kept of what each peer keeps (with the
sections of references and links kept, which WikiExtractor keeps too), and blocks parted by blank lines.
"""

import argparse
import bz2
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import mwparserfromhell

from chronolect.corpus.document import read_documents
from chronolect.corpus.sources.wikipedia import import_wikipedia
from chronolect.corpus.sources.wikipedia.pages import Page, parse_page
from chronolect.corpus.sources.wikipedia.wikitext import Cleaner
from chronolect.processes import available_cores

RESIDUE = ("{{", "}}", "[[", "]]", "<ref", "File:", "Image:", "|thumb", "{|", "|}", "'''", "&nbsp;", "<br")
WORD = re.compile(r"\w+")
STREAM_PAGES = 100


def split(sample: Path) -> tuple[bytes, list[bytes]]:
    """The head of a dump and its pages."""
    content = bz2.decompress(sample.read_bytes()) if sample.suffix == ".bz2" else sample.read_bytes()
    head = content.partition(b"  <page>")[0]
    return head, re.findall(rb"  <page>.*?</page>\n", content, re.DOTALL)


def write_dump(path: Path, head: bytes, pages: list[bytes], copies: int) -> None:
    """The pages `copies` times, each with an id and title of its own; a path that ends in .bz2 gets streams of 100 pages."""
    packed = path.suffix == ".bz2"
    with open(path, "wb") as file:
        file.write(bz2.compress(head) if packed else head)
        stream: list[bytes] = []
        for number in range(copies * len(pages)):
            page = re.sub(rb"<id>\d+</id>", b"<id>%d</id>" % (number + 1), pages[number % len(pages)], count=1)
            stream.append(page.replace(b"</title>", b" %d</title>" % (number // len(pages)), 1))
            if len(stream) == STREAM_PAGES:
                file.write(bz2.compress(b"".join(stream)) if packed else b"".join(stream))
                stream = []
        end = b"".join([*stream, b"</mediawiki>\n"])
        file.write(bz2.compress(end) if packed else end)


def articles(pages: list[bytes]) -> list[Page]:
    """The sample's articles."""
    found = (parse_page(page) for page in pages)
    return [page for page in found if page.namespace == 0 and page.redirect is None]


@dataclass(frozen=True, order=True)
class Spent:
    """Seconds of a command: by the clock, and of the processors in all its processes."""

    wall: float
    processor: float


def seconds_of(command: list[str]) -> Spent:
    """What a command takes."""
    start, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(perf_counter() - start, used)


def extractor_command(dump: Path, out: Path, processes: int | None) -> list[str]:
    """WikiExtractor in its fast mode."""
    options = ["--processes", str(processes)] if processes else []
    module = [sys.executable, "-m", "wikiextractor.WikiExtractor"]
    return [*module, "--no-templates", "--json", "-q", *options, "-o", str(out), str(dump)]


def import_command(dump: Path, out: Path) -> list[str]:
    """The import with its defaults."""
    return [sys.executable, "-m", "chronolect", "corpus", "import", "wikipedia", str(dump), "--out", str(out)]


def peak_memory_mb(command: list[str]) -> tuple[float, float]:
    """Highest resident memory of the main process and of its largest worker while a command runs."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peaks: dict[int, float] = {}
    while running.poll() is None:
        for pid in [running.pid, *_children(running.pid)]:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            found = re.search(r"VmHWM:\s+(\d+)", status)
            peaks[pid] = max(peaks.get(pid, 0.0), int(found[1]) / 1024 if found else 0.0)
        time.sleep(0.05)
    return peaks.pop(running.pid), max(peaks.values(), default=0.0)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def cleanness(texts: dict[str, str], ours: dict[str, str]) -> dict[str, float]:
    """Residue, blocks and words of a tool's texts, and how many of its words are in the import's as well."""
    marks = Counter(mark for text in texts.values() for mark in RESIDUE if mark in text)
    words = {title: Counter(WORD.findall(text)) for title, text in texts.items()}
    shared = sum((words[title] & Counter(WORD.findall(ours.get(title, "")))).total() for title in words)
    total = sum(count.total() for count in words.values())
    return {
        "pages": len(texts),
        "pages_with_residue": sum(any(mark in text for mark in RESIDUE) for text in texts.values()),
        "residue": dict(marks.most_common(6)),
        "blocks": sum(text.count("\n\n") + 1 for text in texts.values()),
        "words": total,
        "of_them_in_import": round(shared / total, 4),
    }


def race(dump: Path, out: Path, repeats: int) -> dict[str, list[Spent]]:
    """What each command took each time; they take turns."""
    times: dict[str, list[Spent]] = {"import": [], "WikiExtractor": [], f"WikiExtractor x{available_cores()}": []}
    for repeat in range(repeats):
        times["import"].append(seconds_of(import_command(dump, out / f"import{repeat}")))
        for (name, spent), processes in zip(list(times.items())[1:], (None, available_cores()), strict=True):
            spent.append(seconds_of(extractor_command(dump, out / f"{name}{repeat}", processes)))
    return times


def compared(times: dict[str, list[Spent]], clock: str, articles: int, xml_mb: float) -> dict[str, object]:
    """Articles a second of each command at its best, and how many times as fast the import is as the best of the others."""
    best = {name: min(getattr(each, clock) for each in spent) for name, spent in times.items()}
    peer = min(seconds for name, seconds in best.items() if name != "import")
    return {
        "articles_per_s": {name: round(articles / seconds, 1) for name, seconds in best.items()},
        "import_xml_mb_per_s": round(xml_mb / best["import"], 1),
        "ratio": round(peer / best["import"], 2),
    }


def extracted_texts(folder: Path) -> dict[str, str]:
    """What WikiExtractor wrote, by title."""
    lines = (line for file in sorted(folder.rglob("wiki_*")) for line in file.read_text(encoding="utf-8").splitlines())
    return {record["title"]: record["text"] for record in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--memory", action="store_true", help="peak memory for the dump and for one ten times larger")
    options = parser.parse_args()
    head, pages = split(options.sample)
    wanted = articles(pages)
    result: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        number = options.copies * len(wanted)
        xml_mb = sum(map(len, pages)) * options.copies / 1e6
        result["dump"] = {"xml_mb": round(xml_mb), "articles": number}
        for name in ("dump.xml.bz2", "dump.xml"):
            dump = folder / name
            write_dump(dump, head, pages, options.copies)
            times = race(dump, folder / f"{name}-out", options.repeats)
            result[name] = {clock: compared(times, clock, number, xml_mb) for clock in ("wall", "processor")}

        clean, strip = [], []
        cleaner = Cleaner()
        for _ in range(options.repeats):
            start = process_time()
            for page in wanted:
                cleaner.clean(page.wikitext)
            clean.append(process_time() - start)
        start = process_time()
        stripped = {page.title: mwparserfromhell.parse(page.wikitext).strip_code() for page in wanted}
        strip.append(process_time() - start)
        result["cleaning_alone_articles_per_s"] = {
            "import": round(len(wanted) / min(clean), 1),
            "strip_code": round(len(wanted) / min(strip), 1),
            "ratio": round(min(strip) / min(clean), 1),
        }

        single = folder / "single.xml"
        write_dump(single, head, pages, 1)
        subprocess.run(extractor_command(single, folder / "single", None), check=True, stderr=subprocess.DEVNULL)
        import_wikipedia([single], out=folder / "kept", sections="keep", min_chars=1)
        import_wikipedia([single], out=folder / "ours", min_chars=1)
        kept = {document.title.removesuffix(" 0"): document.text for document in read_documents(folder / "kept")}
        ours = {document.title.removesuffix(" 0"): document.text for document in read_documents(folder / "ours")}
        extracted = {title.removesuffix(" 0"): text for title, text in extracted_texts(folder / "single").items()}
        result["cleanness"] = {
            "import": cleanness(ours, kept),
            "import --sections keep": cleanness(kept, kept),
            "WikiExtractor": cleanness(extracted, kept),
            "strip_code": cleanness(stripped, kept),
        }
        if options.memory:
            found = {}
            for name, copies in (("1x", options.copies), ("10x", 10 * options.copies)):
                write_dump(dump, head, pages, copies)
                main_mb, worker_mb = peak_memory_mb(import_command(dump, folder / f"memory{name}"))
                found[name] = {"main_mb": round(main_mb), "largest_worker_mb": round(worker_mb)}
            result["peak_memory"] = found
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
