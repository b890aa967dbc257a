"""Maps: turned to one orientation, and how pure their neighbourhoods are."""

import numpy as np
import pytest

from jobtitles.projection import aligned, purity


def test_a_turned_and_mirrored_map_is_turned_back():
    reference = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    angle = 1.1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    other = (reference * [1, -1]) @ turn + [5, -3]
    found = aligned(other.astype(np.float32), reference)
    assert found == pytest.approx(reference - reference.mean(axis=0), abs=1e-4)


def test_purity_by_hand():
    """Two clusters of three, each with one point of the other group."""
    xy = np.array([[0, 0], [0, 1], [1, 0], [9, 9], [9, 8], [8, 9]], np.float32)
    far = np.concatenate([xy, xy + 1000])
    assert purity(xy[:3], ["a", "a", "b"]) == pytest.approx(1 / 3)
    assert purity(far, ["a"] * 12) == 1.0
    assert purity(xy[:2], ["a", "b"]) == 0.0
