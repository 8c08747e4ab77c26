"""Which copies of which documents go into a mix: drawn in the order of their keys until the caps are met."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chronolect.corpus.mixing.caps import Cap, budgets
from chronolect.corpus.quality.rows import database, parts_of, sql_text
from chronolect.errors import UserError, did_you_mean

OTHERS = "*"  # in --repeat: every source that is not named

COPIES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("copy", pa.int32(), nullable=False),
        pa.field("key", pa.uint64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("eras", pa.int64(), nullable=False),
        pa.field("year", pa.int32()),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
    ]
)
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """`decisions` is a Parquet file (row, copy, key, reason) sorted by row: a row for each copy taken, and one with a reason
    for each document of which none is.
    """

    decisions: Path
    tokens: int
    text_bytes: int
    report: dict[str, Any]


def choose(folder: Path, caps: Sequence[Cap], repeats: dict[str, float]) -> Choice:
    """Decide from the rows of `COPIES` in `folder`. Every cap holds for what is taken; at most one document less of each
    capped cell is taken than would fit.
    """
    if not list(folder.glob("part-*.parquet")):
        raise UserError("no document is drawn: raise --repeat")
    with database(folder) as db:
        db.execute(f"CREATE VIEW copies AS SELECT * FROM {parts_of(folder)}")
        cells = db.sql(
            "SELECT source, eras, sum(tokens)::DOUBLE AS tokens FROM copies GROUP BY ALL ORDER BY source, eras"
        ).to_arrow_table()
        _check_names(cells["source"].to_pylist(), caps, repeats)
        members = _members(cells, caps)
        taken, cut_by = _take(db, cells, caps, members)
        reasons = [None if number is None else f"over a cap: {caps[number]}" for number in cut_by]
        cells = cells.append_column("cell", pa.array(range(len(reasons)))).append_column(
            "reason", pa.array(reasons, pa.string())
        )
        path = folder / "decisions.parquet"
        db.execute(
            f"""
            COPY (
                SELECT row, copy, key, NULL AS reason FROM chosen
                UNION ALL
                SELECT row, 0, 0, any_value(reason) FROM copies JOIN cells USING (source, eras)
                WHERE row NOT IN (SELECT row FROM chosen) GROUP BY row
                UNION ALL
                SELECT row, 0, 0, 'not drawn' FROM range((SELECT max(row) + 1 FROM copies)) AS all_rows(row)
                WHERE row NOT IN (SELECT row FROM copies)
                ORDER BY row, copy
            ) TO {sql_text(path)} (FORMAT parquet)
            """
        )
        report = _report(db, caps, members, taken)
        ((tokens, size),) = db.sql("SELECT sum(tokens), sum(bytes) FROM chosen").fetchall()
    return Choice(path, int(tokens), int(size), report)


def _check_names(sources: list[str], caps: Sequence[Cap], repeats: dict[str, float]) -> None:
    known = sorted(set(sources))
    named = [("--cap", cap.name) for cap in caps if cap.kind == "source"] + [
        ("--repeat", name) for name in repeats if name != OTHERS
    ]
    for flag, name in named:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UserError(f'{flag} "{name}": no document has this source{hint}; there are {", ".join(known)}')


def _members(cells: pa.Table, caps: Sequence[Cap]) -> list[npt.NDArray[np.bool_]]:
    """For each cap, the cells it holds for."""
    sources, eras = np.array(cells["source"].to_pylist(), dtype=object), cells["eras"].to_numpy()
    found: list[npt.NDArray[np.bool_]] = []
    place = 0
    for cap in caps:
        if cap.kind == "source":
            found.append(sources == cap.name)
        else:
            found.append((eras >> place) & 1 == 1)
            place += 1
    return found


def _take(
    db: duckdb.DuckDBPyConnection, cells: pa.Table, caps: Sequence[Cap], members: Sequence[npt.NDArray[np.bool_]]
) -> tuple[npt.NDArray[np.float64], list[int | None]]:
    """Fill the table `chosen`; the tokens taken of each cell, and the cap that cut it.

    Documents are whole, so a little less than the budget is taken; then the shares of the others are larger than planned,
    and what is left is cut again until every cap holds.
    """
    available = cells["tokens"].to_numpy()
    planned, cut_by = budgets(available, caps, members)
    for _ in range(_ROUNDS):
        limits = cells.append_column("budget", pa.array(np.where(planned < available, planned, np.inf)))  # noqa: F841
        db.execute(
            """
            CREATE OR REPLACE TABLE chosen AS
            WITH fitting AS (
                SELECT copies.*, budget, sum(copies.tokens) OVER (
                    PARTITION BY source, eras ORDER BY key, row, copy ROWS UNBOUNDED PRECEDING) AS running
                FROM copies JOIN limits USING (source, eras) WHERE copies.tokens <= budget)
            SELECT row, copy, key, source, eras, year, tokens, bytes FROM fitting WHERE running <= budget
            """
        )
        sums = db.sql("SELECT source, eras, sum(tokens) FROM chosen GROUP BY source, eras").fetchall()
        found = {(source, eras): tokens for source, eras, tokens in sums}
        pairs = zip(cells["source"].to_pylist(), cells["eras"].to_pylist(), strict=True)
        taken = np.array([float(found.get(pair, 0)) for pair in pairs])
        if not taken.sum():
            break
        over = [
            (number, cap.allowed(taken.sum()) / taken[member].sum())
            for number, (cap, member) in enumerate(zip(caps, members, strict=True))
            if taken[member].sum() > cap.allowed(taken.sum())
        ]
        if not over:
            return taken, cut_by
        for number, factor in over:
            planned = np.where(members[number], np.minimum(planned, taken) * min(factor, 1 - 1e-6), planned)
            for cell in np.flatnonzero(members[number]).tolist():
                cut_by[cell] = number if cut_by[cell] is None else cut_by[cell]
    raise UserError(
        "the caps leave nothing: the documents are too large for them; raise a cap or cut documents up first"
    )


def _report(
    db: duckdb.DuckDBPyConnection,
    caps: Sequence[Cap],
    members: Sequence[npt.NDArray[np.bool_]],
    taken: npt.NDArray[np.float64],
) -> dict[str, Any]:
    total = float(taken.sum())

    def shares(column: str, name: str) -> list[dict[str, Any]]:
        query = f"SELECT {column}, count(*), sum(tokens) FROM chosen GROUP BY {column} ORDER BY {column} NULLS LAST"
        return [
            {name: value, "documents": documents, "tokens": int(tokens), "share": round(int(tokens) / total, 6)}
            for value, documents, tokens in db.sql(query).fetchall()
        ]

    met = [
        {"cap": str(cap), "tokens": int(taken[member].sum()), "share": round(float(taken[member].sum()) / total, 6)}
        for cap, member in zip(caps, members, strict=True)
    ]
    return {"by_source": shares("source", "source"), "by_era": shares("year", "years"), "caps": met}
