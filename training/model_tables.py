"""The model's blocks of figures: test split, recipe, speed, public sets, ablation."""

from collections.abc import Callable

from jobtitles.records import NEGATIVE_KINDS
from jobtitles.results import (
    ABLATION,
    COMPARED,
    GROUPS,
    VALIDATION,
    ablation_rows,
    compared,
    headline_rows,
    kind_rows,
    real_rows,
    validation_figures,
)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _share(value: float) -> str:
    return f"{value:.3f}"


def _headline(results: dict) -> str:
    return table(COMPARED, headline_rows(results["metrics"]["splits"]["test"]))


def _kinds(results: dict) -> str:
    return table(COMPARED, kind_rows(results["metrics"]["splits"]["test"]))


def _triplets(results: dict) -> str:
    test = results["metrics"]["splits"]["test"]["triplets"]
    labels = dict(zip(NEGATIVE_KINDS, ("lookalike", "near miss", "messy near miss"), strict=True))
    header = [*COMPARED[:-1], "triplets"]
    return table(header, [compared(labels[k], test[k]["accuracy"]) for k in NEGATIVE_KINDS])


def _real(results: dict) -> str:
    rows = real_rows(results["metrics"]["splits"]["test"])
    if not rows:
        return "Not measured: O*NET's files were not at hand when the model was evaluated."
    return table(COMPARED, rows)


def _triplet_model(results: dict) -> str:
    test = results["triplet"]["splits"]["test"]
    rows = [
        compared(f"own seed, MRR: {label}", test["seed_retrieval"][group]["mrr"])
        for group, label in GROUPS.items()
    ]
    for group, label in GROUPS.items():
        figure = test["occupation_retrieval"][group]["top-1"]
        rows.append(compared(f"O*NET code without the own seed, top-1: {label}", figure))
    rows.append(compared("triplets, all negatives", test["triplets"]["overall"]["accuracy"]))
    return table(COMPARED, rows)


def _worse(results: dict) -> str:
    """Every figure of the test split whose interval lies wholly below zero."""
    found = []
    for task, groups in results["metrics"]["splits"]["test"].items():
        for group, metrics in groups.items():
            for metric, figure in metrics.items():
                if figure["high"] < 0:
                    label = f"{task.replace('_', ' ')}, {group}, {metric}"
                    found.append(compared(label, figure))
    if not found:
        return "No figure of the test split got worse by more than its interval."
    return table(COMPARED, found)


def _settings(recipe: dict, without: dict | None = None) -> str:
    """The settings of a recipe; those of another one are left out."""
    return ", ".join(
        f"`{name}` {value}"
        for name, value in recipe.items()
        if not name.endswith("sha256") and name != "souped_with"
        if without is None or without.get(name) != value
    )


def _recipe(results: dict) -> str:
    training = results["metrics"]["provenance"]["training"]
    before, after = training["validation"]["base"], training["validation"]["finetuned"]
    recipe = training["recipe"]
    settings = f"Settings: {_settings(recipe)}."
    if recipe.get("souped_with"):
        settings = (
            f"The mean of the weights of two trainings. First: {_settings(recipe)}. Second, what "
            f"differs: {_settings(recipe['souped_with'], recipe)}."
        )
    names = {"seed_seen": "MRR, seeds of seen occupations", "seed_unseen": "MRR, of unseen ones"}
    names["real_held_out"] = "MRR, held-out O*NET titles"
    names["real_unseen"] = "MRR, of unseen occupations"
    names["alike_unseen"] = "MAP of titles alike, of unseen occupations"
    rows = [[names[n], _share(before[n]), _share(after[n])] for n in names if n in after]
    return (
        f"{training['rows']:,} triplets, {training['steps']:,} steps, "
        f"{training['minutes']:.0f} minutes on the CPU. {settings}\n\n"
        + table(["on validation", "base", "fine-tuned"], rows)
    )


def _reproduced(results: dict) -> str:
    """The recipe trained once more: how long it took, and how far its figures are from these."""
    splits = results["metrics"]["splits"]
    again = results["reproduced"]
    training = again["provenance"]["training"]
    within = [
        shipped["low"]
        <= again["splits"][split][task][group][metric]["difference"]
        <= shipped["high"]
        for split, tasks in splits.items()
        for task, groups in tasks.items()
        for group, metrics in groups.items()
        for metric, shipped in metrics.items()
    ]
    mrr = [own["test"]["seed_retrieval"]["overall"]["mrr"] for own in (splits, again["splits"])]
    return (
        f"Trained once more with packed lines, on {training['threads']} cores: "
        f"{training['minutes']:.0f} minutes. Its MRR of seeds on the test split is "
        f"{_share(mrr[1]['finetuned'])} (shipped: {_share(mrr[0]['finetuned'])}); {sum(within)} of "
        f"its {len(within)} gains over the base model lie within the shipped model's intervals."
    )


def _dimensions(results: dict) -> str:
    test = results["metrics"]["splits"]["test"]
    whole = test["seed_retrieval"]["overall"]["mrr"]
    rows = [compared("384, all of them", whole)]
    rows += [
        compared(dimensions, figures["mrr"])
        for dimensions, figures in test["dimensions"].items()
        if dimensions != "384"
    ]
    return table(["first dimensions", *COMPARED[1:]], rows)


def _throughput(results: dict) -> str:
    figures = results["throughput"]
    rate, batch = figures["titles_a_second"], figures["batch_size"]
    kind = "bfloat16" if figures["bf16"] else "float32"
    return (
        f"On {figures['threads']} cores the recipe trains {rate['recipe']:.0f} titles a second "
        f"({kind}, batches of {batch['recipe']}), SentenceTransformerTrainer with its defaults "
        f"and in-batch negatives {rate['defaults']:.0f} (float32, batches of "
        f"{batch['defaults']}) on the same rows in the same run: {figures['ratio']:.1f} times."
    )


def _public(results: dict) -> str:
    if not results["public"]:
        return "Not measured yet."
    parts = []
    for name, result in results["public"].items():
        for key, label in (
            ("whole", "whole"),
            ("without_training_titles", "without queries and documents known from training"),
        ):
            figures = result[key]
            header = f"{name}, {label}: {figures['queries']:,} queries, "
            parts.append(f"**{header}{figures['documents']:,} documents**")
            if figures["queries"]:
                parts.append(_public_table(figures))
    return "\n\n".join(parts)


def _public_first(results: dict) -> str:
    """What the model shipped first reached, before the recipe was changed."""
    parts = []
    for name, result in results["public_first"].items():
        figures = result["whole"]
        parts += [f"**{name}**", _public_table(figures)]
    return "\n\n".join(parts)


def _public_table(figures: dict) -> str:
    metrics = list(next(iter(figures["models"].values())))
    rows = []
    for model, values in figures["models"].items():
        row = [model]
        for metric in metrics:
            against = figures["against_first"].get(model, {}).get(metric)
            interval = f" ({against['low']:+.3f} to {against['high']:+.3f})" if against else ""
            row.append(_share(values[metric]) + interval)
        rows.append(row)
    return table(
        ["(difference from base)", *(m.upper() if "@" not in m else m for m in metrics)], rows
    )


def _ablation(results: dict) -> str:
    """Every trained recipe: what differs from the reference, and how it did on validation."""
    base = results["metrics"]["provenance"]["training"]["validation"]["base"]
    rows = ablation_rows(results["ablation"], base)
    reference = results["ablation"]["reference"]["recipe"]
    shown = ", ".join(f"{k}={v}" for k, v in reference.items() if not k.endswith("sha256"))
    return f"Reference: {shown}.\n\n{table(ABLATION, rows)}"


def _full_length(results: dict) -> str:
    """Trainings as long as the shipped one: before and after the factoring into an adapter."""
    shipped = results["metrics"]["provenance"]["training"]
    again = results["reproduced"]["provenance"]["training"]
    runs = {"shipped": shipped, "shipped, again": again, **results["full_length"]}
    rows = []
    for name, run in runs.items():
        for stage, label in (("trained", "all weights"), ("finetuned", "adapter")):
            figures = validation_figures(run["validation"][stage])
            mean = _share(run["validation"][stage]["select"])
            rows.append([name, label, *figures, mean, f"{run['minutes']:.0f}"])
    return table(["recipe", "", *VALIDATION, "mean of all", "minutes"], rows)


def _model_index(results: dict) -> str:
    """The front matter by which the Hub shows results (YAML, two levels deep)."""
    test = results["metrics"]["splits"]["test"]
    tasks = [("jittered job titles, own seed", test["seed_retrieval"]["overall"])]
    tasks.append(("jittered job titles, O*NET code", test["occupation_retrieval"]["overall"]))
    for group, figures in test.get("real_titles", {}).items():
        tasks.append((f"O*NET alternate titles, {group.replace('_', ' ')}", figures))
    for name, result in results["public"].items():
        figures = result["whole"]["models"]["finetuned"]
        tasks.append((name, {metric: {"finetuned": value} for metric, value in figures.items()}))
    lines = ["model-index:", "- name: Job-title MiniLM", "  results:"]
    for name, figures in tasks:
        lines += [
            "  - task:",
            "      type: text-retrieval",
            "    dataset:",
            f"      name: {name}",
            f"      type: {name.lower().replace(' ', '-').replace(',', '').replace('*', '')}",
            "      split: test",
            "    metrics:",
        ]
        for metric, figure in figures.items():
            lines += [f"    - type: {metric}", f"      value: {figure['finetuned']:.4f}"]
    return "\n".join(lines)


BLOCKS: dict[str, Callable[[dict], str]] = {
    "headline": _headline,
    "kinds": _kinds,
    "triplets": _triplets,
    "real": _real,
    "triplet_model": _triplet_model,
    "worse": _worse,
    "recipe": _recipe,
    "reproduced": _reproduced,
    "dimensions": _dimensions,
    "throughput": _throughput,
    "public": _public,
    "public_first": _public_first,
    "ablation": _ablation,
    "full_length": _full_length,
    "model_index": _model_index,
}
