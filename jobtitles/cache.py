"""Arrays that are costly to make, kept under the user's cache folder and keyed by content.

A cache file names its whole key and the checksum of its content. A file that is damaged, torn or
somebody else's is rebuilt; a folder that cannot be written is reported and done without.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from jobtitles.files import write_arrays
from jobtitles.sources import cache_dir

log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


def cached_arrays(kind: str, key: dict[str, str], build: Callable[[], Arrays]) -> Arrays:
    """The arrays that `build` makes, from the cache if they stand there undamaged.

    Args:
        kind: What they are, in the file's name.
        key: All that the content depends on: digests, versions, settings.
        build: Makes the arrays.
    """
    arrays = kept_arrays(cache_dir(), kind, key)
    if arrays is None:
        arrays = build()
        try:
            keep_arrays(cache_dir(), kind, key, arrays)
        except OSError as error:
            log.warning("%s cannot be written (%s): made again next time", kind, error)
    return arrays


def keep_arrays(folder: Path, kind: str, key: dict[str, str], arrays: Arrays) -> None:
    """Write arrays to a folder, under their key."""
    path, identity = _place(folder, kind, key)
    write_arrays(path, arrays, {"key": identity, "sha256": _digest(arrays)})


def kept_arrays(folder: Path, kind: str, key: dict[str, str]) -> Arrays | None:
    """What `keep_arrays` wrote, or None where it is not there or not whole."""
    path, identity = _place(folder, kind, key)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        log.warning("%s is damaged (%s): made again", path, error)
        return None
    if metadata.get("key") != identity or metadata.get("sha256") != _digest(arrays):
        log.warning("%s does not hold what its name says: made again", path)
        return None
    return arrays


def _place(folder: Path, kind: str, key: dict[str, str]) -> tuple[Path, str]:
    identity = json.dumps({"kind": kind, **key}, sort_keys=True)
    name = hashlib.sha256(identity.encode()).hexdigest()[:20]
    return folder / f"{kind}-{name}.safetensors", identity


def _digest(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())  # rows first, however it lies in memory
    return digest.hexdigest()
