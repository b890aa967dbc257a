"""One query, two ranked lists: the base model's and the fine-tuned model's, side by side.

from jobtitles.search import SideBySide
SideBySide.load().search("SWE II - Payments (Go) | hybrid", 10)  # {"base": [Hit...], ...}
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from jobtitles.catalogue import (
    Catalogue,
    cached_index,
    cached_vectors,
    default_titles,
    other_titles,
    read_titles,
)
from jobtitles.encoder import Encoder, Progress, shared_encoder
from jobtitles.errors import InputError, SourceError
from jobtitles.index import TitleIndex
from jobtitles.neighbourhoods import NEIGHBOURS, Neighbourhoods, nearest_others
from jobtitles.parts import SHIPPED, Parts
from jobtitles.query import MAX_QUERY, checked_k, checked_query
from jobtitles.records import Hit, OwnTitle, Title, text_key

if TYPE_CHECKING:
    from jobtitles.database import VectorDatabase

SPARE = 10  # more are looked up of a title's neighbours, for doubles among them

# The models' names as the page writes them.
WRITTEN = {"base": "base model", "finetuned": "fine-tuned model"}

Results = dict[str, list[Hit]]
Vectors = dict[str, np.ndarray]  # model -> float32, shape (n, 384)
# Called with the part done, 0 to 1, and a sentence on what is being done.
Report = Callable[[float, str], None]
Wanted = Callable[[Title | OwnTitle], bool]
Made = TypeVar("Made")


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
        self,
        titles: Sequence[Title | OwnTitle],
        encoders: dict[str, Encoder],
        report: Report = _silent,
        others: Sequence[Title] = (),
        ready: Path | None = None,
        kept: bool = True,
        vectors: Vectors | None = None,
        database: "VectorDatabase | None" = None,
    ) -> None:
        """Encode and index the default catalogue.

        Args:
            titles: The default catalogue, at least one title.
            encoders: The models under the names "base" and "finetuned".
            report: Told of the progress.
            others: What the whole catalogue adds.
            ready: Folder of vectors made beforehand, see `cached_vectors`.
            kept: Whether vectors and graphs go to the user's cache.
            vectors: Of the default catalogue, if they are there already.
            database: Keeps vectors and graphs rather than this process.
        """
        self.titles = [*titles, *others]
        self.default_count = len(titles)
        self.origins = {name: encoder.origin for name, encoder in encoders.items()}
        self._folded = [title.text.casefold() for title in self.titles]
        self._row_of: dict[str, int] = {}
        for row, title in enumerate(titles):
            self._row_of.setdefault(text_key(title.text), row)
        self._encoders = encoders
        self._ready = ready
        self._kept = kept
        self._database = database
        self._default = self._catalogues_of(self.titles[: len(titles)], report, vectors)
        self._whole: dict[str, Catalogue] | None = None
        self._whole_lock = threading.Lock()

    @classmethod
    def load(
        cls, report: Report = _silent, tuned: str = "finetuned", parts: Parts = SHIPPED
    ) -> "SideBySide":
        """Two models over a dataset, the shipped ones as a rule.

        Args:
            report: Told of the progress.
            tuned: Which adapter is compared with the base: one of `sources.ADAPTERS`.
            parts: Where adapters and dataset are.

        Raises:
            InputError: There is no such adapter.
            DataError: The dataset is missing.
            SourceError: A model is missing or is not the pinned one.
        """
        report(0.0, "Reading the titles")
        titles = read_titles(parts.dataset)
        encoders = {}
        for name, adapter in (("base", None), ("finetuned", parts.adapter(tuned))):
            report(0.0, f"Loading the {WRITTEN[name]}")
            encoders[name] = shared_encoder(tuned if adapter else name, adapter)
            # The first call sets up the tokenizer, which two threads must not do at once.
            encoders[name].encode(["Job title"])
        return cls(
            default_titles(titles),
            encoders,
            report,
            other_titles(titles),
            parts.ready,
            database=_database(parts.database) if parts.database else None,
        )

    def over(
        self, titles: Sequence[OwnTitle], report: Report, vectors: Vectors | None = None
    ) -> "SideBySide":
        """The same models over somebody's own titles, of which nothing is written to disk.

        Searches go on meanwhile: they take their turns between its batches.

        Args:
            titles: At least one.
            report: Told of the progress; what it raises ends the work.
            vectors: Theirs, if they are there already.
        """
        return SideBySide(titles, self._encoders, report, kept=False, vectors=vectors)

    def search(
        self, query: str, k: int, whole: bool = False, wanted: Wanted | None = None
    ) -> Results:
        """The k titles nearest to a query under each model, best first.

        Args:
            query: A job title, at most `MAX_QUERY` characters.
            k: Titles wanted, at least 1; clipped to the size of the catalogue.
            whole: Search the whole catalogue rather than the default one.
            wanted: Only titles for which it is true; all of these are compared.

        Raises:
            InputError: The query or k cannot be used.
        """
        query, k = checked_query(query), checked_k(k)
        catalogues = self._catalogues(whole)
        return {
            name: _nearest(catalogues[name], encoder.encode([query]), k, wanted)
            for name, encoder in self._encoders.items()
        }

    def similar(self, row: int, k: int, whole: bool = False) -> Results:
        """The k titles nearest to a title of the catalogue, itself and its doubles left out.

        Of titles with the same text the first one stands for all.

        Args:
            row: The title's number in `titles`.
            k: Titles wanted, at least 1; clipped to the number of other titles.
            whole: Search the whole catalogue rather than the default one.

        Raises:
            InputError: The row or k cannot be used.
        """
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < self.count(whole):
            raise InputError("Choose a title from the list: this one is not in the catalogue.")
        k = checked_k(k)
        own = text_key(self.titles[row].text)
        results = {}
        for name, catalogue in self._catalogues(whole).items():
            # Asked for more, because the title itself is among the nearest, and doubles may be.
            hits = _nearest(catalogue, catalogue.index.vectors(np.array([row])), k + SPARE)
            first: dict[str, Hit] = {}
            for hit in sorted(hits, key=lambda hit: hit.row):
                first.setdefault(text_key(hit.title.text), hit)
            single = {hit.row for key, hit in first.items() if key != own}
            results[name] = [hit for hit in hits if hit.row in single][:k]
        return results

    def row_of(self, text: object) -> int:
        """Row of the first title of the default catalogue with this text, case and spacing folded.

        Raises:
            InputError: There is none.
        """
        key = text_key(checked_query(text))
        if key not in self._row_of:
            raise InputError(f"{key[:60]!r} is no title of the catalogue: search for one first.")
        return self._row_of[key]

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
        folded = self._folded[: self.count(whole)]
        rows = [r for r, own in enumerate(folded) if all(word in own for word in words)]
        start = " ".join(words)
        rows.sort(key=lambda r: (not self._folded[r].startswith(start), len(self._folded[r])))
        return rows[:most]

    def encoded_on(self, device: str, texts: list[str]) -> Vectors:
        """Both models' vectors of any texts, computed on another device, such as "cuda"."""
        return {name: e.on(device).encode(texts) for name, e in self._encoders.items()}

    def encode(self, name: str, texts: list[str]) -> np.ndarray:
        """One model's vectors of any texts, float32, shape (len(texts), 384)."""
        return self._encoders[name].encode(texts)

    def count(self, whole: bool) -> int:
        """How many titles the whole catalogue has, or the default one."""
        return len(self.titles) if whole else self.default_count

    def vectors(self, name: str, rows: np.ndarray | None = None, whole: bool = False) -> np.ndarray:
        """One model's vectors of a catalogue, or of some rows of it, shape (n, 384)."""
        return self._catalogues(whole)[name].index.vectors(rows)

    def neighbourhoods(self, whole: bool = False) -> Neighbourhoods:
        """The nearest titles of every title of a catalogue under both models."""
        vectors = {name: self.vectors(name, whole=whole) for name in self._encoders}
        return Neighbourhoods(
            **{name: nearest_others(own, NEIGHBOURS)[0] for name, own in vectors.items()}
        )

    def load_whole(self, report: Report = _silent) -> None:
        """Encode and index the whole catalogue, if that is still to be done."""
        with self._whole_lock:
            if self._whole is None:
                vectors = None
                if self._database is None:
                    rest = self._encode(self.titles[self.default_count :], report)
                    vectors = {n: np.concatenate([self.vectors(n), rest[n]]) for n in rest}
                self._whole = self._catalogues_of(self.titles, report, vectors)

    def _catalogues(self, whole: bool) -> dict[str, Catalogue]:
        if not whole:
            return self._default
        self.load_whole()
        return self._whole

    def _catalogues_of(
        self, titles: list[Title | OwnTitle], report: Report, vectors: Vectors | None
    ) -> dict[str, Catalogue]:
        if self._database is not None:
            indexes = self._by_model(titles, report, self._database.index)
        else:
            index = cached_index if self._kept else TitleIndex
            vectors = vectors or self._encode(titles, report)
            indexes = {name: index(own) for name, own in vectors.items()}
        return {name: Catalogue(titles, index) for name, index in indexes.items()}

    def _encode(self, titles: Sequence[Title | OwnTitle], report: Report) -> Vectors:
        def encode(texts: list[str], encoder: Encoder, progress: Progress) -> np.ndarray:
            if self._kept:
                return cached_vectors(texts, encoder, progress, self._ready)
            return encoder.encode(texts, progress)

        return self._by_model(titles, report, encode)

    def _by_model(
        self,
        titles: Sequence[Title | OwnTitle],
        report: Report,
        make: Callable[[list[str], Encoder, Progress], Made],
    ) -> dict[str, Made]:
        """What `make` makes of the titles with each model; `report` is told of the encoding."""
        texts = [title.text for title in titles]
        made = {}
        for turn, (name, encoder) in enumerate(self._encoders.items()):
            doing = f"Encoding {len(titles):,} titles with the {WRITTEN[name]}"

            def progress(done: int, total: int, turn: int = turn, doing: str = doing) -> None:
                report((turn + done / total) / len(self._encoders), doing)

            progress(0, 1)
            made[name] = make(texts, encoder, progress)
        return made


def _database(url: str) -> "VectorDatabase":
    try:
        from jobtitles.database import shared_database
    except ImportError as error:
        raise SourceError(
            "VECTORS_URL is set, but its client is not installed: "
            "pip install -r requirements-postgres.txt."
        ) from error
    return shared_database(url)


def _nearest(
    catalogue: Catalogue, vector: np.ndarray, k: int, wanted: Wanted | None = None
) -> list[Hit]:
    among = None
    if wanted is not None:
        among = np.array([row for row, t in enumerate(catalogue.titles) if wanted(t)], np.int64)
    rows, scores = catalogue.index.search(vector, k, among=among)
    return [
        Hit(row, catalogue.titles[row], score)
        for row, score in zip(rows[0].tolist(), scores[0].tolist(), strict=True)
    ]
