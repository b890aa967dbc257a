"""Third and fourth round: the names of an occupation's jobs, by occupation and not by seed.

Unlike the jittered titles they have no seed. The third round's stand by style, the fourth's by job:
all names of a line are of one job. The splits are those of O*NET's own titles, so that a text held
out there is held out here as well.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobtitles.errors import DataError
from jobtitles.labelled import OCCUPATIONS
from jobtitles.records import text_key
from training.answers import read_lines
from training.onet import split_of

NAMES = ("us", "world", "narrower", "spoken")
JOB = "job"
STYLES = (*NAMES, JOB)
MAX_CELL_CHARS = 1000  # a dozen titles
SCHEMA = pa.schema(
    [
        ("title", pa.string()),
        ("onet_code", pa.string()),
        ("onet_name", pa.string()),
        ("style", pa.string()),
        ("job", pa.string()),
        ("generator", pa.string()),
        ("round", pa.int8()),
        ("split", pa.string()),
    ]
)


@dataclass(frozen=True)
class _Written:
    """A title as it stands in the recorded answers."""

    code: str
    style: str
    job: str | None
    text: str


def occupation_rows(
    raw: Path,
    names: dict[str, str],
    jittered: list[dict],
    generator: str,
) -> tuple[list[dict], dict[str, int]]:
    """Rows of jobs_*.tsv and names_*.tsv with their splits, and counts of what was left out.

    Left out are texts that the jittered titles hold in whatever role; only a seed of the training
    split may be the name of one of its occupation's jobs.

    Args:
        raw: Folder of the recorded answers.
        names: Code -> name of every occupation.
        jittered: Rows of the jittered titles. The generator saw the seeds, so as not to repeat
            them: a title with all words of a held-out one of its occupation stays out of training.
        generator: Who wrote the titles.

    Raises:
        DataError: A file breaks its format, or an occupation has no line.
    """
    found = [*_jobs(raw, names), *_names(raw, names)]
    codes_of: dict[str, set[str]] = defaultdict(set)
    for title in found:
        codes_of[text_key(title.text)].add(title.code)
    known = _Known(jittered)
    reasons = ("known", "twice", "mixed", "near_held_out_seed")
    left_out = {f"occupation_title_{reason}": 0 for reason in reasons}
    rows, taken = [], set()
    for title in found:
        key = text_key(title.text)
        split = split_of(title.text, codes_of[key], known.unseen)
        trained = title.job and split == "train" and (title.code, key) in known.trained
        if key in known.texts and not trained:
            left_out["occupation_title_known"] += 1
        elif (title.code, key) in taken:
            left_out["occupation_title_twice"] += 1
        elif split is None:
            left_out["occupation_title_mixed"] += 1
        elif split == "train" and known.near_held_out(title.text, codes_of[key]):
            left_out["occupation_title_near_held_out_seed"] += 1
        else:
            taken.add((title.code, key))
            number = 4 if title.job else 3
            own = (title.text, title.code, names[title.code], title.style, title.job)
            rows.append(dict(zip(SCHEMA.names, (*own, generator, number, split), strict=True)))
    return rows, left_out


class _Known:
    """What the jittered titles hold.

    Attributes:
        texts: Folded texts in whatever role.
        trained: (code, folded text) of the training split's seeds.
        unseen: Code of an occupation that is held out whole -> its split.
    """

    def __init__(self, jittered: list[dict]) -> None:
        self.texts = {text for row in jittered for text in _texts_of(row)}
        self.trained = {
            (row["onet_code"], text_key(row["seed_title"]))
            for row in jittered
            if row["split"] == "train"
        }
        self.unseen = {
            row["onet_code"]: row["split"]
            for row in jittered
            if not row["occupation_seen_in_train"]
        }
        held_out: dict[str, set[str]] = defaultdict(set)
        for row in jittered:
            if row["split"] != "train":
                held_out[row["onet_code"]].add(row["seed_title"])
        self._held_out = {code: [_words(t) for t in seeds] for code, seeds in held_out.items()}

    def near_held_out(self, text: str, codes: set[str]) -> bool:
        """Whether a title has all words of a held-out seed of its occupations."""
        words = _words(text)
        return any(seed <= words for code in codes for seed in self._held_out.get(code, ()))


def _texts_of(row: dict) -> set[str]:
    """Folded texts of a row of the jittered titles, in whatever role."""
    texts = (row["jittered_title"], row["seed_title"], *row["hard_negatives"])
    return {text_key(text) for text in texts}


def read_jobs(dataset: Path) -> list[list[str]]:
    """The names of every job of the training split.

    Args:
        dataset: Folder of the dataset.
    """
    path = dataset / OCCUPATIONS / "train-00000-of-00001.parquet"
    jobs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in pq.read_table(path, columns=["title", "onet_code", "job"]).to_pylist():
        if row["job"]:
            jobs[row["onet_code"], row["job"]].append(row["title"])
    return list(jobs.values())


def _names(raw: Path, names: dict[str, str]) -> list[_Written]:
    """The third round's titles."""
    return [
        _Written(code, style, None, text)
        for code, cells in _lines(raw, "names_*.tsv", len(NAMES), names)
        for style, cell in zip(NAMES, cells, strict=True)
        for text in _cell(cell)
    ]


def _jobs(raw: Path, names: dict[str, str]) -> list[_Written]:
    """The fourth round's titles; a job is called by its first name."""
    found = []
    for code, (cell,) in _lines(raw, "jobs_*.tsv", 1, names):
        texts = _cell(cell)
        if not texts:
            raise DataError(f"{raw}/jobs_*.tsv: a line of {code} has no names.")
        found += [_Written(code, JOB, texts[0], text) for text in texts]
    return found


def _lines(
    raw: Path, pattern: str, cells: int, names: dict[str, str]
) -> list[tuple[str, list[str]]]:
    """Code and cells of every line of the files; each occupation has at least one."""
    found = []
    for path in sorted(raw.glob(pattern)):
        for where, (code, *own) in read_lines(path, 1 + cells, MAX_CELL_CHARS):
            if code not in names:
                raise DataError(f"{where}: unknown occupation code {code!r}.")
            found.append((code, own))
    missing = names.keys() - {code for code, _ in found}
    if missing:
        raise DataError(f"{raw}/{pattern}: no titles of {', '.join(sorted(missing)[:5])}.")
    return found


def _cell(cell: str) -> list[str]:
    return [" ".join(text.split()) for text in cell.split(";") if text.strip()]


def _words(text: str) -> set[str]:
    """Words of a title, the plural's s taken off."""
    return {word.removesuffix("s") for word in re.findall(r"\w+", text_key(text))}
