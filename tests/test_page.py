"""The real page over HTTP: its API, its MCP tool, bad input, failures, and its start."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

import jobtitles.sources
from jobtitles.encoder import load_encoder
from jobtitles.parts import SHIPPED
from jobtitles.sources import ROOT
from jobtitles.ui.warmup import warmups
from tests.conftest import free_port, serve
from training.publish import PublishSettings, files_of

TIMEOUT = 600  # seconds; the first answer waits for the models


def call(url, body):
    """Call /search with a raw JSON body; gives the last event's name and data."""
    headers = {"content-type": "application/json"}
    endpoint = f"{url}gradio_api/call/search"
    asked = httpx.post(endpoint, content=body, headers=headers, timeout=TIMEOUT)
    assert asked.status_code == 200, asked.text
    answer = httpx.get(f"{endpoint}/{asked.json()['event_id']}", timeout=TIMEOUT).text
    event, data = answer.strip().split("\n\n")[-1].split("\n", 1)
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.fixture(scope="module")
def client(page):
    return Client(page.url, verbose=False)


def test_search_over_the_api(client, engine):
    answer = client.predict("SWE II - Payments (Go) | hybrid", 4, api_name="/search")
    assert list(answer) == ["base", "finetuned"]
    for name, hits in engine.search("SWE II - Payments (Go) | hybrid", 4).items():
        assert [found["title"] for found in answer[name]] == [hit.title.text for hit in hits]
        assert [found["score"] for found in answer[name]] == pytest.approx(
            [hit.score for hit in hits], abs=1e-5
        )
        for found, hit in zip(answer[name], hits, strict=True):
            assert set(found) == {"title", "score", "onet_code", "onet_name"}
            assert found["onet_code"] == hit.title.onet_code
            assert found["onet_name"] == hit.title.onet_name


def test_the_triplet_model_over_the_api(client, engine):
    """Asked for by name; the base's answer stays what it was."""
    title = "forklift op 2nd shift"
    best = client.predict(title, 10, api_name="/search")
    triplet = client.predict(title, 10, "triplet", api_name="/search")
    assert triplet["base"] == best["base"]
    asked, found = load_encoder("triplet").encode([title, triplet["finetuned"][0]["title"]])
    assert triplet["finetuned"][0]["score"] == pytest.approx(float(asked @ found), abs=0.01)
    assert triplet["finetuned"] != best["finetuned"]


def test_k_beyond_the_catalogue_gives_the_catalogue(client, engine):
    answer = client.predict("nurse", 10**9, api_name="/search")
    assert {len(found) for found in answer.values()} == {engine.default_count}


def test_similar_over_the_api(client, engine):
    answer = client.predict("software engineer", 3, api_name="/similar")
    row = engine.row_of("Software Engineer")
    for name, hits in engine.similar(row, 3).items():
        assert [found["title"] for found in answer[name]] == [hit.title.text for hit in hits]
    with pytest.raises(AppError, match="is no title of the catalogue"):
        client.predict("zzz", 3, api_name="/similar")


def test_code_over_the_api(small_page):
    client = Client(small_page.url, verbose=False)
    titles = ["massage therapist pt", "N/A"]
    first, second = client.predict(titles, 2, api_name="/code")
    assert first["title"] == titles[0]
    assert [match["onet_name"] for match in first["matches"]][0] == "Massage Therapists"
    assert len(first["matches"]) == 2
    assert second == {"title": "N/A", "matches": [], "review": True}
    for wrong, k, message in (
        ("nurse", 3, "Give a list of titles"),
        ([1], 3, "each a text"),
        (["x" * 501], 3, "more than 500 characters"),
        (["x"] * 1001, 3, "1,001 titles; at most 1,000"),
        (["nurse"], 11, "ask for 1 to 10"),
        (["nurse"], "a", "ask for 1 to 10"),
    ):
        with pytest.raises(AppError, match=message):
            client.predict(wrong, k, api_name="/code")


def test_the_public_endpoints_are_typed(page):
    info = httpx.get(f"{page.url}gradio_api/info").json()
    assert list(info["named_endpoints"]) == ["/search", "/similar", "/code"]
    assert info["unnamed_endpoints"] == {}
    for path, first in (("/search", "query"), ("/similar", "title")):
        endpoint = info["named_endpoints"][path]
        given = {p["parameter_name"]: p["type"]["type"] for p in endpoint["parameters"]}
        assert given == {first: "string", "k": "integer", "model": "string"}
        found = endpoint["returns"][0]["type"]["properties"]["finetuned"]["items"]["properties"]
        assert found == {
            "title": {"type": "string"},
            "score": {"type": "number"},
            "onet_code": {"type": "string"},
            "onet_name": {"type": "string"},
        }
    endpoint = info["named_endpoints"]["/code"]
    assert endpoint["parameters"][0]["type"] == {"items": {"type": "string"}, "type": "array"}
    coding = endpoint["returns"][0]["type"]["items"]["properties"]
    assert set(coding) == {"title", "matches", "review"}


def mcp(page, method, params):
    answer = httpx.post(
        f"{page.url}gradio_api/mcp/",
        json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
        headers={"accept": "application/json, text/event-stream"},
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200, answer.text
    (data,) = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    return json.loads(data.removeprefix("data: "))["result"]


def test_the_endpoints_are_mcp_tools(page, engine):
    tools = mcp(page, "tools/list", {})["tools"]
    assert [tool["name"] for tool in tools] == ["search", "similar", "code"]
    tool = tools[0]
    assert "O*NET" in tool["description"]
    assert tool["inputSchema"]["required"] == ["query"]
    assert "500 characters" in tool["inputSchema"]["properties"]["query"]["description"]
    arguments = {"query": "Software Engineer", "k": 1}
    said = mcp(page, "tools/call", {"name": "search", "arguments": arguments})
    assert not said.get("isError")
    assert "15-1252.00" in said["content"][0]["text"]
    refused = mcp(page, "tools/call", {"name": "search", "arguments": {"query": " ", "k": 1}})
    assert refused["isError"]
    assert "The query is empty" in refused["content"][0]["text"]


BAD = {
    "empty": (r'"", 3', "The query is empty: type a job title."),
    "white space": (r'" \t\n", 3', "The query is empty: type a job title."),
    "NUL": (r'"\u0000", 3', "The query is empty: type a job title."),
    "half a surrogate": (r'"\ud800", 3', "The query is empty: type a job title."),
    "100,000 characters": ('"' + "x" * 100_000 + '", 3', "100,000 characters; at most 500"),
    "query is a number": ("5, 3", "The query must be text."),
    "query is null": ("null, 3", "The query must be text."),
    "query is a list": ('["nurse"], 3', "The query must be text."),
    "k is 0": ('"nurse", 0', "whole number from 1 up, not 0."),
    "k is -1": ('"nurse", -1', "whole number from 1 up, not -1."),
    "k is text": ('"nurse", "ten"', "whole number from 1 up, not text."),
    "k is 2.5": ('"nurse", 2.5', "whole number from 1 up, not 2.5."),
    "k is null": ('"nurse", null', "whole number from 1 up, not nothing."),
    "k is NaN": ('"nurse", NaN', "whole number from 1 up, not nan."),
    "k is true": ('"nurse", true', "whole number from 1 up, not True."),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_a_sentence(page, data, message):
    event, said = call(page.url, f'{{"data": [{data}, "finetuned"]}}')
    assert event == "error"
    assert message in said["error"]
    assert "Traceback" not in json.dumps(said)


@pytest.mark.parametrize("model", ['"best"', '["triplet"]', "null", "3"])
def test_an_unknown_model_is_refused_with_a_sentence(page, model):
    event, said = call(page.url, f'{{"data": ["nurse", 3, {model}]}}')
    assert event == "error"
    assert said["error"].endswith(": choose finetuned or triplet.")


ODD = {
    "control characters": r'"nurse\u0000\u001b[31m", 2',
    "lone surrogate": r'"nurse \ud800", 2',
    "emoji": r'"👩‍🚒🔥", 2',
    "right to left": r'"\u202eمهندس برمجيات", 2',
    "markup": '"<script>alert(1)</script><img src=x onerror=alert(1)>", 2',
    "template": '"${alert(1)} `x` {{x}}", 2',
    "k is 2.0": '"nurse", 2.0',
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD.keys())
def test_odd_input_is_answered(page, data):
    event, answer = call(page.url, f'{{"data": [{data}, "finetuned"]}}'.encode())
    assert event == "complete"
    assert [len(found) for found in answer[0].values()] == [2, 2]


def test_the_client_gets_the_sentence(client):
    with pytest.raises(AppError, match="The query is empty: type a job title."):
        client.predict(" ", 3, api_name="/search")


def test_a_broken_body_is_refused(page):
    answer = httpx.post(f"{page.url}gradio_api/call/search", content=b"{", timeout=TIMEOUT)
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text


def test_a_missing_model_is_told_and_is_found_once_it_is_back(
    engine, quarter_dataset, tmp_path, monkeypatch, caplog
):
    pages = serve(warmups(lambda: replace(SHIPPED, dataset=quarter_dataset)))
    served = next(pages)
    with monkeypatch.context() as patch:
        patch.setitem(jobtitles.sources.ADAPTERS, "finetuned", tmp_path)
        event, said = call(served.url, '{"data": ["nurse", 1, "finetuned"]}')
        assert event == "error"
        assert said["error"].endswith("run `make train`, or restore it with git.")
        assert "SourceError" in caplog.text
        assert "Traceback" in caplog.text
    event, _ = call(served.url, '{"data": ["nurse", 1, "finetuned"]}')
    assert event == "complete"
    next(pages, None)


def test_the_space_starts_and_answers(cache_home, small_dataset, tmp_path):
    """What the Space holds, in a folder of its own, as a process; prints how long it took.

    Of the dataset only a part: a trial times the start with the whole of it.
    """
    for name, path in files_of(PublishSettings("space", space=ROOT / "space")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / name)
    for path in small_dataset.glob("*/*.parquet"):
        held = tmp_path / "dataset_card" / path.relative_to(small_dataset)
        assert held.is_file()
        shutil.copyfile(path, held)
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while True:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() - start < 60, "app.py did not come up"
            try:
                assert "Job titles" in httpx.get(url, timeout=5).text
                break
            except httpx.TransportError:
                time.sleep(0.1)
        up = time.monotonic() - start
        event, _ = call(url, '{"data": ["nurse", 3, "finetuned"]}')
        answered = time.monotonic() - start
        print(f"app.py: page after {up:.1f} s, first answer after {answered:.1f} s")
        assert event == "complete"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            output = process.communicate(timeout=30)[0]
        finally:
            process.kill()
    assert "Traceback" not in output
