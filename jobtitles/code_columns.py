"""The columns that coding adds to a table of titles."""

from jobtitles.coder import TAXONOMY, Coder, Match


def column_names(k: int, prefix: str) -> list[str]:
    """Names of the added columns, for k codes a title."""
    numbered = [
        f"{name}{'' if place == 1 else f'_{place}'}"
        for place in range(1, k + 1)
        for name in ("onet_code", "onet_name", "confidence")
    ]
    return [prefix + name for name in (*numbered, "review", "onet_url", "taxonomy")]


def cells(matches: list[Match], coder: Coder, k: int) -> list[str]:
    """A title's cells under these names; a code that was set by hand has no confidence."""
    found: list[str] = []
    for match in matches[:k]:
        confidence = "" if match.by_hand else f"{match.confidence:.3f}"
        found += [match.onet_code, match.onet_name, confidence]
    found += [""] * (3 * k - len(found))
    review = "yes" if coder.needs_review(matches) else "no"
    return [*found, review, matches[0].url if matches else "", TAXONOMY]
