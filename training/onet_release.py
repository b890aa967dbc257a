"""A release of the O*NET database, downloaded from O*NET's site with its checksum recorded."""

import http.client
import re
import shutil
import urllib.request
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from jobtitles.errors import DataError
from jobtitles.files import sha256_of, write_atomically, write_json

SITE = "https://www.onetcenter.org/dl_files/database"
RELEASE = re.compile(r"(\d+)\.(\d+)")
FOLDER = Path("runs/onet")
TIMEOUT_S = 60


def release_zip(number: str, folder: Path = FOLDER) -> Path:
    """The zip of a release's text files, downloaded unless it is there.

    Beside it a JSON file names release, address, SHA-256 and the day of the download.

    Args:
        number: Of the release, such as "29.3".
        folder: Where it is kept.

    Raises:
        DataError: The site cannot be reached, or has no such release.
    """
    major, minor = RELEASE.fullmatch(number).groups()
    url = f"{SITE}/db_{major}_{minor}_text.zip"
    path = folder / url.rsplit("/", 1)[1]
    record = path.with_suffix(".json")
    if not (path.is_file() and record.is_file()):
        try:
            write_atomically(path, lambda temporary: _download(url, temporary))
        except (OSError, http.client.HTTPException) as error:
            raise DataError(
                f"O*NET {number}: {url} could not be read ({error}); download it by other means "
                "and give the zip's path."
            ) from error
        read_on = datetime.now(UTC).date().isoformat()
        digest = sha256_of(path)
        write_json(record, {"release": number, "url": url, "sha256": digest, "read_on": read_on})
    return path


def _download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, path.open("wb") as file:
        shutil.copyfileobj(answer, file)
    if not zipfile.is_zipfile(path):
        raise DataError(f"{url} did not give a zip.")
