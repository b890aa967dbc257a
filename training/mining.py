"""Hard negatives mined with a model: the seeds it wrongly finds nearest to a title."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from training.groups import Group

MINED_PER_ANCHOR = 10
# A mined seed closer than this to the anchor's own may be the same job under another code.
MINED_MAX_COSINE = 0.9


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
