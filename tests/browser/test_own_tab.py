"""The tab of a visitor's own catalogue, and what the other tabs make of it."""

import csv

from playwright.sync_api import expect

from tests.browser.tabs import choose
from tests.browser.test_search_tab import LISTS, items, search

TITLES = ["RN Med/Surg nights", "Line cook", "Barista PT", "Forklift op", "SWE II", "Welder"]


def use(tab, titles):
    choose(tab, "My catalogue")
    tab.get_by_label("My titles, one a line").fill("\n".join(titles))
    tab.get_by_role("button", name="Use these titles").click()
    expect(tab.locator("#own-said")).to_contain_text(
        f"{len(titles)} different titles are searched now"
    )


def test_pasted_titles_are_searched_by_their_visitor_alone(visit_small, screenshots):
    tab, other = visit_small(), visit_small()
    use(tab, TITLES)
    expect(tab.get_by_label("My own")).to_be_checked()
    tab.screenshot(path=screenshots / "own-light-1280.png", full_page=True)
    choose(tab, "Search")
    search(tab, "registered nurse")
    expect(items(tab, LISTS[1])).to_have_count(len(TITLES))
    expect(items(tab, LISTS[1]).first.locator(".title")).to_have_text(TITLES[0])
    search(other, "registered nurse")
    expect(items(other, LISTS[1])).to_have_count(10)
    other.get_by_label("My own").check()
    expect(other.get_by_test_id("toast-body")).to_contain_text("There is no catalogue of yours")

    choose(tab, "Embedding map")
    tab.get_by_role("button", name="Draw the maps").click()
    plot = tab.locator("#map-base .js-plotly-plot")
    expect(plot.locator("canvas").first).to_be_visible()
    # The six titles, the rings about the nearest of what was searched, and its star.
    assert plot.evaluate("plot => plot._fullData.map(trace => trace.x.length)") == [6, 6, 1]
    expect(tab.locator("#map-purity")).to_contain_text("The star is registered nurse")

    tab.get_by_label("Clean and test titles").check()
    choose(tab, "Search")
    expect(items(tab, LISTS[1])).to_have_count(10)


def test_a_table_shows_its_columns_beside_the_titles(visit_small, tmp_path):
    path = tmp_path / "jobs.csv"
    with path.open("w", newline="") as file:
        rows = [["company", "job title"], *(["ACME <b>", title] for title in TITLES)]
        csv.writer(file).writerows(rows)
    tab = visit_small()
    choose(tab, "My catalogue")
    tab.locator("input[type=file]").last.set_input_files(path)
    expect(tab.get_by_label("Column of the titles")).to_have_value("job title")
    tab.get_by_label("Columns shown beside them").click()
    tab.get_by_role("option", name="company").click()
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Use these titles").click()
    expect(tab.locator("#own-said")).to_contain_text(
        "6 different titles of jobs.csv are searched now"
    )
    choose(tab, "Search")
    search(tab, "barista", "1")
    expect(items(tab, LISTS[0]).locator(".name")).to_have_text("ACME <b>")


def test_an_encoding_is_stopped_at_work_and_in_the_queue(visit_small, tmp_path):
    many = tmp_path / "many.csv"
    many.write_text("\n".join(["title", *(f"Welder {number}" for number in range(20_000))]))
    first, second = visit_small(), visit_small()
    for tab in (first, second):
        choose(tab, "My catalogue")
        tab.locator("input[type=file]").last.set_input_files(many)
        expect(tab.get_by_label("Column of the titles")).to_have_value("title")
        tab.get_by_role("button", name="Use these titles").click()
    expect(first.locator("#own-said")).to_contain_text("Encoding")
    for tab in (second, first):  # the second waits for the first
        tab.get_by_role("button", name="Stop", exact=True).click()
    for tab in (first, second):
        expect(tab.locator("#own-said")).to_contain_text("Stopped; nothing has changed.")
        expect(tab.get_by_label("My own")).not_to_be_checked()
    first.get_by_role("button", name="Example", exact=True).click()  # a stop is forgotten
    expect(first.locator("#own-said")).to_contain_text("8 different titles are searched now")


def test_too_few_lines_get_a_sentence(visit_small):
    tab = visit_small()
    choose(tab, "My catalogue")
    tab.get_by_label("My titles, one a line").fill("Cook")
    tab.get_by_role("button", name="Use these titles").click()
    expect(tab.get_by_test_id("toast-body")).to_contain_text("1 different titles: give at least 5")
