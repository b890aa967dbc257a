"""The search tab in Chromium: lists, examples, bad input, and text that tries to be markup."""

import csv
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from jobtitles.parts import SHIPPED
from jobtitles.search import SideBySide
from tests.browser.conftest import visits

LISTS = ("Base model", "Fine-tuned model")


def search(tab, query, k=None):
    tab.get_by_label("Job title", exact=True).fill(query)
    if k is not None:
        tab.get_by_label("Results").locator("visible=true").fill(k)
    tab.get_by_role("button", name="Search", exact=True).click()


def items(tab, name):
    return tab.locator("#search-results").get_by_role("region", name=name).get_by_role("listitem")


def test_two_ranked_lists(visit, engine):
    tab = visit()
    search(tab, "SWE II - Payments (Go) | hybrid", "5")
    expected = engine.search("SWE II - Payments (Go) | hybrid", 5)
    for name, hits in zip(LISTS, expected.values(), strict=True):
        expect(items(tab, name)).to_have_count(5)
        for item, hit in zip(items(tab, name).all(), hits, strict=True):
            expect(item.locator(".title")).to_have_text(hit.title.text)
            expect(item.locator(".code")).to_have_text(hit.title.onet_code)
            expect(item.locator(".occupation")).to_contain_text(hit.title.onet_name)
            expect(item.locator(".score")).to_have_text(f"{hit.score:.3f}")
            seen = 1 if hit.title.seen_in_training else 0
            expect(item.get_by_text("seen in training")).to_have_count(seen)
    for item in items(tab, LISTS[1]).all():
        expect(item.locator(".side .mark")).to_have_text(
            re.compile(r"^(▲ up \d+|▼ down \d+|same place|only here)$")
        )


def test_sources_of_the_models_are_named(visit, engine):
    status = visit().locator("#status")
    for origin in engine.origins.values():
        expect(status).to_contain_text(origin)


def test_the_triplet_model_can_be_shown_instead(visit, engine, quarter_dataset):
    tab = visit()
    search(tab, "forklift op 2nd shift")
    titles = tab.locator("#search-results").get_by_role("region", name=LISTS[1]).locator(".title")
    best = [hit.title.text for hit in engine.search("forklift op 2nd shift", 10)["finetuned"]]
    expect(titles).to_have_text(best)
    tab.get_by_label("Triplet loss only").check()
    expect(tab.locator("#status .ready")).to_contain_text(
        "adapter “triplet” (triplet loss)", timeout=120_000
    )
    triplet = SideBySide.load(tuned="triplet", parts=replace(SHIPPED, dataset=quarter_dataset))
    hits = triplet.search("forklift op 2nd shift", 10)["finetuned"]
    expect(titles).to_have_text([hit.title.text for hit in hits])
    assert titles.all_text_contents() != best


def test_keyboard_alone_searches(visit):
    tab = visit()
    box = tab.get_by_label("Job title", exact=True)
    box.focus()
    tab.keyboard.type("welder")
    tab.keyboard.press("Enter")
    expect(tab.locator("#search-results .lists-heading")).to_have_text("Nearest to welder")
    # On to the number of results, and from there again.
    tab.keyboard.press("Tab")
    expect(tab.get_by_label("Results").locator("visible=true")).to_be_focused()
    tab.keyboard.press("Control+a")
    tab.keyboard.type("3")
    tab.keyboard.press("Enter")
    expect(items(tab, LISTS[0])).to_have_count(3)


def test_an_example_is_searched_at_a_click(visit):
    tab = visit()
    tab.get_by_role("button", name="forklift op 2nd shift").click()
    expect(tab.locator("#search-results .lists-heading")).to_have_text(
        "Nearest to forklift op 2nd shift"
    )
    expect(items(tab, LISTS[1])).to_have_count(10)


@pytest.fixture(scope="module")
def one_tab(chromium, page, engine):
    """A tab in which one query follows the other, to save time; no message stands in it."""
    for open_tab in visits(chromium, page):
        yield open_tab()


HOSTILE = [
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "${window.hit = 1}",
    "`${window.hit = 1}`",
    "` + (window.hit = 1) + `",
    "\\` + (window.hit = 1) + \\`",
    "{{window.hit}} {{#each value}}x{{/each}}",
    "</bdi></p><svg onload='window.hit = 1'>",
    '"><b onmouseover="window.hit = 1" style="position:fixed;inset:0">x</b>',
    "&lt;b&gt; &amp; &#96;",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_text_stays_text(one_tab, query):
    tab = one_tab
    search(tab, query, "1")
    echoed = tab.locator("#search-results .lists-heading bdi")
    expect(echoed).to_have_js_property("textContent", query)
    assert echoed.locator("*").count() == 0
    echoed.hover()
    assert tab.evaluate("window.hit") is None
    assert tab.locator("#search-results :is(script, img, svg, b)").count() == 0


@pytest.mark.parametrize(
    ("query", "k", "message"),
    [
        ("", "10", "The query is empty: type a job title."),
        ("   ", "10", "The query is empty: type a job title."),
        ("x" * 100_000, "10", "The query has 100,000 characters; at most 500 are searched."),
        ("nurse", "0", "whole number from 1 up, not 0."),
        ("nurse", "-1", "whole number from 1 up, not -1."),
        ("nurse", "2.5", "whole number from 1 up, not 2.5."),
        ("nurse", "", "whole number from 1 up, not nothing."),
    ],
)
def test_bad_input_gets_a_sentence(one_tab, query, k, message):
    search(one_tab, query, k)
    toast = one_tab.get_by_test_id("toast-body")
    expect(toast).to_contain_text(message)
    assert "Traceback" not in one_tab.content()
    one_tab.get_by_test_id("toast-close").click()
    expect(toast).to_have_count(0)


@pytest.mark.parametrize("query", ["مهندس برمجيات", "👩‍🚒🔥", "\u202egnireenigne"])
def test_other_scripts_are_answered(one_tab, query):
    search(one_tab, query, "2")
    expect(one_tab.locator("#search-results .lists-heading bdi")).to_have_text(query)
    expect(items(one_tab, LISTS[0])).to_have_count(2)


def test_a_huge_k_shows_a_page_that_can_be_read(visit):
    tab = visit()
    search(tab, "nurse", "1000000000")
    expect(items(tab, LISTS[0])).to_have_count(100)
    expect(tab.locator("#search-results .lists-heading")).to_contain_text("the first 100")


def test_a_link_names_tab_and_query(visit, page, engine):
    tab = visit()
    tab.goto(f"{page.url}?q=forklift%20op%20%3Cb%3E&tab=search")
    heading = tab.locator("#search-results .lists-heading bdi")
    expect(heading).to_have_text("forklift op <b>")
    tab.get_by_label("Job title", exact=True).fill("RN nights")
    tab.keyboard.press("Enter")
    expect(heading).to_have_text("RN nights")
    expect(tab).to_have_url(re.compile(r"q=RN\+nights"))
    tab.goto(f"{page.url}?tab=about")
    expect(tab.get_by_role("tab", name="About")).to_have_attribute("aria-selected", "true")


def test_a_chosen_title_opens_its_neighbours(visit_small):
    tab = visit_small()
    search(tab, "massage therapist pt")
    title = items(tab, LISTS[1]).nth(1).locator(".title").text_content()
    items(tab, LISTS[1]).nth(1).get_by_role("button").press("Enter")
    heading = tab.locator("#similar-results .lists-heading bdi")
    expect(heading).to_have_text(title)
    expect(tab.get_by_label("Find a title of the catalogue")).to_have_value(title)
    # From there to the next.
    following = tab.locator("#similar-results section").nth(0).locator(".title").first
    title = following.text_content()
    following.click()
    expect(heading).to_have_text(title)


def test_only_some_titles_are_shown(visit_small, small_page):
    tab = visit_small()
    search(tab, "massage therapist pt")
    tab.get_by_role("button", name="Show only").click()
    tab.get_by_label("Kind of title").click()
    tab.get_by_role("option", name="clean titles").click()
    tab.get_by_label("Occupation group").click()
    tab.get_by_role("option", name="Healthcare, clinical").click()
    codes = tab.locator("#search-results .code")
    expect(codes.first).to_have_text(re.compile("^29-"))
    assert {text[:2] for text in codes.all_text_contents()} == {"29"}
    seeds = {
        title.text for title in small_page.warmup.engine.result().titles if title.kind == "seed"
    }
    shown = tab.locator("#search-results .title").all_text_contents()
    assert len(shown) == 20 and set(shown) <= seeds


def test_the_lists_are_saved_as_a_file(visit_small, tmp_path):
    tab = visit_small()
    search(tab, "massage therapist pt", "3")
    expect(items(tab, LISTS[1])).to_have_count(3)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as CSV").click()
    path = tmp_path / "saved.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == [LISTS[0]] * 3 + [LISTS[1]] * 3
    shown = items(tab, LISTS[0]).locator(".title").all_text_contents()
    assert [row["title"] for row in rows[:3]] == shown
    assert all(row["code"] and row["occupation"] and float(row["score"]) for row in rows)
