"""What the coder is fitted with on validation: votes, confidence, refusal."""

import csv
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from jobtitles.refusal import Refusal, refusal_features
from jobtitles.votes import Evidence, VoteRule, Votes
from training.coding_task import CodingTask

NEIGHBOURS = (8, 16, 32, 64, 128)
TEMPERATURES = (0.02, 0.03, 0.04, 0.06, 0.08, 0.12)
CLASSIFIER_WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
FITTED_CANDIDATES = 3
# Groups that decide, with equal weight: what the coder is used on.
DECIDING = ("messy, seen", "O*NET, seen")
TITLES_REFUSED = 0.018


def right_candidates(votes: Votes, task: CodingTask, codes: list[str]) -> np.ndarray:
    """Whether every candidate is right, bool, shape (q, c); `codes` by an occupation's number."""
    return np.array(
        [
            [codes[occupation] in right for occupation in candidates]
            for candidates, right in zip(votes.occupations, task.right, strict=True)
        ]
    )


def fit_votes(found: Evidence, task: CodingTask, codes: list[str]) -> VoteRule:
    """Choose what decides by top-1, then fit the confidence.

    First neighbours and temperature, then the votes of the classifiers. The confidence is a
    logistic regression over the first candidates (Platt 1999), messy titles and O*NET's weighing
    the same.
    """
    hits = _hits(task, codes)
    rules = [VoteRule(n, t, {}, [], 0.0) for n, t in product(NEIGHBOURS, TEMPERATURES)]
    best = max(rules, key=lambda rule: hits(rule.shares(rule.pooled(found, len(codes)))))
    if found.chances:
        best = replace(best, classifiers=dict.fromkeys(found.chances, 0.0))
        pooled = best.pooled(found, len(codes))
        weights = product(CLASSIFIER_WEIGHTS, repeat=len(found.chances))
        own = (dict(zip(found.chances, each, strict=True)) for each in weights)
        rules = [replace(best, classifiers=each) for each in own]
        best = max(rules, key=lambda rule: hits(rule.shares(pooled)))
    votes = best.votes(found, len(codes))
    right = right_candidates(votes, task, codes)
    weight = sum(task.groups[name] / task.groups[name].sum() for name in DECIDING)
    used = weight > 0
    features = votes.features[used, :FITTED_CANDIDATES].reshape(-1, votes.features.shape[2])
    model = LogisticRegression(C=100.0, max_iter=1000)
    labels = right[used, :FITTED_CANDIDATES].ravel()
    weights = np.repeat(weight[used] / weight[used].mean(), FITTED_CANDIDATES)
    model.fit(features, labels, weights)
    return replace(best, weights=model.coef_[0].tolist(), bias=float(model.intercept_[0]))


def _hits(task: CodingTask, codes: list[str]) -> Callable[[np.ndarray], float]:
    """Top-1 of shares (q, o), groups weighing the same."""
    place = {code: number for number, code in enumerate(codes)}
    right = np.zeros((len(task.right), len(codes)), bool)
    for row, own in enumerate(task.right):
        right[row, [place[code] for code in own if code in place]] = True

    def hits(shares: np.ndarray) -> float:
        first = right[np.arange(len(shares)), shares.argmax(axis=1)]
        return float(np.mean([first[task.groups[name]].mean() for name in DECIDING]))

    return hits


def fit_refusal(
    texts: list[str],
    vectors: np.ndarray,
    support: np.ndarray,
    is_title: np.ndarray,
) -> Refusal:
    """Tell non-titles from titles; the threshold lets nearly all titles through.

    Every second title is kept from the fit and sets the threshold.

    Args:
        texts: Titles and non-titles, n of them.
        vectors: Theirs, shape (n, 384).
        support: Cosine of each one's nearest labelled title, shape (n,).
        is_title: Which are titles, bool, shape (n,).
    """
    features = refusal_features(texts, vectors, support)
    place = np.cumsum(is_title) * is_title
    kept = is_title & (place % 2 == 0)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=3000)
    model.fit(features[~kept], ~is_title[~kept])
    scores = model.decision_function(features[kept])
    threshold = float(np.quantile(scores, 1 - TITLES_REFUSED))
    return Refusal(model.coef_[0].astype(np.float32), float(model.intercept_[0]), threshold)


def read_non_titles(path: Path) -> list[tuple[str, str]]:
    """Kind and text of every labelled non-title."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (kind, text) for kind, text in csv.reader(file, "excel-tab", quoting=csv.QUOTE_NONE)
        ]
