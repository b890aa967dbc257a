"""The endpoints for programs: /search, /similar, /code; the same functions are MCP tools."""

from typing import TypedDict

import gradio as gr

from jobtitles.errors import InputError
from jobtitles.records import Hit, whole_text
from jobtitles.ui.markup import input_errors_shown
from jobtitles.ui.warmup import ENCODING, Warmup

MOST_TITLES = 1_000
MOST_CHARACTERS = 500


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


class Occupation(TypedDict):
    """An O*NET-SOC 2019 occupation with the chance that it is the right one, and its page."""

    onet_code: str
    onet_name: str
    confidence: float
    url: str


class Coding(TypedDict):
    """A title's likeliest occupations, best first, and whether a person should look at it."""

    title: str
    matches: list[Occupation]
    review: bool


def add_api(warmups: dict[str, Warmup]) -> None:
    """Add the endpoints to the page being built."""

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
            results = _chosen(warmups, model).engine.result().search(query, k)
        return _answer(results)

    def similar(title: str, k: int = 10, model: str = "finetuned") -> Answer:
        """Find the titles most like a title of the catalogue, by two embedding models.

        Args:
            title: A title of the catalogue, case and spacing folded; `search` finds some.
            k: How many titles each model returns, at least 1.
            model: The fine-tuned model: "finetuned" or "triplet", as for `search`.

        Returns:
            The titles that each model found, best first, the title itself left out.
        """
        with input_errors_shown():
            engine = _chosen(warmups, model).engine.result()
            results = engine.similar(engine.row_of(title), k)
        return _answer(results)

    def code(titles: list[str], k: int = 3) -> list[Coding]:
        """Give job titles their O*NET-SOC 2019 codes, with a confidence for each.

        Args:
            titles: At most 1,000 job titles, as messy as they come, of at most 500 characters.
            k: How many occupations a title gets, 1 to 10.

        Returns:
            For every title, in order, its likeliest occupations; none for what is no job title in
            English.
        """
        with input_errors_shown():
            _check_titles(titles)
            titles = [whole_text(title) for title in titles]
            coder = next(iter(warmups.values())).coder.result()
            # Whether to review goes by the second code as well.
            codings = coder.code(titles, 2 if k == 1 else k)
        return [
            {
                "title": title,
                "matches": [
                    {
                        "onet_code": match.onet_code,
                        "onet_name": match.onet_name,
                        "confidence": match.confidence,
                        "url": match.url,
                    }
                    for match in matches[:k]
                ],
                "review": coder.needs_review(matches),
            }
            for title, matches in zip(titles, codings, strict=True)
        ]

    for function in (search, similar):
        gr.api(function, api_name=function.__name__, **ENCODING)
    gr.api(code, api_name="code", concurrency_id="coding", concurrency_limit=1)


def _chosen(warmups: dict[str, Warmup], model: object) -> Warmup:
    if model not in list(warmups):  # a list of them is no key
        raise InputError(f"No model {str(model)[:20]!r}: choose {' or '.join(warmups)}.")
    return warmups[model]


def _check_titles(titles: object) -> None:
    if not isinstance(titles, list) or not all(isinstance(title, str) for title in titles):
        raise InputError("Give a list of titles, each a text.")
    if len(titles) > MOST_TITLES:
        raise InputError(f"{len(titles):,} titles; at most {MOST_TITLES:,} are coded at once.")
    if any(len(title) > MOST_CHARACTERS for title in titles):
        raise InputError(f"A title has more than {MOST_CHARACTERS} characters. Shorten it.")


def _answer(results: dict[str, list[Hit]]) -> Answer:
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
