"""The tab that searches one title with both models and shows the two lists side by side."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from jobtitles.query import checked_k, checked_query
from jobtitles.records import JITTER_KINDS, SEED_KIND, OwnTitle, Title
from jobtitles.ui.choice import Choice, Own
from jobtitles.ui.map_figure import ALL_GROUPS, MAJOR_GROUPS
from jobtitles.ui.markup import PICKING, SAVING, escape, input_errors_shown, ranked_lists
from jobtitles.ui.warmup import ENCODING

if TYPE_CHECKING:
    from jobtitles.search import Wanted

EXAMPLES = [
    "SWE II - Payments (Go) | hybrid",
    "RN, nights, med-surg, $8k sign-on",
    "Sr Acct Mgr (SaaS) - DACH",
    "forklift op 2nd shift",
    "Chief happiness officer",
]
# More would be a slow page; the API gives any number.
MOST_SHOWN = 100
GROUPS = [("All groups", ALL_GROUPS), *((n, code) for code, (n, _) in MAJOR_GROUPS.items())]
ALL_KINDS = "all"
KINDS = [("All kinds", ALL_KINDS), ("clean titles", SEED_KIND), *((k, k) for k in JITTER_KINDS)]
# The address of the page names what was searched, so that it can be sent on.
LINKED = """query => {
    const link = new URL(window.location);
    query ? link.searchParams.set("q", query) : link.searchParams.delete("q");
    window.history.replaceState(null, "", link);
}"""
NOTE = (
    "Scores are cosine similarities. The fine-tuned list is marked with the places each title "
    "moved against the base list. *Seen in training*: the fine-tuned model learned from this "
    "very title. Choose a title to see its neighbours."
)


def build_search_tab(choice: Choice) -> tuple[gr.Textbox, gr.HTML, dict[str, Any]]:
    """Add the tab's content to the page being built.

    Args:
        choice: The page's choice of model and catalogue.

    Returns:
        The box for the query; the results, whose click event names the row of a chosen title;
        and the arguments of an event that searches what is in the box, if anything is.
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
    with gr.Accordion("Show only", open=False), gr.Row():
        group = gr.Dropdown(GROUPS, value=ALL_GROUPS, label="Occupation group", min_width=160)
        kind = gr.Dropdown(KINDS, value=ALL_KINDS, label="Kind of title", min_width=160)
    examples = gr.Examples(EXAMPLES, query, label="Examples", api_visibility="private")
    results = gr.HTML(elem_id="search-results", js_on_load=PICKING)
    with gr.Row(elem_classes="asking"):
        gr.Markdown(NOTE, elem_classes="note")
        save = gr.Button("Save as CSV", size="sm", scale=0, min_width=130)

    def show(
        query: object,
        k: object,
        group: str,
        kind: str,
        tuned: str,
        catalogue: str,
        own: Own,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> str:
        engine, whole = choice.engine(tuned, catalogue, own, progress)
        with input_errors_shown():
            heading = f"Nearest to <bdi>{escape(checked_query(query))}</bdi>"
            k = checked_k(k)
            if k > MOST_SHOWN:
                heading += f" (the first {MOST_SHOWN}; the API gives more)"
            started = time.perf_counter()
            results = engine.search(query, min(k, MOST_SHOWN), whole, _filter(group, kind))
        return ranked_lists(heading, results, seconds=time.perf_counter() - started)

    def again(
        query: str,
        k: object,
        group: str,
        kind: str,
        tuned: str,
        catalogue: str,
        own: Own,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> str:
        if not query.strip():
            return ""
        return show(query, k, group, kind, tuned, catalogue, own, progress)

    def wait(tuned: str, catalogue: str, own: Own, progress=gr.Progress()) -> Any:  # noqa: ANN001, ANN401, B008
        choice.engine(tuned, catalogue, own, progress)
        return gr.skip()

    inputs = [query, k, group, kind, *choice.inputs]
    private = {"outputs": results, "api_visibility": "private"}
    searching = {"fn": again, "inputs": inputs, **ENCODING, **private}

    def search(listen: Callable, answer: Callable, **options: object) -> None:
        # Models or a catalogue that are not ready are waited for first, outside of the places in
        # which searches are answered.
        ready = listen(wait, choice.inputs, concurrency_limit=None, **private, **options)
        asked = ready.success(**searching | {"fn": answer})
        asked.then(None, query, js=LINKED, api_visibility="private")

    for listen in (query.submit, k.submit, button.click, examples.load_input_event.then):
        search(listen, show)
    for listen in (group.input, kind.input):
        search(listen, again, trigger_mode="always_last")
    for listen in choice.chosen:
        search(listen, again)
    save.click(None, js=SAVING, api_visibility="private")
    return query, results, searching


def _filter(group: str, kind: str) -> "Wanted | None":
    """What a title must be to be shown, or None where every title is."""
    if (group, kind) == (ALL_GROUPS, ALL_KINDS):
        return None

    def wanted(title: Title | OwnTitle) -> bool:
        right_group = group == ALL_GROUPS or title.onet_code.startswith(group)
        return right_group and kind in (ALL_KINDS, title.kind)

    return wanted
