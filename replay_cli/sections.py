"""Sections: frames in a row of which each is clean by itself, as columns, and the runs that they fall into.

A section is one run if each thread goes forward in it: seq ascends, links name the event before, time does not step
back. Where that is not so, a run ends and another begins, and the seam inside ``Tally +`` says what is wrong there,
if anything is: nothing of the order is judged here.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from operator import lt

import orjson

from replay_cli import rules
from replay_cli.deltas import EVENT, Columns
from replay_cli.envelope import Mark
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.layouts import Row
from replay_cli.marks import content_digest
from replay_cli.payloads import COMPLETED, KNOWN_EVENTS
from replay_cli.pieces import Pieces
from replay_cli.profiles import Plan
from replay_cli.slots import Slots
from replay_cli.stretches import NO_LINK
from replay_cli.tally import Tally
from replay_cli.timestamps import nanoseconds

Cut = tuple[int, int, bool]
"""Frames by their numbers in a section, end exclusive, and whether they are a run: else they are unsure."""


class Section:
    """Frames in a row, each proven by itself, as columns of what stands in them; ``first`` is the number of the first
    in its block.

    ``rows`` are those that are no deltas of the pattern, by their number in the section; ``delta_looked`` the codes
    of the rules that each of the others is asked for. All ``start`` and ``end`` (exclusive) are numbers in it.
    """

    def __init__(self, first: int, delta_looked: tuple[str, ...]) -> None:
        self.first = first
        self.delta_looked = delta_looked
        self.rows: list[tuple[int, Row]] = []
        self._slots: Slots | None = None
        self._seqs: list[bytes] = []
        self._links: list[bytes | None] = []
        self._threads: list[bytes] = []
        self._minutes: list[bytes] = []
        self._seconds: list[bytes] = []

    def take_deltas(self, columns: Columns, slots: Slots, start: int, end: int) -> None:
        """Append the deltas from ``start`` to ``end`` (exclusive) of the columns, and the slots, of its block."""
        # From the first delta on: in a section none of them is left out.
        self._slots = self._slots or slots.part(start)
        self._seqs += columns.seqs[start:end]
        self._links += columns.links[start:end]
        self._threads += columns.threads[start:end]
        self._minutes += columns.minutes[start:end]
        self._seconds += columns.seconds[start:end]

    def take_row(self, row: Row) -> None:
        """Append a frame that was read by a layout."""
        self.rows.append((len(self._seqs), row))
        self._seqs.append(row.seq)
        self._links.append(row.link)
        self._threads.append(row.thread)
        self._minutes.append(row.minute)
        self._seconds.append(row.second)

    @property
    def size(self) -> int:
        """How many frames it has."""
        return len(self._seqs)

    def seqs(self, start: int, end: int) -> array[int]:
        """Their numbers."""
        return array("Q", map(int, self._seqs[start:end]))

    def links(self, start: int, end: int) -> array[int] | None:
        """Their links, ``NO_LINK`` for none; None if none has one."""
        links = self._links[start:end]
        if all(link is None for link in links):
            return None
        return array("Q", [NO_LINK if link is None else int(link) for link in links])

    def seq(self, index: int) -> int:
        """The number of one frame."""
        return int(self._seqs[index])

    def link(self, index: int) -> int | None:
        """The link of one frame; None if it has none."""
        link = self._links[index]
        return None if link is None else int(link)

    def instants(self, start: int, end: int) -> list[int]:
        """Their times, in nanoseconds since 1970."""
        begun = dict.fromkeys(self._minutes[start:end], 0)
        for minute in begun:
            begun[minute] = nanoseconds(minute.decode() + ":00Z") or 0
        columns = zip(self._minutes[start:end], self._seconds[start:end], strict=True)
        # SS, or SS.fraction: with its fraction filled up, the digits are nanoseconds.
        return [begun[minute] + int(second.replace(b".", b"").ljust(11, b"0")) for minute, second in columns]

    def threads(self, start: int, end: int) -> list[bytes]:
        """Their threads."""
        return self._threads[start:end]

    def thread_of(self, start: int, end: int) -> bytes | None:
        """The thread of them all; None if there are several."""
        different = set(self._threads[start:end])
        return different.pop() if len(different) == 1 else None

    # -- runs --------------------------------------------------------------------------------------------------------

    def cuts(self, plan: Plan) -> list[Cut]:
        """The section as runs."""
        size = self.size
        if plan.thread is not None and self.thread_of(0, size) != plan.thread.encode():
            return [(0, size, False)]
        if self._goes_forward(plan.gaps):
            return [(0, size, True)]
        return list(self._walk(plan.gaps))

    def _goes_forward(self, gaps: bool) -> bool:
        """Whether all threads are in order, the columns looked at as wholes; False also says: look closer."""
        links, seqs = self._links, self._seqs
        if len(set(self._threads)) != 1:
            return False
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
        if self._minutes[0] == self._minutes[-1] and len(set(self._minutes)) == 1:
            return sorted(self._seconds) == self._seconds
        times = list(zip(self._minutes, self._seconds, strict=True))
        return sorted(times) == times

    def _walk(self, gaps: bool) -> Iterator[Cut]:
        """Step by step, each frame beside the one before it in its thread."""
        start = 0
        latest: dict[bytes, tuple[int, bytes, bytes, bytes]] = {}
        columns = zip(self._seqs, self._links, self._threads, self._minutes, self._seconds, strict=True)
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
        if start < self.size:
            yield start, self.size, True

    # -- tallies -----------------------------------------------------------------------------------------------------

    def tally(self, start: int, end: int, pieces: Pieces, plan: Plan) -> Tally:
        """The tally of a run."""
        at, to = pieces.bounds(self.first + start, self.first + end)
        lines = pieces.lines(self.first + start, self.first + end)
        tally = Tally(plan.kept, plan.gaps, lines=lines, size=to - at, proven=to - at)
        tally.frames = tally.events = end - start
        self._count(tally, start, end, plan)
        self._leave_marks(tally, start, end, pieces)
        return tally

    def others(self, start: int, end: int) -> list[tuple[int, Row]]:
        """The frames that are no deltas of the pattern, by number in the section."""
        rows = self.rows
        first = bisect_left(rows, start, key=lambda row: row[0])
        return rows[first : bisect_left(rows, end, key=lambda row: row[0])]

    def deltas(self, start: int, end: int) -> Slots | None:
        """The slots of the others; None if there are none."""
        before, beyond = (bisect_left(self.rows, index, key=lambda row: row[0]) for index in (start, end))
        first, last = start - before, end - beyond
        return self._slots.part(first, last) if self._slots is not None and first < last else None

    def _count(self, tally: Tally, start: int, end: int, plan: Plan) -> None:
        """What is counted of each frame for itself: names, and the rules it was asked for."""
        size = end - start
        rows = self.others(start, end)
        if deltas := size - len(rows):
            tally.names[EVENT.decode()] = deltas
            tally.looked = Counter(dict.fromkeys(self.delta_looked, deltas))
        for (event, looked), number in Counter((row.event, row.looked) for _, row in rows).items():
            tally.names[event if event in KNOWN_EVENTS else ""] += number
            for code in looked:
                tally.looked[code] += number
            tally.completed = tally.completed or event == COMPLETED
        if plan.thread is not None:
            tally.looked[rules.WRONG_THREAD.code] += size

    def _leave_marks(self, tally: Tally, start: int, end: int, pieces: Pieces) -> None:
        """First and last mark of each thread, the ranges, and how many neighbours were compared."""
        firsts, lasts = self._edges(start, end)
        linked = self._linked(start, end)
        for thread in sorted(firsts, key=firsts.__getitem__):
            first, last = start + firsts[thread], start + lasts[thread]
            name = thread.decode()
            tally.heads[name] = head = self._mark(first, *pieces.json(self.first + first, self.first + start))
            linked -= head.previous_seq is not None
            if first == last:
                tally.tails[name] = head
            else:
                tally.tails[name] = self._mark(last, *pieces.json(self.first + last, self.first + start))
        compared = end - start - len(firsts)
        for rule, number in (
            (rules.SEQ_STEP_BACK, compared),
            (rules.BROKEN_LINK, linked),
            (rules.TIME_WENT_BACK, compared),
        ):
            if number:
                tally.looked[rule.code] += number
        ends = [mark for marks in (tally.heads, tally.tails) for mark in marks.values()]
        # In each thread both ascend, so the least and the greatest stand at its ends.
        tally.seqs = (min(mark.seq for mark in ends), max(mark.seq for mark in ends))
        instants = [mark.instant for mark in ends if mark.instant is not None]
        tally.instants = (min(instants), max(instants))

    def _mark(self, index: int, offset: int, line: int, text: bytes) -> Mark:
        instant = nanoseconds((self._minutes[index] + b":" + self._seconds[index] + b"Z").decode())
        return Mark(self.seq(index), self.link(index), offset, line, instant, _digest(text))

    def _edges(self, start: int, end: int) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """Each thread's first and last frame, by number from ``start``."""
        threads = self._threads[start:end]
        size = len(threads)
        if len(set(threads)) == 1:
            return {threads[0]: 0}, {threads[0]: size - 1}
        firsts = dict(zip(reversed(threads), range(size - 1, -1, -1), strict=True))
        return firsts, dict(zip(threads, range(size), strict=True))

    def _linked(self, start: int, end: int) -> int:
        """How many of them have a link."""
        return end - start - self._links[start:end].count(None)


_UNLIKE = re.compile(rb"[0-9]{19}|-0")
"""Numbers that orjson and the reference need not read alike: beyond 64 bits, and minus zero."""


def _digest(text: bytes) -> bytes:
    if _UNLIKE.search(text):
        reading = JsonReader().read(text)
        value = reading.value if isinstance(reading, Reading) else None
    else:
        value = orjson.loads(text)
    return content_digest(value if isinstance(value, dict) else {})
