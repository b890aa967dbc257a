"""Training titles a second, beside SentenceTransformerTrainer with its defaults on the same rows.

Run: python -m scripts.throughput
"""

import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from jobtitles.catalogue import read_titles
from jobtitles.files import write_json
from jobtitles.sources import base_model
from training.finetune import bf16_is_faster, start_model, training_arguments
from training.groups import training_groups
from training.losses import make_loss
from training.recipe import FinetuneSettings, read_recipe
from training.triplets import build_triplets


@dataclass(frozen=True)
class ThroughputSettings:
    """What is timed, how long, and where the figures go."""

    recipe: Path = field(
        default=Path("training/recipes/finetuned.args"), metadata={"help": "file of arguments"}
    )
    output: Path = field(
        default=Path("model_card/throughput.json"), metadata={"help": "the result file"}
    )
    batches: int = field(default=8, metadata={"help": "of the recipe, in every round"})
    rounds: int = field(default=3, metadata={"help": "in turns; the median counts"})


def measure_throughput(settings: ThroughputSettings) -> None:
    """Train on the same rows by the recipe and by the trainer's defaults, in turns.

    Raises:
        InputError: The recipe's file is missing.
        SourceError: The base model is missing or not the pinned one.
    """
    recipe = read_recipe(settings.recipe, onet="")
    titles = read_titles(recipe.dataset)
    drawn = build_triplets(training_groups(recipe.dataset), None, titles, None, recipe)
    rows = drawn.rows.shuffle(seed=recipe.seed).select(range(settings.batches * recipe.batch_size))
    overlap = torch.from_numpy(drawn.overlap)
    bf16 = bf16_is_faster(start_model(recipe))
    texts = 2 * len(rows)
    rates = {"recipe": [], "defaults": []}
    for _ in range(settings.rounds):
        rates["recipe"].append(texts / _recipe_seconds(recipe, rows, overlap, bf16))
        rates["defaults"].append(texts / _default_seconds(rows))
        print({name: round(found[-1], 1) for name, found in rates.items()}, flush=True)
    rate = {name: round(statistics.median(found), 1) for name, found in rates.items()}
    report = {
        "titles_a_second": rate,
        "ratio": round(rate["recipe"] / rate["defaults"], 2),
        "rounds": {name: [round(r, 1) for r in found] for name, found in rates.items()},
        "titles_a_round": texts,
        "batch_size": {"recipe": recipe.batch_size, "defaults": 8},
        "bf16": bf16,
        "threads": torch.get_num_threads(),
        "command": "python -m scripts.throughput",
    }
    write_json(settings.output, report)
    print(f"{rate['recipe']} titles/s against {rate['defaults']}: {report['ratio']} times")


def _recipe_seconds(
    recipe: FinetuneSettings, rows: Dataset, overlap: torch.Tensor, bf16: bool
) -> float:
    model = start_model(recipe)
    with tempfile.TemporaryDirectory() as folder:
        arguments = training_arguments(recipe, Path(folder), recipe.seed, bf16, "cpu")
        arguments.max_steps = -1
        arguments.save_strategy = arguments.eval_strategy = "no"
        arguments.load_best_model_at_end = False
        loss = make_loss(recipe, model, None, overlap)
        return _seconds(model, arguments, rows, loss)


def _default_seconds(rows: Dataset) -> float:
    model = SentenceTransformer(str(base_model().path), device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        # Its defaults, but for one epoch, and nothing written or sent anywhere.
        arguments = Arguments(
            folder, num_train_epochs=1, save_strategy="no", report_to="none", use_cpu=True
        )
        rows = rows.remove_columns("label")
        return _seconds(model, arguments, rows, MultipleNegativesRankingLoss(model))


def _seconds(
    model: SentenceTransformer, arguments: Arguments, rows: Dataset, loss: torch.nn.Module
) -> float:
    trainer = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=rows, loss=loss)
    return trainer.train().metrics["train_runtime"]
