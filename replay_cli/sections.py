"""Sections: frames in a row of which each is clean by itself, as columns, and the runs that they fall into.

A section is one run if each thread goes forward in it: seq ascends, links name the event before, time does not step
back. Where that is not so, a run ends and another begins, and the seam inside ``Tally +`` says what is wrong there,
if anything is: nothing of the order is judged here. That there is such a minute at all is looked at here as well,
since of times in order it is enough to look at each minute once.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter, lt

import orjson

from replay_cli import rules
from replay_cli.columns import Columns, Row
from replay_cli.deltas import EVENT, Deltas
from replay_cli.envelope import Mark
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.layouts import TO_MINUTE, are_real, instant, is_minute
from replay_cli.marks import content_digest
from replay_cli.payloads import COMPLETED, KNOWN_EVENTS
from replay_cli.pieces import Pieces
from replay_cli.profiles import Plan
from replay_cli.slots import Slots
from replay_cli.stretches import NO_LINK
from replay_cli.tally import Tally

Cut = tuple[int, int, bool]
"""Frames by their numbers in a section, end exclusive, and whether they are a run: else they are unsure."""


Numbered = list[tuple[int, Row]]
"""Frames that were read one by one, with their numbers, which ascend."""


def within(rows: Numbered, start: int, end: int) -> Numbered:
    """Those whose numbers are from ``start`` to ``end`` (exclusive)."""
    first = bisect_left(rows, start, key=itemgetter(0))
    return rows[first : bisect_left(rows, end, key=itemgetter(0))]


class Section:
    """Frames in a row, each proven by itself, as columns of what stands in them; ``first`` is the number of the first
    in its block.

    ``rows`` are those that are no deltas of the ``pattern``, by their number in the section; ``slots`` those of the
    others, from the first on, if they are wanted. All ``start`` and ``end`` (exclusive) are numbers in it.
    """

    def __init__(
        self,
        first: int,
        columns: Columns,
        rows: Numbered,
        pattern: Deltas | None,
        slots: Slots | None = None,
    ) -> None:
        self.first = first
        self._slots = slots
        self._columns = columns
        self._rows = rows
        self._pattern = pattern

    @property
    def size(self) -> int:
        """How many frames it has."""
        return len(self._columns.seqs)

    def seqs(self, start: int, end: int) -> array[int]:
        """Their numbers."""
        return array("Q", _numbers(self._columns.seqs[start:end]))

    def links(self, start: int, end: int) -> array[int] | None:
        """Their links, ``NO_LINK`` for none; None if none has one."""
        links = self._columns.links[start:end]
        if links.count(None) == len(links):
            return None
        return array("Q", [NO_LINK if link is None else int(link) for link in links])

    def seq(self, index: int) -> int:
        """The number of one frame."""
        return int(self._columns.seqs[index])

    def link(self, index: int) -> int | None:
        """The link of one frame; None if it has none."""
        link = self._columns.links[index]
        return None if link is None else int(link)

    def instants(self, start: int, end: int) -> list[int]:
        """Their times, in nanoseconds since 1970."""
        return list(map(instant, self._columns.times[start:end]))

    def threads(self, start: int, end: int) -> list[bytes]:
        """Their threads."""
        return self._columns.threads[start:end]

    def thread_of(self, start: int, end: int) -> bytes | None:
        """The thread of them all; None if there are several."""
        threads = self._columns.threads[start:end]
        return threads[0] if threads.count(threads[0]) == len(threads) else None

    # -- runs --------------------------------------------------------------------------------------------------------

    def cuts(self, plan: Plan) -> list[Cut]:
        """The section as runs."""
        size = self.size
        if plan.thread is not None and self.thread_of(0, size) != plan.thread.encode():
            return [(0, size, False)]
        if all(_goes_forward(strand, plan.gaps) for strand in self._columns.strands()):
            return [(0, size, True)]
        return list(self._walk(plan.gaps))

    def _walk(self, gaps: bool) -> Iterator[Cut]:
        """Step by step, each frame beside the one before it in its thread."""
        start = 0
        latest: dict[bytes, tuple[int, bytes, bytes]] = {}
        columns = self._columns
        rows = zip(columns.seqs, columns.links, columns.threads, columns.times, strict=True)
        for index, (seq, link, thread, time) in enumerate(rows):
            number = int(seq)
            before = latest.get(thread)
            if before is not None and not (
                before[0] < number
                and (link is None or link == before[1])
                and before[2] <= time
                and not (gaps and number > before[0] + 1)
            ):
                yield start, index, True
                start, before, latest = index, None, {}
            # A link that names the event before is below it already.
            ahead = before is None and link is not None and int(link) >= number
            if ahead or not is_minute(time[:TO_MINUTE]):
                if start < index:
                    yield start, index, True
                yield index, index + 1, False
                start, latest = index + 1, {}
            else:
                latest[thread] = (number, seq, time)
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

    def others(self, start: int, end: int) -> Numbered:
        """The frames that are no deltas of the pattern, by number in the section."""
        return within(self._rows, start, end)

    def deltas(self, start: int, end: int) -> Slots | None:
        """The slots of the others; None if there are none, or if they were not wanted."""
        first, last = (index - len(within(self._rows, 0, index)) for index in (start, end))
        return self._slots.part(first, last) if self._slots is not None and first < last else None

    def _count(self, tally: Tally, start: int, end: int, plan: Plan) -> None:
        """What is counted of each frame for itself: names, and the rules it was asked for."""
        size = end - start
        rows = self.others(start, end)
        if self._pattern is not None and (deltas := size - len(rows)):
            tally.names[EVENT.decode()] = deltas
            tally.looked = Counter(dict.fromkeys(self._pattern.looked, deltas))
        for asked, number in Counter([row.asked for _, row in rows]).items():
            tally.names[asked.event if asked.event in KNOWN_EVENTS else ""] += number
            for code in asked.looked:
                tally.looked[code] += number
            tally.completed = tally.completed or asked.event == COMPLETED
        if plan.thread is not None:
            tally.looked[rules.WRONG_THREAD.code] += size

    def mark(self, index: int, start: int, pieces: Pieces) -> Mark:
        """What one event leaves behind; its line counts from 1 where ``start`` begins."""
        offset, line, text = pieces.json(self.first + index, self.first + start)
        time = instant(self._columns.times[index])
        return Mark(self.seq(index), self.link(index), offset, line, time, _digest(text))

    def places(self, start: int, end: int) -> dict[bytes, Sequence[int]]:
        """The numbers of the frames of each thread, in order, counted from ``start``."""
        columns = self._columns
        if (start, end) != (0, self.size):
            columns = columns.part(start, end)
        return columns.places()

    def _leave_marks(self, tally: Tally, start: int, end: int, pieces: Pieces) -> None:
        """First and last mark of each thread, the ranges, and how many neighbours were compared."""
        edges = self._edges(start, end)
        linked = self._linked(start, end)
        for thread, (first, last) in edges.items():
            name = thread.decode()
            tally.heads[name] = head = self.mark(first, start, pieces)
            linked -= head.previous_seq is not None
            if first == last:
                tally.tails[name] = head
            else:
                tally.tails[name] = self.mark(last, start, pieces)
        compared = end - start - len(edges)
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

    def _edges(self, start: int, end: int) -> dict[bytes, tuple[int, int]]:
        """Each thread's first and last frame."""
        places = self.places(start, end)
        return {thread: (start + numbers[0], start + numbers[-1]) for thread, numbers in places.items()}

    def _linked(self, start: int, end: int) -> int:
        """How many of them have a link: of the deltas of a pattern all, or none."""
        rows = self.others(start, end)
        linked = sum([row.link is not None for _, row in rows])
        return linked + (end - start - len(rows) if self._pattern is not None and self._pattern.linked else 0)


def _goes_forward(frames: Columns, gaps: bool) -> bool:
    """Whether the frames of one thread are in order, by whole columns; False also says: look closer."""
    links, seqs = frames.links, frames.seqs
    if links[1:] != seqs[:-1] and links.count(None) < len(links):
        return False
    if links[0] is not None and int(links[0]) >= int(seqs[0]):
        return False
    if not _consecutive(seqs) and (gaps or not _ascending(seqs)):
        return False
    # Text goes in the order of time, which has one form (``layouts``).
    return sorted(frames.times) == frames.times and are_real(frames.times)


def _consecutive(seqs: list[bytes]) -> bool:
    """Whether each number is the next one: told by the text that such numbers make, which is quickest."""
    first, number = int(seqs[0]), len(seqs)
    if int(seqs[-1]) - first != number - 1:
        return False
    return b"[%b]" % b",".join(seqs) == orjson.dumps(list(range(first, first + number)))


def _ascending(seqs: list[bytes]) -> bool:
    numbers = _numbers(seqs)
    return all(map(lt, numbers, numbers[1:]))


def _numbers(texts: list[bytes]) -> list[int]:
    """The numbers that canonical digits stand for, all read at once."""
    numbers: list[int] = orjson.loads(b"[%b]" % b",".join(texts))
    return numbers


_MINUS_ZERO = re.compile(rb"[:,\[\s]-0")
_ZEROS = bytes.maketrans(b"123456789", b"000000000")


def _digest(text: bytes) -> bytes:
    # Numbers that orjson and the reference need not read alike: minus zero, and those beyond 64 bits.
    if (b"-0" in text and _MINUS_ZERO.search(text)) or b"0" * 19 in text.translate(_ZEROS):
        reading = JsonReader().read(text)
        value = reading.value if isinstance(reading, Reading) else None
    else:
        value = orjson.loads(text)
    return content_digest(value if isinstance(value, dict) else {})
