"""The tab that picks a title of the catalogue and shows its neighbours under both models."""

from collections.abc import Callable

import gradio as gr

from jobtitles.query import checked_k
from jobtitles.records import OwnTitle, Title
from jobtitles.ui.choice import Choice, Own
from jobtitles.ui.markup import PICKING, escape, input_errors_shown, ranked_lists
from jobtitles.ui.search_tab import MOST_SHOWN

MOST_OFFERED = 8
FOCUS = "() => document.querySelector('#similar-results .lists-heading')?.focus()"


def build_similar_tab(choice: Choice, tabs: gr.Tabs) -> Callable[[gr.HTML], None]:
    """Add the tab's content to the page being built.

    Args:
        choice: The page's choice of model and catalogue.
        tabs: All tabs of the page.

    Returns:
        Makes the clicks on a component that names rows open this tab for the title of the row.
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
        own: Own,
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
        own: Own,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> str:
        if row is None:
            return ""
        engine, whole = choice.engine(tuned, catalogue, own, progress)
        with input_errors_shown():
            results = engine.similar(row, min(checked_k(k), MOST_SHOWN), whole)
        title = engine.titles[row]
        said = " ".join(filter(None, (title.onet_code, title.onet_name)))
        heading = f"Nearest to <bdi>{escape(title.text)}</bdi>" + (
            f", {escape(said)}" if said else ""
        )
        return ranked_lists(heading, results, title.onet_code)

    def open_similar(
        event: gr.EventData,
        k: object,
        tuned: str,
        catalogue: str,
        own: Own,
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
        concurrency_limit=None,
    )
    shown = {
        "fn": show_similar,
        "inputs": [matches, k, *choice.inputs],
        "outputs": results,
        "api_visibility": "private",
        "concurrency_limit": None,
    }
    gr.on([matches.input, k.submit], trigger_mode="always_last", **shown)
    choice.tuned_chosen(**shown)
    # A row is another title in another catalogue.
    gr.on(
        choice.changes,
        lambda: ("", gr.Radio([], value=None, visible=False), ""),
        outputs=[text, matches, results],
        api_visibility="private",
    )
    opening = {
        "fn": open_similar,
        "inputs": [k, *choice.inputs],
        "outputs": [tabs, text, matches, results],
        "api_visibility": "private",
        "concurrency_limit": None,
    }

    def open_from(picked: gr.HTML) -> None:
        # What was clicked is out of sight then: the keyboard goes on from the heading.
        picked.click(**opening).then(None, js=FOCUS, api_visibility="private")

    open_from(results)
    return open_from


def _label(title: Title | OwnTitle) -> str:
    return f"{title.text} — {title.onet_name}" if title.onet_name else title.text
