"""The tab with the measured results: what fine-tuning changed, the coder, the public sets."""

import json
from pathlib import Path

import gradio as gr

from jobtitles.records import JITTER_KINDS
from jobtitles.results import (
    ABLATION,
    COMPARED,
    GROUPS,
    ablation_rows,
    headline_rows,
    kind_rows,
    real_rows,
)
from jobtitles.sources import ROOT
from jobtitles.ui.figures import compared_figure, reliability_figure

CARDS = ROOT / "model_card"
ABLATION_FILES = ROOT / "training" / "ablation"
CODED = {
    "messy, seen": "messy titles, occupations seen in training",
    "messy, unseen": "messy titles, occupations never seen",
    "O*NET, seen": "held-out O*NET titles, seen occupations",
    "O*NET, unseen": "held-out O*NET titles, occupations never seen",
}
METRICS = (
    "**Own seed**: the clean title that a messy one was written for. **MRR**: mean of 1 / rank of "
    "the right answer; 1 is always first. **hit@k**: share of titles with a right answer among the "
    "first k. **top-k**: share whose right occupation is among the first k. **MAP**: how near the "
    "top all right answers stand. **Interval**: 95 %, from a paired bootstrap over occupations; a "
    "difference whose interval holds 0 may be chance."
)


def build_results_tab(cards: Path = CARDS) -> None:
    """Add the tab's content to the page being built.

    Args:
        cards: Folder of the result files.
    """
    test = _read(cards / "finetuned" / "metrics.json")["splits"]["test"]
    rows = headline_rows(test)
    rows += [[f"O*NET's own titles, {label}", *cells] for label, *cells in real_rows(test)]
    rows += [[f"own seed, MRR: {label}", *cells] for label, *cells in kind_rows(test)]
    kinds = {kind: test["seed_retrieval"][kind]["mrr"] for kind in JITTER_KINDS}
    groups = {label: test["seed_retrieval"][name]["mrr"] for name, label in GROUPS.items()}
    coder = _read(cards / "coder_metrics.json")["groups"]
    gr.Markdown(
        "## What fine-tuning changed\nMessy test titles, which neither training nor any choice has "
        "seen: where does the model rank the clean title that they were written for? All figures "
        "are of the model that is shipped with this page."
    )
    gr.Plot(
        compared_figure(groups | kinds),
        label="MRR of the own clean title: base model and fine-tuned model",
        elem_id="results-kinds",
    )
    gr.Dataframe(
        rows,
        headers=["measured", *COMPARED[1:]],
        datatype="str",
        interactive=False,
        wrap=True,
        max_height=420,
        label="Figures of the test split",
        elem_id="results-figures",
    )
    gr.Markdown(METRICS, elem_classes="note")
    gr.Markdown(
        "## The title coder\nIts confidence against how often it was right, on test titles of "
        "occupations that training knew. Of an occupation that it never saw it knows the name "
        "only, and is too sure of itself."
    )
    gr.Plot(
        reliability_figure(
            {CODED[g]: coder[g]["finetuned"]["reliability"] for g in ("messy, seen", "O*NET, seen")}
        ),
        label="Share that was right, by confidence",
        elem_id="results-coder",
    )
    gr.Dataframe(
        _coded_rows(coder),
        headers=["titles", "right", "with the base model", "TF-IDF", "right among three"],
        datatype="str",
        interactive=False,
        wrap=True,
        max_height=420,
        label="Codes that were right",
        elem_id="results-codes",
    )
    public = sorted((cards / "public").glob("*.json"))
    if public:
        gr.Markdown("## Public sets\nMeasured with the finished model; nothing was chosen by them.")
        gr.Dataframe(
            [row for path in public for row in _public_rows(_read(path))],
            headers=["set", "model", "MAP", "MRR", "hit@1", "hit@10"],
            datatype="str",
            interactive=False,
            wrap=True,
            label="Public sets",
            elem_id="results-public",
        )
    trained = {path.stem: _read(path) for path in sorted(ABLATION_FILES.glob("*.json"))}
    if trained:
        gr.Markdown(
            "## Recipes that were tried\nTrained for a short while each; figures of validation."
        )
        base = _read(cards / "finetuned" / "training.json")["validation"]["base"]
        gr.Dataframe(
            ablation_rows(trained, base),
            headers=ABLATION,
            datatype="str",
            interactive=False,
            wrap=True,
            max_height=420,
            label="Recipes that were tried",
            elem_id="results-ablation",
        )
    with gr.Row():
        gr.DownloadButton("Download the figures", value=str(cards / "finetuned" / "metrics.json"))
        gr.DownloadButton("Download the coder's figures", value=str(cards / "coder_metrics.json"))


def _coded_rows(groups: dict) -> list[list[str]]:
    asked = CODED | {kind: f"messy, seen occupations: {kind}" for kind in JITTER_KINDS}
    shown = (("finetuned", "top-1"), ("base", "top-1"), ("tfidf", "top-1"), ("finetuned", "top-3"))
    return [
        [label, *(f"{100 * groups[group][system][metric]:.1f} %" for system, metric in shown)]
        for group, label in asked.items()
    ]


def _public_rows(found: dict) -> list[list[str]]:
    models = found["whole"]["models"]
    return [
        [found["set"], name] + [f"{own[m]:.3f}" for m in ("map", "mrr", "hit@1", "hit@10")]
        for name, own in models.items()
    ]


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
