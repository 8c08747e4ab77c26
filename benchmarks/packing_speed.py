"""Packing against bare `tokenizers.encode_batch` over the same texts, in one process, with the peak memory of packing.

    python benchmarks/packing_speed.py                     # 20 MB of generated text
    python benchmarks/packing_speed.py --megabytes 1000    # the memory bound: 1 GB of text under 1 GB of resident
    memory

Both sides read the same corpus folder. The bare side streams the texts from Parquet in batches of 8 MB and calls
`encode_batch` with its default arguments; it writes nothing. Packing also decides the split, checks the round trip, and
writes tokens, index and manifest. The two take turns, `--repeats` times, and the best of each counts. Peak memory is
that of a process of its own which only packs.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tokenizers import Tokenizer

from chronolect.corpus.document import CorpusWriter, Document, read_batches
from chronolect.corpus.packing import pack_corpus
from chronolect.models.tokenizers import train_tokenizer
from chronolect.timeline import Span

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


def generate(folder: Path, megabytes: float, seed: int = 0) -> None:
    """Write a corpus of invented words whose frequencies fall as in real text (Zipf), in documents of about 1 to 30 kB."""
    draw = random.Random(seed)
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(30_000)]
    weights = [1 / (rank + 2.7) for rank in range(len(words))]
    size = written = 0
    with CorpusWriter(folder) as writer:
        while size < megabytes * 1e6:
            picked = draw.choices(words, weights, k=draw.randint(150, 4_500))
            sentences = [" ".join(picked[i : i + 12]).capitalize() + "." for i in range(0, len(picked), 12)]
            text = "\n".join(" ".join(sentences[i : i + 6]) for i in range(0, len(sentences), 6))
            writer.write(
                Document(id=str(written), text=text, source="generated", written=Span.year(1850 + written % 120))
            )
            size += len(text)
            written += 1


def bare(corpus: Path, tokenizer: Path) -> float:
    """Seconds of `encode_batch` over the texts of a corpus."""
    backend = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    seconds = 0.0
    for batch in read_batches(corpus, ["text"], text_bytes=8 << 20):
        texts = batch["text"].to_pylist()
        start = perf_counter()
        backend.encode_batch(texts)
        seconds += perf_counter() - start
    return seconds


def pack(corpus: Path, tokenizer: Path, out: Path) -> float:
    """Seconds of the whole of `pack_corpus`."""
    start = perf_counter()
    pack_corpus(corpus, out=out, tokenizer=tokenizer)
    return perf_counter() - start


def peak_memory_mb() -> float:
    """Peak resident memory of this process. Not `ru_maxrss`, which starts from that of the process that started this
    one.
    """
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--vocab-size", type=int, default=8_192)
    parser.add_argument("--corpus", type=Path, help="measure on this corpus instead of a generated one")
    parser.add_argument("--only-pack", nargs=3, metavar=("CORPUS", "TOKENIZER", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_pack:
        corpus, tokenizer, out = map(Path, options.only_pack)
        seconds = pack(corpus, tokenizer, out)
        print(json.dumps({"seconds": seconds, "peak_mb": peak_memory_mb()}))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = options.corpus or folder / "corpus"
        if options.corpus is None:
            generate(corpus, options.megabytes)
        sample = folder / "sample"
        if options.corpus is None:
            generate(sample, min(options.megabytes, 5), seed=1)
        train_tokenizer(
            sample if options.corpus is None else corpus, out=folder / "tokenizer", vocab_size=options.vocab_size
        )
        size = sum(batch.nbytes for batch in read_batches(corpus, ["text"])) / 1e6
        bare_s, pack_s = [], []
        for _ in range(options.repeats):
            bare_s.append(bare(corpus, folder / "tokenizer"))
            pack_s.append(pack(corpus, folder / "tokenizer", folder / "packed"))
        arguments = ["--only-pack", str(corpus), str(folder / "tokenizer"), str(folder / "packed")]
        found = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True)
        peak_mb = json.loads(found.stdout)["peak_mb"]
    result = {
        "text_mb": round(size, 1),
        "encode_batch_s": round(min(bare_s), 3),
        "pack_s": round(min(pack_s), 3),
        "pack_mb_per_s": round(size / min(pack_s), 2),
        "speed_ratio": round(min(bare_s) / min(pack_s), 3),
        "pack_peak_rss_mb": round(peak_mb),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
