"""The pictures of the README and the dataset card, taken from the real page over all titles.

Run by make trials; look at what it has written before you commit it.
"""

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import expect

from jobtitles.files import sha256_of
from jobtitles.sources import DATASET_DIR, ROOT
from jobtitles.ui.llm_tab import RESULT
from jobtitles.ui.warmup import warmups
from tests.browser.conftest import visits
from tests.browser.tabs import choose
from tests.conftest import serve

pytestmark = pytest.mark.trial
PICTURES = ROOT / "pictures"
# The Hub shows it with the card, so it stands beside its figures.
CHARTS = DATASET_DIR / "llm_benchmark.png"
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


def test_charts_of_the_llms(tab):
    """The picture names the result file that it was drawn from: tests/test_documents.py asks."""
    choose(tab, "LLMs")
    for plot, mark in (("#llm-worth", ".scatterlayer .point"), ("#llm-shares", ".barlayer .point")):
        expect(tab.locator(f"{plot} {mark}").first).to_be_visible()
    tab.mouse.move(0, 0)
    tab.wait_for_timeout(500)
    tab.locator(".row", has=tab.locator("#llm-worth")).last.screenshot(path=CHARTS)
    drawn_from = PngInfo()
    drawn_from.add_text("result_sha256", sha256_of(RESULT))
    with Image.open(CHARTS) as picture:
        picture.load()
        picture.save(CHARTS, pnginfo=drawn_from, optimize=True)
