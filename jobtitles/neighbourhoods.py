"""What fine-tuning changed around every title: its nearest neighbours under either model."""

from dataclasses import dataclass

import numpy as np

from jobtitles.index import TitleIndex

NEIGHBOURS = 10
PORTION = 1000


@dataclass(frozen=True)
class Neighbourhoods:
    """The nearest titles of n titles under two models, each title itself left out.

    Attributes:
        base: Rows of the neighbours, int64, shape (n, k).
        finetuned: The same under the fine-tuned model.
    """

    base: np.ndarray
    finetuned: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """How many of a title's neighbours are the same under both, int64, shape (n,)."""
        return (self.base[:, :, None] == self.finetuned[:, None, :]).any(2).sum(1)

    def gained(self, codes: list[str]) -> np.ndarray:
        """By how many more neighbours are of the title's own occupation, int64, shape (n,).

        Args:
            codes: Occupation of every title.
        """
        names = np.array(codes)
        own = [(names[rows] == names[:, None]).sum(1) for rows in (self.base, self.finetuned)]
        return own[1] - own[0]


def neighbours(vectors: np.ndarray, index: TitleIndex) -> np.ndarray:
    """Rows of the nearest of every vector but itself, int64, shape (n, k).

    Args:
        vectors: Those of the index, float32, shape (n, d), n at least 2.
        index: Finds the nearest.
    """
    most = min(NEIGHBOURS, len(vectors) - 1)
    # In portions: where search is exact, all scores of a portion are in memory.
    portions = np.array_split(vectors, -(-len(vectors) // PORTION))
    found = np.concatenate([index.search(portion, most + 1)[0] for portion in portions])
    own = found == np.arange(len(vectors))[:, None]
    # Where a title has many doubles it is not among its own nearest: then the last one goes.
    own[~own.any(1), -1] = True
    return found[~own].reshape(len(vectors), most)
