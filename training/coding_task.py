"""Titles to be coded, the titles that vote, and which codes are right."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jobtitles.catalogue import read_titles
from jobtitles.labelled import Labelled, read_occupation_titles
from jobtitles.onet import ListedTitle
from jobtitles.records import JITTER_KINDS, SEED_KIND, text_key
from training.onet import RealTitles, barred_texts


@dataclass(frozen=True)
class CodingTask:
    """Titles of one split.

    Attributes:
        titles: n texts.
        right: The codes that are right for each.
        groups: Group -> which titles belong to it, bool, shape (n,). Jitter kinds are of
            occupations seen in training.
    """

    titles: list[str]
    right: list[frozenset[str]]
    groups: dict[str, np.ndarray]

    @classmethod
    def of_split(cls, dataset: Path, real: RealTitles, split: str) -> "CodingTask":
        """Jittered titles of a split (not its seeds), and O*NET's titles held out there.

        Right for a jittered title is every code under which its seed stands; for one of O*NET's
        titles every code that lists it.
        """
        titles = read_titles(dataset)
        trained = {title.onet_code for title in titles if title.split == "train"}
        codes_of: dict[str, set[str]] = defaultdict(set)
        for title in titles:
            codes_of[text_key(title.seed_title)].add(title.onet_code)
        messy = [t for t in titles if t.split == split and t.kind != SEED_KIND]
        listed = [*real.held_out[split], *real.unseen[split]]
        texts = [t.text for t in (*messy, *listed)]
        right = [frozenset(codes_of[text_key(t.seed_title)]) for t in messy]
        right += [title.codes for title in listed]
        kinds = np.array([t.kind for t in messy] + ["onet"] * len(listed))
        seen = np.array([bool(codes & trained) for codes in right])
        groups = {
            "messy, seen": (kinds != "onet") & seen,
            "messy, unseen": (kinds != "onet") & ~seen,
        }
        groups |= {
            "O*NET, seen": (kinds == "onet") & seen,
            "O*NET, unseen": (kinds == "onet") & ~seen,
        }
        groups |= {kind: (kinds == kind) & seen for kind in JITTER_KINDS}
        return cls(texts, right, groups)


def training_labelled(dataset: Path, real: RealTitles) -> Labelled:
    """What votes when the coder is fitted or measured: nothing of validation or test."""
    titles = read_titles(dataset)
    barred = barred_texts(titles, real)
    known = [ListedTitle(t.text, frozenset([t.onet_code])) for t in titles if t.split == "train"]
    known += read_occupation_titles(dataset, ("train",)) + real.train
    names = {title.onet_code: title.onet_name for title in titles}
    return Labelled.of((t for t in known if text_key(t.text) not in barred), names)
