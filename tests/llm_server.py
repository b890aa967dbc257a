"""A loopback server that speaks the providers' chat API and misbehaves as it is told."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jobtitles.conversation import SEVERAL

# Called with the seeds and kinds of a request and its number; gives status, headers, body text.
Behaviour = Callable[[list[str], list[str], int], tuple[int, dict[str, str], str]]


def titles_for(seeds: list[str], kinds: list[str]) -> dict:
    """An answer that every rule passes."""
    answers = []
    for seed in seeds:
        one = {
            kind: f"{kind[:4]} {sum(map(ord, seed))} xq{number}"
            for number, kind in enumerate(kinds)
        }
        for kind in SEVERAL.keys() & one.keys():
            one[kind] = [f"{one[kind]} a", f"{one[kind]} b"]
        answers.append({"seed": seed, **one})
    return {"titles": answers}


def well_behaved(seeds: list[str], kinds: list[str], _number: int) -> tuple[int, dict, str]:
    return 200, {}, json.dumps(titles_for(seeds, kinds))


class LlmServer:
    """The server.

    Attributes:
        requests: Digest-worthy content of every request that came in: (path, seeds, key).
        answered: Seeds of every request that was answered with 200, in order.
    """

    def __init__(self, behaviour: Behaviour = well_behaved, seconds: float = 0.0) -> None:
        self.behaviour = behaviour
        self.seconds = seconds
        self.requests: list[tuple[str, tuple[str, ...], str]] = []
        self.answered: list[tuple[str, ...]] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes: no 40 ms between

            def do_POST(self) -> None:
                outer._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A killed client breaks the connection."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "LlmServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        asked = body["messages"][-1]["content"].rsplit("with the kinds: ", 1)[1]
        kinds, batch = asked.split("\n\n", 1)
        seeds = tuple(line.split(": ", 1)[1] for line in batch.splitlines())
        with self._lock:
            number = len(self.requests)
            self.requests.append((handler.path, seeds, handler.headers["authorization"]))
        if self.seconds:
            time.sleep(self.seconds)
        status, headers, text = self.behaviour(list(seeds), kinds.split(", "), number)
        if status == 200:
            content = {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": text},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
            }
        else:
            content = {"error": {"message": text}}
        data = json.dumps(content).encode()
        handler.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
        if status == 200:
            with self._lock:
                self.answered.append(seeds)
