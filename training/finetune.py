"""Fine-tune the base model on triplets and save what the project ships: an adapter.

Run: python -m scripts.2_finetune            (accelerate launch -m scripts.2_finetune works too)
"""

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
from sentence_transformers.base.evaluation import BaseEvaluator
from sentence_transformers.sentence_transformer import losses
from transformers import EarlyStoppingCallback
from transformers.trainer_utils import get_last_checkpoint

from jobtitles.encoder import Encoder
from jobtitles.files import write_atomically, write_json
from jobtitles.sources import BASE_REPO, BASE_REVISION, base_model
from training.bucketed import BucketedModel
from training.retrieval import SeedRetrieval
from training.triplets import build_triplets, training_groups

ADAPTER_TARGETS = r".*encoder\.layer.*\.(query|key|value|dense)"


def option(default: Any, text: str) -> Any:
    """A settings field with its help text."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class FinetuneSettings:
    """All that decides the result of a fine-tuning; saved beside it."""

    output: Path = option(Path("model_card/adapter"), "folder of the finished adapter")
    checkpoints: Path = option(Path("runs/finetune"), "checkpoints and log; resumed if present")
    dataset: Path = option(Path("dataset_card"), "folder of the dataset")
    loss: Literal["triplet", "mnrl"] = option("triplet", "training loss")
    margin: float = option(0.2, "triplet: cosine distance by which negatives must be farther")
    scale: float = option(20.0, "mnrl: inverse temperature")
    passes: int = option(1, "triplets drawn for each title")
    sibling_share: float = option(0.5, "positives that are another title of the seed")
    mined_share: float = option(0.6, "negatives mined from other occupations' titles")
    batch_size: int = option(64, "triplets a step")
    learning_rate: float = option(3e-4, "peak; about 3e-4 for an adapter, 5e-5 for all weights")
    warmup: float = option(0.1, "share of the steps in which the rate rises")
    lora_rank: int = option(32, "rank of the adapter; 0 trains all weights")
    eval_every: int = option(100, "steps between validations")
    patience: int = option(3, "validations without a better one before stopping early")
    max_steps: int = option(-1, "stop after so many steps; -1: all passes")
    device: str = option("", "cpu, cuda, mps; empty: the best there is")
    bf16: Literal["auto", "yes", "no"] = option("auto", "bfloat16; auto: where measured faster")
    seed: int = option(0, "seed of draws, shuffling and initial weights")


class ValidationRetrieval(BaseEvaluator):
    """Validation MRR during training: what early stopping and the best checkpoint go by."""

    def __init__(self, dataset: Path) -> None:
        super().__init__()
        self.primary_metric = "mrr"
        self._retrieval = SeedRetrieval.from_dataset(dataset, "validation")

    def __call__(
        self,
        model: SentenceTransformer,
        output_path: str | None = None,
        epoch: int = -1,
        steps: int = -1,
    ) -> dict[str, float]:
        """MRR of the own seed among all seeds, over every validation title."""
        scores = self._retrieval.scores(encoder_of(model))
        return {self.primary_metric: float((1 / self._retrieval.seed_ranks(scores)).mean())}


def encoder_of(model: SentenceTransformer) -> Encoder:
    """The model under training as the project's own encoder."""
    return Encoder("finetuned", model[0].auto_model, model.tokenizer, model.max_seq_length, "", "")


def finetune(settings: FinetuneSettings) -> None:
    """Fine-tune the base model, keep the checkpoint best on validation, and save it.

    Raises:
        SourceError: The base model is missing or not the pinned one.
        DataError: The dataset is missing.
    """
    started = time.monotonic()
    model = SentenceTransformer(str(base_model().path), device=settings.device or None)
    validation = ValidationRetrieval(settings.dataset)
    before = validation(model)["mrr"]
    print(f"validation MRR of the base model: {before:.4f}", flush=True)
    triplets = build_triplets(
        training_groups(settings.dataset),
        encoder_of(model).encode,
        settings.passes,
        settings.sibling_share,
        settings.mined_share,
        settings.seed,
    )
    torch.manual_seed(settings.seed)
    if settings.lora_rank:
        model.add_adapter(
            LoraConfig(
                r=settings.lora_rank,
                lora_alpha=2 * settings.lora_rank,
                target_modules=ADAPTER_TARGETS,
            )
        )
    bf16 = settings.bf16 == "yes" or (settings.bf16 == "auto" and bf16_is_faster(model))
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(settings, bf16, model.device.type),
        train_dataset=triplets,
        loss=_loss(model, settings),
        evaluator=validation,
        callbacks=[EarlyStoppingCallback(settings.patience)],
    )
    trainer.train(resume_from_checkpoint=_last_checkpoint(settings.checkpoints))
    if not trainer.is_world_process_zero():
        return
    after = validation(trainer.model)["mrr"]
    # The trainer only logs an error when it cannot load the best checkpoint.
    if trainer.state.best_metric and abs(after - trainer.state.best_metric) > 1e-3:
        raise RuntimeError(f"best checkpoint {trainer.state.best_metric:.4f}, loaded {after:.4f}")
    _save(trainer.model, settings)
    report = {
        "settings": {name: _plain(value) for name, value in asdict(settings).items()},
        "bf16": bf16,
        "triplets": len(triplets),
        "steps": trainer.state.global_step,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "validation_mrr": {"base": before, "finetuned": after},
        "history": [entry for entry in trainer.state.log_history if "eval_mrr" in entry],
    }
    write_json(settings.output / "training.json", report)
    print(f"{settings.output}: validation MRR {before:.4f} -> {after:.4f}")


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
    settings: FinetuneSettings, bf16: bool, device: str
) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=str(settings.checkpoints),
        num_train_epochs=1,
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        lr_scheduler_type="cosine",
        bf16=bf16,
        use_cpu=device == "cpu",
        seed=settings.seed,
        batch_sampler="no_duplicates",
        eval_strategy="steps",
        eval_steps=settings.eval_every,
        save_strategy="steps",
        save_steps=settings.eval_every,
        save_total_limit=2,
        logging_steps=20,
        load_best_model_at_end=True,
        metric_for_best_model="eval_mrr",
        report_to="none",
    )


def _loss(model: SentenceTransformer, settings: FinetuneSettings) -> torch.nn.Module:
    bucketed = BucketedModel(model)
    if settings.loss == "triplet":
        return losses.TripletLoss(
            bucketed, losses.TripletDistanceMetric.COSINE, triplet_margin=settings.margin
        )
    return losses.MultipleNegativesRankingLoss(bucketed, scale=settings.scale)


def _last_checkpoint(folder: Path) -> str | None:
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


def _save(model: SentenceTransformer, settings: FinetuneSettings) -> None:
    """Write the adapter in float16, naming the base by its Hub id and revision."""
    transformer = model[0].auto_model
    if settings.lora_rank:
        config = transformer.peft_config["default"]
        config.base_model_name_or_path = BASE_REPO
        config.revision = BASE_REVISION
    with tempfile.TemporaryDirectory() as folder:
        transformer.save_pretrained(folder)
        for path in sorted(Path(folder).iterdir()):
            if path.suffix == ".safetensors":
                tensors = {name: t.half().contiguous() for name, t in load_file(path).items()}
                write_atomically(
                    settings.output / path.name,
                    lambda temporary, tensors=tensors: save_file(tensors, temporary),
                )
            elif path.suffix == ".json":
                write_json(settings.output / path.name, json.loads(path.read_text()))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
