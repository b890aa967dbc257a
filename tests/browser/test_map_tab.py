"""The map tab in Chromium: two visitors ask at once, one run draws for both."""

import html
import logging

from playwright.sync_api import expect

from jobtitles.ui import map_tab
from jobtitles.ui.choice import CATALOGUES
from jobtitles.ui.map_figure import MAJOR_GROUPS
from tests.browser.tabs import choose

MAP_TIMEOUT = 600_000  # milliseconds; half a minute on two idle cores


def open_map(visit):
    tab = visit()
    choose(tab, "Embedding map")
    return tab


def traces(tab, plot):
    return tab.locator(f"{plot} .js-plotly-plot").evaluate(
        """plot => plot.data.map(trace => ({
            name: trace.name, count: trace.hovertext.length, colour: trace.marker.color,
            hover: trace.hovertext[0]}))"""
    )


def test_two_visitors_one_drawing(visit, page, engine, cache_home, caplog):
    assert not page.warmup.maps.done, "another test drew the maps: this one must come first"
    first, second = open_map(visit), open_map(visit)
    with caplog.at_level(logging.INFO, "jobtitles"):
        for tab in (first, second):
            tab.get_by_role("button", name="Draw the maps").click()
        for tab in (first, second):
            progress = tab.get_by_text("iterations").first
            expect(progress).to_be_visible(timeout=MAP_TIMEOUT)
        for tab in (first, second):
            for plot in ("#map-base", "#map-finetuned"):
                expect(tab.locator(f"{plot} .js-plotly-plot canvas").first).to_be_visible(
                    timeout=MAP_TIMEOUT
                )
    drawings = [r for r in caplog.messages if r.startswith("Drawing the maps took")]
    assert len(drawings) == 1  # not one a visitor
    assert len(list((cache_home / "job-titles").glob("map-*.safetensors"))) == 2

    for plot in ("#map-base", "#map-finetuned"):
        drawn = traces(first, plot)
        shown = {title.onet_code[:2] for title in engine.titles[: engine.default_count]}
        names = [name for code, (name, _) in MAJOR_GROUPS.items() if code in shown]
        assert [trace["name"] for trace in drawn] == names
        assert sum(trace["count"] for trace in drawn) == engine.default_count
        title = next(t for t in engine.titles if t.onet_code.startswith("11"))
        expected = "<br>".join(html.escape(s, quote=False) for s in (title.text, title.onet_name))
        assert drawn[0]["hover"] == expected

    expect(first.locator("#map-purity p")).to_contain_text("of its own group with the base model")

    # Drawn already: another group is quick, and is drawn over the faded others.
    box = first.get_by_label("Highlight an occupation group")
    box.click()
    first.get_by_role("option", name="Legal").click()
    expect(first.locator("#map-base .js-plotly-plot canvas").first).to_be_visible()
    first.wait_for_function(
        """colour => document.querySelector('#map-base .js-plotly-plot')
            ?.data.at(-1).marker.color === colour""",
        arg=MAJOR_GROUPS["23"][1],
    )
    drawn = traces(first, "#map-base")
    assert drawn[-1]["name"] == "Legal"
    assert len({trace["colour"] for trace in drawn}) == 2


def test_a_point_that_is_clicked_opens_its_neighbours(visit, engine):
    tab = open_map(visit)
    tab.get_by_label("Place a title").fill("night nurse")
    tab.get_by_label("Mark what changed most").check()
    tab.get_by_role("button", name="Draw the maps").click()
    plot = tab.locator("#map-base .js-plotly-plot")
    expect(plot.locator("canvas").first).to_be_visible(timeout=MAP_TIMEOUT)
    names = plot.evaluate("plot => plot.data.slice(-3).map(trace => trace.name)")
    assert names == ["nearest", "changed most", "placed"]
    expect(tab.locator("#map-changed tbody tr")).to_have_count(12)
    # Where the title in the highest place is drawn, on the screen: nothing hides it there.
    x, y, row = plot.evaluate(
        """plot => {
            const {xaxis, yaxis, _size} = plot._fullLayout, box = plot.getBoundingClientRect();
            let highest = [0, Infinity, -1];
            for (const trace of plot._fullData.slice(0, -3))
                for (let i = 0; i < trace.x.length; i++) {
                    const y = box.y + _size.t + yaxis.d2p(trace.y[i]);
                    if (y < highest[1]) highest = [
                        box.x + _size.l + xaxis.d2p(trace.x[i]), y, trace.customdata[i]];
                }
            return highest;
        }"""
    )
    tab.mouse.move(x + 40, y + 40)
    tab.mouse.move(x, y, steps=5)
    tab.mouse.click(x, y)
    heading = tab.locator("#similar-results .lists-heading bdi")
    expect(heading).to_have_text(engine.titles[row].text)

    choose(tab, "Embedding map")
    tab.locator("#map-changed .pick").first.click()
    title = tab.locator("#map-changed .pick").first.text_content()
    expect(heading).to_have_text(title)


def test_all_titles_have_maps_of_their_own(visit_small, small_page, monkeypatch):
    engine = small_page.warmup.engine.result()
    tab = visit_small()
    tab.get_by_label(CATALOGUES["whole"]).check()
    choose(tab, "Embedding map")
    tab.get_by_role("button", name="Draw the maps").click()
    plot = tab.locator("#map-base .js-plotly-plot")
    expect(plot.locator("canvas").first).to_be_visible(timeout=MAP_TIMEOUT)
    drawn = traces(tab, "#map-base")
    assert sum(trace["count"] for trace in drawn) == len(engine.titles) > engine.default_count
    # Of the titles that the default catalogue lacks, the one with the most room around it.
    x, y, row = plot.evaluate(
        """(plot, first) => {
            const {xaxis, yaxis, _size} = plot._fullLayout, box = plot.getBoundingClientRect();
            const points = plot._fullData.flatMap(trace => [...trace.x].map((x, i) => [
                box.x + _size.l + xaxis.d2p(x), box.y + _size.t + yaxis.d2p(trace.y[i]),
                trace.customdata[i]]));
            let roomiest = 0, found = null;
            for (const point of points.filter(point => point[2] >= first)) {
                let room = Infinity;
                for (const other of points)
                    if (other !== point)
                        room = Math.min(room, Math.hypot(other[0] - point[0], other[1] - point[1]));
                if (room > roomiest) [roomiest, found] = [room, point];
            }
            return found;
        }""",
        engine.default_count,
    )
    tab.mouse.move(x + 40, y + 40)
    tab.mouse.move(x, y, steps=5)
    tab.mouse.click(x, y)
    heading = tab.locator("#similar-results .lists-heading bdi")
    expect(heading).to_have_text(engine.titles[row].text)

    monkeypatch.setattr(map_tab, "MOST_DRAWN", 100)
    choose(tab, "Embedding map")
    tab.get_by_role("button", name="Draw the maps").click()
    expect(tab.get_by_text("titles are too many for a map")).to_be_visible()
