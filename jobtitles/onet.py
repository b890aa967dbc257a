"""O*NET's own titles, read from a folder or zip of its text files: alternate and reported ones.

Codes of the 2010 taxonomy go through the crosswalk; a title is right under every code that lists
it.
"""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobtitles.errors import DataError
from jobtitles.records import text_key

ALTERNATE_TITLES = "Alternate Titles.txt"
REPORTED_TITLES = "Sample of Reported Titles.txt"
DESCRIPTIONS = "Occupation Data.txt"
CROSSWALK = "2010_to_2019_Crosswalk.csv"


@dataclass(frozen=True, slots=True)
class ListedTitle:
    """A title with every O*NET-SOC 2019 code that lists it."""

    text: str
    codes: frozenset[str]


def codes_2019(source: Path) -> dict[str, set[str]]:
    """O*NET-SOC 2010 code -> its 2019 codes, by the crosswalk.

    Raises:
        DataError: The crosswalk is missing or its columns are not the expected ones.
    """
    codes = defaultdict(set)
    for row in read_rows(source, CROSSWALK, ("soc2010_code", "soc2019_code"), ";"):
        codes[row["soc2010_code"]].add(row["soc2019_code"])
    return codes


def listed_titles(source: Path) -> list[ListedTitle]:
    """Every distinct title (case and spacing folded) in file order, with all its codes.

    Raises:
        DataError: A file is missing or its columns are not the expected ones.
    """
    crosswalk = codes_2019(source)
    text_of: dict[str, str] = {}
    codes_of: dict[str, set[str]] = defaultdict(set)
    for name, column in (
        (ALTERNATE_TITLES, "Alternate Title"),
        (REPORTED_TITLES, "Reported Job Title"),
    ):
        for row in read_rows(source, name, ("O*NET-SOC Code", column)):
            key = text_key(row[column])
            text_of.setdefault(key, row[column])
            codes_of[key] |= crosswalk[row["O*NET-SOC Code"]]
    return [ListedTitle(text_of[key], frozenset(codes)) for key, codes in codes_of.items()]


def read_rows(
    source: Path, name: str, columns: tuple[str, ...], delimiter: str = "\t"
) -> Iterator[dict[str, str]]:
    """Rows of one of O*NET's files.

    Args:
        source: Folder, or zip that holds the file anywhere.
        name: Of the file.
        columns: Those that it must have.
        delimiter: Between two cells.

    Raises:
        DataError: The file is missing or lacks a column.
    """
    if (source / name).is_file():
        text = (source / name).read_text(encoding="utf-8-sig")
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            found = [n for n in archive.namelist() if n.rsplit("/", 1)[-1] == name]
            if not found:
                raise DataError(f"{source} holds no {name}: it belongs to O*NET's text files.")
            text = archive.read(found[0]).decode("utf-8-sig")
    else:
        raise DataError(
            f"{source / name} is missing: it belongs to O*NET's text files or its crosswalk."
        )
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise DataError(f"{source / name}: no column {', '.join(sorted(missing))}.")
    yield from reader
