"""Triplets from the training split: anchor, positive, hard negative.

A negative always has the form of the positive it stands beside. With a clean seed as positive the
negative is a clean title; with a messy title of the same seed it is a messy one: a messy near
miss, a messy title of a nearby seed of another occupation, or a clean negative put into the
clutter of one of the seed's own titles. Otherwise tidiness alone would tell them apart.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset

from jobtitles.records import text_key
from training.onet import RealTitle

# Of one seed, these two may narrow it in different directions: no mutual positives.
CONTRADICTING = {"reworded", "specialised"}
MINED_PER_ANCHOR = 10
# A mined seed closer than this to the anchor's own may be the same job under another code.
MINED_MAX_COSINE = 0.9


@dataclass
class Group:
    """A seed of the training split under one occupation, with all that was written for it."""

    code: str
    seed: str
    titles: dict[str, str]  # kind -> jittered title
    clean_negatives: list[str]
    messy_negatives: list[str]


def training_groups(dataset: Path) -> list[Group]:
    """The training split's seeds with their titles and the LLM's negatives, in file order."""
    groups: dict[tuple[str, str], Group] = {}
    path = dataset / "data" / "train-00000-of-00001.parquet"
    for row in pq.read_table(path).to_pylist():
        key = row["onet_code"], row["seed_title"]
        if key not in groups:
            negatives = list(zip(row["hard_negatives"], row["hard_negative_kinds"], strict=True))
            clean = [text for text, kind in negatives if kind != "near_miss_posting"]
            messy = [text for text, kind in negatives if kind == "near_miss_posting"]
            groups[key] = Group(*key, {}, clean, messy)
        groups[key].titles[row["jitter_kind"]] = row["jittered_title"]
    return list(groups.values())


@dataclass(frozen=True)
class TrainingSet:
    """What a fine-tuning reads.

    Attributes:
        rows: Text columns anchor, positive, negative, and the anchor's label.
        overlap: Whether two labels share an occupation, bool, shape (labels, labels).
    """

    rows: Dataset
    overlap: np.ndarray


def build_triplets(
    groups: list[Group],
    real: list[RealTitle],
    names: dict[str, str],
    encode: Callable[[list[str]], np.ndarray],
    passes: int,
    sibling_share: float,
    mined_share: float,
    seed: int,
) -> TrainingSet:
    """Draw `passes` triplets for every jittered title and every real one.

    Args:
        groups: Seeds of the training split.
        real: O*NET's titles of training; may be empty.
        names: O*NET-SOC code -> name of the occupation.
        encode: Titles to unit vectors (n, d), used to mine negatives among the seeds.
        passes: Triplets drawn for each title, each with another positive and negative.
        sibling_share: Share of positives that are another title of the seed (of the occupation,
            for a real title), not the seed (the occupation's name).
        mined_share: Share of negatives that are mined rather than the LLM's.
        seed: Seed of the draws.
    """
    draw = random.Random(seed)
    codes_of = defaultdict(set)
    for group in groups:
        codes_of[text_key(group.seed)].add(group.code)
    anchors = [(group, kind) for group in groups for kind in group.titles]
    mined = mine_negatives(
        groups,
        [group.titles[kind] for group, kind in anchors],
        [group.seed for group, _ in anchors],
        [frozenset(codes_of[text_key(group.seed)]) for group, _ in anchors],
        encode,
    )
    texts = [title.text for title in real]
    mined_real = mine_negatives(groups, texts, texts, [title.codes for title in real], encode)
    of_code = defaultdict(list)
    for title in real:
        for code in title.codes:
            of_code[code].append(title.text)
    for group in groups:
        of_code[group.code].append(group.seed)

    labels: dict[frozenset[str], int] = {}
    columns: dict[str, list] = defaultdict(list)

    def add(anchor: str, positive: str, negative: str, codes: frozenset[str]) -> None:
        columns["anchor"].append(anchor)
        columns["positive"].append(positive)
        columns["negative"].append(negative)
        columns["label"].append(labels.setdefault(codes, len(labels)))

    for _ in range(passes):
        for (group, kind), nearby in zip(anchors, mined, strict=True):
            positive_kind = _sibling_kind(group, kind, draw, sibling_share)
            other = draw.choice(nearby) if draw.random() < mined_share and nearby else None
            if positive_kind is None:
                positive = group.seed
                negative = other.seed if other else draw.choice(_clean(group))
            else:
                positive = group.titles[positive_kind]
                negative = _messy_negative(group, draw)
                if other:
                    negative = other.titles.get(positive_kind, other.seed)
            codes = frozenset(codes_of[text_key(group.seed)])
            add(group.titles[kind], positive, negative, codes)
        for title, nearby in zip(real, mined_real, strict=True):
            code = draw.choice(sorted(title.codes))
            positive = names[code]
            if draw.random() < sibling_share:
                positive = draw.choice([t for t in of_code[code] if t != title.text] or [positive])
            add(title.text, positive, draw.choice(nearby).seed, title.codes)
    codes = sorted({code for own in labels for code in own})
    under = np.array([[code in own for code in codes] for own in labels], np.float32)
    overlap = under @ under.T > 0
    return TrainingSet(Dataset.from_dict(columns), overlap)


def mine_negatives(
    groups: list[Group],
    anchors: list[str],
    references: list[str],
    codes: list[frozenset[str]],
    encode: Callable[[list[str]], np.ndarray],
) -> list[list[Group]]:
    """For every anchor the groups whose seeds the model wrongly finds nearest to it.

    Left out are seeds of the anchor's own occupations, and seeds so near to its reference that
    they may be the same job under another code.

    Args:
        groups: Seeds of the training split, g of them.
        anchors: Titles to mine for.
        references: The clean form of every anchor: its seed, or itself.
        codes: The right occupations of every anchor.
        encode: Titles to unit vectors (n, d).

    Returns:
        For every anchor up to `MINED_PER_ANCHOR` groups, nearest first.
    """
    if not anchors:
        return []
    seeds = encode([group.seed for group in groups])
    under = defaultdict(lambda: np.zeros(len(groups), bool))
    for row, group in enumerate(groups):
        under[group.code][row] = True
    vectors = dict(zip(anchors, encode(anchors), strict=True))
    distinct = sorted(set(references))
    near = dict(zip(distinct, encode(distinct) @ seeds.T > MINED_MAX_COSINE, strict=True))
    mined = []
    for anchor, reference, own in zip(anchors, references, codes, strict=True):
        barred = np.logical_or.reduce([near[reference], *(under[code] for code in own)])
        scores = np.where(barred, -1.0, seeds @ vectors[anchor])
        nearest = np.argpartition(-scores, min(MINED_PER_ANCHOR, len(groups) - 1))[
            :MINED_PER_ANCHOR
        ]
        nearest = nearest[np.argsort(-scores[nearest], kind="stable")]
        mined.append([groups[row] for row in nearest if scores[row] > -1.0])
    return mined


def _sibling_kind(group: Group, kind: str, draw: random.Random, sibling_share: float) -> str | None:
    """The kind of the positive, or None where the positive is the seed."""
    if draw.random() >= sibling_share:
        return None
    kinds = [k for k in group.titles if k != kind and {k, kind} != CONTRADICTING]
    return draw.choice(kinds) if kinds else None


def _clean(group: Group) -> list[str]:
    return group.clean_negatives or group.messy_negatives


def _messy_negative(group: Group, draw: random.Random) -> str:
    """A messy near miss, or a clean negative in the clutter of one of the seed's own titles."""
    cluttered = [title for title in group.titles.values() if group.seed in title]
    if cluttered and group.clean_negatives and draw.random() < 0.5 or not group.messy_negatives:
        negative = draw.choice(_clean(group))
        return draw.choice(cluttered).replace(group.seed, negative) if cluttered else negative
    return draw.choice(group.messy_negatives)
