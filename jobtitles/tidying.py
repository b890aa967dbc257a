"""A messy title without its clutter, abbreviations written out: a second reading of it.

The coder reads a title as it stands as well, since what looks like clutter may be the trade.
"""

import re
from functools import cache
from pathlib import Path

from jobtitles import refusal

ABBREVIATIONS = Path(__file__).with_name("abbreviations.tsv")
PAY = r"(?:\$|£|€|\b(?:USD|EUR|GBP|AUD|CAD|INR)\b)\s?\d[\d.,]*(?:\s?[kK]\b)?"
CLUTTER = re.compile(
    rf"{PAY}(?:\s?(?:[-–/]|to)\s?(?:{PAY}|\d[\d.,]*(?:\s?[kK]\b)?))?"
    r"(?:\s?(?:/|per |an? )\s?[A-Za-z]+)?"
    r"|\([^)]*\)|\[[^\]]*\]|<[^>]+>|&[a-z]+;"
    r"|#?\b[A-Z]{0,4}[-_]?\d[\w/-]*"  # requisition numbers, shifts, hours
    r"|\b[IVX]{2,4}\b"  # grades
    r"|[*!#~_]+"
)
PARTS = re.compile(r"\s+[-–—|/•·:]+\s+|\|")
WORD = re.compile(r"[A-Za-z][A-Za-z&/]*[A-Za-z]|[A-Za-z]")


def tidied(title: str) -> str:
    """The title's first part that has words, less pay, brackets and numbers, written out.

    Args:
        title: Any text.

    Returns:
        The text itself where nothing of it would be left.
    """
    parts = [part for part in PARTS.split(CLUTTER.sub(" ", title)) if refusal.WORD.search(part)]
    if not parts:
        return title
    return " ".join(WORD.sub(_written_out, parts[0].replace(".", " ")).split())


def _written_out(word: re.Match[str]) -> str:
    return _abbreviations().get(word[0].lower(), word[0])


@cache
def _abbreviations() -> dict[str, str]:
    """Abbreviation in lower case -> what it stands for in most job titles."""
    lines = ABBREVIATIONS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)
