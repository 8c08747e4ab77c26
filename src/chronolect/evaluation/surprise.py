"""Surprise: how many bits a byte of dated text costs a model, by the year in which it was written, beside a twin that was not locked."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq

from chronolect.artifacts import stage, write_json
from chronolect.console import progress, say
from chronolect.corpus.document import count_documents, read_batches
from chronolect.errors import UserError
from chronolect.models.language_model import DType, LanguageModel, short_name
from chronolect.models.opening import open_model
from chronolect.statistics import FEWEST, Interval, bootstrap_mean
from chronolect.timeline import Cutoff, Verdict
from chronolect.timeline.arrow import span_fields, span_from_row

_COLUMNS = ["id", "text", *(field.name for field in span_fields("written"))]
_SLICE_BYTES = 1 << 20  # text handed to a model at once


@dataclass(frozen=True)
class Text:
    """What is scored of a document. `side` is before or after the cutoff, or straddling."""

    id: str
    year: int
    side: str
    text: str


def eval_surprise(
    model: str,
    *,
    out: Path,
    corpus: Path,
    cutoff: str,
    twin: str | None = None,
    held_out: Path | None = None,
    by: Literal["year", "decade"] = "decade",
    max_chars_per_document: int | None = 20_000,
    max_documents_per_period: int | None = None,
    max_documents: int | None = None,
    bootstrap: int = 1000,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    model_name: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure how surprised a model is by dated text, by year or decade, against a twin trained without the lock.

    Old and new texts differ in more than what is known in them, so the gap to the twin, document by document, is what tells. Writes
    `surprise.json` (means with n and 95 % bootstrap intervals over documents) and `documents.jsonl` (one line per document).

    Args:
        model: A Hugging Face folder, a .gguf file, the http(s) address of an OpenAI-compatible server, or "dummy".
        out: Folder to write to.
        corpus: Folder of the dated corpus; a document counts for the time it was written in.
        cutoff: The last day the model may know, such as 1969-07-20.
        twin: A model trained the same way without the cutoff.
        held_out: Packed corpus: only the documents that its validation sets hold are scored, since those were not trained on.
        by: Width of the bins of the curve.
        max_chars_per_document: Characters scored of each document, from its beginning.
        max_documents_per_period: Score a random sample of at most this many documents of each year or decade.
        max_documents: Score a random sample of at most this many documents.
        bootstrap: Resamples for the intervals.
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads.
        model_name: Name of the model on an OpenAI-compatible server.
        seed: Seed of the sample and of resampling.

    Returns:
        Counts of documents, and the means before and after the cutoff.

    Raises:
        UserError: For a missing model or corpus, a cutoff that is no date, or no dated document to score.
    """
    line = Cutoff.parse(cutoff)
    for key, number in (
        ("--max-chars-per-document", max_chars_per_document),
        ("--max-documents-per-period", max_documents_per_period),
        ("--max-documents", max_documents),
        ("--bootstrap", bootstrap),
    ):
        if number is not None and number < 1:
            raise UserError(f"{key} {number}: at least 1")
    width = 10 if by == "decade" else 1
    allowed = held_out_ids(held_out) if held_out else None
    found = _dated(corpus, line, allowed)
    if not found:
        where = f" among those held out in {held_out}" if held_out else ""
        raise UserError(f"{corpus}: no document with a date of writing{where}; there is nothing to score")
    chosen = _choose(found, width, max_documents_per_period, max_documents, seed)
    specs = {"model": model, **({"twin": twin} if twin else {})}
    config = {
        **specs,
        "corpus": str(corpus),
        "cutoff": str(line),
        "held_out": str(held_out) if held_out else None,
        "by": by,
        "max_chars_per_document": max_chars_per_document,
        "max_documents_per_period": max_documents_per_period,
        "max_documents": max_documents,
        "bootstrap": bootstrap,
        "dtype": dtype,
        "seed": seed,
    }
    inputs = [path for path in (corpus, held_out, *map(Path, specs.values())) if path and path.exists()]
    with stage(out, command="eval surprise", config=config, inputs=inputs) as work:
        records: dict[str, dict[str, Any]] = {}
        for role, spec in specs.items():
            opened = open_model(spec, model_name=model_name, dtype=dtype, device=device, threads=threads, seed=seed)
            try:
                label = f"surprise of {short_name(spec)}"
                texts = _texts(corpus, chosen, max_chars_per_document)
                for text, value, tokens in _score(opened, progress(texts, label=label, total=len(chosen))):
                    record = records.setdefault(
                        text.id,
                        {"id": text.id, "year": text.year, "side": text.side, "bytes": len(text.text.encode())},
                    )
                    record[role] = {"bits_per_byte": value, "tokens": tokens}
            finally:
                opened.close()
        with open(work.folder / "documents.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records.values())
        result = {
            "cutoff": str(line),
            "by": by,
            "seed": seed,
            "level": 0.95,
            "fewest": FEWEST,
            "model": {"spec": model, "name": short_name(model)},
            "twin": {"spec": twin, "name": short_name(twin)} if twin else None,
            "documents": {
                "scored": len(records),
                "found": len(found),
                **{
                    side: sum(r["side"] == side for r in records.values()) for side in ("before", "after", "straddling")
                },
            },
            **summarise(list(records.values()), width=width, bootstrap=bootstrap, seed=seed),
        }
        write_json(work.folder / "surprise.json", result)
        work.counts = {"documents": len(records), "before": result["before"], "after": result["after"]}
        for side in ("before", "after"):
            say(f"{side} {line}: {_in_words(result[side])}")
    return work.counts


def summarise(records: Sequence[dict[str, Any]], *, width: int, bootstrap: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Means by period and by side of the cutoff, of the model, of the twin, and of the model minus the twin on the same documents."""

    def measure(some: Sequence[dict[str, Any]]) -> dict[str, Any]:
        columns: dict[str, list[float]] = {
            role: [record[role]["bits_per_byte"] for record in some if role in record] for role in ("model", "twin")
        }
        columns["difference"] = [
            record["model"]["bits_per_byte"] - record["twin"]["bits_per_byte"] for record in some if "twin" in record
        ]
        return {
            "documents": len(some),
            "bytes": sum(record["bytes"] for record in some),
            **{
                key: bootstrap_mean(values, resamples=bootstrap, seed=seed).as_dict() for key, values in columns.items()
            },
        }

    periods: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        periods[record["year"] - record["year"] % width].append(record)
    sides = {side: [record for record in records if record["side"] == side] for side in ("before", "after")}
    found: dict[str, Any] = {side: measure(some) for side, some in sides.items()}
    found["gap_opens"] = _gap(sides["before"], sides["after"], bootstrap, seed).as_dict()
    found["periods"] = [
        {"first": first, "last": first + width - 1, **measure(periods[first])} for first in sorted(periods)
    ]
    return found


def held_out_ids(packed: Path) -> set[str]:
    """Ids of the documents in the validation sets of a packed corpus.

    Raises:
        UserError: Where the folder is no packed corpus, or has no validation documents.
    """
    file = packed / "documents.parquet"
    if not file.is_file():
        raise UserError(f"{packed}: not a packed corpus (no documents.parquet); make one with `chronolect corpus pack`")
    table = pq.read_table(file, columns=["id", "split"])
    ids = {
        name
        for name, split in zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True)
        if split.startswith("val")
    }
    if not ids:
        raise UserError(f"{file}: no validation documents in it; pack the corpus with a validation share")
    return ids


def _gap(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], resamples: int, seed: int) -> Interval:
    """How much wider the gap between model and twin is after the cutoff than before it, the two sides resampled apart."""
    gaps = [
        np.array([r["model"]["bits_per_byte"] - r["twin"]["bits_per_byte"] for r in some if "twin" in r])
        for some in (before, after)
    ]
    n = len(gaps[0]) + len(gaps[1])
    if min(map(len, gaps)) == 0:
        return Interval(None, None, None, n)
    value = float(gaps[1].mean() - gaps[0].mean())
    if min(map(len, gaps)) < 2:
        return Interval(value, None, None, n)
    draw = np.random.default_rng(seed)
    drawn = [
        draw.choice(gaps[1], len(gaps[1])).mean() - draw.choice(gaps[0], len(gaps[0])).mean() for _ in range(resamples)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high), n)


def _dated(corpus: Path, cutoff: Cutoff, allowed: set[str] | None) -> dict[str, tuple[int, str]]:
    """Id -> (year, side) of every document that says when it was written; the texts stay on disk."""
    count_documents(corpus)
    sides = {Verdict.BEFORE: "before", Verdict.AFTER: "after", Verdict.STRADDLES: "straddling"}
    found = {}
    for batch in read_batches(corpus, [name for name in _COLUMNS if name != "text"]):
        for row in batch.to_pylist():
            span = span_from_row("written", row)
            if span.middle_year is not None and (allowed is None or row["id"] in allowed):
                found[row["id"]] = span.middle_year, sides[cutoff.judge(span)]
    return found


def _choose(
    found: dict[str, tuple[int, str]], width: int, per_period: int | None, most: int | None, seed: int
) -> dict[str, tuple[int, str]]:
    draw = random.Random(seed)
    periods: dict[int, list[str]] = defaultdict(list)
    for name, (year, _) in found.items():
        periods[year - year % width].append(name)
    names = [
        name
        for _, some in sorted(periods.items())
        for name in (draw.sample(some, per_period) if per_period and per_period < len(some) else some)
    ]
    if most and most < len(names):
        names = draw.sample(names, most)
    return {name: found[name] for name in names}


def _texts(corpus: Path, chosen: dict[str, tuple[int, str]], most: int | None) -> Iterator[Text]:
    for batch in read_batches(corpus, ["id", "text"], text_bytes=_SLICE_BYTES):
        for name, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True):
            if name in chosen and text:
                yield Text(name, *chosen[name], text[:most])


def _score(model: LanguageModel, texts: Iterator[Text]) -> Iterator[tuple[Text, float, int]]:
    """Each text with its bits per byte of UTF-8 and its number of tokens; the model gets a megabyte at a time."""
    some: list[Text] = []
    size = 0

    def flush() -> Iterator[tuple[Text, float, int]]:
        for text, score in zip(some, model.text_loglikelihoods([text.text for text in some]), strict=True):
            yield text, -score.logprob / log(2) / len(text.text.encode()), score.num_tokens

    for text in texts:
        some.append(text)
        size += len(text.text)
        if size >= _SLICE_BYTES:
            yield from flush()
            some, size = [], 0
    yield from flush()


def _in_words(part: dict[str, Any]) -> str:
    def mean(interval: dict[str, Any]) -> str:
        if interval["value"] is None:
            return "none"
        ends = f" [{interval['low']:.3f}, {interval['high']:.3f}]" if interval["low"] is not None else ""
        return f"{interval['value']:.3f}{ends}"

    text = f"{mean(part['model'])} bits per byte (n = {part['documents']})"
    if part["twin"]["n"]:
        text += f", twin {mean(part['twin'])}, difference {mean(part['difference'])}"
    return text
