"""The figures of an audit: rates per million words with intervals, by kind, source and decade, and the commonest terms."""

from pathlib import Path
from typing import Any

import duckdb
from scipy import stats

from chronolect.corpus.audit.findings import CERTAIN, KINDS
from chronolect.corpus.quality.rows import parts_of
from chronolect.statistics import wilson

_COUNTS = ", ".join(f"coalesce(sum({kind}), 0)::BIGINT AS {kind}" for kind in KINDS)
_PRESENT = " + ".join(CERTAIN)
_TERMS = 100


def poisson_rate(count: int, words: int, level: float = 0.95) -> dict[str, Any]:
    """A count as a rate per million words, with its exact interval (Garwood 1936); rates are None where there are no words.

    Findings of one document come in clusters, so that rates of few documents are less certain than this says.
    """
    if not words:
        return {"count": count, "per_million": None, "low": None, "high": None}
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    high = stats.chi2.isf(tail, 2 * count + 2) / 2
    per_million = [round(float(number) * 1e6 / words, 3) for number in (count, low, high)]
    return {"count": count, **dict(zip(("per_million", "low", "high"), per_million, strict=True))}


def summarise(db: duckdb.DuckDBPyConnection, documents: Path, findings: Path | None) -> dict[str, Any]:
    """The whole report from the table of documents and that of findings (None if there is none).

    Returns:
        `documents`, `words`; `with_findings` (share of documents, Wilson interval); `rates` by kind and of `all` certain ones (mark, date, word);
        `by_source`, `by_decade` (of writing; None is unknown): lists of the same; `terms`: the commonest, each with an example.
    """
    table = parts_of(documents)
    found = _group(db, table, None)[0]
    found["by_source"] = _group(db, table, "source")
    found["by_decade"] = _group(db, table, "decade")
    found["terms"] = _terms(db, parts_of(findings)) if findings is not None else []
    return found


def screen(result: dict[str, Any], cutoff: str) -> str:
    """The report for people."""
    lines = [
        f"{result['documents']:,} documents, {result['words']:,} words, looked through for what is later than {cutoff}"
    ]
    share = result["with_findings"]
    if share["rate"] is not None:
        interval = f"{share['low']:.1%} to {share['high']:.1%}"
        lines.append(f"documents with any finding: {share['count']:,} ({share['rate']:.1%}; 95 % interval {interval})")
    lines += ["", f"{'kind':<8} {'findings':>10} {'per million words':>18}   95 % interval"]
    for kind, rate in result["rates"].items():
        if rate["per_million"] is not None:
            lines.append(
                f"{kind:<8} {rate['count']:>10,} {rate['per_million']:>18,.2f}   {rate['low']:,.2f} to {rate['high']:,.2f}"
            )
    for name in ("source", "decade"):
        rows = result[f"by_{name}"]
        if len(rows) > 1:
            lines += ["", f"{name:<20} {'documents':>10} {'with findings':>14} {'per million words':>18}"]
            lines += [_line(row, name) for row in rows]
    if result["terms"]:
        lines += ["", "commonest terms"]
        lines += [
            f"{term['count']:>7,} {term['kind']:<6} {term['term']} ({term['year'] or 'later'}): … {term['example']} …"
            for term in result["terms"][:12]
        ]
    return "\n".join(lines)


def _line(row: dict[str, Any], name: str) -> str:
    label = "unknown" if row[name] is None else row[name] or "(none)"
    rate, share = row["rates"]["all"]["per_million"], row["with_findings"]["rate"]
    return f"{label!s:<20} {row['documents']:>10,} {share or 0:>14.1%} {rate or 0:>18,.2f}"


def _group(db: duckdb.DuckDBPyConnection, table: str, column: str | None) -> list[dict[str, Any]]:
    head, tail = (f"{column}, ", f"GROUP BY {column} ORDER BY {column} NULLS LAST") if column else ("", "")
    rows = db.sql(
        f"SELECT {head}count(*) AS documents, coalesce(sum(words), 0)::BIGINT AS words, "
        f"count(*) FILTER ({_PRESENT} > 0) AS hit, {_COUNTS} FROM {table} {tail}"
    )
    return [_rates(row) for row in rows.to_arrow_table().to_pylist()]


def _rates(row: dict[str, Any]) -> dict[str, Any]:
    words = row["words"]
    counts = {kind: row.pop(kind) for kind in KINDS}
    share = wilson(row.pop("hit"), row["documents"])
    row["with_findings"] = {"count": share.successes, "rate": share.rate, "low": share.low, "high": share.high}
    total = sum(counts[kind] for kind in CERTAIN)
    row["rates"] = {"all": poisson_rate(total, words)} | {kind: poisson_rate(counts[kind], words) for kind in KINDS}
    return row


def _terms(db: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    rows = db.sql(
        "SELECT kind, term, min(year) AS year, count(*) AS count, count(DISTINCT document) AS documents, "
        f'min({{"d": document, "s": start, "t": snippet}}).t AS example FROM {table} '
        f"GROUP BY kind, term ORDER BY count DESC, kind, term LIMIT {_TERMS}"
    )
    return rows.to_arrow_table().to_pylist()
