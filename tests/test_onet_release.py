"""A release of O*NET: downloaded once, over a loopback server, with its checksum recorded."""

import functools
import http.server
import json
import threading
import zipfile
from contextlib import contextmanager

import pytest

from jobtitles.errors import DataError, InputError
from jobtitles.files import sha256_of
from training import onet_release, seeds
from training.onet_release import release_zip

TABLES = {
    "Occupation Data.txt": "O*NET-SOC Code\tTitle\tDescription\n35-2014.00\tCooks\tThey cook.\n",
    "Alternate Titles.txt": "O*NET-SOC Code\tAlternate Title\n35-2014.00\tGrill Cook\n",
    "Sample of Reported Titles.txt": "O*NET-SOC Code\tReported Job Title\n35-2014.00\tChef\n",
}


@contextmanager
def site(folder, requests):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, form, *values):
            requests.append(self.path)

    handler = functools.partial(Handler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_release_is_downloaded_once_and_gives_seeds(tmp_path, monkeypatch):
    served, kept = tmp_path / "served", tmp_path / "kept"
    served.mkdir()
    with zipfile.ZipFile(served / "db_29_3_text.zip", "w") as archive:
        for name, text in TABLES.items():
            archive.writestr(f"db_29_3_text/{name}", text)
    requests = []
    with site(served, requests) as address:
        monkeypatch.setattr(onet_release, "SITE", address)
        path = release_zip("29.3", kept)
        assert release_zip("29.3", kept) == path
        assert len(requests) == 1
        record = json.loads((kept / "db_29_3_text.json").read_text())
        assert record["sha256"] == sha256_of(path)
        assert record["url"] == f"{address}/db_29_3_text.zip"

        monkeypatch.setattr(seeds, "release_zip", lambda number: release_zip(number, kept))
        read = seeds.read_seeds("29.3", "", 0)
        assert [(s.onet_code, s.title, s.onet_name) for s in read.seeds] == [
            ("35-2014.00", "Chef", "Cooks"),
            ("35-2014.00", "Grill Cook", "Cooks"),
        ]
        assert record["sha256"] in read.summary

        with pytest.raises(InputError, match="has 2010 codes"):
            seeds.read_seeds("24.2", "", 0)

        (served / "db_9_9_text.zip").write_text("<html>not here</html>")
        for number, reason in (("30.1", "404"), ("9.9", "did not give a zip")):
            with pytest.raises(DataError, match=reason):
                release_zip(number, kept)
    assert sorted(p.name for p in kept.iterdir()) == ["db_29_3_text.json", "db_29_3_text.zip"]
