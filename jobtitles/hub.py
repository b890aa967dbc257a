"""Files of a repository on the Hugging Face Hub at one commit, every byte of them checked."""

import hashlib
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
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
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        if offline:
            said = "the Hub does not answer, and its cache has none of it"
        else:
            # The client's own words: not found, gated, a wrong token, a transfer that was cut.
            said = str(error.__cause__ or error).strip().splitlines()[0]
        raise SourceError(f"{repo} cannot be pulled: {said}.") from error
    missing = [name for name in files if "*" not in name and not (folder / name).is_file()]
    if missing:
        raise SourceError(f"{repo} at {folder.name[:7]} is not complete: {missing[0]} is missing.")
    there = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    for name in filter_repo_objects(there, allow_patterns=list(files)):
        _check(folder / name, repo)
    return folder


def hub_answers() -> bool:
    """Whether the Hub's host gives any HTTP answer soon; the client itself retries for 23 s."""
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=HUB_TIMEOUT).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _check(path: Path, repo: str) -> None:
    """Compare a file with the digest that the Hub gave for it: the name of the cache's blob.

    That is SHA-256 for large files and git's SHA-1 of a blob for the others; the client itself
    compares sizes only. A damaged blob is removed, so that the next start fetches it again.
    """
    blob = path.resolve()
    if len(blob.name) == 64:
        digest = sha256_of(blob)
    else:
        content = blob.read_bytes()
        digest = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    if digest != blob.name:
        path.unlink()
        blob.unlink(missing_ok=True)
        raise SourceError(f"{repo}: {path.name} is damaged; it was removed and is fetched again.")
