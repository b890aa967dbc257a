"""Votes for occupations: how they are counted, fitted, and how reliable confidences are."""

from dataclasses import replace

import numpy as np
import pytest

from jobtitles.votes import Evidence, VoteRule, feature_count
from training.coder_fit import DECIDING, NEIGHBOURS, fit_votes
from training.coder_metrics import figures, outcomes, reliability
from training.coding_task import CodingTask


@pytest.fixture
def coded_by_hand():
    """200 titles of ten occupations; the nearest vote is right but for every fourth title."""
    draw = np.random.default_rng(0)
    own = np.repeat(np.arange(10), 20)
    wrong = np.arange(200) % 4 == 0
    occupations = (own[:, None] + draw.integers(1, 10, size=(200, max(NEIGHBOURS)))) % 10
    occupations[:, 0] = np.where(wrong, (own + 1) % 10, own)
    cosines = np.linspace(0.0, -0.2, max(NEIGHBOURS), dtype=np.float32)[None].repeat(200, 0)
    cosines[:, 0] = np.where(wrong, 0.6, 0.9)
    codes = [f"11-{number}011.00" for number in range(10)]
    half = np.arange(200) % 2 == 0
    groups = dict(zip(DECIDING, (half, ~half), strict=True))
    task = CodingTask([""] * 200, [frozenset([codes[o]]) for o in own], groups)
    own_reading = np.arange(200)[:, None]
    return Evidence(own_reading, np.ones(200), occupations, cosines, {}), task, codes, wrong


def test_votes_by_hand():
    """Occupation 2 has two of three votes, weights e^0, e^-1, e^-1; then a classifier has one."""
    near, cosines = np.array([[2, 1, 2]]), np.array([[1.0, 0.9, 0.9]])
    own = np.array([[0.0, 1.0, 0.0]])
    evidence = Evidence(np.array([[0]]), np.array([5]), near, cosines, {"vector": own})
    votes = VoteRule(3, 0.1, {}, [], 0.0).votes(evidence, 3)
    assert votes.occupations.tolist() == [[2, 1, 0]]
    odds = np.array([np.log(1 + np.e), -np.log(1 + np.e)])
    assert votes.features[0, :2, 0] == pytest.approx(odds)
    assert votes.features[0, :2, 1] == pytest.approx([odds[0] - odds[1], odds[1] - odds[0]])
    assert votes.features[0, :, 2] == pytest.approx([1.0, 0.9, -1.0])
    assert votes.features[0, :, 3] == pytest.approx([1.0, 1.0, 1.0])
    # One reading only: nothing differs. The title has half of the words that are counted.
    assert votes.features[0, :, 4] == pytest.approx(votes.features[0, :, 0])
    assert not votes.features[0, :, 5:-3].any()
    assert votes.features[0, :, -3] == pytest.approx([0.5, 0.5, 0.5])
    assert votes.features[0, :, -2] == pytest.approx(votes.features[0, :, 0] / 2)
    joined = VoteRule(3, 0.1, {"vector": 2.0}, [], 0.0)
    share = 1 / (2 + np.e)
    shares = joined.shares(joined.pooled(evidence, 3))
    assert shares[0] == pytest.approx([0, (share + 2) / 3, (1 - share) / 3])


def test_the_readings_of_a_title_vote_together():
    near, cosines = np.array([[0], [1], [0]]), np.array([[0.5], [0.9], [0.7]])
    evidence = Evidence(np.array([[0, 1], [2, 2]]), np.zeros(2), near, cosines, {})
    rule = VoteRule(1, 0.1, {}, [], 0.0)
    pooled = rule.pooled(evidence, 2)
    assert rule.shares(pooled).tolist() == [[0.5, 0.5], [1.0, 0.0]]
    assert pooled.nearest.tolist() == [[0.5, 0.9], [0.7, -1.0]]
    assert pooled.differs.tolist() == [True, False]
    assert evidence.support.tolist() == [0.5, 0.7]
    # What is counted where the readings differ is counted for the first title only.
    features = rule.votes(evidence, 2).features
    assert features[0, :, 5].tolist() == [1.0, 1.0]
    assert not features[1, :, 5:].any()
    assert features.shape[2] == feature_count(0)


def test_reliability_by_hand():
    bins = reliability(np.array([0.05, 0.95, 1.0]), np.array([False, True, False]))
    assert bins == [
        {"from": 0.0, "titles": 1, "confidence": 0.05, "right": 0.0},
        {"from": 0.9, "titles": 2, "confidence": 0.975, "right": 0.5},
    ]


def test_a_confident_classifier_is_added_to_the_fit(coded_by_hand):
    found, task, codes, wrong = coded_by_hand
    right = np.array([[code in own for code in codes] for own in task.right], float)
    told = replace(found, chances={"spelling": right, "vector": 1 - right})
    rule = fit_votes(told, task, codes)
    assert rule.classifiers["spelling"] >= 1
    assert rule.classifiers["vector"] == 0
    none = np.zeros(200, bool)
    assert outcomes(rule, told, task, codes, none).top["top-1"].all()


def test_the_fit_learns_which_votes_to_trust(coded_by_hand):
    found, task, codes, wrong = coded_by_hand
    rule = fit_votes(found, task, codes)
    refused = np.arange(200) == 1
    results = outcomes(rule, found, task, codes, refused)
    assert results.top["top-1"].tolist() == (~wrong & ~refused).tolist()
    assert results.top["top-1 at 2 digits"].sum() == 199
    assert results.confidence[1] == 0
    assert results.confidence[~wrong & ~refused].min() > 0.8 > 0.2 > results.confidence[wrong].max()
    every = figures(results, None, np.ones(200, bool))
    assert every["top-1"] == pytest.approx(149 / 200)
    assert every["accuracy at coverage"]["0.5"] == 1
    assert every["calibration error"] < 0.05
