"""`eval timebench table`: the results of several models side by side, as CSV, Markdown and a page with plots."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage, write_bytes
from chronolect.errors import UserError
from chronolect.evaluation.timebench.compare import read_comparison
from chronolect.evaluation.timebench.naming import COMPARISON, model_name
from chronolect.evaluation.timebench.page import benchmark_page
from chronolect.evaluation.timebench.results import Row, read_results, table_rows, write_p

_NONE = "—"


def eval_timebench_table(results: list[Path], *, comparison: Path | None = None, out: Path) -> dict[str, Any]:
    """Set the results of several models side by side: CSV and Markdown as published, and a page with plots.

    The columns are in the order in which the files are given; published tables go from no thinking over thinking to TIME.

    Args:
        results: Result files (NAME_results.json); a column is headed by the file's NAME.
        comparison: File of a comparison of two of them (A_vs_B_stat_results.json), for the p-values, and its name for the tables.
        out: Folder to write to.

    Returns:
        models, rows and files.

    Raises:
        UserError: For a file that is missing or no result file, or two models of one name.
    """
    models = [read_results(path) for path in results]
    names = [model.name for model in models]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UserError(
                f'{results[place]}: a second model called "{name}"; models are called by their files, so rename one'
            )
    for path in (*results, *([comparison] if comparison else [])):
        if out.resolve() in path.resolve().parents:
            raise UserError(f"{out}: holds {path.name}, and is replaced by the tables; give another folder with --out")
    tests = read_comparison(comparison) if comparison else {}
    rows = table_rows(models, tests)
    stem = comparison.stem if comparison else f"{'_vs_'.join(model_name(path) for path in results)}{COMPARISON}"
    files = {f"{stem}_full.csv": as_csv(names, rows), f"{stem}_full.md": as_markdown(names, rows)}
    compared = stem.removesuffix(COMPARISON).replace("_vs_", " and ") if comparison else ""
    files[f"{stem}_full.html"] = benchmark_page(models, rows, tests, compared)
    config = {"results": [str(path) for path in results], "comparison": str(comparison) if comparison else None}
    inputs = [*results, *([comparison] if comparison else [])]
    with stage(out, command="eval timebench table", config=config, inputs=inputs) as work:
        for name, text in files.items():
            write_bytes(work.folder / name, text.encode())
        work.counts = {"models": len(models), "rows": len(rows)}
    return {
        "models": names,
        "rows": len(rows),
        "files": [str(out / name) for name in files],
        "screen": as_markdown(names, rows),
    }


def as_csv(names: Sequence[str], rows: Sequence[Row]) -> str:
    """The table as CSV, as published."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_cells(names, rows))
    return text.getvalue()


def as_markdown(names: Sequence[str], rows: Sequence[Row]) -> str:
    """The table as Markdown, as published, without a newline at the end."""
    head, *body = [[cell.replace("|", "\\|") for cell in line] for line in _cells(names, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body))


def _cells(names: Sequence[str], rows: Sequence[Row]) -> list[list[str]]:
    head = ["Statistic", *names, "WSR p-value"]
    return [head, *([row.title, *(str(value or _NONE) for value in row.values), _p(row)] for row in rows)]


def _p(row: Row) -> str:
    return _NONE if row.p_value is None else write_p(row.p_value)
