"""The coding tab in Chromium: a list and a file coded, corrected by hand, downloaded."""

import csv
import re

import pytest
from playwright.sync_api import expect

from tests.browser.tabs import SCREENS, choose

TITLES = ["RN - Med/Surg nights $41/hr", "massage therapist pt", "N/A", "massage therapist pt"]


def open_coder(visit_small, *size):
    tab = visit_small(*size)
    choose(tab, "Code my titles")
    return tab


def said(tab):
    return tab.locator("#coded-said p")


def code(tab):
    tab.get_by_role("button", name="Code", exact=True).click()
    expect(said(tab)).to_be_visible(timeout=120_000)


def downloaded(tab):
    with tab.expect_download() as got:
        tab.get_by_text("Download the coded table").click()
    path = got.value.path()
    with path.open(encoding="utf-8", newline="") as file:
        return got.value.suggested_filename, list(csv.DictReader(file))


def test_a_pasted_list_is_coded_corrected_and_downloaded(visit_small):
    tab = open_coder(visit_small)
    tab.get_by_label("Job titles, one a line").fill("\n".join(TITLES))
    code(tab)
    expect(said(tab)).to_contain_text("4 rows: 3 coded")
    expect(said(tab)).to_contain_text("1 without a code")
    expect(tab.locator("#coded")).to_contain_text("Massage Therapists")
    expect(tab.locator("#coded")).to_contain_text("no job title, or not in English")

    tab.locator("#coded").get_by_text("massage therapist pt").first.click()
    right = tab.locator("#right-code input")
    expect(right).to_have_value(re.compile(r"31-9011.00 Massage Therapists \([01]\.\d\d\)"))
    right.fill("Dental Ass")
    tab.get_by_role("option", name="31-9091.00 Dental Assistants").click()
    expect(tab.locator("#coded")).to_contain_text("by hand")
    name, rows = downloaded(tab)
    assert name == "coded-titles.csv"
    assert [row["title"] for row in rows] == TITLES
    assert [row["onet_code"] for row in rows[1:]] == ["31-9091.00", "", "31-9091.00"]
    assert rows[1]["onet_code_2"] == "31-9011.00"
    assert rows[1]["confidence"] == ""
    assert rows[0]["onet_code"].startswith("29-1141")


def test_a_file_is_coded_in_its_own_columns(visit_small, tmp_path):
    path = tmp_path / "ads.csv"
    path.write_bytes("id;x,Job Title,onet_code\n1,Caf\xe9 nurse,old\n2,=1+1,\n".encode("cp1252"))
    tab = open_coder(visit_small)
    tab.locator("input[type=file]").set_input_files(path)
    expect(tab.get_by_label("Column of job titles")).to_have_value("Job Title")
    code(tab)
    name, rows = downloaded(tab)
    assert name == "coded-ads.csv"
    assert list(rows[0])[:4] == ["id;x", "Job Title", "onet_code", "coded_onet_code"]
    assert rows[0]["Job Title"] == "Caf\xe9 nurse"
    assert [row["onet_code"] for row in rows] == ["old", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"title\nNurse\nRN,extra\n", "2 cells instead of 1"),
        (("a," * 300 + "title\n").encode(), "301 columns, more than 200"),
    ],
)
def test_a_broken_file_is_told_in_a_sentence(visit_small, tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    tab = open_coder(visit_small)
    tab.locator("input[type=file]").set_input_files(path)
    expect(tab.get_by_test_id("toast-text")).to_contain_text(message)


def test_an_empty_list_is_told_and_the_example_works(visit_small):
    tab = open_coder(visit_small)
    tab.get_by_role("button", name="Code", exact=True).click()
    expect(tab.get_by_test_id("toast-text")).to_contain_text("There are no titles")
    tab.get_by_role("button", name="Example", exact=True).click()
    expect(said(tab)).to_contain_text("5 rows", timeout=120_000)
    tab.get_by_label("Only what should be reviewed").check()
    expect(tab.locator("#coded")).to_contain_text("see notes")


@pytest.mark.parametrize(("width", "height", "theme"), SCREENS)
def test_the_codes_fit_the_screen(visit_small, screenshots, width, height, theme):
    tab = open_coder(visit_small, width, height, theme)
    tab.get_by_label("Job titles, one a line").fill("\n".join(TITLES))
    code(tab)
    tab.locator("#coded").get_by_text("massage therapist pt").first.click()
    expect(tab.locator("#right-code")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(path=screenshots / f"code-{theme}-{width}.png", full_page=True)
