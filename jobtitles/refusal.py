"""What is no job title in English and gets no code: blanks, numbers, sentences, places, names."""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

WORD = re.compile(r"[^\W\d_]{2,}")
HASHED = 2**14


@dataclass(frozen=True)
class Refusal:
    """A linear rule fitted on labelled texts (training/coder_fit.py).

    Attributes:
        weights: Of the `refusal_features`, float32, shape (features,).
        bias: Added to their sum.
        threshold: Sums above it are refused.
    """

    weights: np.ndarray
    bias: float
    threshold: float

    def refused(self, titles: list[str], vectors: np.ndarray, support: np.ndarray) -> np.ndarray:
        """Whether each title is refused, bool, shape (n,).

        Args:
            titles: n texts.
            vectors: Theirs, shape (n, 384).
            support: Cosine of each one's nearest labelled title, shape (n,).
        """
        if not titles:
            return np.zeros(0, bool)
        scores = refusal_features(titles, vectors, support) @ self.weights + self.bias
        wordless = np.array([not WORD.search(title) for title in titles], bool)
        return wordless | (scores > self.threshold)


def refusal_features(titles: list[str], vectors: np.ndarray, support: np.ndarray) -> csr_matrix:
    """What the rule goes by, shape (n, 384 + 6 + `HASHED`).

    A title's vector; its looks: support, number of words, share of digits, share of letters outside
    English, whether it ends like a sentence, whether it holds an @ or a web address; and its runs
    of one to four characters, hashed.
    """
    rows = []
    for title, near in zip(titles, support, strict=True):
        length = max(len(title), 1)
        rows.append(
            (
                near,
                min(len(title.split()), 20) / 20,
                sum(c.isdigit() for c in title) / length,
                sum(c.isalpha() and not c.isascii() for c in title) / length,
                title.rstrip().endswith((".", "!", "?")),
                "@" in title or "http" in title or "www." in title,
            )
        )
    dense = np.hstack([vectors, np.array(rows, np.float32)])
    return hstack([csr_matrix(dense), _hashing().transform(titles)]).tocsr()


@cache
def _hashing() -> HashingVectorizer:
    return HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), n_features=HASHED, alternate_sign=False
    )
