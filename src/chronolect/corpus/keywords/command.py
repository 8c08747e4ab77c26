"""`keywords`: keep the documents that speak of given themes, scored by weighted lists of words."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import stage, write_bytes
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.keywords.themes import Matcher, load_themes
from chronolect.corpus.keywords.weights import Weighing, Weights, learn_weights
from chronolect.corpus.quality.rows import (
    NumberedGroups,
    database,
    numbered_shards,
    parts_of,
    rows_between,
    sql_text,
    with_meta,
    write_split,
)
from chronolect.errors import UserError

# Okapi BM25 (Robertson and Zaragoza 2009): how soon more of the same word adds nothing, and how much length counts.
_K1, _B = 1.2, 0.75
_SHOWN = 20
_SCORES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("parent", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("keywords", pa.int32(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("themes", pa.list_(pa.string()), nullable=False),
        pa.field("scores", pa.list_(pa.float64()), nullable=False),
        pa.field("notes", pa.string(), nullable=False),
    ]
)


def filter_keywords(
    corpus: Path,
    *,
    out: Path,
    themes: list[str] | None = None,
    min_matches: int = 3,
    max_matches: int = 0,
    min_score: float = 0.0,
    top_k: int = 0,
    per_document: int = 0,
    weights: Weighing = "log-odds",
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Keep the documents (or chunks) that speak of some themes. Their meta gets `keyword_counts` (different keywords by theme and in total) and
    `keyword_scores`.

    A score is the sum over the keywords in a text of how telling the word is (learned from the corpus, unless the list says) times how often
    it stands there, which saturates and is made independent of length (BM25). The weights are written to `weights.tsv`.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write what is kept to.
        themes: Lists to look for: names of those that come with the package, or files of a keyword a line; all of the package by default.
        min_matches: Fewest different keywords, added up over the themes.
        max_matches: Most different keywords; 0 is no limit.
        min_score: Lowest score, added up over the themes.
        top_k: Keep only this many documents with the highest score for each theme; 0 keeps all.
        per_document: Keep at most this many chunks of one document, those of the highest scores; 0 keeps all.
        weights: What the corpus says of a word: its log-odds in documents of the theme, or its inverse document frequency.
        engine: Who does the work.

    Returns:
        Counts: documents, dropped, dropped_by reason, and what was kept by_theme, by_source, by_document (those with most) and by_matches.

    Raises:
        UserError: No corpus, no such list, limits that exclude each other, or nothing remains.
    """
    if max_matches and max_matches < min_matches:
        raise UserError(
            f"--max-matches {max_matches} is less than --min-matches {min_matches}: no document can be both"
        )
    found = load_themes(themes or [])
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "engine", "found")} | {
        "themes": [[theme.name, list(theme.keywords), list(theme.weights)] for theme in found]
    }
    matcher = Matcher(found)
    with stage(out, command="corpus keywords", config=config, inputs=[corpus], resume=True) as work:
        learned = learn_weights(work, corpus, matcher, weights, engine)
        lines = ["theme\tkeyword\tweight\tdocuments"]
        for (theme, word), weight, documents in zip(matcher.pairs, learned.weights, learned.documents, strict=True):
            lines.append(f"{found[theme].name}\t{word}\t{weight}\t{documents}")
        write_bytes(work.folder / "weights.tsv", ("\n".join(lines) + "\n").encode())
        scorer = _Scorer(matcher, learned)
        run_shards(work, numbered_shards(corpus), scorer, engine, label="scoring", schema=_SCORES, into=".scores")
        with database(work.folder.absolute() / ".scores") as db:
            limits = _Limits(min_matches, max_matches, min_score, top_k, per_document)
            decisions = _decide(db, work.folder.absolute() / ".scores", limits)
            report = _report(db)
        totals = run_shards(work, numbered_shards(corpus), _Writer(decisions), engine, label="writing what stays")
        if not totals.kept:
            raise UserError(
                f"{corpus}: no document is left; lower --min-matches {min_matches} or --min-score {min_score}"
            )
        work.counts = totals.summary() | report
    return totals.summary(listed=False) | report


@dataclass(frozen=True, slots=True)
class _Scorer:
    matcher: Matcher
    learned: Weights

    def __call__(self, shard: NumberedGroups, output: Output) -> None:
        names = [theme.name for theme in self.matcher.themes]
        for first, batch in shard.batches():
            rows = zip(*(batch[name].to_pylist() for name in ("id", "source", "text", "meta")), strict=True)
            for row, (id, source, text, meta) in enumerate(rows, first):
                counts, scores = self._score(text)
                notes = {
                    "keyword_counts": {names[theme]: counts[theme] for theme in sorted(counts)}
                    | {"total": counts.total()},
                    "keyword_scores": {names[theme]: round(scores[theme], 3) for theme in sorted(scores)},
                }
                output.row(
                    {
                        "row": row,
                        "parent": (json.loads(meta).get("chunk_of") if meta else None) or id,
                        "source": source,
                        "keywords": counts.total(),
                        "score": round(sum(scores[theme] for theme in sorted(scores)), 6),
                        "themes": [names[theme] for theme in sorted(scores)],
                        "scores": [round(scores[theme], 6) for theme in sorted(scores)],
                        "notes": json.dumps(notes, ensure_ascii=False),
                    }
                )

    def _score(self, text: str) -> tuple[Counter[int], dict[int, float]]:
        """Different keywords, and the score, by theme."""
        counts: Counter[int] = Counter()
        scores: dict[int, float] = {}
        length = len(text.split()) / max(self.learned.mean_words, 1)
        for number, times in self.matcher(text).items():
            theme = self.matcher.pairs[number][0]
            counts[theme] += 1
            gain = times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * length))
            scores[theme] = scores.get(theme, 0.0) + self.learned.weights[number] * gain
        return counts, scores


@dataclass(frozen=True, slots=True)
class _Limits:
    min_matches: int
    max_matches: int
    min_score: float
    top_k: int
    per_document: int


def _decide(db: duckdb.DuckDBPyConnection, folder: Path, limits: _Limits) -> Path:
    """Write (row, reason, notes) of all documents, sorted by row. First the limits of each document by itself, then how many of its parent,
    then how many of each theme.
    """
    most = limits.max_matches or 2**31 - 1
    db.execute(f"CREATE VIEW scored AS SELECT * FROM {parts_of(folder)}")
    db.execute(
        f"""
        CREATE TABLE decided AS
        WITH judged AS (
            SELECT *, CASE
                WHEN keywords < {limits.min_matches:d} THEN 'few keywords: ' || keywords
                WHEN keywords > {most:d} THEN 'many keywords: ' || keywords
                WHEN score < {limits.min_score:f} THEN format('low score: {{:.2f}}', score) END AS alone
            FROM scored),
        parents AS (
            SELECT row, row_number() OVER (PARTITION BY parent ORDER BY score DESC, row) AS place
            FROM judged WHERE alone IS NULL),
        chosen AS (
            SELECT row, CASE WHEN {limits.per_document:d} > 0 AND place > {limits.per_document:d}
                THEN 'enough of its document: number ' || place END AS crowded
            FROM parents),
        pairs AS (
            SELECT row, unnest(themes) AS theme, unnest(scores) AS theme_score
            FROM judged JOIN chosen USING (row) WHERE crowded IS NULL),
        ranks AS (SELECT row, row_number() OVER (PARTITION BY theme ORDER BY theme_score DESC, row) AS place FROM pairs),
        best AS (SELECT row, min(place) AS place FROM ranks GROUP BY row)
        SELECT row, parent, source, keywords, themes, notes, coalesce(alone, crowded, CASE
            WHEN {limits.top_k:d} > 0 AND coalesce(best.place, 2147483647) > {limits.top_k:d}
            THEN 'not among the top: number ' || coalesce(best.place, 0) END) AS reason
        FROM judged LEFT JOIN chosen USING (row) LEFT JOIN best USING (row)
        """
    )
    path = folder / "decisions.parquet"
    db.execute(f"COPY (SELECT row, reason, notes FROM decided ORDER BY row) TO {sql_text(path)} (FORMAT parquet)")
    return path


def _report(db: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What was kept, so that a few long novels that fill a theme are seen."""

    def counts(query: str) -> dict[str, int]:
        return {str(name): int(number) for name, number in db.sql(query).fetchall()}

    kept = "FROM decided WHERE reason IS NULL"
    return {
        "by_theme": counts(f"SELECT unnest(themes) AS theme, count(*) {kept} GROUP BY theme ORDER BY theme"),
        "by_source": counts(f"SELECT source, count(*) {kept} GROUP BY source ORDER BY source"),
        "by_document": counts(
            f"SELECT parent, count(*) AS n {kept} GROUP BY parent ORDER BY n DESC, parent LIMIT {_SHOWN}"
        ),
        "by_matches": counts(f"SELECT keywords, count(*) {kept} GROUP BY keywords ORDER BY keywords"),
    }


@dataclass(frozen=True, slots=True)
class _Writer:
    decisions: Path

    def __call__(self, shard: NumberedGroups, output: Output) -> None:
        for first, batch in shard.batches():
            decided = rows_between(self.decisions, first, batch.num_rows)
            batch = with_meta(batch, {row["row"] - first: json.loads(row["notes"]) for row in decided})
            write_split(batch, {row["row"] - first: row["reason"] for row in decided if row["reason"]}, output)
