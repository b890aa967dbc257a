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


def build_triplets(
    groups: list[Group],
    encode: Callable[[list[str]], np.ndarray],
    passes: int,
    sibling_share: float,
    mined_share: float,
    seed: int,
) -> Dataset:
    """Draw `passes` triplets for every jittered title.

    Args:
        groups: Seeds of the training split.
        encode: Titles to unit vectors (n, d), used to mine negatives among the seeds.
        passes: Triplets drawn for each title, each with another positive and negative.
        sibling_share: Share of positives that are another title of the seed, not the seed.
        mined_share: Share of negatives that are mined rather than the LLM's.
        seed: Seed of the draws.

    Returns:
        Dataset with the text columns anchor, positive, negative.
    """
    draw = random.Random(seed)
    anchors = [(group, kind) for group in groups for kind in group.titles]
    mined = mine_negatives(groups, anchors, encode)
    columns: dict[str, list[str]] = defaultdict(list)
    for _ in range(passes):
        for (group, kind), nearby in zip(anchors, mined, strict=True):
            columns["anchor"].append(group.titles[kind])
            positive_kind = _sibling_kind(group, kind, draw, sibling_share)
            other = draw.choice(nearby) if draw.random() < mined_share and nearby else None
            if positive_kind is None:
                columns["positive"].append(group.seed)
                columns["negative"].append(other.seed if other else draw.choice(_clean(group)))
            else:
                columns["positive"].append(group.titles[positive_kind])
                columns["negative"].append(
                    other.titles.get(positive_kind, other.seed)
                    if other
                    else _messy_negative(group, draw)
                )
    return Dataset.from_dict(columns)


def mine_negatives(
    groups: list[Group],
    anchors: list[tuple[Group, str]],
    encode: Callable[[list[str]], np.ndarray],
) -> list[list[Group]]:
    """For every anchor the groups whose seeds the model wrongly finds nearest to it.

    Left out are seeds that stand under an occupation of the anchor's seed, and seeds so near to
    the anchor's own seed that they may be the same job under another code.

    Args:
        groups: Seeds of the training split.
        anchors: (group, jitter kind) of every anchor title.
        encode: Titles to unit vectors (n, d).

    Returns:
        For every anchor up to `MINED_PER_ANCHOR` groups, nearest first.
    """
    codes_of = defaultdict(set)
    for group in groups:
        codes_of[text_key(group.seed)].add(group.code)
    codes = np.array([group.code for group in groups])
    seeds = encode([group.seed for group in groups])
    barred = seeds @ seeds.T > MINED_MAX_COSINE
    for row, group in enumerate(groups):
        barred[row] |= np.isin(codes, list(codes_of[text_key(group.seed)]))
    row_of = {id(group): row for row, group in enumerate(groups)}
    vectors = encode([group.titles[kind] for group, kind in anchors])
    mined = []
    for (group, _), vector in zip(anchors, vectors, strict=True):
        scores = np.where(barred[row_of[id(group)]], -1.0, seeds @ vector)
        nearest = np.argsort(-scores)[:MINED_PER_ANCHOR]
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
