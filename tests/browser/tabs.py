"""Choosing one of the page's tabs, which a narrow screen keeps in a menu."""

from playwright.sync_api import Page


def choose(tab: Page, name: str) -> None:
    button = tab.get_by_role("tab", name=name, exact=True)
    if not button.is_visible():
        tab.locator(".overflow-menu > button").click()
        button = tab.locator(".overflow-dropdown").get_by_text(name, exact=True)
    button.click()
