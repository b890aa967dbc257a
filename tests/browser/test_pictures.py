"""The pictures of the README, taken from the real page over all titles.

Run by make trials; look at what it has written before you commit it.
"""

import pytest
from playwright.sync_api import expect

from jobtitles.sources import ROOT
from jobtitles.ui.warmup import warmups
from tests.browser.conftest import visits
from tests.browser.tabs import choose
from tests.conftest import serve

pytestmark = pytest.mark.trial
PICTURES = ROOT / "pictures"
PATIENCE = 600_000  # milliseconds


@pytest.fixture(scope="module")
def whole_page(cache_home):
    jobs = warmups()
    jobs["finetuned"].engine.start()
    jobs["finetuned"].engine.result()
    yield from serve(jobs)


@pytest.fixture
def tab(chromium, whole_page):
    opened = visits(chromium, whole_page)
    yield next(opened)(1200, 800)
    next(opened, None)


def take(tab, name, height):
    PICTURES.mkdir(exist_ok=True)
    tab.mouse.move(0, 0)
    tab.wait_for_timeout(500)  # for hover and focus to fade
    clip = {"x": 0, "y": 0, "width": 1200, "height": height}
    tab.screenshot(path=PICTURES / f"{name}.png", full_page=True, clip=clip)


def test_search(tab):
    tab.get_by_role("button", name="SWE II - Payments").click()
    expect(tab.locator("#search-results section")).to_have_count(2)
    take(tab, "search", 1000)


def test_maps(tab):
    tab.get_by_label("Job title", exact=True).fill("forklift op 2nd shift")
    choose(tab, "Embedding map")
    tab.get_by_role("button", name="Draw the maps").click()
    canvas = tab.locator("#map-finetuned .js-plotly-plot canvas").first
    expect(canvas).to_be_visible(timeout=PATIENCE)
    take(tab, "maps", 1010)


def test_coded_titles(tab):
    choose(tab, "Code my titles")
    tab.get_by_role("button", name="Example", exact=True).click()
    expect(tab.locator("#coded-said")).to_contain_text("coded", timeout=PATIENCE)
    take(tab, "coded", 1000)
