"""The settings of a fine-tuning: a recipe, kept as a file of arguments in training/recipes/."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from transformers import HfArgumentParser

from jobtitles.errors import InputError
from jobtitles.files import sha256_of
from jobtitles.labelled import OCCUPATIONS
from jobtitles.onet import ALTERNATE_TITLES
from training.command import option

LOSSES = ("triplet", "mnrl", "cached_mnrl", "gist", "cached_gist", "masked_ranking", "supcon")
PLACES = ("output", "checkpoints", "dataset", "onet", "previous", "device")


@dataclass(frozen=True)
class FinetuneSettings:
    """All that decides the result of a fine-tuning; saved beside it."""

    output: Path = option(Path("runs/finetuned"), "folder of the finished adapter")
    checkpoints: Path = option(Path("runs"), "folder of checkpoints; a killed run is resumed")
    dataset: Path = option(Path("dataset_card"), "folder of the dataset")
    onet: str = option("", "folder of O*NET's text files and crosswalk; empty: without them")
    previous: str = option("", "adapter that mines and guides; empty: the base model does")
    loss: Literal[LOSSES] = option("triplet", "training loss, see training/losses.py")
    margin: float = option(0.2, "triplet: cosine distance by which negatives must be farther")
    scale: float = option(20.0, "ranking losses: inverse temperature")
    matryoshka: bool = option(False, "the loss on the first 256, 128, 64 dimensions as well")
    hard_negatives: bool = option(True, "ranking losses: the negatives as further candidates")
    passes: int = option(1, "triplets drawn for each title")
    onet_share: float = option(1.0, "share of O*NET's titles drawn in a pass")
    written_share: float = option(0.0, "share of the LLM's occupation titles drawn in a pass")
    job_share: float = option(0.0, "titles of a job beside another of its names")
    balance: float = option(0.0, "draw titles by (titles of the occupation) ** -balance")
    sibling_share: float = option(0.5, "positives that are another title of the seed")
    clutter_share: float = option(0.0, "listed titles put into the clutter of a jittered title")
    description_share: float = option(0.0, "listed titles beside the occupation's description")
    mined_share: float = option(0.6, "negatives mined from other occupations' titles")
    batch_size: int = option(64, "triplets a step")
    learning_rate: float = option(2e-5, "peak; an adapter wants about ten times as much")
    warmup: float = option(0.1, "share of the steps in which the rate rises")
    dropout: float = option(0.1, "of hidden states and attention")
    weights: Literal["all", "adapter"] = option(
        "all", "train all weights and factor their change into an adapter, or train the adapter"
    )
    lora_rank: int = option(64, "rank of the adapter")
    seeds: int = option(1, "trainings whose weights are averaged, of seed, seed + 1, ...")
    souped_with: str = option("", "file of a second recipe; both trainings' weights are averaged")
    base_share: float = option(0.0, "share of the base model's weights in the result")
    eval_every: int = option(100, "steps between validations and checkpoints; 0: none")
    patience: int = option(3, "validations without a better one before stopping early")
    max_steps: int = option(-1, "stop after so many steps; -1: all passes")
    device: str = option("", "cpu, cuda, mps; empty: the best there is")
    bf16: Literal["auto", "yes", "no"] = option("auto", "bfloat16; auto: where measured faster")
    seed: int = option(0, "seed of draws, shuffling and initial weights")


def recipe_of(settings: FinetuneSettings) -> dict[str, Any]:
    """All that decides a fine-tuning's course: settings without places, digests of the data."""
    recipe = asdict(settings)
    for place in PLACES:
        del recipe[place]
    if settings.souped_with:
        recipe["souped_with"] = recipe_of(second_recipe(settings))
    data = {"dataset": settings.dataset / "data" / "train-00000-of-00001.parquet"}
    if settings.written_share:
        data["occupations"] = settings.dataset / OCCUPATIONS / "train-00000-of-00001.parquet"
    if settings.onet:
        data["onet"] = Path(settings.onet) / ALTERNATE_TITLES
    if settings.previous:
        data["previous"] = Path(settings.previous) / "adapter_model.safetensors"
    return recipe | {f"{name}_sha256": sha256_of(path) for name, path in data.items()}


def second_recipe(settings: FinetuneSettings) -> FinetuneSettings:
    """The recipe that `souped_with` names, with the places of the first.

    Raises:
        InputError: There is no such file, or it names a further one.
    """
    second = read_recipe(Path(settings.souped_with), settings.onet)
    if second.souped_with:
        raise InputError(f"{settings.souped_with} names a third recipe: two are averaged at most.")
    return replace(second, **{place: getattr(settings, place) for place in PLACES})


def read_recipe(path: Path, onet: str) -> FinetuneSettings:
    """The settings in a file of arguments.

    Raises:
        InputError: There is no such file.
    """
    if not path.is_file():
        raise InputError(f"no recipe {path}: name a file of training/recipes.")
    parser = HfArgumentParser(FinetuneSettings, fromfile_prefix_chars="@")
    return FinetuneSettings(**vars(parser.parse_args([f"@{path}", "--onet", onet])))
