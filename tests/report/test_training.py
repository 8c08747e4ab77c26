import json
from pathlib import Path

import pytest
from tests.report.report_runs import write_training

from chronolect.report.gather import gather
from chronolect.report.page import Figure, Grid, Table
from chronolect.report.training import split_name, training_section

COLORS = {"locked": "locked", "twin": "twin"}


def test_loss_and_validation(run: Path) -> None:
    section = training_section(gather([run]), COLORS)
    assert section is not None
    loss, grid, table = section.blocks
    assert isinstance(loss, Figure)
    assert isinstance(grid, Grid)
    assert isinstance(table, Table)
    assert loss.chart.x.log
    assert [figure.chart.title for figure in grid.figures] == [
        "all held-out text",
        "1850–1899",
        "1900–1949",
        "1950–1969",
        "after the cutoff",
    ]
    assert table.rows[4][0] == "after the cutoff"
    assert table.rows[4][1] > table.rows[4][2]


def test_long_runs_are_thinned_but_end_where_they_end(tmp_path: Path) -> None:
    write_training(tmp_path / "locked", later=1.0, steps=20_000)
    section = training_section(gather([tmp_path]), COLORS)
    assert section is not None
    assert isinstance(section.blocks[0], Figure)
    points = section.blocks[0].chart.series[0].points
    assert len(points) <= 301
    assert points[-1].x == 20_000


def test_one_validation_is_a_table_only(tmp_path: Path) -> None:
    write_training(tmp_path / "locked", later=1.0, steps=80)
    section = training_section(gather([tmp_path]), COLORS)
    assert section is not None
    assert [block.kind for block in section.blocks] == ["figure", "table"]


def test_validation_in_nats_where_there_are_no_bits(tmp_path: Path) -> None:
    write_training(tmp_path / "locked", later=1.0)
    path = tmp_path / "locked" / "metrics.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(
            json.dumps(record | ({"bits_per_byte": None} if record["kind"] == "eval" else {})) + "\n"
            for record in records
        )
    )
    section = training_section(gather([tmp_path]), COLORS)
    assert section is not None
    grid = section.blocks[1]
    assert isinstance(grid, Grid)
    assert grid.figures[0].chart.y.label == "nats per token"


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("val", "all held-out text"),
        ("val-1900-1949", "1900–1949"),
        ("val-after", "after the cutoff"),
        ("val-great-war", "great-war"),
    ],
)
def test_names_of_validation_sets(split: str, words: str) -> None:
    assert split_name(split) == words


def test_without_training(run: Path) -> None:
    assert training_section(gather([run / "horizon"]), COLORS) is None
