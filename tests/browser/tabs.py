"""Choosing one of the page's tabs, which a narrow screen keeps in a menu; and the screens."""

import pytest
from playwright.sync_api import Page

# A desktop in the light and a phone in the dark; the other way round by make trials.
SCREENS = [
    (1280, 900, "light"),
    (390, 844, "dark"),
    pytest.param(1280, 900, "dark", marks=pytest.mark.trial),
    pytest.param(390, 844, "light", marks=pytest.mark.trial),
]


def choose(tab: Page, name: str) -> None:
    tab.get_by_role("tab").first.wait_for()  # a page that still loads has none
    button = tab.get_by_role("tab", name=name, exact=True)
    if not button.is_visible():
        tab.locator(".overflow-menu > button").click()
        button = tab.locator(".overflow-dropdown").get_by_text(name, exact=True)
    button.click()
