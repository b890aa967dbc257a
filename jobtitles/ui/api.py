"""The endpoint /search for programs; the same function is the page's MCP tool."""

from typing import TypedDict

import gradio as gr

from jobtitles.errors import InputError
from jobtitles.ui.markup import input_errors_shown
from jobtitles.ui.warmup import Warmup


class FoundTitle(TypedDict):
    """A title of the catalogue with its similarity to the query and its occupation."""

    title: str
    score: float
    onet_code: str
    onet_name: str


class Answer(TypedDict):
    """The titles that each model found, best first."""

    base: list[FoundTitle]
    finetuned: list[FoundTitle]


def add_api(warmups: dict[str, Warmup]) -> None:
    """Add the endpoint to the page being built."""

    def search(query: str, k: int = 10, model: str = "finetuned") -> Answer:
        """Find the job titles nearest in meaning to a job title, by two embedding models.

        The base model is all-MiniLM-L6-v2; the fine-tuned one was trained on messy job titles.
        Every title comes with its cosine similarity and its O*NET-SOC 2019 occupation.

        Args:
            query: A job title as people write it, at most 500 characters.
            k: How many titles each model returns, at least 1.
            model: The fine-tuned model: "finetuned" is the best on validation, "triplet" was
                trained with triplet loss only.

        Returns:
            The titles that each model found, best first.
        """
        with input_errors_shown():
            if model not in list(warmups):  # a list of them is no key
                raise InputError(f"No model {str(model)[:20]!r}: choose {' or '.join(warmups)}.")
            results = warmups[model].engine.result().search(query, k)
        return {
            name: [
                {
                    "title": hit.title.text,
                    "score": hit.score,
                    "onet_code": hit.title.onet_code,
                    "onet_name": hit.title.onet_name,
                }
                for hit in hits
            ]
            for name, hits in results.items()
        }

    gr.api(search, api_name="search", concurrency_id="encode", concurrency_limit=2)
