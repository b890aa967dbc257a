"""Tables in files: CSV, TSV, XLSX and Parquet, read and written in portions of rows."""

import codecs
import csv
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile, ZipFile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from jobtitles.errors import DataError, InputError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
FORMATS = (*DELIMITERS, ".xlsx", ".parquet")
# What makes a spreadsheet run a cell as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

# What openpyxl raises on a file that is no workbook, or a damaged one; its XML errors are syntax
# errors.
BROKEN_WORKBOOK = (
    InvalidFileException,
    BadZipFile,
    KeyError,
    ValueError,
    IndexError,
    OSError,
    SyntaxError,
    zlib.error,
)

csv.field_size_limit(sys.maxsize)


@dataclass(frozen=True)
class Limits:
    """What is read of a file, and how much at once.

    Attributes:
        portion: Rows in a portion.
        columns: Columns at most.
        unpacked: Bytes at most to which a workbook unpacks, part of which is read into memory; a
            small one can be packed to unpack to anything.
        parquet_rows: Rows at most of a Parquet file.
        parquet_bytes: Bytes at most of one, unpacked.
    """

    portion: int = 10_000
    columns: int = 2**14
    unpacked: int = 2**29
    parquet_rows: int = 2**40
    parquet_bytes: int = 2**50


@dataclass(frozen=True)
class Portion:
    """Some rows of a table.

    Attributes:
        rows: As the format has them; only the writer of the same format reads them.
        titles: The text of the asked column in every row, "" for an empty cell.
    """

    rows: Any
    titles: list[str]


class Writer(Protocol):
    """Takes portions with their added columns, in order."""

    def write(self, portion: Portion, added: dict[str, list[str]]) -> None:
        """Append a portion with its added columns."""

    def close(self) -> None:
        """Finish the file."""


@dataclass
class Table:
    """A table file that is being read.

    Attributes:
        path: The file.
        column: Name of the column of titles; if empty, the one that looks like it is taken.
        encoding: Of CSV and TSV.
        limits: What is too much.
        columns: Names of all its columns, once it is open.
        part: How much of it has been read, 0 to 1.
    """

    path: Path
    column: str
    encoding: str = "utf-8-sig"
    limits: Limits = Limits()
    columns: list[str] = field(default_factory=list)
    part: float = 0.0

    def portions(self) -> Iterator[Portion]:
        """The rows in their order.

        Raises:
            InputError: Another format, or no such column.
            DataError: The file breaks its format; the message names row and column.
        """
        if not self.path.is_file():
            raise InputError(f"{self.path}: there is no such file.")
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise InputError(f"{self.encoding!r}: there is no such encoding.") from error
        if self.path.suffix.lower() in DELIMITERS:
            yield from self._delimited()
        elif self.path.suffix.lower() == ".xlsx":
            yield from self._workbook()
        elif self.path.suffix.lower() == ".parquet":
            yield from self._parquet()
        else:
            raise InputError(f"{self.path}: give a file of {', '.join(FORMATS)}.")

    def check_new(self, added: list[str]) -> None:
        """Check, after the first portion, that columns can be added.

        Raises:
            InputError: The table has a column of such a name.
        """
        twice = [name for name in added if name in self.columns]
        if twice:
            raise InputError(
                f"{self.path} has a column {twice[0]!r} already: rename it, or give a prefix."
            )

    def writer(self, path: Path, added: list[str]) -> Writer:
        """A writer of the same format, to be asked for after the first portion.

        Args:
            path: Where to write.
            added: Names of the columns that every portion will come with.
        """
        suffix = self.path.suffix.lower()
        if suffix in DELIMITERS:
            return _DelimitedWriter(path, DELIMITERS[suffix], [*self.columns, *added])
        if suffix == ".xlsx":
            return _WorkbookWriter(path, [*self.columns, *added])
        return _ParquetWriter(path)

    def _place(self, columns: list[str]) -> int:
        self.columns = columns
        if len(columns) > self.limits.columns:
            raise DataError(
                f"{self.path} has {len(columns):,} columns, more than {self.limits.columns:,}: "
                "keep those that you need."
            )
        if not self.column and columns:
            self.column = next((name for name in columns if "title" in name.lower()), columns[0])
        if columns.count(self.column) != 1:
            found = "no" if self.column not in columns else "more than one"
            shown = ", ".join(repr(name) for name in columns[:20])
            raise InputError(f"{self.path}: {found} column {self.column!r} among {shown}.")
        return columns.index(self.column)

    def _delimited(self) -> Iterator[Portion]:
        size = max(self.path.stat().st_size, 1)
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=DELIMITERS[self.path.suffix.lower()], strict=True)
            place, rows, number = -1, [], 0
            try:
                for number, row in enumerate(reader, 1):
                    if place < 0:
                        place = self._place(row)
                        continue
                    if not row:
                        raise DataError(f"{self.path}, row {number}: empty line.")
                    if len(row) != len(self.columns):
                        raise DataError(
                            f"{self.path}, row {number}: {len(row)} cells instead of "
                            f"{len(self.columns)}; the last one is in column "
                            f"{self.columns[min(len(row), len(self.columns)) - 1]!r}."
                        )
                    rows.append(row)
                    if len(rows) == self.limits.portion:
                        self.part = file.buffer.tell() / size
                        yield Portion(rows, [r[place] for r in rows])
                        rows = []
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self.path}, after row {number}: not {self.encoding} "
                    f"(byte {error.object[error.start]:#04x}); name its encoding, such as cp1252."
                ) from error
            except csv.Error as error:
                raise DataError(f"{self.path}, row {number + 1}: {error}.") from error
        yield from self._rest(place, rows, [r[place] for r in rows])

    def _rest(self, place: int, rows: Any, titles: list[str]) -> Iterator[Portion]:
        if place < 0:
            raise DataError(f"{self.path} is empty: its first row must name the columns.")
        self.part = 1.0
        yield Portion(rows, titles)

    def _workbook(self) -> Iterator[Portion]:
        try:
            with ZipFile(self.path) as parts:
                unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > self.limits.unpacked:
                raise DataError(
                    f"{self.path}: unpacks to {unpacked:,} bytes, more than "
                    f"{self.limits.unpacked:,}; save it as CSV."
                )
            yield from self._sheet()
        except BROKEN_WORKBOOK as error:
            raise DataError(f"{self.path}: no workbook that can be read ({error}).") from error

    def _sheet(self) -> Iterator[Portion]:
        book = openpyxl.load_workbook(self.path, read_only=True)
        # What is shown first may be a chart.
        sheet = book.active if book.active in book.worksheets else book.worksheets[0]
        last = sheet.max_row or 1
        place, rows, number = -1, [], 0
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if place < 0:
                place = self._place([cell_text(cell) for cell in cells])
                continue
            width = len(self.columns)
            if any(cell is not None for cell in cells[width:]):
                raise DataError(
                    f"{self.path}, row {number}: a cell stands to the right of the last column, "
                    f"{self.columns[-1]!r}."
                )
            rows.append([*cells[:width], *[None] * (width - len(cells))])
            if len(rows) == self.limits.portion:
                self.part = min(number / last, 1.0)
                yield Portion(rows, [cell_text(row[place]) for row in rows])
                rows = []
        book.close()
        yield from self._rest(place, rows, [cell_text(row[place]) for row in rows])

    def _parquet(self) -> Iterator[Portion]:
        try:
            file = pq.ParquetFile(self.path)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{self.path}: no Parquet file that can be read ({error}).") from error
        self._place(file.schema_arrow.names)
        found = file.metadata
        size = sum(found.row_group(n).total_byte_size for n in range(found.num_row_groups))
        if found.num_rows > self.limits.parquet_rows or size > self.limits.parquet_bytes:
            raise DataError(
                f"{self.path}: {found.num_rows:,} rows that unpack to {size:,} bytes; at most "
                f"{self.limits.parquet_rows:,} and {self.limits.parquet_bytes:,} are read."
            )
        total, done = max(found.num_rows, 1), 0
        if not found.num_rows:
            yield Portion(file.schema_arrow.empty_table(), [])
        for batch in self._batches(file):
            done += len(batch)
            self.part = done / total
            cells = batch.column(batch.schema.get_field_index(self.column)).to_pylist()
            yield Portion(pa.Table.from_batches([batch]), [cell_text(cell) for cell in cells])

    def _batches(self, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
        try:
            yield from file.iter_batches(self.limits.portion)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{self.path}: a damaged Parquet file ({error}).") from error


class _DelimitedWriter:
    def __init__(self, path: Path, delimiter: str, columns: list[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, portion: Portion, added: dict[str, list[str]]) -> None:
        columns = [[defused(cell) for cell in cells] for cells in added.values()]
        self._writer.writerows([*r, *more] for r, *more in zip(portion.rows, *columns, strict=True))

    def close(self) -> None:
        self._file.close()


class _WorkbookWriter:
    def __init__(self, path: Path, columns: list[str]) -> None:
        self._path = path
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet()
        self._sheet.append(columns)

    def write(self, portion: Portion, added: dict[str, list[str]]) -> None:
        columns = [[defused(cell) for cell in cells] for cells in added.values()]
        for row, *more in zip(portion.rows, *columns, strict=True):
            self._sheet.append([*row, *more])

    def close(self) -> None:
        self._book.save(self._path)


class _ParquetWriter:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, portion: Portion, added: dict[str, list[str]]) -> None:
        table = portion.rows
        for name, cells in added.items():
            table = table.append_column(name, pa.array(cells, pa.string()))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def encoding_of(path: Path) -> str:
    """UTF-8 where a delimited file is in it, else the one that Windows writes in the West."""
    if path.suffix.lower() in DELIMITERS:
        try:
            with path.open(encoding="utf-8-sig") as file:
                for _ in iter(lambda: file.read(2**20), ""):
                    pass
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def defused(cell: str) -> str:
    """The cell as text that no spreadsheet runs: an apostrophe before what begins a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def cell_text(cell: Any) -> str:
    """A cell of whatever type as text, "" for an empty one."""
    return "" if cell is None else str(cell)
