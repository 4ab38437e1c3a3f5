"""Live: a stream that is given line by line or piece by piece, as a file of bytes that can be stopped.

What a client's own test has in hand is what its HTTP library gives: lines without their ends (``iter_lines()``),
lines with them (a file, ``urllib``), or pieces of any length (``iter_bytes()``). All come to the same bytes here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from replay_cli.errors import UsageError, one_line

PIECE = 64 * 1024
"""Bytes from where on a line or an event is passed on, though it has not ended."""

_FIELD = re.compile(rb"(?:event|data|id|retry)(?::|\Z)|:")
"""How a line of an event stream begins."""


class Live:
    """The bytes of an iterable of lines or pieces, event by event; to be read like an open binary file.

    ``until`` is the name of the SSE event behind which nothing more is asked of the iterable. ``reached`` tells
    whether it came. What ends the iterable that a reader would take for its own (OSError: a refused connection) is
    ``raised``, and the stream ends there. ``read`` raises UsageError for items that are neither text nor bytes, or
    mix lines with pieces.
    """

    def __init__(self, items: Iterable[str | bytes], until: str | None = None) -> None:
        self.reached = False
        self._items = _Items(items)
        self._pieces = self._events(self._items.lines(), _awaited(until))
        self._held = b""
        self._stopped = False

    @property
    def bare_text(self) -> bool:
        """Whether what came were lines of text without their ends."""
        return self._items.bare and self._items.text

    @property
    def raised(self) -> OSError | None:
        """The error by which the iterable ended, for who gave it."""
        return self._items.raised

    def stop(self) -> None:
        """Ask for nothing more; what was taken so far ends with an event."""
        self._stopped = True

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, waiting for them; b"" at the end, and once it was stopped."""
        data = self._held or (b"" if self._stopped else next(self._pieces, b""))
        self._held = data[size:] if size >= 0 else b""
        return data[:size] if size >= 0 else data

    def fileno(self) -> int:
        """There is none. Raises OSError."""
        raise OSError("no descriptor")

    def _events(self, lines: Iterator[tuple[bytes, bool]], awaited: frozenset[bytes]) -> Iterator[bytes]:
        """The lines of an event at once, so that a stop cuts none in half; what begins with no field, by the line."""
        event: list[bytes] = []
        length, due, held = 0, False, False
        for line, begins in lines:
            text = line.rstrip(b"\r\n") if begins else line
            held = bool(event) or (begins and _FIELD.match(text) is not None)
            event.append(line)
            length += len(line)
            due = due or (begins and text in awaited)
            self.reached = due and not text
            if not text or not held or length >= PIECE or (begins and text[:1] in (b"{", b"[")):
                yield b"".join(event)
                event, length = [], 0
            if self.reached:
                return
            due = due and bool(text)
        if event:
            yield b"".join(event)


def _awaited(until: str | None) -> frozenset[bytes]:
    """The lines that name the event to stop behind."""
    if until is None:
        return frozenset()
    name = until.encode("utf-8", "surrogatepass")
    return frozenset((b"event: " + name, b"event:" + name))


class _Items:
    """What an iterable gives, as lines. ``bare`` tells that it gives lines without ends, ``text`` that it gives text.

    Whether it gives such lines or pieces, its first items tell: until then they are held.
    """

    def __init__(self, items: Iterable[str | bytes]) -> None:
        self.bare = self.text = False
        self.raised: OSError | None = None
        self._given = enumerate(self._guarded(items), start=1)
        self._number = 0

    def lines(self) -> Iterator[tuple[bytes, bool]]:
        """Lines with their ends, each with whether it begins here: one that is too long comes in several parts."""
        held: list[bytes] = []
        blank = size = 0
        told: bool | None = None
        for data in self._data():
            # Before the first that is not empty, an empty one is a blank line or nothing: the others will tell.
            if not data and not held:
                blank += 1
                continue
            held.append(data)
            size += len(data)
            told = _are_lines(held, size >= PIECE)
            if told is not None:
                break
        self.bare = _look_like_lines(held) if told is None else told
        if not self.bare:
            yield from self._joined(b"".join(held))
            return
        yield from [(b"\n", True)] * blank
        for data in held:
            yield data + b"\n", True
        yield from self._ended(b"\n" if len(held) == 1 else b"")

    def _guarded(self, items: Iterable[str | bytes]) -> Iterator[str | bytes]:
        # No ``yield from``, which would close what is given when this is closed.
        try:
            for item in items:  # noqa: UP028
                yield item
        except OSError as error:
            self.raised = error

    def _data(self) -> Iterator[bytes]:
        for number, item in self._given:
            self._number = number
            self.text = self.text or isinstance(item, str)
            yield _bytes(item, number)

    def _ended(self, given: bytes) -> Iterator[tuple[bytes, bool]]:
        """Lines that come without their ends; they were pieces after all if the end ``given`` comes first."""
        for data in self._data():
            if given and data[:2].lstrip(b"\r")[:1] == given:
                self.bare = False
                yield from self._joined(data[data.index(given) + 1 :])
                return
            if b"\n" in data:
                said = "holds a line end, the ones before it were lines without one"
                raise UsageError(f"stream: item {self._number} {said}")
            yield data + b"\n", True
            given = b""

    def _joined(self, first: bytes) -> Iterator[tuple[bytes, bool]]:
        """Lines of pieces, whatever their cuts."""
        held, size, begins = [b""], 0, True
        for data in chain([first], self._data()):
            held.append(data)
            size += len(data)
            # A CR at the very end may be half of a line end, and is one when the next byte is there.
            if b"\n" in data or b"\r" in data or held[-2][-1:] == b"\r":
                *lines, rest = _split(b"".join(held))
                for line in lines:
                    yield line, begins
                    begins = True
                held, size = [rest], len(rest)
            if size >= PIECE:
                yield b"".join(held), begins
                held, size, begins = [b""], 0, False
        if size:
            yield b"".join(held), begins


def _are_lines(held: list[bytes], enough: bool) -> bool | None:
    """Whether the first items are lines without their ends (True), or pieces; None if the last does not tell yet.

    Where they are ``enough`` their looks tell.
    """
    data = held[-1]
    # Pieces of nested objects have no number; the first one may be a line whose end comes with the second.
    if b"\n" not in data and _is_json(data) and (len(held) == 1 or b'"seq"' in data):
        return True
    if b"\n" in data or b"\r" in data:
        return False
    if not data:
        return True
    return _look_like_lines(held) if enough else None


def _is_json(data: bytes) -> bool:
    text = data.strip()
    if (text[:1], text[-1:]) not in ((b"{", b"}"), (b"[", b"]")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _look_like_lines(held: list[bytes]) -> bool:
    return all(data[:1] in (b"{", b"[") or _FIELD.match(data) is not None for data in held)


def _split(data: bytes) -> list[bytes]:
    """Lines with their ends; the last one has none, and may be empty. A CR at the very end may be half of one."""
    lines = data.splitlines(keepends=True)
    return lines if lines and not lines[-1].endswith(b"\n") else [*lines, b""]


def _bytes(item: object, number: int) -> bytes:
    if isinstance(item, str):
        # A lone surrogate is no text; the audit finds its bytes.
        return item.encode("utf-8", "surrogatepass")
    if isinstance(item, bytes | bytearray | memoryview):
        return bytes(item)
    raise UsageError(f"stream: item {number} is of type {one_line(type(item).__name__)}, not text or bytes")
