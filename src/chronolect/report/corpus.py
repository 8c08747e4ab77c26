"""The section on what the models could read, by the year it was written."""

from chronolect.corpus.document import DROPPED
from chronolect.corpus.stats import corpus_stats
from chronolect.report.findings import decimal_year
from chronolect.report.formats import compact, day, number, size, year, years
from chronolect.report.gather import RunData, StageFolder
from chronolect.report.page import Block, Column, Figure, LegendEntry, Section, Table
from chronolect.report.plots import Axis, Chart, Point, Rule, Series
from chronolect.timeline.calendar import bin_start

_MOST_BINS = 60


def corpus_section(data: RunData) -> Section | None:
    """Words by year, kept and dropped, for each filter of the run; without one, of each imported corpus."""
    filters = data.of("corpus filter")
    shown = filters or [stage for stage in data.stages if stage.command.startswith("corpus import ")]
    if not shown:
        return None
    locked = [stage for stage in filters if stage.manifest["config"]["keep_side"] == "before"]
    blocks: list[Block] = [_corpus_figure(stage, filtered=bool(filters)) for stage in locked or shown]
    if filters:
        rows = [
            [stage.name, reason, number(count)]
            for stage in filters
            for reason, count in (
                ("kept", stage.manifest["counts"]["kept"]),
                *stage.manifest["counts"]["dropped_by"].items(),
            )
        ]
        blocks.append(
            Table("What the filter did", [Column("Corpus", False), Column("Verdict", False), Column("Documents")], rows)
        )
    packs = data.of("corpus pack")
    if packs:
        rows = [
            [stage.name, split, number(part["documents"]), number(part["tokens"]), size(part["bytes"])]
            for stage in packs
            for split, part in stage.manifest["counts"]["splits"].items()
        ]
        columns = [
            Column("Packed corpus", False),
            Column("Split", False),
            Column("Documents"),
            Column("Tokens"),
            Column("Text"),
        ]
        blocks.append(
            Table(
                "Packed for training and validation",
                columns,
                rows,
                folded="Documents, tokens and bytes of every training and validation set",
                hide_caption=True,
            )
        )
    intro = "What the models could read, by the year it was written. What the filter left out is kept beside the corpus with the reason."
    return Section(
        "corpus",
        "The corpus by year",
        intro if filters else "What the models could read, by the year it was written.",
        blocks,
    )


def _corpus_figure(stage: StageFolder, *, filtered: bool) -> Figure:
    kept, undated = _words_by_year(stage)
    dropped_folder = stage.folder / DROPPED
    dropped, undated_dropped = (
        _words_by_year(StageFolder(dropped_folder, {})) if filtered and dropped_folder.is_dir() else ({}, 0)
    )
    known = sorted({*kept, *dropped})
    width = next(
        w
        for w in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 10**9)
        if not known or (known[-1] - known[0]) / w < _MOST_BINS
    )
    series = []
    rows: dict[int, list[str]] = {}
    for name, color, counts in (("kept" if filtered else "words", "locked", kept), ("dropped", "dropped", dropped)):
        binned: dict[int, list[int]] = {}
        for at, (documents, words) in counts.items():
            total = binned.setdefault(bin_start(at, width), [0, 0])
            total[0] += documents
            total[1] += words
        points = [
            Point(
                start,
                words,
                tip=f"{years(start, start + width - 1)}, {name}\n{number(words)} words, {number(documents)} documents",
            )
            for start, (documents, words) in sorted(binned.items())
        ]
        series.append(Series(name, points, color, "bars", width=width))
        for start, (documents, words) in binned.items():
            row = rows.setdefault(start, [years(start, start + width - 1), "0", "0", "0", "0"])
            row[1 if color == "locked" else 3 : 3 if color == "locked" else 5] = [number(documents), number(words)]
    cutoff = stage.manifest["config"].get("cutoff") if filtered else None
    rules = [Rule("x", decimal_year(cutoff), f"cutoff {day(cutoff)}", color="ink")] if cutoff else []
    chart = Chart(
        id=f"corpus-{stage.name}",
        title=f"{stage.name}: words by year",
        description=f"Words of the corpus {stage.name} by the year they were written"
        + (", kept and dropped by the filter." if filtered else "."),
        x=Axis("year written", format=year, whole=True),
        y=Axis("words", low=0.0, format=compact),
        series=series,
        rules=rules,
    )
    lost = undated + undated_dropped
    caption = f"Counted in steps of {width} years." if width > 1 else "Counted year by year."
    caption += f" {number(lost)} documents without two ends to their date are not drawn." if lost else ""
    columns = [Column("Years", False), Column("Documents"), Column("Words")]
    if filtered:
        columns = [
            Column("Years", False),
            Column("Documents kept"),
            Column("Words kept"),
            Column("Documents dropped"),
            Column("Words dropped"),
        ]
    table = Table("Words by year", columns, [rows[start][: len(columns)] for start in sorted(rows)], hide_caption=True)
    legend = [LegendEntry("kept", "locked", "bars"), LegendEntry("dropped", "dropped", "bars")] if filtered else []
    return Figure(chart, caption, table, legend)


def _words_by_year(stage: StageFolder) -> tuple[dict[int, tuple[int, int]], int]:
    """Documents and words of each year, and the number of documents that have no year."""
    if not any(stage.folder.glob("part-*.parquet")):
        return {}, 0
    by = stage.manifest.get("config", {}).get("by", "written") if stage.manifest else "written"
    rows = corpus_stats(stage.folder, by="about" if by == "about" else "written")["by_year"]
    dated = {row["year"]: (row["documents"], row["words"]) for row in rows if row["year"] is not None}
    return dated, sum(row["documents"] for row in rows if row["year"] is None)
