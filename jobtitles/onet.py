"""O*NET's own titles, read from a folder of its text files: alternate and reported titles.

Codes of the 2010 taxonomy go through the crosswalk; a title is right under every code that lists
it.
"""

import csv
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
class RealTitle:
    """A title that O*NET lists, with every O*NET-SOC 2019 code that lists it."""

    text: str
    codes: frozenset[str]


def codes_2019(folder: Path) -> dict[str, set[str]]:
    """O*NET-SOC 2010 code -> its 2019 codes, by the crosswalk.

    Raises:
        DataError: The crosswalk is missing or its columns are not the expected ones.
    """
    codes = defaultdict(set)
    for row in read_rows(folder / CROSSWALK, ";", ("soc2010_code", "soc2019_code")):
        codes[row["soc2010_code"]].add(row["soc2019_code"])
    return codes


def listed_titles(folder: Path) -> list[RealTitle]:
    """Every distinct title (case and spacing folded) in file order, with all its codes.

    Raises:
        DataError: A file is missing or its columns are not the expected ones.
    """
    crosswalk = codes_2019(folder)
    text_of: dict[str, str] = {}
    codes_of: dict[str, set[str]] = defaultdict(set)
    for name, column in (
        (ALTERNATE_TITLES, "Alternate Title"),
        (REPORTED_TITLES, "Reported Job Title"),
    ):
        for row in read_rows(folder / name, "\t", ("O*NET-SOC Code", column)):
            key = text_key(row[column])
            text_of.setdefault(key, row[column])
            codes_of[key] |= crosswalk[row["O*NET-SOC Code"]]
    return [RealTitle(text_of[key], frozenset(codes)) for key, codes in codes_of.items()]


def read_rows(path: Path, delimiter: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows of one of O*NET's files.

    Raises:
        DataError: The file is missing or lacks a column.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: it belongs to O*NET's text files or its crosswalk.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        missing = set(columns) - set(reader.fieldnames or ())
        if missing:
            raise DataError(f"{path}: no column {', '.join(sorted(missing))}.")
        yield from reader
