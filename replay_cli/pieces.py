"""Pieces: where the frames of a block stand, that the prover has cut at their terminators."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from io import BytesIO
from itertools import accumulate

from replay_cli.blocks import Block


class Pieces:
    """The ``number`` frames of a block, each up to its ``terminator``; where they stand is counted when asked for.

    ``height`` is how many line ends each of them has that is proven; None if they differ.
    """

    def __init__(self, data: bytes, offset: int, terminator: bytes, number: int, height: int | None) -> None:
        self.data = data
        self.offset = offset
        self._terminator = terminator
        self.ends = terminator.count(b"\n")
        """How many line ends a terminator is."""
        self._number = number
        self._height = height
        self._starts: list[int] | None = None

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Where the pieces from ``start`` to ``end`` (exclusive) stand in the block, 0-based bytes, end exclusive."""
        if start == 0 and end == self._number:
            return 0, len(self.data)
        starts = self._all_starts()
        return starts[start], starts[end]

    def ends_of(self, start: int, end: int) -> array[int]:
        """Where the pieces from ``start`` to ``end`` (exclusive) end, in bytes from where the first begins."""
        starts = self._all_starts()
        begun = starts[start]
        return array("Q", [one - begun for one in starts[start + 1 : end + 1]])

    def slice(self, start: int, end: int) -> Block:
        """The pieces from ``start`` to ``end`` (exclusive) as a block of their own."""
        at, to = self.bounds(start, end)
        return Block(self.data[at:to], self.offset + at)

    def _all_starts(self) -> list[int]:
        if self._starts is None:
            more = len(self._terminator)
            if more == 1:
                # Lines of a stream of bytes end at 0x0A alone: this is a split that needs no second look at lengths.
                lengths: Iterable[int] = map(len, BytesIO(self.data))
            else:
                lengths = map(more.__add__, map(len, self.data.split(self._terminator)))
            self._starts = [*accumulate(lengths, initial=0)][: self._number + 1]
            # The last piece has no terminator: it is the empty rest, or a frame without an end.
            self._starts[-1] = len(self.data)
        return self._starts

    def json(self, piece: int, start: int) -> tuple[int, int, bytes]:
        """Offset, line and text of the JSON of a proven piece; lines count from 1 where piece ``start`` begins."""
        first, end = self._ends(piece)
        at = max(first, self.data.rfind(b"\n", first, end - len(self._terminator)) + 1)
        line = self.lines(start, piece) + self.data.count(b"\n", first, at) + 1
        return self.offset + at, line, self.data[at:end].removeprefix(b"data:")

    def text(self, piece: int) -> bytes:
        """The JSON of a proven piece."""
        first, end = self.bounds(piece, piece + 1)
        end -= len(self._terminator)
        return self.data[max(first, self.data.rfind(b"\n", first, end) + 1) : end].removeprefix(b"data:")

    def lines(self, start: int, end: int) -> int:
        """The line ends of the proven pieces from ``start`` to ``end`` (exclusive)."""
        if self._height is not None:
            return self._height * (end - start)
        return self.data.count(b"\n", *self.bounds(start, end))

    def _ends(self, piece: int) -> tuple[int, int]:
        """The bounds of one piece; those at the ends of a block are found without counting."""
        more = len(self._terminator)
        if self._starts is None and piece == 0:
            return 0, self.data.index(self._terminator) + more
        if self._starts is None and piece == self._number - 1:
            return self.data.rfind(self._terminator, 0, -more) + more, len(self.data)
        return self.bounds(piece, piece + 1)
