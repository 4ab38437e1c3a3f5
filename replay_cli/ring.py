"""Ring: the last so many events of a stream, whatever its length, in bounded memory.

Their bytes go to a file that is in memory while it is small; what is no longer among the last is given up there when
it has become much.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import deque
from collections.abc import Iterator
from typing import IO, NamedTuple

from replay_cli.stretches import Stretch

IN_MEMORY = 16 * 1024 * 1024
"""Bytes that are kept in memory."""

_STEP = 1024 * 1024


class _Place(NamedTuple):
    """A piece: where it begins and ends in the file, its place in its source, and the broken links up to it."""

    start: int
    end: int
    line: int
    offset: int
    length: int
    events: int
    caused: int
    before: int
    source: int


CHUNK = 4096
"""Places that are kept together."""

CHUNKS = 32
"""Chunks of places in memory; what lies between the first and the last of more is in a file."""

_WIDTH = len(_Place._fields)


class _Places:
    """A queue of places, of any length, in bounded memory."""

    def __init__(self) -> None:
        self._first = array("Q")
        self._at = 0
        self._middle: deque[array[int] | int] = deque()
        self._last = array("Q")
        self._file: IO[bytes] | None = None
        self._free: list[int] = []
        self._slots = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, place: _Place) -> None:
        """One more at the end."""
        self._last.extend(place)
        self._size += 1
        if len(self._last) == CHUNK * _WIDTH:
            full, self._last = self._last, array("Q")
            self._middle.append(full if len(self._middle) < CHUNKS else self._put(full))

    def popleft(self) -> _Place:
        """The first, which is taken out."""
        place = self.first
        self._at += _WIDTH
        self._size -= 1
        return place

    @property
    def first(self) -> _Place:
        """The first; there must be one."""
        if self._at == len(self._first):
            self._first, self._at = self._next(), 0
        return _Place(*self._first[self._at : self._at + _WIDTH])

    def _next(self) -> array[int]:
        if not self._middle:
            taken, self._last = self._last, array("Q")
            return taken
        chunk = self._middle.popleft()
        return chunk if isinstance(chunk, array) else self._get(chunk)

    def _put(self, chunk: array[int]) -> int:
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115
        if not self._free:
            self._free.append(self._slots)
            self._slots += 1
        slot = self._free.pop()
        self._file.seek(slot * CHUNK * _WIDTH * 8)
        self._file.write(chunk.tobytes())
        return slot

    def _get(self, slot: int) -> array[int]:
        assert self._file is not None
        self._file.seek(slot * CHUNK * _WIDTH * 8)
        chunk = array("Q")
        chunk.frombytes(self._file.read(CHUNK * _WIDTH * 8))
        self._free.append(slot)
        return chunk

    def close(self) -> None:
        """Give all up."""
        if self._file is not None:
            self._file.close()


class Dropped(NamedTuple):
    """What is no longer among the last: counts, where the first stood, and the broken links up to its end."""

    pieces: int = 0
    events: int = 0
    bytes: int = 0
    line: int = 0
    offset: int = 0
    source: str = ""
    caused: int = 0
    before: int = 0


class Ring:
    """The last ``size`` pieces that were put in. It is its own context manager."""

    def __init__(self, size: int) -> None:
        self.dropped = Dropped()
        self._size = size
        self._places = _Places()
        self._sources: list[str] = []
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        # What of the stream stands in the file: from the first byte of ``begin`` to ``end``.
        self._begin = self._end = 0

    def put(self, source: str, data: bytes, stretch: Stretch, caused: int, before: int) -> None:
        """One more piece of a source; the first goes if there are too many."""
        if not self._sources or self._sources[-1] != source:
            self._sources.append(source)
        self._file.write(data)
        self._end += len(data)
        place = (stretch.line, stretch.offset, stretch.length, stretch.events, caused, before, len(self._sources) - 1)
        self._places.append(_Place(self._end - len(data), self._end, *place))
        if len(self._places) > self._size:
            self._drop(self._places.popleft())

    def _drop(self, place: _Place) -> None:
        old = self.dropped
        if not old.pieces:
            old = old._replace(line=place.line, offset=place.offset, source=self._sources[place.source])
        self.dropped = old._replace(
            pieces=old.pieces + 1,
            events=old.events + place.events,
            bytes=old.bytes + place.length,
            caused=place.caused,
            before=place.before,
        )
        if place.end - self._begin > IN_MEMORY and place.end - self._begin > self._end - place.end:
            self._give_up(place.end)

    def _give_up(self, end: int) -> None:
        """Forget the bytes before ``end``."""
        fresh = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        for piece in self._from(end):
            fresh.write(piece)
        self._file.close()
        self._file, self._begin = fresh, end

    def _from(self, start: int) -> Iterator[bytes]:
        self._file.seek(start - self._begin)
        while piece := self._file.read(_STEP):
            yield piece

    @property
    def links_before(self) -> tuple[int, int]:
        """The broken links, caused and broken before, up to the first of the last pieces, its own included."""
        if not len(self._places):
            return self.dropped.caused, self.dropped.before
        return self._places.first.caused, self._places.first.before

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the last pieces."""
        if len(self._places):
            yield from self._from(self._places.first.start)

    def close(self) -> None:
        """Give all up."""
        self._file.close()
        self._places.close()

    def __enter__(self) -> Ring:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
