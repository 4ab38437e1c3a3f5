"""Remote: the live stream of a thread, as bytes, over as many connections as it takes.

A connection is read in a thread of its own, so that whoever reads can look up at any time. Nothing a server does is
waited for without end, and what it sends is kept for a few chunks only. No redirect is followed: the token goes to
the host that was named, and nowhere else.
"""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from replay_cli.errors import SourceError, UsageError, one_line
from replay_cli.wording import count

EXTRA = "a URL is read with httpx2, which is not installed: pip install '.[http]' in a checkout of replay"

ERROR_READ = 64 * 1024
"""Bytes of an answer that is no stream which are looked at."""

ERROR_SHOWN = 200
"""Characters of it that are shown."""

QUEUED = 32
"""Chunks that wait to be read; each has up to 64 KiB."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be others the next time. 500 is also an unreadable log (CONTRACT.md 3.2)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds and numbers: ``connect`` until a connection stands, ``answer`` until the server has answered, ``stall``
    without a whole event or keepalive (the server sends one each 15 s, CONTRACT.md 3.1), ``first`` and ``longest``
    before another attempt, ``steady`` after which a connection counts as a success; ``attempts`` that may fail in a
    row.
    """

    connect: float = 10.0
    answer: float = 20.0
    stall: float = 60.0
    first: float = 0.25
    longest: float = 5.0
    steady: float = 30.0
    attempts: int = 6


class From(NamedTuple):
    """Where a connection begins: ``since_seq`` and ``replay_limit`` as the runtime takes them; None: not asked."""

    since_seq: int | None
    replay_limit: int | None


class Broken(NamedTuple):
    """A connection has ended, for ``reason``; what of an event had come is lost with it.

    ``stalled`` tells that it was given up, as nothing whole came for too long.
    """

    reason: str
    stalled: bool = False


ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
"""How an event, or a keepalive, ends."""

ASKED = ("since_seq", "replay_limit")
"""What a URL may ask of the runtime itself (CONTRACT.md 3.2); each connection asks that anew."""


_PORT = re.compile(r"[a-z]+://(?:\[[^\]]*\]|[^/:?#\[]*):([0-9]{1,20})(?![^/?#])", re.IGNORECASE).match


class Remote:
    """A stream at ``url``. Raises UsageError if that is no URL to read from, or httpx2 is not installed."""

    def __init__(self, url: str, token: str | None, patience: Patience | None = None) -> None:
        try:
            import httpx2
        except ImportError:
            raise UsageError(f"tail: {EXTRA}") from None
        self._http: Any = httpx2
        try:
            self._url = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise UsageError(f"{url}: is no URL: {error}") from None
        port = _PORT(url)
        if port is not None and int(port[1]) > 65535:
            raise UsageError(f"{url}: is no URL: there is no port {port[1][:20]}")
        if self._url.userinfo:
            raise UsageError("a URL with a password in it: give the token by CODEWHALE_RUNTIME_TOKEN or --token-file")
        if not self._url.host:
            raise UsageError(f"{url}: is no URL: it names no host")
        self.name = one_line(str(self._url.copy_with(query=None, fragment=None)))
        """What it is called: the URL without what is asked."""
        for name in ASKED:
            self._url = self._url.copy_remove_param(name)
        self._token = token
        self._patience = patience or Patience()
        self.reached = False
        """Whether the server has answered with a stream."""
        self.whole = False
        """Whether a whole event or keepalive has come."""
        self.unended = 0
        """Bytes behind the last one, of an event that has not ended; all that came as long as none was whole."""
        self.reason = ""
        """Why the last connection ended."""

    def refuse_vain(self, when: str) -> None:
        """Raise SourceError if it was not reached ``when``, or has sent bytes that made nothing whole."""
        if not self.reached:
            why = f": it {self.reason}" if self.reason else ""
            raise SourceError(self.name, f"was not reached {when}{why}")
        if self.unended and not self.whole:
            raise SourceError(self.name, f"sent {count(self.unended, 'byte')} and no whole event {when}")

    def arrivals(
        self, begin: Callable[[], From], tick: float, called: Callable[[str], str] = str
    ) -> Iterator[bytes | Broken]:
        """What comes, as it comes; b"" when nothing has come for ``tick`` seconds; Broken between two connections.

        ``begin`` is asked where each connection begins, ``called`` for better words on why one ended. Raises
        SourceError if the server refuses, or if too many connections in a row brought nothing.
        """
        failed, patience = 0, self._patience
        while True:
            start, place = time.monotonic(), begin()
            self.unended = 0 if self.whole else self.unended
            connection = _Connection(self._http, self._url, self._token, place, patience)
            end = Broken("")
            try:
                for one in self._read(connection, tick):
                    if isinstance(one, Broken):
                        end = one
                    else:
                        yield one
            finally:
                connection.close()
            self.reason = called(end.reason)
            steady = not end.stalled and time.monotonic() - start > patience.steady
            failed = 0 if begin() != place or steady else failed + 1
            if failed >= patience.attempts:
                raise SourceError(self.name, f"{self.reason}; gave up after {failed} attempts")
            yield end._replace(reason=self.reason)
            until = time.monotonic() + min(patience.first * 2 ** max(failed - 1, 0), patience.longest)
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(left, tick))
                yield b""

    def _read(self, connection: _Connection, tick: float) -> Iterator[bytes | Broken]:
        """What one connection brings, to its end."""
        patience, edge, answered = self._patience, b"", False
        due = time.monotonic() + patience.connect + patience.answer
        while True:
            one = connection.next(tick)
            if isinstance(one, _Answer):
                self._judge(one)
                answered, due = True, time.monotonic() + patience.stall
                if one.status != 200:
                    yield Broken(f"answers {one.status}{self._without_token(one.told)}")
                    return
                self.reached = True
            elif isinstance(one, Broken):
                yield one
                return
            elif one:
                edge += one
                behind = max(edge.rfind(end) + len(end) if end in edge else 0 for end in ENDS)
                if behind:
                    self.whole, due = True, time.monotonic() + patience.stall
                self.unended = len(edge) - behind if behind else self.unended + len(one)
                edge = edge[-3:]
                yield one
            else:
                yield b""
            if time.monotonic() > due:
                told = "sent no whole event and no keepalive for too long" if answered else "does not answer"
                yield Broken(told, stalled=True)
                return

    def _without_token(self, text: str) -> str:
        """What a server says, without the token that it may have said again."""
        return text if not self._token else text.replace(self._token, "[token]")

    def _judge(self, answer: _Answer) -> None:
        """Raise SourceError for an answer that will not be another one."""
        told, status = self._without_token(answer.told), answer.status
        if 300 <= status < 400:
            where = f" to {self._without_token(answer.location)}" if answer.location else ""
            raise SourceError(self.name, f"redirects{where}; name that URL if it is meant")
        if status in (401, 403):
            hint = "; the token is taken from CODEWHALE_RUNTIME_TOKEN or --token-file" if self._token is None else ""
            raise SourceError(self.name, f"answers {status}{told}{hint}")
        if status != 200 and status not in RETRIED:
            raise SourceError(self.name, f"answers {status}{told}")
        if status == 200 and answer.kind != "text/event-stream":
            raise SourceError(self.name, f"is no event stream but {answer.kind or 'something without a type'}")
        if status == 200 and answer.encoding not in ("", "identity"):
            raise SourceError(self.name, f"sends its stream compressed ({answer.encoding}), which was not asked for")


class _Answer(NamedTuple):
    """How an answer begins; ``told`` is what it says of an error, with a colon before it, or empty."""

    status: int
    kind: str
    encoding: str
    location: str
    told: str


class _Connection:
    """One connection: answers, chunks, and at last why it ended, each when it is asked for."""

    def __init__(self, http: Any, url: Any, token: str | None, place: From, patience: Patience) -> None:
        self._queue: queue.Queue[_Answer | bytes | Broken] = queue.Queue(QUEUED)
        self._closed = threading.Event()
        self._http, self._token, self._patience = http, token, patience
        asked = {name: str(value) for name, value in place._asdict().items() if value is not None}
        self._url = url.copy_merge_params(asked) if asked else url
        # Nothing of the surroundings decides where the token goes: no proxy, no .netrc.
        timeout = http.Timeout(None, connect=patience.connect, write=patience.answer, pool=patience.connect)
        self._client = http.Client(trust_env=False, follow_redirects=False, timeout=timeout)
        threading.Thread(target=self._run, daemon=True).start()

    def next(self, seconds: float) -> _Answer | bytes | Broken:
        """What comes next, b"" if nothing does for so long."""
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return b""

    def close(self) -> None:
        """Read no more."""
        self._closed.set()
        with suppress(Exception):
            self._client.close()

    def _run(self) -> None:
        try:
            self._fetch()
            self._put(Broken("closed the connection"))
        except self._http.HTTPError as error:
            self._put(Broken(one_line(str(error))[:200] or type(error).__name__))
        except Exception as error:  # closed in the middle of reading, or whatever a hostile answer may provoke
            self._put(Broken(f"cannot be read ({type(error).__name__})"))

    def _fetch(self) -> None:
        headers = {"accept": "text/event-stream", "accept-encoding": "identity", "user-agent": "replay"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        with self._client.stream("GET", self._url, headers=headers) as response:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            encoding = response.headers.get("content-encoding", "").strip().lower()
            location = response.headers.get("location", "")[:200]
            told = "" if response.status_code == 200 else _told(response.iter_raw())
            self._put(_Answer(response.status_code, kind[:80], encoding[:80], location, told))
            if response.status_code == 200:
                for chunk in response.iter_raw():
                    self._put(chunk)

    def _put(self, one: _Answer | bytes | Broken) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._queue.put(one, timeout=0.5)
                return


def _told(chunks: Iterator[bytes]) -> str:
    """What the runtime says of an error, or the first line of another text that is no HTML (CONTRACT.md 3.2)."""
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) >= ERROR_READ:
            break
    text = body[:ERROR_READ].decode(errors="replace").strip()
    try:
        message = _message(json.loads(text))
    except (ValueError, RecursionError):
        message = "" if text.startswith(("<", "{", "[")) else text.partition("\n")[0]
    return f": {one_line(message[:ERROR_SHOWN])[:ERROR_SHOWN]}" if message.strip() else ""


def _message(body: object) -> str:
    """The message in what a server says of an error: that of the runtime, or as others write it; empty if none."""
    for name in ("error", "message", "detail", "title"):
        if isinstance(body, dict) and name in body:
            body = body[name]
    return body if isinstance(body, str) else ""
