"""The tab that draws both models' embedding spaces as maps, side by side."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr

from jobtitles.ui.choice import Choice, Own
from jobtitles.ui.job import Report
from jobtitles.ui.map_figure import ALL_GROUPS, MAJOR_GROUPS, Marks, map_figure
from jobtitles.ui.markup import PICKING, escape, input_errors_shown
from jobtitles.ui.search_tab import GROUPS

if TYPE_CHECKING:
    from jobtitles.maps import Maps
    from jobtitles.records import Hit
    from jobtitles.search import SideBySide

INTRODUCTION = (
    "Each point is a title; t-SNE places titles with similar vectors close together. Axes and "
    "distances between groups mean nothing. Drawing takes up to a minute the first time, some "
    "minutes with all titles. Click a point for its neighbours."
)
NAMES = ("base", "finetuned")
NEAREST = 10
MOST_DRAWN = 60_000  # of 40,000 titles both maps are 9 MB to send: more is no longer a click
# gr.Plot has no click event: this one listens to the plots, which come and go, for them.
PLOT_PICKING = """new MutationObserver(() => {
    const maps = ":is(#map-base, #map-finetuned) .js-plotly-plot";
    for (const plot of document.querySelectorAll(maps)) {
        if (!plot.on || plot.picking) continue;
        plot.picking = true;
        plot.on("plotly_click", event => {
            const row = event.points[0].customdata;
            if (row !== undefined) trigger("click", {row});
        });
    }
}).observe(document.body, {childList: true, subtree: true});"""


def build_map_tab(choice: Choice, query: gr.Textbox, open_from: Callable[[gr.HTML], None]) -> None:
    """Add the tab's content to the page being built.

    Args:
        choice: The page's choice of model and catalogue.
        query: The query of the search tab, which is drawn as well.
        open_from: Makes the clicks on a component that names rows open the similar titles.
    """
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=True, elem_classes="asking"):
        group = gr.Dropdown(
            GROUPS, label="Highlight an occupation group", value=ALL_GROUPS, scale=2
        )
        placed = gr.Textbox(
            label="Place a title", placeholder="The one searched for, or another", scale=2
        )
        changed = gr.Checkbox(label="Mark what changed most", scale=1, min_width=160)
        button = gr.Button("Draw the maps", variant="primary", scale=1, min_width=140)
    with gr.Row():
        base = gr.Plot(label="Base model", elem_id="map-base", min_width=320)
        finetuned = gr.Plot(label="Fine-tuned model", elem_id="map-finetuned", min_width=320)
    picker = gr.HTML(js_on_load=PLOT_PICKING, elem_id="map-picker")
    said = gr.HTML(elem_id="map-purity")
    gr.HTML(_legend(), elem_id="map-legend")
    table = gr.HTML(elem_id="map-changed", js_on_load=PICKING)

    def draw(
        group: str,
        title: str,
        searched: str,
        mark: bool,
        tuned: str,
        catalogue: str,
        own: Own,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> list:
        engine, maps = drawn(tuned, catalogue, own, progress)
        wanted = title.strip() or searched.strip()
        with input_errors_shown():
            found = engine.search(wanted, NEAREST, catalogue == "whole") if wanted else {}
        titles = engine.titles[: maps.count]
        figures = [
            map_figure(
                maps.xy[name],
                titles,
                group,
                Marks(
                    wanted,
                    maps.place(name, found[name]) if found else None,
                    [hit.row for hit in found.get(name, ())],
                    maps.changed if mark else [],
                ),
            )
            for name in NAMES
        ]
        return [*figures, _sentence(maps, wanted, found), _changed(engine, maps)]

    def drawn(tuned: str, catalogue: str, own: Own, watch: Report) -> "tuple[SideBySide, Maps]":
        if catalogue != "own":
            warmup, whole = choice.warmups[tuned], catalogue == "whole"
            # Counted before the whole catalogue is encoded, which may take long.
            engine = warmup.engine.result(watch)
            if (count := engine.count(whole)) > MOST_DRAWN:
                said = f"{count:,} titles are too many for a map: {MOST_DRAWN:,} at most."
                raise gr.Error(said, print_exception=False)
            return engine, (warmup.whole_maps if whole else warmup.maps).result(watch)
        engine, _ = choice.engine(tuned, catalogue, own, watch)
        if own.maps is None:
            from jobtitles.maps import draw_maps

            report = lambda part, doing: watch(part, desc=doing)  # noqa: E731
            own.maps = draw_maps(engine, report, kept=False)
        return engine, own.maps

    outputs = [base, finetuned, said, table]
    drawing = gr.on(
        [button.click, group.input, placed.submit, changed.input],
        draw,
        [group, placed, query, changed, *choice.inputs],
        outputs,
        api_visibility="private",
        concurrency_limit=4,
        trigger_mode="always_last",
    )
    # The maps of another model take long: they are drawn when they are asked for.
    gr.on(
        [choice.tuned.input, *choice.changes],
        lambda: (None, None, "", ""),
        outputs=outputs,
        cancels=drawing,
        api_visibility="private",
    )
    open_from(picker)
    open_from(table)


def _sentence(maps: "Maps", wanted: str, found: "dict[str, list[Hit]]") -> str:
    parts = []
    if maps.purity:
        from jobtitles.projection import PURITY_NEIGHBOURS

        parts.append(
            f"Of a title's {PURITY_NEIGHBOURS} nearest in the map, {maps.purity['base']:.0%} are "
            f"of its own group with the base model and {maps.purity['finetuned']:.0%} with the "
            "fine-tuned one."
        )
    if found:
        parts.append(
            f"The star is <bdi>{escape(wanted)}</bdi>, amid its {len(found['base'])} nearest "
            "titles, ringed."
        )
    return f'<p role="status">{" ".join(parts)}</p>'


def _changed(engine: "SideBySide", maps: "Maps") -> str:
    """The titles whose neighbourhoods changed most, as a table."""
    codes = [title.onet_code for title in engine.titles[: maps.count]]
    kept, gained = maps.near.kept, maps.near.gained(codes)
    most = maps.near.base.shape[1]
    rows = "".join(
        f'<tr><td><button type="button" class="pick" data-row="{row}">'
        f"<bdi>{escape(engine.titles[row].text)}</bdi></button></td>"
        f"<td>{escape(engine.titles[row].onet_name)}</td>"
        f"<td>{kept[row]} of {most}</td>"
        f"<td>{f'{gained[row]:+d}' if codes[row] else ''}</td></tr>"
        for row in maps.changed
    )
    return (
        "<h3>Whose neighbourhood changed most</h3>"
        '<div class="wide"><table><thead><tr><th>title</th><th>occupation</th>'
        "<th>neighbours kept</th><th>of its own occupation</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _legend() -> str:
    items = (
        f'<li><span class="swatch" style="background: {colour}"></span>{escape(name)}</li>'
        for name, colour in MAJOR_GROUPS.values()
    )
    return f'<ul class="legend" aria-label="Colours of the occupation groups">{"".join(items)}</ul>'
