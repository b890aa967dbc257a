"""Labelled titles and classifiers: what speaks for the occupations of a title."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from jobtitles.catalogue import Index, cached_index, cached_vectors
from jobtitles.classifiers import Classifiers
from jobtitles.encoder import Encoder, Progress
from jobtitles.labelled import Labelled
from jobtitles.tidying import tidied
from jobtitles.votes import Evidence


class Voters:
    """A model, labelled titles, and the classifiers fitted to both.

    Attributes:
        vectors: Of the labelled titles, float32, shape (n, 384).
        index: Finds the nearest of them.
        digest: Names model and labelled titles.
    """

    def __init__(
        self,
        encoder: Encoder,
        labelled: Labelled,
        progress: Progress | None = None,
        ready: Path | None = None,
    ) -> None:
        """Encode and index the labelled titles, or take both from the cache.

        Args:
            encoder: The model.
            labelled: The titles that vote.
            progress: Told of the encoding: (titles done, titles in all).
            ready: Folder of vectors made beforehand, see `cached_vectors`.
        """
        self._encoder = encoder
        self._occupation = labelled.numbers
        self.vectors = labelled_vectors(encoder, labelled.texts, progress, ready)
        self.index: Index = cached_index(self.vectors)
        digest = hashlib.sha256("\0".join((*labelled.texts, *labelled.codes)).encode())
        self.digest = f"{encoder.digest} {digest.hexdigest()}"

    def evidence(
        self, titles: list[str], neighbours: int, classifiers: Classifiers
    ) -> tuple[Evidence, np.ndarray]:
        """Read every title as it stands and tidied.

        Args:
            titles: q titles.
            neighbours: Labelled titles wanted of each reading.
            classifiers: Fitted to the model and the labelled titles.

        Returns:
            The evidence, and the vectors of the titles as they stand, shape (q, 384).
        """
        pairs = [(title, tidied(title)) for title in titles]
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        row = {text: number for number, text in enumerate(texts)}
        vectors = self._encoder.encode(texts)
        rows, cosines = self.index.search(vectors, neighbours, torch.get_num_threads())
        chances = {
            "vector": classifiers.by_vector(vectors),
            "spelling": classifiers.by_spelling(texts),
        }
        readings = np.array([[row[text] for text in pair] for pair in pairs], int).reshape(-1, 2)
        words = np.array([len(title.split()) for title in titles], int)
        evidence = Evidence(readings, words, self._occupation[rows], cosines, chances)
        return evidence, vectors[readings[:, 0]]


def labelled_vectors(
    encoder: Encoder, texts: list[str], progress: Progress | None, ready: Path | None = None
) -> np.ndarray:
    """Unit vectors of the texts, each distinct one encoded once, shape (n, 384)."""
    row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return cached_vectors(list(row), encoder, progress, ready)[[row[text] for text in texts]]
