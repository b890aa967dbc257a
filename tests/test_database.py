"""Vectors in a real PostgreSQL with pgvector: filled, killed, searched, and used by the page."""

import traceback
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from gradio_client import Client

from jobtitles import database
from jobtitles.catalogue import read_titles
from jobtitles.database import VectorDatabase
from jobtitles.encoder import load_encoder
from jobtitles.errors import SourceError
from jobtitles.index import exact_search
from jobtitles.parts import SHIPPED
from jobtitles.search import SideBySide
from jobtitles.ui.warmup import warmups
from tests.conftest import serve

NO_SCAN = "options=-c%20enable_seqscan%3Doff"


@pytest.fixture
def vectors_kept(database_url):
    kept = VectorDatabase(database_url)
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("base").quickest()


@pytest.fixture(scope="module")
def texts(small_dataset):
    return [title.text for title in read_titles(small_dataset)][:1500]


def test_the_graph_finds_what_exact_search_finds(database_url, encoder, texts):
    # So few would be compared one by one: that is forbidden here.
    kept = VectorDatabase(f"{database_url}{'&' if '?' in database_url else '?'}{NO_SCAN}")
    index = kept.index(texts, encoder)
    vectors = encoder.encode(texts)
    asked = vectors[::20]
    rows, scores = index.search(asked, 10)
    with kept.connection() as connection:
        used = "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'graph_%'"
        connection.execute("SELECT pg_stat_force_next_flush()")
        assert connection.execute(used).fetchone()[0] >= len(asked)
    kept.close()
    _, expected = exact_search(vectors, asked, 10)
    assert scores == pytest.approx(expected, abs=1e-4)


def test_neighbours_are_those_of_exact_search(vectors_kept, encoder, texts):
    index = vectors_kept.index(texts, encoder)
    vectors = encoder.encode(texts)
    assert index.vectors() == pytest.approx(vectors, abs=1e-5)
    queries = vectors[::20]
    rows, scores = index.search(queries, 10)
    right, expected = exact_search(vectors, queries, 10)
    assert scores == pytest.approx(expected, abs=1e-5)
    # Doubles are equally near, in whichever order.
    assert (np.sort(rows) == np.sort(right)).mean() > 0.99
    among = np.arange(5, len(texts), 3)
    rows, scores = index.search(queries, 4, among=among)
    places, expected = exact_search(vectors[among], queries, 4)
    assert scores == pytest.approx(expected, abs=1e-5)
    assert set(rows.ravel()) <= set(among.tolist())
    rows, _ = index.search(queries[:2], len(texts) + 5)
    assert rows.shape == (2, len(texts))
    assert index.search(queries, 3, among=among[:0])[0].shape == (len(queries), 0)


def test_a_killed_filling_is_taken_up(vectors_kept, encoder, texts, monkeypatch):
    monkeypatch.setattr(database, "PORTION", 100)
    own = texts[:450]

    class Killed(Exception):
        pass

    def kill(done, total):
        if done >= 300:
            raise Killed

    with pytest.raises(Killed):
        vectors_kept.index(own, encoder, kill)
    seen = []
    index = vectors_kept.index(own, encoder, lambda done, total: seen.append(done))
    assert seen == [400, 450]
    # In bfloat16 the last digits hang on which titles are encoded together.
    assert index.vectors() == pytest.approx(encoder.encode(own), abs=0.01)
    vectors_kept.index(own, encoder, lambda done, total: seen.append(done))
    assert seen == [400, 450]  # it is there


def test_the_page_searches_there(database_url, small_dataset, cache_home):
    parts = replace(SHIPPED, dataset=small_dataset, database=database_url)
    alone = SideBySide.load(parts=replace(parts, database=""))
    jobs = warmups(lambda: parts)
    with contextmanager(serve)(jobs) as page:
        client = Client(page.url, verbose=False)
        title = alone.titles[7].text
        for endpoint, found in (
            ("/search", alone.search(title, 5)["finetuned"]),
            ("/similar", alone.similar(7, 5)["finetuned"]),
        ):
            answer = client.predict(title, 5, "finetuned", api_name=endpoint)
            titles = [hit["title"] for hit in answer["finetuned"]]
            assert sorted(titles) == sorted(hit.title.text for hit in found), endpoint
        engine = jobs["finetuned"].engine.result()
        assert engine._default["base"].index.method == "pgvector"
        of_a_kind = engine.search(title, 5, wanted=lambda t: t.kind == "posting")["base"]
        assert [hit.title.kind for hit in of_a_kind] == ["posting"] * 5
        engine.load_whole()
        whole = engine.search(title, 5, whole=True)["base"]
        alone.load_whole()
        expected = alone.search(title, 5, whole=True)["base"]
        assert [hit.score for hit in whole] == pytest.approx([h.score for h in expected], abs=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("no url", "no URL of a PostgreSQL database"),
        ("postgresql://somebody:secret@127.0.0.1:1/titles", "see the log"),
        ("postgresql://somebody:se/secret@127.0.0.1/titles", "percent-encoded"),
        ("postgresql://somebody:p@secret@127.0.0.1/titles", "percent-encoded"),
        ("mysql://somebody:secret@127.0.0.1/titles", "percent-encoded"),
    ],
)
def test_a_database_that_cannot_be_used(given, message):
    with pytest.raises(SourceError, match=message) as caught:
        VectorDatabase(given)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
