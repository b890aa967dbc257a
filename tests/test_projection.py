"""Maps: turned to one orientation, and how pure their neighbourhoods are."""

from dataclasses import replace

import numpy as np
import pytest

from jobtitles.maps import draw_maps
from jobtitles.parts import SHIPPED
from jobtitles.projection import aligned, drawn_map, purity
from jobtitles.search import SideBySide


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


def unit_vectors(count):
    vectors = np.random.default_rng(0).normal(size=(count, 384)).astype(np.float32)
    vectors[3] = vectors[1]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_five_titles_are_enough_for_a_map_and_it_is_the_same_twice():
    vectors = unit_vectors(5)
    xy = drawn_map(vectors)
    assert np.isfinite(xy).all()
    assert (xy == drawn_map(vectors)).all()


def test_maps_of_the_whole_catalogue(tiny_dataset):
    told = []
    engine = SideBySide.load(parts=replace(SHIPPED, dataset=tiny_dataset))
    default = draw_maps(engine, lambda *_: None, kept=False)
    maps = draw_maps(engine, lambda part, _: told.append(part), kept=False, whole=True)
    assert default.count == engine.default_count < maps.count == len(engine.titles)
    assert {name: len(xy) for name, xy in maps.xy.items()} == dict.fromkeys(maps.xy, maps.count)
    assert told == sorted(told)
    assert told[-1] == 1.0
    # All are of one group: whole codes are compared.
    codes = [title.onet_code for title in engine.titles]
    assert purity(maps.xy["finetuned"], codes) > purity(maps.xy["base"], codes) > 0.3
