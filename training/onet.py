"""O*NET's own alternate titles: real titles, for training beside the dataset and for validation.

Read from a folder of O*NET's text files. Codes of the 2010 taxonomy go through the crosswalk; a
title is right under every code that lists it. Whoever has no such folder trains without.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobtitles.errors import DataError
from jobtitles.records import Title, text_key

ALTERNATE_TITLES = "Alternate Titles.txt"
REPORTED_TITLES = "Sample of Reported Titles.txt"
DESCRIPTIONS = "Occupation Data.txt"
CROSSWALK = "2010_to_2019_Crosswalk.csv"
HELD_OUT_SHARE = 0.05
SALT = "onet-titles-1"


@dataclass(frozen=True, slots=True)
class RealTitle:
    """A title that O*NET lists, with every O*NET-SOC 2019 code that lists it."""

    text: str
    codes: frozenset[str]


@dataclass(frozen=True)
class RealTitles:
    """O*NET's titles, split so that nothing held out can reach training.

    Attributes:
        train: Titles of occupations seen in training only.
        held_out: "validation" or "test" -> titles of seen occupations, held out one by one.
        unseen: "validation" or "test" -> titles of occupations that are wholly held out there.
        descriptions: Code of an occupation seen in training -> its description's first sentence.
    """

    train: list[RealTitle]
    held_out: dict[str, list[RealTitle]]
    unseen: dict[str, list[RealTitle]]
    descriptions: dict[str, str]


def read_real_titles(folder: Path, titles: list[Title]) -> RealTitles:
    """Read and split O*NET's alternate and reported titles.

    Texts that the dataset holds already are left out first: half of its seeds are O*NET titles
    verbatim. Titles of an occupation that the dataset holds out whole are barred from training,
    under whatever other code they stand as well.

    Args:
        folder: O*NET's text files and the crosswalk.
        titles: All titles of the dataset, seeds included.

    Raises:
        DataError: A file is missing or its columns are not the expected ones.
    """
    known = {text_key(t.text) for t in titles}
    trained = {t.onet_code for t in titles if t.split == "train"}
    unseen_in = {t.onet_code: t.split for t in titles if t.onet_code not in trained}
    occupations = trained | unseen_in.keys()
    codes_2019 = _crosswalk(folder)
    result = RealTitles([], {"validation": [], "test": []}, {"validation": [], "test": []}, {})
    for row in _rows(folder / DESCRIPTIONS, "\t", ("O*NET-SOC Code", "Description")):
        for code in codes_2019[row["O*NET-SOC Code"]] & trained:
            result.descriptions[code] = row["Description"].split(". ")[0]
    for title in _listed(folder, codes_2019):
        title = RealTitle(title.text, title.codes & occupations)
        if text_key(title.text) in known or not title.codes:
            continue
        barred = {unseen_in[code] for code in title.codes if code in unseen_in}
        if barred:
            # Under an unseen occupation of both splits it would let one speak of the other.
            if len(barred) == 1 and title.codes <= unseen_in.keys():
                result.unseen[barred.pop()].append(title)
            continue
        share = int.from_bytes(hashlib.sha256(f"{SALT}\0{text_key(title.text)}".encode()).digest())
        place = share / 2**256
        if place < HELD_OUT_SHARE:
            result.held_out["validation"].append(title)
        elif place < 2 * HELD_OUT_SHARE:
            result.held_out["test"].append(title)
        else:
            result.train.append(title)
    return result


def _crosswalk(folder: Path) -> dict[str, set[str]]:
    """O*NET-SOC 2010 code -> its 2019 codes."""
    codes_2019 = defaultdict(set)
    for row in _rows(folder / CROSSWALK, ";", ("soc2010_code", "soc2019_code")):
        codes_2019[row["soc2010_code"]].add(row["soc2019_code"])
    return codes_2019


def _listed(folder: Path, codes_2019: dict[str, set[str]]) -> list[RealTitle]:
    """Every distinct title (case and spacing folded) in file order, with all its codes."""
    text_of: dict[str, str] = {}
    codes_of: dict[str, set[str]] = defaultdict(set)
    for name, column in (
        (ALTERNATE_TITLES, "Alternate Title"),
        (REPORTED_TITLES, "Reported Job Title"),
    ):
        for row in _rows(folder / name, "\t", ("O*NET-SOC Code", column)):
            key = text_key(row[column])
            text_of.setdefault(key, row[column])
            codes_of[key] |= codes_2019[row["O*NET-SOC Code"]]
    return [RealTitle(text_of[key], frozenset(codes)) for key, codes in codes_of.items()]


def _rows(path: Path, delimiter: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise DataError(f"{path} is missing: it belongs to O*NET's text files or its crosswalk.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        missing = set(columns) - set(reader.fieldnames or ())
        if missing:
            raise DataError(f"{path}: no column {', '.join(sorted(missing))}.")
        yield from reader
