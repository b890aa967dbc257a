"""The tabs Results and About in Chromium: figures from the result files, what was loaded."""

import json

import pytest
from playwright.sync_api import expect

from jobtitles.sources import ROOT
from tests.browser.tabs import SCREENS, choose


def test_the_figures_are_those_of_the_result_files(visit_small):
    tab = visit_small()
    choose(tab, "Results")
    for plot in ("#results-kinds", "#results-coder"):
        expect(tab.locator(f"{plot} .js-plotly-plot .scatterlayer .point").first).to_be_visible()
    metrics = json.loads((ROOT / "model_card/finetuned/metrics.json").read_text())
    figure = metrics["splits"]["test"]["seed_retrieval"]["overall"]["mrr"]
    rows = tab.locator("#results-figures").get_by_role("row")
    row = rows.filter(has_text="MRR: all test titles").last
    expect(row).to_contain_text(f"{figure['base']:.3f}")
    expect(row).to_contain_text(f"{figure['finetuned']:.3f}")
    coder = json.loads((ROOT / "model_card/coder_metrics.json").read_text())["groups"]
    expect(tab.locator("#results-codes")).to_contain_text(
        f"{100 * coder['messy, seen']['finetuned']['top-1']:.1f} %"
    )
    expect(tab.locator("#results-ablation")).to_contain_text("base model, untrained")
    with tab.expect_download() as got:
        tab.get_by_text("Download the figures").click()
    assert json.loads(got.value.path().read_text()) == metrics


def test_about_says_what_was_loaded(visit_small):
    tab = visit_small()
    choose(tab, "About")
    expect(tab.locator("#about-loaded")).to_contain_text("shipped with this repository")
    expect(tab.locator("#about-loaded")).to_contain_text("torch 2.")


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_nothing_sticks_out(visit_small, screenshots, width, height, theme):
    tab = visit_small(width, height, theme)
    shown = {"Results": "#results-coder .js-plotly-plot", "About": "#about-loaded li"}
    for name, content in shown.items():
        choose(tab, name)
        expect(tab.locator(content).first).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        tab.screenshot(path=screenshots / f"{name.lower()}-{theme}-{width}.png", full_page=True)
