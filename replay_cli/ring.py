"""Ring: the last so many events of a stream, whatever its length, in bounded memory.

Their bytes go to a file that is in memory while it is small; what is no longer among the last is given up there when
it has become much.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from replay_cli.stretches import Stretch

IN_MEMORY = 16 * 1024 * 1024
"""Bytes that are kept in memory."""

_STEP = 1024 * 1024


class _Place(NamedTuple):
    """A piece: where it begins and ends in the file, its place in its source, and the broken links up to it."""

    start: int
    end: int
    stretch: Stretch
    caused: int
    before: int


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
        self._places: deque[_Place] = deque()
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        # What of the stream stands in the file: from the first byte of ``begin`` to ``end``.
        self._begin = self._end = 0

    def put(self, data: bytes, stretch: Stretch, caused: int, before: int) -> None:
        """One more piece; the first goes if there are too many."""
        self._file.write(data)
        self._end += len(data)
        self._places.append(_Place(self._end - len(data), self._end, stretch, caused, before))
        if len(self._places) > self._size:
            self._drop(self._places.popleft())

    def _drop(self, place: _Place) -> None:
        old, stretch = self.dropped, place.stretch
        self.dropped = old._replace(
            pieces=old.pieces + 1,
            events=old.events + stretch.events,
            bytes=old.bytes + stretch.length,
            line=old.line or stretch.line,
            offset=old.offset or stretch.offset,
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
        if not self._places:
            return self.dropped.caused, self.dropped.before
        return self._places[0].caused, self._places[0].before

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the last pieces."""
        if self._places:
            yield from self._from(self._places[0].start)

    def close(self) -> None:
        """Give all up."""
        self._file.close()

    def __enter__(self) -> Ring:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
