"""What the coder is fitted with on validation: votes, confidence, refusal."""

import csv
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
    rules = [VoteRule(n, t, {}, [], 0.0) for n, t in product(NEIGHBOURS, TEMPERATURES)]
    best = _best(rules, found, task, codes)
    if found.chances:
        weights = product(CLASSIFIER_WEIGHTS, repeat=len(found.chances))
        shares = [dict(zip(found.chances, own, strict=True)) for own in weights]
        best = _best([replace(best, classifiers=s) for s in shares], found, task, codes)
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


def _best(rules: list[VoteRule], found: Evidence, task: CodingTask, codes: list[str]) -> VoteRule:
    """The rule with the best top-1, groups weighing the same; the first of equals."""
    place = {code: number for number, code in enumerate(codes)}
    right = np.zeros((len(task.right), len(codes)), bool)
    for row, own in enumerate(task.right):
        right[row, [place[code] for code in own if code in place]] = True

    def top(rule: VoteRule) -> float:
        first = rule.shares(found, len(codes))[0].argmax(axis=1)
        hits = right[np.arange(len(first)), first]
        return float(np.mean([hits[task.groups[name]].mean() for name in DECIDING]))

    return max(rules, key=top)


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
