"""Tables in files: every format in and out again, and what is wrong with one told by its place."""

import csv
from zipfile import ZipFile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.chart import BarChart

from jobtitles import tables
from jobtitles.errors import DataError, InputError
from jobtitles.tables import Limits, Table, encoding_of

ROWS = [["1", "Nurse, night", 'a "quoted" cell'], ["2", "", "=1+1"], ["3", "Köchin\nzweite", ""]]
COLUMNS = ["id", "title", "note"]


def write(path, rows=ROWS, columns=COLUMNS):
    if path.suffix == ".parquet":
        pq.write_table(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), path)
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in [columns, *rows]:
            book.active.append(row)
        book.save(path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter="," if path.suffix == ".csv" else "\t").writerows(
                [columns, *rows]
            )
    return path


def read(path):
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        return [table.column_names, *(list(row.values()) for row in table.to_pylist())]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        return [["" if cell is None else cell for cell in r] for r in sheet.values]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t"))


@pytest.mark.parametrize("suffix", tables.FORMATS)
@pytest.mark.parametrize("portion", [1, 2, 10_000])
def test_rows_come_out_as_they_went_in_with_columns_added(tmp_path, suffix, portion):
    table = Table(write(tmp_path / f"in{suffix}"), "title", limits=Limits(portion))
    writer, titles = None, []
    for found in table.portions():
        titles += found.titles
        writer = writer or table.writer(tmp_path / f"out{suffix}", ["length"])
        writer.write(found, {"length": [str(len(title)) for title in found.titles]})
    writer.close()
    assert table.part == 1
    assert titles == [row[1] for row in ROWS]
    expected = [[*row, str(len(row[1]))] for row in ROWS]
    assert read(tmp_path / f"out{suffix}") == [[*COLUMNS, "length"], *expected]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_added_cells_are_no_formulas(tmp_path, suffix):
    table = Table(write(tmp_path / f"in{suffix}", ROWS[:1]), "title")
    portion = next(table.portions())
    writer = table.writer(tmp_path / f"out{suffix}", ["added"])
    writer.write(portion, {"added": ["=cmd|' /C calc'!A0"]})
    writer.close()
    assert read(tmp_path / f"out{suffix}")[1][-1] == "'=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"id,name\n1,Nurse\n", "no column 'title' among 'id', 'name'"),
        (b"title,title\nNurse,Nurse\n", "more than one column 'title'"),
        (b"id,title\n1,Nurse\n2\n", "row 3: 1 cells instead of 2; the last one is in column 'id'"),
        (b"id,title\n1,Nurse,x\n", "row 2: 3 cells instead of 2; .* 'title'"),
        (b"id,title\n1,Nurse\n\n3,Cook\n", "row 3: empty line"),
        (b"id,title\n1,N\xe4herin\n", "not utf-8-sig .byte 0xe4"),
        (b'id,title\n1,"Nurse\n', "row 2: unexpected end of data"),
    ],
)
def test_a_broken_file_is_told_by_row_and_column(tmp_path, content, message):
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises((DataError, InputError), match=message):
        list(Table(tmp_path / "in.csv", "title").portions())


@pytest.mark.parametrize(
    ("name", "message"),
    [("in.xlsx", "no workbook"), ("in.parquet", "no Parquet file"), ("in.doc", "give a file of")],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"\x00\x01nothing of the kind")
    with pytest.raises((DataError, InputError), match=message):
        list(Table(tmp_path / name, "title").portions())


def test_another_encoding_by_its_name(tmp_path):
    (tmp_path / "in.csv").write_bytes("title\nNäherin\n".encode("cp1252"))
    assert next(Table(tmp_path / "in.csv", "title", "cp1252").portions()).titles == ["Näherin"]


def test_an_encoding_that_does_not_exist(tmp_path):
    with pytest.raises(InputError, match="'utf-9': there is no such encoding"):
        list(Table(write(tmp_path / "in.csv"), "title", "utf-9").portions())


def test_a_column_is_never_written_over(tmp_path):
    table = Table(write(tmp_path / "in.csv"), "title")
    next(table.portions())
    with pytest.raises(InputError, match="has a column 'note' already"):
        table.check_new(["note"])


def test_a_row_wider_than_the_header_is_told(tmp_path):
    book = openpyxl.Workbook(write_only=True)  # names no dimensions, as other programs do
    sheet = book.create_sheet()
    for row in [COLUMNS, *ROWS, ["4", "Cook", "", "beyond"]]:
        sheet.append(row)
    path = tmp_path / "in.xlsx"
    book.save(path)
    with pytest.raises(DataError, match="row 5: a cell stands to the right of the last column"):
        list(Table(path, "title").portions())


def test_the_column_that_looks_like_titles_is_taken(tmp_path):
    (tmp_path / "in.csv").write_text("id,Job Title,title 2\n1,Nurse,x\n")
    table = Table(tmp_path / "in.csv", "")
    assert next(table.portions()).titles == ["Nurse"]
    assert table.column == "Job Title"
    (tmp_path / "in.csv").write_text("role,place\nNurse,x\n")
    table = Table(tmp_path / "in.csv", "")
    assert next(table.portions()).titles == ["Nurse"]


def test_windows_files_are_told_from_utf_8(tmp_path):
    for encoding, told in (("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("cp1252",) * 2):
        (tmp_path / "in.csv").write_text("title\nCafé\n", encoding=encoding)
        assert encoding_of(tmp_path / "in.csv") == told
    assert encoding_of(write(tmp_path / "in.xlsx")) == "utf-8-sig"


@pytest.mark.parametrize(
    ("suffix", "limits", "message"),
    [
        (".xlsx", Limits(unpacked=1000), "unpacks to .* more than 1,000"),
        (".csv", Limits(columns=2), "3 columns, more than 2"),
        (".parquet", Limits(parquet_rows=2), "3 rows"),
        (".parquet", Limits(parquet_bytes=20), "at most .* and 20 are read"),
    ],
)
def test_too_much_is_refused(tmp_path, suffix, limits, message):
    with pytest.raises(DataError, match=message):
        next(Table(write(tmp_path / f"in{suffix}"), "title", limits=limits).portions())


def test_a_damaged_workbook_is_told(tmp_path):
    path = write(tmp_path / "in.xlsx")
    with ZipFile(path) as whole, ZipFile(tmp_path / "damaged.xlsx", "w") as damaged:
        for part in whole.infolist():
            content = whole.read(part)
            if part.filename.endswith("sheet1.xml"):
                content = content[: len(content) // 2]
            damaged.writestr(part.filename, content)
    with pytest.raises(DataError, match="no workbook that can be read"):
        list(Table(tmp_path / "damaged.xlsx", "title").portions())


def test_a_workbook_that_opens_on_a_chart_is_read(tmp_path):
    book = openpyxl.Workbook()
    for row in [COLUMNS, *ROWS]:
        book.active.append(row)
    book.create_chartsheet("chart").add_chart(BarChart())
    book.active = 1
    book.save(tmp_path / "in.xlsx")
    portion = next(Table(tmp_path / "in.xlsx", "title").portions())
    assert portion.titles == [row[1] for row in ROWS]
