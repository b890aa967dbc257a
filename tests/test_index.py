"""The index against exact search, on the vectors that the page really searches."""

import numpy as np
import pytest

import jobtitles.index
from jobtitles.index import MOST_BY_GRAPH, TitleIndex, exact_search, hnswlib_runs
from jobtitles.search import WRITTEN


@pytest.fixture(scope="module")
def vectors():
    """2,000 random unit vectors, of the models' dimension."""
    drawn = np.random.default_rng(0).normal(size=(2000, 384)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("name", WRITTEN)
def test_recall_on_the_default_catalogue(engine, name):
    assert hnswlib_runs(), "hnswlib does not run here: recall of the graph cannot be measured"
    vectors = engine.vectors(name)
    index = TitleIndex(vectors)
    assert index.method == "hnswlib"
    drawn = np.random.default_rng(1).choice(len(vectors), 1000, replace=False)
    queries = vectors[drawn] + np.random.default_rng(2).normal(0, 0.02, (1000, 384))
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    found, _ = index.search(queries, 10)
    right, _ = exact_search(vectors, queries, 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, right, strict=True)])
    assert recall >= 0.99


def test_exact_search_by_hand():
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [0.6, 0.8]], np.float32)
    rows, scores = exact_search(vectors, np.array([[0, 1]], np.float32), 3)
    assert rows.tolist() == [[2, 1, 3]]
    assert scores[0] == pytest.approx([1.0, 0.8, 0.8])


def test_rows_and_scores_are_kept_by_a_saved_graph(vectors):
    built = TitleIndex(vectors)
    loaded = TitleIndex(vectors, built.graph())
    assert loaded.method == "hnswlib"
    for k in (1, 10, MOST_BY_GRAPH):
        rows, scores = built.search(vectors[:50], k)
        again, same_scores = loaded.search(vectors[:50], k)
        assert np.array_equal(rows, again)
        assert np.array_equal(scores, same_scores)
    # A row's own vector is its nearest: rows are not shifted or shuffled.
    assert loaded.search(vectors, 1)[0][:, 0].tolist() == list(range(len(vectors)))


@pytest.mark.parametrize("k", [2000, 2001, 10**9])
def test_k_is_clipped_to_the_number_of_titles(vectors, k):
    rows, scores = TitleIndex(vectors).search(vectors[:2], k)
    assert rows.shape == scores.shape == (2, 2000)
    assert sorted(rows[0].tolist()) == list(range(2000))


def test_k_is_clipped_where_the_graph_searches(vectors):
    rows, _ = TitleIndex(vectors[:5]).search(vectors[:1], 10)
    assert sorted(rows[0].tolist()) == [0, 1, 2, 3, 4]


def test_scores_descend_and_are_cosines(vectors):
    rows, scores = TitleIndex(vectors).search(vectors[:20], 10)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert scores == pytest.approx(np.einsum("qd,qkd->qk", vectors[:20], vectors[rows]), abs=1e-6)


def test_exact_fallback_finds_the_same(vectors, monkeypatch):
    by_graph = TitleIndex(vectors)
    monkeypatch.setattr(jobtitles.index, "hnswlib_runs", lambda: False)
    exact = TitleIndex(vectors, by_graph.graph())
    assert (by_graph.method, exact.method) == ("hnswlib", "exact")
    assert exact.graph() is None
    queries = vectors[:200]
    # Random vectors in 384 dimensions are a graph's worst case; titles do better, see above.
    same = by_graph.search(queries, 10)[0] == exact.search(queries, 10)[0]
    assert same.mean() > 0.95
    assert by_graph.search(queries, 1)[1] == pytest.approx(exact.search(queries, 1)[1], abs=1e-6)


def test_fallback_on_the_default_catalogue(engine, monkeypatch):
    vectors = engine.vectors("base")
    with_graph = TitleIndex(vectors).search(vectors[:100], 5)[0]
    monkeypatch.setattr(jobtitles.index, "hnswlib_runs", lambda: False)
    without = TitleIndex(vectors).search(vectors[:100], 5)[0]

    # In float64: two sums of 384 products in float32 differ by more where their order does.
    def cosines(rows):
        exact = vectors.astype(np.float64)
        return np.einsum("qd,qkd->qk", exact[:100], exact[rows])

    assert cosines(without) == pytest.approx(cosines(with_graph), abs=1e-6)


def test_an_empty_index_finds_nothing():
    rows, scores = TitleIndex(np.empty((0, 384), np.float32)).search(
        np.zeros((1, 384), np.float32), 3
    )
    assert rows.shape == scores.shape == (1, 0)
