"""The log of requests and answers: one JSON object a line, synced before anything is derived.

Appending is all that is ever done to it. A kill at any moment loses at most what was in flight; a
torn last line is cut off when the log is next opened, with a warning.
"""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from jobtitles.errors import DataError

log = logging.getLogger(__name__)

Record = dict[str, Any]


def request_key(request: Record) -> str:
    """SHA-256 of everything that makes a request what it is, the sample number included."""
    return sha256(json.dumps(request, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_log(path: Path) -> Iterator[Record]:
    """Every whole record, in the order of the lines; a torn last line is passed over.

    Raises:
        DataError: A line before the last is not a JSON object.
    """
    if not path.is_file():
        return
    *lines, torn = path.read_bytes().split(b"\n")
    if torn:
        log.warning("%s: its last line is torn and is passed over", path)
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: not a JSON object.") from error


def transcript(path: Path) -> str:
    """The log as a person reads it: what was asked of whom, and the raw answer."""
    parts = []
    for number, record in enumerate(read_log(path), 1):
        prompts = ", ".join(f"{name} {version}" for name, version in record["prompts"].items())
        seeds = "\n".join(f"  {code} {name}: {title}" for code, title, name in record["seeds"])
        if "error" in record:
            answer = f"failed: {record['error']}"
        else:
            used = f"{record['prompt_tokens']} + {record['completion_tokens']} tokens"
            answer = f"{used}, {record['latency_s']} s, {record['finish_reason']}\n{record['text']}"
        parts.append(
            f"== {number}. {record['time']} {record['provider']}/{record['model']}, sample "
            f"{record['sample']}, attempt {record['attempt']}\nprompts: {prompts}\n"
            f"kinds: {', '.join(record['kinds'])}\n{seeds}\n-- {answer}\n"
        )
    return "\n".join(parts)


class AnswerLog:
    """Appends records; many tasks may wait for theirs to be on disk at once.

    Records that come in while the disk is busy are written together and synced once.
    """

    def __init__(self, path: Path) -> None:
        """Open the log, a torn last line cut off."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        self._file.seek(0)
        whole = self._file.read().rfind(b"\n") + 1
        if whole < self._file.tell():
            log.warning("%s: a torn last line was cut off", path)
            self._file.truncate(whole)
        self._waiting: list[bytes] = []
        self._lock = asyncio.Lock()

    async def append(self, record: Record) -> None:
        """Write a record; returns when it is on disk."""
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        self._waiting.append(line)
        async with self._lock:
            if any(waiting is line for waiting in self._waiting):
                lines, self._waiting = self._waiting, []
                await asyncio.to_thread(self._write, b"".join(lines))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        os.fsync(self._file.fileno())
