"""A dataset folder of any size: the project's titles, each in several places' clutter.

They are as alike as those of real adverts are, which is what a search among many has to cope with.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobtitles.catalogue import read_titles
from jobtitles.errors import InputError
from jobtitles.labelled import OCCUPATIONS, read_occupation_titles
from jobtitles.records import SPLITS, Title
from jobtitles.sources import DATASET_DIR

# What is put around a title; the first is the title itself.
CLUTTER = (
    "{}",
    "{} - Dallas, TX",
    "{} (m/f/d)",
    "Remote {}",
    "{} | nights",
    "URGENT: {}",
    "{} - Leeds",
    "{} II",
    "Hiring {}",
    "{} $32/hr",
    "{} - 12 month contract",
    "{} / Toronto",
)


def write_many_titles(folder: Path, count: int) -> None:
    """Write a dataset whose default catalogue has so many titles, and their seeds.

    Args:
        folder: Receives data/ and occupations/ as they are, but for the test split.
        count: Different jittered titles of that split.

    Raises:
        InputError: There are not so many.
        DataError: The project's dataset is missing.
    """
    titles = list(islice(_cluttered(_plain()), count))
    if len(titles) < count:
        raise InputError(f"{count:,} titles are wanted: {len(titles):,} can be made.")
    for part in ("data", OCCUPATIONS):
        shutil.copytree(DATASET_DIR / part, folder / part)
    columns = {
        "jittered_title": [title.text for title in titles],
        "seed_title": [title.seed_title for title in titles],
        "onet_code": [title.onet_code for title in titles],
        "onet_name": [title.onet_name for title in titles],
        "jitter_kind": ["decorated"] * count,
        "split": ["test"] * count,
    }
    pq.write_table(pa.table(columns), folder / "data" / "test-00000-of-00001.parquet")


def _plain() -> list[Title]:
    """Seeds, jittered and occupation titles of the project, each text once."""
    titles = read_titles()
    name_of = {title.onet_code: title.onet_name for title in titles}
    for title in read_occupation_titles(DATASET_DIR, SPLITS):
        code = min(title.codes)
        name = name_of.get(code, code)
        titles.append(Title(title.text, name, code, name, "synonym", "train"))
    return list({title.text: title for title in titles}.values())


def _cluttered(titles: list[Title]) -> Iterator[Title]:
    seen = set()
    for form in CLUTTER:
        for title in titles:
            text = form.format(title.text)
            if text not in seen:
                seen.add(text)
                yield replace(title, text=text)
