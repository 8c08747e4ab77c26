from pathlib import Path

from chronolect.report.corpus import corpus_section
from chronolect.report.gather import gather
from chronolect.report.page import Figure, Table


def test_kept_and_dropped_by_year(run: Path) -> None:
    data = gather([run])
    section = corpus_section(data)
    assert section is not None
    figure, table = section.blocks
    assert isinstance(figure, Figure)
    assert isinstance(table, Table)
    kept, dropped = figure.chart.series
    assert max(point.x for point in kept.points) < 1970 <= max(point.x for point in dropped.points)
    assert figure.chart.rules[0].label == "cutoff 20 July 1969"
    counts = data.of("corpus filter")[0].manifest["counts"]
    assert [row[2] for row in table.rows] == [f"{n:,}" for n in (counts["kept"], *counts["dropped_by"].values())]
    assert figure.table is not None
    drawn = [int(row[place].replace(",", "")) for row in figure.table.rows for place in (1, 3)]
    assert sum(drawn) == counts["kept"] + counts["dropped"]


def test_without_a_filter_the_import_is_shown(run: Path) -> None:
    section = corpus_section(gather([run / "everything"]))
    assert section is not None
    (figure,) = section.blocks
    assert isinstance(figure, Figure)
    assert figure.table is not None
    assert [column.name for column in figure.table.columns] == ["Years", "Documents", "Words"]
    assert not figure.legend


def test_without_a_corpus(run: Path) -> None:
    assert corpus_section(gather([run / "horizon"])) is None
