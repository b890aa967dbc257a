"""The tab with the titles recorded for a clean title, in Chromium."""

import json

import pytest
from playwright.sync_api import expect

from jobtitles.errors import InputError
from jobtitles.recorded import recorded_titles
from jobtitles.records import JITTER_KINDS
from jobtitles.ui.allowance import Allowance
from tests.browser.tabs import SCREENS, choose
from tests.llm_server import LlmServer, titles_for


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


@pytest.fixture
def groq(monkeypatch):
    """Groq on this machine, without a key in the environment; its first answer is a refusal."""

    def busy_at_first(seeds, kinds, number):
        if number == 0:
            return 429, {"retry-after": "0.1"}, "busy"
        return 200, {}, json.dumps(titles_for(seeds, kinds))

    with LlmServer(busy_at_first) as server:
        monkeypatch.setenv("GROQ_BASE_URL", server.url)
        monkeypatch.delenv("GROQ_API_KEY", raising=False)
        yield server


def test_fresh_titles_are_written_with_a_pasted_key(visit, groq, caplog):
    tab, box, shown = open_jitter(visit)
    box.fill("Software Engineer")
    tab.get_by_role("button", name="Have fresh ones written").click()
    write = tab.get_by_role("button", name="Write", exact=True)
    write.click()
    expect(tab.get_by_test_id("toast-body")).to_contain_text("groq needs a key")
    assert groq.requests == []
    tab.get_by_label("Groq API key").fill("pasted-key")
    with caplog.at_level("DEBUG"):
        write.click()
        rows = tab.locator("#fresh tbody tr")
        expect(rows).to_have_count(len(JITTER_KINDS))
    assert [row.locator("td").first.text_content() for row in rows.all()] == list(JITTER_KINDS)
    assert [seeds for _, seeds, _ in groq.requests] == [("Software Engineer",)] * 2
    assert {key for _, _, key in groq.requests} == {"Bearer pasted-key"}
    assert "pasted-key" not in caplog.text


def test_the_pages_own_key_is_good_for_a_while():
    allowance = Allowance(each=2, together=3)
    for visitor in ("a", "a", "b"):
        allowance.take(visitor)
    for visitor in ("a", "b", "c"):
        with pytest.raises(InputError, match="2 times an hour and visitor, 3 in all"):
            allowance.take(visitor)


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_the_titles_fit_the_screen(visit, screenshots, width, height, theme):
    tab, _, shown = open_jitter(visit, width, height, theme)
    tab.get_by_role("button", name="Registered Nurse").click()
    expect(shown.locator("tbody tr").first).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(path=screenshots / f"jitter-{theme}-{width}.png", full_page=True)
