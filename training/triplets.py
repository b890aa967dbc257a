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
MINED_PER_SEED = 10
# A mined seed closer than this to the anchor's seed may be the same job under another code.
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
    nearby = mine_nearby_groups(groups, encode)
    columns: dict[str, list[str]] = defaultdict(list)
    for _ in range(passes):
        for group, neighbours in zip(groups, nearby, strict=True):
            for kind, anchor in group.titles.items():
                mined = neighbours and draw.random() < mined_share
                positive_kind = _sibling_kind(group, kind, draw, sibling_share)
                other = groups[draw.choice(neighbours)] if mined else None
                columns["anchor"].append(anchor)
                if positive_kind is None:
                    columns["positive"].append(group.seed)
                    negative = other.seed if other else draw.choice(_clean(group))
                else:
                    columns["positive"].append(group.titles[positive_kind])
                    negative = (
                        other.titles.get(positive_kind, other.seed)
                        if other
                        else _messy_negative(group, draw)
                    )
                columns["negative"].append(negative)
    return Dataset.from_dict(columns)


def mine_nearby_groups(
    groups: list[Group], encode: Callable[[list[str]], np.ndarray]
) -> list[list[int]]:
    """For every group the nearest groups of other occupations, by cosine of the seeds."""
    vectors = encode([group.seed for group in groups])
    codes = np.array([group.code for group in groups])
    keys = [text_key(group.seed) for group in groups]
    codes_of = defaultdict(set)
    for group, key in zip(groups, keys, strict=True):
        codes_of[key].add(group.code)
    nearby = []
    for row, vector in enumerate(vectors):
        scores = vectors @ vector
        scores[np.isin(codes, list(codes_of[keys[row]]))] = -1.0
        scores[scores > MINED_MAX_COSINE] = -1.0
        best = np.argsort(-scores)[:MINED_PER_SEED]
        nearby.append([int(i) for i in best if scores[i] > 0])
    return nearby


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
