"""Seeds to write titles for: the shipped ones, or the titles of any O*NET release.

A release is a folder or zip of O*NET's text files. Before release 25.1 its codes are those of the
2010 taxonomy, which the crosswalk turns into 2019 codes; what it does not map is refused.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from jobtitles.conversation import Seed
from jobtitles.errors import InputError
from jobtitles.files import sha256_of
from jobtitles.onet import ALTERNATE_TITLES, DESCRIPTIONS, REPORTED_TITLES, read_rows
from jobtitles.records import text_key
from training.answers import read_answers, read_occupations
from training.onet_release import RELEASE, release_zip

RAW = Path("dataset_card/raw")
CORRECTIONS = Path("training/corrections.tsv")
SHIPPED = "shipped"
FIRST_OF_2019 = (25, 1)
CODE = "O*NET-SOC Code"
CROSSWALK_COLUMNS = ("soc2010_code", "soc2019_code", "soc2019_title")


@dataclass(frozen=True)
class Seeds:
    """Seeds and where they came from.

    Attributes:
        seeds: In the order of their source, no text twice under one code.
        summary: How many, from where, and how many titles were refused, a sentence.
    """

    seeds: list[Seed]
    summary: str


def read_seeds(source: str, crosswalk: str, limit: int) -> Seeds:
    """Read seeds.

    Args:
        source: "shipped", path of a folder or zip of O*NET's text files, or the number of a
            release to download.
        crosswalk: O*NET's 2010-to-2019 crosswalk; empty: the release's codes are of 2019.
        limit: So many seeds, evenly from all; 0: all.

    Raises:
        DataError: A file is missing or does not have its columns.
        InputError: A release with 2010 codes is given without a crosswalk.
    """
    if source == SHIPPED:
        names = read_occupations(RAW)
        answers = read_answers(RAW, CORRECTIONS)
        seeds = [Seed(a.onet_code, a.seed_title, names[a.onet_code]) for a in answers]
        refused = 0
    else:
        if number := RELEASE.fullmatch(source):
            if tuple(map(int, number.groups())) < FIRST_OF_2019 and not crosswalk:
                raise InputError(f"O*NET {source} has 2010 codes: give its --crosswalk to 2019.")
            path = release_zip(source)
            source = f"O*NET {source} (SHA-256 {sha256_of(path)})"
        else:
            path = Path(source)
        seeds, refused = _onet_seeds(path, crosswalk)
    total = len(seeds)
    if 0 < limit < total:
        seeds = [seeds[number * total // limit] for number in range(limit)]
    summary = f"{len(seeds):,} seeds of {total:,} from {source}"
    if refused:
        summary += f"; {refused:,} titles refused, their codes are not in the crosswalk"
    return Seeds(seeds, summary)


def _onet_seeds(source: Path, crosswalk: str) -> tuple[list[Seed], int]:
    names = {r[CODE]: r["Title"] for r in read_rows(source, DESCRIPTIONS, (CODE, "Title"))}
    codes_2019: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if crosswalk:
        path = Path(crosswalk)
        for row in read_rows(path.parent, path.name, CROSSWALK_COLUMNS, ";"):
            codes_2019[row["soc2010_code"]].append((row["soc2019_code"], row["soc2019_title"]))
    else:
        codes_2019.update({code: [(code, name)] for code, name in names.items()})
    seeds: dict[tuple[str, str], Seed] = {}
    refused = 0
    for file, column in (
        (REPORTED_TITLES, "Reported Job Title"),
        (ALTERNATE_TITLES, "Alternate Title"),
    ):
        for row in read_rows(source, file, (CODE, column)):
            mapped = codes_2019.get(row[CODE], [])
            refused += not mapped
            for code, name in mapped:
                title = row[column].strip()
                seeds.setdefault((code, text_key(title)), Seed(code, title, name))
    return list(seeds.values()), refused
