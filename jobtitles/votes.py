"""Nearest labelled titles vote for their occupations."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Votes:
    """The occupations that got most votes, c of them for each of q titles, best first.

    Attributes:
        occupations: Their numbers, int64, shape (q, c).
        features: What the confidence goes by, float64, shape (q, c, `FEATURES`): log-odds of the
            share of the votes, lead over the best other occupation's log-odds, cosine of the
            occupation's nearest title, cosine of the nearest title of all.
        support: Cosine of the nearest title of all, float32, shape (q,).
    """

    occupations: np.ndarray
    features: np.ndarray
    support: np.ndarray


FEATURES = 4
# So many occupations get a confidence; the page offers ten to choose from.
CANDIDATES = 10
# Shares are kept this far from 0 and 1: a title alone in its neighbourhood has no infinite odds.
EDGE = 1e-4


@dataclass(frozen=True)
class VoteRule:
    """How neighbours' votes become confidences; fitted on validation.

    Attributes:
        neighbours: Titles that vote.
        temperature: Of the votes, see `pooled_votes`.
        weights: Of the features of a vote, as `Votes.features` has them.
        bias: Added to them; the confidence is the logistic function of the sum.
    """

    neighbours: int
    temperature: float
    weights: list[float]
    bias: float

    def votes(self, occupations: np.ndarray, cosines: np.ndarray) -> Votes:
        """The pooled votes of the first `neighbours`, see `pooled_votes`."""
        near = self.neighbours
        return pooled_votes(occupations[:, :near], cosines[:, :near], self.temperature, CANDIDATES)

    def confidence(self, votes: Votes) -> np.ndarray:
        """Chance of every candidate to be right, shape (q, c)."""
        return 1 / (1 + np.exp(-(votes.features @ np.array(self.weights) + self.bias)))


def pooled_votes(
    occupations: np.ndarray, cosines: np.ndarray, temperature: float, candidates: int
) -> Votes:
    """Pool the votes of every title's neighbours by occupation.

    A neighbour weighs exp((cosine - 1) / temperature), as in the noise-contrastive losses the
    model was trained with: near ones count for many far ones.

    Args:
        occupations: Number of every neighbour's occupation, int64, shape (q, k).
        cosines: Of every neighbour, shape (q, k), best first.
        temperature: Above zero; the lower, the more the nearest decides.
        candidates: Occupations wanted, c; at least 2.
    """
    q, k = cosines.shape
    size = max(int(occupations.max(initial=0)) + 1, candidates)
    weights = np.exp((cosines.astype(np.float64) - 1) / temperature)
    cell = (np.arange(q)[:, None] * size + occupations).ravel()
    votes = np.bincount(cell, weights.ravel(), q * size).reshape(q, size)
    votes /= votes.sum(axis=1, keepdims=True)
    nearest = np.full(q * size, -1.0)
    np.maximum.at(nearest, cell, cosines.ravel())
    best = np.argsort(-votes, axis=1, kind="stable")[:, :candidates]
    share = np.take_along_axis(votes, best, axis=1).clip(EDGE, 1 - EDGE)
    odds = np.log(share / (1 - share))
    # The best one's rival is the second, everybody else's is the best.
    rival = np.repeat(odds[:, :1], candidates, axis=1)
    rival[:, 0] = odds[:, 1]
    own = np.take_along_axis(nearest.reshape(q, size), best, axis=1)
    support = cosines[:, 0]
    features = np.stack([odds, odds - rival, own, np.broadcast_to(support[:, None], own.shape)], 2)
    return Votes(best, features, support)
