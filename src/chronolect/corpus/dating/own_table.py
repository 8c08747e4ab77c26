"""`corpus dates table`: a table of your own as a table of dates, such as the (entity, earliest, latest) lists other tools write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage
from chronolect.corpus.dating.table import DATES_SCHEMA, DateFact
from chronolect.corpus.document import TableWriter
from chronolect.corpus.problems import Problem, Problems
from chronolect.corpus.sources.records import Record, find_files, read_records
from chronolect.corpus.sources.table import to_span
from chronolect.errors import UserError
from chronolect.timeline import Span

_KEYS = ("qid", "page_id", "title", "id")


def dates_from_table(
    inputs: list[Path],
    *,
    out: Path,
    date_field: str | None = None,
    earliest_field: str | None = None,
    latest_field: str | None = None,
    qid_field: str | None = None,
    page_id_field: str | None = None,
    title_field: str | None = None,
    id_field: str | None = None,
) -> dict[str, Any]:
    """Read dates of your own (JSON, JSONL, CSV, TSV or Parquet) into a table for `corpus date`.

    Dates are EDTF, or a number for a year; an earliest and a latest date make one span, and a missing one leaves it open. Give at least one
    field to join by.

    Args:
        inputs: Files, or folders of them.
        out: Folder to write the table of dates to.
        date_field: Field of the date.
        earliest_field: Field of the earliest date, instead.
        latest_field: Field of the latest date, instead.
        qid_field: Field of the Wikidata item, such as Q42.
        page_id_field: Field of the page id.
        title_field: Field of the article's title.
        id_field: Field of the document's id.

    Returns:
        Counts: dates, and problems by kind.

    Raises:
        UserError: Missing input, no field to join by, no field of dates, or nothing usable.
    """
    config = {name: value for name, value in locals().items() if name not in ("inputs", "out")}
    keys = dict(zip(_KEYS, (qid_field, page_id_field, title_field, id_field), strict=True))
    if not any(keys.values()):
        raise UserError("give a field to join by: --qid-field, --page-id-field, --title-field or --id-field")
    dates = (date_field, earliest_field, latest_field)
    if not any(dates) or (date_field and (earliest_field or latest_field)):
        raise UserError("give the field of the dates: --date-field, or --earliest-field and --latest-field")
    with stage(out, command="corpus dates table", config=config, inputs=inputs) as work:
        problems = Problems()
        writer = TableWriter(work.folder / "part-00000.parquet", DATES_SCHEMA)
        for record in (record for path in inputs for file in find_files(path) for record in read_records(file)):
            for fact in _facts(record, keys, dates, problems):
                writer.write_row(fact.to_row())
        writer.close()
        problems.report()
        if not writer.rows:
            raise UserError(
                f"{inputs[0]}: no usable date in it ({problems.summary() or 'no records'}); check the names of the fields"
            )
        work.counts = {"dates": writer.rows, "problems": dict(problems.counts), "problem_list": problems.listed}
    return {name: value for name, value in work.counts.items() if name != "problem_list"}


def _facts(
    record: Record | Problem,
    keys: dict[str, str | None],
    dates: tuple[str | None, str | None, str | None],
    problems: Problems,
) -> Iterator[DateFact]:
    if isinstance(record, Problem):
        problems.add("unreadable", record)
        return
    found = {name: _text(record.fields.get(field)) for name, field in keys.items() if field}
    if not any(found.values()):
        problems.add("nothing to join by", Problem(record.where, "all key fields are empty"))
        return
    try:
        span = _span(record, dates)
        page_id = int(found["page_id"]) if found.get("page_id") else None
    except (UserError, ValueError) as error:
        problems.add("impossible dates", Problem(record.where, str(error)))
        return
    if span.is_known:
        qid, title = found.get("qid") or None, found.get("title") or None
        entity = found.get("id") or qid or title or str(page_id)
        yield DateFact(entity, "date", "point", span, "", "user", record.place, qid=qid, title=title, page_id=page_id)
    else:
        problems.add("undated", Problem(record.where, "no date"))


def _span(record: Record, dates: tuple[str | None, str | None, str | None]) -> Span:
    date, earliest, latest = (_value(record, name) for name in dates)
    if date is not None:
        return to_span(date)
    first = to_span(earliest).earliest if earliest is not None else None
    last = to_span(latest).latest if latest is not None else None
    if first is not None and last is not None and first > last:
        raise UserError(f'"{earliest}" to "{latest}" ends before it begins')
    return Span(first, last)


def _value(record: Record, name: str | None) -> Any:
    value = record.fields.get(name) if name else None
    return None if value is None or value == "" or value != value else value


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
