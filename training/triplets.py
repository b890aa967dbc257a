"""Triplets from the training split: anchor, positive, hard negative.

A negative always has the form of the positive it stands beside. With a clean seed as positive the
negative is a clean title; with a messy title of the same seed it is a messy one: a messy near
miss, a messy title of a nearby seed of another occupation, or a clean negative put into the
clutter of one of the seed's own titles. Otherwise tidiness alone would tell them apart.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from datasets import Dataset

from jobtitles.labelled import read_occupation_titles
from jobtitles.onet import ListedTitle
from jobtitles.records import Title, text_key
from training.groups import Group
from training.mining import mine_negatives
from training.occupation_titles import read_jobs
from training.onet import RealTitles, barred_texts
from training.recipe import FinetuneSettings

# Of one seed, these two may narrow it in different directions: no mutual positives.
CONTRADICTING = {"reworded", "specialised"}

Encode = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class TrainingSet:
    """What a fine-tuning reads.

    Attributes:
        rows: Text columns anchor, positive and, where negatives were asked for, negative; and
            the labels of the anchor and of the negative.
        overlap: Whether two labels share an occupation, bool, shape (labels, labels).
    """

    rows: Dataset
    overlap: np.ndarray


def build_triplets(
    groups: list[Group],
    real: RealTitles | None,
    titles: list[Title],
    encode: Encode | None,
    settings: FinetuneSettings,
) -> TrainingSet:
    """Draw the training rows of a recipe: in every pass one for each title, or by `balance`.

    Args:
        groups: Seeds of the training split.
        real: O*NET's titles, where its files are at hand.
        titles: All titles of the dataset: names of occupations, and texts barred from training.
        encode: Titles to unit vectors (n, d), used to mine negatives among the seeds; None:
            rows without negatives.
        settings: The recipe.
    """
    return _Drawing(groups, real, titles, encode, settings).rows()


class _Drawing:
    def __init__(
        self,
        groups: list[Group],
        real: RealTitles | None,
        titles: list[Title],
        encode: Encode | None,
        settings: FinetuneSettings,
    ) -> None:
        self.settings = settings
        self.draw = random.Random(settings.seed)
        self.negatives = encode is not None
        self.names = {title.onet_code: title.onet_name for title in titles}
        self.descriptions = real.descriptions if real else {}
        self.anchors = [(group, kind) for group in groups for kind in group.titles]
        self.barred = barred_texts(titles, real)
        self.onet = len(real.train) if real else 0
        self.listed = _listed(real, settings, self.barred)
        codes_of = defaultdict(set)
        for group in groups:
            codes_of[text_key(group.seed)].add(group.code)
        self.codes_of = {seed: frozenset(codes) for seed, codes in codes_of.items()}
        self.known = {text_key(title.text): title.codes for title in self.listed} | self.codes_of
        self.other_names = _other_names(settings, self.barred)
        self.texts_of = defaultdict(list)
        self.groups_of = defaultdict(list)
        for title in self.listed:
            for code in title.codes:
                self.texts_of[code].append(title.text)
        for group in groups:
            self.texts_of[group.code].append(group.seed)
            self.groups_of[group.code].append(group)
        if self.negatives:
            messy = [group.titles[kind] for group, kind in self.anchors]
            seeds = [group.seed for group, _ in self.anchors]
            codes = [self.codes(group) for group, _ in self.anchors]
            self.mined = mine_negatives(groups, messy, seeds, codes, encode)
            texts = [title.text for title in self.listed]
            codes = [title.codes for title in self.listed]
            self.mined_listed = mine_negatives(groups, texts, texts, codes, encode)

    def codes(self, group: Group) -> frozenset[str]:
        return self.codes_of[text_key(group.seed)]

    def rows(self) -> TrainingSet:
        labels: dict[frozenset[str], int] = {}
        columns: dict[str, list] = defaultdict(list)
        for _ in range(self.settings.passes):
            for source, row in self.order():
                of_seed = source == "seed"
                drawn = self.of_seed(row) if of_seed else self.of_listed(row)
                anchor, positive, negative, others = drawn
                codes = self.codes(self.anchors[row][0]) if of_seed else self.listed[row].codes
                columns["anchor"].append(anchor)
                columns["positive"].append(positive)
                if self.negatives:
                    columns["negative"].append(negative)
                columns["label"].append(
                    [labels.setdefault(own, len(labels)) for own in (codes, others)]
                )
        codes = sorted({code for own in labels for code in own})
        under = np.array([[code in own for code in codes] for own in labels], np.float32)
        return TrainingSet(Dataset.from_dict(columns), under @ under.T > 0)

    def order(self) -> list[tuple[str, int]]:
        """The rows of one pass: (where from, place there)."""
        rows = [("seed", row) for row in range(len(self.anchors))]
        onet, listed = range(self.onet), range(self.onet, len(self.listed))
        shares = ((onet, self.settings.onet_share), (listed, self.settings.written_share))
        for places, share in shares:
            drawn = self.draw.sample(places, round(share * len(places)))
            rows += [("listed", row) for row in sorted(drawn)]
        if not self.settings.balance:
            return rows
        occupation = [
            self.anchors[row][0].code if source == "seed" else min(self.listed[row].codes)
            for source, row in rows
        ]
        size = Counter(occupation)
        weights = [size[code] ** -self.settings.balance for code in occupation]
        return self.draw.choices(rows, weights, k=len(rows))

    def of_seed(self, row: int) -> tuple[str, str, str, frozenset[str]]:
        """A jittered title, its seed or another title of the seed, a negative and its codes."""
        group, kind = self.anchors[row]
        positive_kind = _sibling_kind(group, kind, self.draw, self.settings.sibling_share)
        positive = group.titles[positive_kind] if positive_kind else group.seed
        if not self.negatives:
            return group.titles[kind], positive, "", frozenset()
        nearby = self.mined[row]
        mined = self.draw.random() < self.settings.mined_share
        written = group.clean_negatives or group.messy_negatives
        other = self.draw.choice(nearby) if (mined or not written) and nearby else None
        if positive_kind is None:
            negative = other.seed if other else self.draw.choice(_clean(group))
        else:
            negative = _messy_negative(group, self.draw)
            if other:
                negative = other.titles.get(positive_kind, other.seed)
        # What the LLM wrote as a near miss has a code only where it is a known title as well.
        codes = self.codes(other) if other else self.known.get(text_key(negative), frozenset())
        return group.titles[kind], positive, negative, codes

    def of_listed(self, row: int) -> tuple[str, str, str, frozenset[str]]:
        """A title of an occupation, another text of its occupation, a negative and its codes."""
        title, draw = self.listed[row], self.draw
        code = draw.choice(sorted(title.codes))
        positive = self.names[code]
        if draw.random() < self.settings.sibling_share:
            positive = draw.choice(
                [t for t in self.texts_of[code] if t != title.text] or [positive]
            )
        if draw.random() < self.settings.description_share:
            positive = self.descriptions.get(code, positive)
        if self.settings.job_share and draw.random() < self.settings.job_share:
            positive = draw.choice(self.other_names.get(text_key(title.text), [positive]))
        anchor = title.text
        if draw.random() < self.settings.clutter_share:
            group = draw.choice(self.groups_of[code] or [None])
            anchor = _cluttered(group, title.text, draw) if group else anchor
            if text_key(anchor) in self.barred:
                anchor = title.text
        if not self.negatives:
            return anchor, positive, "", frozenset()
        other = draw.choice(self.mined_listed[row])
        return anchor, positive, other.seed, self.codes(other)


def _listed(
    real: RealTitles | None, settings: FinetuneSettings, barred: set[str]
) -> list[ListedTitle]:
    """Titles by occupation: O*NET's first, then the LLM's that are neither there nor barred."""
    onet = real.train if real else []
    written = read_occupation_titles(settings.dataset, ("train",)) if settings.written_share else []
    codes_of = {text_key(title.text): title.codes for title in written}
    known = {text_key(title.text) for title in onet} | barred
    return [
        *(ListedTitle(t.text, t.codes | codes_of.get(text_key(t.text), frozenset())) for t in onet),
        *(t for t in written if text_key(t.text) not in known),
    ]


def _other_names(settings: FinetuneSettings, barred: set[str]) -> dict[str, list[str]]:
    """Folded title -> the other names of its jobs."""
    others: dict[str, list[str]] = defaultdict(list)
    for names in read_jobs(settings.dataset) if settings.job_share else []:
        kept = [name for name in names if text_key(name) not in barred]
        for name in kept:
            others[text_key(name)] += [other for other in kept if other != name]
    return {name: other for name, other in others.items() if other}


def _cluttered(group: Group, text: str, draw: random.Random) -> str:
    """`text` in the clutter of one of the group's titles, where one holds its seed verbatim."""
    cluttered = [title for title in group.titles.values() if group.seed in title]
    return draw.choice(cluttered).replace(group.seed, text) if cluttered else text


def _sibling_kind(group: Group, kind: str, draw: random.Random, sibling_share: float) -> str | None:
    """The kind of the positive, or None where the positive is the seed."""
    if draw.random() >= sibling_share:
        return None
    kinds = [k for k in group.titles if k != kind and {k, kind} != CONTRADICTING]
    return draw.choice(kinds) if kinds else None


def _clean(group: Group) -> list[str]:
    return group.clean_negatives or group.messy_negatives


def _messy_negative(group: Group, draw: random.Random) -> str:
    """A messy near miss, or a clean negative in the clutter of one of the seed's own titles."""
    cluttered = any(group.seed in title for title in group.titles.values())
    if cluttered and group.clean_negatives and draw.random() < 0.5 or not group.messy_negatives:
        return _cluttered(group, draw.choice(_clean(group)), draw)
    return draw.choice(group.messy_negatives)
