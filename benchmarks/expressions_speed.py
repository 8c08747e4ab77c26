"""How fast dated expressions are found, in MB/s of UTF-8 on one core (process time, best of several).

    python benchmarks/expressions_speed.py DATA            # a folder with eltec-eng/ and wikitext-2/
    python benchmarks/expressions_speed.py FILE.txt ...    # your own texts

The novels are ordinary text with few dates; wikitext-2 is dense with them. Beside the recogniser stands what any
program in Python must pay at least: one pass of `re` over the digits of the same text.
"""

import argparse
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from time import process_time

from chronolect.corpus.dating.expressions import find_expressions
from chronolect.timeline import Span

_DIGITS = re.compile("[0-9]+")


def novels(folder: Path, megabytes: float) -> list[str]:
    """The texts of TEI novels, without their tags, up to so many megabytes."""
    texts: list[str] = []
    for file in sorted(folder.rglob("*.xml.gz")):
        if sum(map(len, texts)) > megabytes * 1e6:
            break
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            texts.append(re.sub(r"<[^>]+>", "", stream.read()))
    return texts


def best(work: Callable[[], object], repeats: int) -> float:
    """Least seconds of process time."""
    seconds = []
    for _ in range(repeats):
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return min(seconds)


def measure(name: str, texts: list[str], anchor: Span | None, repeats: int) -> None:
    """Print one line of the table."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    found = sum(len(find_expressions(text, anchor)) for text in texts)
    ours = best(lambda: [find_expressions(text, anchor) for text in texts], repeats)
    digits = best(lambda: [sum(1 for _ in _DIGITS.finditer(text)) for text in texts], repeats)
    print(f"{name:24} {size:8.1f} {found:12,} {found / size:10,.0f} {size / ours:10.1f} {size / digits:12.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", type=Path)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    print(f"{'text':24} {'MB':>8} {'expressions':>12} {'per MB':>10} {'MB/s':>10} {'digits MB/s':>12}")
    for path in args.inputs:
        if path.is_file():
            measure(path.name, [path.read_text(encoding="utf-8")], None, args.repeats)
            continue
        texts = novels(path / "eltec-eng", args.megabytes)
        wiki = [file.read_text(encoding="utf-8") for file in sorted((path / "wikitext-2").glob("*.txt"))]
        for name, sample in (("novels", texts), ("wikitext-2", wiki)):
            measure(name, sample, None, args.repeats)
            measure(f"{name}, anchored", sample, Span.year(1990), args.repeats)


if __name__ == "__main__":
    main()
