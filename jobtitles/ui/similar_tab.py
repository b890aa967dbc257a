"""The tab that picks a title of the catalogue and shows its neighbours under both models."""

from typing import Any

import gradio as gr

from jobtitles.ui.choice import Choice, Own
from jobtitles.ui.markup import PICKING, escape, input_errors_shown, ranked_lists
from jobtitles.ui.search_tab import MOST_SHOWN

MOST_OFFERED = 8


def build_similar_tab(choice: Choice, tabs: gr.Tabs) -> dict[str, Any]:
    """Add the tab's content to the page being built.

    Args:
        choice: The page's choice of model and catalogue.
        tabs: All tabs of the page.

    Returns:
        The arguments of a click event that names a row: it opens the tab for that title.
    """
    with gr.Row(equal_height=True, elem_classes="asking"):
        text = gr.Textbox(
            label="Find a title of the catalogue",
            placeholder="Type a part of it, such as: nurse pract",
            scale=6,
            html_attributes=gr.InputHTMLAttributes(autocomplete="off"),
        )
        k = gr.Number(10, label="Results", step=1, scale=1, min_width=90)
    matches = gr.Radio([], label="Matching titles", visible=False, elem_id="matches")
    nothing = gr.Markdown(visible=False)
    results = gr.HTML(elem_id="similar-results", js_on_load=PICKING)

    def find(
        text: str,
        row: int | None,
        tuned: str,
        catalogue: str,
        own: Own | None,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> tuple:
        engine, whole = choice.engine(tuned, catalogue, own, progress)
        rows = engine.find(text, MOST_OFFERED, whole)
        # One that was chosen elsewhere stays the chosen one, however many have its words.
        if row is not None and row not in rows and engine.titles[row].text == text:
            rows = [row, *rows[:-1]]
        said = "No title of the catalogue has all these words." if text.strip() else ""
        return (
            gr.Radio(
                [(_label(engine.titles[r]), r) for r in rows],
                value=row if row in rows else None,
                visible=bool(rows),
            ),
            gr.Markdown(said, visible=not rows),
        )

    def show_similar(
        row: int | None,
        k: object,
        tuned: str,
        catalogue: str,
        own: Own | None,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> str:
        engine, whole = choice.engine(tuned, catalogue, own, progress)
        if row is None:
            return ""
        from jobtitles.search import checked_k

        with input_errors_shown():
            results = engine.similar(row, min(checked_k(k), MOST_SHOWN), whole)
        title = engine.titles[row]
        return ranked_lists(
            f"Nearest to <bdi>{escape(title.text)}</bdi>, "
            f"{escape(title.onet_code)} {escape(title.onet_name)}",
            results,
            title.onet_code,
        )

    def open_similar(
        event: gr.EventData,
        k: object,
        tuned: str,
        catalogue: str,
        own: Own | None,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> tuple:
        row = event.row
        lists = show_similar(row, k, tuned, catalogue, own, progress)
        engine, _ = choice.engine(tuned, catalogue, own)
        title = engine.titles[row]
        return (
            gr.Tabs(selected="similar"),
            title.text,
            gr.Radio([(_label(title), row)], value=row, visible=True),
            lists,
        )

    # Not text.input: it is silent where the first thing that happens to the box is a paste.
    text.change(
        find,
        [text, matches, *choice.inputs],
        [matches, nothing],
        show_progress="minimal",
        trigger_mode="always_last",
        api_visibility="private",
    )
    shown = {
        "fn": show_similar,
        "inputs": [matches, k, *choice.inputs],
        "outputs": results,
        "api_visibility": "private",
    }
    gr.on([matches.input, k.submit, choice.tuned.input], **shown)
    # A row is another title in another catalogue.
    choice.catalogue.change(
        lambda: ("", gr.Radio([], value=None, visible=False), ""),
        outputs=[text, matches, results],
        api_visibility="private",
    )
    opening = {
        "fn": open_similar,
        "inputs": [k, *choice.inputs],
        "outputs": [tabs, text, matches, results],
        "api_visibility": "private",
    }
    results.click(**opening)
    return opening


def _label(title) -> str:  # noqa: ANN001 (Title or OwnTitle)
    return f"{title.text} — {title.onet_name}" if title.onet_name else title.text
