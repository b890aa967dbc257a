"""O*NET's titles for training and evaluation, split so that nothing held out reaches training.

Whoever has no folder of O*NET's text files trains without.
"""

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from jobtitles.onet import DESCRIPTIONS, ListedTitle, codes_2019, listed_titles, read_rows
from jobtitles.records import Title, text_key

HELD_OUT_SHARE = 0.05
SALT = "onet-titles-1"


@dataclass(frozen=True)
class RealTitles:
    """O*NET's titles, split so that nothing held out can reach training.

    Attributes:
        train: Titles of occupations seen in training only.
        held_out: "validation" or "test" -> titles of seen occupations, held out one by one.
        unseen: "validation" or "test" -> titles of occupations that are wholly held out there.
        descriptions: Code of an occupation seen in training -> its description's first sentence.
    """

    train: list[ListedTitle]
    held_out: dict[str, list[ListedTitle]]
    unseen: dict[str, list[ListedTitle]]
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
    crosswalk = codes_2019(folder)
    result = RealTitles([], {"validation": [], "test": []}, {"validation": [], "test": []}, {})
    for row in read_rows(folder, DESCRIPTIONS, ("O*NET-SOC Code", "Description")):
        for code in crosswalk[row["O*NET-SOC Code"]] & trained:
            result.descriptions[code] = row["Description"].split(". ")[0]
    for title in listed_titles(folder):
        title = ListedTitle(title.text, title.codes & occupations)
        if text_key(title.text) in known or not title.codes:
            continue
        split = split_of(title.text, title.codes, unseen_in)
        if split == "train":
            result.train.append(title)
        elif split and title.codes & unseen_in.keys():
            result.unseen[split].append(title)
        elif split:
            result.held_out[split].append(title)
    return result


def split_of(text: str, codes: Set[str], unseen: dict[str, str]) -> str | None:
    """The split of a listed title.

    Args:
        text: The title.
        codes: All that list it.
        unseen: Code of an occupation that is held out whole -> its split.

    Returns:
        None for a title of an unseen occupation and of another split's or a seen one: it would
        let one speak of the other.
    """
    splits = {unseen.get(code) for code in codes}
    if splits != {None}:
        return splits.pop() if len(splits) == 1 else None
    place = hash_share(text)
    if place < HELD_OUT_SHARE:
        return "validation"
    return "test" if place < 2 * HELD_OUT_SHARE else "train"


def barred_texts(titles: list[Title], real: RealTitles | None) -> set[str]:
    """Folded texts that no training may hold: of validation and test, and held-out real titles."""
    barred = {text_key(title.text) for title in titles if title.split != "train"}
    if real:
        for held_out in (*real.held_out.values(), *real.unseen.values()):
            barred |= {text_key(title.text) for title in held_out}
    return barred


def hash_share(text: str) -> float:
    """Where a title stands between 0 and 1: below 2 * `HELD_OUT_SHARE` it is held out."""
    digest = hashlib.sha256(f"{SALT}\0{text_key(text)}".encode()).digest()
    return int.from_bytes(digest) / 2**256
