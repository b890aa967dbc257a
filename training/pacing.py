"""One pace for all workers: how many requests are in flight, and when the next may be sent."""

import asyncio
import random
import time

FIRST_WAIT = 1.0  # seconds
LONGEST_WAIT = 60.0


class Pace:
    """A bounded number of requests in flight, and one backoff that all of them share.

    The wait after a failure is what the service asks for, else it doubles from failure to failure
    (with full jitter: Brooker, "Exponential backoff and jitter", 2015). Requests that were on
    their way together and fail together count as one failure.
    """

    def __init__(self, in_flight: int, seed: int = 0) -> None:
        self._slots = asyncio.Semaphore(in_flight)
        self._draw = random.Random(seed)
        self._not_before = 0.0
        self._last_failure = 0.0
        self._failures = 0

    async def __aenter__(self) -> float:
        """Wait for a slot and for the pace; gives the moment of sending."""
        await self._slots.acquire()
        try:
            while (wait := self._not_before - time.monotonic()) > 0:
                await asyncio.sleep(wait)
        except asyncio.CancelledError:
            self._slots.release()
            raise
        return time.monotonic()

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()

    def failed(self, sent: float, asked: float | None) -> None:
        """A request failed for now.

        Args:
            sent: When it was sent, as `__aenter__` gave it.
            asked: Seconds that the service asks to wait, where it does.
        """
        now = time.monotonic()
        if sent >= self._last_failure:
            self._failures += 1
            self._last_failure = now
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self._failures - 1))
        wait = asked if asked is not None else longest * self._draw.uniform(0.5, 1.0)
        self._not_before = max(self._not_before, now + wait)

    def answered(self, exhausted: float | None) -> None:
        """A request was answered.

        Args:
            exhausted: Seconds until the service's quota is filled again, where its headers say
                that nothing is left of it.
        """
        self._failures = 0
        if exhausted is not None:
            self._not_before = max(self._not_before, time.monotonic() + exhausted)
