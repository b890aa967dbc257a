"""The tab with the benchmark of LLMs that can write jittered titles."""

import json
from pathlib import Path

import gradio as gr

from jobtitles.results import NOT_MEASURED
from jobtitles.sources import DATASET_DIR
from jobtitles.ui.figures import shares_figure, worth_figure

RESULT = DATASET_DIR / "llm_benchmark.json"
# Column of the result -> its words on the page.
SHARES = {
    "gate_share": "pass the quality gate",
    "distinct_share": "distinct",
    "novelty": "words that the seed does not have",
    "verbatim_share": "hold the whole seed",
}
SERVICE = {
    "parse_share": "answers that parse",
    "latency_p50_s": "seconds, median",
    "latency_p95_s": "seconds, p95",
    "usd_per_1000_accepted": "$ per 1,000 accepted titles",
}


def build_llm_tab(result: Path = RESULT) -> None:
    """Add the tab's content to the page being built.

    Args:
        result: What scripts.llm_benchmark wrote.
    """
    found = json.loads(result.read_text(encoding="utf-8"))
    worth = found["worth"]
    means = {
        name: figures["mean"]["select"] for name, figures in worth["generators"].items() if figures
    }
    shares = {
        name: [figures[column] for column in SHARES]
        for name, figures in found["generators"].items()
        if figures["titles"]
    }
    gr.Markdown(
        f"Who writes the better messy titles? Every generator wrote for the same "
        f"{found['seeds']:,} clean titles. What the titles are worth: the base model, trained for "
        f"a few minutes on {worth['titles']:,} of each, ranks validation titles it has not seen."
    )
    with gr.Row():
        gr.Plot(
            worth_figure(worth["base"]["select"], means),
            label="Mean on validation after training",
            elem_id="llm-worth",
            min_width=320,
        )
        gr.Plot(
            shares_figure(list(SHARES.values()), shares),
            label="Share of the written titles",
            elem_id="llm-shares",
            min_width=320,
        )
    rows = []
    for name, figures in found["generators"].items():
        service = figures["service"] or {}
        rows.append(
            [
                name,
                f"{figures['titles']:,}",
                _shown(means.get(name)),
                _shown(figures.get("seed_mrr")),
            ]
            + [_shown(service.get(column)) for column in SERVICE]
        )
    gr.Dataframe(
        rows,
        headers=[
            "generator",
            "titles",
            "worth",
            "own seed found (base, MRR)",
            *SERVICE.values(),
        ],
        label="Figures",
        interactive=False,
        wrap=True,
        elem_id="llm-figures",
    )
    gr.Markdown(
        "Parsing, time and price are known only where the requests were logged. How it was "
        "measured stands in the dataset card.",
        elem_classes="note",
    )


def _shown(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"
