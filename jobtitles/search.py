"""One query, two ranked lists: the base model's and the fine-tuned model's, side by side.

from jobtitles.search import SideBySide
SideBySide.load().search("SWE II - Payments (Go) | hybrid", 10)  # {"base": [Hit...], ...}
"""

import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jobtitles.catalogue import (
    Catalogue,
    default_titles,
    other_titles,
    read_titles,
    title_vectors,
)
from jobtitles.encoder import Encoder, load_encoder
from jobtitles.errors import InputError
from jobtitles.records import Hit, Title, text_key
from jobtitles.sources import DATASET_DIR

MAX_QUERY = 500  # characters; the longest title of the dataset has 109

# The models' names as the page writes them.
WRITTEN = {"base": "base model", "finetuned": "fine-tuned model"}

Results = dict[str, list[Hit]]
# Called with the part done, 0 to 1, and a sentence on what is being done.
Report = Callable[[float, str], None]


def _silent(_part: float, _doing: str) -> None:
    pass


class SideBySide:
    """The two models over one catalogue.

    The default catalogue is made at once. The whole one adds the jittered titles of training and
    validation; it takes minutes to encode and is made when it is first asked for. A title keeps
    its row in both.

    Attributes:
        titles: The whole catalogue's titles, the default catalogue's first.
        default_count: How many of them the default catalogue has.
        origins: For each model, where its weights came from, a sentence for the page.
    """

    def __init__(
        self, titles: list[Title], encoders: dict[str, Encoder], report: Report = _silent
    ) -> None:
        """Encode and index the default catalogue.

        Args:
            titles: Labelled titles, as `read_titles` gives them.
            encoders: The models under the names "base" and "finetuned".
            report: Told of the progress.
        """
        default = default_titles(titles)
        self.titles = [*default, *other_titles(titles)]
        self.default_count = len(default)
        self.origins = {name: encoder.origin for name, encoder in encoders.items()}
        self._folded = [title.text.casefold() for title in self.titles]
        self._encoders = encoders
        vectors = self._encode(default, report)
        self._default = {name: Catalogue.from_vectors(default, vectors[name]) for name in encoders}
        self._whole: dict[str, Catalogue] | None = None
        self._whole_lock = threading.Lock()

    @classmethod
    def load(
        cls, report: Report = _silent, tuned: str = "finetuned", dataset: Path = DATASET_DIR
    ) -> "SideBySide":
        """The shipped models over a dataset, the shipped one as a rule.

        Args:
            report: Told of the progress.
            tuned: Which adapter is compared with the base: one of `sources.ADAPTERS`.
            dataset: Folder of the dataset.

        Raises:
            InputError: There is no such adapter.
            DataError: The dataset is missing.
            SourceError: A model is missing or is not the pinned one.
        """
        report(0.0, "Reading the titles")
        titles = read_titles(dataset)
        encoders = {}
        for name, shipped in (("base", "base"), ("finetuned", tuned)):
            report(0.0, f"Loading the {WRITTEN[name]}")
            encoders[name] = load_encoder(shipped).quickest()
            # The first call sets up the tokenizer, which two threads must not do at once.
            encoders[name].encode(["Job title"])
        return cls(titles, encoders, report)

    def search(self, query: str, k: int, whole: bool = False) -> Results:
        """The k titles nearest to a query under each model, best first.

        Args:
            query: A job title, at most `MAX_QUERY` characters.
            k: Titles wanted, at least 1; clipped to the size of the catalogue.
            whole: Search the whole catalogue rather than the default one.

        Raises:
            InputError: The query or k cannot be used.
        """
        query, k = checked_query(query), checked_k(k)
        catalogues = self._catalogues(whole)
        return {
            name: _nearest(catalogues[name], encoder.encode([query]), k)
            for name, encoder in self._encoders.items()
        }

    def similar(self, row: int, k: int, whole: bool = False) -> Results:
        """The k titles nearest to a title of the catalogue, itself left out by its row.

        Args:
            row: The title's number in `titles`.
            k: Titles wanted, at least 1; clipped to the number of other titles.
            whole: Search the whole catalogue rather than the default one.

        Raises:
            InputError: The row or k cannot be used.
        """
        count = len(self.titles) if whole else self.default_count
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < count:
            raise InputError("Choose a title from the list: this one is not in the catalogue.")
        k = checked_k(k)
        return {
            # Asked for one more, because the title itself is among the nearest.
            name: [
                hit
                for hit in _nearest(catalogue, catalogue.vectors[row : row + 1], k + 1)
                if hit.row != row
            ][:k]
            for name, catalogue in self._catalogues(whole).items()
        }

    def row_of(self, text: object) -> int:
        """Row of the first title of the default catalogue with this text, case and spacing folded.

        Raises:
            InputError: There is none.
        """
        key = text_key(checked_query(text))
        for row in range(self.default_count):
            if text_key(self.titles[row].text) == key:
                return row
        raise InputError(f"{key[:60]!r} is no title of the catalogue: search for one first.")

    def find(self, text: str, most: int, whole: bool = False) -> list[int]:
        """Rows of the titles that contain every word of a text, the closest in length first.

        Args:
            text: Words or parts of words, in any order and case.
            most: Rows wanted at most.
            whole: Look in the whole catalogue rather than the default one.
        """
        words = text.casefold().split()
        if not words or len(text) > MAX_QUERY:
            return []
        count = len(self.titles) if whole else self.default_count
        rows = [r for r in range(count) if all(word in self._folded[r] for word in words)]
        start = " ".join(words)
        rows.sort(key=lambda r: (not self._folded[r].startswith(start), len(self._folded[r])))
        return rows[:most]

    def encode(self, name: str, texts: list[str]) -> np.ndarray:
        """One model's vectors of any texts, float32, shape (len(texts), 384)."""
        return self._encoders[name].encode(texts)

    def vectors(self, name: str) -> np.ndarray:
        """One model's vectors of the default catalogue, float32, shape (default_count, 384)."""
        return self._default[name].vectors

    def load_whole(self, report: Report = _silent) -> None:
        """Encode and index the whole catalogue, if that is still to be done."""
        with self._whole_lock:
            if self._whole is None:
                rest = self._encode(self.titles[self.default_count :], report)
                self._whole = {
                    name: Catalogue.from_vectors(
                        self.titles, np.concatenate([self._default[name].vectors, rest[name]])
                    )
                    for name in self._encoders
                }

    def _catalogues(self, whole: bool) -> dict[str, Catalogue]:
        if not whole:
            return self._default
        self.load_whole()
        return self._whole

    def _encode(self, titles: list[Title], report: Report) -> dict[str, np.ndarray]:
        vectors = {}
        for turn, (name, encoder) in enumerate(self._encoders.items()):
            doing = f"Encoding {len(titles):,} titles with the {WRITTEN[name]}"

            def progress(done: int, total: int, turn: int = turn, doing: str = doing) -> None:
                report((turn + done / total) / len(self._encoders), doing)

            progress(0, 1)
            vectors[name] = title_vectors(titles, encoder, progress)
        return vectors


def _nearest(catalogue: Catalogue, vector: np.ndarray, k: int) -> list[Hit]:
    rows, scores = catalogue.index.search(vector, k)
    return [
        Hit(row, catalogue.titles[row], score)
        for row, score in zip(rows[0].tolist(), scores[0].tolist(), strict=True)
    ]


def checked_query(query: object) -> str:
    """The query as it is searched: control characters and lone surrogates count as spaces.

    Raises:
        InputError: It is not text, has nothing to read in it, or is too long.
    """
    if not isinstance(query, str):
        raise InputError("The query must be text.")
    if len(query) > MAX_QUERY:
        raise InputError(
            f"The query has {len(query):,} characters; at most {MAX_QUERY} are searched. "
            "Shorten it."
        )
    if all(unicodedata.category(letter)[0] in "CZ" for letter in query):
        raise InputError("The query is empty: type a job title.")
    spaced = (" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in query)
    return " ".join("".join(spaced).split())


def checked_k(k: object) -> int:
    """The number of results as an int.

    Raises:
        InputError: It is not a whole number of at least 1.
    """
    if isinstance(k, float) and k.is_integer():
        k = int(k)
    if isinstance(k, int) and not isinstance(k, bool) and k >= 1:
        return k
    if k is None:
        given = "nothing"
    elif isinstance(k, str):
        given = "text"
    else:
        given = str(k) if isinstance(k, int | float) else "something else"
    raise InputError(f"The number of results must be a whole number from 1 up, not {given}.")
