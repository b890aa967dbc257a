"""The tab with the titles recorded for a clean title, in Chromium."""

import pytest
from playwright.sync_api import expect

from jobtitles.recorded import recorded_titles
from jobtitles.records import JITTER_KINDS
from tests.browser.tabs import choose


def open_jitter(visit, *size):
    tab = visit(*size)
    choose(tab, "Jitter a title")
    return tab, tab.get_by_label("Clean job title"), tab.locator("#jittered")


def test_recorded_titles_with_their_ranks(visit, engine):
    tab, box, shown = open_jitter(visit)
    box.fill("software engineer")
    box.press("Enter")
    expect(shown.locator(".lists-heading")).to_contain_text("Recorded for Software Engineer")
    found = recorded_titles(engine, "Software Engineer")
    rows = shown.locator("tbody tr")
    expect(rows).to_have_count(len(found.titles))
    assert len(found.titles) >= 6
    for row, title, rank in zip(rows.all(), found.titles, found.ranks, strict=True):
        cells = row.locator("td").all_text_contents()
        assert cells[:4] == [title.kind, str(rank["base"]), str(rank["finetuned"]), title.text]


def test_ranks_are_those_of_a_search_among_the_seeds(engine):
    found = recorded_titles(engine, "Software Engineer")
    kinds = [title.kind for title in found.titles]
    assert kinds == sorted(kinds, key=JITTER_KINDS.index)
    title, ranks = found.titles[0], found.ranks[0]
    for name, hits in engine.search(title.text, engine.default_count).items():
        seeds = [hit.title.text for hit in hits if hit.title.kind == "seed"]
        assert abs(seeds.index(found.seed.text) + 1 - ranks[name]) <= 1


def test_the_nearest_is_taken_where_nothing_is_recorded(visit):
    tab, box, shown = open_jitter(visit)
    box.fill("softwaer enginere <b>")
    box.press("Enter")
    expect(shown.locator(".lists-heading")).to_contain_text("the nearest is")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_titles_fit_the_screen(visit, screenshots, width, height, theme):
    tab, _, shown = open_jitter(visit, width, height, theme)
    tab.get_by_role("button", name="Registered Nurse").click()
    expect(shown.locator("tbody tr").first).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(path=screenshots / f"jitter-{theme}-{width}.png", full_page=True)
