"""What is no job title in English and gets no code: blanks, numbers, sentences, places, names."""

import re
from dataclasses import dataclass

import numpy as np

WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Refusal:
    """A linear rule over a title's vector, its support and its looks, fitted on labelled texts.

    Attributes:
        vector: Weights of the vector's dimensions.
        features: Weights of `looks`.
        bias: Added to them.
        threshold: Sums above it are refused.
    """

    vector: list[float]
    features: list[float]
    bias: float
    threshold: float

    def refused(self, titles: list[str], vectors: np.ndarray, support: np.ndarray) -> np.ndarray:
        """Whether each title is refused, bool, shape (n,).

        Args:
            titles: n texts.
            vectors: Theirs, shape (n, 384).
            support: Cosine of each one's nearest labelled title, shape (n,).
        """
        score = vectors @ np.array(self.vector) + looks(titles, support) @ np.array(self.features)
        wordless = np.array([not WORD.search(title) for title in titles], bool)
        return wordless | (score + self.bias > self.threshold)


def looks(titles: list[str], support: np.ndarray) -> np.ndarray:
    """What a text's form says, float64, shape (n, 6).

    Support, number of words, share of digits, share of letters outside English, and whether it
    ends like a sentence or holds an @ or a web address.
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
    return np.array(rows, np.float64).reshape(len(rows), 6)
