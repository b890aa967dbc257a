"""Seconds to draw a map, beside scikit-learn's TSNE on the same points in the same run.

Run: python -m scripts.map_speed
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from sklearn.manifold import TSNE

from jobtitles.catalogue import default_titles, other_titles, read_titles
from jobtitles.encoder import load_encoder
from jobtitles.files import write_json
from jobtitles.projection import ITERATIONS, PERPLEXITY, SEED, drawn_map, purity
from training.command import option


@dataclass(frozen=True)
class MapSpeedSettings:
    """How many points are drawn, and where the figures go."""

    output: Path = option(Path("model_card/map_speed.json"), "the result file")
    points: list[int] = field(
        default_factory=lambda: [9000, 30000], metadata={"help": "titles in a map"}
    )


def measure_map_speed(settings: MapSpeedSettings) -> None:
    """Draw maps of the dataset's first titles under the fine-tuned model, by both.

    Raises:
        SourceError: The model is missing or not the pinned one.
    """
    titles = read_titles()
    titles = [*default_titles(titles), *other_titles(titles)][: max(settings.points)]
    vectors = load_encoder("finetuned").quickest().encode([title.text for title in titles])
    report: dict = {
        "threads": torch.get_num_threads(),
        "perplexity": PERPLEXITY,
        "iterations": ITERATIONS,
        "maps": [],
    }
    for points in settings.points:
        groups = [title.onet_code[:2] for title in titles[:points]]
        figures: dict = {"points": points}
        for name, draw in (("openTSNE", drawn_map), ("scikit-learn", _by_scikit_learn)):
            seconds, xy = _timed(draw, vectors[:points])
            figures[name] = {"seconds": round(seconds, 1), "purity": round(purity(xy, groups), 3)}
            print(points, name, figures[name], flush=True)
        figures["ratio"] = round(
            figures["scikit-learn"]["seconds"] / figures["openTSNE"]["seconds"], 1
        )
        report["maps"].append(figures)
        write_json(settings.output, report)


def _by_scikit_learn(vectors: np.ndarray) -> np.ndarray:
    """With its defaults but for what the maps set as well, on all cores."""
    return TSNE(perplexity=PERPLEXITY, metric="cosine", random_state=SEED, n_jobs=-1).fit_transform(
        vectors
    )


def _timed(
    draw: Callable[[np.ndarray], np.ndarray], vectors: np.ndarray
) -> tuple[float, np.ndarray]:
    started = time.perf_counter()
    xy = draw(vectors)
    return time.perf_counter() - started, xy
