"""The page's speed over HTTP beside encoding alone, with one visitor and with many at once.

Starts app.py with an empty cache. Run: python -m scripts.page_speed
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import torch

from jobtitles.catalogue import read_titles
from jobtitles.encoder import load_encoder
from jobtitles.files import write_json
from jobtitles.records import SEED_KIND
from jobtitles.sources import ROOT
from training.command import option

ALLOWED_MS = 20  # beside the encoding, before the ratio is taken
PATIENCE = 600  # seconds; the first search waits for the models


@dataclass(frozen=True)
class PageSpeedSettings:
    """What is timed, how often, and where the figures go."""

    output: Path = option(Path("model_card/page_speed.json"), "the result file")
    searches: int = option(40, "one after the other, half of them to warm up")
    visitors: int = option(20, "at once")
    each: int = option(10, "searches of a visitor")


def measure_page_speed(settings: PageSpeedSettings) -> None:
    """Search over HTTP, one request at a time and many at once, and encode the same titles here.

    Raises:
        SourceError: A model is missing or not the pinned one.
    """
    titles = [t.text for t in read_titles() if t.split == "test" and t.kind != SEED_KIND]
    queries = titles[:: len(titles) // settings.searches][: settings.searches]
    many = titles[: settings.visitors * settings.each]
    encoders = [load_encoder(name).quickest() for name in ("base", "finetuned")]
    with tempfile.TemporaryDirectory() as cache, _page(cache) as (process, url):
        client = httpx.Client(base_url=url, timeout=PATIENCE)
        first = _search(client, queries[0])
        print(f"first search after an empty cache: {first:.1f} s", flush=True)
        over_http, encoding = [], []
        for query in queries:
            over_http.append(_search(client, query))
            started = time.perf_counter()
            for encoder in encoders:
                encoder.encode([query])
            encoding.append(time.perf_counter() - started)
        took = _at_once(url, many, settings.visitors)
        resident = _mib(process.pid)
    warm = slice(len(queries) // 2, None)
    http_ms = 1000 * statistics.median(over_http[warm])
    encoding_ms = 1000 * statistics.median(encoding[warm])
    report = {
        "threads": torch.get_num_threads(),
        "precision": encoders[1].precision,
        "first_search_s": round(first, 1),
        "search_ms": round(http_ms, 1),
        "encoding_ms": round(encoding_ms, 1),
        "ratio": round((http_ms - ALLOWED_MS) / encoding_ms, 2),
        "at_once": {
            "visitors": settings.visitors,
            "searches": len(many),
            "median_s": round(statistics.median(took), 3),
            "p95_s": round(took[round(0.95 * len(took)) - 1], 3),
        },
        "resident_mib": resident,
    }
    write_json(settings.output, report)
    print(json.dumps(report, indent=2))


@contextmanager
def _page(cache: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """app.py in a process of its own, with a cache folder of its own; up when this returns."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    # The shipped model, with which the titles are encoded here as well.
    asking = ("HUB_NAMESPACE", "MODEL_REPO", "DATASET_REPO", "SPACE_AUTHOR_NAME")
    environment = {name: value for name, value in os.environ.items() if name not in asking}
    environment |= {"GRADIO_SERVER_PORT": str(port), "XDG_CACHE_HOME": cache}
    command = [sys.executable, "app.py"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    raise RuntimeError(f"app.py ended with {process.returncode}") from None
                time.sleep(0.1)
        yield process, url
    finally:
        process.terminate()
        process.wait(30)


def _at_once(url: str, queries: list[str], visitors: int) -> list[float]:
    """Seconds of every search, ascending; each visitor searches one after the other."""

    def visit(own: list[str]) -> list[float]:
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            return [_search(client, query) for query in own]

    with ThreadPoolExecutor(visitors) as pool:
        found = pool.map(visit, (queries[place::visitors] for place in range(visitors)))
        return sorted(seconds for own in found for seconds in own)


def _search(client: httpx.Client, query: str) -> float:
    """Seconds of one search by the endpoint and its event stream, as a program would ask."""
    started = time.perf_counter()
    asked = client.post("gradio_api/call/search", json={"data": [query, 10, "finetuned"]})
    asked.raise_for_status()
    answer = client.get(f"gradio_api/call/search/{asked.json()['event_id']}").text
    if "event: complete" not in answer:
        raise RuntimeError(f"{query!r} was not answered: {answer[-200:]}")
    return time.perf_counter() - started


def _mib(pid: int) -> int:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024
