"""What the page runs on, dataset, adapters and coder: all pulled from the Hub, or all shipped.

The two are never mixed: if any part cannot be pulled, every part is the shipped one, and the page
says why.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobtitles.errors import InputError, SourceError
from jobtitles.hub import pulled
from jobtitles.records import SPLITS
from jobtitles.sources import ADAPTERS, CALIBRATION, DATASET_DIR, Source, described_adapter

log = logging.getLogger(__name__)

# Names of the repositories under an account, as scripts.7_publish makes them.
REPOS = {"dataset": "jittered-job-titles", "model": "job-title-minilm", "space": "job-titles"}
DATASET_FILES = [
    f"{part}/{split}-00000-of-00001.parquet" for part in ("data", "occupations") for split in SPLITS
]
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "training.json")
# Vectors and map coordinates made beforehand; the page makes what is missing.
READY = "vectors"
MODEL_FILES = [
    *(f"adapters/{name}/{file}" for name in ADAPTERS for file in ADAPTER_FILES),
    CALIBRATION.name,
    CALIBRATION.with_suffix(".safetensors").name,
    f"{READY}/*.safetensors",
]


@dataclass(frozen=True)
class Parts:
    """Where everything is that can be pulled or shipped.

    Attributes:
        dataset: Folder of the dataset.
        adapters: Name -> folder of an adapter.
        calibration: The coder's JSON.
        where: Where they came from, the end of a sentence.
        ready: Folder of vectors and map coordinates made beforehand, if there is one.
        note: Why these are not the parts that were asked for; empty if they are.
        database: URL of the database that keeps the vectors; empty: this process does.
    """

    dataset: Path
    adapters: Mapping[str, Path]
    calibration: Path
    where: str
    ready: Path | None = None
    note: str = ""
    database: str = field(default="", repr=False)  # may hold a password

    def adapter(self, name: str) -> Source:
        """An adapter by its name; its loss is named.

        Raises:
            InputError: There is none of that name.
            SourceError: It is not there.
        """
        if name not in self.adapters:
            raise InputError(f"no adapter {name!r}: choose {' or '.join(self.adapters)}.")
        return described_adapter(self.adapters[name], name, self.where)


SHIPPED = Parts(DATASET_DIR, ADAPTERS, CALIBRATION, "shipped with this repository")


def chosen_parts(environment: Mapping[str, str]) -> Parts:
    """The parts that the environment asks for, else the shipped ones.

    Args:
        environment: MODEL_REPO and DATASET_REPO name repositories (account/name), MODEL_REVISION
            and DATASET_REVISION commits of them. Without names, HUB_NAMESPACE, or on a Space
            SPACE_AUTHOR_NAME, is the account of repositories with the usual names. VECTORS_URL
            names a database, see jobtitles/database.py.
    """
    parts, database = _named_parts(environment), environment.get("VECTORS_URL")
    return replace(parts, database=database) if database else parts


def _named_parts(environment: Mapping[str, str]) -> Parts:
    account = environment.get("HUB_NAMESPACE") or environment.get("SPACE_AUTHOR_NAME")
    repos = {
        kind: environment.get(f"{kind.upper()}_REPO") or (account and f"{account}/{REPOS[kind]}")
        for kind in ("dataset", "model")
    }
    if not any(repos.values()):
        return SHIPPED
    try:
        for kind, repo in repos.items():
            if not repo:
                raise SourceError(f"no {kind} is named: set {kind.upper()}_REPO or HUB_NAMESPACE.")
        return pulled_parts(
            repos["dataset"],
            environment.get("DATASET_REVISION", ""),
            repos["model"],
            environment.get("MODEL_REVISION", ""),
        )
    except SourceError as error:
        log.warning("the shipped model and dataset serve: %s", error)
        return replace(SHIPPED, note=str(error))


def pulled_parts(dataset: str, dataset_revision: str, model: str, model_revision: str) -> Parts:
    """All parts from two repositories on the Hub.

    Raises:
        SourceError: One of them is not to be had whole and undamaged.
    """
    titles = pulled(dataset, "dataset", dataset_revision, DATASET_FILES)
    weights = pulled(model, "model", model_revision, MODEL_FILES)
    parts = Parts(
        titles,
        {name: weights / "adapters" / name for name in ADAPTERS},
        weights / CALIBRATION.name,
        f"{model} at {weights.name[:7]}, with the titles of {dataset} at {titles.name[:7]}",
        weights / READY,
    )
    adapters = {name: parts.adapter(name) for name in ADAPTERS}
    try:
        calibrated = json.loads(parts.calibration.read_text(encoding="utf-8"))["model"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{model}: {CALIBRATION.name} does not name its model.") from error
    if not calibrated.endswith(adapters["finetuned"].digest):
        raise SourceError(f"{model}: its coder is calibrated for another model than it has.")
    return parts
