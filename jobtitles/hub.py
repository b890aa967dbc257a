"""Files of a repository on the Hugging Face Hub at one commit, every byte of them checked."""

import hashlib
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from httpx2 import HTTPError
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from huggingface_hub.utils import filter_repo_objects

from jobtitles.errors import SourceError
from jobtitles.files import sha256_of

HUB_TIMEOUT = 3.0
COMMIT = re.compile(r"[0-9a-f]{40}")


def pulled(repo: str, kind: str, revision: str, files: Sequence[str]) -> Path:
    """The snapshot of a repository, from the Hub or, where it does not answer, from its cache.

    The name of the folder is the commit that the files are of.

    Args:
        repo: account/name.
        kind: "model" or "dataset".
        revision: A commit, 40 hexadecimal digits; empty: the newest.
        files: Names or patterns of the files wanted. A name without "*" has to be there.

    Raises:
        SourceError: The repository, the commit or a file is not to be had, or a file is damaged.
    """
    if revision and not COMMIT.fullmatch(revision):
        raise SourceError(f"revision {revision!r} of {repo}: give a commit, 40 hexadecimal digits.")
    offline = constants.HF_HUB_OFFLINE or not hub_answers()
    try:
        folder = Path(
            snapshot_download(
                repo,
                repo_type=kind,
                revision=revision or None,
                allow_patterns=list(files),
                local_files_only=offline,
            )
        )
        missing = [name for name in files if "*" not in name and not (folder / name).is_file()]
        if missing:
            raise SourceError(f"{repo} at {folder.name[:7]} is not complete: no {missing[0]}.")
        there = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        for name in filter_repo_objects(there, allow_patterns=list(files)):
            _check(folder / name, repo)
    # RuntimeError and ValueError are how the client tells of Xet's failures and of a wrong name.
    except (HTTPError, HfHubHTTPError, OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{repo} cannot be pulled: {_reason(error, offline)}.") from error
    return folder


def hub_answers() -> bool:
    """Whether the Hub's host gives any HTTP answer soon; the client itself retries for 23 s."""
    try:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(request, timeout=HUB_TIMEOUT).close()
    except urllib.error.HTTPError:
        return True
    # The last two for an HF_ENDPOINT that is no address, or of something else than HTTP.
    except (OSError, ValueError, HTTPException):
        return False
    return True


def _reason(error: Exception, offline: bool) -> str:
    if offline:
        switched = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the Hub is not reached"
        return f"{switched}, and what is cached of it is not enough"
    # Not found, gated, a wrong token, a transfer that was cut: the client says it in many lines.
    cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error
    return " ".join(str(cause or error).split())[:300].rstrip(".") or type(error).__name__


def _check(path: Path, repo: str) -> None:
    """Compare a file with the digest that the Hub gave for it: the name of the cache's blob.

    That is SHA-256 for large files and git's SHA-1 of a blob for the others; the client itself
    compares sizes only. A damaged blob is removed, so that the next start fetches it again. A cache
    without links names no digests: there the client's check has to do.
    """
    if not path.is_symlink():
        return
    blob = path.parent / path.readlink()  # which may be a link itself, to a store of all caches
    if len(blob.name) == 64:
        digest = sha256_of(path)
    else:
        content = path.read_bytes()
        digest = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    if digest != blob.name:
        for damaged in (path.resolve(), blob, path):
            damaged.unlink(missing_ok=True)
        raise SourceError(f"{repo}: {path.name} is damaged; it was removed and is fetched again.")
