"""Titles encoded a second, beside SentenceTransformer.encode with its defaults; what it costs.

Run: python -m scripts.encoding_speed
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jobtitles.catalogue import default_titles, read_titles
from jobtitles.encoder import Encoder, load_encoder
from jobtitles.files import write_json
from jobtitles.sources import DATASET_DIR, shipped_adapter
from training.command import option
from training.export import merged_model
from training.retrieval import Encoded, SeedRetrieval


@dataclass(frozen=True)
class EncodingSpeedSettings:
    """What is timed, how often, and where the figures go."""

    output: Path = option(Path("model_card/encoding_speed.json"), "the result file")
    titles: int = option(9000, "titles of the default catalogue")
    rounds: int = option(3, "in turns; the median counts")


def measure_encoding_speed(settings: EncodingSpeedSettings) -> None:
    """Encode the same titles with the page's encoder and with the library's defaults, in turns.

    Raises:
        DataError: The dataset is missing.
        SourceError: The model is missing or not the pinned one.
    """
    texts = [title.text for title in default_titles(read_titles())][: settings.titles]
    exact = load_encoder("finetuned")
    page = exact.quickest()
    library = merged_model(shipped_adapter("finetuned").path, "cpu")
    seconds: dict[str, list[float]] = {"page": [], "library": []}
    vectors = {}
    for _ in range(settings.rounds):
        for name, encode in (("page", page.encode), ("library", library.encode)):
            took, vectors[name] = _timed(encode, texts)
            seconds[name].append(took)
        print({name: round(len(texts) / found[-1]) for name, found in seconds.items()}, flush=True)
    rate = {name: len(texts) / statistics.median(found) for name, found in seconds.items()}
    task = SeedRetrieval.from_dataset(DATASET_DIR, "test")
    before, after = _figures(task, exact), _figures(task, page)
    report = {
        "titles": len(texts),
        "threads": torch.get_num_threads(),
        "precision": page.precision,
        "titles_a_second": {name: round(found, 1) for name, found in rate.items()},
        "ratio": round(rate["page"] / rate["library"], 2),
        "mean_cosine": round(float((vectors["page"] * vectors["library"]).sum(1).mean()), 5),
        "float32": before,
        "changes": {name: round(after[name] - before[name], 4) for name in before},
    }
    write_json(settings.output, report)
    print(report)


def _timed(encode: Callable[[list[str]], np.ndarray], texts: list[str]) -> tuple[float, np.ndarray]:
    started = time.perf_counter()
    vectors = encode(texts)
    return time.perf_counter() - started, vectors


def _figures(task: SeedRetrieval, encoder: Encoder) -> dict[str, float]:
    """Of finding test titles' seeds and occupations."""
    scores = task.scores(Encoded.by(encoder, task.texts))
    seeds, occupations = task.seed_ranks(scores), task.occupation_ranks(scores)
    return {
        "seed MRR": float((1 / seeds).mean()),
        "seed hit@1": float((seeds == 1).mean()),
        "seed hit@10": float((seeds <= 10).mean()),
        "occupation top-1": float((occupations == 1).mean()),
        "occupation top-3": float((occupations <= 3).mean()),
    }
