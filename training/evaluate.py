"""Measure base and fine-tuned model on the same held-out titles, under one schema.

Run: python -m scripts.3_evaluate --adapter model_card/finetuned
"""

import importlib.metadata
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from jobtitles.catalogue import read_titles
from jobtitles.encoder import Encoder, load_encoder
from jobtitles.files import sha256_of, write_json
from jobtitles.metrics import Comparison, compare, hits_at, reciprocal_ranks
from jobtitles.records import JITTER_KINDS, NEGATIVE_KINDS
from jobtitles.sources import adapter_in
from training.losses import DIMENSIONS
from training.onet import read_real_titles
from training.retrieval import Encoded, RealTitleRetrieval, SeedRetrieval, TitleSimilarity

SPLITS = ("validation", "test")
PACKAGES = ("torch", "transformers", "sentence-transformers", "peft", "numpy")


@dataclass(frozen=True)
class EvaluateSettings:
    """What is measured, on what, and where the figures go."""

    adapter: Path = field(
        default=Path("model_card/finetuned"),
        metadata={"help": "the fine-tuned model; metrics.json goes beside it"},
    )
    dataset: Path = field(default=Path("dataset_card"), metadata={"help": "folder of the dataset"})
    onet: str = field(
        default="",
        metadata={"help": "folder of O*NET's text files; empty: real titles are not measured"},
    )


def evaluate(settings: EvaluateSettings) -> None:
    """Measure both models on validation and test and write the result file.

    Raises:
        SourceError: A model is missing or not the pinned one.
        DataError: The dataset is missing.
    """
    encoders = {
        "base": load_encoder("base"),
        "finetuned": load_encoder("finetuned", adapter_in(settings.adapter)),
    }
    result = {"provenance": _provenance(settings, encoders), "splits": {}}
    for split in SPLITS:
        result["splits"][split] = measured = measure_split(settings, split, encoders)
        figure = measured["seed_retrieval"]["overall"]["mrr"]
        print(f"{split} MRR: base {figure['base']:.4f}, fine-tuned {figure['finetuned']:.4f}")
    write_json(settings.adapter / "metrics.json", result)


def measure_split(settings: EvaluateSettings, split: str, encoders: dict[str, Encoder]) -> dict:
    """All figures of one split, base against fine-tuned on the same titles.

    Args:
        settings: Where the dataset and O*NET's files are.
        split: "validation" or "test".
        encoders: The models under "base" and "finetuned".

    Returns:
        task -> group -> metric -> the fields of `jobtitles.metrics.Comparison`. Groups are
        overall, seen and unseen occupations, and the jitter kinds; for triplets the kinds of
        negatives; for dimensions the number of first dimensions that are kept.
    """
    task = SeedRetrieval.from_dataset(settings.dataset, split)
    path = settings.dataset / "data" / f"{split}-00000-of-00001.parquet"
    rows = pq.read_table(path).to_pylist()
    titles = read_titles(settings.dataset)
    real: dict[str, tuple[RealTitleRetrieval, np.ndarray]] = {}
    alike: dict[str, TitleSimilarity] = {}
    if settings.onet:
        listed = read_real_titles(Path(settings.onet), titles)
        held_out = {"held_out": listed.held_out[split], "unseen": listed.unseen[split]}
        for group, queries in held_out.items():
            clusters = np.array([min(query.codes) for query in queries])
            real[group] = RealTitleRetrieval.from_titles(queries, titles), clusters
        alike["unseen"] = TitleSimilarity.from_titles(listed.unseen[split], listed.held_out[split])
    texts = task.texts | {text for row in rows for text in row["hard_negatives"]}
    texts.update(*(own.texts for own, _ in real.values()), *(own.texts for own in alike.values()))
    models = {name: Encoded.by(encoder, texts) for name, encoder in encoders.items()}
    result = {
        **_seed_figures(task, rows, models),
        "triplets": _triplet_accuracy(rows, models),
        "dimensions": _dimensions(task, rows, models),
    }
    if real:
        result["real_titles"] = {
            group: _real_figures(own, clusters, models) for group, (own, clusters) in real.items()
        }
        result["real_titles_alike"] = {
            group: {"map": _alike_figure(own, models)} for group, own in alike.items()
        }
    return result


def _seed_figures(task: SeedRetrieval, rows: list[dict], models: dict[str, Encoded]) -> dict:
    """The own seed, and the occupation with the own seed out of the catalogue."""
    clusters = np.array([row["onet_code"] for row in rows])
    seed_ranks, occupation_ranks = {}, {}
    for name, encoded in models.items():
        scores = task.scores(encoded)
        seed_ranks[name] = task.seed_ranks(scores)
        occupation_ranks[name] = task.occupation_ranks(scores)
    seed_retrieval, occupation_retrieval = {}, {}
    for group, chosen in _groups(rows):
        pair = {name: ranks[chosen] for name, ranks in seed_ranks.items()}
        seed_retrieval[group] = {
            "mrr": _compared(pair, clusters[chosen], reciprocal_ranks),
            **{
                f"hit@{k}": _compared(pair, clusters[chosen], lambda r, k=k: hits_at(r, k))
                for k in (1, 5, 10)
            },
        }
        pair = {name: ranks[chosen] for name, ranks in occupation_ranks.items()}
        occupation_retrieval[group] = {
            f"top-{k}": _compared(pair, clusters[chosen], lambda r, k=k: hits_at(r, k))
            for k in (1, 3)
        }
    return {"seed_retrieval": seed_retrieval, "occupation_retrieval": occupation_retrieval}


def _dimensions(task: SeedRetrieval, rows: list[dict], models: dict[str, Encoded]) -> dict:
    """MRR of the own seed by the vectors' first dimensions alone."""
    clusters = np.array([row["onet_code"] for row in rows])
    figures = {}
    for dimensions in DIMENSIONS:
        ranks = {
            name: task.seed_ranks(task.scores(encoded.truncated(dimensions)))
            for name, encoded in models.items()
        }
        figures[str(dimensions)] = {"mrr": _compared(ranks, clusters, reciprocal_ranks)}
    return figures


def _real_figures(
    task: RealTitleRetrieval, clusters: np.ndarray, models: dict[str, Encoded]
) -> dict:
    """Occupation of O*NET's held-out titles by their nearest seed or occupation name."""
    ranks = {name: task.occupation_ranks(encoded) for name, encoded in models.items()}
    return {
        "mrr": _compared(ranks, clusters, reciprocal_ranks),
        "top-1": _compared(ranks, clusters, lambda r: hits_at(r, 1)),
        "top-3": _compared(ranks, clusters, lambda r: hits_at(r, 3)),
    }


def _alike_figure(task: TitleSimilarity, models: dict[str, Encoded]) -> dict:
    """Average precision of finding the held-out titles of a title's occupation."""
    precisions = {name: task.precisions(encoded) for name, encoded in models.items()}
    return _compared(precisions, task.occupations, lambda p: p)


def _groups(rows: list[dict]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and row mask of every group that is reported on its own."""
    seen = np.array([row["occupation_seen_in_train"] for row in rows])
    kinds = np.array([row["jitter_kind"] for row in rows])
    yield "overall", np.ones(len(rows), bool)
    yield "seen", seen
    yield "unseen", ~seen
    for kind in JITTER_KINDS:
        yield kind, kinds == kind


def _compared(
    ranks: dict[str, np.ndarray], clusters: np.ndarray, value: Callable[[np.ndarray], np.ndarray]
) -> dict:
    return _rounded(compare(value(ranks["base"]), value(ranks["finetuned"]), clusters))


def _triplet_accuracy(rows: list[dict], models: dict[str, Encoded]) -> dict:
    """Share of (title, seed, negative) where the seed is nearer to the title than the negative."""
    triplets = [
        (row["jittered_title"], row["seed_title"], negative, kind, row["onet_code"])
        for row in rows
        for negative, kind in zip(row["hard_negatives"], row["hard_negative_kinds"], strict=True)
    ]
    texts = sorted({text for triplet in triplets for text in triplet[:3]})
    row_of = {text: row for row, text in enumerate(texts)}
    anchor, positive, negative = (
        np.array([row_of[triplet[i]] for triplet in triplets]) for i in range(3)
    )
    right = {}
    for name, encoder in models.items():
        vectors = encoder.encode(texts)
        to_positive = np.einsum("nd,nd->n", vectors[anchor], vectors[positive])
        to_negative = np.einsum("nd,nd->n", vectors[anchor], vectors[negative])
        right[name] = (to_positive > to_negative).astype(np.float64)
    kinds = np.array([triplet[3] for triplet in triplets])
    clusters = np.array([triplet[4] for triplet in triplets])
    groups = [("overall", np.ones(len(kinds), bool))]
    groups += [(kind, kinds == kind) for kind in NEGATIVE_KINDS]
    return {
        group: {
            "accuracy": _rounded(
                compare(right["base"][chosen], right["finetuned"][chosen], clusters[chosen])
            )
        }
        for group, chosen in groups
    }


def _rounded(comparison: Comparison) -> dict:
    return {
        name: round(value, 5) if isinstance(value, float) else value
        for name, value in asdict(comparison).items()
    }


def _provenance(settings: EvaluateSettings, models: dict[str, Encoder]) -> dict:
    training = settings.adapter / "training.json"
    # The folder's place is the user's own affair.
    onet = " --onet ONET" if settings.onet else ""
    return {
        "command": f"python -m scripts.3_evaluate --adapter {settings.adapter}{onet}",
        "models": {name: {"weights_sha256": model.digest} for name, model in models.items()},
        "dataset_sha256": {
            split: sha256_of(settings.dataset / "data" / f"{split}-00000-of-00001.parquet")
            for split in SPLITS
        },
        "interval": "95 %, paired bootstrap of 2,000 draws, clustered by occupation",
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
        "training": json.loads(training.read_text(encoding="utf-8")),
    }
