"""Two classifiers of occupations beside the neighbours: by a title's vector, by its spelling."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer

HASHED = 2**15
# Unit vectors are scaled by it: their parts are small.
SCALE = 10.0
TENSORS = ("of_vector", "runs", "of_spelling")


@dataclass(frozen=True)
class Classifiers:
    """Softmax regressions over o occupations, fitted by training/classifier_fit.py.

    By vector: linear in the title's vector. By spelling: linear in the mean of its runs' vectors
    (Joulin et al. 2017, arXiv:1607.01759), which knows abbreviations and misspellings where the
    model's word pieces are at a loss.

    Attributes:
        codes: O*NET-SOC codes of the occupations, o of them.
        of_vector: Weights, shape (dimensions + 1, o); the last row is the bias.
        runs: A vector for every hashed run of characters, shape (`HASHED`, r).
        of_spelling: Weights, shape (r + 1, o); the last row is the bias.
    """

    codes: list[str]
    of_vector: np.ndarray
    runs: np.ndarray
    of_spelling: np.ndarray

    def by_vector(self, vectors: np.ndarray) -> np.ndarray:
        """Chances of the occupations, float32, shape (n, o), of titles' vectors (n, d)."""
        return _softmax(vectors * SCALE, self.of_vector)

    def by_spelling(self, titles: list[str]) -> np.ndarray:
        """Chances of the occupations, float32, shape (n, o), of n titles."""
        return _softmax(spelling(titles) @ self.runs, self.of_spelling)

    def over(self, codes: list[str]) -> "Classifiers":
        """The same over other occupations; one that was not fitted has no chance."""
        place = {code: number for number, code in enumerate(self.codes)}
        kept = [place.get(code, len(self.codes)) for code in codes]
        never = np.array([0.0] * (len(self.of_vector) - 1) + [-np.inf], np.float32)
        of_vector = np.column_stack([self.of_vector, never])[:, kept]
        never = np.array([0.0] * (len(self.of_spelling) - 1) + [-np.inf], np.float32)
        of_spelling = np.column_stack([self.of_spelling, never])[:, kept]
        return Classifiers(codes, of_vector, self.runs, of_spelling)

    def tensors(self) -> dict[str, np.ndarray]:
        """What is no text, in float16, for a safetensors file."""
        return {name: getattr(self, name).astype(np.float16) for name in TENSORS}

    @classmethod
    def of(cls, codes: list[str], tensors: dict[str, np.ndarray]) -> "Classifiers":
        """What `tensors` gave."""
        return cls(codes, **{name: tensors[name].astype(np.float32) for name in TENSORS})


def spelling(titles: list[str]) -> csr_matrix:
    """Runs of one to four characters within words, hashed; a title's sum to 1.

    Returns:
        float32, shape (n, `HASHED`).
    """
    return _hashing().transform(titles)


def _softmax(inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    logits = inputs @ weights[:-1] + weights[-1]
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


@cache
def _hashing() -> HashingVectorizer:
    return HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(1, 4),
        n_features=HASHED,
        alternate_sign=False,
        binary=True,
        norm="l1",
        dtype=np.float32,
    )
