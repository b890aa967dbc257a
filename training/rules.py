"""Rule-based jitter: the floor that an LLM has to beat to be worth its price."""

import random

ABBREVIATIONS = {
    "administrative": "admin",
    "administrator": "admin",
    "assistant": "asst",
    "associate": "assoc",
    "coordinator": "coord",
    "department": "dept",
    "development": "dev",
    "director": "dir",
    "engineer": "eng",
    "executive": "exec",
    "general": "gen",
    "international": "intl",
    "maintenance": "maint",
    "management": "mgmt",
    "manager": "mgr",
    "mechanic": "mech",
    "medical": "med",
    "operations": "ops",
    "operator": "op",
    "production": "prod",
    "representative": "rep",
    "senior": "sr",
    "specialist": "spec",
    "supervisor": "supv",
    "technician": "tech",
    "therapist": "ther",
}
BEFORE = ("Senior ", "Urgent: ", "Lead ", "Part-time ", "REF 40213 ", "Junior ")
AFTER = (" - remote", " (full time)", " II", " | $25/hr", " - night shift", " - immediate start")


def rule_based(seed: str, draw: random.Random) -> dict[str, list[str]]:
    """Two titles of every kind that rules can write.

    Args:
        seed: A clean title.
        draw: Source of chance.

    Returns:
        Kind -> titles: "abbreviated", "decorated", "garbled".
    """
    return {
        "abbreviated": [_abbreviated(seed), _abbreviated(seed).upper()],
        "decorated": [draw.choice(BEFORE) + seed, seed + draw.choice(AFTER)],
        "garbled": [_misspelt(seed, draw), _misspelt(seed, draw).lower().replace(" ", "")],
    }


def _abbreviated(seed: str) -> str:
    """Known words clipped; of a title without any, every long word."""
    words = seed.split()
    short = [ABBREVIATIONS.get(word.lower(), word) for word in words]
    if short == words:
        short = [word[:4] if len(word) > 6 else word for word in words]
    return " ".join(short)


def _misspelt(seed: str, draw: random.Random) -> str:
    """Two neighbouring letters swapped, or one left out."""
    differing = [i for i in range(1, len(seed) - 1) if seed[i] != seed[i + 1]]
    if not differing:
        return seed + "."
    place = draw.choice(differing)
    if draw.random() < 0.5:
        return seed[:place] + seed[place + 1] + seed[place] + seed[place + 2 :]
    return seed[:place] + seed[place + 1 :]
