"""Ending: a plain file read backwards from its end, in blocks of whole frames, so that its last events cost the same
however long it is.

Where a frame ends depends on the bytes alone (``frames``, ``sse``), so the first end in a piece of the file is one of
the whole file, too: what stands before it belongs to the piece before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from replay_cli.blocks import Block
from replay_cli.cutting import HEAD_KEPT
from replay_cli.frames import Framing

FIRST, LARGEST = 16 * 1024, 1024 * 1024
"""Bytes of the first piece that is read, and of the largest: each is twice the one before."""

Read = Callable[[int, int], bytes]
"""Reads at an offset, up to so many bytes."""


def blocks_backwards(read: Read, size: int, framing: Framing, limit: int) -> Iterator[Block]:
    """The blocks of the first ``size`` bytes of a file, the last block first; together they tile it.

    Only the very last frame may be unended. Of a frame longer than ``limit`` only the beginning is kept. Ends early
    where ``read`` gives less than there was.
    """
    rest = _Rest(read, size, framing, limit)
    at, step = size, FIRST
    while at > 0:
        start = max(at - step, 0)
        data = read(start, at - start)
        if len(data) < at - start:
            return
        begin = framing.first(data, False) if start else 0
        if begin or not start:
            yield from rest.taken(data[begin:], start + begin)
            data = data[:begin]
        rest.put(data)
        at, step = start, min(2 * step, LARGEST)


class _Rest:
    """The end of frames whose beginning was not read yet, in pieces; ``end`` is where it ends in the file."""

    def __init__(self, read: Read, end: int, framing: Framing, limit: int) -> None:
        self._read, self._framing, self._limit = read, framing, limit
        self._end = self._size = end
        self._pieces: list[bytes] = []
        self._kept = 0

    def put(self, data: bytes) -> None:
        """What stands before it. It is one frame's, and once that is too long only its beginning is kept."""
        self._kept += len(data)
        self._pieces = [data] if self._kept > self._limit else [*self._pieces, data]

    def taken(self, data: bytes, offset: int) -> Iterator[Block]:
        """The frames from ``offset`` on: ``data``, and what was kept, which belongs to the last of them."""
        end, pieces, kept = self._end, self._pieces, self._kept
        self._end, self._pieces, self._kept = offset, [], 0
        if kept <= self._limit:
            if data or kept:
                yield Block(b"".join((data, *reversed(pieces))), offset)
            return
        whole = self._framing.boundary(data, False)
        if whole:
            yield from self._long(data[whole:] + pieces[-1], offset + whole, end)
            yield Block(data[:whole], offset)
        else:
            yield from self._long(data + pieces[-1], offset, end)

    def _long(self, data: bytes, offset: int, end: int) -> Iterator[Block]:
        """A frame that is longer than the limit."""
        ended = end < self._size or self._read(end - 1, 1) == b"\n"
        length = end - offset
        yield Block(data[:HEAD_KEPT], offset, length - min(length, HEAD_KEPT), int(ended))
