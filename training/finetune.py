"""Fine-tune the base model on triplets and save what the project ships: an adapter.

Run: python -m scripts.2_finetune            (accelerate launch -m scripts.2_finetune works too)
"""

import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
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
from jobtitles.onet import ALTERNATE_TITLES, CROSSWALK, DESCRIPTIONS, REPORTED_TITLES
from jobtitles.records import Title
from jobtitles.sources import BASE_REPO, BASE_REVISION, adapter_in, base_model
from training.export import merged_model
from training.factoring import factored
from training.groups import training_groups
from training.losses import make_loss
from training.onet import RealTitles, read_real_titles
from training.packed import PackedModel
from training.recipe import FinetuneSettings, recipe_of, second_recipe
from training.triplets import build_triplets
from training.validation import ValidationRetrieval, encoder_of

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
FINISHED = "finished.json"
OCCUPATION = ("masked_ranking", "supcon")
ADAPTER_TARGETS = r".*encoder\.layer.*\.(query|key|value|dense)"


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: With the weights of the recipe's last word: best checkpoint, averages taken.
        report: Recipe, rows, steps, minutes, validation of the model, course of it.
    """

    model: SentenceTransformer
    report: dict[str, Any]


def finetune(settings: FinetuneSettings) -> None:
    """Fine-tune the base model, keep the checkpoint best on validation, and save it.

    Raises:
        SourceError: The base model is missing or not the pinned one.
        DataError: The dataset is missing, or O*NET's files are not in the folder given.
    """
    titles = read_titles(settings.dataset)
    real = read_real_titles(Path(settings.onet), titles) if settings.onet else None
    validation = ValidationRetrieval(settings.dataset, real)
    before = validation.measure(load_encoder("base"))
    print(f"validation of the base model: {_figures(before)}", flush=True)
    trained = train(settings, titles, real, validation)
    if trained is None:
        return
    save(trained.model, settings)
    # What was trained, and what is left of it in the adapter in float16.
    after = validation.measure(load_encoder("finetuned", adapter_in(settings.output)))
    figures = {"base": before, "trained": trained.report["validation"], "finetuned": after}
    write_json(settings.output / "training.json", trained.report | {"validation": figures})
    print(f"{settings.output}: {_figures(after)}")


def train(
    settings: FinetuneSettings,
    titles: list[Title],
    real: RealTitles | None,
    validation: ValidationRetrieval,
) -> Trained | None:
    """Train by a recipe, or by two whose weights are averaged.

    Args:
        settings: The recipe.
        titles: All titles of the dataset.
        real: O*NET's titles, where its files are at hand.
        validation: Chooses the checkpoint.

    Returns:
        None in all but the first of several processes.
    """
    recipes = [settings, *([second_recipe(settings)] if settings.souped_with else [])]
    courses = [_course(recipe, titles, real, validation) for recipe in recipes]
    if None in courses:
        return None
    states = [state for course in courses for state in course.states]
    model = start_model(settings)
    base = model.state_dict()
    # Before the adapter's weights are taken: it has none of the base's names.
    if settings.weights == "all":
        states = [averaged(states, base, settings.base_share)]
    model.load_state_dict(states[-1])
    after = validation.measure(encoder_of(model))
    # The trainer only logs an error when it cannot load the best checkpoint.
    best = courses[0].report["best"]
    untouched = len(courses) == settings.seeds == 1 and not settings.base_share
    if best and untouched and abs(after["select"] - best) > 1e-3:
        raise RuntimeError(f"best checkpoint {best:.4f}, loaded {after['select']:.4f}")
    reports = [course.report for course in courses]
    report = {
        "recipe": recipe_of(settings),
        "bf16": reports[0]["bf16"],
        "threads": torch.get_num_threads(),
        "rows": sum(own["rows"] for own in reports),
        "steps": sum(own["steps"] for own in reports),
        "resumed": any(own["resumed"] for own in reports),
        "minutes": round(sum(own["minutes"] for own in reports), 1),
        "validation": after,
        "history": [course for own in reports for course in own["history"]],
    }
    return Trained(model, report)


@dataclass(frozen=True)
class _Course:
    """The trainings of one recipe: the weights of each seed, and what is reported."""

    states: list[dict[str, torch.Tensor]]
    report: dict[str, Any]


def _course(
    settings: FinetuneSettings,
    titles: list[Title],
    real: RealTitles | None,
    validation: ValidationRetrieval,
) -> _Course | None:
    """Train every seed of one recipe.

    A killed training is taken up at its last checkpoint, a finished one is not trained again.
    """
    started = time.monotonic()
    # Named by what decides its course: a killed run finds its own checkpoints, never another's.
    recipe = recipe_of(replace(settings, souped_with=""))
    recipe["read"] = [sha256_of(path) for path in _read_files(settings)]
    recipe["bf16"] = bf16 = _bf16(settings)
    del recipe["base_share"]
    if settings.weights == "all":
        del recipe["lora_rank"]
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    folder = settings.checkpoints / f"{settings.loss}-{digest}"
    finished = folder / FINISHED
    if finished.is_file():
        report = json.loads(finished.read_text(encoding="utf-8"))
        if int(os.environ.get("RANK", "0")):
            return None
        kept = [load_file(folder / name) for name in report["weights"]]
        print(f"{folder}: trained already, for {report['minutes']} minutes", flush=True)
        return _Course(kept, report)
    guide = _previous(settings)
    miner = encoder_of(guide).in_precision("bfloat16" if bf16 else "float32")
    uses_negatives = settings.loss == "triplet" or settings.hard_negatives
    training_set = build_triplets(
        training_groups(settings.dataset),
        real,
        titles,
        miner.encode if uses_negatives else None,
        settings,
    )
    states, history, steps, resumed = [], [], 0, False
    for seed in range(settings.seed, settings.seed + settings.seeds):
        torch.manual_seed(seed)
        model = start_model(settings)
        checkpoints = folder / str(seed)
        overlap = torch.from_numpy(training_set.overlap)
        trainer = SentenceTransformerTrainer(
            model=model,
            args=training_arguments(settings, checkpoints, seed, bf16, model.device.type),
            train_dataset=training_set.rows,
            loss=make_loss(settings, model, guide, overlap),
            evaluator=validation if settings.eval_every else None,
            callbacks=[EarlyStoppingCallback(settings.patience)] if settings.eval_every else [],
        )
        last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
        trainer.train(resume_from_checkpoint=last)
        resumed = resumed or last is not None
        steps += trainer.state.global_step
        history.append([entry for entry in trainer.state.log_history if "eval_select" in entry])
        states.append({name: tensor.cpu() for name, tensor in model.state_dict().items()})
    if not trainer.is_world_process_zero():
        return None
    weights = [f"{seed}.safetensors" for seed in range(settings.seeds)]
    for name, state in zip(weights, states, strict=True):
        whole = {key: tensor.contiguous() for key, tensor in state.items()}
        write_atomically(folder / name, lambda path, whole=whole: save_file(whole, path))
    report = {
        "weights": weights,
        "best": trainer.state.best_metric,
        "bf16": bf16,
        "rows": len(training_set.rows),
        "steps": steps,
        "resumed": resumed,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "history": history,
    }
    write_json(finished, report)
    return _Course(states, report)


def _bf16(settings: FinetuneSettings) -> bool:
    """Whether to train in bfloat16; of several processes the first one's timing counts."""
    chosen = settings.bf16 == "yes"
    if settings.bf16 == "auto":
        chosen = bf16_is_faster(start_model(settings))
    PartialState(cpu=settings.device == "cpu")
    return broadcast_object_list([chosen])[0]


def _read_files(settings: FinetuneSettings) -> list[Path]:
    """All files that decide what is trained on and which checkpoint is kept."""
    names = (ALTERNATE_TITLES, REPORTED_TITLES, DESCRIPTIONS, CROSSWALK)
    onet = [Path(settings.onet) / name for name in names] if settings.onet else []
    return sorted([*settings.dataset.glob("*/*.parquet"), *onet])


def start_model(settings: FinetuneSettings) -> SentenceTransformer:
    """The base model as training takes it up."""
    model = PackedModel(
        str(base_model().path),
        device=settings.device or None,
        # Measured on the CPU in bfloat16: half the time of the fused kernels.
        model_kwargs={"attn_implementation": "eager"},
        config_kwargs={
            "hidden_dropout_prob": settings.dropout,
            "attention_probs_dropout_prob": settings.dropout,
        },
    )
    if settings.weights == "adapter":
        rank = settings.lora_rank
        model.add_adapter(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=ADAPTER_TARGETS))
    return model


def _previous(settings: FinetuneSettings) -> SentenceTransformer:
    """The model that mines negatives and guides: the base, or an earlier round's."""
    device = settings.device or None
    if settings.previous:
        return merged_model(Path(settings.previous), device)
    return SentenceTransformer(str(base_model().path), device=device)


def averaged(
    states: list[dict[str, torch.Tensor]], base: dict[str, torch.Tensor], base_share: float
) -> dict[str, torch.Tensor]:
    """Mean of the trained weights (Wortsman et al. 2022, arXiv:2203.05482), mixed with the base."""
    mean = {name: torch.stack([s[name].float() for s in states]).mean(0) for name in base}
    return {name: torch.lerp(mean[name], base[name].float(), base_share) for name in base}


def bf16_is_faster(model: SentenceTransformer) -> bool:
    """Measure a forward and backward step in float32 and under bfloat16 autocast.

    On CPUs without the instructions bfloat16 is several times slower, so it is never assumed.
    """
    titles = ["Senior Software Engineer, Payments - remote - $150k"] * 64
    features = model.preprocess(titles)
    features = {k: v.to(model.device) for k, v in features.items() if torch.is_tensor(v)}

    best = {True: float("inf"), False: float("inf")}
    # In turns, so that whatever else the machine does hits both.
    for enabled in (True, False) * 4:
        started = time.perf_counter()
        with torch.autocast(model.device.type, torch.bfloat16, enabled=enabled):
            model(dict(features))["sentence_embedding"].float().sum().backward()
        best[enabled] = min(best[enabled], time.perf_counter() - started)
    model.zero_grad()
    return best[True] < best[False]


def training_arguments(
    settings: FinetuneSettings, checkpoints: Path, seed: int, bf16: bool, device: str
) -> SentenceTransformerTrainingArguments:
    """A recipe in the trainer's own terms."""
    strategy = "steps" if settings.eval_every else "no"
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
        seed=seed,
        # A repeated positive is masked by the losses that know occupations; others must not see it.
        batch_sampler="batch_sampler" if settings.loss in OCCUPATION else "no_duplicates",
        eval_strategy=strategy,
        eval_steps=settings.eval_every,
        save_strategy=strategy,
        save_steps=settings.eval_every,
        save_total_limit=2,
        logging_steps=20,
        load_best_model_at_end=settings.eval_every > 0,
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
