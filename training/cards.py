"""Figures in README.md and both cards, rendered from the result files between markers.

The only module that formats numbers for documents. A block stands between
`<!-- figures: NAME -->` and `<!-- /figures -->`; the text around it is written by hand.

Run: python -m scripts.4_cards
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jobtitles.errors import DataError
from jobtitles.files import write_atomically
from jobtitles.records import JITTER_KINDS, NEGATIVE_KINDS
from training.splits import SPLITS

DOCUMENTS = (Path("README.md"), Path("dataset_card/README.md"), Path("model_card/README.md"))
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)


@dataclass(frozen=True)
class CardSettings:
    """Where the result files and the documents are."""

    root: Path = field(default=Path(), metadata={"help": "root of the repository"})


def write_cards(settings: CardSettings) -> None:
    """Render every block of every document anew.

    Raises:
        DataError: A result file is missing, or a document names a block that does not exist.
    """
    for document in DOCUMENTS:
        path = settings.root / document
        text = rendered(path.read_text(encoding="utf-8"), settings.root)
        write_atomically(path, lambda temporary, text=text: temporary.write_text(text, "utf-8"))
        print(path)


def rendered(document: str, root: Path) -> str:
    """The document with its blocks rendered from the result files under `root`."""
    results = {
        "stats": _read(root / "dataset_card" / "stats.json"),
        "metrics": _read(root / "model_card" / "metrics.json"),
        "triplet": _read(root / "model_card" / "triplet" / "metrics.json"),
    }

    def block(match: re.Match) -> str:
        opening, name, closing = match.groups()
        if name not in BLOCKS:
            raise DataError(f"no figures {name!r}: choose one of {', '.join(BLOCKS)}.")
        return f"{opening}\n{BLOCKS[name](results)}\n\n{closing}"

    return BLOCK.sub(block, document)


def _read(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"{path} is missing: run the stage that writes it.")
    return json.loads(path.read_text(encoding="utf-8"))


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _share(value: float) -> str:
    return f"{value:.3f}"


def _compared(label: str, figure: dict) -> list[str]:
    interval = f"{figure['low']:+.3f} to {figure['high']:+.3f}"
    return [
        label,
        _share(figure["base"]),
        _share(figure["finetuned"]),
        f"{figure['difference']:+.3f}",
        interval,
        f"{figure['queries']:,}",
    ]


COMPARED = ["", "base", "fine-tuned", "difference", "95 % interval", "titles"]
GROUPS = {
    "overall": "all test titles",
    "seen": "occupations seen in training",
    "unseen": "occupations never seen",
}


def _headline(results: dict) -> str:
    test = results["metrics"]["splits"]["test"]
    rows = []
    for group, label in GROUPS.items():
        for metric, name in (("mrr", "MRR"), ("hit@1", "hit@1"), ("hit@10", "hit@10")):
            rows.append(
                _compared(f"own seed, {name}: {label}", test["seed_retrieval"][group][metric])
            )
    for group, label in GROUPS.items():
        for metric in ("top-1", "top-3"):
            rows.append(
                _compared(
                    f"O*NET code without the own seed, {metric}: {label}",
                    test["occupation_retrieval"][group][metric],
                )
            )
    return _table(COMPARED, rows)


def _kinds(results: dict) -> str:
    test = results["metrics"]["splits"]["test"]["seed_retrieval"]
    return _table(COMPARED, [_compared(kind, test[kind]["mrr"]) for kind in JITTER_KINDS])


def _triplets(results: dict) -> str:
    test = results["metrics"]["splits"]["test"]["triplets"]
    labels = dict(zip(NEGATIVE_KINDS, ("lookalike", "near miss", "messy near miss"), strict=True))
    header = [*COMPARED[:-1], "triplets"]
    return _table(header, [_compared(labels[k], test[k]["accuracy"]) for k in NEGATIVE_KINDS])


def _real(results: dict) -> str:
    real = results["metrics"]["splits"]["test"].get("real_titles")
    if real is None:
        return "Not measured: O*NET's files were not at hand when the model was evaluated."
    labels = {"held_out": "occupations seen in training", "unseen": "occupations never seen"}
    rows = [
        _compared(f"{metric}: {label}", real[group][metric])
        for group, label in labels.items()
        for metric in ("mrr", "top-1", "top-3")
    ]
    return _table(COMPARED, rows)


def _triplet_model(results: dict) -> str:
    test = results["triplet"]["splits"]["test"]
    rows = [
        _compared(f"own seed, MRR: {label}", test["seed_retrieval"][group]["mrr"])
        for group, label in GROUPS.items()
    ]
    for group, label in GROUPS.items():
        figure = test["occupation_retrieval"][group]["top-1"]
        rows.append(_compared(f"O*NET code without the own seed, top-1: {label}", figure))
    rows.append(_compared("triplets, all negatives", test["triplets"]["overall"]["accuracy"]))
    return _table(COMPARED, rows)


def _worse(results: dict) -> str:
    """Every figure of the test split whose interval lies wholly below zero."""
    found = []
    for task, groups in results["metrics"]["splits"]["test"].items():
        for group, metrics in groups.items():
            for metric, figure in metrics.items():
                if figure["high"] < 0:
                    label = f"{task.replace('_', ' ')}, {group}, {metric}"
                    found.append(_compared(label, figure))
    if not found:
        return "No figure of the test split got worse by more than its interval."
    return _table(COMPARED, found)


def _recipe(results: dict) -> str:
    training = results["metrics"]["provenance"]["training"]
    before, after = training["validation"]["base"], training["validation"]["finetuned"]
    settings = ", ".join(
        f"`{name}` {value}"
        for name, value in training["recipe"].items()
        if not name.endswith("sha256")
    )
    names = {"seed_seen": "seeds of seen occupations", "seed_unseen": "of unseen ones"}
    names |= {"real_held_out": "held-out O*NET titles", "real_unseen": "of unseen occupations"}
    rows = [[names[n], _share(before[n]), _share(after[n])] for n in names if n in after]
    return (
        f"{training['rows']:,} triplets, {training['steps']:,} steps, "
        f"{training['minutes']:.0f} minutes on the CPU. Settings: {settings}.\n\n"
        + _table(["validation MRR", "base", "fine-tuned"], rows)
    )


def _counts(results: dict) -> str:
    stats = results["stats"]
    splits = stats["splits"]
    rows = [
        [label, *(f"{splits[split][key]:,}" for split in SPLITS)]
        for label, key in (
            ("rows (jittered titles)", "rows"),
            ("seed titles", "seeds"),
            ("occupations", "occupations"),
            ("of these never in training", "unseen_occupations"),
            ("rows of such occupations", "rows_of_unseen_occupations"),
        )
    ]
    rows += [
        [kind, *(f"{splits[split]['jitter_kinds'][kind]:,}" for split in SPLITS)]
        for kind in JITTER_KINDS
    ]
    rows += [
        [f"hard negatives: {kind.replace('_', ' ')}"]
        + [f"{splits[split]['hard_negatives'][kind]:,}" for split in SPLITS]
        for kind in NEGATIVE_KINDS
    ]
    total = (
        f"{stats['rows']:,} jittered titles of {stats['seeds']:,} seed titles under "
        f"{stats['occupations']:,} occupations; {stats['ambiguous_seeds']:,} seeds stand under "
        "two occupations."
    )
    return total + "\n\n" + _table(["", *SPLITS], rows)


def _left_out(results: dict) -> str:
    left_out = results["stats"]["left_out"]
    meaning = {
        "repeats_another_seed": "jittered titles that are word for word another seed",
        "written_for_two_seeds": "jittered titles written for a second seed (the first keeps it)",
        "written_twice_for_seed": "jittered titles written twice for one seed",
        "evaluation_negative_in_training": "validation or test negatives that are training titles",
        "training_negative_in_evaluation": "training negatives that occur in validation or test",
    }
    return _table(["left out", "count"], [[meaning[k], f"{n:,}"] for k, n in left_out.items()])


BLOCKS: dict[str, Callable[[dict], str]] = {
    "headline": _headline,
    "kinds": _kinds,
    "triplets": _triplets,
    "real": _real,
    "triplet_model": _triplet_model,
    "worse": _worse,
    "recipe": _recipe,
    "counts": _counts,
    "left_out": _left_out,
}
