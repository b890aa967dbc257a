"""The whole page: its tabs, its line on the state of the models, and how it is launched."""

import inspect
import os
from typing import Any

import gradio as gr

from jobtitles.ui.about_tab import build_about_tab
from jobtitles.ui.api import add_api
from jobtitles.ui.choice import TUNED, Choice
from jobtitles.ui.code_tab import build_code_tab
from jobtitles.ui.jitter_tab import build_jitter_tab
from jobtitles.ui.llm_tab import build_llm_tab
from jobtitles.ui.map_tab import build_map_tab
from jobtitles.ui.markup import escape
from jobtitles.ui.memory import keep_giving_back
from jobtitles.ui.own_tab import build_own_tab
from jobtitles.ui.results_tab import build_results_tab
from jobtitles.ui.search_tab import build_search_tab
from jobtitles.ui.similar_tab import build_similar_tab
from jobtitles.ui.theme import CSS, THEME
from jobtitles.ui.warmup import Warmup

TITLE = "Job titles before and after fine-tuning"
INTRODUCTION = f"""# {TITLE}
Search messy job titles with all-MiniLM-L6-v2 and with the same model fine-tuned for them."""
POLL_SECONDS = 1
# Seconds between two looks for old files of visitors, and the age at which they are deleted.
KEPT_FILES = (600, 3600)
TABS = ("search", "similar", "map", "code", "own", "jitter", "results", "llms", "about")

LAUNCH = {
    "theme": THEME,
    "css": CSS,
    "server_port": int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
    "mcp_server": True,
    "ssr_mode": False,
    "run_history": False,  # what visitors type is not kept, not even in their browser
    "max_file_size": "5mb",
    "state_session_capacity": 200,
    "footer_links": ["api", "settings"],
}


def build_page(warmups: dict[str, Warmup]) -> gr.Blocks:
    """Build the page; nothing is loaded or served.

    Args:
        warmups: The page's long jobs for every fine-tuned model, by its name.
    """
    first = next(iter(TUNED))
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=KEPT_FILES) as page:
        gr.Markdown(INTRODUCTION)
        status = gr.HTML(_status(warmups[first]), elem_id="status")
        timer = gr.Timer(POLL_SECONDS)
        choice = Choice(warmups)
        tuned = choice.tuned
        with gr.Tabs() as tabs:
            with gr.Tab("Search", id="search"):
                query, results, searching = build_search_tab(choice)
            with gr.Tab("Similar titles", id="similar"):
                open_from = build_similar_tab(choice, tabs)
            open_from(results)
            with gr.Tab("Embedding map", id="map"):
                build_map_tab(choice, query, open_from)
            with gr.Tab("Code my titles", id="code"):
                build_code_tab(warmups[first])
            with gr.Tab("My catalogue", id="own"):
                build_own_tab(choice)
            with gr.Tab("Jitter a title", id="jitter"):
                build_jitter_tab(warmups, tuned)
            with gr.Tab("Results", id="results"):
                build_results_tab()
            with gr.Tab("LLMs", id="llms"):
                build_llm_tab()
            with gr.Tab("About", id="about") as about:
                build_about_tab(about, warmups, tuned)
        add_api(warmups)

        def open_link(request: gr.Request) -> tuple[gr.Tabs, Any]:
            asked = dict(request.query_params)
            tab = asked.get("tab")
            chosen = gr.Tabs(selected=tab) if tab in TABS else gr.Tabs()
            # Without one, what somebody has begun to type meanwhile stays.
            return chosen, asked["q"] if "q" in asked else gr.skip()

        page.load(open_link, outputs=[tabs, query], api_visibility="private").then(**searching)

        def follow(tuned: str) -> tuple[str, gr.Timer]:
            engine = warmups[tuned].engine
            engine.start()
            return _status(warmups[tuned]), gr.Timer(active=not engine.done)

        gr.on(
            [page.load, timer.tick, tuned.input],
            follow,
            tuned,
            outputs=[status, timer],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    return page.queue(max_size=40)


def launch(page: gr.Blocks, **changes: object) -> None:
    """Serve the page.

    Args:
        page: What `build_page` returned.
        changes: Launch arguments that differ from `LAUNCH`.

    Raises:
        RuntimeError: The MCP server did not start, on which Gradio itself keeps silent.
    """
    _remember_signatures(page)
    page.launch(**LAUNCH | changes, prevent_thread_lock=True)
    keep_giving_back()
    if not page.mcp_server:
        raise RuntimeError(f"The MCP server did not start: {page.mcp_error}")


def _remember_signatures(page: gr.Blocks) -> None:
    """Save every call of the API some 6 ms.

    Gradio describes every component anew for every visitor, and a call of the API is one; half of
    the time went into signatures, which `inspect` takes from here where they are.
    """
    for init in {type(block).__init__ for block in page.blocks.values()}:
        init.__signature__ = inspect.signature(init)


def _status(warmup: Warmup) -> str:
    """The state of the models, as HTML."""
    job = warmup.engine
    if job.failure:
        return f'<p class="failed" role="alert">The models did not load: {escape(job.failure)}</p>'
    if not job.done:
        percent = round(100 * job.part)
        return (
            f'<div class="loading" role="status"><p>{escape(job.doing)}: {percent} %. '
            "A search waits until this is done.</p>"
            f'<div class="bar"><div style="width: {percent}%"></div></div></div>'
        )
    engine = job.result()
    note = warmup.parts.result().note
    fallback = (
        f'<p class="fallback" role="alert">Not as asked for: {escape(note)} The model and the '
        "titles shipped with this page serve.</p>"
    )
    return (fallback if note else "") + (
        f'<p class="ready" role="status">{engine.default_count:,} titles of '
        f"{len(engine.titles):,} in the default catalogue. "
        f"Base model: {escape(engine.origins['base'])}. "
        f"Fine-tuned model: {escape(engine.origins['finetuned'])}.</p>"
    )
