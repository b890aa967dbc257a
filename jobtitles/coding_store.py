"""Codings of distinct titles on disk, so that a killed job goes on where it stood."""

import json
import sqlite3
from pathlib import Path

from jobtitles.coder import Match

AT_ONCE = 500  # titles in one statement; SQLite's own limit is higher


class CodingStore:
    """Title -> its matches, in a SQLite file; made anew if another coder filled it."""

    def __init__(self, path: Path, identity: str) -> None:
        """Open or create the file.

        Args:
            path: Of the file.
            identity: Names coder and settings; codings of another one are thrown away.
        """
        self.path = path
        self._open()
        try:
            kept = self._base.execute("SELECT identity FROM coder").fetchone()
        except sqlite3.DatabaseError:
            kept = None
        if kept != (identity,):
            self._base.close()
            self.delete()
            self._open()
            self._base.execute("CREATE TABLE coder (identity TEXT)")
            self._base.execute("CREATE TABLE codings (title TEXT PRIMARY KEY, matches TEXT)")
            self._base.execute("INSERT INTO coder VALUES (?)", (identity,))
            self._base.commit()

    def _open(self) -> None:
        self._base = sqlite3.connect(self.path)

    def get(self, titles: list[str]) -> dict[str, list[Match]]:
        """Those of the titles that are coded."""
        found = {}
        for start in range(0, len(titles), AT_ONCE):
            some = titles[start : start + AT_ONCE]
            query = f"SELECT * FROM codings WHERE title IN ({','.join('?' * len(some))})"
            for title, matches in self._base.execute(query, some):
                found[title] = [Match(*match) for match in json.loads(matches)]
        return found

    def put(self, codings: dict[str, list[Match]]) -> None:
        """Keep codings; they are on disk when this returns."""
        rows = [
            (title, json.dumps([[m.onet_code, m.onet_name, m.confidence] for m in matches]))
            for title, matches in codings.items()
        ]
        self._base.executemany("INSERT OR REPLACE INTO codings VALUES (?, ?)", rows)
        self._base.commit()

    def close(self) -> None:
        """Close the file and leave it."""
        self._base.close()

    def delete(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
