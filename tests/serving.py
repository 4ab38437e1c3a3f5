"""A server on loopback that behaves as the runtime does (CONTRACT.md 3), or misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.making import envelope, message

TOKEN = "a-token-of-tests-5f2c"
THREAD = "/v1/threads/thr_1/events"


class Runtime(ThreadingHTTPServer):
    """Serves the events of one thread. ``asked`` are the requests so far; ``seqs`` what there is, and may grow.

    ``script`` answers the first requests in its own way, one after the other; then the runtime's own way is taken.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seqs: list[int] = []
        self.asked: list[dict[str, str]] = []
        self.script: list[Callable[[_Handler], None]] = []
        self.token: str | None = None
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{THREAD}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: Runtime

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        runtime = self.server
        query = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        runtime.asked.append({"authorization": self.headers.get("authorization", ""), **query})
        if runtime.script:
            runtime.script.pop(0)(self)
        elif runtime.token is not None and self.headers.get("authorization") != f"Bearer {runtime.token}":
            self.refuse(401, "runtime API bearer token required")
        else:
            self.stream(int(query.get("since_seq", 0)), query.get("replay_limit"))

    def refuse(self, status: int, told: str) -> None:
        self.answer(status, json.dumps({"error": {"message": told, "status": status}}).encode(), "application/json")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin(self, kind: str = "text/event-stream") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("cache-control", "no-cache")
        self.end_headers()

    def stream(self, since: int, limit: str | None) -> None:
        """What is behind ``since``, then what comes, each naming the one before it on this connection."""
        self.begin()
        backlog = [seq for seq in self.server.seqs if seq > since]
        if limit is not None:
            kept = backlog[len(backlog) - min(int(limit), len(backlog)) :]
            omitted = backlog[: len(backlog) - len(kept)]
            since = omitted[-1] if omitted else since
        with suppress(OSError):
            while not self.server.closing.is_set():
                for seq in [seq for seq in self.server.seqs if seq > since]:
                    self.wfile.write(event(seq, since))
                    since = seq
                time.sleep(0.02)


def event(seq: int, link: int | None, name: str = "item.delta") -> bytes:
    if name == "item.delta":
        return message(envelope(seq, link))
    payload = {"turn": {"id": "turn_1", "thread_id": "thr_1", "status": "completed"}}
    return message(envelope(seq, link, event=name, kind=name, item_id=None, payload=payload))


def sends(data: bytes, kind: str = "text/event-stream") -> Callable[[_Handler], None]:
    """Answers with these bytes, then closes."""

    def answer(handler: _Handler) -> None:
        handler.begin(kind)
        handler.wfile.write(data)

    return answer


def raw(data: bytes) -> Callable[[_Handler], None]:
    """Answers with these bytes and no head of its own."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(data)

    return answer


def refuses(status: int, told: str) -> Callable[[_Handler], None]:
    return lambda handler: handler.refuse(status, told)


def answers(status: int, body: bytes, kind: str = "application/json") -> Callable[[_Handler], None]:
    return lambda handler: handler.answer(status, body, kind)


def redirects(target: str) -> Callable[[_Handler], None]:
    def answer(handler: _Handler) -> None:
        handler.send_response(307)
        handler.send_header("location", target)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


def trickles(handler: _Handler) -> None:
    """A byte now and then, and never a whole event."""
    handler.begin()
    with suppress(OSError):
        while not handler.server.closing.is_set():
            handler.wfile.write(b"d")
            time.sleep(0.05)


def holds(handler: _Handler) -> None:
    """Says nothing more after its head."""
    handler.begin()
    handler.server.closing.wait()


@contextmanager
def serving() -> Iterator[Runtime]:
    runtime = Runtime()
    threading.Thread(target=runtime.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield runtime
    finally:
        runtime.closing.set()
        runtime.shutdown()
        runtime.server_close()
