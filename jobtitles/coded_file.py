"""A table of job titles in, the same rows out with O*NET-SOC codes beside them.

Run: python -m scripts.code_titles --input titles.csv --column title --output coded.csv
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from jobtitles.code_columns import cells, column_names
from jobtitles.coder import Coder, load_coder
from jobtitles.coding_store import CodingStore
from jobtitles.errors import InputError
from jobtitles.parts import SHIPPED
from jobtitles.sources import DATASET_DIR
from jobtitles.tables import Table, Writer
from jobtitles.votes import CANDIDATES

BAR = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
CODED_AT_ONCE = 2048  # distinct titles between two commits to the disk


@dataclass(frozen=True)
class CodeSettings:
    """Which file, which column, where to."""

    input: Path = field(metadata={"help": "CSV, TSV, XLSX or Parquet, the first row names columns"})
    output: Path = field(metadata={"help": "file of the same format"})
    column: str = field(default="title", metadata={"help": "the column of job titles"})
    k: int = field(default=3, metadata={"help": "codes a title, 2 to 10"})
    prefix: str = field(default="", metadata={"help": "put before the added columns' names"})
    encoding: str = field(default="utf-8-sig", metadata={"help": "of a CSV or TSV file"})
    dataset: Path = field(
        default=DATASET_DIR, metadata={"help": "folder of the dataset whose titles vote"}
    )
    onet: str = field(
        default="", metadata={"help": "folder of O*NET's text files: its titles vote as well"}
    )


def code_file(settings: CodeSettings) -> None:
    """Add O*NET-SOC codes, confidences and a review flag to a table of job titles.

    A killed run is taken up where it stood: what was coded stands beside the output until the
    output is whole.

    Raises:
        InputError: A file, column or setting that cannot be used.
        DataError: The file breaks its format.
        SourceError: The model or its calibration is missing.
    """
    if settings.output.suffix.lower() != settings.input.suffix.lower():
        raise InputError(f"{settings.output}: the output is of the input's format.")
    if not settings.output.absolute().parent.is_dir():
        raise InputError(f"{settings.output}: there is no such folder.")
    if settings.output.resolve() == settings.input.resolve():
        raise InputError(f"{settings.output}: the output would replace the input.")
    if not 2 <= settings.k <= CANDIDATES:
        raise InputError(f"k={settings.k}: ask for 2 to {CANDIDATES} codes.")
    # The first portion shows what is wrong with a file before anything is loaded.
    table = Table(settings.input, settings.column, settings.encoding)
    next(table.portions())
    table.check_new(column_names(settings.k, settings.prefix))
    onet = Path(settings.onet) if settings.onet else None
    with tqdm(desc="titles that vote, encoded once", unit="title", leave=False) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        coder = load_coder(replace(SHIPPED, dataset=settings.dataset), onet, report)
    rows, distinct = code_table(coder, settings)
    print(f"{settings.output}: {rows:,} rows, {distinct:,} titles coded in this run")


def code_table(coder: Coder, settings: CodeSettings) -> tuple[int, int]:
    """Code the file of `settings`; rows written, and distinct titles that were coded anew."""
    output = settings.output
    store = CodingStore(
        output.with_name(f".{output.name}.codings"), f"{coder.digest} k={settings.k}"
    )
    table = Table(settings.input, settings.column, settings.encoding)
    names = column_names(settings.k, settings.prefix)
    writer: Writer | None = None
    rows = distinct = 0
    # One name, not a new one each run: what a killed run left is written over.
    temporary = output.with_name(f".{output.name}.part")
    try:
        with tqdm(total=100, unit="%", bar_format=BAR) as bar:
            for portion in table.portions():
                wanted = list(dict.fromkeys(portion.titles))
                codings = store.get(wanted)
                missing = [title for title in wanted if title not in codings]
                for start in range(0, len(missing), CODED_AT_ONCE):
                    some = missing[start : start + CODED_AT_ONCE]
                    new = dict(zip(some, coder.code(some, settings.k), strict=True))
                    store.put(new)
                    codings |= new
                    distinct += len(new)
                    bar.set_postfix_str(f"{rows:,} rows, {distinct:,} titles coded")
                added = [cells(codings[title], coder, settings.k) for title in portion.titles]
                columns = {n: [row[place] for row in added] for place, n in enumerate(names)}
                writer = writer or table.writer(temporary, names)
                writer.write(portion, columns)
                rows += len(portion.titles)
                bar.update(100 * table.part - bar.n)
                bar.set_postfix_str(f"{rows:,} rows, {distinct:,} titles coded")
        writer.close()
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
        store.close()
    store.delete()
    return rows, distinct
