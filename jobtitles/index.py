"""Nearest titles by cosine: HNSW where the CPU runs it, exact search as fallback and oracle."""

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

# Beyond this many neighbours a graph search visits most of the index: exact is quicker and right.
MOST_BY_GRAPH = 256
# Malkov and Yashunin 2016 (arXiv:1603.09320): M links a node, ef candidates while building and
# searching. With these, recall@10 on 9,000 titles is above .99 (tests/test_index.py). ef is one
# number for every k, because setting it is not safe while another thread searches.
LINKS = 16
EF_BUILD = 200
EF_SEARCH = 2 * MOST_BY_GRAPH


@cache
def hnswlib_runs() -> bool:
    """Whether hnswlib works on this CPU; it is compiled natively and may die of SIGILL."""
    probe = (
        "import hnswlib, numpy; i = hnswlib.Index('cosine', 384); i.init_index(8); "
        "i.add_items(numpy.eye(8, 384, dtype='float32')); i.knn_query(numpy.eye(1, 384), k=2)"
    )
    return subprocess.run([sys.executable, "-c", probe], capture_output=True).returncode == 0


def exact_search(vectors: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of `vectors` to every query by inner product, best first.

    Args:
        vectors: Unit vectors, float32, shape (n, d).
        queries: Unit vectors, float32, shape (q, d).
        k: Neighbours wanted; clipped to n.

    Returns:
        Row numbers, int64, and cosines, float32, both of shape (q, min(k, n)). Ties go to the
        lower row.
    """
    scores = queries @ vectors.T
    rows = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(scores, rows, axis=1)


class TitleIndex:
    """An index over unit vectors; a row's number in `vectors` is its id."""

    def __init__(self, vectors: np.ndarray, graph: np.ndarray | None = None) -> None:
        """Index `vectors`.

        Args:
            vectors: Unit vectors, float32, shape (n, d).
            graph: What `graph` of an index over the same vectors returned, to save building it.
        """
        self._vectors = vectors
        self._hnsw = None
        if len(vectors) and hnswlib_runs():
            self._hnsw = _load(graph, vectors) if graph is not None else _build(vectors)
            self._hnsw.set_ef(EF_SEARCH)  # not kept in a saved graph

    @property
    def method(self) -> str:
        """How it searches: "hnswlib" or "exact"."""
        return "hnswlib" if self._hnsw is not None else "exact"

    def graph(self) -> np.ndarray | None:
        """The HNSW graph as bytes, uint8, shape (size,); None where search is exact."""
        if self._hnsw is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.bin"
            self._hnsw.save_index(str(path))
            return np.fromfile(path, np.uint8)

    def vectors(self, rows: np.ndarray | None = None) -> np.ndarray:
        """The vectors of some rows, or of all, float32, shape (n, d)."""
        return self._vectors if rows is None else self._vectors[rows]

    def search(
        self, queries: np.ndarray, k: int, threads: int = 1, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest titles of every query, best first; k is clipped to the number of titles.

        Args:
            queries: Unit vectors, float32, shape (q, d).
            k: Neighbours wanted, at least 1.
            threads: That share the queries; the answer is the same.
            among: Rows of the only titles wanted, int64; all of these are compared.

        Returns:
            Rows, int64, and cosines, float32, both of shape (q, min(k, n)).
        """
        if among is not None:
            places, scores = exact_search(self._vectors[among], queries, min(k, len(among)))
            return among[places], scores
        k = min(k, len(self._vectors))
        if self._hnsw is None or k > MOST_BY_GRAPH:
            return exact_search(self._vectors, queries, k)
        rows, _ = self._hnsw.knn_query(queries, k=k, num_threads=threads)
        rows = rows.astype(np.int64)
        # hnswlib's cosine distance loses digits near 1; the vectors are at hand.
        scores = np.einsum("qd,qkd->qk", queries, self._vectors[rows])
        order = np.argsort(-scores, axis=1, kind="stable")
        return np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)


def _build(vectors: np.ndarray):  # noqa: ANN202 (hnswlib has no types)
    import hnswlib  # only where the probe passed: importing it can kill the process

    index = hnswlib.Index("cosine", vectors.shape[1])
    index.init_index(len(vectors), M=LINKS, ef_construction=EF_BUILD, random_seed=0)
    # One thread: the same vectors give the same graph.
    index.add_items(vectors, np.arange(len(vectors)), num_threads=1)
    return index


def _load(graph: np.ndarray, vectors: np.ndarray):  # noqa: ANN202
    import hnswlib

    index = hnswlib.Index("cosine", vectors.shape[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.bin"
        graph.tofile(path)
        index.load_index(str(path), max_elements=len(vectors))
    return index
