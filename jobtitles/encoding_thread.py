"""One thread in which all encoders of a process compute; what waits for it is computed together.

In every thread that calls it PyTorch keeps a team of OpenMP threads, and the teams get in each
other's way: on 2 cores a title took 50 ms in a thread like any other, and 27 ms in the only one.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

T = TypeVar("T")
Tokens = list[list[int]]  # of every title
Forward = Callable[[Tokens], np.ndarray]
# Batches of at most so many tokens, padding included, are taken together.
TOGETHER = 1024


@dataclass(frozen=True, eq=False)
class _Asked:
    forward: Forward
    batch: Tokens
    answer: "Future[np.ndarray]" = field(default_factory=Future)


class EncodingThread:
    """The thread, and what waits for it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoding")
        self._waiting: deque[_Asked] = deque()
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, run in the thread."""
        return self._thread.submit(work).result()

    def vectors(self, forward: Forward, batch: Tokens) -> np.ndarray:
        """What `forward` makes of a batch, perhaps together with others' that wait for the same.

        Args:
            forward: Tokens of n titles to their vectors, shape (n, d).
            batch: The titles' tokens.
        """
        asked = _Asked(forward, batch)
        with self._lock:
            self._waiting.append(asked)
        self._thread.submit(self._next)
        return asked.answer.result()

    def _next(self) -> None:
        taken = self._take()
        try:
            vectors = taken[0].forward([ids for one in taken for ids in one.batch]) if taken else []
        except Exception as error:
            for one in taken:
                one.answer.set_exception(error)
            return
        start = 0
        for one in taken:
            one.answer.set_result(vectors[start : start + len(one.batch)])
            start += len(one.batch)

    def _take(self) -> list[_Asked]:
        """The one that has waited longest, and those that can be taken together with it."""
        with self._lock:
            taken, titles, longest = [], 0, 0
            for one in list(self._waiting):
                together = titles + len(one.batch), max(longest, *map(len, one.batch))
                if taken and (
                    one.forward != taken[0].forward or together[0] * together[1] > TOGETHER
                ):
                    continue
                self._waiting.remove(one)
                taken.append(one)
                titles, longest = together
            return taken


ENCODING_THREAD = EncodingThread()
