"""Tab-separated tables of the audit, read line by line with errors that name the line."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from chronolect.errors import UserError


def read_table(path: Path, columns: Sequence[str], required: int) -> Iterator[tuple[str, list[str]]]:
    """The rows below the header line as (where it stands, cells), filled up with empty cells; lines that begin with # are comments.

    The first `required` cells must not be empty. Raises `UserError` for a file that is no such table.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable UTF-8 file ({type(error).__name__})") from None
    if not lines or lines[0].split("\t") != list(columns):
        raise UserError(f"{path}:1: the header line must be {', '.join(columns)}, parted by tabs")
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        where = f"{path}:{number}"
        if not required <= len(cells) <= len(columns) or not all(cells[:required]):
            raise UserError(f"{where}: expected {', '.join(columns)}, parted by tabs")
        yield where, cells + [""] * (len(columns) - len(cells))


def read_year(where: str, cell: str) -> int:
    """A year, or a `UserError`."""
    if not cell.lstrip("-").isdigit():
        raise UserError(f'{where}: "{cell}" is no year')
    return int(cell)
