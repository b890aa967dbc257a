"""The training split by seed: every seed with its titles and the LLM's negatives."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq


@dataclass
class Group:
    """A seed of the training split under one occupation, with what one generator wrote for it."""

    code: str
    seed: str
    titles: dict[str, str]  # kind -> jittered title
    clean_negatives: list[str]
    messy_negatives: list[str]


def training_groups(dataset: Path) -> list[Group]:
    """The training split's seeds with their titles and the LLM's negatives, in file order."""
    groups: dict[tuple, Group] = {}
    samples: Counter[tuple] = Counter()
    path = dataset / "data" / "train-00000-of-00001.parquet"
    for row in pq.read_table(path).to_pylist():
        key = row["onet_code"], row["seed_title"], row["generator"]
        # A generator that was asked twice wrote two titles of a kind: two groups.
        sample = samples[(*key, row["jitter_kind"])]
        samples[(*key, row["jitter_kind"])] += 1
        key = (*key, sample)
        if key not in groups:
            negatives = list(zip(row["hard_negatives"], row["hard_negative_kinds"], strict=True))
            clean = [text for text, kind in negatives if kind != "near_miss_posting"]
            messy = [text for text, kind in negatives if kind == "near_miss_posting"]
            groups[key] = Group(*key[:2], {}, clean, messy)
        groups[key].titles[row["jitter_kind"]] = row["jittered_title"]
    return list(groups.values())
