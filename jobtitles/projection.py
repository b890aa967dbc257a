"""Two-dimensional maps of title vectors by t-SNE."""

import importlib.metadata
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.neighbors import NearestNeighbors

from jobtitles.cache import cached_arrays, kept_arrays
from jobtitles.encoder import Progress
from jobtitles.neighbourhoods import nearest_others

PERPLEXITY = 30
SEED = 0
PURITY_NEIGHBOURS = 10
# openTSNE's defaults are 250 and 500. Measured on 9,000 and 30,000 titles: .735 and .825 of a
# title's ten nearest in the map are of its own group, not .737 and .826, in less than half and in a
# third of the time.
EXAGGERATED, FINE = 75, 225
ITERATIONS = EXAGGERATED + FINE
STEP = 25  # iterations between two reports of the progress
NEIGHBOURS = 3 * PERPLEXITY  # as many as openTSNE takes


def tsne_map(
    vectors: np.ndarray, progress: Progress | None = None, ready: Path | None = None
) -> np.ndarray:
    """`drawn_map`, from the cache if it was drawn before.

    Args:
        vectors: Unit vectors, float32, shape (n, d), n at least 5.
        progress: Called with (iterations done, iterations in all).
        ready: Folder of maps made beforehand; taken if it is of these very vectors.
    """
    key = map_key(vectors)
    if ready and (kept := kept_arrays(ready, "map", key)):
        return kept["xy"]
    return cached_arrays("map", key, lambda: {"xy": drawn_map(vectors, progress)})["xy"]


def drawn_map(vectors: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Coordinates of a t-SNE map.

    van der Maaten and Hinton 2008, as implemented by openTSNE, PCA start. It chooses Barnes-Hut
    for fewer than 10,000 titles, which is quicker there, and FFT interpolation for more.
    Neighbours are the exact ones: for so few titles that is quicker than an approximate index.

    Args:
        vectors: Unit vectors, float32, shape (n, d), n at least 5.
        progress: Called with (iterations done, iterations in all).

    Returns:
        Coordinates, float32, shape (n, 2).
    """
    # Takes a second to import; only a cold cache needs it.
    from openTSNE import TSNE, affinity, initialization
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    done = 0

    def report(iteration: int, _error: float, _embedding: np.ndarray) -> None:
        nonlocal done
        done += STEP
        if progress:
            progress(min(done, ITERATIONS), ITERATIONS)

    rows, cosines = nearest_others(vectors, NEIGHBOURS)
    near = affinity.PerplexityBasedNN(
        perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3),
        knn_index=PrecomputedNeighbors(rows, (1 - cosines).clip(min=0)),
        n_jobs=-1,
    )
    tsne = TSNE(
        early_exaggeration_iter=EXAGGERATED,
        n_iter=FINE,
        n_jobs=-1,
        random_state=SEED,
        callbacks=report,
        callbacks_every_iters=STEP,
    )
    start = initialization.pca(vectors, random_state=SEED)
    return np.asarray(tsne.fit(affinities=near, initialization=start), np.float32)


def map_key(vectors: np.ndarray) -> dict[str, str]:
    """Names the map of some vectors."""
    return {
        "vectors": sha256(vectors.tobytes()).hexdigest(),
        "openTSNE": importlib.metadata.version("openTSNE"),
        "settings": f"exact perplexity={PERPLEXITY} seed={SEED} iterations={EXAGGERATED}+{FINE}",
    }


def aligned(xy: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """A map turned and mirrored so that its points lie as near to another map's as they can.

    t-SNE leaves both to chance; side by side the eye compares maps of the same orientation only.
    Orthogonal Procrustes (Schönemann 1966).

    Args:
        xy: Coordinates, shape (n, 2).
        reference: Those of the same points in the other map, shape (n, 2).
    """
    centred = xy - xy.mean(axis=0)
    turn, _ = orthogonal_procrustes(centred, reference - reference.mean(axis=0))
    return (centred @ turn).astype(np.float32)


def purity(xy: np.ndarray, groups: list[str]) -> float:
    """Mean share of a point's nearest neighbours in the map that are of its own group, 0 to 1.

    Args:
        xy: Coordinates, shape (n, 2).
        groups: Group of every point.
    """
    near = min(PURITY_NEIGHBOURS, len(xy) - 1)
    # Asked for without points, it leaves each point itself out.
    rows = NearestNeighbors(n_neighbors=near).fit(xy).kneighbors(return_distance=False)
    names = np.array(groups)
    return float((names[rows] == names[:, None]).mean())
