"""Ordering: events by seq, whatever their number, in bounded memory.

Events come in as stretches that go forward. Each is put behind one that it may follow, so that they form series; the
series stand in a temporary file, and are merged at the end. A log in order is one series, and a few connections are a
few, however long they are. What goes forward nowhere is gathered, sorted, and becomes a series of its own.
"""

from __future__ import annotations

import pickle
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import IO, NamedTuple

from replay_cli.errors import UsageError
from replay_cli.stretches import Rows, Stretch

SERIES = 64
"""Series that are begun by whatever goes forward in none; beyond them events are gathered and sorted."""

GATHERED = 48 * 1024 * 1024
"""Bytes that may be gathered, what Python adds to each event included."""

OVERHEAD = 1000
"""Bytes that Python adds to an event, about."""

BATCH = 64
"""Segments whose rows are written together."""

WRITTEN = 1024 * 1024
"""Bytes that are gathered before they are written."""

LOADED = 1024 * 1024
"""Bytes of the longest segment that is read as a whole: one of every series may be, at once."""


class Piece(NamedTuple):
    """Some events in a row of one source: its number, their place in it, and their bytes."""

    source: int
    stretch: Stretch
    data: bytes


class _Segment(NamedTuple):
    """Events whose numbers ascend. ``ordinal`` tells which came first, ``start`` where they stand in the file."""

    ordinal: int
    source: int
    stretch: Stretch
    start: int


class Order:
    """Takes events in any order and gives them out by seq; of those with one number the first comes first.

    It is its own context manager. Raises UsageError where the temporary file cannot be written.
    """

    def __init__(self) -> None:
        try:
            # Unbuffered: what is read stands here and there in it.
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        except OSError as error:
            raise _no_room(error) from None
        self._size = self._unwritten_size = 0
        self._unwritten: list[bytes] = []
        self._ordinal = 0
        self._series: list[_Series] = []
        self._gathered: list[tuple[int, _Segment, bytes]] = []
        self._weight = 0

    def __enter__(self) -> Order:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, source: int, stretch: Stretch, data: bytes) -> None:
        """Take events of a source; ``stretch`` has their rows, ``data`` are their bytes."""
        assert stretch.rows is not None
        seqs = stretch.rows.seqs
        steps = [index for index, (one, next_one) in enumerate(pairwise(seqs), start=1) if next_one <= one]
        if not steps:
            self._put(source, stretch, data)
            return
        slicer = _Slicer(stretch, data)
        for first, last in pairwise([0, *steps, len(seqs)]):
            part = slicer.part(first, last)
            self._put(source, part, data[part.offset - stretch.offset :][: part.length])

    def _put(self, source: int, stretch: Stretch, data: bytes) -> None:
        assert stretch.rows is not None
        segment = _Segment(self._ordinal, source, stretch, 0)
        self._ordinal += 1
        series = self._fitting(stretch.rows.seqs[0])
        if series is not None:
            self._append(series, segment, data)
            return
        # One by one: what is sorted must not overlap.
        slicer = _Slicer(stretch, data)
        for index, seq in enumerate(stretch.rows.seqs):
            part = slicer.part(index, index + 1)
            start = part.offset - stretch.offset
            self._gathered.append((seq, segment._replace(stretch=part), data[start : start + part.length]))
            self._weight += part.length + OVERHEAD
        if self._weight >= GATHERED:
            self._sort_gathered()

    def _fitting(self, seq: int) -> _Series | None:
        """The series that an event with this number goes behind, leaving the smallest hole; None if there is none."""
        best = max((one for one in self._series[:SERIES] if one.last < seq), key=lambda one: one.last, default=None)
        if best is None and len(self._series) < SERIES:
            best = _Series()
            self._series.append(best)
        return best

    def _sort_gathered(self) -> None:
        # Stable, so that of equal numbers the first stays first.
        self._gathered.sort(key=lambda one: one[0])
        series = _Series()
        for _, segment, data in self._gathered:
            self._append(series, segment, data)
        # Behind those that events are put to.
        self._series += [_Series() for _ in range(SERIES - len(self._series))]
        self._series.append(series)
        self._gathered, self._weight = [], 0
        self._write_batch(series)

    def _append(self, series: _Series, segment: _Segment, data: bytes) -> None:
        assert segment.stretch.rows is not None
        series.waiting.append(segment._replace(start=self._size))
        series.last = segment.stretch.rows.seqs[-1]
        self._write(data)
        if len(series.waiting) >= BATCH or len(data) >= LOADED // 8:
            self._write_batch(series)

    def _write_batch(self, series: _Series) -> None:
        if series.waiting:
            batch = pickle.dumps(series.waiting, pickle.HIGHEST_PROTOCOL)
            series.places.extend((self._size, len(batch)))
            series.waiting = []
            self._write(batch)

    def _write(self, data: bytes) -> None:
        self._unwritten.append(data)
        self._size += len(data)
        self._unwritten_size += len(data)
        if self._unwritten_size >= WRITTEN:
            self._flush()

    # -- out ---------------------------------------------------------------------------------------------------------

    def pieces(self, alike: bool) -> Iterator[Piece]:
        """All events by seq, those of one number in the order in which they came.

        With ``alike`` several with the same numbers may come in one piece, each piece behind the other, if they are
        the same byte for byte. Otherwise those that share a number come one by one.
        """
        if self._gathered:
            self._sort_gathered()
        for series in self._series:
            self._write_batch(series)
        self._flush()
        cursors = [_Cursor(self._file, series.places) for series in self._series if series.places]
        heap = [(*cursor.head, number) for number, cursor in enumerate(cursors)]
        heapify(heap)
        before = -1
        while heap:
            same = [heappop(heap)]
            while heap and heap[0][0] == same[0][0]:
                same.append(heappop(heap))
            tied, seq = [cursors[number] for *_, number in same], same[0][0]
            if len(tied) == 1 and seq == before:
                # The last of several that shared a number; those behind it share none with them.
                yield tied[0].take(1)
            else:
                yield from _taken(tied, heap[0][0] if heap else None, alike)
            before = seq
            for *_, number in same:
                if cursors[number].more:
                    heappush(heap, (*cursors[number].head, number))

    def _flush(self) -> None:
        data = memoryview(b"".join(self._unwritten))
        self._unwritten, self._unwritten_size = [], 0
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise _no_room(error) from None


class _Series:
    """Segments of which each begins behind the one before; ``places`` are the places and lengths of their batches."""

    __slots__ = ("last", "places", "waiting")

    def __init__(self) -> None:
        self.last = -1
        self.places = array("Q")
        self.waiting: list[_Segment] = []


def _taken(tied: Sequence[_Cursor], ahead: int | None, alike: bool) -> Iterator[Piece]:
    """What cursors at the same number give next; ``ahead`` is the least number of all others."""
    first = tied[0]
    if len(tied) == 1:
        yield first.take(first.up_to(ahead))
    elif not alike or not all(first.is_like(cursor, 1) for cursor in tied[1:]):
        yield first.take(1)
    else:
        number = min(cursor.up_to(ahead) for cursor in tied)
        while number > 1 and not all(first.is_like(cursor, number) for cursor in tied[1:]):
            number //= 4
        for cursor in tied:
            yield cursor.take(max(number, 1))


class _Cursor:
    """Goes along a series."""

    def __init__(self, file: IO[bytes], places: Sequence[int]) -> None:
        self._file = file
        self._places = zip(places[::2], places[1::2], strict=True)
        self._batch: Iterator[_Segment] = iter(())
        self.more = True
        self._at = 0
        self._next()

    @property
    def head(self) -> tuple[int, int]:
        """The number of the next event, and which segment came first."""
        return self._seqs[self._at], self._segment.ordinal

    def up_to(self, ahead: int | None) -> int:
        """How many events of the segment come before the number ``ahead``."""
        end = len(self._seqs) if ahead is None else bisect_left(self._seqs, ahead, self._at)
        return end - self._at

    def is_like(self, other: _Cursor, number: int) -> bool:
        """Whether the next events of both are the same, byte for byte."""
        if self._seqs[self._at : self._at + number] != other._seqs[other._at : other._at + number]:
            return False
        return self._bytes(number) == other._bytes(number)

    def take(self, number: int) -> Piece:
        """The next events, so many of this segment."""
        data = self._bytes(number)
        stretch = self._slicer.part(self._at, self._at + number, data)
        self._at += number
        source = self._segment.source
        if self._at == len(self._seqs):
            self._next()
        return Piece(source, stretch, data)

    def _next(self) -> None:
        segment = next(self._batch, None)
        if segment is None:
            place = next(self._places, None)
            if place is None:
                self.more = False
                return
            self._batch = iter(pickle.loads(self._read(*place)))
            segment = next(self._batch)
        assert segment.stretch.rows is not None
        self._segment, self._seqs, self._at = segment, segment.stretch.rows.seqs, 0
        length = segment.stretch.length
        self._data = self._read(segment.start, length) if length <= LOADED else None
        self._slicer = _Slicer(segment.stretch, self._data)

    def _bytes(self, number: int) -> bytes:
        rows = self._segment.stretch.rows
        assert rows is not None
        start = rows.ends[self._at - 1] if self._at else 0
        end = rows.ends[self._at + number - 1]
        if self._data is not None:
            return self._data[start:end]
        return self._read(self._segment.start + start, end - start)

    def _read(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        return self._file.read(length)


class _Slicer:
    """Parts of a stretch, taken one after the other, so that its lines are counted once."""

    def __init__(self, stretch: Stretch, data: bytes | None) -> None:
        self._stretch = stretch
        self._data = data
        self._line = stretch.line

    def part(self, first: int, last: int, data: bytes | None = None) -> Stretch:
        """The events from ``first`` to ``last`` (exclusive), whose bytes are ``data`` unless they stand in it."""
        stretch, rows = self._stretch, self._stretch.rows
        assert rows is not None
        if first == 0 and last == len(rows.seqs):
            return stretch
        start, end = rows.ends[first - 1] if first else 0, rows.ends[last - 1]
        if data is None:
            assert self._data is not None
            data = self._data[start:end]
        line = self._line
        # Only proven frames stand beside others, and those have line feeds.
        self._line += data.count(b"\n")
        links = None if rows.links is None else rows.links[first:last]
        threads = rows.threads if isinstance(rows.threads, str) else rows.threads[first:last]
        ends = array("Q", (one - start for one in rows.ends[first:last]))
        part = Rows(rows.seqs[first:last], links, threads, ends)
        return stretch._replace(
            length=end - start, offset=stretch.offset + start, line=line, events=last - first, rows=part
        )


def _no_room(error: OSError) -> UsageError:
    where = tempfile.gettempdir()
    return UsageError(f"the temporary file in {where}: {error.strerror}; TMPDIR names another folder")
