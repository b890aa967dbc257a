"""A long day of the page: a thousand searches and fifty catalogues leave its memory where it was.

Run by make trials.
"""

import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.tabs import choose
from tests.browser.test_own_tab import TITLES

pytestmark = pytest.mark.trial
GROWTH = 150  # MiB


def resident():
    """Memory of this process, which serves the page, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def test_memory_stays_bounded(visit_small, small_page, capsys):
    tab = visit_small()
    choose(tab, "My catalogue")

    def search(number):
        body = {"data": [f"nurse {number}", 10, "finetuned"]}
        with httpx.Client(timeout=60) as client:
            event = client.post(f"{small_page.url}gradio_api/call/search", json=body).json()
            address = f"{small_page.url}gradio_api/call/search/{event['event_id']}"
            assert "event: complete" in client.get(address).text

    def upload(number):
        titles = [f"{title} {number} {n}" for n in range(100 + number) for title in TITLES]
        tab.get_by_label("My titles, one a line").fill("\n".join(titles))
        tab.get_by_role("button", name="Use these titles").click()
        said = f"{len(titles)} different titles are searched now"
        expect(tab.locator("#own-said")).to_contain_text(said)

    def use_it(searches, uploads):
        with ThreadPoolExecutor(20) as visitors:
            list(visitors.map(search, range(searches)))
        for number in range(uploads):
            upload(number)

    use_it(100, 5)
    before = resident()
    use_it(1000, 50)
    after = resident()
    with capsys.disabled():
        print(
            f"\nmemory of the page: {before:.0f} MiB, after 1,000 searches and 50 uploads "
            f"{after:.0f} MiB"
        )
    assert after - before < GROWTH
