"""Near-duplicate removal against datasketch's MinHashLSH on the same texts, in one process: speed, and what each finds.

    python benchmarks/dedup_speed.py                                  # 10,000 generated texts
    python benchmarks/dedup_speed.py --texts 5000 --corpus corpus/books

Of every tenth text an edited copy is added (1 to 12 words replaced). Both sides take word 5-grams, 128 permutations and a
threshold of 0.8. datasketch is used the fast way: n-grams hashed by xxhash, `update_batch`, candidates verified by
`MinHash.jaccard`; rensa (where it is installed) with its own signatures and index. Ours is the signatures and bands that
`corpus dedup` computes, then the whole command with one worker, reading and writing Parquet. True pairs are those of a
Jaccard similarity of 0.8 and more, computed exactly. CPU seconds of the process, best of `--repeats`.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pyarrow.dataset as ds
import xxhash
from datasketch import MinHash, MinHashLSH

from chronolect.corpus import CorpusWriter, Document, read_documents
from chronolect.corpus.engine import Engine
from chronolect.corpus.quality.dedup import dedup_corpus
from chronolect.corpus.quality.minhash import PERMUTATIONS, band_keys, choose_bands, signatures

NGRAM, THRESHOLD = 5, 0.8


def make_texts(number: int, corpus: Path | None, seed: int = 0) -> list[str]:
    """Texts of 100 to 400 words whose frequencies fall as in real text, or cut from a corpus."""
    draw = random.Random(seed)
    if corpus is not None:
        words = [word for document in read_documents(corpus) for word in document.text.split()]
        return [" ".join(words[i : i + 200]) for i in range(0, min(len(words) - 200, 200 * number), 200)]
    kinds = [f"{draw.choice('bcdfglmnprst')}{draw.choice('aeiou')}{i}" for i in range(30_000)]
    weights = [1 / (rank + 2.7) for rank in range(len(kinds))]
    return [" ".join(draw.choices(kinds, weights, k=draw.randint(100, 400))) for _ in range(number)]


def add_copies(texts: list[str], seed: int = 1) -> tuple[list[str], dict[int, int]]:
    """The texts with an edited copy after every tenth; and of which text each copy is one."""
    draw = random.Random(seed)
    found: list[str] = []
    originals = {}
    for number, text in enumerate(texts):
        found.append(text)
        if number % 10 == 0:
            words = text.split()
            for _ in range(draw.randint(1, 12)):
                words[draw.randrange(len(words))] = f"edit{draw.randrange(1000)}"
            originals[len(found)] = len(found) - 1
            found.append(" ".join(words))
    return found, originals


def ngrams(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))]


def jaccard(a: str, b: str) -> float:
    first, second = set(ngrams(a)), set(ngrams(b))
    return len(first & second) / len(first | second)


def with_datasketch(texts: list[str]) -> tuple[set[int], float]:
    """The texts that are like an earlier one, and the CPU seconds of the signatures alone."""
    start = process_time()
    hashes = []
    for text in texts:
        minhash = MinHash(num_perm=PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest)
        minhash.update_batch([gram.encode() for gram in ngrams(text)])
        hashes.append(minhash)
    signed = process_time() - start
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    found = set()
    for number, minhash in enumerate(hashes):
        if any(hashes[other].jaccard(minhash) >= THRESHOLD for other in index.query(minhash)):
            found.add(number)
        else:
            index.insert(number, minhash)
    return found, signed


def with_rensa(texts: list[str]) -> tuple[set[int], float]:
    """The same with rensa."""
    from rensa import RMinHash, RMinHashLSH

    start = process_time()
    hashes = []
    for text in texts:
        minhash = RMinHash(num_perm=PERMUTATIONS, seed=1)
        minhash.update(ngrams(text))
        hashes.append(minhash)
    signed = process_time() - start
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=16)
    found = set()
    for number, minhash in enumerate(hashes):
        if any(hashes[other].jaccard(minhash) >= THRESHOLD for other in index.query(minhash)):
            found.add(number)
        else:
            index.insert(number, minhash)
    return found, signed


def with_ours(texts: list[str]) -> float:
    """CPU seconds of signatures and band keys."""
    start = process_time()
    for begin in range(0, len(texts), 256):
        band_keys(signatures(texts[begin : begin + 256], NGRAM), *choose_bands(THRESHOLD))
    return process_time() - start


def with_command(corpus: Path, out: Path) -> set[int]:
    """What the whole command drops."""
    dedup_corpus(corpus, out=out, threshold=THRESHOLD, ngram=NGRAM, engine=Engine(workers=1))
    parts = sorted((out / "dropped").glob("*.parquet"))
    return {int(id) for id in ds.dataset(parts).to_table(columns=["id"])["id"].to_pylist()} if parts else set()


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    start = process_time()
    result = function()
    return result, process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--corpus", type=Path, help="cut texts from this corpus instead of generating them")
    options = parser.parse_args()
    texts, originals = add_copies(make_texts(options.texts, options.corpus))
    truth = {copy for copy, original in originals.items() if jaccard(texts[copy], texts[original]) >= THRESHOLD}
    peers: dict[str, Callable[[list[str]], tuple[set[int], float]]] = {"datasketch": with_datasketch}
    try:
        import rensa  # noqa: F401

        peers["rensa"] = with_rensa
    except ImportError:
        pass
    megabytes = sum(map(len, texts)) / 1e6
    best: dict[str, dict[str, float]] = {}
    found: dict[str, set[int]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary) / "corpus"
        with CorpusWriter(corpus) as writer:
            for number, text in enumerate(texts):
                writer.write(Document(id=f"{number:08d}", text=text))
        with_ours(texts[:100])  # the tables are made once in a process
        for repeat in range(options.repeats):
            signed = with_ours(texts)
            found["ours"], whole = timed(lambda repeat=repeat: with_command(corpus, Path(temporary) / f"out{repeat}"))
            rows = {"ours": (signed, whole)}
            for name, peer in peers.items():
                (found[name], signed), whole = timed(lambda peer=peer: peer(texts))
                rows[name] = (signed, whole)
            for name, (signed, whole) in rows.items():
                row = best.setdefault(name, {"signatures_s": signed, "whole_s": whole})
                row["signatures_s"] = min(row["signatures_s"], signed)
                row["whole_s"] = min(row["whole_s"], whole)
    for name, row in best.items():
        row["signatures_mb_per_s"] = megabytes / row["signatures_s"]
        row["recall"] = len(found[name] & truth) / max(len(truth), 1)
        row["precision"] = len(found[name] & truth) / max(len(found[name]), 1)
        row["times_ours"] = row["whole_s"] / best["ours"]["whole_s"]
    rounded = {name: {key: round(value, 3) for key, value in row.items()} for name, row in best.items()}
    print(
        json.dumps(
            {"texts": len(texts), "megabytes": round(megabytes, 1), "true_copies": len(truth), **rounded}, indent=2
        )
    )


if __name__ == "__main__":
    main()
