"""A table file that a visitor uploaded."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobtitles.tables import Table

FILE_LABEL = "or a table: CSV, TSV, XLSX, Parquet"
FILES = [".csv", ".tsv", ".xlsx", ".parquet"]


def open_table(path: str, column: str = "") -> "Table":
    """The table, its first portion read; without a name, the likeliest column of titles is taken.

    Raises:
        InputError: No such column.
        DataError: The file breaks its format, or a limit.
    """
    from jobtitles.coded_titles import LIMITS
    from jobtitles.tables import Table, encoding_of

    table = Table(Path(path), column, encoding_of(Path(path)), LIMITS)
    next(table.portions())
    return table


def column_choices(path: str) -> tuple[list[tuple[str, int]], int]:
    """Name and place of every column that has a name, and the place of the likeliest of titles.

    Raises:
        DataError: The file breaks its format, or a limit.
    """
    table = open_table(path)
    choices = [(name, place) for place, name in enumerate(table.columns) if name]
    return choices, table.columns.index(table.column)


def folder_of(path: str | None) -> str:
    """The server's folder of the file, which no message shall show."""
    return f"{Path(path).parent}/" if path else ""
