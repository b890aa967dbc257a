"""Losses, and a real fine-tuning of a few steps that makes a small set's ranking better."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from jobtitles.catalogue import read_titles
from jobtitles.errors import InputError
from jobtitles.sources import BASE_REPO, BASE_REVISION, ROOT, base_model
from training.evaluate import EvaluateSettings, evaluate
from training.finetune import averaged, finetune, train
from training.losses import OccupationRankingLoss
from training.packed import PackedModel
from training.recipe import LOSSES, FinetuneSettings
from training.validation import ValidationRetrieval


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


def test_packed_titles_have_the_embeddings_and_gradients_of_padded_ones():
    path = str(base_model().path)
    titles = [("title " * (1 + 7 * i % 23)).strip() for i in range(70)] + [""]
    found = []
    for kind in (SentenceTransformer, PackedModel):
        model = kind(path, device="cpu", model_kwargs={"attn_implementation": "eager"}).eval()
        vectors = model(model.preprocess(titles))["sentence_embedding"]
        (vectors @ vectors.T).pow(2).sum().backward()
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found.append((vectors, gradients))
    (vectors, gradients), (packed, own) = found
    assert torch.allclose(vectors, packed, atol=1e-5)
    assert own.keys() == gradients.keys()
    largest = max(float(gradient.norm()) for gradient in gradients.values())
    for name, gradient in gradients.items():
        # A bias of the keys has none: what is there is rounding.
        error = float((gradient - own[name]).norm())
        assert error < 1e-4 * float(gradient.norm()) + 1e-6 * largest, name


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
    ("loss", "matryoshka", "bf16"),
    [
        *((loss, False, "no") for loss in LOSSES),
        ("masked_ranking", True, "no"),
        ("cached_mnrl", True, "no"),
        ("masked_ranking", False, "yes"),
    ],
)
def test_every_loss_takes_a_step(loss, matryoshka, bf16, tiny_dataset, tmp_path):
    # The first step's rate is zero: it warms up.
    changes = {"eval_every": 0, "max_steps": 2, "matryoshka": matryoshka, "bf16": bf16}
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
    command += ["--eval_every", "4", "--max_steps", "8", "--batch_size", "8", "--device", "cpu"]
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
    assert [entry["step"] for entry in report["history"][0]] == [4, 8]
    assert report["resumed"] and report["steps"] == 8
