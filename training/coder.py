"""Fit the title coder on validation, and measure it on test beside the base model and TF-IDF.

Run: python -m scripts.coder --onet folder
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from jobtitles.catalogue import read_titles
from jobtitles.coder import Calibration
from jobtitles.encoder import Encoder, load_encoder
from jobtitles.files import sha256_of, write_json
from jobtitles.labelled import labelled_titles
from jobtitles.sources import adapter_in
from jobtitles.voters import Voters, labelled_vectors
from jobtitles.votes import Evidence
from training.classifier_fit import fit_classifiers
from training.coder_fit import (
    NEIGHBOURS,
    fit_refusal,
    fit_votes,
    read_non_titles,
)
from training.coder_metrics import figures, outcomes, refused_shares
from training.coding_task import CodingTask, training_labelled
from training.command import option
from training.onet import read_real_titles
from training.tfidf import by_tfidf


@dataclass(frozen=True)
class CoderSettings:
    """What is fitted and measured, and where it goes."""

    onet: str = field(metadata={"help": "folder of O*NET's text files and crosswalk"})
    dataset: Path = option(Path("dataset_card"), "folder of the dataset")
    adapter: Path = option(Path("model_card/finetuned"), "folder of the fine-tuned adapter")
    non_titles: Path = option(Path("training/non_titles"), "folder of fit.tsv and held_out.tsv")
    output: Path = option(Path("model_card/coder.json"), "the calibration that the coder loads")
    results: Path = option(Path("model_card/coder_metrics.json"), "the result file")
    review_below: float = option(0.5, "confidence below which a code is marked for review")
    review_gap: float = option(0.1, "lead over the second code below which it is marked")


def fit_coder(settings: CoderSettings) -> None:
    """Fit on validation, measure on test, write both.

    Raises:
        DataError: The dataset, or one of O*NET's files, is missing.
        SourceError: A model is missing or not the pinned one.
    """
    real = read_real_titles(Path(settings.onet), read_titles(settings.dataset))
    labelled = training_labelled(settings.dataset, real)
    codes = sorted(labelled.names)
    fitting = CodingTask.of_split(settings.dataset, real, "validation")
    test = CodingTask.of_split(settings.dataset, real, "test")
    non_titles = {
        part: read_non_titles(settings.non_titles / f"{part}.tsv") for part in ("fit", "held_out")
    }
    asked = [fitting.titles, test.titles, *([t for _, t in n] for n in non_titles.values())]
    encoders = {
        "finetuned": load_encoder("finetuned", adapter_in(settings.adapter)),
        "base": load_encoder("base"),
    }
    found: dict[str, list[Evidence]] = {}
    vectors: dict[str, list[np.ndarray]] = {}
    for name, encoder in encoders.items():
        print(f"evidence by the {name} model", flush=True)
        voters = Voters(encoder, labelled, _progress)
        classifiers = fit_classifiers(voters.vectors, labelled)
        pairs = [voters.evidence(titles, max(NEIGHBOURS), classifiers) for titles in asked]
        found[name], vectors[name] = zip(*pairs, strict=True)
    # What the second reading and the classifiers are worth.
    found["neighbours"] = [
        replace(one, readings=one.readings[:, :1], chances={}) for one in found["finetuned"]
    ]
    print("neighbours by TF-IDF", flush=True)
    found["tfidf"] = by_tfidf(labelled, asked[:2], max(NEIGHBOURS))

    fits = {name: fit_votes(own[0], fitting, codes) for name, own in found.items()}
    near, of = found["finetuned"], vectors["finetuned"]
    refusal = fit_refusal(
        [*asked[0], *asked[2]],
        np.concatenate([of[0], of[2]]),
        np.concatenate([near[0].support, near[2].support]),
        np.arange(len(asked[0]) + len(asked[2])) < len(asked[0]),
    )
    # What is shipped knows all titles, as the coder does; what is measured knew the training's.
    everything = labelled_titles(settings.dataset, Path(settings.onet))
    encoder = encoders["finetuned"]
    known = labelled_vectors(encoder, everything.texts, _progress)
    calibration = Calibration(
        encoder.digest,
        votes=fits["finetuned"],
        review_below=settings.review_below,
        review_gap=settings.review_gap,
        refusal=refusal,
        classifiers=fit_classifiers(known, everything),
    )
    calibration.write(settings.output)

    refused = refusal.refused(test.titles, of[1], near[1].support)
    none = np.zeros(len(test.titles), bool)
    refusing = ("finetuned", "neighbours")
    results = {
        name: outcomes(fits[name], own[1], test, codes, refused if name in refusing else none)
        for name, own in found.items()
    }
    held_out = asked[3]
    of_non_titles = refusal.refused(held_out, of[3], near[3].support)
    report = {
        "provenance": _provenance(settings, encoders, len(labelled.texts)),
        "settings": {
            name: {
                part: getattr(fit, part) for part in ("neighbours", "temperature", "classifiers")
            }
            for name, fit in fits.items()
        },
        "groups": {
            group: {"titles": int(chosen.sum())}
            | {
                name: figures(own, results["base"] if name != "base" else None, chosen)
                for name, own in results.items()
            }
            for group, chosen in test.groups.items()
        },
        "refusal": {
            "non_titles": refused_shares([k for k, _ in non_titles["held_out"]], of_non_titles),
            "titles": {
                group: round(float(refused[chosen].mean()), 4)
                for group, chosen in test.groups.items()
            },
        },
    }
    write_json(settings.results, report)
    for group, found in report["groups"].items():
        shown = {name: found[name]["top-1"] for name in results}
        error = found["finetuned"]["calibration error"]
        print(f"{group}: top-1 {shown}, calibration error {error}")
    print(f"refused: {report['refusal']}")


def _progress(done: int, total: int) -> None:
    print(f"\r{done:,} of {total:,} titles", end="\n" if done == total else "", flush=True)


def _provenance(
    settings: CoderSettings, encoders: dict[str, Encoder], labelled: int
) -> dict[str, Any]:
    return {
        "command": "python -m scripts.coder --onet ONET",
        "models": {name: encoder.digest for name, encoder in encoders.items()},
        "labelled_titles": labelled,
        "non_titles_sha256": {
            path.name: sha256_of(path) for path in sorted(settings.non_titles.glob("*.tsv"))
        },
        "interval": "95 %, paired bootstrap of 2,000 draws, clustered by occupation",
    }
