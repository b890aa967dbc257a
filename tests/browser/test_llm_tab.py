"""The LLM benchmark's tab in Chromium: its points, bars and table are those of the result file."""

import json

from playwright.sync_api import expect

from jobtitles.ui.llm_tab import RESULT
from tests.browser.tabs import choose


def test_bars_and_table_are_the_results(visit):
    found = json.loads(RESULT.read_text(encoding="utf-8"))
    tab = visit()
    choose(tab, "LLMs")
    points = tab.locator("#llm-worth .js-plotly-plot")
    expect(points.locator(".scatterlayer .point").first).to_be_visible()
    worth = {n: w["mean"]["select"] for n, w in found["worth"]["generators"].items() if w}
    worth["base model, untrained"] = found["worth"]["base"]["select"]
    drawn = points.evaluate("plot => plot.data[0].y.map((y, i) => [y, plot.data[0].text[i]])")
    assert dict(drawn) == {name: f"{value:.3f}" for name, value in worth.items()}

    shares = tab.locator("#llm-shares .js-plotly-plot")
    assert shares.evaluate("plot => plot.data.map(t => t.name)") == list(found["generators"])

    table = tab.locator("#llm-figures")
    for name in found["generators"]:
        # Gradio holds the longest cell of a column a second time, hidden.
        cell = table.get_by_text(name, exact=True).locator("visible=true")
        expect(cell).to_have_count(1)
    unlogged = [n for n, g in found["generators"].items() if g["service"] is None]
    cells = table.get_by_text("not measured").locator("visible=true")
    expect(cells).to_have_count(4 * len(unlogged))
