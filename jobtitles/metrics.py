"""Arrays in, figures out: ranks, MRR, hit@k, MAP; the paired bootstrap between two models."""

from dataclasses import dataclass

import numpy as np


def first_ranks(scores: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Rank of the best relevant document of every query, 1 for the first.

    A document with the same score as the relevant one counts as standing before it, so that a
    model which scores everything alike gains nothing.

    Args:
        scores: Similarity of every query to every document, shape (queries, documents).
        relevant: Which documents are right, bool, same shape; at least one a query.

    Returns:
        Ranks, int64, shape (queries,).

    Raises:
        ValueError: Shapes differ, or a query has no relevant document.
    """
    _check(scores, relevant)
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    return 1 + ((scores >= best) & ~relevant).sum(axis=1)


def reciprocal_ranks(ranks: np.ndarray) -> np.ndarray:
    """1 / rank of every query; their mean is the MRR (Voorhees 1999)."""
    return 1.0 / ranks


def hits_at(ranks: np.ndarray, k: int) -> np.ndarray:
    """1.0 for every query whose right document is among the first k, else 0.0."""
    return (ranks <= k).astype(np.float64)


def average_precisions(scores: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Average precision of every query over its whole ranking; their mean is the MAP.

    Mean of the precision at the place of every relevant document (Manning et al. 2008, chapter
    8.4). Among equal scores relevant documents count as standing last, as in `first_ranks`.

    Args:
        scores: Similarity of every query to every document, shape (queries, documents).
        relevant: Which documents are right, bool, same shape; at least one a query.

    Raises:
        ValueError: Shapes differ, or a query has no relevant document.
    """
    _check(scores, relevant)
    order = np.lexsort((relevant, -scores), axis=1)
    found = np.take_along_axis(relevant, order, axis=1)
    precision = found.cumsum(axis=1) / np.arange(1, scores.shape[1] + 1)
    return (precision * found).sum(axis=1) / found.sum(axis=1)


def _check(scores: np.ndarray, relevant: np.ndarray) -> None:
    if scores.shape != relevant.shape:
        raise ValueError(f"scores {scores.shape} and relevant {relevant.shape} differ in shape")
    if not relevant.any(axis=1).all():
        raise ValueError("a query has no relevant document")


@dataclass(frozen=True)
class Comparison:
    """A figure of two models on the same queries.

    Attributes:
        base: Mean of the first model.
        finetuned: Mean of the second.
        difference: Second minus first.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end.
        queries: Number of queries.
    """

    base: float
    finetuned: float
    difference: float
    low: float
    high: float
    queries: int


def compare(
    base: np.ndarray,
    finetuned: np.ndarray,
    clusters: np.ndarray,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two models by a paired bootstrap that resamples whole clusters.

    Titles of one occupation share their difficulty, so the occupation, not the title, is what is
    drawn with replacement (Efron and Tibshirani 1993, chapters 8 and 13: percentile interval).

    Args:
        base: One value a query, shape (queries,).
        finetuned: The other model's values on the same queries, same order.
        clusters: Label of the cluster of every query, shape (queries,).
        resamples: Number of bootstrap draws.
        seed: Seed of the draws.

    Raises:
        ValueError: The three arrays are empty or differ in length.
    """
    if not len(base) == len(finetuned) == len(clusters) or len(base) == 0:
        raise ValueError("base, finetuned and clusters must have one length above zero")
    difference = np.asarray(finetuned, np.float64) - np.asarray(base, np.float64)
    _, member = np.unique(clusters, return_inverse=True)
    sums = np.bincount(member, weights=difference)
    sizes = np.bincount(member).astype(np.float64)
    draws = np.random.default_rng(seed).integers(len(sums), size=(resamples, len(sums)))
    means = sums[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Comparison(
        base=float(np.mean(base)),
        finetuned=float(np.mean(finetuned)),
        difference=float(difference.mean()),
        low=float(low),
        high=float(high),
        queries=len(difference),
    )
