"""Cache files that are whole are used; any other is made again."""

import logging

import numpy as np
import pytest
from safetensors.numpy import save_file

from jobtitles.cache import cached_arrays

ARRAYS = {"a": np.arange(12, dtype=np.float32).reshape(3, 4), "b": np.array([7], np.int64)}
KEY = {"model": "m", "titles": "t"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "job-titles"


class Builder:
    """Makes the arrays and counts how often it had to."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return ARRAYS


def made(build, key=KEY):
    arrays = cached_arrays("things", key, build)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)
    return build.calls


def the_file(folder):
    (path,) = folder.glob("things-*.safetensors")
    return path


def test_built_once_and_then_read(folder):
    build = Builder()
    assert [made(build), made(build)] == [1, 1]
    assert [path.name for path in folder.iterdir()] == [the_file(folder).name]  # no leftovers


def test_another_key_is_another_file(folder):
    build = Builder()
    assert [made(build), made(build, {**KEY, "model": "n"}), made(build)] == [1, 2, 2]
    assert len(list(folder.iterdir())) == 2


def flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[: len(content) // 2], id="truncated"),
        pytest.param(lambda content: content[:-3], id="torn at the end"),
        pytest.param(flipped, id="one bit flipped"),
        pytest.param(lambda content: b"\0" * len(content), id="zeros"),
        pytest.param(lambda content: b"<html>" + content, id="not safetensors"),
    ],
)
def test_a_damaged_file_is_made_again(folder, spoil, caplog):
    build = Builder()
    made(build)
    path = the_file(folder)
    path.write_bytes(spoil(path.read_bytes()))
    assert made(build) == 2
    assert "made again" in caplog.text
    assert made(build) == 2  # and the new file is whole


def test_a_file_of_another_key_is_not_believed(folder):
    build = Builder()
    made(build)
    path = the_file(folder)
    content = path.read_bytes()
    path.unlink()
    made(build, {**KEY, "model": "n"})
    the_file(folder).write_bytes(content)
    assert made(build, {**KEY, "model": "n"}) == 3


def test_a_foreign_file_is_not_believed(folder):
    build = Builder()
    made(build)
    save_file({"a": np.zeros(3)}, the_file(folder))
    assert made(build) == 2


def test_a_folder_in_the_place_of_the_file_is_done_without(folder, caplog):
    build = Builder()
    made(build)
    path = the_file(folder)
    path.unlink()
    path.mkdir()
    assert [made(build), made(build)] == [2, 3]
    assert "cannot be written" in caplog.text


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch, caplog):
    # A file where the folder should be stops even root, whom permissions do not.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    build = Builder()
    with caplog.at_level(logging.WARNING):
        assert [made(build), made(build)] == [1, 2]
    assert "cannot be written" in caplog.text
