"""Titles written by LLMs, over a loopback server: storms, half answers, kills, budgets, the log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

from jobtitles.conversation import KINDS, SEVERAL, Conversation, Seed
from jobtitles.errors import InputError
from jobtitles.parsing import parse_answer
from jobtitles.providers import ServiceError, _seconds
from jobtitles.sources import ROOT
from tests.llm_server import LlmServer, titles_for, well_behaved
from training.answer_log import read_log
from training.gate import broken_rule
from training.generation import JitterSettings
from training.jitter import jitter as stage
from training.jitter import titles_from
from training.seeds import read_seeds

TITLES_A_SEED = len(KINDS) + sum(count - 1 for count in SEVERAL.values())


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "secret-key")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    # The tests' own offline mode is for the Hub; the server stands on this machine.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def jitter(settings):
    """In a thread of its own: the browser tests leave an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(stage, settings).result()


def settings(folder, server, **changes):
    changes = {"limit": 20, "base_url": server.url, "timeout": 5.0, **changes}
    return JitterSettings(output=folder, **changes)


def generated(folder):
    return pq.read_table(folder / "titles.parquet").to_pylist()


@pytest.mark.parametrize("provider", ["groq", "openai", "local"])
def test_every_seed_gets_every_kind(provider, tmp_path):
    with LlmServer() as server:
        jitter(settings(tmp_path, server, provider=provider))
    rows = generated(tmp_path)
    assert len(rows) == 20 * TITLES_A_SEED
    assert len(server.requests) == 4
    path = "/openai/v1/chat/completions" if provider == "groq" else "/v1/chat/completions"
    assert {p for p, _, _ in server.requests} == {path}
    seed = read_seeds("shipped", "", 20).seeds[0]
    assert rows[0]["seed_title"] == seed.title
    assert rows[0]["onet_code"] == seed.onet_code
    assert "initial_prompt 1 (" in rows[0]["prompts"]
    assert "secret-key" not in "".join(
        path.read_text(errors="replace") for path in tmp_path.iterdir()
    )


def test_nothing_is_asked_twice_and_the_titles_are_the_logs(tmp_path):
    with LlmServer() as server:
        jitter(settings(tmp_path, server))
        first = (tmp_path / "titles.parquet").read_bytes()
        jitter(settings(tmp_path, server))
        assert len(server.requests) == 4
    # Without network, from the log alone: the same bytes.
    (tmp_path / "titles.parquet").unlink()
    report = (tmp_path / "report.json").read_bytes()
    jitter(JitterSettings(output=tmp_path, requests=False, transcript=True))
    assert (tmp_path / "titles.parquet").read_bytes() == first
    transcript = (tmp_path / "transcript.txt").read_text()
    assert transcript.count("\n-- ") == 4
    assert f": {generated(tmp_path)[0]['seed_title']}\n" in transcript
    assert (tmp_path / "report.json").read_bytes() == report


def test_a_storm_of_refusals_is_waited_out(tmp_path):
    """Every second request gets 429 with Retry-After or 500; every seed is served all the same."""

    def stormy(seeds, kinds, number):
        if number % 2 and number < 12:
            return [(429, {"retry-after": "0.3"}, "slow down"), (500, {}, "oops")][number // 2 % 2]
        return well_behaved(seeds, kinds, number)

    with LlmServer(stormy) as server:
        jitter(settings(tmp_path, server, in_flight=4, batch=2))
    assert len(generated(tmp_path)) == 20 * TITLES_A_SEED
    assert len(server.answered) == len(set(server.answered)) == 10


def test_retry_after_holds_all_workers(tmp_path):
    times = []

    def once(seeds, kinds, number):
        times.append(time.monotonic())
        if number == 1:
            return 429, {"retry-after": "1"}, "slow down"
        return well_behaved(seeds, kinds, number)

    with LlmServer(once) as server:
        jitter(settings(tmp_path, server, in_flight=1))
    assert times[2] - times[1] >= 1.0


def test_time_outs_are_tried_again(tmp_path):
    def slow(seeds, kinds, number):
        if number == 1:
            time.sleep(2)
        return well_behaved(seeds, kinds, number)

    with LlmServer(slow) as server:
        jitter(settings(tmp_path, server, timeout=1.0, in_flight=2))
    assert len(generated(tmp_path)) == 20 * TITLES_A_SEED


@pytest.mark.parametrize("provider", ["groq", "openai"])
def test_a_wrong_key_is_said_after_one_request(provider, tmp_path):
    with LlmServer(lambda *_: (401, {}, "invalid key")) as server:
        with pytest.raises(
            ServiceError, match=f"{provider} refused the key .*: check it, or .*_API_KEY"
        ):
            jitter(settings(tmp_path, server, provider=provider))
        assert len(server.requests) == 1


def test_a_key_that_is_withdrawn_on_the_way_is_said_in_a_sentence(tmp_path):
    def withdrawn(seeds, kinds, number):
        return well_behaved(seeds, kinds, number) if number == 0 else (401, {}, "invalid key")

    with LlmServer(withdrawn) as server, pytest.raises(ServiceError, match="refused the key"):
        jitter(settings(tmp_path, server))


def test_a_missing_key_is_said_before_any_request(tmp_path, monkeypatch):
    monkeypatch.delenv("GROQ_API_KEY")
    with LlmServer() as server:
        with pytest.raises(InputError, match="as GROQ_API_KEY"):
            jitter(settings(tmp_path, server))
        assert server.requests == []


def test_offline_mode_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with LlmServer() as server, pytest.raises(ServiceError, match="HF_HUB_OFFLINE"):
        jitter(settings(tmp_path, server, provider="openai"))


def test_a_request_that_keeps_failing_is_logged_and_asked_again_alone(tmp_path):
    bad = read_seeds("shipped", "", 20).seeds[5].title

    def failing(seeds, kinds, number):
        return (500, {}, "oops") if bad in seeds else well_behaved(seeds, kinds, number)

    with LlmServer(failing) as server:
        jitter(settings(tmp_path, server, tries=1, rounds=1))
        assert len(generated(tmp_path)) == 15 * TITLES_A_SEED
        assert [r["status"] for r in read_log(tmp_path / "log.jsonl") if "error" in r] == [500]
        server.behaviour = well_behaved
        before = len(server.requests)
        jitter(settings(tmp_path, server, rounds=1))
        assert [seeds for _, seeds, _ in server.requests[before:]] == [
            tuple(seed.title for seed in read_seeds("shipped", "", 20).seeds[5:10])
        ]
    assert len(generated(tmp_path)) == 20 * TITLES_A_SEED


def test_half_answers_are_kept_and_the_rest_is_asked_for(tmp_path):
    def half(seeds, kinds, number):
        text = json.dumps(titles_for(seeds, kinds))
        return 200, {}, text[: len(text) // 2] if number == 0 else text

    with LlmServer(half) as server:
        jitter(settings(tmp_path, server, limit=5))
    assert len(server.requests) == 2
    first, second = (seeds for _, seeds, _ in server.requests)
    assert 0 < len(second) < len(first)
    assert set(second) < set(first)
    assert len(generated(tmp_path)) == 5 * TITLES_A_SEED


def test_a_budget_stops_cleanly(tmp_path):
    with LlmServer() as server:
        jitter(settings(tmp_path, server, max_requests=2, in_flight=1))
        assert len(server.requests) == 2
        jitter(settings(tmp_path, server, max_tokens=150, in_flight=1))
        assert len(server.requests) == 3
        jitter(settings(tmp_path, server))
        assert len(server.answered) == len(set(server.answered)) == 4
    with pytest.raises(InputError, match="has no price of this model"):
        jitter(settings(tmp_path, server, model="unheard-of", max_cost=1.0))


def test_a_killed_run_asks_no_answered_request_again(tmp_path):
    command = [sys.executable, "-m", "scripts.jitter", "--output", str(tmp_path), "--limit", "200"]
    with LlmServer(seconds=0.2) as server:
        command += ["--base_url", server.url, "--in_flight", "4"]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as run:
            deadline = time.monotonic() + 60
            while len(server.answered) < 12:
                assert run.poll() is None, run.stdout.read().decode()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            os.kill(run.pid, signal.SIGKILL)
        logged = sum("text" in record for record in read_log(tmp_path / "log.jsonl"))
        time.sleep(0.5)  # what was on its way comes in
        with (tmp_path / "log.jsonl").open("a") as file:
            file.write('{"key": "torn')
        answered = len(server.answered)
        assert answered - logged <= 4  # what was in flight
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    counts = Counter(server.answered)
    assert sum(counts.values()) - len(counts) <= 4
    assert len(generated(tmp_path)) == 200 * TITLES_A_SEED


@pytest.mark.parametrize(
    "wrapped",
    [
        "{}",
        "Here you are:\n```json\n{}\n```\nAnything else?",
        "Sure! {} Let me know.",
    ],
)
def test_answers_are_found_in_what_stands_around_them(wrapped):
    seeds, kinds = ["Cook", "Nurse"], ("synonym", "lookalike")
    text = wrapped.replace("{}", json.dumps(titles_for(seeds, kinds)))
    parsed = parse_answer(text, seeds, kinds)
    assert sorted(parsed.titles) == [0, 1]
    assert not parsed.problems


def test_commas_brackets_in_titles_and_cut_ends():
    text = '{"titles": [{"seed": "Cook", "synonym": "Chef, ]} x",}, {"seed": "Nurse", "synonym": "R'
    parsed = parse_answer(text, ["Cook", "Nurse"], ("synonym",))
    assert parsed.titles == {0: {"synonym": ["Chef, ]} x"]}}
    assert parsed.problems == {"seed without answer": 1}


def test_what_cannot_be_used_is_counted():
    text = json.dumps(
        [
            {"seed": "Cook", "synonym": "Chef"},
            {"seed": "Cook", "synonym": "Chef again"},
            {"seed": "Cooper", "synonym": "Barrel Maker"},
            {"seed": "Nurse", "synonym": 5},
            "nonsense",
        ]
    )
    parsed = parse_answer(text, ["Cook", "Nurse"], ("synonym",))
    assert parsed.titles == {0: {"synonym": ["Chef"]}}
    assert parsed.problems == {
        "seed answered twice": 1,
        "not a seed of the batch": 1,
        "kind missing or not usable": 1,
        "seed without answer": 1,
    }


@pytest.mark.parametrize(
    ("title", "kind", "seed", "rule"),
    [
        ("  cook ", "decorated", "Cook", "unchanged"),
        ("Kitchen Cook", "reworded", "Line Cook", "reworded with the seed's words"),
        ("Senior Chef", "reworded", "Senior Cook", None),
        ("Line Cook II", "synonym", "Line Cook", "synonym contains the seed"),
        ("line cook, nights", "posting", "Line Cook", "posting contains the seed"),
        ("Cook (near miss)", "decorated", "Cook", "speaks of the task"),
        ("Seed Analyst, field", "decorated", "Seed Analyst", None),
        ("x" * 161, "decorated", "Cook", "too long"),
        ("Cook, nights", "decorated", "Cook", None),
    ],
)
def test_rules_by_hand(title, kind, seed, rule):
    assert broken_rule(title, kind, seed) == rule


def test_the_example_answer_passes_its_own_rules():
    conversation = Conversation()
    messages = conversation.messages([Seed("1", "Cook", "Cooks")])
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "user"]
    for one in json.loads(messages[2]["content"])["titles"]:
        for kind in KINDS:
            for title in one[kind] if kind in SEVERAL else [one[kind]]:
                assert broken_rule(title, kind, one["seed"]) is None, title


def test_only_the_wanted_kinds_are_spoken_of():
    text = json.dumps(Conversation(("synonym", "garbled")).messages([Seed("1", "Cook", "Cooks")]))
    assert "[synonym]" in text and "[garbled]" in text
    assert "[posting]" not in text and "lookalike" not in text
    with pytest.raises(InputError, match="nonsense"):
        Conversation(("nonsense",))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("0.5", 0.5), ("2m59.56s", 179.56), ("120ms", 0.12), ("1h2m", 3720), ("Fri", None)],
)
def test_waits_that_services_ask_for(text, seconds):
    assert _seconds(text) == pytest.approx(seconds) if seconds else _seconds(text) is None


def test_a_log_gives_its_titles_in_order(tmp_path):
    with LlmServer() as server:
        jitter(settings(tmp_path, server, limit=3, kinds=["synonym"]))
    titles, problems = titles_from(tmp_path / "log.jsonl")
    assert [t["seed_title"] for t in titles] == [
        seed.title for seed in read_seeds("shipped", "", 3).seeds
    ]
    assert problems == {"requests answered": 1}
