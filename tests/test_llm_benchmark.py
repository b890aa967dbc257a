"""The benchmark of LLMs: figures by hand, and a whole run with a live model over loopback."""

import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobtitles.conversation import Seed
from jobtitles.encoder import load_encoder
from jobtitles.errors import InputError
from jobtitles.providers import KEYS
from jobtitles.sources import DATASET_DIR, ROOT
from tests.llm_server import LlmServer
from training.generators import LLAMA, Generator
from training.groups import training_groups
from training.llm_benchmark import RULES, LlmBenchmarkSettings, benchmark, measured
from training.rules import rule_based

LIVE = "groq, openai gpt-oss-120b"


def test_rules():
    draw = random.Random(0)
    for seed in ("Senior Operations Manager", "Cook", "Vet"):
        written = rule_based(seed, draw)
        assert all(seed in title and title != seed for title in written["decorated"])
        assert all(seed not in title for title in written["garbled"] if len(seed) > 3)
    assert rule_based("Senior Operations Manager", draw)["abbreviated"][0] == "sr ops mgr"


def test_figures_by_hand():
    seeds = [Seed("1", "Line Cook", "Cooks"), Seed("2", "Nurse", "Nurses")]
    titles = [
        ("decorated", "Line Cook, nights"),
        ("synonym", "line cook"),  # unchanged
        ("reworded", "Kitchen Cook"),  # with a word of the seed
        ("synonym", "Hot Line Chef"),
    ]
    columns = ("kind", "title", "seed_title", "onet_code", "generator")
    rows = [dict(zip(columns, (*t, "Line Cook", "1", "by hand"), strict=True)) for t in titles]
    accepted, figures = measured(Generator(rows), seeds, load_encoder("base"))
    assert accepted == {("line cook", "1"): ["Line Cook, nights", "Hot Line Chef"]}
    assert (figures["titles"], figures["seeds"], figures["accepted"]) == (4, 1, 2)
    assert figures["gate_share"] == 0.5
    assert figures["verbatim_share"] == 0.5
    assert figures["novelty"] == pytest.approx((1 / 3 + 0 + 1 / 2 + 2 / 3) / 4)
    assert figures["seed_hit_1"] == 1
    assert 0 < figures["diversity"] < 1
    assert figures["service"] is None


def test_a_whole_run_with_a_live_model(tiny_dataset, tmp_path, monkeypatch):
    dataset = tmp_path / "dataset"
    shutil.copytree(tiny_dataset, dataset)
    shutil.copytree(DATASET_DIR / "raw", dataset / "raw")
    shutil.copy(DATASET_DIR / "stats.json", dataset)
    public = tmp_path / "public.csv"
    groups = training_groups(dataset)[:8]
    lines = [f"Senior {g.seed},{g.seed},{g.code},name" for g in groups if "," not in g.seed]
    public.write_text("\n".join(["jittered_title,seed_title,onet_code,onet_name", *lines]))
    settings = LlmBenchmarkSettings(
        output=tmp_path / "result.json",
        dataset=dataset,
        corrections=ROOT / "training" / "corrections.tsv",
        llama=str(public),
        logs=tmp_path / "logs",
        live=True,
        titles_per_seed=1,
        trainings=1,
    )
    for name in (*KEYS.values(), "HF_TOKEN"):  # the developer's own must not be spent
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="GROQ_API_KEY"):
        benchmark(settings)
    monkeypatch.setenv("GROQ_API_KEY", "secret-key")
    with LlmServer() as server, ThreadPoolExecutor(1) as pool:
        monkeypatch.setenv("GROQ_BASE_URL", server.url)
        pool.submit(benchmark, settings).result()
        asked = len(server.requests)
        first = settings.output.read_bytes()
        pool.submit(benchmark, settings).result()
        assert len(server.requests) == asked > 0
    assert settings.output.read_bytes() == first
    assert "secret-key" not in first.decode()
    report = json.loads(first)
    assert set(report["generators"]) == {"Claude, round 1", "Claude, round 2", LLAMA, RULES, LIVE}
    service = {name: figures["service"] for name, figures in report["generators"].items()}
    assert service.pop(LIVE)["parse_share"] == 1
    assert set(service.values()) == {None}
    assert report["generators"][LIVE]["service"]["usd_per_1000_accepted"] > 0
    assert report["generators"][LLAMA]["verbatim_share"] == 1
    assert report["generators"][LLAMA]["diversity"] is None  # one title a seed
    worth = report["worth"]
    assert worth["titles"] == report["seeds"] == len(lines)
    assert all(found["mean"]["select"] > 0 for found in worth["generators"].values())
