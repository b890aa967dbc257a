"""Titles coded a second, in bulk and one at a time, beside the same coder with exact search.

Run: python -m scripts.coding_speed
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jobtitles.catalogue import read_titles
from jobtitles.coder import load_coder
from jobtitles.files import write_json
from jobtitles.index import TitleIndex
from jobtitles.records import SEED_KIND
from training.command import option


@dataclass(frozen=True)
class SpeedSettings:
    """What is timed, how often, and where the figures go."""

    output: Path = option(Path("model_card/coding_speed.json"), "the result file")
    bulk: int = option(2000, "titles of the test split coded at once")
    single: int = option(50, "titles coded one at a time")
    rounds: int = option(3, "in turns; the median counts")


class _ExactIndex(TitleIndex):
    """Every labelled vector compared with every title."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = torch.from_numpy(vectors)

    def search(
        self, queries: np.ndarray, k: int, threads: int = 1, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `TitleIndex.search`."""
        best = torch.topk(torch.from_numpy(queries) @ self._vectors.T, k)
        return best.indices.numpy(), best.values.numpy()


def measure_coding_speed(settings: SpeedSettings) -> None:
    """Code the same titles with the graph index and with exact search, in turns.

    Raises:
        DataError: The dataset is missing.
        SourceError: The model or its calibration is missing.
    """
    titles = [t.text for t in read_titles() if t.split == "test" and t.kind != SEED_KIND]
    bulk, single = titles[: settings.bulk], titles[-settings.single :]
    coder = load_coder()
    graph, exact = coder.voters.index, _ExactIndex(coder.voters.vectors)
    seconds: dict[str, list[tuple[float, float]]] = {"graph": [], "exact": []}
    for _ in range(settings.rounds):
        for name, index in (("graph", graph), ("exact", exact)):
            coder.voters.index = index
            of_bulk = _timed(lambda: coder.code(bulk))
            of_single = statistics.median(_timed(lambda t=t: coder.code([t])) for t in single)
            seconds[name].append((of_bulk, of_single))
    report: dict = {
        "labelled_titles": len(coder.voters.vectors),
        "threads": torch.get_num_threads(),
    }
    for name, rounds in seconds.items():
        report[name] = {
            "titles_a_second": round(len(bulk) / statistics.median(r[0] for r in rounds), 1),
            "one_title_ms": round(1000 * statistics.median(r[1] for r in rounds), 1),
        }
    report["ratio"] = {
        "bulk": round(report["graph"]["titles_a_second"] / report["exact"]["titles_a_second"], 2),
        "one_title": round(report["exact"]["one_title_ms"] / report["graph"]["one_title_ms"], 2),
    }
    write_json(settings.output, report)
    print(report)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
