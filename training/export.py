"""The complete fine-tuned model, adapter merged, as a folder that SentenceTransformer(path) loads.

Run: python -m scripts.5_export --output /tmp/job-title-minilm
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from peft import PeftModel
from sentence_transformers import SentenceTransformer

from jobtitles.errors import InputError
from jobtitles.files import write_json
from jobtitles.parts import READY, SHIPPED
from jobtitles.sources import adapter_in, base_model
from training.publish import EXPORTED_FROM, PublishSettings, publish
from training.ready import write_ready


@dataclass(frozen=True)
class ExportSettings:
    """Which adapter is merged, and where the model goes."""

    output: Path = field(
        default=Path("runs/job-title-minilm"), metadata={"help": "folder of the merged model"}
    )
    adapter: Path = field(
        default=Path("model_card/finetuned"), metadata={"help": "the fine-tuned model"}
    )
    card: Path = field(
        default=Path("model_card/README.md"), metadata={"help": "model card put beside it"}
    )
    vectors: bool = field(
        default=True,
        metadata={"help": "vectors and maps of the shipped model for a Space"},
    )
    push: bool = field(default=False, metadata={"help": "publish it, as scripts.7_publish does"})


def export(settings: ExportSettings) -> None:
    """Merge the adapter into the base model and save a sentence-transformers model.

    Raises:
        SourceError: The base model or the adapter is missing, or not the pinned one.
        InputError: Another adapter than the shipped one is to be pushed.
        PublishError: It could not be pushed.
    """
    if settings.push and settings.adapter != ExportSettings.adapter:
        raise InputError("--push is for the shipped adapter: its card and metrics go along.")
    model = merged_model(settings.adapter, "cpu")
    model.save_pretrained(str(settings.output), create_model_card=False)
    shutil.copyfile(settings.card, settings.output / "README.md")
    digest = adapter_in(settings.adapter).digest
    write_json(settings.output / EXPORTED_FROM, {"adapter_sha256": digest})
    if (settings.output / READY).is_dir():
        shutil.rmtree(settings.output / READY)
    if settings.vectors and settings.adapter == ExportSettings.adapter:
        write_ready(settings.output / READY, SHIPPED)
    print(f"{settings.output}: load it with SentenceTransformer({str(settings.output)!r})")
    if settings.push:
        publish(PublishSettings("model", exported=settings.output))


def merged_model(adapter: Path, device: str | None) -> SentenceTransformer:
    """The base model with an adapter merged into its weights.

    Raises:
        SourceError: The base model or the adapter is missing, or not the pinned one.
    """
    model = SentenceTransformer(str(base_model().path), device=device)
    source = adapter_in(adapter)
    model[0].model = PeftModel.from_pretrained(model[0].model, source.path).merge_and_unload()
    return model
