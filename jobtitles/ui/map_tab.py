"""The tab that draws both models' embedding spaces as maps, side by side."""

import gradio as gr

from jobtitles.ui.figures import ALL_GROUPS, MAJOR_GROUPS, map_figure
from jobtitles.ui.markup import escape
from jobtitles.ui.warmup import Warmup

INTRODUCTION = (
    "Each point is a title of the default catalogue; t-SNE places titles with similar vectors "
    "close together. Axes and distances between groups mean nothing. Drawing takes about a "
    "minute the first time."
)
NAMES = ("base", "finetuned")


def build_map_tab(warmups: dict[str, Warmup], tuned: gr.Radio) -> None:
    """Add the tab's content to the page being built.

    Args:
        warmups: The page's long jobs for every fine-tuned model.
        tuned: The page's choice of one of them.
    """
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=True, elem_classes="asking"):
        group = gr.Dropdown(
            [
                ("All groups", ALL_GROUPS),
                *((name, code) for code, (name, _) in MAJOR_GROUPS.items()),
            ],
            label="Highlight an occupation group",
            value=ALL_GROUPS,
            scale=3,
        )
        button = gr.Button("Draw the maps", variant="primary", scale=1, min_width=140)
    with gr.Row():
        base = gr.Plot(label="Base model", elem_id="map-base", min_width=320)
        finetuned = gr.Plot(label="Fine-tuned model", elem_id="map-finetuned", min_width=320)
    said = gr.HTML(elem_id="map-purity")
    gr.HTML(_legend(), elem_id="map-legend")

    def draw(group: str, tuned: str, progress=gr.Progress()) -> list:  # noqa: ANN001, B008
        engine = warmups[tuned].engine.result(progress)
        maps = warmups[tuned].maps.result(progress)
        from jobtitles.projection import PURITY_NEIGHBOURS, purity

        titles = engine.titles[: engine.default_count]
        groups = [title.onet_code[:2] for title in titles]
        shares = [f"{purity(maps[name], groups):.0%}" for name in NAMES]
        sentence = (
            f"Of a title's {PURITY_NEIGHBOURS} nearest in the map, {shares[0]} are of its own "
            f"group with the base model and {shares[1]} with the fine-tuned one."
        )
        figures = [map_figure(maps[name], titles, group) for name in NAMES]
        return [*figures, f'<p role="status">{sentence}</p>']

    gr.on(
        [button.click, group.input],
        draw,
        [group, tuned],
        [base, finetuned, said],
        api_visibility="private",
        concurrency_limit=4,
    )
    # The maps of another model take a minute: they are drawn when they are asked for.
    tuned.input(lambda: (None, None, ""), outputs=[base, finetuned, said], api_visibility="private")


def _legend() -> str:
    items = (
        f'<li><span class="swatch" style="background: {colour}"></span>{escape(name)}</li>'
        for name, colour in MAJOR_GROUPS.values()
    )
    return f'<ul class="legend" aria-label="Colours of the occupation groups">{"".join(items)}</ul>'
