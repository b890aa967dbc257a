"""Triplets, and a real fine-tuning of a few steps that makes a small set's ranking better."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from jobtitles.catalogue import read_titles
from jobtitles.encoder import load_encoder
from jobtitles.errors import InputError
from jobtitles.onet import ListedTitle
from jobtitles.records import Title, text_key
from jobtitles.sources import BASE_REPO, BASE_REVISION, DATASET_DIR, ROOT, base_model
from training import triplets
from training.bucketed import BucketedModel
from training.evaluate import EvaluateSettings, evaluate
from training.finetune import averaged, finetune, train
from training.groups import Group, training_groups
from training.losses import OccupationRankingLoss
from training.mining import mine_negatives
from training.onet import RealTitles
from training.recipe import LOSSES, FinetuneSettings
from training.triplets import build_triplets
from training.validation import ValidationRetrieval

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


def test_occupation_ranking_loss_by_hand():
    """Three anchors; the first two share an occupation, so neither is the other's negative."""

    class Lookup(torch.nn.Module):
        def forward(self, features):
            return {"sentence_embedding": features["vectors"]}

    anchors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    positives = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])
    overlap = torch.diag(torch.tensor([True, True, False]))
    features = [{"vectors": anchors}, {"vectors": positives}]
    labels = torch.tensor([[0, 2], [0, 2], [1, 2]])  # 2: no occupation
    value = OccupationRankingLoss(Lookup(), 1.0, overlap)(features, labels)
    # Cosines: own 1, 1, .96; the masked pairs are (0, 1) and (1, 0).
    forward = [np.log1p(np.exp(0.8 - 1)), np.log1p(np.exp(0.6 - 1))]
    forward += [np.log(1 + np.exp(0.6 - 0.96) + np.exp(0.8 - 0.96))]
    backward = [np.log1p(np.exp(0.6 - 1)), np.log1p(np.exp(0.8 - 1))]
    backward += [np.log(1 + np.exp(0.8 - 0.96) + np.exp(0.6 - 0.96))]
    assert float(value) == pytest.approx((np.mean(forward) + np.mean(backward)) / 2, abs=1e-5)

    # Negatives, candidates of every anchor forward; the last one's occupation is the first two's.
    negatives = torch.tensor([[0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
    labels[2, 1] = 0
    features.append({"vectors": negatives})
    value = OccupationRankingLoss(Lookup(), 1.0, overlap)(features, labels)
    forward = [np.log1p(sum(np.exp([0.8 - 1, 0.6 - 1, 0.8 - 1])))]
    forward += [np.log1p(sum(np.exp([0.6 - 1, 0.8 - 1, 0.6 - 1])))]
    forward += [np.log1p(sum(np.exp(np.array([0.6, 0.8, 1, 0.96, 0.8]) - 0.96)))]
    assert float(value) == pytest.approx((np.mean(forward) + np.mean(backward)) / 2, abs=1e-5)
    del features[2]

    # As further positives: the mean over both of the chance of each.
    cosines = anchors.numpy() @ positives.numpy().T
    expected = []
    for logits in (cosines, cosines.T):
        chances = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        expected += [chances[:2, :2].mean(1).sum(), chances[2, 2]]
    value = OccupationRankingLoss(Lookup(), 1.0, overlap, supcon=True)(features, labels)
    assert float(value) == pytest.approx(-sum(expected) / 6, abs=1e-5)


def test_buckets_give_the_embeddings_of_one_batch():
    model = SentenceTransformer(str(base_model().path), device="cpu").eval()
    titles = [("title " * (1 + 7 * i % 23)).strip() for i in range(70)]
    features = model.preprocess(titles)
    whole = model(dict(features))["sentence_embedding"]
    bucketed = BucketedModel(model)(features)["sentence_embedding"]
    assert np.allclose(whole.detach(), bucketed.detach(), atol=1e-5)


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


def test_weights_are_averaged_and_mixed_with_the_base():
    states = [{"w": torch.tensor([1.0])}, {"w": torch.tensor([3.0])}]
    assert averaged(states, {"w": torch.tensor([0.0])}, 0.25)["w"].tolist() == [1.5]


def small_recipe(folder, dataset, **changes):
    return FinetuneSettings(
        output=folder / "adapter",
        checkpoints=folder / "checkpoints",
        dataset=dataset,
        learning_rate=1e-4,
        batch_size=32,
        device="cpu",
        **changes,
    )


@pytest.mark.parametrize(
    ("loss", "matryoshka"),
    [*((loss, False) for loss in LOSSES), ("masked_ranking", True), ("cached_mnrl", True)],
)
def test_every_loss_takes_a_step(loss, matryoshka, tiny_dataset, tmp_path):
    # The first step's rate is zero: it warms up.
    changes = {"eval_every": 0, "max_steps": 2, "matryoshka": matryoshka, "bf16": "no"}
    settings = small_recipe(tmp_path, tiny_dataset, loss=loss, **changes)
    titles = read_titles(tiny_dataset)
    trained = train(settings, titles, None, ValidationRetrieval(tiny_dataset, None))
    base = SentenceTransformer(str(base_model().path), device="cpu")
    moved = trained.model.encode("Nurse") - base.encode("Nurse")
    assert np.isfinite(moved).all()
    assert np.abs(moved).max() > 1e-4


def test_a_few_steps_make_the_ranking_better(small_dataset, tmp_path):
    loss = "masked_ranking"
    settings = small_recipe(tmp_path, small_dataset, loss=loss, eval_every=8, max_steps=16)
    finetune(settings)
    adapter = settings.output
    report = json.loads((adapter / "training.json").read_text())
    assert report["recipe"]["loss"] == loss
    validation = report["validation"]
    assert validation["finetuned"]["select"] > validation["base"]["select"] + 0.01
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == (BASE_REPO, BASE_REVISION)
    assert all(
        tensor.dtype.itemsize == 2
        for tensor in load_file(adapter / "adapter_model.safetensors").values()
    )

    evaluate(EvaluateSettings(adapter, small_dataset))
    metrics = json.loads((adapter / "metrics.json").read_text())
    test = metrics["splits"]["test"]["seed_retrieval"]["overall"]["mrr"]
    assert test["finetuned"] > test["base"] + 0.01
    assert metrics["provenance"]["training"] == report


def test_two_recipes_are_averaged_and_finished_ones_are_not_trained_again(
    tiny_dataset, tmp_path, capsys
):
    second = tmp_path / "second.args"
    second.write_text("--loss=mnrl\n--max_steps=3\n--eval_every=0\n--batch_size=16\n--bf16=no\n")
    changes = {"loss": "mnrl", "eval_every": 0, "max_steps": 2, "bf16": "no", "base_share": 0.5}
    settings = small_recipe(tmp_path, tiny_dataset, souped_with=str(second), **changes)
    finetune(settings)
    report = json.loads((settings.output / "training.json").read_text())
    assert report["steps"] == 5
    assert report["recipe"]["souped_with"]["max_steps"] == 3
    kept = [load_file(path) for path in (tmp_path / "checkpoints").glob("*/0.safetensors")]
    assert len(kept) == 2
    base = SentenceTransformer(str(base_model().path), device="cpu").state_dict()
    name = next(n for n in base if n.endswith("layer.5.output.dense.weight"))
    moved = [(state[name] - base[name]).abs().max() for state in kept]
    assert min(moved) > 1e-6 and moved[0] != moved[1]

    capsys.readouterr()
    expected = torch.lerp((kept[0][name] + kept[1][name]) / 2, base[name], 0.5)
    trained = train(
        settings, read_titles(tiny_dataset), None, ValidationRetrieval(tiny_dataset, None)
    )
    assert torch.allclose(trained.model.state_dict()[name].cpu(), expected, atol=1e-6)

    assert capsys.readouterr().out.count("trained already") == 2

    third = tmp_path / "third.args"
    third.write_text(f"--souped_with={second}\n")
    with pytest.raises(InputError, match="two are averaged at most"):
        finetune(replace(settings, souped_with=str(third)))


def test_a_killed_training_resumes_from_its_checkpoint(tiny_dataset, tmp_path):
    checkpoints = tmp_path / "checkpoints"
    command = [sys.executable, "-m", "scripts.2_finetune", "--dataset", str(tiny_dataset)]
    command += ["--output", str(tmp_path / "adapter"), "--checkpoints", str(checkpoints)]
    command += ["--eval_every", "4", "--max_steps", "12", "--batch_size", "8", "--device", "cpu"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as run:
        deadline = time.monotonic() + 120
        while not list(checkpoints.glob("*/0/checkpoint-4/trainer_state.json")):
            assert run.poll() is None, run.stdout.read().decode()
            assert time.monotonic() < deadline, "no checkpoint within 120 s"
            time.sleep(0.1)
        os.kill(run.pid, signal.SIGKILL)
    assert not (tmp_path / "adapter").exists()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "adapter" / "training.json").read_text())
    assert [entry["step"] for entry in report["history"][0]] == [4, 8, 12]
    assert report["resumed"] and report["steps"] == 12
