"""HTML of the page: everything that came from a user or from the data is escaped here."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from jobtitles.errors import JobTitlesError
from jobtitles.records import Hit

# The click event of a component with ranked lists names the row of the title that was clicked.
PICKING = """element.addEventListener("click", event => {
    const picked = event.target.closest("[data-row]");
    if (picked) trigger("click", {row: Number(picked.dataset.row)});
});"""
# The lists of the search as a file, made by the browser; no cell begins as a formula does.
SAVING = r"""() => {
    const safe = text => isNaN(text) ? text.replace(/^[=+@\-]/, "'$&") : text;
    const cell = text => `"${safe(text.trim()).replaceAll('"', '""')}"`;
    const rows = [["model", "place", "title", "code", "occupation", "score"]];
    for (const list of document.querySelectorAll("#search-results section"))
        for (const item of list.querySelectorAll("li")) {
            const text = name => item.querySelector(name)?.textContent ?? "";
            const names = [".place", ".title", ".code", ".name", ".score"];
            rows.push([list.ariaLabel, ...names.map(text)]);
        }
    if (rows.length === 1) return;
    const csv = rows.map(row => row.map(cell).join(",") + "\r\n").join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", csv], {type: "text/csv"}));
    link.download = "job-titles.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
ADDRESS = re.compile(r"https?://\S*[^\s.,;:!?)\]]", re.IGNORECASE)
# gr.HTML puts its value through a template step, where these have a meaning of their own.
TEMPLATE_CHARACTERS = {ord(c): f"&#{ord(c)};" for c in "${}`\\"}


def escape(text: str) -> str:
    """Text as HTML that shows the same text, in an element or in a quoted attribute."""
    return html.escape(text).translate(TEMPLATE_CHARACTERS)


@contextmanager
def input_errors_shown(without: str = "") -> Iterator[None]:
    """Turn what the visitor can mend into a message on the page; the rest stays what it is.

    Args:
        without: What the message shall not show: the server's folder of a visitor's file.
    """
    try:
        yield
    except JobTitlesError as error:
        said = str(error).replace(without, "") if without else str(error)
        # What the page says is rendered as HTML.
        raise gr.Error(said.replace("<", "&lt;"), print_exception=False) from error


def ranked_lists(
    heading: str, results: dict[str, list[Hit]], code: str = "", seconds: float | None = None
) -> str:
    """Two ranked lists side by side.

    Args:
        heading: What the lists answer, as HTML.
        results: Hits of "base" and of "finetuned", best first.
        code: Occupation whose titles are marked and counted; "" for none.
        seconds: How long the answer took, if that is to be said.
    """
    places = {
        name: {hit.row: place for place, hit in enumerate(hits, 1)}
        for name, hits in results.items()
    }
    base = "".join(
        _item(
            place, hit, "" if hit.row in places["finetuned"] else _mark("only", "only here"), code
        )
        for place, hit in enumerate(results["base"], 1)
    )
    finetuned = "".join(
        _item(place, hit, _moved(place, places["base"].get(hit.row)), code)
        for place, hit in enumerate(results["finetuned"], 1)
    )
    both = len(places["base"].keys() & places["finetuned"].keys())
    took = "" if seconds is None else f" Found in {1000 * seconds:.0f} ms."
    if not results["base"]:
        return f'<p class="lists-heading" role="status">{heading}: no such title.</p>'
    return (
        f'<p class="lists-heading" role="status" tabindex="-1">{heading}</p>'
        f'<p class="agreement">{both} of {len(results["finetuned"])} stand in both lists.{took}</p>'
        '<div class="lists">'
        f'<section aria-label="Base model"><h3>Base model{_counted(results["base"], code)}</h3>'
        f'<ol>{base}</ol></section><section aria-label="Fine-tuned model">'
        f"<h3>Fine-tuned model{_counted(results['finetuned'], code)}</h3><ol>{finetuned}</ol>"
        "</section></div>"
    )


def _counted(hits: list[Hit], code: str) -> str:
    if not code:
        return ""
    own = sum(hit.title.onet_code == code for hit in hits)
    return f' <span class="counted">{own} of {len(hits)} of the same occupation</span>'


def _item(place: int, hit: Hit, mark: str, code: str) -> str:
    title = hit.title
    seen = _mark("seen", "seen in training") if title.seen_in_training else ""
    if code and title.onet_code == code:
        seen += _mark("own", "same occupation")
    return (
        f'<li><span class="place">{place}</span>'
        f'<div class="what"><button type="button" class="pick" data-row="{hit.row}">'
        f'<bdi class="title">{escape(title.text)}</bdi></button>'
        f'<div class="occupation"><span class="code">{escape(title.onet_code)}</span> '
        f'<span class="name">{_linked(title.onet_name)}</span> {seen}</div></div>'
        f'<div class="side"><span class="score">{hit.score:.3f}</span>{mark}</div></li>'
    )


def _linked(text: str) -> str:
    """Text as HTML; an address in it, as a visitor's own titles may have, is a link."""
    escaped, end = "", 0
    for found in ADDRESS.finditer(text):
        address = escape(found[0])
        link = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{address}</a>'
        escaped, end = escaped + escape(text[end : found.start()]) + link, found.end()
    return escaped + escape(text[end:])


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
