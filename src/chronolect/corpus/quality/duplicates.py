"""The second pass of `dedup`: which documents are copies of which, decided out of core from what the first pass wrote."""

from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from chronolect.corpus.quality.minhash import PERMUTATIONS, Signatures, similarity
from chronolect.corpus.quality.rows import database, parts_of, sql_text

_BATCH = 1 << 16
_EXACT = 2.0  # a "similarity" above all estimates: the text itself is the same
Rows = npt.NDArray[np.int64]


def find_duplicates(folder: Path, *, threshold: float | None, against: str, shared_words: int) -> Path:
    """Decide from the rows of `signing` in `folder`; exact copies only without a `threshold`.

    Writes and returns a Parquet file (row, reason, copies) sorted by row: a reason for what is dropped, none for what
    stays and has copies. In memory: some 40 bytes a document, and the signatures as a file that is mapped.
    """
    with database(folder) as db:
        _rank(db, folder)
        count = _number(db, "SELECT count(*) FROM documents")
        # By rank: the rank of the document each one is a copy of (its own where it stays), and how alike they are.
        kept = np.arange(count, dtype=np.int64)
        alike = np.full(count, _EXACT, dtype=np.float32)
        for ranks in _batches(db, "SELECT rank, leader FROM documents WHERE leader < rank"):
            kept[ranks["rank"].to_numpy()] = ranks["leader"].to_numpy()
        exact = kept.copy()
        if threshold is not None:
            signatures = _map_signatures(db, folder, count)
            links = _candidate_links(db, folder, signatures, threshold)
            is_against = _number(db, "SELECT count(*) FROM documents WHERE against")
            _lead(kept, alike, links, signatures, threshold, is_against)
        # A copy of a document that is itself a near copy goes with it.
        alike = alike[exact]
        kept = kept[exact]
        path = folder / "changes.parquet"
        _write_changes(db, path, kept, alike, against, shared_words)
    return path


def _rank(db: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Number the documents in the order in which they would stay; `leader` is the first with the same words.

    The corpus kept apart comes first, then what was surely written earliest (by the last day of its span, then the first;
    undated last), then the smallest id.
    """
    db.execute(
        f"""
        CREATE TABLE documents AS
        WITH ranked AS (
            SELECT row, id, against, key, row_number() OVER (
                ORDER BY against DESC, latest NULLS LAST, earliest NULLS LAST, id, row) - 1 AS rank
            FROM {parts_of(folder)} WHERE NOT shares)
        SELECT row, id, against, rank, min(rank) OVER (PARTITION BY key) AS leader FROM ranked
        """
    )


def _map_signatures(db: duckdb.DuckDBPyConnection, folder: Path, count: int) -> Signatures:
    """All signatures by rank, as a file mapped into memory."""
    found = np.memmap(folder / "signatures.bin", dtype=np.uint32, mode="w+", shape=(count, PERMUTATIONS))
    query = f"""
        SELECT rank, signature FROM {parts_of(folder)} JOIN documents USING (row)
        WHERE signature IS NOT NULL AND leader = rank
    """
    for batch in _batches(db, query):
        rows = np.frombuffer(b"".join(batch["signature"].to_pylist()), dtype=np.uint32)
        found[batch["rank"].to_numpy()] = rows.reshape(-1, PERMUTATIONS)
    return found


def _candidate_links(
    db: duckdb.DuckDBPyConnection, folder: Path, signatures: Signatures, threshold: float
) -> tuple[Rows, Rows]:
    """Pairs of ranks that share a band and are alike enough, each document paired with the one before it and with the
    first in its band (so that a band of many documents gives few pairs).
    """
    query = f"""
        WITH bands AS (
            SELECT unnest(bands) AS band, rank FROM {parts_of(folder)} JOIN documents USING (row)
            WHERE leader = rank),
        shared AS (SELECT band FROM bands GROUP BY band HAVING count(*) > 1)
        SELECT rank, lag(rank) OVER same AS previous, first_value(rank) OVER same AS first
        FROM bands JOIN shared USING (band)
        WINDOW same AS (PARTITION BY band ORDER BY rank)
    """
    found: list[npt.NDArray[np.int64]] = []
    for batch in _batches(db, query):
        batch = batch.filter(batch["previous"].is_valid())
        ranks = batch["rank"].to_numpy()
        pairs = np.concatenate(
            [np.stack([batch[name].to_numpy(), ranks], axis=1) for name in ("previous", "first")]
        ).astype(np.int64)
        pairs = np.unique(pairs, axis=0)
        verified = similarity(signatures[pairs[:, 0]], signatures[pairs[:, 1]]) >= threshold
        found.append(pairs[verified])
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), dtype=np.int64)
    return pairs[:, 0], pairs[:, 1]


def _lead(
    kept: Rows,
    alike: npt.NDArray[np.float32],
    links: tuple[Rows, Rows],
    signatures: Signatures,
    threshold: float,
    apart: int,
) -> None:
    """Decide in each group of linked documents, in order of rank: like an earlier kept one (the most alike), or kept.

    The first `apart` ranks are of the corpus kept apart and always stay.
    """
    nodes, ends = np.unique(np.concatenate(links), return_inverse=True)
    if not len(nodes):
        return
    starts, stops = ends[: len(links[0])], ends[len(links[0]) :]
    graph = coo_array((np.ones(len(starts), dtype=bool), (starts, stops)), shape=(len(nodes), len(nodes)))
    labels = connected_components(graph, directed=False)[1]
    order = np.argsort(labels, kind="stable")  # nodes are sorted by rank, so groups are, too
    for group in np.split(nodes[order], np.flatnonzero(np.diff(labels[order])) + 1):
        leaders = np.empty((len(group), PERMUTATIONS), dtype=np.uint32)
        names: list[int] = []
        for rank in group.tolist():
            own = signatures[rank]
            if names and rank >= apart:
                scores = similarity(leaders[: len(names)], own)
                best = int(scores.argmax())
                if scores[best] >= threshold:
                    kept[rank], alike[rank] = names[best], scores[best]
                    continue
            leaders[len(names)] = own
            names.append(rank)


def _write_changes(
    db: duckdb.DuckDBPyConnection,
    path: Path,
    kept: Rows,
    alike: npt.NDArray[np.float32],
    against: str,
    shared_words: int,
) -> None:
    """The decisions as a table by row, with the reasons in words."""
    ranks = np.arange(len(kept))
    decided = pa.table({"rank": ranks, "kept": kept, "alike": alike})  # noqa: F841 (read by the queries)
    copies = np.bincount(kept, minlength=len(kept))
    counted = pa.table({"rank": ranks[copies > 1], "copies": copies[copies > 1]})  # noqa: F841
    apart = sql_text(f" in {against}")
    run = sql_text(f"shared words: a run of {shared_words} also stands in {against}")
    db.execute(
        f"""
        COPY (
            SELECT own.row, CASE
                WHEN decided.kept = decided.rank THEN NULL
                WHEN alike = {_EXACT} THEN 'exact duplicate: of ' || first.id || if(first.against, {apart}, '')
                ELSE 'near duplicate: of ' || first.id || if(first.against, {apart}, '')
                    || format(', similarity {{:.2f}}', alike)
                END AS reason, copies
            FROM decided
            JOIN documents AS own ON own.rank = decided.rank
            JOIN documents AS first ON first.rank = decided.kept
            LEFT JOIN counted ON counted.rank = decided.rank
            WHERE NOT own.against AND (decided.kept <> decided.rank OR copies IS NOT NULL)
            UNION ALL
            SELECT row, {run}, NULL
            FROM {parts_of(path.parent)} WHERE shares
            ORDER BY row
        ) TO {sql_text(path)} (FORMAT parquet)
        """
    )


def _batches(db: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    return db.cursor().sql(query).to_arrow_reader(_BATCH)


def _number(db: duckdb.DuckDBPyConnection, query: str) -> int:
    ((number,),) = db.cursor().sql(query).fetchall()
    return int(number)
