"""The generator's recorded answers: read, validated and corrected, never edited in place.

The raw files are the log of what the LLM wrote (dataset_card/raw/PROMPT.md gives the prompt and
the columns). A row that breaks a rule stops the import with its file and line.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jobtitles.errors import DataError
from jobtitles.records import MAX_TITLE_CHARS, text_key

FIRST_ROUND = ("decorated", "abbreviated", "reworded", "specialised", "leveled", "garbled")
FIRST_ROUND_NEGATIVES = ("lookalike", "lookalike")
SECOND_ROUND = ("synonym", "posting")
SECOND_ROUND_NEGATIVES = ("near_miss", "near_miss_posting")
SEEDS_PER_OCCUPATION = 5
CODE = re.compile(r"\d\d-\d{4}\.\d\d")


@dataclass(frozen=True, slots=True)
class Variant:
    """One title of an answer: the text, its kind and the round that wrote it."""

    text: str
    kind: str
    round: int


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was written for one seed under one occupation.

    Attributes:
        onet_code: O*NET-SOC 2019 code.
        seed_title: The clean title.
        positives: Titles of the same job, of the kinds in `jobtitles.records.JITTER_KINDS`.
        negatives: Titles of other jobs, of the kinds in `jobtitles.records.NEGATIVE_KINDS`.
    """

    onet_code: str
    seed_title: str
    positives: tuple[Variant, ...]
    negatives: tuple[Variant, ...]


def read_occupations(raw: Path) -> dict[str, str]:
    """Code -> name of every occupation, from occupations.tsv.

    Raises:
        DataError: The file is missing, or a line is not a code and a name.
    """
    names: dict[str, str] = {}
    for where, (code, name) in read_lines(raw / "occupations.tsv", columns=2):
        if not CODE.fullmatch(code) or code in names:
            raise DataError(f"{where}: {code!r} is not an O*NET-SOC code, or stands twice.")
        names[code] = name
    return names


def read_answers(raw: Path, corrections: Path) -> list[Answer]:
    """Every seed with its titles of both rounds, corrected codes applied, in file order.

    Args:
        raw: Folder of part_*.tsv (first round), more_*.tsv (second) and occupations.tsv.
        corrections: The reviewed corrections file, see `_corrected`.

    Raises:
        DataError: A file or line breaks the format; the message names it.
    """
    occupations = read_occupations(raw)
    first = _read_round(raw, "part_*.tsv", 1, FIRST_ROUND, FIRST_ROUND_NEGATIVES, occupations)
    second = _read_round(raw, "more_*.tsv", 2, SECOND_ROUND, SECOND_ROUND_NEGATIVES, occupations)
    seeds = Counter(code for code, _ in first)
    for code in occupations:
        if seeds[code] != SEEDS_PER_OCCUPATION:
            raise DataError(
                f"{raw}/part_*.tsv: {code} has {seeds[code]} seeds instead of "
                f"{SEEDS_PER_OCCUPATION}."
            )
    for key in second:
        if key not in first:
            raise DataError(f"{raw}/more_*.tsv: {key[1]!r} ({key[0]}) is not a first-round seed.")
    answers = []
    for key, answer in first.items():
        more = second.get(key)
        if more:
            answer = replace(
                answer,
                positives=answer.positives + more.positives,
                negatives=answer.negatives + more.negatives,
            )
        answers.append(answer)
    return _corrected(answers, corrections, occupations)


def _read_round(
    raw: Path,
    pattern: str,
    number: int,
    positive_kinds: tuple[str, ...],
    negative_kinds: tuple[str, ...],
    occupations: dict[str, str],
) -> dict[tuple[str, str], Answer]:
    kinds = positive_kinds + negative_kinds
    files = sorted(raw.glob(pattern))
    if not files:
        raise DataError(f"{raw}: no {pattern} found; the recorded answers belong there.")
    answers: dict[tuple[str, str], Answer] = {}
    for path in files:
        for where, (code, seed, *texts) in read_lines(path, columns=2 + len(kinds)):
            if code not in occupations:
                raise DataError(f"{where}: unknown occupation code {code!r}.")
            if (code, seed) in answers:
                raise DataError(f"{where}: {seed!r} stands twice under {code}.")
            for text in texts:
                if text_key(text) == text_key(seed):
                    raise DataError(f"{where}: a title only repeats its seed {seed!r}.")
            variants = tuple(Variant(t, k, number) for t, k in zip(texts, kinds, strict=True))
            split = len(positive_kinds)
            answers[code, seed] = Answer(code, seed, variants[:split], variants[split:])
    return answers


def read_lines(
    path: Path, columns: int, limit: int = MAX_TITLE_CHARS
) -> Iterator[tuple[str, list[str]]]:
    """Yield ("file:line", fields) of a headerless TSV, every field non-empty and short enough.

    Raises:
        DataError: A line breaks the format; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}).") from error
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        fields = line.split("\t")
        if len(fields) != columns:
            raise DataError(f"{where}: {len(fields)} columns instead of {columns}.")
        for column, field in enumerate(fields, start=1):
            if not field.strip():
                raise DataError(f"{where}: column {column} is empty.")
            if len(field) > limit:
                raise DataError(
                    f"{where}: column {column} has {len(field)} characters, "
                    f"more than the limit of {limit}."
                )
        yield where, fields


def _corrected(
    answers: list[Answer], corrections: Path, occupations: dict[str, str]
) -> list[Answer]:
    """Answers under the reviewed codes; every correction must still find its seed."""
    codes = {}
    with corrections.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["corrected_code"] not in occupations:
                raise DataError(f"{corrections}: unknown code {row['corrected_code']!r}.")
            codes[row["onet_code"], row["seed_title"]] = row["corrected_code"]
    known = {(answer.onet_code, answer.seed_title) for answer in answers}
    for code, seed in codes.keys() - known:
        raise DataError(f"{corrections}: no seed {seed!r} under {code} to correct.")
    return [
        replace(a, onet_code=codes.get((a.onet_code, a.seed_title), a.onet_code)) for a in answers
    ]
