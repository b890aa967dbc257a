"""The tab that says what the page is made of, what was really loaded, and how to use the parts."""

from importlib.metadata import version

import gradio as gr

from jobtitles.ui.markup import escape
from jobtitles.ui.warmup import Warmup

PACKAGES = ("gradio", "sentence-transformers", "torch", "transformers", "hnswlib", "openTSNE")
DATA = r"""## Data
Claude (Anthropic) wrote the messy titles, each for a clean title with its O\*NET-SOC 2019 code, and
the names of every occupation's jobs. Titles of validation and test, and whole occupations, are held
out of training. The dataset is synthetic, in English, and its occupations are those of the United
States. CC BY 4.0.

Occupation codes and names are from the O\*NET database by the U.S. Department of Labor, Employment
and Training Administration (USDOL/ETA), CC BY 4.0. O\*NET® is a trademark of USDOL/ETA, which has
not approved, endorsed or tested this project.

## Models
The base model is all-MiniLM-L6-v2 (Apache-2.0): 22 million parameters, 384 dimensions. Fine-tuned
are its weights, on CPU cores, by an in-batch ranking loss that knows which titles share an
occupation; the change ships as an adapter of low rank. A second adapter was trained with triplet
loss only. Code and adapters: Apache-2.0.

Titles carry gender and status, and so do models trained on them: do not decide about people by it.
"""
USE = """## Use them
With the repository, the fine-tuned model:
```python
from jobtitles.encoder import load_encoder
vectors = load_encoder("finetuned").encode(["SWE II - Payments (Go) | hybrid"])
```
The coder:
```python
from jobtitles.coder import load_coder
print(load_coder().code(["forklift op 2nd shift"], k=3))
```
The dataset, from its folder or from its repository on the Hub:
```python
from datasets import load_dataset
titles = load_dataset("dataset_card", split="test")
```
Programs ask this page: the link "Use via API" below shows how, over HTTP and as MCP tools.
"""


def build_about_tab(tab: gr.Tab, warmups: dict[str, Warmup], tuned: gr.Radio) -> None:
    """Add the tab's content to the page being built.

    Args:
        tab: The tab itself: what was loaded is said when it is opened.
        warmups: The page's long jobs for every fine-tuned model.
        tuned: The page's choice of one of them.
    """
    gr.Markdown(DATA)
    gr.Markdown(USE)
    loaded = gr.HTML(elem_id="about-loaded")

    def show(tuned: str, progress=gr.Progress()) -> str:  # noqa: ANN001, B008
        engine = warmups[tuned].engine.result(progress)
        origins = [
            *(f"{name}: {origin}" for name, origin in engine.origins.items()),
            *(f"{package} {version(package)}" for package in PACKAGES),
        ]
        items = "".join(f"<li>{escape(origin)}</li>" for origin in origins)
        return f"<h2>Loaded</h2><ul>{items}</ul>"

    gr.on([tab.select, tuned.input], show, tuned, loaded, api_visibility="private")
