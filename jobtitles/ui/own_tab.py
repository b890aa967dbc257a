"""The tab that takes a visitor's own list of titles as the catalogue of this session."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from jobtitles.ui.choice import Choice, Own
from jobtitles.ui.markup import escape, input_errors_shown
from jobtitles.ui.upload import FILE_LABEL, FILES, column_choices, folder_of, open_table

if TYPE_CHECKING:
    from jobtitles.search import Vectors

try:
    from spaces import GPU  # a Space has it: a function runs in a process that is lent a GPU
except ImportError:
    GPU = lambda function: function  # noqa: E731

INTRODUCTION = (
    "Search, compare and map your own titles: 5 to 20,000 rows, pasted or as a table. They serve "
    "this visit only and nobody else sees them; a file is deleted after about an hour."
)
EXAMPLES = """Sr. SWE, Payments (Go)
RN Med/Surg nights
Registered Nurse - Emergency Dept
Forklift Op 2nd shift
VP Sales EMEA
Account Executive, SaaS
Barista PT
Line Cook"""


class StoppedError(Exception):
    """The visitor does not want to wait any longer."""


def build_own_tab(choice: Choice) -> None:
    """Add the tab's content to the page being built.

    Args:
        choice: The page's choice of model and catalogue; this tab fills the own one.
    """
    stopped: set[str] = set()  # sessions that do not want to wait any longer
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=True):
        text = gr.Textbox(
            label="My titles, one a line", placeholder=EXAMPLES, lines=8, max_lines=12, scale=3
        )
        with gr.Column(scale=2, min_width=260):
            file = gr.File(label=FILE_LABEL, file_types=FILES, height=150)
            column = gr.Dropdown([], label="Column of the titles", visible=False)
            details = gr.Dropdown(
                [],
                label="Columns shown beside them: company, place, address",
                multiselect=True,
                max_choices=3,
                visible=False,
            )
    with gr.Row(elem_classes="asking"):
        button = gr.Button("Use these titles", variant="primary", scale=1, min_width=140)
        cancel = gr.Button("Stop", scale=1, min_width=110)
        example = gr.Button("Example", scale=1, min_width=110)
    said = gr.HTML(elem_id="own-said")

    def look(path: str | None) -> tuple[gr.Dropdown, gr.Dropdown]:
        if not path:
            return gr.Dropdown([], value=None, visible=False), gr.Dropdown(visible=False)
        with input_errors_shown(folder_of(path)):
            choices, place = column_choices(path)
        return (
            gr.Dropdown(choices, value=place, visible=True),
            gr.Dropdown(choices, value=[], visible=True),
        )

    def use(
        text: str,
        path: str | None,
        column: int | None,
        details: list[int] | None,
        tuned: str,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> tuple:
        engine = choice.warmups[tuned].engine.result(progress)
        from jobtitles.own_titles import OwnTitles

        with input_errors_shown(folder_of(path)):
            if path:
                names = open_table(path).columns
                asked = [names[place] for place in details or []]
                wanted = names[column or 0]
                found = OwnTitles.uploaded(lambda name: open_table(path, name), wanted, asked)
            else:
                found = OwnTitles.pasted(text)

        def report(part: float, doing: str) -> None:
            if request.session_hash in stopped:
                raise StoppedError
            progress(part, desc=doing)

        texts = [title.text for title in found.titles]
        try:
            report(0.0, "Encoding your titles")
            vectors = encode_on_gpu(tuned, texts) if "SPACES_ZERO_GPU" in os.environ else None
            own = Own(engine.over(found.titles, report, vectors), tuned)
        except StoppedError:
            return gr.skip(), gr.skip(), '<p role="status">Stopped; nothing has changed.</p>'
        choice.keep(own)
        rows = f" in {found.rows:,} rows" if found.rows > len(texts) else ""
        named = f" of {escape(Path(path).name)}" if path else ""
        blank = f" {found.blank:,} blank rows were left out." if found.blank else ""
        sentence = (
            f'<p role="status">{len(texts):,} different titles{rows}{named} are searched now, '
            f"under Search, Similar titles and Embedding map.{blank}</p>"
        )
        return own, gr.Radio(value="own"), sentence

    @GPU
    def encode_on_gpu(tuned: str, texts: list[str]) -> "Vectors":
        """On a ZeroGPU Space: runs in a process that has a GPU for a minute."""
        return choice.warmups[tuned].engine.result().encoded_on("cuda", texts)

    def start(request: gr.Request) -> None:
        stopped.discard(request.session_hash)

    def stop(request: gr.Request) -> None:
        stopped.add(request.session_hash)

    file.change(look, file, [column, details], api_visibility="private")
    using = {
        "fn": use,
        "inputs": [text, file, column, details, choice.tuned],
        "outputs": [choice.own, choice.catalogue, said],
        "api_visibility": "private",
        "concurrency_id": "own",
        "concurrency_limit": 1,
        "show_progress_on": said,
    }
    # Neither is in the queue: they have to overtake what they start and stop.
    button.click(start, queue=False, api_visibility="private").then(**using)
    cancel.click(stop, queue=False, api_visibility="private")
    example.click(start, queue=False, api_visibility="private").then(
        lambda: (EXAMPLES, None), outputs=[text, file], api_visibility="private"
    ).then(**using)
