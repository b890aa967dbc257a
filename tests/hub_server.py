"""A Hub-compatible loopback server: repositories as lists of commits, large files by SHA-256."""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_testtoken"
LARGE = (".parquet", ".safetensors")  # kept by SHA-256
PREFIX = {"models": "", "datasets": "datasets/", "spaces": "spaces/"}


def blob_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Repo:
    """A repository.

    Attributes:
        commits: (sha, path -> content), oldest first.
        tags: Name -> sha.
        variables: Of a Space, name -> value.
    """

    private: bool = False
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision == "main":
            return self.commits[-1]
        sha = self.tags.get(revision, revision)
        return next((c for c in self.commits if c[0] == sha), None)

    def commit(self, files: dict[str, bytes]) -> str:
        sha = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits.append((sha, files))
        return sha


class HubServer:
    """The server.

    Attributes:
        repos: (kind, account/name) -> repository.
        large: SHA-256 -> content of large files.
        puts: SHA-256 of every upload that was taken, in order.
        refuse_after: After so many uploads every further one is cut; None: never.
        before_commit: Called before a commit is taken.
        gets: Path of every file that was fetched, in order.
        on_the_way: Given path and content of a file that is fetched; what it returns is sent, and
            the connection is cut where that is shorter.
    """

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.large: dict[str, bytes] = {}
        self.puts: list[str] = []
        self.refuse_after: int | None = None
        self.before_commit = lambda: None
        self.gets: list[str] = []
        self.on_the_way = lambda _path, content: content
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes: no 40 ms between

            def _handle(self) -> None:
                outer._answer(self)

            do_GET = do_POST = do_PUT = do_HEAD = _handle

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "HubServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if path.startswith("/lfs/"):
            self._take_large(request, path.removeprefix("/lfs/"), body)
            return
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            _send(request, 401, {"error": "Invalid credentials"})
            return
        for pattern, handle in (
            (r"/api/whoami-v2", self._whoami),
            (r"/api/repos/create", self._create),
            (r"/api/validate-yaml", self._validate),
            (r"/(|datasets/|spaces/)([^/]+/[^/]+)\.git/info/lfs/objects/batch", self._batch),
            (r"/verify", lambda _request, _body: _send(_request, 200, {})),
            (r"/api/(\w+)/([^/]+/[^/]+)/preupload/([^/]+)", self._preupload),
            (r"/api/(\w+)/([^/]+/[^/]+)/commit/([^/]+)", self._take_commit),
            (r"/api/(\w+)/([^/]+/[^/]+)/tag/([^/]+)", self._tag),
            (r"/api/(\w+)/([^/]+/[^/]+)/refs", self._refs),
            (r"/api/(\w+)/([^/]+/[^/]+)/variables", self._variables),
            (r"/api/(\w+)/([^/]+/[^/]+)/tree/([^/]+)(?:/(.+))?", self._tree),
            (r"/api/(\w+)/([^/]+/[^/]+)/paths-info/([^/]+)", self._paths_info),
            (r"/api/(\w+)/([^/]+/[^/]+)(?:/revision/([^/]+))?", self._info),
            (r"/(|datasets/|spaces/)([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self._resolve),
        ):
            if match := re.fullmatch(pattern, path):
                handle(request, body, *match.groups())
                return
        _send(request, 404, {"error": f"no {path}"})

    def _whoami(self, request: BaseHTTPRequestHandler, _body: bytes) -> None:
        _send(request, 200, {"type": "user", "name": "somebody", "orgs": [], "auth": {}})

    def _create(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        asked = json.loads(body)
        account = asked.get("organization") or "somebody"
        key = f"{asked.get('type') or 'model'}s", f"{account}/{asked['name']}"
        if key in self.repos:
            _send(request, 409, {"error": "exists", "url": f"{self.url}/{key[1]}"})
            return
        repo = self.repos[key] = Repo(
            asked.get("visibility") == "private" or bool(asked.get("private"))
        )
        repo.commit({".gitattributes": b"*.parquet filter=lfs\n"})
        _send(request, 200, {"url": f"{self.url}/{PREFIX[key[0]]}{key[1]}", "id": key[1]})

    def _validate(self, request: BaseHTTPRequestHandler, _body: bytes) -> None:
        _send(request, 200, {"errors": [], "warnings": []})

    def _found(self, request, kind, name, revision) -> tuple[str, dict[str, bytes]] | None:  # noqa: ANN001
        """A commit; where there is none, the answer is sent."""
        repo = self.repos.get((kind, name))
        found = repo and repo.at(revision)
        if not found:
            code = "RevisionNotFound" if repo else "RepoNotFound"
            _send(request, 404, {"error": code}, {"X-Error-Code": code})
        return found

    def _info(self, request, _body, kind, name, revision) -> None:  # noqa: ANN001
        found = self._found(request, kind, name, revision or "main")
        if not found:
            return
        siblings = [{"rfilename": path} for path in sorted(found[1])]
        _send(request, 200, {"id": name, "sha": found[0], "siblings": siblings, "tags": []})

    def _tree(self, request, _body, kind, name, revision, folder) -> None:  # noqa: ANN001
        commit = self._found(request, kind, name, revision)
        if commit:
            start = f"{folder}/" if folder else ""
            paths = [path for path in commit[1] if path.startswith(start)]
            folders = set()
            for path in paths:
                parts = path.removeprefix(start).split("/")[:-1]
                folders |= {start + "/".join(parts[: n + 1]) for n in range(len(parts))}
            if parse_qs(urlsplit(request.path).query).get("recursive", ["false"])[0] != "true":
                paths = [path for path in paths if "/" not in path.removeprefix(start)]
                folders = {one for one in folders if "/" not in one.removeprefix(start)}
            found = [_described(path, commit[1][path]) for path in paths]
            _send(request, 200, found + [_folder(path) for path in sorted(folders)])

    def _paths_info(self, request, body, kind, name, revision) -> None:  # noqa: ANN001
        commit = self._found(request, kind, name, revision)
        if commit:
            asked = parse_qs(body.decode()).get("paths", [])
            found = [_described(path, commit[1][path]) for path in asked if path in commit[1]]
            folders = {path for path in asked if any(p.startswith(f"{path}/") for p in commit[1])}
            _send(request, 200, found + [_folder(path) for path in sorted(folders)])

    def _preupload(self, request, body, kind, name, revision) -> None:  # noqa: ANN001
        _, files = self.repos[kind, name].at(revision)
        answers = []
        for asked in json.loads(body)["files"]:
            large = asked["path"].endswith(LARGE)
            one = {"path": asked["path"], "uploadMode": "lfs" if large else "regular"}
            if asked["path"] in files:
                content = files[asked["path"]]
                digest = hashlib.sha256(content).hexdigest() if large else blob_sha1(content)
                one["oid"] = digest
            answers.append({**one, "shouldIgnore": False})
        _send(request, 200, {"files": answers})

    def _batch(self, request, body, _prefix, _name) -> None:  # noqa: ANN001
        objects = []
        for asked in json.loads(body)["objects"]:
            one = {"oid": asked["oid"], "size": asked["size"]}
            if asked["oid"] not in self.large:
                one["actions"] = {
                    "upload": {"href": f"{self.url}/lfs/{asked['oid']}"},
                    "verify": {"href": f"{self.url}/verify"},
                }
            objects.append(one)
        _send(request, 200, {"transfer": "basic", "objects": objects})

    def _take_large(self, request: BaseHTTPRequestHandler, oid: str, body: bytes) -> None:
        if self.refuse_after is not None and len(self.puts) >= self.refuse_after:
            _send(request, 400, {"error": "cut"})
            return
        assert hashlib.sha256(body).hexdigest() == oid
        self.large[oid] = body
        self.puts.append(oid)
        _send(request, 200, {})

    def _take_commit(self, request, body, kind, name, revision) -> None:  # noqa: ANN001
        self.before_commit()
        repo = self.repos[kind, name]
        sha, files = repo.at(revision)
        files = dict(files)
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "header" and value.get("parentCommit", sha) != sha:
                _send(request, 412, {"error": "stale parent"})
                return
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        sha = repo.commit(files)
        address = f"{self.url}/{PREFIX[kind]}{name}/commit/{sha}"
        _send(request, 200, {"commitUrl": address, "commitOid": sha, "pullRequestUrl": None})

    def _tag(self, request, body, kind, name, revision) -> None:  # noqa: ANN001
        repo, tag = self.repos[kind, name], json.loads(body)["tag"]
        if tag in repo.tags:
            _send(request, 409, {"error": "Tag exists"})
            return
        repo.tags[tag] = repo.at(revision)[0]
        _send(request, 200, {})

    def _refs(self, request, _body, kind, name) -> None:  # noqa: ANN001
        tags = [
            {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": sha}
            for tag, sha in self.repos[kind, name].tags.items()
        ]
        _send(request, 200, {"branches": [], "converts": [], "tags": tags})

    def _variables(self, request, body, kind, name) -> None:  # noqa: ANN001
        variables = self.repos[kind, name].variables
        if body:
            asked = json.loads(body)
            variables[asked["key"]] = asked["value"]
        _send(request, 200, {key: {"value": value} for key, value in variables.items()})

    def _resolve(self, request, _body, prefix, name, revision, path) -> None:  # noqa: ANN001
        kind = prefix.rstrip("/") or "models"
        repo = self.repos.get((kind, name))
        found = repo and repo.at(revision)
        if not found or path not in found[1]:
            code = "EntryNotFound" if found else "RevisionNotFound" if repo else "RepoNotFound"
            _send(request, 404, {"error": code}, {"X-Error-Code": code})
            return
        content = found[1][path]
        headers = {"X-Repo-Commit": found[0], "ETag": f'"{blob_sha1(content)}"'}
        if path.endswith(LARGE):
            digest = hashlib.sha256(content).hexdigest()
            headers |= {"X-Linked-ETag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        if request.command == "GET":
            self.gets.append(path)
            sent = self.on_the_way(path, content)
            if len(sent) < len(content):
                request.close_connection = True
                headers["Content-Length"] = str(len(content))
            content = sent
        _send(request, 200, content, headers)


def _folder(path: str) -> dict:
    return {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}


def _described(path: str, content: bytes) -> dict:
    one = {"type": "file", "path": path, "size": len(content), "oid": blob_sha1(content)}
    if path.endswith(LARGE):
        digest = hashlib.sha256(content).hexdigest()
        one["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
    return one


def _send(
    request: BaseHTTPRequestHandler,
    status: int,
    content: object,
    headers: dict[str, str] | None = None,
) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    request.send_response(status)
    usual = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    for name, value in (usual | (headers or {})).items():
        request.send_header(name, value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)
