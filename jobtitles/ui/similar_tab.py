"""The tab that picks a title of the catalogue and shows its neighbours under both models."""

import gradio as gr

from jobtitles.ui.markup import escape, input_errors_shown, ranked_lists
from jobtitles.ui.search_tab import MOST_SHOWN, WHOLE_INFO, WHOLE_LABEL
from jobtitles.ui.warmup import Warmup

MOST_OFFERED = 8


def build_similar_tab(warmups: dict[str, Warmup], tuned: gr.Radio) -> None:
    """Add the tab's content to the page being built.

    Args:
        warmups: The page's long jobs for every fine-tuned model.
        tuned: The page's choice of one of them.
    """
    with gr.Row(equal_height=True, elem_classes="asking"):
        text = gr.Textbox(
            label="Find a title of the catalogue",
            placeholder="Type a part of it, such as: nurse pract",
            scale=6,
            html_attributes=gr.InputHTMLAttributes(autocomplete="off"),
        )
        k = gr.Number(10, label="Results", step=1, scale=1, min_width=90)
    whole = gr.Checkbox(label=WHOLE_LABEL, info=WHOLE_INFO)
    choice = gr.Radio([], label="Matching titles", visible=False, elem_id="matches")
    nothing = gr.Markdown(visible=False)
    results = gr.HTML(elem_id="similar-results")

    def find(
        text: str,
        row: int | None,
        whole: bool,
        tuned: str,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> tuple:
        engine = warmups[tuned].engine.result(progress)
        rows = engine.find(text, MOST_OFFERED, whole)
        choices = [
            (f"{engine.titles[row].text} — {engine.titles[row].onet_name}", row) for row in rows
        ]
        said = "No title of the catalogue has all these words." if text.strip() else ""
        return (
            gr.Radio(choices, value=row if row in rows else None, visible=bool(rows)),
            gr.Markdown(said, visible=not rows),
        )

    def show_similar(
        row: int | None,
        k: object,
        whole: bool,
        tuned: str,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> str:
        engine = warmups[tuned].searched(whole, progress)
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

    # Not text.input: it is silent where the first thing that happens to the box is a paste.
    text.change(
        find,
        [text, choice, whole, tuned],
        [choice, nothing],
        show_progress="minimal",
        trigger_mode="always_last",
        api_visibility="private",
    )
    shown = {"fn": show_similar, "inputs": [choice, k, whole, tuned], "outputs": results}
    gr.on([choice.input, k.submit, tuned.input], **shown, api_visibility="private")
    whole.input(
        find,
        [text, choice, whole, tuned],
        [choice, nothing],
        show_progress="hidden",
        api_visibility="private",
    ).then(**shown, api_visibility="private")
