"""Cutting: chunks in, blocks out, in flat memory.

Chunks are whatever a read returned; where they end means nothing. The law: chunking does not show. Whatever the
sizes of the chunks, the frames of the blocks are the same, in the same places. A frame longer than the limit is
not kept: its block holds only its beginning, and says how many bytes and line ends the frame took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from replay_cli.blocks import Block
from replay_cli.frames import Framing
from replay_cli.turns import want

HEAD_KEPT = 1024
"""How many bytes of an over-long frame are kept to be shown."""

OVERLAP = 4
"""How many bytes the end of a frame may take (CR LF CR LF), so how far back it may begin."""


def cut(
    chunks: Iterable[bytes], framing: Framing, limit: int, more: Callable[[], bytes] | None = None, offset: int = 0
) -> Iterator[Block]:
    """Cut ``chunks`` into blocks of whole frames, those longer than ``limit`` bytes shortened.

    ``more`` is asked for further bytes when the last frame has no end: a file may have grown since it was opened,
    and its last line is called torn only if a second look does not find the end (DECISIONS, Sources). Only that
    one frame is finished; what follows it belongs to a later audit. An exception from ``chunks`` passes through,
    and the unended frame before it is given up: what cut it short is the source, not its writer. ``offset`` is where
    in the source the chunks begin (0-based bytes); a frame begins there.
    """
    limit = max(limit, HEAD_KEPT)
    cutter = Cutter(framing, limit, offset)
    for chunk in chunks:
        for start in range(0, len(chunk), limit):
            yield from cutter.feed(chunk[start : start + limit])
            want(cutter.size)
    while more is not None and cutter.pending and (chunk := more()):
        end = cutter.end_in(chunk)
        yield from cutter.feed(chunk if end is None else chunk[:end])
        if end is not None:
            break
    yield from cutter.finish()


class Cutter:
    """The bytes after the last boundary, as pieces, so that one long frame costs no repeated joining.

    For who is given chunks instead of fetching them; else ``cut`` is the way.
    """

    def __init__(self, framing: Framing, limit: int, offset: int) -> None:
        self._framing = framing
        self._limit = limit
        self._offset = offset
        self._pieces: list[bytes] = []
        self._size = 0
        # The last pending bytes, where the end of the frame may begin.
        self._edge = b""
        # An over-long frame that is passed over: what is counted of it; of lines, up to the edge.
        self._dropped = 0
        self._lines = 0

    @property
    def size(self) -> int:
        """Bytes of the last frame that are held, as far as it has come."""
        return self._size

    @property
    def pending(self) -> bool:
        """Whether the last frame has not ended."""
        return self._size > 0

    @property
    def offset(self) -> int:
        """Where the frame begins that comes next, or that has not ended: bytes from the start of the source."""
        return self._offset

    def end_in(self, chunk: bytes) -> int | None:
        """Where in ``chunk`` the pending frame ends (exclusive), None if it does not."""
        end = self._framing.first(self._edge + chunk, self._fresh)
        return end - len(self._edge) if end else None

    def feed(self, chunk: bytes) -> Iterator[Block]:
        """Take a chunk no longer than the limit; yield what is whole now. The limit is at least ``HEAD_KEPT``."""
        # Only the frame that is pending can get longer than the limit here.
        if self._dropped or self._size + len(chunk) > self._limit:
            end = self.end_in(chunk)
            if self._dropped or self._size + (len(chunk) if end is None else end) > self._limit:
                self._pass_over(chunk if end is None else chunk[:end])
                if end is None:
                    return
                yield self._take_overlong()
                chunk = chunk[end:]
        if (end := self._boundary(chunk)) is not None:
            yield self._take(memoryview(chunk)[:end])
            chunk = chunk[end:]
        self._keep(chunk)

    def finish(self) -> Iterator[Block]:
        """Yield the frame that never ended, if there is one."""
        if self._dropped:
            yield self._take_overlong()
        elif self._size:
            yield self._take()

    @property
    def _fresh(self) -> bool:
        """Whether a frame begins where the edge does."""
        return self._size <= OVERLAP

    def _boundary(self, chunk: bytes) -> int | None:
        """Where in a chunk the last frame ends that is whole by it (exclusive), None if none is."""
        # Nearly always one ends in the chunk itself, which is long and then need not be copied.
        if end := self._framing.boundary(chunk, self._fresh and not self._edge):
            return end
        end = self._framing.boundary(self._edge + chunk, self._fresh) if self._edge else 0
        return end - len(self._edge) if end else None

    def _keep(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)
            self._size += len(data)
            self._edge = (self._edge + data[-OVERLAP:])[-OVERLAP:]

    def _take(self, rest: bytes | memoryview = b"") -> Block:
        block = Block(b"".join((*self._pieces, rest)), self._offset)
        self._restart(block.length)
        return block

    def _take_overlong(self) -> Block:
        lines = self._lines + self._framing.line_ends(self._edge)
        block = Block(self._pieces[0], self._offset, self._dropped, lines)
        self._restart(block.length)
        return block

    def _restart(self, length: int) -> None:
        self._offset += length
        self._pieces, self._size = [], 0
        self._dropped, self._lines, self._edge = 0, 0, b""

    def _pass_over(self, data: bytes) -> None:
        """Take more of a frame that is too long: keep only its beginning, count instead of keeping."""
        if not self._dropped:
            data = b"".join((*self._pieces, data))
            self._pieces, self._size, self._edge = [data[:HEAD_KEPT]], len(data), b""
            self._dropped = -HEAD_KEPT
        self._dropped += len(data)
        data = self._edge + data
        keep = max(len(data) - OVERLAP, 0)
        # CR LF is one line end: never count its halves on two sides of this cut.
        if data[keep - 1 : keep + 1] == b"\r\n":
            keep -= 1
        self._lines += self._framing.line_ends(data[:keep])
        self._edge = data[keep:]
