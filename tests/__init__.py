"""Tests: one file a module, and the page in Chromium under browser/."""
