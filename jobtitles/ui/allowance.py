"""How often visitors may use what costs the page's owner money."""

import threading
import time
from collections import deque

from jobtitles.errors import InputError

SECONDS = 3600
EACH = 10  # times an hour
ALL = 100


class Allowance:
    """Counts uses of the last hour, of every visitor and of all."""

    def __init__(self, each: int = EACH, together: int = ALL) -> None:
        self._each = each
        self._together = together
        self._uses: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def take(self, visitor: str) -> None:
        """Count one use.

        Args:
            visitor: Names the visitor, such as an address.

        Raises:
            InputError: The hour's uses are spent.
        """
        with self._lock:
            now = time.monotonic()
            while self._uses and self._uses[0][0] < now - SECONDS:
                self._uses.popleft()
            own = sum(name == visitor for _, name in self._uses)
            if own >= self._each or len(self._uses) >= self._together:
                raise InputError(
                    f"This page's key is good for {self._each} times an hour and visitor, "
                    f"{self._together} in all, which are spent: try later, or paste a key of yours."
                )
            self._uses.append((now, visitor))
