"""Titles with their occupation: what the coder votes with."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobtitles.catalogue import read_titles, split_rows
from jobtitles.onet import ListedTitle, listed_titles
from jobtitles.records import SPLITS, text_key

OCCUPATIONS = "occupations"


@dataclass(frozen=True)
class Labelled:
    """Titles under occupations; a title of two occupations is there once for each.

    Attributes:
        texts: The titles, n of them.
        codes: The O*NET-SOC 2019 code of each.
        names: Code -> name of every occupation.
    """

    texts: list[str]
    codes: list[str]
    names: dict[str, str]

    @classmethod
    def of(cls, titles: Iterable[ListedTitle], names: dict[str, str]) -> "Labelled":
        """Occupation names and titles, every text once under a code; other codes are left out."""
        pairs: dict[tuple[str, str], str] = {}
        own = (ListedTitle(name, frozenset([code])) for code, name in names.items())
        for title in (*own, *titles):
            for code in sorted(title.codes & names.keys()):
                pairs.setdefault((code, text_key(title.text)), title.text)
        return cls(list(pairs.values()), [code for code, _ in pairs], names)

    @property
    def numbers(self) -> np.ndarray:
        """Place of every title's code among the sorted codes of `names`, int64, shape (n,)."""
        number = {code: place for place, code in enumerate(sorted(self.names))}
        return np.array([number[code] for code in self.codes])


def labelled_titles(folder: Path, onet: Path | None) -> Labelled:
    """All that the project knows: seeds, jittered and occupation titles, O*NET's own if at hand.

    Args:
        folder: Of the dataset.
        onet: Folder or zip of O*NET's text files with the crosswalk, or None.

    Raises:
        DataError: A file is missing or is not what its name says.
    """
    titles = read_titles(folder)
    known = [ListedTitle(title.text, frozenset([title.onet_code])) for title in titles]
    known += read_occupation_titles(folder, SPLITS)
    known += listed_titles(onet) if onet else []
    return Labelled.of(known, {title.onet_code: title.onet_name for title in titles})


def read_occupation_titles(folder: Path, splits: tuple[str, ...]) -> list[ListedTitle]:
    """The occupation titles of some splits, each with all its codes, in file order.

    Raises:
        DataError: A parquet file is missing.
    """
    pairs: list[tuple[str, str]] = []
    for split in splits:
        rows = split_rows(folder / OCCUPATIONS, split, ["title", "onet_code"])
        pairs += [(row["title"], row["onet_code"]) for row in rows]
    return merged(pairs)


def merged(pairs: Iterable[tuple[str, str]]) -> list[ListedTitle]:
    """Pairs of title and code as titles with all their codes, the first spelling kept."""
    text_of: dict[str, str] = {}
    codes_of: dict[str, set[str]] = defaultdict(set)
    for text, code in pairs:
        text_of.setdefault(text_key(text), text)
        codes_of[text_key(text)].add(code)
    return [ListedTitle(text_of[key], frozenset(codes)) for key, codes in codes_of.items()]
