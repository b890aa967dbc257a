"""One row of the ablation table: a recipe's validation figures, minutes and peak memory.

`make ablation` trains every recipe without a result of today's settings and data; killed, it goes
on where it stood. Two commands over different recipes may go side by side, one a core
(OMP_NUM_THREADS=1).

Run: python -m scripts.ablation --recipe training/recipes/ablation/reference.args
"""

import json
import resource
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobtitles.catalogue import read_titles
from jobtitles.files import write_json
from training.finetune import train
from training.onet import read_real_titles
from training.recipe import read_recipe, recipe_of
from training.validation import ValidationRetrieval


@dataclass(frozen=True)
class AblationSettings:
    """Which recipe, and where its result goes."""

    recipe: Path = field(metadata={"help": "file of arguments, see training/recipes/ablation"})
    onet: str = field(default="", metadata={"help": "folder of O*NET's text files"})
    results: Path = field(
        default=Path("training/ablation"), metadata={"help": "folder of the result files"}
    )


def ablate(settings: AblationSettings) -> None:
    """Train a recipe, unless its result is there, and write its validation figures.

    Raises:
        InputError: The recipe's file is missing.
        DataError: The dataset is missing, or O*NET's files are not in the folder given.
    """
    path = settings.results / f"{settings.recipe.stem}.json"
    recipe = read_recipe(settings.recipe, settings.onet)
    if path.is_file() and json.loads(path.read_text())["recipe"] == recipe_of(recipe):
        print(f"{path} is there")
        return
    titles = read_titles(recipe.dataset)
    real = read_real_titles(Path(recipe.onet), titles) if recipe.onet else None
    # In a folder of its own: another row's finished training would be taken without its memory.
    recipe = replace(recipe, checkpoints=recipe.checkpoints / path.stem)
    trained = train(recipe, titles, real, ValidationRetrieval(recipe.dataset, real))
    # Kibibytes on Linux. Nothing but this row was trained in this process.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    write_json(path, trained.report | {"peak_gib": round(peak, 2)})
    figures = {name: round(value, 4) for name, value in trained.report["validation"].items()}
    print(f"{path}: {figures}")
