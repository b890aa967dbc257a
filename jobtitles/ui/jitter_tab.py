"""The tab that shows the in-the-wild titles recorded for a clean title."""

import gradio as gr

from jobtitles.ui.markup import escape, input_errors_shown
from jobtitles.ui.warmup import Warmup

INTRODUCTION = (
    "How employers really write a job: the messy titles that an LLM wrote for a clean one, and the "
    "place at which either model finds the clean title again among all clean titles."
)
EXAMPLES = ["Software Engineer", "Registered Nurse", "Forklift Operator", "Barista"]
# Title.split -> what the fine-tuned model has to do with the title.
SPLITS = {"train": "seen in training", "validation": "validation", "test": "test"}


def build_jitter_tab(warmups: dict[str, Warmup], tuned: gr.Radio) -> None:
    """Add the tab's content to the page being built.

    Args:
        warmups: The page's long jobs for every fine-tuned model.
        tuned: The page's choice of one of them.
    """
    gr.Markdown(INTRODUCTION)
    with gr.Row(equal_height=True, elem_classes="asking"):
        text = gr.Textbox(
            label="Clean job title", placeholder="Such as: Software Engineer", scale=6
        )
        button = gr.Button("Show", variant="primary", scale=1, min_width=110)
    examples = gr.Examples(EXAMPLES, text, label="Examples", api_visibility="private")
    results = gr.HTML(elem_id="jittered")

    def show(text: object, tuned: str, progress=gr.Progress()) -> str:  # noqa: ANN001, B008
        engine = warmups[tuned].engine.result(progress)
        from jobtitles.recorded import recorded_titles

        with input_errors_shown():
            found = recorded_titles(engine, text)
        seed = f"<bdi>{escape(found.seed.text)}</bdi>, {escape(found.seed.onet_name)}"
        said = "Recorded for" if found.exact else "Nothing is recorded for that; the nearest is"
        rows = "".join(
            f"<tr><td>{escape(title.kind)}</td><td>{rank['base']}</td><td>{rank['finetuned']}</td>"
            f"<td><bdi>{escape(title.text)}</bdi></td>"
            f"<td>{SPLITS[title.split]}</td></tr>"
            for title, rank in zip(found.titles, found.ranks, strict=True)
        )
        return (
            f'<p class="lists-heading" role="status">{said} {seed}</p>'
            '<div class="wide"><table><thead><tr><th>kind</th><th>place, base</th>'
            "<th>place, fine-tuned</th><th>title</th><th>split</th></tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )

    for listen in (text.submit, button.click, examples.load_input_event.then):
        listen(
            show,
            [text, tuned],
            results,
            api_visibility="private",
            concurrency_id="encode",
            concurrency_limit=2,
        )
