"""Measure sentence-transformers models on a public ranking set in its published TSV layout.

A set is a folder with queries.tsv (id, text), corpus_elements.tsv or documents.tsv (id, text) and
annotations.tsv (query id, any, document id, relevance: TREC's qrels; or just the two ids), as
MELO (Retyk et al. 2024, arXiv:2410.08319) and job-title similarity (Zbib et al. 2022,
arXiv:2207.00494) are published. They are for the last measure of a finished recipe, never to
choose one.

Run: python -m scripts.6_public_sets --folder SET --onet ONET --output model_card/public/SET.json
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from jobtitles.catalogue import read_titles
from jobtitles.encoder import NAMES, load_encoder
from jobtitles.errors import DataError, InputError
from jobtitles.files import sha256_of, write_json
from jobtitles.labelled import read_occupation_titles
from jobtitles.metrics import (
    average_precisions,
    compare,
    first_ranks,
    hits_at,
    reciprocal_ranks,
)
from jobtitles.onet import ALTERNATE_TITLES
from jobtitles.records import text_key
from jobtitles.sources import base_model, shipped_adapter
from training.groups import training_groups
from training.onet import read_real_titles

CORPUS_NAMES = ("corpus_elements.tsv", "corpus_documents.tsv", "documents.tsv", "corpus.tsv")
HITS = (1, 5, 10)


@dataclass(frozen=True)
class PublicSetSettings:
    """Which set, which models, and where the figures go."""

    output: Path = field(metadata={"help": "the result file"})
    folder: str = field(
        default="", metadata={"help": "queries.tsv, corpus_elements.tsv, annotations.tsv"}
    )
    task: str = field(
        default="",
        metadata={"help": "instead of a folder a ranking task of the package workrb"},
    )
    task_dataset: str = field(
        default="en",
        metadata={"help": "which dataset of the task, such as usa_q_en_c_en"},
    )
    models: list[str] = field(
        default_factory=lambda: ["base", "finetuned", "triplet"],
        metadata={"help": "names of this project, folders or Hub ids; each against the first"},
    )
    dataset: Path = field(default=Path("dataset_card"), metadata={"help": "folder of the dataset"})
    onet: str = field(
        default="",
        metadata={"help": "O*NET's text files, if training had them: their titles count as known"},
    )
    written: bool = field(
        default=False,
        metadata={"help": "training had the dataset's occupation titles: they count as known"},
    )


@dataclass(frozen=True)
class RankingSet:
    """Queries to be answered with a ranking of all documents.

    Attributes:
        queries: Texts, q of them; every one has a relevant document.
        identifiers: Of the documents, d of them.
        documents: Texts, d of them.
        relevant: Which documents answer which query, bool, shape (q, d).
    """

    queries: list[str]
    identifiers: list[str]
    documents: list[str]
    relevant: np.ndarray

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        texts = "\0".join((*self.queries, *self.documents)).encode()
        return sha256(texts + self.relevant.tobytes()).hexdigest()

    def unknown(self, known: set[str]) -> tuple[np.ndarray, np.ndarray]:
        """Masks of the queries and of the documents whose folded text is not `known`.

        Queries that lose all their relevant documents are masked as well.
        """
        columns = np.array([text_key(text) not in known for text in self.documents], bool)
        rows = np.array([text_key(text) not in known for text in self.queries], bool)
        return rows & self.relevant[:, columns].any(axis=1), columns


def measure_public_set(settings: PublicSetSettings) -> None:
    """Measure the models on one public set and write the result file.

    Raises:
        InputError: Not one of folder and task is given, or there is no such task.
        DataError: A file is missing or does not have the layout, or the data cannot be had.
        SourceError: A model of this project is missing.
    """
    if bool(settings.folder) == bool(settings.task):
        raise InputError("Give --folder or --task, one of the two.")
    folder = Path(settings.folder)
    if settings.task:
        # Imported here, because it builds on this module.
        from training.workrb_task import read_workrb_task

        whole = read_workrb_task(settings.task, settings.task_dataset)
        name, digests = f"{settings.task}, {settings.task_dataset}", {"workrb": whole.digest}
    else:
        whole = read_ranking_set(folder)
        name = folder.name
        digests = {path.name: sha256_of(path) for path in sorted(folder.glob("*.tsv"))}
    rows, columns = whole.unknown(training_texts(settings.dataset, settings.onet, settings.written))
    scores = {name: _scores(name, whole) for name in settings.models}
    parts = {name: own[rows][:, columns] for name, own in scores.items()}
    result = {
        "set": name,
        "sha256": digests,
        "weights": {name: _weights(name) for name in settings.models if name in NAMES},
        "onet_sha256": sha256_of(Path(settings.onet) / ALTERNATE_TITLES) if settings.onet else None,
        "interval": "95 %, paired bootstrap of 2,000 draws over queries",
        "whole": _figures(whole.relevant, scores),
        "without_training_titles": _figures(whole.relevant[rows][:, columns], parts),
    }
    write_json(settings.output, result)
    for name, figures in result["whole"]["models"].items():
        print(f"{name}: MAP {figures['map']:.4f}, MRR {figures['mrr']:.4f}")


def read_ranking_set(folder: Path) -> RankingSet:
    """Read a set; queries without a relevant document are left out.

    Raises:
        DataError: A file is missing, a line has too few columns, an annotation names an unknown
            id, or no query has a relevant document.
    """
    corpus = next((folder / n for n in CORPUS_NAMES if (folder / n).is_file()), None)
    if corpus is None:
        raise DataError(f"{folder} has no corpus: looked for {', '.join(CORPUS_NAMES)}.")
    queries = {row[0]: row[1] for _, row in _rows(folder / "queries.tsv")}
    documents = {row[0]: row[1] for _, row in _rows(corpus)}
    query_row = {identifier: row for row, identifier in enumerate(queries)}
    document_row = {identifier: row for row, identifier in enumerate(documents)}
    relevant = np.zeros((len(queries), len(documents)), bool)
    path = folder / "annotations.tsv"
    for line, row in _rows(path):
        document = row[2] if len(row) > 2 else row[1]
        if row[0] not in query_row or document not in document_row:
            raise DataError(
                f"{path}, line {line}: no query {row[0]!r} or no document {document!r}."
            )
        if len(row) < 4 or float(row[3]) > 0:
            relevant[query_row[row[0]], document_row[document]] = True
    answered = relevant.any(axis=1)
    if not answered.any():
        raise DataError(f"{path}: no query has a relevant document.")
    texts = [text for text, kept in zip(queries.values(), answered, strict=True) if kept]
    return RankingSet(texts, list(documents), list(documents.values()), relevant[answered])


def training_texts(dataset: Path, onet: str, written: bool) -> set[str]:
    """Folded texts of all titles and occupation names that the fine-tuning can have drawn."""
    titles = read_titles(dataset)
    texts = {title.onet_name for title in titles if title.split == "train"}
    for group in training_groups(dataset):
        texts |= {group.seed, *group.titles.values()}
        texts |= {*group.clean_negatives, *group.messy_negatives}
    if written:
        texts |= {title.text for title in read_occupation_titles(dataset, ("train",))}
    if onet:
        texts |= {title.text for title in read_real_titles(Path(onet), titles).train}
    return {text_key(text) for text in texts}


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every line but the header, where there is one."""
    if not path.is_file():
        raise DataError(f"{path} is missing.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for line, row in enumerate(reader, 1):
            if line == 1 and row and row[0].lower().replace("_", "") in ("qid", "cid", "id"):
                continue
            if len(row) < 2:
                raise DataError(f"{path}, line {line}: {len(row)} columns, at least 2 are needed.")
            yield line, row


def _weights(name: str) -> str:
    """SHA-256 of the weights of one of this project's models: the base's, or the adapter's."""
    return base_model().digest if name == "base" else shipped_adapter(name).digest


def _scores(name: str, task: RankingSet) -> np.ndarray:
    """How every document is ranked for every query: by cosine, no two alike, int64, (q, d).

    Sets may hold one text under several ids. Equal scores are ordered as by trec_eval, by which
    published figures were made: cosines of 5 digits, the higher id first.
    """
    print(f"encoding with {name}", flush=True)
    texts = sorted({*task.queries, *task.documents})
    if name in NAMES:
        vectors = load_encoder(name).encode(texts)
    else:
        vectors = SentenceTransformer(name).encode(texts, normalize_embeddings=True)
    row = {text: number for number, text in enumerate(texts)}
    queries, documents = (
        vectors[[row[text] for text in own]] for own in (task.queries, task.documents)
    )
    place = np.argsort(np.argsort(np.array(task.identifiers)))
    return np.stack(
        [np.argsort(np.lexsort((place, cosines))) for cosines in np.round(queries @ documents.T, 5)]
    )


def _figures(relevant: np.ndarray, scores: dict[str, np.ndarray]) -> dict:
    """Every model's figures, and each model's difference from the first with its interval."""
    queries, documents = relevant.shape
    if not queries:
        return {"queries": 0, "documents": documents}
    values = {name: _values(own, relevant) for name, own in scores.items()}
    first = next(iter(values))
    return {
        "queries": queries,
        "documents": documents,
        "models": {
            name: {metric: round(float(v.mean()), 5) for metric, v in own.items()}
            for name, own in values.items()
        },
        "against_first": {
            name: {metric: _difference(values[first][metric], v) for metric, v in own.items()}
            for name, own in values.items()
            if name != first
        },
    }


def _difference(first: np.ndarray, other: np.ndarray) -> dict[str, float]:
    figure = compare(first, other, np.arange(len(first)))
    return {end: round(getattr(figure, end), 5) for end in ("difference", "low", "high")}


def _values(scores: np.ndarray, relevant: np.ndarray) -> dict[str, np.ndarray]:
    ranks = first_ranks(scores, relevant)
    return {
        "map": average_precisions(scores, relevant),
        "mrr": reciprocal_ranks(ranks),
        **{f"hit@{k}": hits_at(ranks, k) for k in HITS},
    }
