"""The retrieval tasks: the seed again, the occupation without it; a real title's, and its like."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobtitles.catalogue import read_titles
from jobtitles.encoder import Encoder
from jobtitles.metrics import average_precisions, first_ranks
from jobtitles.onet import ListedTitle
from jobtitles.records import SEED_KIND, Title, text_key


@dataclass(frozen=True)
class Encoded:
    """Texts encoded once, for tasks that share them; stands in for the encoder.

    Attributes:
        row: Text -> its row of `vectors`.
        vectors: Unit vectors, float32, shape (texts, dimensions).
    """

    row: dict[str, int]
    vectors: np.ndarray

    @classmethod
    def by(cls, encoder: Encoder, texts: Iterable[str]) -> "Encoded":
        """Encode all that will be asked for."""
        distinct = sorted(set(texts))
        return cls({text: row for row, text in enumerate(distinct)}, encoder.encode(distinct))

    def encode(self, texts: list[str]) -> np.ndarray:
        """Vectors of texts that were encoded, shape (len(texts), dimensions)."""
        return self.vectors[[self.row[text] for text in texts]]

    def truncated(self, dimensions: int) -> "Encoded":
        """The same with the first dimensions only, brought to unit length again."""
        vectors = self.vectors[:, :dimensions]
        return Encoded(self.row, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@dataclass(frozen=True)
class SeedRetrieval:
    """Every jittered title of a split as a query, all seed texts of the dataset as documents.

    Attributes:
        queries: The split's jittered titles.
        seeds: Distinct seed texts of all splits, s of them.
        own: Row in `seeds` of every query's seed, shape (q,).
        under: Whether a seed text stands under an occupation, bool, shape (s, occupations).
    """

    queries: list[Title]
    seeds: list[str]
    own: np.ndarray
    under: np.ndarray

    @classmethod
    def from_dataset(cls, dataset: Path, split: str) -> "SeedRetrieval":
        """The tasks of one split of a dataset folder."""
        titles = read_titles(dataset)
        row_of: dict[str, int] = {}
        seeds: list[str] = []
        codes_of: dict[int, set[str]] = defaultdict(set)
        for title in titles:
            if title.kind == SEED_KIND:
                key = text_key(title.text)
                if key not in row_of:
                    row_of[key] = len(seeds)
                    seeds.append(title.text)
                codes_of[row_of[key]].add(title.onet_code)
        codes = sorted({code for those in codes_of.values() for code in those})
        under = np.array([[code in codes_of[row] for code in codes] for row in range(len(seeds))])
        queries = [t for t in titles if t.kind != SEED_KIND and t.split == split]
        own = np.array([row_of[text_key(t.seed_title)] for t in queries])
        return cls(queries, seeds, own, under)

    def scores(self, encoder: Encoded) -> np.ndarray:
        """Cosine of every query with every seed, float32, shape (q, s)."""
        queries = encoder.encode([query.text for query in self.queries])
        return queries @ encoder.encode(self.seeds).T

    @property
    def texts(self) -> set[str]:
        """All that has to be encoded."""
        return {query.text for query in self.queries} | set(self.seeds)

    def seed_ranks(self, scores: np.ndarray) -> np.ndarray:
        """Rank of the own seed among all seeds, shape (q,)."""
        relevant = np.zeros(scores.shape, bool)
        relevant[np.arange(len(scores)), self.own] = True
        return first_ranks(scores, relevant)

    def occupation_ranks(self, scores: np.ndarray) -> np.ndarray:
        """Rank of a right occupation with the own seed out of the catalogue, shape (q,).

        An occupation scores what its nearest remaining seed scores; right is any occupation
        under which the own seed's text stands.
        """
        others = scores.copy()
        others[np.arange(len(scores)), self.own] = -np.inf
        by_code = np.stack([others[:, column].max(axis=1) for column in self.under.T], axis=1)
        return first_ranks(by_code, self.under[self.own])


@dataclass(frozen=True)
class RealTitleRetrieval:
    """O*NET's held-out titles as queries, seeds and occupation names as documents.

    Attributes:
        queries: Held-out titles.
        documents: Distinct seed texts and occupation names, d of them.
        under: Whether a document stands under an occupation, bool, shape (d, occupations).
        right: Whether an occupation lists a query, bool, shape (q, occupations).
    """

    queries: list[str]
    documents: list[str]
    under: np.ndarray
    right: np.ndarray

    @classmethod
    def from_titles(cls, queries: list[ListedTitle], titles: list[Title]) -> "RealTitleRetrieval":
        """The task over `titles` of a dataset folder."""
        codes_of: dict[str, set[str]] = defaultdict(set)
        for title in titles:
            codes_of[title.seed_title].add(title.onet_code)
            codes_of[title.onet_name].add(title.onet_code)
        codes = sorted({title.onet_code for title in titles})
        under = np.array([[code in own for code in codes] for own in codes_of.values()])
        right = np.array([[code in query.codes for code in codes] for query in queries])
        return cls([query.text for query in queries], list(codes_of), under, right)

    @property
    def texts(self) -> set[str]:
        """All that has to be encoded."""
        return {*self.queries, *self.documents}

    def occupation_ranks(self, encoder: Encoded) -> np.ndarray:
        """Rank of the best right occupation, each scored by its nearest document, shape (q,)."""
        scores = encoder.encode(self.queries) @ encoder.encode(self.documents).T
        by_code = np.stack([scores[:, column].max(axis=1) for column in self.under.T], axis=1)
        return first_ranks(by_code, self.right)


@dataclass(frozen=True)
class TitleSimilarity:
    """Real titles among each other: those of one occupation should stand nearest.

    Attributes:
        queries: Titles whose like is looked for, q of them.
        documents: The queries first, then other titles, d in all.
        alike: Whether a document shares an occupation with a query and is not the query itself,
            bool, shape (q, d).
        occupations: An occupation of every query, shape (q,).
    """

    queries: list[str]
    documents: list[str]
    alike: np.ndarray
    occupations: np.ndarray

    @classmethod
    def from_titles(
        cls, queries: list[ListedTitle], others: list[ListedTitle]
    ) -> "TitleSimilarity":
        """The task of finding each query's like among all; who has no like is no query."""
        size = Counter(code for title in queries for code in title.codes)
        asked = [t for t in queries if any(size[code] > 1 for code in t.codes)]
        documents = [*asked, *others]
        codes = sorted({code for title in documents for code in title.codes})
        under = np.array([[code in t.codes for code in codes] for t in documents], np.float32)
        alike = under[: len(asked)] @ under.T > 0
        np.fill_diagonal(alike, False)
        occupations = np.array([min(t.codes) for t in asked])
        return cls([t.text for t in asked], [t.text for t in documents], alike, occupations)

    @property
    def texts(self) -> set[str]:
        """All that has to be encoded."""
        return set(self.documents)

    def precisions(self, encoder: Encoded) -> np.ndarray:
        """Average precision of every query over the documents but itself, shape (q,)."""
        scores = encoder.encode(self.queries) @ encoder.encode(self.documents).T
        np.fill_diagonal(scores, -np.inf)
        return average_precisions(scores, self.alike)
