"""Searches go first: work that can wait asks here whether anything is being searched."""

import threading


class Searching:
    """Counts the searches that are being answered, for work that lets them go first."""

    def __init__(self) -> None:
        self._count = 0
        self._none = threading.Condition()

    def __enter__(self) -> None:
        with self._none:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._none:
            self._count -= 1
            self._none.notify_all()

    def wait(self) -> None:
        """Return once nothing is being searched, after a second in any case."""
        with self._none:
            self._none.wait_for(lambda: not self._count, 1.0)


SEARCHING = Searching()
