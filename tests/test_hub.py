"""Pulling dataset and model from the Hub by the real client, from a loopback server, or not."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import numpy as np
import pytest
from gradio_client import Client
from huggingface_hub import constants

from jobtitles.cache import keep_arrays
from jobtitles.catalogue import cached_vectors, vectors_key
from jobtitles.encoder import load_encoder
from jobtitles.parts import DATASET_FILES, MODEL_FILES, READY, SHIPPED, chosen_parts
from jobtitles.sources import ROOT
from tests.conftest import free_port
from tests.hub_server import TOKEN, HubServer, Repo
from training.ready import write_ready

ASKED = {"HUB_NAMESPACE": "me"}


@pytest.fixture(scope="session")
def ready(cache_home, tiny_dataset, tmp_path_factory):
    """Vectors and maps of the shipped models over eight occupations."""
    folder = tmp_path_factory.mktemp("ready")
    write_ready(folder, replace(SHIPPED, dataset=tiny_dataset))
    return folder


@pytest.fixture
def hub(tiny_dataset, ready):
    """A Hub with a dataset of eight occupations, and the shipped model with vectors of them."""
    dataset = {name: (tiny_dataset / name).read_bytes() for name in DATASET_FILES}
    model = {}
    for name in MODEL_FILES:
        if "*" not in name:
            model[name] = (ROOT / "model_card" / name.removeprefix("adapters/")).read_bytes()
    model |= {f"{READY}/{path.name}": path.read_bytes() for path in ready.iterdir()}
    with HubServer() as server:
        for key, files in (
            (("datasets", "me/jittered-job-titles"), dataset),
            (("models", "me/job-title-minilm"), model),
        ):
            server.repos[key] = Repo()
            server.repos[key].commit(files)
        yield server


@pytest.fixture
def client(hub, tmp_path, monkeypatch):
    """The Hub client of this process, which speaks to that Hub and has an empty cache."""
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    address = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return monkeypatch


def test_nothing_is_pulled_unless_it_is_asked_for(client, hub):
    assert chosen_parts({}) is SHIPPED
    assert hub.gets == []


def test_both_are_pulled_and_then_served_by_the_cache(client, hub):
    parts = chosen_parts({"SPACE_AUTHOR_NAME": "me"})
    assert parts.note == ""
    newest = {key: repo.commits[-1][0] for key, repo in hub.repos.items()}
    model = newest["models", "me/job-title-minilm"]
    dataset = newest["datasets", "me/jittered-job-titles"]
    assert f"me/job-title-minilm at {model[:7]}" in parts.where
    assert f"me/jittered-job-titles at {dataset[:7]}" in parts.where
    assert parts.adapter("finetuned").digest == SHIPPED.adapter("finetuned").digest
    # Of three models the vectors of the default titles, of all others, and a map; the coder's.
    assert len(list(parts.ready.glob("*.safetensors"))) == 10
    # By the commit's name, though a newer one is there.
    hub.repos["models", "me/job-title-minilm"].commit({"README.md": b"empty"})
    pinned = ASKED | {"MODEL_REVISION": model, "DATASET_REVISION": dataset}
    fetched = len(hub.gets)
    assert chosen_parts(pinned) == parts
    # The Hub is gone: port 9 of this machine answers nobody.
    client.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert chosen_parts(pinned) == parts
    assert chosen_parts(ASKED) == parts
    assert len(hub.gets) == fetched


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"HUB_NAMESPACE": "nobody"}, "nobody/jittered-job-titles cannot be pulled"),
        (ASKED | {"MODEL_REVISION": "main"}, "give a commit, 40 hexadecimal digits"),
        (ASKED | {"MODEL_REVISION": "0" * 40}, "me/job-title-minilm cannot be pulled"),
        (ASKED | {"MODEL_REPO": "a/b/c"}, "a/b/c cannot be pulled"),
        ({"MODEL_REPO": "me/job-title-minilm"}, "no dataset is named: set DATASET_REPO"),
    ],
)
def test_what_is_not_there_leaves_the_shipped_parts(client, asked, said):
    parts = chosen_parts(asked)
    assert said in parts.note
    assert replace(parts, note="") == SHIPPED


def test_a_repository_that_lacks_a_file_is_not_used(client, hub):
    repo = hub.repos["models", "me/job-title-minilm"]
    repo.commit({k: v for k, v in repo.commits[-1][1].items() if k != "coder.json"})
    assert "is not complete: no coder.json" in chosen_parts(ASKED).note


def test_a_token_that_may_not_read_is_said(client):
    client.setenv("HF_TOKEN", "hf_wrong")
    assert "401" in chosen_parts(ASKED).note


def test_damaged_bytes_are_refused_and_fetched_again(client, hub):
    weights = "adapters/finetuned/adapter_model.safetensors"

    def damaged(path, content):
        return content[:-1] + bytes([content[-1] ^ 1]) if path == weights else content

    hub.on_the_way = damaged
    assert "adapter_model.safetensors is damaged" in chosen_parts(ASKED).note
    hub.on_the_way = lambda _path, content: content
    parts = chosen_parts(ASKED)
    assert parts.note == ""
    assert parts.adapter("finetuned").digest == SHIPPED.adapter("finetuned").digest


def test_a_transfer_that_is_cut_is_gone_on_with(client, hub):
    hub.on_the_way = lambda path, content: content[:100] if path == "coder.safetensors" else content
    assert "me/job-title-minilm cannot be pulled" in chosen_parts(ASKED).note
    hub.on_the_way = lambda _path, content: content
    fetched = len(hub.gets)
    assert chosen_parts(ASKED).note == ""
    assert hub.gets.count("data/train-00000-of-00001.parquet") == 1
    assert len(hub.gets) > fetched


def test_a_blob_in_a_store_of_all_caches_is_checked_by_its_own_name(client, hub, tmp_path):
    """So the client keeps what came by Xet: the blob is a link to a file with another digest."""
    folder = chosen_parts(ASKED).calibration.parent
    path = folder / "coder.safetensors"
    blob = path.parent / path.readlink()
    store = tmp_path / "store" / ("f" * 64)
    store.parent.mkdir()
    blob.rename(store)
    blob.symlink_to(store)
    assert chosen_parts(ASKED).note == ""
    store.write_bytes(b"x" * store.stat().st_size)
    assert "coder.safetensors is damaged" in chosen_parts(ASKED).note
    assert not store.exists()
    assert chosen_parts(ASKED).note == ""


def test_parts_that_do_not_belong_together_are_not_used(client, hub):
    repo = hub.repos["models", "me/job-title-minilm"]
    files = repo.commits[-1][1]
    triplet = files["adapters/triplet/adapter_model.safetensors"]
    repo.commit({**files, "adapters/finetuned/adapter_model.safetensors": triplet})
    assert "its coder is calibrated for another model" in chosen_parts(ASKED).note
    repo.commit({**files, "adapters/triplet/training.json": b"{}"})
    assert "does not name the loss" in chosen_parts(ASKED).note


def test_an_address_that_is_none_is_no_hub(client):
    client.setattr(constants, "ENDPOINT", "hub.example.org")
    assert "the Hub is not reached" in chosen_parts(ASKED).note


def test_vectors_of_another_model_or_of_other_titles_are_not_taken(tmp_path):
    encoder, titles = load_encoder("base"), ["Nurse", "Cook"]
    other = np.zeros((2, 384), np.float16)
    keep_arrays(tmp_path, "vectors", vectors_key(titles, encoder), {"vectors": other})
    assert not cached_vectors(titles, encoder, ready=tmp_path).any()  # that is what stands there
    assert cached_vectors(titles[::-1], encoder, ready=tmp_path).any()
    assert cached_vectors(titles, load_encoder("finetuned"), ready=tmp_path).any()


def test_the_page_runs_on_what_it_pulled_and_again_without_the_hub(hub, tmp_path):
    environment = {
        **os.environ,
        **ASKED,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for endpoint in (hub.url, "http://127.0.0.1:9"):
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        log = tmp_path / "log"
        with log.open("w") as out:
            page = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=environment | {"HF_ENDPOINT": endpoint, "GRADIO_SERVER_PORT": str(port)},
                stdout=out,
                stderr=out,
            )
        try:
            wait_for(url, page, log)
            answer = Client(url, verbose=False).predict("massage pt", 5, api_name="/search")
        finally:
            page.terminate()
            page.wait(30)
        names = {found["onet_code"] for found in answer["finetuned"]}
        assert names and all(code.startswith("31-9") for code in names)  # the pulled titles
        assert "the shipped model and dataset serve" not in log.read_text()
    # Vectors came with the model: none was made here.
    assert not list((tmp_path / "cache").glob("job-titles/vectors-*"))


def wait_for(url, page, log):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert page.poll() is None, log.read_text()
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())
