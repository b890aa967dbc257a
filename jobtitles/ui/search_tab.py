"""The tab that searches one title with both models and shows the two lists side by side."""

import time
from typing import Any

import gradio as gr

from jobtitles.ui.markup import escape, input_errors_shown, ranked_lists
from jobtitles.ui.warmup import Warmup

EXAMPLES = [
    "SWE II - Payments (Go) | hybrid",
    "RN, nights, med-surg, $8k sign-on",
    "Sr Acct Mgr (SaaS) - DACH",
    "forklift op 2nd shift",
    "Chief happiness officer",
]
# More would be a slow page; the API gives any number.
MOST_SHOWN = 100
WHOLE_LABEL = "Whole catalogue"
WHOLE_INFO = "Adds the titles written for training and validation. The first use takes minutes."
# The address of the page names what was searched, so that it can be sent on.
LINKED = """query => {
    const link = new URL(window.location);
    query ? link.searchParams.set("q", query) : link.searchParams.delete("q");
    window.history.replaceState(null, "", link);
}"""
NOTE = (
    "Scores are cosine similarities. The fine-tuned list is marked with the places each title "
    "moved against the base list. *Seen in training*: the fine-tuned model learned from this "
    "very title."
)


def build_search_tab(
    warmups: dict[str, Warmup], tuned: gr.Radio
) -> tuple[gr.Textbox, dict[str, Any]]:
    """Add the tab's content to the page being built.

    Args:
        warmups: The page's long jobs for every fine-tuned model.
        tuned: The page's choice of one of them.

    Returns:
        The box for the query, and the arguments of an event that searches what is in it, if
        anything is.
    """
    with gr.Row(equal_height=True, elem_classes="asking"):
        query = gr.Textbox(
            label="Job title",
            placeholder="A job title, as people write it",
            autofocus=True,
            scale=6,
            html_attributes=gr.InputHTMLAttributes(enterkeyhint="search", autocomplete="off"),
        )
        k = gr.Number(10, label="Results", step=1, scale=1, min_width=90)
        button = gr.Button("Search", variant="primary", scale=1, min_width=110)
    whole = gr.Checkbox(label=WHOLE_LABEL, info=WHOLE_INFO)
    examples = gr.Examples(EXAMPLES, query, label="Examples", api_visibility="private")
    results = gr.HTML(elem_id="search-results")
    gr.Markdown(NOTE, elem_classes="note")

    def show(query: object, k: object, whole: bool, tuned: str, progress=gr.Progress()) -> str:  # noqa: ANN001, B008
        engine = warmups[tuned].searched(whole, progress)
        from jobtitles.search import checked_k, checked_query

        with input_errors_shown():
            heading = f"Nearest to <bdi>{escape(checked_query(query))}</bdi>"
            k = checked_k(k)
            if k > MOST_SHOWN:
                heading += f" (the first {MOST_SHOWN}; the API gives more)"
            started = time.perf_counter()
            results = engine.search(query, min(k, MOST_SHOWN), whole)
        return ranked_lists(heading, results, seconds=time.perf_counter() - started)

    def again(query: str, k: object, whole: bool, tuned: str, progress=gr.Progress()) -> str:  # noqa: ANN001, B008
        return show(query, k, whole, tuned, progress) if query.strip() else ""

    for listen, answer in (
        (query.submit, show),
        (k.submit, show),
        (button.click, show),
        (examples.load_input_event.then, show),
        (tuned.input, again),
    ):
        event = {
            "fn": answer,
            "inputs": [query, k, whole, tuned],
            "outputs": results,
            "api_visibility": "private",
            "concurrency_id": "encode",
            "concurrency_limit": 2,
        }
        listen(**event).then(None, query, js=LINKED, api_visibility="private")
    return query, event
