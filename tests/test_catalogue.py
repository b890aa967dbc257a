"""What is searched: the dataset's titles, in the order and with the labels they should have."""

import shutil
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest

import jobtitles.index
from jobtitles.catalogue import (
    cached_index,
    cached_vectors,
    default_titles,
    other_titles,
    read_titles,
    split_rows,
)
from jobtitles.errors import DataError
from jobtitles.records import JITTER_KINDS, SEED_KIND
from jobtitles.sources import DATASET_DIR


@pytest.fixture(scope="module")
def titles():
    return read_titles()


def test_titles_are_labelled(titles):
    assert len(titles) > 35_000
    assert {title.kind for title in titles} == {SEED_KIND, *JITTER_KINDS}
    assert all(title.text.strip() and title.onet_name for title in titles)
    assert all(len(title.onet_code) == 10 for title in titles)


def test_every_seed_stands_once_under_its_occupation(titles):
    seeds = [title for title in titles if title.kind == SEED_KIND]
    assert titles[: len(seeds)] == seeds
    assert all(seed.text == seed.seed_title for seed in seeds)
    keys = [(seed.onet_code, seed.text) for seed in seeds]
    assert len(keys) == len(set(keys))
    assert {(t.onet_code, t.seed_title) for t in titles} == set(keys)


def test_default_and_other_titles_part_the_dataset(titles):
    default, other = default_titles(titles), other_titles(titles)
    assert len(default) + len(other) == len(titles)
    assert set(default).isdisjoint(other)
    jittered = [title for title in default if title.kind != SEED_KIND]
    assert {title.split for title in jittered} == {"test"}
    assert not any(title.seen_in_training for title in jittered)
    assert {title.split for title in other} == {"train", "validation"}
    assert any(title.seen_in_training for title in default)  # seeds of training


def test_a_missing_split_is_named(tmp_path):
    with pytest.raises(DataError, match="train-00000-of-00001.parquet is missing"):
        read_titles(tmp_path)


def test_rows_come_from_the_file_itself_and_nobody_is_told(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.load, "get_session", lambda: asked.append(1))
    cached = Path(datasets.config.HF_DATASETS_CACHE)
    before = set(cached.rglob("*"))
    # A name that is a pattern, and a path that is not absolute.
    (tmp_path / "a[b]*").mkdir()
    file = DATASET_DIR / "data" / "test-00000-of-00001.parquet"
    shutil.copy(file, tmp_path / "a[b]*")
    monkeypatch.chdir(tmp_path)
    columns = ["seed_title", "jittered_title"]
    rows = list(split_rows(Path("a[b]*"), "test", columns))
    assert rows == pq.read_table(file, columns=columns).to_pylist()
    assert list(rows[0]) == columns
    assert not asked
    assert set(cached.rglob("*")) == before


class CountedEncoder:
    """Wraps the real encoder of the page and counts the titles that it had to encode."""

    def __init__(self, encoder):
        self.encoder, self.encoded = encoder, 0
        self.digest, self.precision = encoder.digest, encoder.precision

    def encode(self, titles, progress=None):
        self.encoded += len(titles)
        return self.encoder.encode(titles, progress)


def test_vectors_come_from_the_cache_while_titles_and_model_are_the_same(
    titles, tmp_path, monkeypatch
):
    from jobtitles.encoder import load_encoder

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    encoder = CountedEncoder(load_encoder("base"))
    some = [title.text for title in titles[:20]]
    first = cached_vectors(some, encoder)
    assert np.array_equal(cached_vectors(some, encoder), first)
    assert encoder.encoded == 20
    cached_vectors(some[:19], encoder)
    assert encoder.encoded == 39
    encoder.digest = "another model"
    cached_vectors(some, encoder)
    assert encoder.encoded == 59


def test_a_graph_is_built_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    drawn = np.random.default_rng(0).normal(size=(300, 384)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    built = cached_index(vectors)

    def built_again(_vectors):
        raise AssertionError("the graph was built though it stands in the cache")

    monkeypatch.setattr(jobtitles.index, "_build", built_again)
    assert np.array_equal(cached_index(vectors).graph(), built.graph())
    with pytest.raises(AssertionError, match="built though"):
        cached_index(vectors[:299])
