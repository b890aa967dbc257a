"""The in-the-wild titles recorded for a clean title, and where either model finds it again."""

from dataclasses import dataclass

import numpy as np

from jobtitles.query import checked_query
from jobtitles.records import JITTER_KINDS, SEED_KIND, Title, text_key
from jobtitles.search import SideBySide


@dataclass(frozen=True)
class Recorded:
    """What the dataset holds for a title.

    Attributes:
        seed: The clean title: the one asked for, or the nearest that there is.
        exact: Whether it is the one asked for.
        titles: Its jittered titles, by kind.
        ranks: For every one of them, model -> rank of the seed among all seeds, 1 is best.
    """

    seed: Title
    exact: bool
    titles: list[Title]
    ranks: list[dict[str, int]]


def recorded_titles(engine: SideBySide, text: str) -> Recorded:
    """The titles recorded for `text`, or for the seed nearest to it under the fine-tuned model.

    Raises:
        InputError: The text cannot be a query.
    """
    own, exact = nearest_seed(engine, text)
    seed = engine.titles[own]
    titles = [
        title
        for title in engine.titles
        if title.kind != SEED_KIND
        and title.onet_code == seed.onet_code
        and text_key(title.seed_title) == text_key(seed.text)
    ]
    titles.sort(key=lambda title: JITTER_KINDS.index(title.kind))
    return Recorded(seed, exact, titles, seed_ranks(engine, own, [t.text for t in titles]))


def nearest_seed(engine: SideBySide, text: str) -> tuple[int, bool]:
    """Row of the seed with this text, else of the nearest, and whether it is the very one.

    Raises:
        InputError: The text cannot be a query.
    """
    text = checked_query(text)
    rows = _seed_rows(engine)
    key = text_key(text)
    same = [row for row in rows if text_key(engine.titles[row].text) == key]
    if same:
        return same[0], True
    near = engine.vectors("finetuned", np.array(rows)) @ engine.encode("finetuned", [text])[0]
    return rows[int(near.argmax())], False


def seed_ranks(engine: SideBySide, own: int, texts: list[str]) -> list[dict[str, int]]:
    """For every text, model -> rank of the seed in row `own` among all seeds, 1 is best."""
    rows = _seed_rows(engine)
    ranks: list[dict[str, int]] = [{} for _ in texts]
    for name in ("base", "finetuned") if texts else ():
        scores = engine.encode(name, texts) @ engine.vectors(name, np.array(rows)).T
        better = scores > scores[:, [rows.index(own)]] + 1e-6
        for rank, count in zip(ranks, np.count_nonzero(better, axis=1).tolist(), strict=True):
            rank[name] = 1 + count
    return ranks


def _seed_rows(engine: SideBySide) -> list[int]:
    return [row for row in range(engine.default_count) if engine.titles[row].kind == SEED_KIND]
