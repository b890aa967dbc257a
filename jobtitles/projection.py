"""Two-dimensional maps of title vectors by t-SNE."""

import importlib.metadata
from hashlib import sha256

import numpy as np

from jobtitles.cache import cached_arrays
from jobtitles.encoder import Progress

PERPLEXITY = 30
SEED = 0
ITERATIONS = 750  # openTSNE's defaults: 250 of early exaggeration, then 500


def tsne_map(vectors: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Coordinates of a t-SNE map, from the cache if it was drawn before.

    van der Maaten and Hinton 2008, as implemented by openTSNE (FFT-interpolated), PCA start.

    Args:
        vectors: Unit vectors, float32, shape (n, d), n at least 4.
        progress: Called with (iterations done, iterations in all).

    Returns:
        Coordinates, float32, shape (n, 2).
    """

    def build() -> dict[str, np.ndarray]:
        from openTSNE import TSNE  # takes a second to import; only a cold cache needs it

        done = 0

        def report(iteration: int, _error: float, _embedding: np.ndarray) -> None:
            nonlocal done
            done += 50
            if progress:
                progress(min(done, ITERATIONS), ITERATIONS)

        tsne = TSNE(
            perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3),
            metric="cosine",
            initialization="pca",
            n_jobs=-1,
            random_state=SEED,
            callbacks=report,
            callbacks_every_iters=50,
        )
        return {"xy": np.asarray(tsne.fit(vectors), np.float32)}

    key = {
        "vectors": sha256(vectors.tobytes()).hexdigest(),
        "openTSNE": importlib.metadata.version("openTSNE"),
        "settings": f"perplexity={PERPLEXITY} seed={SEED}",
    }
    return cached_arrays("map", key, build)["xy"]
