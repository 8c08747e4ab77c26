"""`mix`: corpora joined with caps by tokens, and shuffled. What share of the tokens each source and era has is told before anything is packed."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import Stage, stage
from chronolect.console import say
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.eras import spans_of
from chronolect.corpus.mixing.caps import EraTest, parse_caps
from chronolect.corpus.mixing.choice import COPIES, OTHERS, Choice, choose
from chronolect.corpus.mixing.shuffle import KEYED, BucketSorter, bucket_count, write_run
from chronolect.corpus.mixing.tokens import count_tokens
from chronolect.corpus.quality.rows import NumberedGroups, numbered_shards, rows_between
from chronolect.errors import UserError
from chronolect.timeline.evidence import Field


def mix_corpora(
    corpora: list[Path],
    *,
    out: Path,
    cap: list[str] | None = None,
    era_cap: list[str] | None = None,
    repeat: list[str] | None = None,
    by: Field = "written",
    bin_years: int = 50,
    tokenizer: Path | None = None,
    seed: int = 0,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Join corpora into one, shuffled. Caps are by tokens: those a tokenizer counts, or else an estimate by words, digits and marks.

    Which documents a cap leaves is drawn by a hash of their ids and the seed; the others go to `dropped/`. The same seed gives the same
    documents in the same order, whoever does the work.

    Args:
        corpora: Folders of the corpora.
        out: Folder to write the mix to.
        cap: Most of a source, as "chess=0.05" (share of the mix), "chess=5%" or "chess=2M" (tokens); any number of these.
        era_cap: Most of an era, as "1900/1969=0.3" or "undated=1M"; a document is in an era if its whole span is.
        repeat: Take a source several times, or a part of it, as "books=2" or "wikipedia=0.5", or all others, as "*=0.05"; before the caps.
        by: Which time eras go by: when documents were written, or what they are about (when they were written, where that
            is not known).
        bin_years: Years told together in the table of eras.
        tokenizer: Tokenizer folder, to count tokens.
        seed: Another seed draws other documents in another order.
        engine: Who does the work.

    Returns:
        Counts: documents, tokens (and how they were counted), by_source, by_era, and the caps with what they were met with.

    Raises:
        UserError: No corpus, a cap on a source that is not there, or caps that leave nothing.
    """
    if bin_years < 1:
        raise UserError(f"--bin-years {bin_years}: at least 1")
    source_caps, era_caps = parse_caps(cap or [], "source"), parse_caps(era_cap or [], "era")
    repeats = _parse_repeats(repeat or [])
    if tokenizer is not None:
        Encoder(tokenizer)  # a broken one is told before any work
    config = {
        name: value
        for name, value in locals().items()
        if name in ("cap", "era_cap", "repeat", "by", "bin_years", "seed")
    } | {"tokens": "counted" if tokenizer is not None else "estimated"}
    inputs = [*corpora, *([tokenizer] if tokenizer is not None else [])]
    with stage(out, command="corpus mix", config=config, inputs=inputs, resume=True) as work:
        measurer = _Measurer(
            tokenizer.absolute() if tokenizer is not None else None, repeats, EraTest.of(era_caps), by, bin_years, seed
        )
        shards = numbered_shards(*corpora)
        run_shards(work, shards, measurer, engine, label="counting tokens", schema=COPIES, into=".copies")
        choice = choose(work.folder.absolute() / ".copies", [*source_caps, *era_caps], repeats)
        _tell(choice, str(config["tokens"]), bin_years)
        totals = _write(work, corpora, choice, engine)
        work.counts = totals | {"tokens": choice.tokens, "tokens_are": config["tokens"]} | choice.report
    return work.counts


def _parse_repeats(texts: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = -1
        if not name or not 0 < found[name] <= 1000:
            raise UserError(f'--repeat "{text}": expected NAME=TIMES, such as books=2 or wikipedia=0.5')
    return found


@dataclass(frozen=True, slots=True)
class _Measurer:
    """Writes a row for each copy of each document: what decides whether it is taken, and where it comes in the mix."""

    tokenizer: Path | None
    repeats: dict[str, float]
    eras: EraTest
    by: Field
    bin_years: int
    seed: int

    def __call__(self, shard: NumberedGroups, output: Output) -> None:
        for first, batch in shard.batches():
            tokens = self._tokens(batch["text"])
            columns = (batch[name].to_pylist() for name in ("id", "source", "text"))
            rows = zip(*columns, spans_of(batch, self.by), tokens, strict=True)
            for row, (id, source, text, span, number) in enumerate(rows, first):
                for copy in range(self._copies(source, id, shard.corpus)):
                    output.row(
                        {
                            "row": row,
                            "copy": copy,
                            "key": self._draw("order", shard.corpus, id, copy),
                            "source": source,
                            "eras": self.eras(span),
                            "year": span.year_bin(self.bin_years),
                            "tokens": number,
                            "bytes": len(text.encode()),
                        }
                    )

    def _tokens(self, texts: pa.Array) -> list[int]:
        if self.tokenizer is None:
            return count_tokens(texts, None)
        return count_tokens(texts, _encoder(self.tokenizer))

    def _copies(self, source: str, id: str, corpus: int) -> int:
        times = self.repeats.get(source, self.repeats.get(OTHERS, 1.0))
        whole = int(times)
        return whole + (self._draw("repeat", corpus, id, 0) < (times - whole) * 2**64)

    def _draw(self, what: str, corpus: int, id: str, copy: int) -> int:
        drawn = hashlib.blake2b(f"{self.seed}\0{what}\0{corpus}\0{copy}\0{id}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn, "big")


@cache
def _encoder(folder: Path) -> Encoder:
    return Encoder(folder)


def _tell(choice: Choice, how: str, bin_years: int) -> None:
    say(f"{choice.tokens:,} tokens ({how})")
    rows = [(row["source"] or "unnamed source", row) for row in choice.report["by_source"]]
    for row in choice.report["by_era"]:
        first = row["years"]
        rows.append(("undated" if first is None else f"{first} to {first + bin_years - 1}", row))
    rows += [(f"cap: {row['cap']}", row) for row in choice.report["caps"]]
    for name, row in rows:
        say(f"  {row['share']:7.2%} {row['tokens']:15,} tokens  {name}")


def _write(work: Stage, corpora: list[Path], choice: Choice, engine: Engine) -> dict[str, Any]:
    """Scatter the chosen rows into buckets, and sort these into the result."""
    runs = work.folder.absolute() / ".runs"
    buckets = bucket_count(choice.text_bytes)
    scatter = _Scatter(runs, choice.decisions, buckets)
    scattered = run_shards(work, numbered_shards(*corpora), scatter, engine, label="scattering", into=".scattered")
    left_out = work.folder / ".scattered" / "dropped"
    if left_out.exists():
        (work.folder / "dropped").mkdir(exist_ok=True)
        for part in left_out.iterdir():
            part.replace(work.folder / "dropped" / part.name)
    totals = run_shards(work, range(buckets), BucketSorter(runs), engine, label="shuffling")
    return {
        "documents": totals.kept,
        "dropped": scattered.dropped,
        "dropped_by": dict(sorted(scattered.dropped_by.items())),
    }


@dataclass(frozen=True, slots=True)
class _Scatter:
    runs: Path
    decisions: Path
    buckets: int

    def __call__(self, shard: NumberedGroups, output: Output) -> None:
        chosen: list[pa.RecordBatch] = []
        for first, batch in shard.batches():
            decided = rows_between(self.decisions, first, batch.num_rows)
            taken = [row for row in decided if row["reason"] is None]
            chosen.append(_copies(batch, [row["row"] - first for row in taken], taken))
            dropped = [row for row in decided if row["reason"] is not None]
            if dropped:
                places = pa.array([row["row"] - first for row in dropped])
                output.drop_batch(batch.take(places), [row["reason"] for row in dropped])
        write_run(self.runs / f"{shard.first:012d}.arrow", chosen, self.buckets)


def _copies(batch: pa.RecordBatch, places: list[int], rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """The rows taken, with their keys; second and further copies have ids of their own (`book~2`)."""
    found = batch.take(pa.array(places, pa.int64()))
    ids = [
        f"{id}~{row['copy'] + 1}" if row["copy"] else id for id, row in zip(found["id"].to_pylist(), rows, strict=True)
    ]
    found = found.set_column(0, batch.schema.field(0), pa.array(ids, pa.string()))
    return found.append_column(KEYED.field("key"), pa.array([row["key"] for row in rows], pa.uint64()))
