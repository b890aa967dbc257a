"""The dataset from the recorded answers: splits fixed, leaks dropped.

One table has a row per jittered title, another a row per title of an occupation.

Run: python -m scripts.1_dataset
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobtitles.files import sha256_of, write_atomically, write_json
from jobtitles.labelled import OCCUPATIONS
from jobtitles.records import JITTER_KINDS, NEGATIVE_KINDS, SPLITS, text_key
from training.answers import Answer, Variant, read_answers, read_occupations
from training.jitter import read_generated
from training.occupation_titles import SCHEMA as OCCUPATION_SCHEMA
from training.occupation_titles import STYLES, occupation_rows
from training.onet import HELD_OUT_SHARE, hash_share
from training.publish import PublishSettings, publish
from training.splits import split_seeds

GENERATOR = "Claude (Anthropic)"
SCHEMA = pa.schema(
    [
        ("jittered_title", pa.string()),
        ("seed_title", pa.string()),
        ("onet_code", pa.string()),
        ("onet_name", pa.string()),
        ("jitter_kind", pa.string()),
        ("hard_negatives", pa.list_(pa.string())),
        ("hard_negative_kinds", pa.list_(pa.string())),
        ("generator", pa.string()),
        ("round", pa.int8()),
        ("split", pa.string()),
        ("occupation_seen_in_train", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class DatasetSettings:
    """Where the dataset stage reads and writes."""

    raw: Path = field(
        default=Path("dataset_card/raw"), metadata={"help": "folder of the recorded answers"}
    )
    corrections: Path = field(
        default=Path("training/corrections.tsv"), metadata={"help": "reviewed code corrections"}
    )
    output: Path = field(
        default=Path("dataset_card"), metadata={"help": "receives the parquet files and stats.json"}
    )
    generated: str = field(
        default="", metadata={"help": "titles.parquet of a generation, for the training split"}
    )
    push: bool = field(default=False, metadata={"help": "publish it, as scripts.7_publish does"})


def build_dataset(settings: DatasetSettings) -> None:
    """Read the answers, split them and write the parquet files and their statistics.

    Raises:
        DataError: The raw files break their format, or the generated titles are missing.
        PublishError: It could not be pushed.
    """
    names = read_occupations(settings.raw)
    answers = read_answers(settings.raw, settings.corrections)
    rows, left_out = assemble(answers, names)
    if settings.generated:
        more, without = generated_rows(Path(settings.generated), rows)
        rows += more
        left_out |= without
    named, without = occupation_rows(settings.raw, names, rows, GENERATOR)
    left_out |= without
    for folder, schema, all_rows in (
        ("data", SCHEMA, rows),
        (OCCUPATIONS, OCCUPATION_SCHEMA, named),
    ):
        for split in SPLITS:
            of_split = [row for row in all_rows if row["split"] == split]
            table = pa.Table.from_pylist(of_split, schema=schema)
            path = settings.output / folder / f"{split}-00000-of-00001.parquet"
            write_atomically(path, lambda temporary, table=table: pq.write_table(table, temporary))
    stats = statistics(rows, named, left_out)
    stats["raw_files"] = {p.name: sha256_of(p) for p in sorted(settings.raw.glob("*.tsv"))}
    write_json(settings.output / "stats.json", stats)
    print(f"{len(rows):,} jittered and {len(named):,} occupation titles, left out: {left_out}")
    if settings.push:
        publish(PublishSettings("dataset", dataset=settings.output))


def assemble(answers: list[Answer], names: dict[str, str]) -> tuple[list[dict], dict[str, int]]:
    """Rows of all splits, in the order of the answers, and counts of what was left out.

    Exact duplicates (case and spacing folded) are resolved thus: the first seed in file order
    keeps a text; a jittered title that is itself another seed's text is dropped, since a search
    that finds that seed would be judged wrong. No text of validation or test stays in training,
    in any role, nor the other way round.
    """
    split_of, unseen = split_seeds([(a.onet_code, text_key(a.seed_title)) for a in answers])
    positives, left_out = _unique_positives(answers)
    texts = {split: {key for key, s in split_of.items() if s == split} for split in SPLITS}
    for answer, variants in zip(answers, positives, strict=True):
        texts[split_of[text_key(answer.seed_title)]].update(text_key(v.text) for v in variants)
    held_out = texts["validation"] | texts["test"]
    left_out["evaluation_negative_in_training"] = 0
    evaluation_negatives: set[str] = set()
    negatives: list[list[Variant]] = []
    for answer in answers:
        kept = list(answer.negatives)
        if split_of[text_key(answer.seed_title)] != "train":
            kept = [v for v in kept if text_key(v.text) not in texts["train"]]
            evaluation_negatives.update(text_key(v.text) for v in kept)
        left_out["evaluation_negative_in_training"] += len(answer.negatives) - len(kept)
        negatives.append(kept)
    left_out["training_negative_in_evaluation"] = 0
    rows = []
    for answer, good, bad in zip(answers, positives, negatives, strict=True):
        split = split_of[text_key(answer.seed_title)]
        if split == "train":
            kept = [v for v in bad if text_key(v.text) not in held_out | evaluation_negatives]
            left_out["training_negative_in_evaluation"] += len(bad) - len(kept)
            bad = kept
        for variant in good:
            rows.append(
                {
                    "jittered_title": variant.text,
                    "seed_title": answer.seed_title,
                    "onet_code": answer.onet_code,
                    "onet_name": names[answer.onet_code],
                    "jitter_kind": variant.kind,
                    "hard_negatives": [v.text for v in bad],
                    "hard_negative_kinds": [v.kind for v in bad],
                    "generator": GENERATOR,
                    "round": variant.round,
                    "split": split,
                    "occupation_seen_in_train": answer.onet_code not in unseen,
                }
            )
    return rows, left_out


def generated_rows(path: Path, rows: list[dict]) -> tuple[list[dict], dict[str, int]]:
    """Further rows of the training split from titles that scripts.jitter has written.

    Evaluation stays as it is. Titles come in for seeds that stand in training already: another seed
    would be a further document to every validation and test title. No text of validation or test
    comes in, in any role, and none that would be held out if it is one of O*NET's titles.

    Args:
        path: titles.parquet of a generation.
        rows: Rows of the recorded answers.

    Raises:
        DataError: There is no such file, or it is not a generation's.
    """
    trained = {(r["onet_code"], text_key(r["seed_title"])) for r in rows if r["split"] == "train"}
    held_out: set[str] = set()
    seen: set[str] = set()
    for row in rows:
        texts = (row["jittered_title"], row["seed_title"])
        seen.update(text_key(text) for text in texts)
        if row["split"] != "train":
            held_out.update(text_key(text) for text in (*texts, *row["hard_negatives"]))
    titles = read_generated(path)
    left_out = {"generated_of_other_seeds": 0, "generated_held_out": 0, "generated_known": 0}
    positives, negatives = [], defaultdict(list)
    for title in titles:
        key = text_key(title["title"])
        own = (title["onet_code"], title["seed_title"], title["generator"])
        seed = text_key(title["seed_title"])
        if key in held_out or hash_share(key) < 2 * HELD_OUT_SHARE:
            left_out["generated_held_out"] += 1
        elif (title["onet_code"], seed) not in trained:
            left_out["generated_of_other_seeds"] += 1
        elif title["kind"] in NEGATIVE_KINDS:
            negatives[own].append(title)
        elif key in seen:
            left_out["generated_known"] += 1
        else:
            seen.add(key)
            positives.append((own, title))
    return [
        {
            "jittered_title": title["title"],
            "seed_title": title["seed_title"],
            "onet_code": title["onet_code"],
            "onet_name": title["onet_name"],
            "jitter_kind": title["kind"],
            "hard_negatives": [n["title"] for n in negatives[own]],
            "hard_negative_kinds": [n["kind"] for n in negatives[own]],
            "generator": title["generator"],
            "round": None,
            "split": "train",
            "occupation_seen_in_train": True,
        }
        for own, title in positives
    ], left_out


def _unique_positives(answers: list[Answer]) -> tuple[list[list[Variant]], dict[str, int]]:
    """Each answer's positives without the texts that another seed, or a kind before, has."""
    seeds = {text_key(a.seed_title) for a in answers}
    owner: dict[str, str] = {}
    left_out = {"repeats_another_seed": 0, "written_for_two_seeds": 0, "written_twice_for_seed": 0}
    result = []
    for answer in answers:
        seed, kept = text_key(answer.seed_title), []
        own: set[str] = set()
        for variant in answer.positives:
            key = text_key(variant.text)
            if key in seeds:
                left_out["repeats_another_seed"] += 1
            elif owner.setdefault(key, seed) != seed:
                left_out["written_for_two_seeds"] += 1
            elif key in own:
                left_out["written_twice_for_seed"] += 1
            else:
                own.add(key)
                kept.append(variant)
        result.append(kept)
    return result, left_out


def statistics(rows: list[dict], named: list[dict], left_out: dict[str, int]) -> dict:
    """The counts that the dataset card and the tests read."""
    codes_of: dict[str, set[str]] = {}
    for row in rows:
        codes_of.setdefault(text_key(row["seed_title"]), set()).add(row["onet_code"])
    return {
        "rows": len(rows),
        "seeds": len(codes_of),
        "occupations": len({row["onet_code"] for row in rows}),
        "ambiguous_seeds": sum(len(codes) > 1 for codes in codes_of.values()),
        "left_out": left_out,
        "splits": {
            split: _split_statistics([r for r in rows if r["split"] == split]) for split in SPLITS
        },
        "occupation_titles": {
            split: _counts((r["style"] for r in named if r["split"] == split), STYLES)
            for split in SPLITS
        },
    }


def _split_statistics(rows: list[dict]) -> dict:
    unseen = [r for r in rows if not r["occupation_seen_in_train"]]
    per_seed = {
        (r["onet_code"], r["seed_title"], r["generator"]): r["hard_negative_kinds"] for r in rows
    }
    return {
        "rows": len(rows),
        "seeds": _distinct(rows, "seed_title"),
        "occupations": _distinct(rows, "onet_code"),
        "unseen_occupations": _distinct(unseen, "onet_code"),
        "rows_of_unseen_occupations": len(unseen),
        "jitter_kinds": _counts((r["jitter_kind"] for r in rows), JITTER_KINDS),
        "hard_negatives": _counts((k for ks in per_seed.values() for k in ks), NEGATIVE_KINDS),
    }


def _distinct(rows: list[dict], column: str) -> int:
    return len({text_key(r[column]) for r in rows})


def _counts(values: Iterable[str], order: tuple[str, ...]) -> dict[str, int]:
    counts = Counter(values)
    return {value: counts[value] for value in order}
