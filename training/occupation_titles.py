"""The third round: under which names an occupation's jobs go, by occupation and not by seed.

Unlike the jittered titles they have no seed. The splits are those of O*NET's own titles, so that a
text held out there is held out here as well.
"""

import re
from collections import defaultdict
from pathlib import Path

import pyarrow as pa

from jobtitles.errors import DataError
from jobtitles.records import text_key
from training.answers import read_lines
from training.onet import split_of

STYLES = ("us", "world", "narrower", "spoken")
ROUND = 3
MAX_CELL_CHARS = 1000  # a dozen titles
SCHEMA = pa.schema(
    [
        ("title", pa.string()),
        ("onet_code", pa.string()),
        ("onet_name", pa.string()),
        ("style", pa.string()),
        ("generator", pa.string()),
        ("round", pa.int8()),
        ("split", pa.string()),
    ]
)


def occupation_rows(
    raw: Path,
    names: dict[str, str],
    unseen: dict[str, str],
    known: set[str],
    held_out: dict[str, set[str]],
    generator: str,
) -> tuple[list[dict], dict[str, int]]:
    """Rows of names_*.tsv with their splits, in file order, and counts of what was left out.

    Args:
        raw: Folder of the recorded answers.
        names: Code -> name of every occupation.
        unseen: Code of an occupation that is held out whole -> its split.
        known: Folded texts of the jittered dataset, in whatever role: those are left out.
        held_out: Code -> its seeds outside the training split. The generator saw them, so as not
            to repeat them: a title with all words of one stays out of training.
        generator: Who wrote the titles.

    Raises:
        DataError: A file breaks its format, or an occupation has no line.
    """
    found: list[tuple[str, str, str]] = []
    for path in sorted(raw.glob("names_*.tsv")):
        for where, (code, *cells) in read_lines(path, 1 + len(STYLES), MAX_CELL_CHARS):
            if code not in names:
                raise DataError(f"{where}: unknown occupation code {code!r}.")
            for style, cell in zip(STYLES, cells, strict=True):
                found += [(code, style, " ".join(t.split())) for t in cell.split(";") if t.strip()]
    missing = names.keys() - {code for code, _, _ in found}
    if missing:
        raise DataError(f"{raw}/names_*.tsv: no titles of {', '.join(sorted(missing)[:5])}.")
    codes_of: dict[str, set[str]] = defaultdict(set)
    for code, _, text in found:
        codes_of[text_key(text)].add(code)
    seeds = {code: [_words(text) for text in texts] for code, texts in held_out.items()}
    reasons = ("known", "twice", "mixed", "near_held_out_seed")
    left_out = {f"occupation_title_{reason}": 0 for reason in reasons}
    rows, taken = [], set()
    for code, style, text in found:
        key = text_key(text)
        split = split_of(text, codes_of[key], unseen)
        if key in known:
            left_out["occupation_title_known"] += 1
        elif (code, key) in taken:
            left_out["occupation_title_twice"] += 1
        elif split is None:
            left_out["occupation_title_mixed"] += 1
        elif split == "train" and any(
            words <= _words(text) for own in codes_of[key] for words in seeds.get(own, ())
        ):
            left_out["occupation_title_near_held_out_seed"] += 1
        else:
            taken.add((code, key))
            values = (text, code, names[code], style, generator, ROUND, split)
            rows.append(dict(zip(SCHEMA.names, values, strict=True)))
    return rows, left_out


def _words(text: str) -> set[str]:
    """Words of a title, the plural's s taken off."""
    return {word.removesuffix("s") for word in re.findall(r"\w+", text_key(text))}
