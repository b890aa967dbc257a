"""Work that many wait for is done once; a failure is told, logged and tried again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest

from jobtitles.errors import SourceError
from jobtitles.ui.job import Job


def test_many_waiters_one_run():
    runs, go = [], threading.Event()

    def work(report):
        runs.append(1)
        report(0.25, "a quarter")
        assert go.wait(30)
        return "made"

    job = Job("Work", work)
    watched = threading.Event()

    def watch(part, doing):
        if (part, doing) == (0.25, "a quarter"):
            watched.set()

    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(job.result, watch) for _ in range(5)]
        assert watched.wait(30)
        assert not job.done
        go.set()
        assert [future.result(30) for future in waiting] == ["made"] * 5
    assert job.result() == "made"
    assert job.done
    assert job.failure is None
    assert len(runs) == 1


def test_progress_reaches_a_watcher_that_is_false():
    """A gr.Progress is false, and must be told all the same."""

    class Watch:
        told = 0

        def __len__(self):
            return 0

        def __call__(self, part, doing):
            Watch.told += 1
            go.set()

    go = threading.Event()
    Job("Work", lambda report: go.wait(30)).result(Watch())
    assert Watch.told >= 1


def test_a_mendable_failure_is_told_and_tried_again(caplog):
    outcomes = [SourceError("The weights are missing: restore them."), "made"]

    def work(report):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    job = Job("Loading", work)
    with pytest.raises(gr.Error) as told:
        job.result()
    assert told.value.message == job.failure == "The weights are missing: restore them."
    assert not job.done
    assert "Traceback" in caplog.text
    assert job.result() == "made"
    assert job.failure is None


def test_a_bug_is_loud_in_the_log_and_quiet_on_the_page(caplog):
    def work(report):
        raise KeyError("a detail of the inside")

    job = Job("Loading", work)
    with pytest.raises(gr.Error) as told:
        job.result()
    assert told.value.message == "Loading failed. The log of the server says why."
    assert "KeyError: 'a detail of the inside'" in caplog.text
