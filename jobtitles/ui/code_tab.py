"""The tab that codes a list or a file of titles, takes corrections, and gives the file back."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from jobtitles.errors import InputError
from jobtitles.ui.markup import input_errors_shown
from jobtitles.ui.upload import FILE_LABEL, FILES, column_choices, folder_of, open_table
from jobtitles.ui.warmup import Warmup

if TYPE_CHECKING:
    from jobtitles.coded_titles import CodedTitles
    from jobtitles.coder import Match

INTRODUCTION = (
    "O*NET-SOC 2019 codes for a list of job titles. The confidence is the chance that the code is "
    "right, as measured on occupations that training knew; what is no job title gets no code. Up "
    "to 20,000 rows with 5,000 different titles. Files are deleted after about an hour. The first "
    "use takes minutes."
)
EXAMPLES = """forklift op 2nd shift
RN - Med/Surg nights $41/hr
SWE II - Payments (Go) | hybrid
VP, Sales
see notes"""
HEADERS = ["title", "code", "occupation", "confidence", "review"]
MOST_SHOWN = 200
EXPIRED = "What was coded here is no longer kept: code it again."
KEPT_SECONDS = 3600


@dataclass(frozen=True)
class _Kept:
    """What was coded for one visitor; the folder goes with it."""

    coded: "CodedTitles"
    folder: tempfile.TemporaryDirectory = field(default_factory=tempfile.TemporaryDirectory)


def build_code_tab(warmup: Warmup) -> None:
    """Add the tab's content to the page being built.

    Args:
        warmup: The long jobs of the model that the coder is calibrated for.
    """
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=True):
        text = gr.Textbox(
            label="Job titles, one a line", placeholder=EXAMPLES, lines=6, max_lines=12, scale=3
        )
        with gr.Column(scale=2, min_width=260):
            file = gr.File(label=FILE_LABEL, file_types=FILES, height=170)
            column = gr.Dropdown([], label="Column of job titles", visible=False)
    with gr.Row(elem_classes="asking"):
        button = gr.Button("Code", variant="primary", scale=1, min_width=110)
        example = gr.Button("Example", scale=1, min_width=110)
        review = gr.Checkbox(label="Only what should be reviewed", scale=2)
    said = gr.HTML(elem_id="coded-said")
    table = gr.Dataframe(
        headers=HEADERS,
        datatype="str",
        interactive=False,
        wrap=True,
        visible=False,
        label="Codes",
        elem_id="coded",
        buttons=[],
    )
    with gr.Group(visible=False) as correcting:
        chosen = gr.Markdown()
        code = gr.Dropdown([], label="Right occupation", elem_id="right-code", filterable=True)
    download = gr.DownloadButton("Download the coded table", visible=False, elem_id="download")
    kept = gr.State(None, time_to_live=KEPT_SECONDS)
    title = gr.State("")

    def look(path: str | None) -> gr.Dropdown:
        if not path:
            return gr.Dropdown([], value=None, visible=False)
        with input_errors_shown(folder_of(path)):
            choices, place = column_choices(path)
        return gr.Dropdown(choices, value=place, visible=True)

    def run(
        text: str,
        path: str | None,
        column: int | None,
        review: bool,
        progress=gr.Progress(),  # noqa: ANN001, B008
    ) -> tuple:
        from jobtitles.coded_titles import CodedTitles

        with input_errors_shown(folder_of(path)):
            if path:
                table = open_table(path)
                if column is not None:
                    table = open_table(path, table.columns[column])
                coded = CodedTitles.uploaded(table)
            else:
                coded = CodedTitles.pasted(text)
            coder = warmup.coder.result(progress)
            coded.code(coder, lambda done, total: progress(done / total, desc="Coding"))
        kept = _Kept(coded)
        return kept, *shown(kept, review), written(kept), gr.Group(visible=False)

    def written(kept: _Kept) -> gr.DownloadButton:
        path = Path(kept.folder.name) / f"coded-{kept.coded.table.path.name}"
        kept.coded.write(path, warmup.coder.result())
        return gr.DownloadButton(value=str(path), visible=True)

    def shown(kept: _Kept | None, review: bool) -> tuple:
        if kept is None:
            return "", gr.Dataframe(visible=False)
        coder, coded = warmup.coder.result(), kept.coded
        counts = {"coded": 0, "to review": 0, "without a code": 0}
        rows: dict[str, list[str]] = {}
        for text in coded.titles:
            matches = coded.matches(text)
            unsure = coder.needs_review(matches)
            counts["coded" if matches else "without a code"] += 1
            counts["to review"] += bool(matches) and unsure
            if not review or unsure:
                rows[text] = _row(text, matches, unsure)
        parts = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        more = f" The first {MOST_SHOWN:,} titles are shown." if len(rows) > MOST_SHOWN else ""
        return (
            f'<p role="status">{len(coded.titles):,} rows: {parts}.{more} '
            "Select a title to correct its code.</p>",
            gr.Dataframe(list(rows.values())[:MOST_SHOWN], visible=True),
        )

    def select(kept: _Kept | None, event: gr.SelectData) -> tuple:
        title = event.row_value[0]
        if kept is None or title not in kept.coded.codings:
            raise gr.Error(EXPIRED, print_exception=False)
        likely = {match.onet_code: match for match in kept.coded.matches(title)}
        choices = [(_label(m.onet_code, m.onet_name, m), m.onet_code) for m in likely.values()]
        names = warmup.coder.result().names
        choices += [(_label(c, n), c) for c, n in sorted(names.items()) if c not in likely]
        heading = f"The right occupation of **{_plain(title)}**: type to search among all."
        return (
            title,
            heading,
            gr.Dropdown(choices, value=next(iter(likely), None)),
            gr.Group(visible=True),
        )

    def correct(kept: _Kept | None, title: str, code: str | None, review: bool) -> tuple:
        if kept is None or title not in kept.coded.codings:
            raise gr.Error(EXPIRED, print_exception=False)
        with input_errors_shown():
            names = warmup.coder.result().names
            if code not in names:
                raise InputError("Choose an occupation from the list.")
            kept.coded.correct(title, code, names[code])
        # Set again, so that its hour begins anew.
        return kept, *shown(kept, review), written(kept)

    private = {"api_visibility": "private", "concurrency_id": "coding", "concurrency_limit": 1}
    coding = {
        "fn": run,
        "inputs": [text, file, column, review],
        "outputs": [kept, said, table, download, correcting],
    }
    file.change(look, file, column, api_visibility="private")
    button.click(**coding, **private)
    example.click(
        lambda: (EXAMPLES, None, None),
        outputs=[text, file, column],
        api_visibility="private",
    ).then(**coding, **private)
    review.input(shown, [kept, review], [said, table], api_visibility="private")
    table.select(select, kept, [title, chosen, code, correcting], api_visibility="private")
    code.input(correct, [kept, title, code, review], [kept, said, table, download], **private)


def _row(title: str, matches: list["Match"], unsure: bool) -> list[str]:
    if not matches:
        return [title, "", "no job title, or not in English", "", "yes"]
    best = matches[0]
    confidence = "by hand" if best.by_hand else f"{best.confidence:.2f}"
    return [title, best.onet_code, best.onet_name, confidence, "yes" if unsure else ""]


def _label(code: str, name: str, match: "Match | None" = None) -> str:
    fitted = match is not None and not match.by_hand
    return f"{code} {name}" + (f" ({match.confidence:.2f})" if fitted else "")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"&#{ord(c)};" if not c.isalnum() and c != " " else c for c in text)
