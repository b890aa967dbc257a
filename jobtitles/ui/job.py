"""Work done at most once, in a thread of its own, which any number of visitors can wait for."""

import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import gradio as gr

from jobtitles.errors import JobTitlesError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2

T = TypeVar("T")
Report = Callable[[float, str], None]


class Job(Generic[T]):
    """A result that is made when it is first wanted, and made once.

    A failure is logged with its traceback, told to whoever waits, and tried again when the
    result is next wanted.

    Attributes:
        part: How much is done, 0 to 1.
        doing: A sentence on what is being done.
    """

    def __init__(self, name: str, work: Callable[[Report], T]) -> None:
        """Describe the work; nothing is started.

        Args:
            name: What is made, for the log and for messages.
            work: Makes it; is handed a function to report progress to.
        """
        self.part = 0.0
        self.doing = f"{name}: starting"
        self._name = name
        self._work = work
        self._lock = threading.Lock()
        self._future: concurrent.futures.Future[T] | None = None

    def start(self) -> concurrent.futures.Future[T]:
        """Start the work, unless it is running or done."""
        with self._lock:
            if self._future is None or (self._future.done() and self._future.exception()):
                self._future = concurrent.futures.Future()
                threading.Thread(target=self._run, args=[self._future], daemon=True).start()
            return self._future

    def result(self, watch: Report | None = None) -> T:
        """The result, made now if it is not there yet.

        Args:
            watch: Told several times a second how far the work is; `gr.Progress` fits.

        Raises:
            gr.Error: The work failed; the message can be shown.
        """
        future = self.start()
        while not future.done():
            if watch is not None:  # a gr.Progress is false
                watch(self.part, self.doing)
            concurrent.futures.wait([future], POLL_SECONDS)
        if future.exception():
            # Its traceback is in the log already.
            raise gr.Error(self.failure or "", print_exception=False)
        return future.result()

    @property
    def done(self) -> bool:
        """Whether the result is there."""
        future = self._future
        return bool(future and future.done() and not future.exception())

    @property
    def failure(self) -> str | None:
        """Why the last try failed, as a sentence for the page; None if it did not."""
        future = self._future
        error = future.exception() if future and future.done() else None
        if isinstance(error, JobTitlesError):
            return str(error)
        return error and f"{self._name} failed. The log of the server says why."

    def _run(self, future: concurrent.futures.Future[T]) -> None:
        start = time.monotonic()
        try:
            result = self._work(self._report)
        except Exception as error:
            log.exception("%s failed", self._name)
            future.set_exception(error)
        else:
            log.info("%s took %.1f s", self._name, time.monotonic() - start)
            future.set_result(result)

    def _report(self, part: float, doing: str) -> None:
        self.part, self.doing = part, doing
