"""Training rows: what stands beside what, and that nothing held out gets in."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from jobtitles.catalogue import read_titles
from jobtitles.encoder import load_encoder
from jobtitles.onet import ListedTitle
from jobtitles.records import Title, text_key
from jobtitles.sources import DATASET_DIR
from training import triplets
from training.groups import Group, training_groups
from training.mining import mine_negatives
from training.onet import RealTitles
from training.recipe import FinetuneSettings
from training.triplets import build_triplets

DEFAULTS = FinetuneSettings()


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("base")


def training_set(groups, encode, real=None, **changes):
    return build_triplets(groups, real, read_titles(), encode, replace(DEFAULTS, **changes))


def test_no_triplet_holds_a_held_out_text():
    """Putting negatives into a seed's clutter writes new texts: these count as well.

    Random vectors mine among the same training titles, without a minute of encoding, and leave
    time for a second draw of each.
    """
    random = np.random.default_rng(0)

    def encode(titles):
        vectors = random.standard_normal((len(titles), 16)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    rows = training_set(training_groups(DATASET_DIR), encode, passes=2, written_share=1).rows
    held_out = set()
    for split in ("validation", "test"):
        path = DATASET_DIR / "data" / f"{split}-00000-of-00001.parquet"
        for row in pq.read_table(path).to_pylist():
            texts = row["jittered_title"], row["seed_title"], *row["hard_negatives"]
            held_out.update(text_key(text) for text in texts)
    used = {text_key(text) for name in ("anchor", "positive", "negative") for text in rows[name]}
    assert len(held_out) > 10_000
    assert used & held_out == set()


def test_triplets_are_drawn_the_same_way_twice_and_otherwise_with_another_seed(encoder):
    groups = training_groups(DATASET_DIR)[:200]
    vectors = {}

    def encode(titles):
        new = sorted(set(titles) - vectors.keys())
        vectors.update(zip(new, encoder.encode(new), strict=True))
        return np.stack([vectors[title] for title in titles])

    draws = [training_set(groups, encode, seed=seed).rows[:] for seed in (1, 1, 2)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


def groups_by_hand():
    cook = {"decorated": "Cook, nights", "garbled": "COOCK"}
    return [
        Group("1", "Cook", cook, ["Cookie Seller"], []),
        Group("2", "Line Cook", {"decorated": "Line Cook, nights"}, ["Lineman"], ["LINEMN x2"]),
        Group("1", "Chef", {"decorated": "Chef, nights"}, ["Chief"], []),
    ]


def encode_by_hand(titles):
    """Cook and Chef alike, Line Cook .8 from both, whatever the clutter."""
    table = {"Cook": [1, 0], "COOCK": [1, 0], "Chef": [1, 0], "Line Cook": [0.8, 0.6]}
    return np.array([table[title.split(",")[0]] for title in titles], np.float32)


def test_mining_never_takes_the_same_occupation():
    anchors, codes = ["COOCK", "Line Cook, nights"], [frozenset("1"), frozenset("2")]
    mined = mine_negatives(groups_by_hand(), anchors, ["Cook", "Line Cook"], codes, encode_by_hand)
    assert [[group.seed for group in found] for found in mined] == [["Line Cook"], ["Cook", "Chef"]]


def test_mining_leaves_out_what_may_be_the_same_job():
    mined = mine_negatives(groups_by_hand(), ["Chef"], ["Chef"], [frozenset("2")], encode_by_hand)
    assert mined == [[]]  # Cook and Chef are too near, Line Cook is its own


def test_a_negative_has_the_form_of_its_positive():
    rows = training_set(groups_by_hand(), encode_by_hand, passes=200).rows
    clean = {"Cook", "Line Cook", "Chef"}
    seen = set()
    for row in rows:
        if row["positive"] in clean:
            assert row["negative"] in clean | {"Cookie Seller", "Lineman", "Chief"}
        seen.add((row["positive"], row["negative"]))
    # Messy positives: the negative stands in the same clutter, or is a neighbour's messy title.
    assert ("COOCK", "Cookie Seller, nights") in seen
    assert ("Cook, nights", "Line Cook, nights") in seen


def test_labels_overlap_where_occupations_do():
    drawn = training_set(groups_by_hand(), encode_by_hand, passes=50)
    label = {row["anchor"]: row["label"][0] for row in drawn.rows}
    assert drawn.overlap[label["COOCK"], label["Chef, nights"]]
    assert not drawn.overlap[label["COOCK"], label["Line Cook, nights"]]
    # The negative of a row has its own label, that of no occupation where none is known.
    of_negative = {row["negative"]: row["label"][1] for row in drawn.rows}
    assert of_negative["Line Cook"] == label["Line Cook, nights"]
    assert not drawn.overlap[of_negative["Cookie Seller, nights"]].any()


def test_rows_without_negatives_where_none_are_asked_for():
    rows = training_set(groups_by_hand(), None).rows
    assert rows.column_names == ["anchor", "positive", "label"]


def real_titles():
    """Titles of the hand-made groups' occupation 1 and of none."""
    held_out = {"validation": [ListedTitle("Grill Cook, nights", frozenset("1"))], "test": []}
    nothing = {"validation": [], "test": []}
    train = [ListedTitle(text, frozenset("1")) for text in ("Grill Cook", "Fry Cook")]
    return RealTitles(train, held_out, nothing, {"1": "Prepare food"})


def drawn(**changes):
    by_hand = [Title(n, n, c, f"{n}s", "seed", "train") for n, c in (("Cook", "1"), ("Baker", "2"))]
    titles = [*read_titles(), *by_hand]
    settings = replace(DEFAULTS, passes=60, **changes)
    rows = build_triplets(groups_by_hand(), real_titles(), titles, None, settings).rows
    return list(zip(rows["anchor"], rows["positive"], strict=True))


def test_real_titles_stand_beside_their_occupation():
    pairs = drawn(sibling_share=0.5)
    beside = {positive for anchor, positive in pairs if anchor == "Fry Cook"}
    assert beside == {"Cooks", "Grill Cook", "Cook", "Chef"}
    share = sum(anchor in ("Grill Cook", "Fry Cook") for anchor, _ in pairs)
    assert share == 60 * 2
    assert sum(a in ("Grill Cook", "Fry Cook") for a, _ in drawn(onet_share=0.5)) == 60


def test_written_titles_join_those_of_onet(monkeypatch):
    """One that O*NET lists gains its codes, one that is held out there stays out."""
    titles = [
        ListedTitle("fry cook", frozenset("2")),
        ListedTitle("Griddle Hand", frozenset("1")),
        ListedTitle("Grill Cook, nights", frozenset("1")),
    ]
    monkeypatch.setattr(triplets, "read_occupation_titles", lambda dataset, splits: titles)
    pairs = drawn(written_share=1, sibling_share=0.5)
    anchors = Counter(anchor for anchor, _ in pairs)
    assert anchors["Griddle Hand"] == anchors["Fry Cook"] == 60
    assert "fry cook" not in anchors
    assert "Grill Cook, nights" not in {text for pair in pairs for text in pair}
    assert ("Fry Cook", "Bakers") in pairs


def test_names_of_a_job_stand_beside_each_other(monkeypatch):
    jobs = [["Grill Cook", "Griller"], ["Grill Cook", "Grill Cook, nights"], ["Baker"]]
    monkeypatch.setattr(triplets, "read_jobs", lambda dataset: jobs)
    pairs = drawn(job_share=1)
    assert {positive for anchor, positive in pairs if anchor == "Grill Cook"} == {"Griller"}
    assert "Grill Cook, nights" not in {text for pair in pairs for text in pair}


def test_clutter_never_writes_a_held_out_title():
    anchors = {anchor for anchor, _ in drawn(clutter_share=0.5)}
    assert "Fry Cook, nights" in anchors
    assert "Grill Cook, nights" not in anchors


def test_descriptions_as_positives():
    assert ("Fry Cook", "Prepare food") in drawn(description_share=0.5)
    assert ("Fry Cook", "Prepare food") not in drawn()


def test_balance_draws_small_occupations_as_often_as_large_ones():
    """Occupation 1 has five titles of eight, occupation 2 one."""
    counts = Counter("2" if "Line" in anchor else "1" for anchor, _ in drawn(balance=1.0))
    assert counts["2"] / counts["1"] == pytest.approx(1, abs=0.3)
