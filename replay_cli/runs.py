"""Runs: proven frames in a row become a tally, where the order among them is proven too.

A section is a stretch of frames of which each is clean by itself. It is one run if each thread goes forward in it:
seq ascends, links name the event before, time does not step back. Where that is not so, a run ends and another
begins, and the seam inside ``Tally +`` says what is wrong there, if anything is: nothing of the order is judged here.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from operator import lt

import orjson

from replay_cli import rules
from replay_cli.blocks import Block
from replay_cli.deltas import EVENT, Columns
from replay_cli.envelope import Mark
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.layouts import Row
from replay_cli.marks import content_digest
from replay_cli.payloads import COMPLETED, KNOWN_EVENTS
from replay_cli.profiles import Plan
from replay_cli.stretches import NO_LINK, Rows
from replay_cli.tally import Tally
from replay_cli.timestamps import nanoseconds


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
            lengths = [len(piece) + more for piece in self.data.split(self._terminator)]
            self._starts = [0, *accumulate(lengths)]
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


@dataclass(slots=True)
class Section:
    """Frames in a row, each proven by itself, as columns; ``first`` is the number of the first in its block.

    ``rows`` are those that are no deltas of the pattern, by their number in the section; ``delta_looked`` the codes
    of the rules that each of the others is asked for.
    """

    first: int
    seqs: list[bytes] = field(default_factory=list)
    links: list[bytes | None] = field(default_factory=list)
    threads: list[bytes] = field(default_factory=list)
    minutes: list[bytes] = field(default_factory=list)
    seconds: list[bytes] = field(default_factory=list)
    rows: list[tuple[int, Row]] = field(default_factory=list)
    delta_looked: tuple[str, ...] = ()

    def take_deltas(self, columns: Columns, start: int, end: int) -> None:
        """Append the deltas from ``start`` to ``end`` (exclusive) of some columns."""
        self.seqs += columns.seqs[start:end]
        self.links += columns.links[start:end]
        self.threads += columns.threads[start:end]
        self.minutes += columns.minutes[start:end]
        self.seconds += columns.seconds[start:end]

    def take_row(self, row: Row) -> None:
        """Append a frame that was read by a layout."""
        self.rows.append((len(self.seqs), row))
        self.seqs.append(row.seq)
        self.links.append(row.link)
        self.threads.append(row.thread)
        self.minutes.append(row.minute)
        self.seconds.append(row.second)

    def cuts(self, plan: Plan) -> list[tuple[int, int, bool]]:
        """The section as runs, by number from ``first``, ends exclusive; False for frames that are unsure."""
        size = len(self.seqs)
        different = set(self.threads)
        if plan.thread is not None and different != {plan.thread.encode()}:
            return [(0, size, False)]
        if len(different) == 1 and self._goes_forward(plan.gaps):
            return [(0, size, True)]
        return list(self._walk(plan.gaps))

    def _goes_forward(self, gaps: bool) -> bool:
        """Whether a section of one thread is in order, its columns looked at as wholes."""
        links, seqs = self.links, self.seqs
        if links[1:] != seqs[:-1] and any(link is not None for link in links):
            return False
        numbers = list(map(int, seqs))
        if links[0] is not None and int(links[0]) >= numbers[0]:
            return False
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))) and (
            gaps or not all(map(lt, numbers, numbers[1:]))
        ):
            return False
        # Text goes in the order of time: minutes and seconds have one form each (``layouts``).
        if self.minutes[0] == self.minutes[-1] and len(set(self.minutes)) == 1:
            return sorted(self.seconds) == self.seconds
        times = list(zip(self.minutes, self.seconds, strict=True))
        return sorted(times) == times

    def _walk(self, gaps: bool) -> Iterator[tuple[int, int, bool]]:
        """Step by step, each frame beside the one before it in its thread."""
        start = 0
        latest: dict[bytes, tuple[int, bytes, bytes, bytes]] = {}
        columns = zip(self.seqs, self.links, self.threads, self.minutes, self.seconds, strict=True)
        for index, (seq, link, thread, minute, second) in enumerate(columns):
            number = int(seq)
            before = latest.get(thread)
            if before is not None and not (
                before[0] < number
                and (link is None or link == before[1])
                and (before[2], before[3]) <= (minute, second)
                and not (gaps and number > before[0] + 1)
            ):
                yield start, index, True
                start, before, latest = index, None, {}
            # A link that names the event before is below it already.
            if before is None and link is not None and int(link) >= number:
                if start < index:
                    yield start, index, True
                yield index, index + 1, False
                start, latest = index + 1, {}
            else:
                latest[thread] = (number, seq, minute, second)
        if start < len(self.seqs):
            yield start, len(self.seqs), True

    def tally(self, start: int, end: int, pieces: Pieces, plan: Plan) -> Tally:
        """The tally of a run, by its numbers in the section."""
        at, to = pieces.bounds(self.first + start, self.first + end)
        lines = pieces.lines(self.first + start, self.first + end)
        tally = Tally(plan.kept, plan.gaps, lines=lines, size=to - at, proven=to - at)
        tally.frames = tally.events = end - start
        self._count(tally, start, end, plan)
        self._leave_marks(tally, start, end, pieces)
        return tally

    def _count(self, tally: Tally, start: int, end: int, plan: Plan) -> None:
        """What is counted of each frame for itself: names, and the rules it was asked for."""
        size = end - start
        rows = [row for index, row in self.rows if start <= index < end]
        if deltas := size - len(rows):
            tally.names[EVENT.decode()] = deltas
            tally.looked = Counter(dict.fromkeys(self.delta_looked, deltas))
        for (event, looked), number in Counter((row.event, row.looked) for row in rows).items():
            tally.names[event if event in KNOWN_EVENTS else ""] += number
            for code in looked:
                tally.looked[code] += number
            tally.completed = tally.completed or event == COMPLETED
        if plan.thread is not None:
            tally.looked[rules.WRONG_THREAD.code] += size

    def _leave_marks(self, tally: Tally, start: int, end: int, pieces: Pieces) -> None:
        """First and last mark of each thread, the ranges, and how many neighbours were compared."""
        threads = self.threads[start:end]
        size = len(threads)
        firsts, lasts = {threads[0]: 0}, {threads[0]: size - 1}
        if len(set(threads)) > 1:
            firsts = dict(zip(reversed(threads), range(size - 1, -1, -1), strict=True))
            lasts = dict(zip(threads, range(size), strict=True))
        for thread in sorted(firsts, key=firsts.__getitem__):
            first, last = start + firsts[thread], start + lasts[thread]
            name = thread.decode()
            tally.heads[name] = head = self._mark(first, *pieces.json(self.first + first, self.first + start))
            if first == last:
                tally.tails[name] = head
            else:
                tally.tails[name] = self._mark(last, *pieces.json(self.first + last, self.first + start))
        linked = len([*filter(None, self.links[start:end])])
        linked -= sum(self.links[start + first] is not None for first in firsts.values())
        for rule, compared in (
            (rules.SEQ_STEP_BACK, size - len(firsts)),
            (rules.BROKEN_LINK, linked),
            (rules.TIME_WENT_BACK, size - len(firsts)),
        ):
            if compared:
                tally.looked[rule.code] += compared
        ends = [mark for marks in (tally.heads, tally.tails) for mark in marks.values()]
        # In each thread both ascend, so the least and the greatest stand at its ends.
        tally.seqs = (min(mark.seq for mark in ends), max(mark.seq for mark in ends))
        instants = [mark.instant for mark in ends if mark.instant is not None]
        tally.instants = (min(instants), max(instants))

    def _mark(self, index: int, offset: int, line: int, text: bytes) -> Mark:
        link = self.links[index]
        instant = nanoseconds((self.minutes[index] + b":" + self.seconds[index] + b"Z").decode())
        return Mark(int(self.seqs[index]), None if link is None else int(link), offset, line, instant, _digest(text))


@dataclass(frozen=True, slots=True)
class Run:
    """Proven frames in a row, the order among them proven too: those of a section from ``start`` to ``end``."""

    section: Section
    start: int
    end: int
    pieces: Pieces
    plan: Plan

    @property
    def length(self) -> int:
        """Bytes that it takes."""
        at, to = self.pieces.bounds(self.section.first + self.start, self.section.first + self.end)
        return to - at

    @property
    def size(self) -> int:
        """How many frames it has, each of them an event."""
        return self.end - self.start

    @property
    def offset(self) -> int:
        """The first byte's place in the source, from 0."""
        return self.bounds(0, self.size)[0]

    def tally(self) -> Tally:
        """The tally of these frames."""
        return self.section.tally(self.start, self.end, self.pieces, self.plan)

    def seqs(self) -> list[int]:
        """The number of each frame."""
        return list(map(int, self.section.seqs[self.start : self.end]))

    def links(self) -> list[bytes | None]:
        """The link of each frame, None where it has none."""
        return self.section.links[self.start : self.end]

    def threads(self) -> list[bytes]:
        """The thread of each frame."""
        return self.section.threads[self.start : self.end]

    def instants(self) -> list[int]:
        """The time of each frame, in nanoseconds since 1970."""
        section, begun = self.section, dict.fromkeys(self.section.minutes, 0)
        for minute in begun:
            begun[minute] = nanoseconds(minute.decode() + ":00Z") or 0
        columns = zip(section.minutes[self.start : self.end], section.seconds[self.start : self.end], strict=True)
        # SS, or SS.fraction: with its fraction filled up, the digits are nanoseconds.
        return [begun[minute] + int(second.replace(b".", b"").ljust(11, b"0")) for minute, second in columns]

    def other_events(self) -> list[tuple[int, str]]:
        """The frames that are no deltas, by number from 0, with the names of their events."""
        rows = self.section.rows
        first = bisect_left(rows, self.start, key=lambda row: row[0])
        last = bisect_left(rows, self.end, key=lambda row: row[0])
        return [(index - self.start, row.event) for index, row in rows[first:last]]

    def texts(self) -> Iterator[bytes]:
        """The JSON text of each frame."""
        return map(self.pieces.text, range(self.section.first + self.start, self.section.first + self.end))

    def rows(self, start: int, end: int) -> Rows:
        """The frames from ``start`` to ``end`` (exclusive) of the run as columns."""
        section, first = self.section, self.section.first + self.start
        columns = slice(self.start + start, self.start + end)
        links, threads = section.links[columns], section.threads[columns]
        linked = None
        if any(link is not None for link in links):
            linked = array("Q", [NO_LINK if link is None else int(link) for link in links])
        one = threads[0].decode() if len(set(threads)) == 1 else ""
        ends = self.pieces.ends_of(first + start, first + end)
        seqs = array("Q", map(int, section.seqs[columns]))
        return Rows(seqs, linked, one or [thread.decode() for thread in threads], ends)

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Where the frames from ``start`` to ``end`` (exclusive) of the run stand in the source, 0-based bytes."""
        first = self.section.first + self.start
        at, to = self.pieces.bounds(first + start, first + end)
        return self.pieces.offset + at, self.pieces.offset + to

    def lines(self, start: int, end: int) -> int:
        """The line ends of the frames from ``start`` to ``end`` (exclusive) of the run."""
        first = self.section.first + self.start
        return self.pieces.lines(first + start, first + end)

    def block(self) -> Block:
        """The frames as a block of their own."""
        return self.pieces.slice(self.section.first + self.start, self.section.first + self.end)


_UNLIKE = re.compile(rb"[0-9]{19}|-0")
"""Numbers that orjson and the reference need not read alike: beyond 64 bits, and minus zero."""


def _digest(text: bytes) -> bytes:
    if _UNLIKE.search(text):
        reading = JsonReader().read(text)
        value = reading.value if isinstance(reading, Reading) else None
    else:
        value = orjson.loads(text)
    return content_digest(value if isinstance(value, dict) else {})
