"""The tab with the in-the-wild titles of a clean title: recorded ones, and fresh ones by an LLM."""

import asyncio
import os
from collections.abc import Iterable

import gradio as gr

from jobtitles.query import checked_query
from jobtitles.ui.allowance import Allowance
from jobtitles.ui.markup import escape, input_errors_shown
from jobtitles.ui.warmup import ENCODING, Warmup

INTRODUCTION = (
    "How employers really write a job: the messy titles that an LLM wrote for a clean one, and the "
    "place at which either model finds the clean title again among all clean titles."
)
EXAMPLES = ["Software Engineer", "Registered Nurse", "Forklift Operator", "Barista"]
KEY_INFO = "From console.groq.com. It goes to Groq with one request and is cleared from here then."
# Title.split -> what the fine-tuned model has to do with the title.
SPLITS = {"train": "seen in training", "validation": "validation", "test": "test"}
HEADER = ("kind", "place, base", "place, fine-tuned", "title", "split")


def build_jitter_tab(warmups: dict[str, Warmup], tuned: gr.Radio) -> None:
    """Add the tab's content to the page being built.

    Args:
        warmups: The page's long jobs for every fine-tuned model.
        tuned: The page's choice of one of them.
    """
    allowance = Allowance()
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=True, elem_classes="asking"):
        text = gr.Textbox(
            label="Clean job title", placeholder="Such as: Software Engineer", scale=6
        )
        button = gr.Button("Show", variant="primary", scale=1, min_width=110)
    examples = gr.Examples(EXAMPLES, text, label="Examples", api_visibility="private")
    results = gr.HTML(elem_id="jittered")
    with (
        gr.Accordion("Have fresh ones written by an LLM", open=False),
        gr.Row(equal_height=True, elem_classes="asking"),
    ):
        key = gr.Textbox(
            label="Groq API key, unless this page has one",
            info=KEY_INFO,
            type="password",
            scale=6,
            html_attributes=gr.InputHTMLAttributes(autocomplete="off"),
        )
        write = gr.Button("Write", scale=1, min_width=110)
    fresh = gr.HTML(elem_id="fresh")

    def show(text: object, tuned: str, progress=gr.Progress()) -> str:  # noqa: ANN001, B008
        engine = warmups[tuned].engine.result(progress)
        from jobtitles.recorded import recorded_titles

        with input_errors_shown():
            found = recorded_titles(engine, text)
        said = "Recorded for" if found.exact else "Nothing is recorded for that; the nearest is"
        rows = (
            (title.kind, rank, title.text, SPLITS[title.split])
            for title, rank in zip(found.titles, found.ranks, strict=True)
        )
        return _table(f"{said} {_named(found.seed.text, found.seed.onet_name)}", rows)

    def write_fresh(
        text: object,
        key: str,
        tuned: str,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> tuple[str, str]:
        engine = warmups[tuned].engine.result(progress)
        from jobtitles.conversation import Seed
        from jobtitles.live_jitter import MODEL, written_titles
        from jobtitles.providers import has_key
        from jobtitles.recorded import nearest_seed, seed_ranks

        with input_errors_shown():
            row, exact = nearest_seed(engine, text)
            if not key.strip() and has_key("groq"):
                allowance.take(_visitor(request))
            own = engine.titles[row]
            seed = Seed(own.onet_code, checked_query(text), own.onet_name)
            titles = asyncio.run(written_titles(seed, key.strip()))
        ranks = seed_ranks(engine, row, list(titles.values()))
        near = "" if exact else f" The places are those of {_named(own.text, own.onet_name)}."
        rows = (
            (kind, rank, title, "new")
            for (kind, title), rank in zip(titles.items(), ranks, strict=True)
        )
        return "", _table(f"Written just now by {escape(MODEL)} on Groq, not checked.{near}", rows)

    for listen in (text.submit, button.click, examples.load_input_event.then):
        listen(
            show,
            [text, tuned],
            results,
            api_visibility="private",
            **ENCODING,
        )
    write.click(
        write_fresh,
        [text, key, tuned],
        [key, fresh],
        api_visibility="private",
        concurrency_limit=4,
        show_progress_on=fresh,
    )


def _visitor(request: gr.Request) -> str:
    """The visitor's address; on a Space the one that its proxy adds, which nobody can choose."""
    if "SPACE_ID" in os.environ:
        return request.headers.get("x-forwarded-for", "").split(",")[-1].strip()
    return request.client.host


def _named(title: str, occupation: str) -> str:
    return f"<bdi>{escape(title)}</bdi>, {escape(occupation)}"


def _table(heading: str, rows: Iterable[tuple[str, dict[str, int], str, str]]) -> str:
    """Kind, ranks, title and split of every row under a heading, which is HTML."""
    body = "".join(
        f"<tr><td>{escape(kind)}</td><td>{rank['base']}</td><td>{rank['finetuned']}</td>"
        f"<td><bdi>{escape(title)}</bdi></td><td>{escape(split)}</td></tr>"
        for kind, rank, title, split in rows
    )
    head = "".join(f"<th>{name}</th>" for name in HEADER)
    return (
        f'<p class="lists-heading" role="status">{heading}</p><div class="wide">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
