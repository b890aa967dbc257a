"""What is searched: labelled titles, their vectors under each model, and an index over them."""

import glob
import hashlib
import importlib.metadata
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from jobtitles.cache import cached_arrays, kept_arrays
from jobtitles.errors import DataError
from jobtitles.index import EF_BUILD, LINKS, TitleIndex
from jobtitles.records import SEED_KIND, SPLITS, OwnTitle, Title
from jobtitles.sources import DATASET_DIR

if TYPE_CHECKING:  # it takes seconds to import, and not all who read titles encode them
    from jobtitles.encoder import Encoder, Progress

BATCH = 10_000  # rows of a dataset's file that are Python objects at a time


def read_titles(folder: Path = DATASET_DIR) -> list[Title]:
    """All titles of a dataset folder: first every seed, then every jittered title.

    A seed that stands under two occupations is there once for each.

    Raises:
        DataError: A split's parquet file is missing.
    """
    seeds: dict[tuple[str, str], Title] = {}
    jittered: list[Title] = []
    columns = ["jittered_title", "seed_title", "onet_code", "onet_name", "jitter_kind", "split"]
    for split in SPLITS:
        for row in split_rows(folder / "data", split, columns):
            title, seed, code, name, kind, _ = row.values()
            jittered.append(Title(title, seed, code, name, kind, split))
            seeds.setdefault((code, seed), Title(seed, seed, code, name, SEED_KIND, split))
    return [*seeds.values(), *jittered]


def split_rows(folder: Path, split: str, columns: list[str]) -> Iterator[dict[str, str]]:
    """The rows of one split, in file order.

    Args:
        folder: Of the splits' parquet files.
        split: One of `SPLITS`.
        columns: Those wanted, in this order.

    Raises:
        DataError: The split's file is missing.
    """
    # Takes a second to import.
    from datasets import config, load_dataset

    # Else it tells its makers of every call, and waits for them where the network does not answer.
    config.HF_UPDATE_DOWNLOAD_COUNTS = False
    path = folder / f"{split}-00000-of-00001.parquet"
    if not path.is_file():
        raise DataError(f"{path} is missing: run `make dataset`, or restore it with git.")
    # Streamed from the file, whose digest was checked if it came from the Hub: else the library
    # reads a copy in its own cache, which nothing checks. Still it wants a folder for its locks.
    with tempfile.TemporaryDirectory() as locks:
        rows = load_dataset(
            "parquet",
            data_files=glob.escape(str(path.absolute())),
            split="train",
            columns=columns,
            streaming=True,
            cache_dir=locks,
        )
        for batch in rows.with_format("arrow").iter(BATCH):
            yield from batch.select(columns).to_pylist()


def default_titles(titles: list[Title]) -> list[Title]:
    """The page's default catalogue: every clean seed, and the test split's jittered titles."""
    return [t for t in titles if t.kind == SEED_KIND or t.split == "test"]


def other_titles(titles: list[Title]) -> list[Title]:
    """What the default catalogue leaves out: jittered titles of training and validation."""
    return [t for t in titles if t.kind != SEED_KIND and t.split != "test"]


def cached_vectors(
    texts: list[str],
    encoder: "Encoder",
    progress: "Progress | None" = None,
    ready: Path | None = None,
) -> np.ndarray:
    """Unit vectors of the texts, float32, shape (n, 384), made if they are not there already.

    Args:
        texts: Titles.
        encoder: The model.
        progress: Told of the encoding.
        ready: Folder of vectors made beforehand (training/ready.py); they are taken if they are of
            this very model and these very texts. Else the user's cache is looked into.
    """
    key = vectors_key(texts, encoder)
    if ready and (kept := kept_arrays(ready, "vectors", key)):
        return kept["vectors"].astype(np.float32)
    key |= {"precision": encoder.precision, "torch": _version("torch")}
    build = lambda: {"vectors": encoder.encode(texts, progress)}  # noqa: E731
    return cached_arrays("vectors", key, build)["vectors"]


def vectors_key(texts: list[str], encoder: "Encoder") -> dict[str, str]:
    """Names a model's vectors of some texts, wherever and however they were computed."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return {"model": encoder.digest, "titles": digest}


class Index(Protocol):
    """A `TitleIndex`, or what stands in its place."""

    def vectors(self, rows: np.ndarray | None = None) -> np.ndarray:
        """As `TitleIndex.vectors`."""

    def search(
        self, queries: np.ndarray, k: int, threads: int = 1, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `TitleIndex.search`."""


@dataclass(frozen=True)
class Catalogue:
    """Titles with an index over one model's vectors of them; row i of both is the same title."""

    titles: list[Title | OwnTitle]
    index: Index


def cached_index(vectors: np.ndarray) -> TitleIndex:
    """An index over unit vectors (n, d), its graph from the cache if it was built before."""
    key = {
        "vectors": hashlib.sha256(vectors.tobytes()).hexdigest(),
        "hnswlib": _version("hnswlib"),
        "settings": f"M={LINKS} ef={EF_BUILD}",
    }
    built: list[TitleIndex] = []

    def build() -> dict[str, np.ndarray]:
        built.append(TitleIndex(vectors))
        graph = built[0].graph()
        return {"graph": np.empty(0, np.uint8) if graph is None else graph}

    graph = cached_arrays("graph", key, build)["graph"]
    return built[0] if built else TitleIndex(vectors, graph if len(graph) else None)


def _version(package: str) -> str:
    return importlib.metadata.version(package)
