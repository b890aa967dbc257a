"""Longer trials, run by `make trials`: a cold start in time, and the whole catalogue for real."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from jobtitles.search import SideBySide
from jobtitles.sources import ROOT
from tests.conftest import free_port

pytestmark = pytest.mark.trial


def seconds_to_start(environment):
    """Start app.py; seconds until the page is up, and until the first search is answered."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **environment, "GRADIO_SERVER_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            assert process.poll() is None, "app.py ended"
            assert time.monotonic() - started < 60, "app.py did not come up"
            try:
                httpx.get(url, timeout=5).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        up = time.monotonic() - started
        body = {"data": ["SWE II - Payments (Go) | hybrid", 5]}
        event = httpx.post(f"{url}gradio_api/call/search", json=body, timeout=60).json()["event_id"]
        answer = httpx.get(f"{url}gradio_api/call/search/{event}", timeout=300).text
        assert "event: complete" in answer
        return up, time.monotonic() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def test_cold_and_warm_start_are_in_time(tmp_path, capsys):
    """On two idle cores: page within 20 s; first answer within 90 s cold, 12 s warm."""
    cold = seconds_to_start({"XDG_CACHE_HOME": str(tmp_path)})
    warm = seconds_to_start({"XDG_CACHE_HOME": str(tmp_path)})
    with capsys.disabled():
        for name, (up, answered) in (("cold", cold), ("warm", warm)):
            print(f"\n{name} start: page after {up:.1f} s, first answer after {answered:.1f} s")
    assert cold[0] < 20 and cold[1] < 90
    assert warm[0] < 20 and warm[1] < 12


def test_the_whole_catalogue_is_searched(capsys):
    engine = SideBySide.load()
    started = time.monotonic()
    engine.load_whole()
    with capsys.disabled():
        print(f"\nwhole catalogue: {time.monotonic() - started:.0f} s")
    row = engine.default_count  # the first title that only the whole catalogue has
    for name, hits in engine.search(engine.titles[row].text, 3, whole=True).items():
        assert hits[0].row == row, name
        assert hits[0].score == pytest.approx(1, abs=1e-4)
