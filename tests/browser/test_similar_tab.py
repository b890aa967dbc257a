"""The similar-titles tab in Chromium: finding a title and seeing its neighbours."""

from playwright.sync_api import expect

from tests.browser.tabs import choose


def open_similar(visit):
    tab = visit()
    choose(tab, "Similar titles")
    return tab, tab.get_by_label("Find a title of the catalogue"), tab.locator("#matches")


def test_typed_then_chosen_then_shown(visit, engine):
    tab, box, matches = open_similar(visit)
    box.press_sequentially("nurse pract", delay=20)
    rows = engine.find("nurse pract", 8)
    titles = [engine.titles[row] for row in rows]
    labels = matches.locator("label")
    # Until the list for the last letter is there, what stands under the mouse may still change.
    expect(labels).to_have_text([f"{title.text} — {title.onet_name}" for title in titles])
    labels.nth(1).click()
    row, title = rows[1], titles[1]
    results = tab.locator("#similar-results")
    expect(results.locator(".lists-heading bdi")).to_have_text(title.text)
    for name, hits in zip(
        ("Base model", "Fine-tuned model"), engine.similar(row, 10).values(), strict=True
    ):
        shown = results.get_by_role("region", name=name).locator(".title")
        assert shown.all_text_contents() == [hit.title.text for hit in hits]


def test_a_pasted_title_is_found_too(visit, engine):
    tab, box, matches = open_similar(visit)
    box.focus()
    tab.keyboard.insert_text("Software Engineer")
    expect(matches.locator("label").first).to_contain_text("Software Engineer —")


def test_keyboard_alone_chooses(visit, engine):
    tab, box, matches = open_similar(visit)
    box.focus()
    tab.keyboard.type("software engineer")
    expect(matches.locator("label").first).to_contain_text("Software Engineer —")
    matches.get_by_role("radio").first.focus()
    tab.keyboard.press("Space")
    heading = tab.locator("#similar-results .lists-heading bdi")
    expect(heading).to_have_text("Software Engineer")
    # Gradio's radios are not one group to the browser: Tab goes on, the arrow keys do not.
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    second = engine.titles[engine.find("software engineer", 8)[1]]
    expect(heading).to_have_text(second.text)


def test_nothing_found_is_said(visit):
    tab, box, matches = open_similar(visit)
    box.fill("zzzqqq <img src=x onerror=alert(1)>")
    expect(tab.get_by_text("No title of the catalogue has all these words.")).to_be_visible()
    expect(matches).to_have_count(0)
