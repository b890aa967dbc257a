"""Two-dimensional maps of title vectors by t-SNE."""

import importlib.metadata
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.neighbors import NearestNeighbors

from jobtitles.cache import cached_arrays, kept_arrays
from jobtitles.encoder import Progress

PERPLEXITY = 30
SEED = 0
PURITY_NEIGHBOURS = 10
# Half of openTSNE's defaults. Measured on 9,000 titles: neighbours in the map are of their own
# group as often (.732 and .733), KL divergence 1.84 instead of 1.74, in half of the time.
EXAGGERATED, FINE = 125, 250
ITERATIONS = EXAGGERATED + FINE
STEP = 25  # iterations between two reports of the progress


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

    van der Maaten and Hinton 2008, as implemented by openTSNE (FFT-interpolated), PCA start.

    Args:
        vectors: Unit vectors, float32, shape (n, d), n at least 5.
        progress: Called with (iterations done, iterations in all).

    Returns:
        Coordinates, float32, shape (n, 2).
    """
    from openTSNE import TSNE  # takes a second to import; only a cold cache needs it

    done = 0

    def report(iteration: int, _error: float, _embedding: np.ndarray) -> None:
        nonlocal done
        done += STEP
        if progress:
            progress(min(done, ITERATIONS), ITERATIONS)

    tsne = TSNE(
        perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3),
        metric="cosine",
        initialization="pca",
        early_exaggeration_iter=EXAGGERATED,
        n_iter=FINE,
        n_jobs=-1,
        random_state=SEED,
        callbacks=report,
        callbacks_every_iters=STEP,
    )
    return np.asarray(tsne.fit(vectors), np.float32)


def map_key(vectors: np.ndarray) -> dict[str, str]:
    """Names the map of some vectors."""
    return {
        "vectors": sha256(vectors.tobytes()).hexdigest(),
        "openTSNE": importlib.metadata.version("openTSNE"),
        "settings": f"perplexity={PERPLEXITY} seed={SEED} iterations={EXAGGERATED}+{FINE}",
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
