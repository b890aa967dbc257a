"""Debian's Chromium, started once; every test opens tabs of its own on the real page."""

from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from jobtitles.sources import ROOT

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    # Software WebGL, for the maps.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
SCREENSHOTS = ROOT / "screenshots"

# The first search waits for the models; the maps take longer.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM.is_file():
        pytest.fail(f"{CHROMIUM} is missing: install Debian's package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # One for all tests: the page's scripts are fetched and compiled once, not by every tab.
        yield browser.new_context()
        browser.close()


@pytest.fixture
def visit(chromium, page, engine):
    """Opens tabs on the page with loaded models; fails on script errors and remote requests."""
    yield from visits(chromium, page)


@pytest.fixture
def visit_small(chromium, small_page):
    """The same on the page over some thirty occupations."""
    small_page.warmup.engine.result()
    yield from visits(chromium, small_page)


def visits(chromium, page):
    tabs, wrong = [], []

    def watch_request(request):
        if not request.url.startswith((page.url, "data:", "blob:")):
            wrong.append(f"remote request: {request.url}")

    def open_tab(width=1280, height=900, theme="light"):
        tab = chromium.new_page()
        tabs.append(tab)
        tab.set_viewport_size({"width": width, "height": height})
        tab.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
        tab.on("dialog", lambda dialog: (wrong.append("a dialog opened"), dialog.dismiss()))
        tab.on("request", watch_request)
        tab.goto(f"{page.url}?__theme={theme}")
        expect(tab.locator("#status .ready")).to_be_visible()
        return tab

    yield open_tab
    for tab in tabs:
        tab.close()
    assert wrong == []


@pytest.fixture(scope="session")
def screenshots():
    SCREENSHOTS.mkdir(exist_ok=True)
    return SCREENSHOTS
