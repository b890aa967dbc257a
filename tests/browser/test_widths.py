"""Every tab on a desktop and on a phone, light and dark: nothing sticks out, axe finds no fault.

Named to come after test_map_tab.py, which must be the first to draw the maps.
"""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.tabs import SCREENS, choose

# What axe-core calls the impact of what it finds.
SERIOUS = ("serious", "critical")


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_nothing_sticks_out(visit, screenshots, width, height, theme):
    tab = visit(width, height, theme)
    is_dark = tab.evaluate("document.body.classList.contains('dark')")
    assert is_dark == (theme == "dark")

    def look(name):
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        tab.screenshot(path=screenshots / f"{name}-{theme}-{width}.png", full_page=True)
        found = Axe().run(tab).response["violations"]
        serious = {
            v["id"]: [n["target"] for n in v["nodes"]] for v in found if v["impact"] in SERIOUS
        }
        assert serious == {}, name

    tab.get_by_role("button", name="RN, nights").click()
    lists = tab.locator("#search-results section")
    expect(lists).to_have_count(2)
    expect(tab.locator("#search-results").get_by_test_id("status-tracker")).to_have_class(
        re.compile(r"\bhide\b")
    )
    tops = [lists.nth(i).bounding_box()["y"] for i in range(2)]
    assert (tops[0] == tops[1]) == (width > 700)  # side by side, or one under the other
    look("search")

    choose(tab, "Similar titles")
    tab.get_by_label("Find a title of the catalogue").fill("nurse pract")
    tab.locator("#matches label").first.click()
    expect(tab.locator("#similar-results section")).to_have_count(2)
    look("similar")

    choose(tab, "Embedding map")
    tab.get_by_role("button", name="Draw the maps").click()
    expect(tab.locator("#map-finetuned .js-plotly-plot canvas").first).to_be_visible(
        timeout=300_000
    )
    look("map")

    choose(tab, "LLMs")
    for plot, layer in (("#llm-worth", "scatterlayer"), ("#llm-shares", "barlayer")):
        expect(tab.locator(f"{plot} .js-plotly-plot .{layer} .point").first).to_be_visible()
    look("llm")
