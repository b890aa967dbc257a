"""Rows of figures as the page's tables and the cards show them, from the result files."""

from typing import Any

from jobtitles.records import JITTER_KINDS

COMPARED = ["", "base", "fine-tuned", "difference", "95 % interval", "titles"]
GROUPS = {
    "overall": "all test titles",
    "seen": "occupations seen in training",
    "unseen": "occupations never seen",
}
NOT_MEASURED = "not measured"
# Mean reciprocal ranks on validation by their names in a result file.
MRRS = {
    "seed_seen": "seeds",
    "seed_unseen": "seeds, unseen",
    "real_held_out": "O*NET titles",
    "real_unseen": "O*NET titles, unseen",
}
VALIDATION = ["mean MRR", *MRRS.values(), "MAP, unseen"]
ABLATION = ["recipe", "differs from the reference in", *VALIDATION, "minutes", "cores", "GiB"]
REAL_GROUPS = {"held_out": GROUPS["seen"], "unseen": GROUPS["unseen"]}


def compared(label: str, figure: dict[str, Any]) -> list[str]:
    """A row under `COMPARED` of a figure of both models with its paired interval."""
    return [
        label,
        f"{figure['base']:.3f}",
        f"{figure['finetuned']:.3f}",
        f"{figure['difference']:+.3f}",
        f"{figure['low']:+.3f} to {figure['high']:+.3f}",
        f"{figure['queries']:,}",
    ]


def headline_rows(test: dict[str, Any]) -> list[list[str]]:
    """What fine-tuning changed on messy test titles.

    Args:
        test: The test split's figures of a metrics.json.
    """
    rows = []
    for group, label in GROUPS.items():
        for metric, name in (("mrr", "MRR"), ("hit@1", "hit@1"), ("hit@10", "hit@10")):
            figure = test["seed_retrieval"][group][metric]
            rows.append(compared(f"own seed, {name}: {label}", figure))
    for group, label in GROUPS.items():
        for metric in ("top-1", "top-3"):
            figure = test["occupation_retrieval"][group][metric]
            rows.append(compared(f"O*NET code without the own seed, {metric}: {label}", figure))
    return rows


def kind_rows(test: dict[str, Any]) -> list[list[str]]:
    """MRR of the own seed by jitter kind, as `headline_rows`."""
    return [compared(kind, test["seed_retrieval"][kind]["mrr"]) for kind in JITTER_KINDS]


def real_rows(test: dict[str, Any]) -> list[list[str]]:
    """How O*NET's own held-out titles are found, as `headline_rows`; none if not measured."""
    if "real_titles" not in test:
        return []
    rows = [
        compared(f"{metric}: {label}", test["real_titles"][group][metric])
        for group, label in REAL_GROUPS.items()
        for metric in ("mrr", "top-1", "top-3")
    ]
    alike = test["real_titles_alike"]["unseen"]["map"]
    return [*rows, compared("MAP of the other titles of the occupation: never seen", alike)]


def mean_mrr(figures: dict[str, float]) -> float:
    """Mean of the MRRs alone, which every result file has: some are older than the MAP."""
    found = [figures[name] for name in MRRS if name in figures]
    return sum(found) / len(found)


def validation_figures(figures: dict[str, float]) -> list[str]:
    """The cells under `VALIDATION`; what a result file lacks is not measured."""
    values = [mean_mrr(figures), *(figures.get(name) for name in (*MRRS, "alike_unseen"))]
    return [NOT_MEASURED if value is None else f"{value:.3f}" for value in values]


def ablation_rows(trained: dict[str, Any], base: dict[str, float]) -> list[list[str]]:
    """Rows under `ABLATION`: the untrained base model, then the trained recipes, best first.

    Args:
        trained: Name -> result file of a recipe, "reference" among them.
        base: Validation figures of the base model.
    """
    reference = trained["reference"]["recipe"]
    rows = [["base model, untrained", "", *validation_figures(base), "", "", ""]]
    for name, row in sorted(trained.items(), key=lambda item: -mean_mrr(item[1]["validation"])):
        changed = ", ".join(
            f"{key}={value}"
            for key, value in row["recipe"].items()
            if not key.endswith("sha256") and reference.get(key) != value
        )
        figures = validation_figures(row["validation"])
        cost = [f"{row['minutes']:.0f}", str(row["threads"]), f"{row['peak_gib']:.1f}"]
        rows.append([name, changed, *figures, *cost])
    return rows
