"""Figures of the coder: accuracy by digits and coverage, calibration, what was refused."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jobtitles.metrics import compare
from jobtitles.votes import Evidence, VoteRule
from training.coder_fit import right_candidates
from training.coding_task import CodingTask

BINS = 10
COVERAGES = (0.25, 0.5, 0.75, 0.9, 1.0)
# Leading characters of a code such as 15-1252.00.
DIGITS = {"6": 7, "2": 2}


@dataclass(frozen=True)
class Outcomes:
    """What became of n titles.

    Attributes:
        confidence: Of the first code, 0 for a refused title, shape (n,).
        top: Metric -> whether it holds, bool, shape (n,); never for a refused title.
        clusters: An occupation of every title, shape (n,).
    """

    confidence: np.ndarray
    top: dict[str, np.ndarray]
    clusters: np.ndarray


def outcomes(
    rule: VoteRule, found: Evidence, task: CodingTask, codes: list[str], refused: np.ndarray
) -> Outcomes:
    """Code the titles of a task and judge the codes."""
    votes = rule.votes(found, len(codes))
    right = right_candidates(votes, task, codes)
    right[refused] = False
    first = [codes[number] for number in votes.occupations[:, 0]]
    top = {"top-1": right[:, 0], "top-3": right[:, :3].any(axis=1)}
    for digits, length in DIGITS.items():
        agrees = [
            code[:length] in {own[:length] for own in good}
            for code, good in zip(first, task.right, strict=True)
        ]
        top[f"top-1 at {digits} digits"] = np.array(agrees) & ~refused
    best = rule.confidence(votes)[:, 0]
    clusters = np.array([min(good) for good in task.right])
    return Outcomes(np.where(refused, 0.0, best), top, clusters)


def figures(own: Outcomes, base: Outcomes | None, chosen: np.ndarray) -> dict[str, Any]:
    """The figures of some titles.

    Args:
        own: Of the system.
        base: Of the base model on the same titles; None for the base model itself.
        chosen: Which titles, bool, shape (n,).
    """
    result: dict[str, Any] = {
        metric: round(float(right[chosen].mean()), 4) for metric, right in own.top.items()
    }
    right, confidence = own.top["top-1"][chosen], own.confidence[chosen]
    bins = reliability(confidence, right)
    gaps = [b["titles"] * abs(b["confidence"] - b["right"]) for b in bins]
    # Expected calibration error over equal bins (Naeini et al. 2015).
    result["calibration error"] = round(sum(gaps) / len(right), 4)
    surest = right[np.argsort(-confidence, kind="stable")]
    result["accuracy at coverage"] = {
        str(share): round(float(surest[: max(1, round(share * len(surest)))].mean()), 4)
        for share in COVERAGES
    }
    if base is not None:
        other = base.top["top-1"][chosen].astype(float)
        against = compare(other, right.astype(float), own.clusters[chosen])
        result["against base"] = {
            part: round(getattr(against, part), 4) for part in ("difference", "low", "high")
        }
    result["reliability"] = bins
    return result


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Per bin of confidence: where it begins, titles, mean confidence, share that was right.

    Args:
        confidence: 0 to 1, shape (n,).
        right: Whether the first code was right, bool, shape (n,).
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "from": int(b) / BINS,
            "titles": int((bins == b).sum()),
            "confidence": round(float(confidence[bins == b].mean()), 4),
            "right": round(float(right[bins == b].mean()), 4),
        }
        for b in np.unique(bins)
    ]


def refused_shares(kinds: list[str], refused: np.ndarray) -> dict[str, dict[str, float]]:
    """Texts and share refused, of all and of each kind."""
    result = {"all": {"texts": len(kinds), "refused": round(float(refused.mean()), 4)}}
    for kind in dict.fromkeys(kinds):
        chosen = np.array([k == kind for k in kinds])
        share = round(float(refused[chosen].mean()), 4)
        result[kind] = {"texts": int(chosen.sum()), "refused": share}
    return result
