"""Search among a million titles in PostgreSQL, beside exact search in this process.

A page over a dataset of the same titles finds the fine-tuned model's vectors there afterwards.

Run: VECTORS_URL=postgresql://user@host/name python -m scripts.database_speed
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jobtitles.catalogue import default_titles, read_titles
from jobtitles.database import PORTION, VectorDatabase
from jobtitles.encoder import load_encoder
from jobtitles.errors import InputError
from jobtitles.files import write_json
from training.command import option
from training.many_titles import write_many_titles

ASKED = "{} needed ASAP"  # in no title of the table


@dataclass(frozen=True)
class DatabaseSpeedSettings:
    """How many titles are searched, and where the figures go."""

    output: Path = option(Path("docs/scale/database_speed.json"), "the result file")
    titles: int = option(1_000_000, "titles in the table, beside their seeds")
    queries: int = option(200, "titles that are searched for, one at a time")
    k: int = option(10, "neighbours of each")


def measure_database_speed(settings: DatabaseSpeedSettings) -> None:
    """Fill a table with titles' vectors, and search it.

    Raises:
        InputError: VECTORS_URL is not set, there are not so many titles, or the database has them
            already.
        DataError: The dataset is missing.
        SourceError: The database fails, or the model is missing.
    """
    url = os.environ.get("VECTORS_URL")
    if not url:
        raise InputError("VECTORS_URL is not set: name a database, postgresql://user@host/name.")
    with tempfile.TemporaryDirectory() as folder:
        write_many_titles(Path(folder), settings.titles)
        texts = [title.text for title in default_titles(read_titles(Path(folder)))]
    encoder = load_encoder("finetuned").quickest()
    database = VectorDatabase(url)
    started = time.monotonic()
    filled = 0.0

    def progress(done: int, wanted: int) -> None:
        nonlocal filled
        if not filled and done > PORTION:
            raise InputError("the database has a part of these vectors: empty it first.")
        filled = time.monotonic()
        rate = done / (filled - started)
        print(f"{done:,} of {wanted:,} titles, {rate:.0f} a second", flush=True)

    with database.connection() as connection:
        [memory] = connection.execute("SHOW maintenance_work_mem").fetchone()
    index = database.index(texts, encoder, progress)
    linked = time.monotonic()
    if not filled:
        raise InputError("the database has these vectors already: empty it first.")
    test = [ASKED.format(title.text) for title in read_titles() if title.split == "test"]
    asked = encoder.encode(test[:: max(1, len(test) // settings.queries)][: settings.queries])
    vectors = torch.from_numpy(index.vectors())
    seconds, scores = {}, {}
    for name, search in (
        ("database", index.search),
        ("exact", lambda query, k: _nearest(vectors, query, k)),
    ):
        seconds[name], scores[name] = _searched(search, asked, settings.k)
    database.close()
    milliseconds = {name: round(1000 * statistics.median(own), 1) for name, own in seconds.items()}
    report = {
        "titles": len(texts),
        "queries": len(asked),
        "k": settings.k,
        "threads": torch.get_num_threads(),
        "filling_s": round(filled - started),
        "linking_s": round(linked - filled),
        "maintenance_work_mem": memory,
        "milliseconds": milliseconds,
        "ratio": round(milliseconds["exact"] / milliseconds["database"], 1),
        # Of equally near titles any will do: as near as the last of the right ones.
        "recall": round(float((scores["database"] > scores["exact"][:, -1:] - 1e-5).mean()), 4),
        "command": "python -m scripts.database_speed",
    }
    write_json(settings.output, report)
    print(report)


def _nearest(vectors: torch.Tensor, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """By comparing every vector: rows and cosines of the k nearest."""
    best = torch.topk(torch.from_numpy(query) @ vectors.T, k)
    return best.indices.numpy(), best.values.numpy()


def _searched(
    search: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]], asked: np.ndarray, k: int
) -> tuple[list[float], np.ndarray]:
    """Seconds of every search, and the cosines that were found, (queries, k)."""
    seconds, scores = [], []
    for query in asked:
        started = time.perf_counter()
        scores.append(search(query[None], k)[1])
        seconds.append(time.perf_counter() - started)
    return seconds, np.concatenate(scores)
