"""Fine-tune the base model on triplets and save what the project ships: an adapter.

Run: python -m scripts.2_finetune            (accelerate launch -m scripts.2_finetune works too)
"""

import hashlib
import json
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig
from safetensors.torch import load_file, save_file
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from transformers import AutoModel, EarlyStoppingCallback
from transformers.trainer_utils import get_last_checkpoint

from jobtitles.catalogue import read_titles
from jobtitles.encoder import load_encoder
from jobtitles.files import sha256_of, write_atomically, write_json
from jobtitles.sources import BASE_REPO, BASE_REVISION, base_model
from training.factoring import factored
from training.losses import LOSSES, make_loss
from training.onet import ALTERNATE_TITLES, read_real_titles
from training.triplets import build_triplets, training_groups
from training.validation import ValidationRetrieval, encoder_of

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
ADAPTER_TARGETS = r".*encoder\.layer.*\.(query|key|value|dense)"


def option(default: Any, text: str) -> Any:
    """A settings field with its help text."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class FinetuneSettings:
    """All that decides the result of a fine-tuning; saved beside it."""

    output: Path = option(Path("model_card/adapter"), "folder of the finished adapter")
    checkpoints: Path = option(Path("runs"), "folder of checkpoints; a killed run is resumed")
    dataset: Path = option(Path("dataset_card"), "folder of the dataset")
    onet: str = option("", "folder of O*NET's text files and crosswalk; empty: without them")
    loss: Literal[LOSSES] = option("triplet", "training loss, see training/losses.py")
    margin: float = option(0.2, "triplet: cosine distance by which negatives must be farther")
    scale: float = option(20.0, "ranking losses: inverse temperature")
    hard_negatives: bool = option(True, "ranking losses: the negatives as further candidates")
    passes: int = option(1, "triplets drawn for each title")
    sibling_share: float = option(0.5, "positives that are another title of the seed")
    mined_share: float = option(0.6, "negatives mined from other occupations' titles")
    batch_size: int = option(64, "triplets a step")
    learning_rate: float = option(2e-5, "peak; an adapter wants about ten times as much")
    warmup: float = option(0.1, "share of the steps in which the rate rises")
    weights: Literal["all", "adapter"] = option(
        "all", "train all weights and factor their change into an adapter, or train the adapter"
    )
    lora_rank: int = option(64, "rank of the adapter")
    eval_every: int = option(100, "steps between validations")
    patience: int = option(3, "validations without a better one before stopping early")
    max_steps: int = option(-1, "stop after so many steps; -1: all passes")
    device: str = option("", "cpu, cuda, mps; empty: the best there is")
    bf16: Literal["auto", "yes", "no"] = option("auto", "bfloat16; auto: where measured faster")
    seed: int = option(0, "seed of draws, shuffling and initial weights")


def finetune(settings: FinetuneSettings) -> None:
    """Fine-tune the base model, keep the checkpoint best on validation, and save it.

    Raises:
        SourceError: The base model is missing or not the pinned one.
        DataError: The dataset is missing, or O*NET's files are not in the folder given.
    """
    started = time.monotonic()
    model = SentenceTransformer(str(base_model().path), device=settings.device or None)
    titles = read_titles(settings.dataset)
    real = read_real_titles(Path(settings.onet), titles) if settings.onet else None
    validation = ValidationRetrieval(settings.dataset, real)
    before = validation.measure(encoder_of(model))
    print(f"validation of the base model: {_figures(before)}", flush=True)
    training_set = build_triplets(
        training_groups(settings.dataset),
        real.train if real else [],
        {title.onet_code: title.onet_name for title in titles},
        encoder_of(model).encode,
        settings.passes,
        settings.sibling_share,
        settings.mined_share,
        settings.seed,
    )
    rows = training_set.rows
    if settings.loss != "triplet" and not settings.hard_negatives:
        rows = rows.remove_columns("negative")
    torch.manual_seed(settings.seed)
    if settings.weights == "adapter":
        model.add_adapter(
            LoraConfig(
                r=settings.lora_rank,
                lora_alpha=2 * settings.lora_rank,
                target_modules=ADAPTER_TARGETS,
            )
        )
    bf16 = settings.bf16 == "yes" or (settings.bf16 == "auto" and bf16_is_faster(model))
    recipe = recipe_of(settings)
    # Named by the recipe: a killed run finds its own checkpoints, never another recipe's.
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    checkpoints = settings.checkpoints / f"{settings.loss}-{digest}"
    overlap = torch.from_numpy(training_set.overlap)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(settings, checkpoints, bf16, model.device.type),
        train_dataset=rows,
        loss=make_loss(settings.loss, model, settings.margin, settings.scale, overlap),
        evaluator=validation,
        callbacks=[EarlyStoppingCallback(settings.patience)],
    )
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    if not trainer.is_world_process_zero():
        return
    trained = validation.measure(encoder_of(trainer.model))
    # The trainer only logs an error when it cannot load the best checkpoint.
    best = trainer.state.best_metric
    if best and abs(trained["select"] - best) > 1e-3:
        raise RuntimeError(f"best checkpoint {best:.4f}, loaded {trained['select']:.4f}")
    save(trainer.model, settings)
    after = validation.measure(load_encoder("finetuned", settings.output))
    report = {
        "recipe": recipe,
        "bf16": bf16,
        "rows": len(rows),
        "steps": trainer.state.global_step,
        "resumed": last is not None,
        "minutes": round((time.monotonic() - started) / 60, 1),
        # What was trained, and what is left of it in the adapter in float16.
        "validation": {"base": before, "trained": trained, "finetuned": after},
        "history": [entry for entry in trainer.state.log_history if "eval_select" in entry],
    }
    write_json(settings.output / "training.json", report)
    print(f"{settings.output}: {_figures(after)}")


def recipe_of(settings: FinetuneSettings) -> dict[str, Any]:
    """All that decides a fine-tuning's course: settings without places, digests of the data."""
    recipe = asdict(settings)
    for place in ("output", "checkpoints", "dataset", "onet", "device"):
        del recipe[place]
    data = {"dataset": settings.dataset / "data" / "train-00000-of-00001.parquet"}
    if settings.onet:
        data["onet"] = Path(settings.onet) / ALTERNATE_TITLES
    return recipe | {f"{name}_sha256": sha256_of(path) for name, path in data.items()}


def bf16_is_faster(model: SentenceTransformer) -> bool:
    """Measure a forward and backward step in float32 and under bfloat16 autocast.

    On CPUs without the instructions bfloat16 is several times slower, so it is never assumed.
    """
    titles = ["Senior Software Engineer, Payments - remote - $150k"] * 64
    features = model.preprocess(titles)
    features = {k: v.to(model.device) for k, v in features.items() if torch.is_tensor(v)}

    def seconds(enabled: bool) -> float:
        best = float("inf")
        for _ in range(3):
            started = time.perf_counter()
            with torch.autocast(model.device.type, torch.bfloat16, enabled=enabled):
                model(dict(features))["sentence_embedding"].float().sum().backward()
            best = min(best, time.perf_counter() - started)
        model.zero_grad()
        return best

    return seconds(True) < seconds(False)


def _arguments(
    settings: FinetuneSettings, checkpoints: Path, bf16: bool, device: str
) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=1,
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        lr_scheduler_type="cosine",
        bf16=bf16,
        use_cpu=device == "cpu",
        seed=settings.seed,
        batch_sampler="batch_sampler" if settings.loss == "masked_ranking" else "no_duplicates",
        eval_strategy="steps",
        eval_steps=settings.eval_every,
        save_strategy="steps",
        save_steps=settings.eval_every,
        save_total_limit=2,
        logging_steps=20,
        load_best_model_at_end=True,
        metric_for_best_model="eval_select",
        report_to="none",
    )


def save(model: SentenceTransformer, settings: FinetuneSettings) -> None:
    """Write the adapter in float16, naming the base by its Hub id and revision."""
    transformer = model[0].model
    if settings.weights == "all":
        base = AutoModel.from_pretrained(base_model().path, use_safetensors=True)
        transformer = factored(base, transformer.cpu(), settings.lora_rank)
    config = transformer.peft_config["default"]
    config.base_model_name_or_path = BASE_REPO
    config.revision = BASE_REVISION
    with tempfile.TemporaryDirectory() as folder:
        transformer.save_pretrained(folder)
        tensors = load_file(Path(folder) / WEIGHTS)
        halves = {name: tensor.half().contiguous() for name, tensor in tensors.items()}
        write_atomically(settings.output / WEIGHTS, lambda path: save_file(halves, path))
        plain = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
        # PEFT writes this set in an order that changes from run to run.
        if isinstance(plain["target_modules"], list):
            plain["target_modules"].sort()
        write_json(settings.output / CONFIG, plain)


def _figures(validation: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in validation.items())
