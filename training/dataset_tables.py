"""The dataset card's blocks of figures: counts, the gate, the benchmark of LLMs."""

from collections.abc import Callable

from jobtitles.records import JITTER_KINDS, NEGATIVE_KINDS, SPLITS
from jobtitles.results import NOT_MEASURED, VALIDATION, mean_mrr, validation_figures
from training.model_tables import table


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
    rows += [
        [
            f"occupation titles: {style}",
            *(f"{stats['occupation_titles'][s][style]:,}" for s in SPLITS),
        ]
        for style in stats["occupation_titles"]["train"]
    ]
    total = (
        f"{stats['rows']:,} jittered titles of {stats['seeds']:,} seed titles under "
        f"{stats['occupations']:,} occupations; {stats['ambiguous_seeds']:,} seeds stand under "
        "two occupations."
    )
    return total + "\n\n" + table(["", *SPLITS], rows)


def _left_out(results: dict) -> str:
    left_out = results["stats"]["left_out"]
    meaning = {
        "repeats_another_seed": "jittered titles that are word for word another seed",
        "written_for_two_seeds": "jittered titles written for a second seed (the first keeps it)",
        "written_twice_for_seed": "jittered titles written twice for one seed",
        "evaluation_negative_in_training": "validation or test negatives that are training titles",
        "training_negative_in_evaluation": "training negatives that occur in validation or test",
        "occupation_title_known": "occupation titles that the jittered titles hold, in any role",
        "occupation_title_twice": "occupation titles written twice for the occupation",
        "occupation_title_mixed": "occupation titles of occupations of different splits",
        "occupation_title_near_held_out_seed": "occupation titles with all words of a seed of "
        "validation or test",
        "generated_of_other_seeds": "generated titles of seeds that are not in training",
        "generated_held_out": "generated titles that validation or test may hold",
        "generated_known": "generated titles that the dataset holds already",
    }
    return table(["left out", "count"], [[meaning[k], f"{n:,}"] for k, n in left_out.items()])


def _measured(value: float | None, form: str = ".3f") -> str:
    return NOT_MEASURED if value is None else format(value, form)


def _llm_titles(results: dict) -> str:
    """What every generator wrote for the same seeds, and its cost where requests were logged."""
    found = results["llm_benchmark"]
    columns = {
        "gate_share": "pass the gate",
        "distinct_share": "distinct",
        "novelty": "words not in the seed",
        "verbatim_share": "hold the seed verbatim",
        "diversity": "diversity",
        "seed_mrr": "own seed, base MRR",
    }
    service = {
        "parse_share": ("answers that parse", ".3f"),
        "latency_p50_s": ("seconds, median", ".1f"),
        "latency_p95_s": ("seconds, p95", ".1f"),
        "usd_per_1000_accepted": ("$ for 1,000 accepted", ".2f"),
    }
    rows = []
    for name, figures in found["generators"].items():
        requests = figures["service"] or {}
        rows.append(
            [name, f"{figures['titles']:,}", f"{figures['seeds']:,}"]
            + [_measured(figures.get(column)) for column in columns]
            + [_measured(requests.get(column), form) for column, (_, form) in service.items()]
        )
    header = [
        "generator",
        "titles",
        "seeds",
        *columns.values(),
        *(label for label, _ in service.values()),
    ]
    return f"Of {found['seeds']:,} seeds:\n\n{table(header, rows)}"


def _llm_worth(results: dict) -> str:
    """What the titles are worth: the same small fine-tuning on equally many."""
    found = results["llm_benchmark"]["worth"]
    rows = [["base model, untrained", *validation_figures(found["base"]), ""]]
    for name, worth in found["generators"].items():
        if worth is None:
            rows.append([name, *[NOT_MEASURED] * (len(VALIDATION) + 1)])
            continue
        selects = [mean_mrr(run) for run in worth["runs"]]
        spread = f"{min(selects):.3f} to {max(selects):.3f}"
        rows.append([name, *validation_figures(worth["mean"]), spread])
    header = ["trained on titles of", *VALIDATION, "range of the mean MRR"]
    return f"{found['titles']:,} titles of each.\n\n{table(header, rows)}"


def _gate(results: dict) -> str:
    """The gate on the recorded titles: by kind, what breaks a rule or is to be looked at."""
    gate = results["gate"]
    columns = {**gate["broken"], **gate["review"]}
    rows = [
        [kind.replace("_", " "), f"{count:,}"]
        + [f"{found.get(kind, 0):,}" for found in columns.values()]
        for kind, count in gate["titles"].items()
    ]
    total = ["all", f"{sum(gate['titles'].values()):,}"]
    total += [f"{sum(found.values()):,}" for found in columns.values()]
    return table(["kind", "titles", *columns], [*rows, total])


BLOCKS: dict[str, Callable[[dict], str]] = {
    "counts": _counts,
    "left_out": _left_out,
    "gate": _gate,
    "llm_titles": _llm_titles,
    "llm_worth": _llm_worth,
}
