"""The quality gate: rules that a written title must keep, and counts of those that break them."""

import re
from collections import Counter, defaultdict

from jobtitles.conversation import KINDS
from jobtitles.records import MAX_TITLE_CHARS, text_key

WORD = re.compile(r"[a-z]{3,}")
# Words of a title that say nothing about which job it is.
EMPTY_WORDS = {"and", "the", "for", "with", "senior", "junior", "lead", "head", "chief"}
LEAKS = re.compile(
    r"near[_ ]miss|lookalike|json|o\*net|\bseed\b|\b\d\d-\d{4}\.\d\d\b", re.IGNORECASE
)


def gate(titles: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict]:
    """Leave out what breaks a hard rule.

    Args:
        titles: Rows with title, kind, seed_title, onet_code and generator.

    Returns:
        The rows that are kept, in order; and a report: counts by rule and kind, and every row
        that was left out with the rule it broke.
    """
    kept, left_out = [], []
    broken: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in titles:
        key = text_key(row["title"])
        rule = broken_rule(row["title"], row["kind"], row["seed_title"])
        own = written[row["onet_code"], text_key(row["seed_title"]), row["generator"]]
        if rule is None and key in own:
            rule = "written twice for the seed"
        if rule is None:
            own.add(key)
            kept.append(row)
        else:
            broken[rule][row["kind"]] += 1
            left_out.append({"rule": rule, **row})
    by_rule = {rule: {k: counts[k] for k in KINDS if counts[k]} for rule, counts in broken.items()}
    report = {
        "titles": len(titles),
        "kept": len(kept),
        "broken": dict(sorted(by_rule.items())),
        "left_out": left_out,
    }
    return kept, report


def broken_rule(title: str, kind: str, seed: str) -> str | None:
    """The first hard rule that a title breaks, or None."""
    key, seed_key = text_key(title), text_key(seed)
    if not key:
        return "empty"
    if key == seed_key:
        return "unchanged"
    if len(title) > MAX_TITLE_CHARS:
        return "too long"
    if LEAKS.search(title) and not LEAKS.search(seed):
        return "speaks of the task"
    if kind == "reworded" and _words(title) & _words(seed):
        return "reworded with the seed's words"
    if kind == "synonym" and seed_key in key:
        return "synonym contains the seed"
    if kind == "posting" and seed_key in key:
        return "posting contains the seed"
    return None


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.lower())) - EMPTY_WORDS
