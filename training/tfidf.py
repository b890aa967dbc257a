"""The labelled titles nearest to a title, by a model's vectors or by TF-IDF."""

from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from jobtitles.catalogue import cached_index
from jobtitles.coder import labelled_vectors
from jobtitles.encoder import Encoder
from jobtitles.labelled import Labelled

CHUNK = 256


@dataclass(frozen=True)
class Neighbours:
    """The k nearest labelled titles of q titles, best first.

    Attributes:
        occupations: Number of each one's occupation in the sorted codes, int64, shape (q, k).
        cosines: float32, shape (q, k).
    """

    occupations: np.ndarray
    cosines: np.ndarray


def by_model(
    encoder: Encoder, labelled: Labelled, asked: list[list[str]], k: int
) -> list[Neighbours]:
    """Neighbours of several lists of titles as the coder finds them."""
    index = cached_index(labelled_vectors(encoder, labelled.texts))
    occupation = labelled.numbers
    found = (index.search(encoder.encode(titles), k) for titles in asked)
    return [Neighbours(occupation[rows], cosines) for rows, cosines in found]


def by_tfidf(labelled: Labelled, asked: list[list[str]], k: int) -> list[Neighbours]:
    """Neighbours by TF-IDF over runs of two to four characters within words."""
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32
    )
    documents = vectorizer.fit_transform(labelled.texts).T.tocsr()
    occupation = labelled.numbers
    result = []
    for titles in asked:
        queries = vectorizer.transform(titles)
        rows, cosines = [], []
        for start in range(0, len(titles), CHUNK):
            scores = (queries[start : start + CHUNK] @ documents).toarray()
            near = np.argpartition(-scores, k, axis=1)[:, :k]
            score = np.take_along_axis(scores, near, axis=1)
            order = np.argsort(-score, axis=1, kind="stable")
            rows.append(np.take_along_axis(near, order, axis=1))
            cosines.append(np.take_along_axis(score, order, axis=1))
        result.append(Neighbours(occupation[np.concatenate(rows)], np.concatenate(cosines)))
    return result
