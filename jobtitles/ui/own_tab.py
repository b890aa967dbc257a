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
    "Search, compare and map your own titles: 5 to 20,000 rows, pasted or as a table. They are "
    "kept in memory for this visit, for an hour at most, and nobody else sees them."
)
EXAMPLES = """Sr. SWE, Payments (Go)
RN Med/Surg nights
Registered Nurse - Emergency Dept
Forklift Op 2nd shift
VP Sales EMEA
Account Executive, SaaS
Barista PT
Line Cook"""


class CancelledError(Exception):
    """The visitor does not want to wait any longer."""


def build_own_tab(choice: Choice) -> None:
    """Add the tab's content to the page being built.

    Args:
        choice: The page's choice of model and catalogue; this tab fills the own one.
    """
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
        own: Own | None,
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
        own = own or Own()
        own.cancelled = False

        def report(part: float, doing: str) -> None:
            if own.cancelled:
                raise CancelledError
            progress(part, desc=doing)

        lent = os.environ.get("SPACES_ZERO_GPU")
        texts = [title.text for title in found.titles]
        try:
            vectors = encode_on_gpu(tuned, texts) if lent else None
            searched = engine.over(found.titles, report, vectors)
        except CancelledError:
            return own, gr.Radio(), '<p role="status">Stopped; nothing has changed.</p>'
        blank = f" {found.blank:,} blank rows were left out." if found.blank else ""
        named = f" of {escape(Path(path).name)}" if path else ""
        sentence = (
            f'<p role="status">{len(found.titles):,} titles{named} are searched now, under '
            f"Search, Similar titles and Embedding map.{blank}</p>"
        )
        return Own(searched, tuned), gr.Radio(value="own"), sentence

    @GPU
    def encode_on_gpu(tuned: str, texts: list[str]) -> "Vectors":
        """On a ZeroGPU Space: runs in a process that has a GPU for a minute."""
        return choice.warmups[tuned].engine.result().encoded_on("cuda", texts)

    def stop(own: Own | None) -> None:
        if own is not None:
            own.cancelled = True

    file.change(look, file, [column, details], api_visibility="private")
    using = {
        "fn": use,
        "inputs": [text, file, column, details, choice.tuned, choice.own],
        "outputs": [choice.own, choice.catalogue, said],
        "api_visibility": "private",
        "concurrency_id": "own",
        "concurrency_limit": 1,
    }
    button.click(**using)
    example.click(lambda: (EXAMPLES, None), outputs=[text, file], api_visibility="private").then(
        **using
    )
    # Not in the queue: it has to overtake what it stops.
    cancel.click(stop, choice.own, queue=False, api_visibility="private")
