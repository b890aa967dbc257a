"""The labelled titles nearest to a title by TF-IDF: the coder's baseline without a model."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from jobtitles.labelled import Labelled
from jobtitles.votes import Evidence

CHUNK = 256


def by_tfidf(labelled: Labelled, asked: list[list[str]], k: int) -> list[Evidence]:
    """The k neighbours of several lists of titles, by runs of two to four characters in words."""
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
        readings = np.arange(len(titles))[:, None]
        near = occupation[np.concatenate(rows)]
        words = np.array([len(title.split()) for title in titles])
        result.append(Evidence(readings, words, near, np.concatenate(cosines), {}))
    return result
