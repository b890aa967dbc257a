"""HTML of the page: everything that came from a user or from the data is escaped here."""

import html
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from jobtitles.errors import DataError, InputError
from jobtitles.records import Hit

# gr.HTML puts its value through a template step, where these have a meaning of their own.
TEMPLATE_CHARACTERS = {ord(c): f"&#{ord(c)};" for c in "${}`\\"}


def escape(text: str) -> str:
    """Text as HTML that shows the same text, in an element or in a quoted attribute."""
    return html.escape(text).translate(TEMPLATE_CHARACTERS)


@contextmanager
def input_errors_shown(without: str = "") -> Iterator[None]:
    """Turn what is wrong with an input into a message on the page; the rest stays what it is.

    Args:
        without: What the message shall not show: the server's folder of a visitor's file.
    """
    try:
        yield
    except (InputError, DataError) as error:
        said = str(error).replace(without, "") if without else str(error)
        # What the page says is rendered as HTML.
        raise gr.Error(said.replace("<", "&lt;"), print_exception=False) from error


def ranked_lists(heading: str, results: dict[str, list[Hit]]) -> str:
    """Two ranked lists side by side.

    Args:
        heading: What the lists answer, as HTML.
        results: Hits of "base" and of "finetuned", best first.
    """
    places = {
        name: {hit.row: place for place, hit in enumerate(hits, 1)}
        for name, hits in results.items()
    }
    base = "".join(
        _item(place, hit, "" if hit.row in places["finetuned"] else _mark("only", "only here"))
        for place, hit in enumerate(results["base"], 1)
    )
    finetuned = "".join(
        _item(place, hit, _moved(place, places["base"].get(hit.row)))
        for place, hit in enumerate(results["finetuned"], 1)
    )
    return (
        f'<p class="lists-heading" role="status">{heading}</p><div class="lists">'
        f'<section aria-label="Base model"><h3>Base model</h3><ol>{base}</ol></section>'
        f'<section aria-label="Fine-tuned model"><h3>Fine-tuned model</h3><ol>{finetuned}</ol>'
        "</section></div>"
    )


def _item(place: int, hit: Hit, mark: str) -> str:
    title = hit.title
    seen = _mark("seen", "seen in training") if title.seen_in_training else ""
    return (
        f'<li><span class="place">{place}</span>'
        f'<div class="what"><bdi class="title">{escape(title.text)}</bdi>'
        f'<div class="occupation"><span class="code">{escape(title.onet_code)}</span> '
        f"{escape(title.onet_name)} {seen}</div></div>"
        f'<div class="side"><span class="score">{hit.score:.3f}</span>{mark}</div></li>'
    )


def _moved(place: int, before: int | None) -> str:
    """How far a hit of the fine-tuned list stands from its place in the base list."""
    if before is None:
        return _mark("only", "only here")
    if before == place:
        return _mark("same", "same place")
    direction, arrow = ("up", "▲") if place < before else ("down", "▼")
    return _mark(direction, f"{arrow} {direction} {abs(before - place)}")


def _mark(kind: str, text: str) -> str:
    return f'<span class="mark {kind}">{text}</span>'
