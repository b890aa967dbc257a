"""Nearest labelled titles and classifiers vote for the occupations of a title."""

from dataclasses import dataclass

import numpy as np

# So many occupations get a confidence; the page offers ten to choose from.
CANDIDATES = 10
# Shares are kept this far from 0 and 1: a title alone in its neighbourhood has no infinite odds.
EDGE = 1e-4
WORDS = 10  # more count as so many


@dataclass(frozen=True)
class Evidence:
    """What speaks for which of o occupations, for t texts that are readings of q titles.

    Attributes:
        readings: Rows of every title's readings, first the title as it stands, shape (q, r).
        words: Number of words of every title as it stands, shape (q,).
        occupations: Number of the occupation of each of the k nearest labelled titles of every
            text, int64, shape (t, k).
        cosines: Of these, best first, shape (t, k).
        chances: Classifier -> chance of every occupation, shape (t, o).
    """

    readings: np.ndarray
    words: np.ndarray
    occupations: np.ndarray
    cosines: np.ndarray
    chances: dict[str, np.ndarray]

    @property
    def support(self) -> np.ndarray:
        """Cosine of the labelled title nearest to every title as it stands, shape (q,)."""
        return self.cosines[self.readings[:, 0], 0]


@dataclass(frozen=True)
class Pooled:
    """The evidence by occupation, o of them, for q titles, all readings of a title together.

    Attributes:
        shares: Voter -> share of every occupation, shape (q, o), the mean over the readings;
            "neighbours" and the classifiers.
        nearest: Cosine of the title of every occupation that is nearest to a reading, shape (q, o).
        differs: Whether the readings of a title differ, bool, shape (q,): it has clutter or
            abbreviations.
        words: As `Evidence.words`.
    """

    shares: dict[str, np.ndarray]
    nearest: np.ndarray
    differs: np.ndarray
    words: np.ndarray


@dataclass(frozen=True)
class Votes:
    """The occupations that got most votes, c of them for each of q titles, best first.

    Attributes:
        occupations: Their numbers, int64, shape (q, c).
        features: What the confidence goes by, float64, shape (q, c, f): log-odds of the share of
            the votes, lead over the best other occupation's log-odds, cosine of the occupation's
            nearest title, cosine of the nearest title of all, log-odds of every voter's share;
            then a 1 and all of these again where the readings differ, else 0: a cluttered
            title's votes are worth something else than a clean one's, and so are a long one's:
            last come its words (as a share of `WORDS`), and that times the first two.
    """

    occupations: np.ndarray
    features: np.ndarray

    @classmethod
    def of(cls, shares: np.ndarray, pooled: Pooled) -> "Votes":
        """The `CANDIDATES` with the largest shares.

        Args:
            shares: Of every occupation, the voters taken together, shape (q, o).
            pooled: What they are made of.
        """
        best = np.argsort(-shares, axis=1, kind="stable")[:, :CANDIDATES]
        odds = _log_odds(np.take_along_axis(shares, best, axis=1))
        # The best one's rival is the second, everybody else's is the best.
        rival = np.repeat(odds[:, :1], odds.shape[1], axis=1)
        rival[:, 0] = odds[:, 1]
        own = np.take_along_axis(pooled.nearest, best, axis=1)
        support = np.broadcast_to(pooled.nearest.max(axis=1, keepdims=True), own.shape)
        voters = [_log_odds(np.take_along_axis(s, best, axis=1)) for s in pooled.shares.values()]
        features = np.stack([np.ones_like(own), odds, odds - rival, own, support, *voters], 2)
        cluttered = features * pooled.differs[:, None, None]
        long = features[:, :, :3] * (np.minimum(pooled.words, WORDS) / WORDS)[:, None, None]
        return cls(best, np.concatenate([features[:, :, 1:], cluttered, long], axis=2))


def feature_count(classifiers: int) -> int:
    """How many features `Votes` has with so many classifiers beside the neighbours."""
    return 2 * (5 + classifiers) + 1 + 3


def _log_odds(share: np.ndarray) -> np.ndarray:
    share = share.clip(EDGE, 1 - EDGE)
    return np.log(share / (1 - share))


@dataclass(frozen=True)
class VoteRule:
    """How evidence becomes votes, and votes confidences; fitted on validation.

    Attributes:
        neighbours: Titles that vote.
        temperature: Of their votes, see `neighbour_shares`.
        classifiers: Classifier -> its votes, where the neighbours have one.
        weights: Of the features of a vote, as `Votes.features` has them.
        bias: Added to them; the confidence is the logistic function of the sum.
    """

    neighbours: int
    temperature: float
    classifiers: dict[str, float]
    weights: list[float]
    bias: float

    def votes(self, evidence: Evidence, size: int) -> Votes:
        """The occupations with most votes.

        Args:
            evidence: As it was gathered.
            size: Occupations in all, o.
        """
        pooled = self.pooled(evidence, size)
        return Votes.of(self.shares(pooled), pooled)

    def pooled(self, evidence: Evidence, size: int) -> Pooled:
        """What every voter says of every occupation, see `Pooled`."""
        occupations = evidence.occupations[:, : self.neighbours]
        cosines = evidence.cosines[:, : self.neighbours]
        shares, nearest = neighbour_shares(occupations, cosines, self.temperature, size)
        voters = {"neighbours": shares} | {n: evidence.chances[n] for n in self.classifiers}
        readings = evidence.readings.T
        return Pooled(
            {
                name: np.mean([own[rows] for rows in readings], axis=0)
                for name, own in voters.items()
            },
            np.max([nearest[rows] for rows in readings], axis=0),
            readings[0] != readings[-1],
            evidence.words,
        )

    def shares(self, pooled: Pooled) -> np.ndarray:
        """Share of every occupation, the voters taken together, shape (q, o)."""
        votes = pooled.shares["neighbours"].copy()
        for name, weight in self.classifiers.items():
            votes += weight * pooled.shares[name]
        return votes / (1 + sum(self.classifiers.values()))

    def confidence(self, votes: Votes) -> np.ndarray:
        """Chance of every candidate to be right, shape (q, c), none above those before it.

        The votes order the candidates: the weights are fitted on the first few, and what they make
        of a candidate with next to no votes means nothing.
        """
        chances = 1 / (1 + np.exp(-(votes.features @ np.array(self.weights) + self.bias)))
        return np.minimum.accumulate(chances, axis=1)


def neighbour_shares(
    occupations: np.ndarray, cosines: np.ndarray, temperature: float, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pool the votes of every text's neighbours by occupation.

    A neighbour weighs exp((cosine - 1) / temperature), as in the noise-contrastive losses the
    model was trained with: near ones count for many far ones.

    Args:
        occupations: Number of every neighbour's occupation, int64, shape (t, k).
        cosines: Of every neighbour, shape (t, k), best first.
        temperature: Above zero; the lower, the more the nearest decides.
        size: Occupations in all, o.

    Returns:
        Share of every occupation, and cosine of its nearest title, -1 where there is none, both
        of shape (t, o).
    """
    weights = np.exp((cosines.astype(np.float64) - 1) / temperature)
    cell = (np.arange(len(cosines))[:, None] * size + occupations).ravel()
    shares = np.bincount(cell, weights.ravel(), len(cosines) * size).reshape(-1, size)
    shares /= shares.sum(axis=1, keepdims=True)
    nearest = np.full(len(cosines) * size, -1.0)
    np.maximum.at(nearest, cell, cosines.ravel())
    return shares, nearest.reshape(-1, size)
