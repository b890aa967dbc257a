"""The in-the-wild titles recorded for a clean title, and where either model finds it again."""

from dataclasses import dataclass

import numpy as np

from jobtitles.records import JITTER_KINDS, SEED_KIND, Title, text_key
from jobtitles.search import SideBySide, checked_query


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
    text = checked_query(text)
    rows = [row for row in range(engine.default_count) if engine.titles[row].kind == SEED_KIND]
    key = text_key(text)
    same = [row for row in rows if text_key(engine.titles[row].text) == key]
    if same:
        own = same[0]
    else:
        near = engine.vectors("finetuned")[rows] @ engine.encode("finetuned", [text])[0]
        own = rows[int(near.argmax())]
    seed = engine.titles[own]
    titles = [
        title
        for title in engine.titles
        if title.kind != SEED_KIND
        and title.onet_code == seed.onet_code
        and text_key(title.seed_title) == text_key(seed.text)
    ]
    titles.sort(key=lambda title: JITTER_KINDS.index(title.kind))
    ranks: list[dict[str, int]] = [{} for _ in titles]
    for name in ("base", "finetuned") if titles else ():
        scores = (
            engine.encode(name, [title.text for title in titles]) @ engine.vectors(name)[rows].T
        )
        better = scores > scores[:, [rows.index(own)]] + 1e-6
        for rank, count in zip(ranks, np.count_nonzero(better, axis=1).tolist(), strict=True):
            rank[name] = 1 + count
    return Recorded(seed, bool(same), titles, ranks)
