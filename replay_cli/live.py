"""Live: a stream that is given line by line or piece by piece, as a file of bytes that can be stopped.

What a client's own test has in hand is what its HTTP library gives: lines without their ends (``iter_lines()``),
lines with them (a file, ``urllib``), or pieces of any length (``iter_bytes()``). All come to the same bytes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from replay_cli.errors import UsageError, one_line

PIECE = 64 * 1024
"""Bytes from where on a line or an event is passed on, though it has not ended."""


class Live:
    """The bytes of an iterable of lines or pieces, event by event; to be read like an open binary file.

    ``until`` is the name of the SSE event behind which nothing more is asked of the iterable. ``reached`` tells
    whether it came. ``read`` raises UsageError for items that are neither text nor bytes, or mix lines with pieces.
    """

    def __init__(self, items: Iterable[str | bytes], until: str | None = None) -> None:
        self.reached = False
        self._pieces = self._events(_lines(items), _awaited(until))
        self._held = b""
        self._stopped = False

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
        """The lines of an event at once, so that a stop cuts none in half; a line of JSON stands for itself."""
        event: list[bytes] = []
        length, due = 0, False
        for line, begins in lines:
            event.append(line)
            length += len(line)
            text = line.rstrip(b"\r\n") if begins else line
            due = due or (begins and text in awaited)
            self.reached = due and not text
            if not text or length >= PIECE or (begins and text[:1] == b"{"):
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


def _lines(items: Iterable[str | bytes]) -> Iterator[tuple[bytes, bool]]:
    """Lines with their ends, each with whether it begins here: one that is too long comes in several parts."""
    whole: bool | None = None
    blank = 0
    held, begins = b"", True
    for number, item in enumerate(items, start=1):
        data = _bytes(item, number)
        if whole is None:
            # Lines come without their ends, and so an empty one is blank, if the first that is not empty has none.
            if not data:
                blank += 1
                continue
            whole = not data.endswith((b"\n", b"\r")) and b"\n" not in data
            yield from [(b"\n", True)] * (blank if whole else 0)
        if whole:
            if b"\n" in data:
                raise UsageError(f"stream: item {number} holds a line end, the ones before it were lines without one")
            yield data + b"\n", True
            continue
        *lines, held = _split(held + data)
        for line in lines:
            yield line, begins
            begins = True
        if len(held) >= PIECE:
            yield held, begins
            held, begins = b"", False
    if held:
        yield held, begins


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
