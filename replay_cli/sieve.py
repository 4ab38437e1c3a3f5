"""Sieve: the blocks of a source into stretches, each kept or left out.

Runs that are proven are sifted by their columns, without reading them again; all other frames are opened by the
reference. Both ways say the same of the same frames (a test holds them to it), and their stretches tile the source.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from replay_cli import rules
from replay_cli.blocks import Block
from replay_cli.checks import alone
from replay_cli.cleaning import Cleaner, Part
from replay_cli.deltas import EVENT
from replay_cli.envelope import Envelope
from replay_cli.frames import Frame, State
from replay_cli.index import Extent
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.links import Links
from replay_cli.marks import thread_key
from replay_cli.opening import Opened, open_frame
from replay_cli.plainjson import read_plain
from replay_cli.profiles import Plan
from replay_cli.runs import Run
from replay_cli.selection import Selection
from replay_cli.stretches import BEYOND_HEAD, NO_EVENT, NOT_SELECTED, Rows, Stretch
from replay_cli.survey import Recurring
from replay_cli.timestamps import nanoseconds
from replay_cli.walk import FRAMINGS, Walk

SILENT = frozenset([State.SILENT, State.HEAD, State.BLANK])
"""Frames that hold nothing to read, and are no damage."""


@dataclass(slots=True)
class Head:
    """How many events may still be kept; None: any number."""

    left: int | None = None

    @property
    def reached(self) -> bool:
        """Whether no further event may be kept."""
        return self.left == 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done: what is selected, how many events at most from the front or the end, and whether to clean.

    ``all`` reads on behind the last event of ``head``, so that all that is left out is accounted for. ``singly``
    makes each event that is kept a stretch of its own, with its time. ``ordered`` puts them in order afterwards, so
    that what is no event has no place. ``slots`` keeps what deltas say, for who makes something else of them.
    """

    selection: Selection = field(default_factory=Selection)
    head: int | None = None
    last: int | None = None
    clean: bool = False
    all: bool = False
    singly: bool = False
    ordered: bool = False
    slots: bool = False

    @property
    def takes_all(self) -> bool:
        """Whether no events are asked for, so that what is no event may stay as well."""
        return self.selection.takes_all and self.head is None and self.last is None and not self.ordered


class Sieve:
    """Sifts one source, called ``name``. ``unreadable`` counts unreadable frames that were kept as they are.

    Without a cleaner nothing is left out but what was not selected; with one, ``recurring`` tells which events it
    must see one by one. Where only the last events are wanted, or their times, each that is kept is a stretch of its
    own.
    """

    def __init__(
        self,
        name: str,
        plan: Plan,
        wish: Wish,
        links: Links,
        head: Head,
        cleaner: Cleaner | None = None,
        recurring: Recurring | None = None,
    ) -> None:
        self.unreadable = self.met = 0
        self.extent: Extent | None = None
        """What is met is told to this, if somebody wants to know; then ``met`` are the events."""
        self.line = 1
        """The line, from 1, that comes next."""
        self._name = name
        self._plan = plan
        self._selection = wish.selection
        self._takes_all = wish.takes_all
        self._each = wish.last is not None or wish.singly
        self._timed = wish.singly
        self._ordered = wish.ordered
        self._links = links
        self._head = head
        self._cleaner = cleaner
        self._recurring = recurring
        self._walk = Walk(plan, wish.slots)
        self._reader = JsonReader()

    def stretches(self, block: Block) -> Iterator[Stretch]:
        """The stretches of a block, in order."""
        for piece in self._walk.pieces(block):
            if isinstance(piece, Frame):
                yield from self._frame(piece, learn=True)
            elif self._cleaner is not None and self._may_recur(piece):
                for frame in FRAMINGS[self._plan.framing].frames(piece.block()):
                    yield from self._frame(frame, learn=False)
            else:
                yield from self._run(piece)

    # -- runs --------------------------------------------------------------------------------------------------------

    def _may_recur(self, run: Run) -> bool:
        """Whether an event of the run may have come before, or come again."""
        recurring = self._recurring
        if recurring is None or recurring.none:
            return False
        if recurring.all:
            return True
        tally = run.tally()
        return any(recurring.may(thread, head.seq, tally.tails[thread].seq) for thread, head in tally.heads.items())

    def _run(self, run: Run) -> Iterator[Stretch]:
        """The stretches of a run: its frames are readable events, in order."""
        if self.extent is not None:
            seqs = run.seqs()
            for thread in set(run.threads()):
                self.extent.span(thread_key(thread.decode()), min(seqs), max(seqs))
            self.met += run.size
        taken = self._taken(run)
        if self._head.left is not None:
            taken = self._up_to_head(taken, run.size)
        if isinstance(taken, bool):
            stretches = [(taken, 0, run.size)]
        else:
            edges = [0]
            for _, group in groupby(taken):
                edges.append(edges[-1] + len(list(group)))
            stretches = [(taken[start], start, end) for start, end in pairwise(edges)]
        self._follow_links(run, stretches)
        whole = run.lines(0, run.size)
        # Behind the last event that --head allows, it is the reason for all.
        reached = max((end for kept, _, end in stretches if kept), default=0) if self._head.reached else run.size
        instants = run.instants() if self._timed else None
        for kept, start, end in stretches:
            reason = BEYOND_HEAD if start >= reached else NOT_SELECTED
            singly = kept and self._each
            for first, last in [(one, one + 1) for one in range(start, end)] if singly else [(start, end)]:
                at, to = run.bounds(first, last)
                line = self.line + (run.lines(0, first) if first else 0)
                instant = instants[first] if singly and instants else None
                reason_of = "" if kept else reason
                rows = run.rows(first, last) if kept and self._ordered else None
                part = run.part(first, last) if kept and not self._ordered else None
                yield Stretch(to - at, at, line, last - first, reason_of, b"", True, instant, rows, part)
        self.line += whole

    def _up_to_head(self, taken: bool | list[bool], size: int) -> bool | list[bool]:
        """What is taken, the events beyond ``--head`` left out."""
        left = self._head.left or 0
        number = size * taken if isinstance(taken, bool) else sum(taken)
        self._head.left = max(left - number, 0)
        if number <= left:
            return taken
        found = [taken] * size if isinstance(taken, bool) else taken
        kept: list[bool] = []
        for one in found:
            kept.append(one and left > 0)
            left -= one
        return kept

    def _taken(self, run: Run) -> bool | list[bool]:
        """Whether each event of a run is selected; one answer for all if it is the same."""
        selection = self._selection
        if selection.takes_all:
            return True
        answers = [self._by_seq(run), self._by_thread(run), self._by_event(run), self._by_time(run)]
        if any(answer is False for answer in answers):
            return False
        lists = [answer for answer in answers if isinstance(answer, list)]
        if selection.by_content:
            lists.append(self._by_content(run, lists))
        if not lists:
            return True
        taken = lists[0] if len(lists) == 1 else list(map(all, zip(*lists, strict=True)))
        return _alike(taken)

    def _by_seq(self, run: Run) -> bool | list[bool]:
        selection = self._selection
        if selection.since_seq is None and selection.until_seq is None:
            return True
        seqs = run.seqs()
        # What lies between two that are taken is taken as well.
        if selection.takes_seq(min(seqs)) and selection.takes_seq(max(seqs)):
            return True
        return _alike(list(map(selection.takes_seq, seqs)))

    def _by_thread(self, run: Run) -> bool | list[bool]:
        if not self._selection.threads:
            return True
        threads = run.threads()
        known = {thread: thread.decode() in self._selection.threads for thread in set(threads)}
        return _alike([known[thread] for thread in threads])

    def _by_event(self, run: Run) -> bool | list[bool]:
        events = self._selection.events
        if events is None:
            return True
        others = run.other_events()
        taken = [len(others) < run.size and events.takes(EVENT.decode())] * run.size
        for index, event in others:
            taken[index] = events.takes(event)
        return _alike(taken)

    def _by_time(self, run: Run) -> bool | list[bool]:
        if self._selection.since is None and self._selection.until is None:
            return True
        return _alike(list(map(self._selection.takes_instant, run.instants())))

    def _by_content(self, run: Run, before: list[list[bool]]) -> list[bool]:
        """What needs the frames themselves, asked only of those that all else takes."""
        asked = map(all, zip(*before, strict=True)) if before else [True] * run.size
        return [wanted and self._takes_text(text) for wanted, text in zip(asked, run.texts(), strict=True)]

    def _takes_text(self, text: bytes) -> bool:
        value = self._value(text)
        turn, item = value.get("turn_id"), value.get("item_id")
        selection = self._selection
        ids = (turn if isinstance(turn, str) else None, item if isinstance(item, str) else None)
        return selection.takes_ids(*ids) and (selection.where is None or selection.where(value))

    def _value(self, text: bytes) -> dict[str, object]:
        """The value of a text that is proven to be an event."""
        try:
            value = read_plain(text)
        except ValueError:
            reading = self._reader.read(text)
            value = reading.value if isinstance(reading, Reading) else None
        return value if isinstance(value, dict) else {}

    def _follow_links(self, run: Run, stretches: list[tuple[bool, int, int]]) -> None:
        """Tell the links of the run that leaving out has broken. Inside a run each link names the event before."""
        only = run.thread
        if only is not None:
            thread = only.decode()
            for kept, start, end in stretches:
                if kept:
                    self._check_joint(run, start, thread)
                    self._links.written(thread, run.seq(end - 1))
                else:
                    self._links.left_out(thread, run.seq(end - 1))
            return
        names = [thread.decode() for thread in run.threads()]
        for kept, start, end in stretches:
            for index in range(start, end):
                if kept:
                    self._check_joint(run, index, names[index])
                    self._links.written(names[index], run.seq(index))
                else:
                    self._links.left_out(names[index], run.seq(index))

    def _check_joint(self, run: Run, index: int, thread: str) -> None:
        seq, named, last = run.seq(index), run.link(index), self._links.last_written(thread)
        if self._cleaner is not None and last is not None and seq <= last:
            # Inside a run numbers ascend, but records that were freed may stand before it.
            self._cleaner.flawed(rules.SEQ_STEP_BACK.name)
        if named is not None and not self._links.is_whole(thread, seq, named):
            # The line of its data: the last one before the terminator.
            line = self.line + run.lines(0, index + 1) - run.pieces.ends
            self._links.tell(self._name, line, thread, seq, named)

    # -- frames ------------------------------------------------------------------------------------------------------

    def _frame(self, frame: Frame, learn: bool) -> Iterator[Stretch]:
        opened = open_frame(frame, self._plan, self._reader)
        if learn and self._walk.proves and self._is_clean(frame, opened):
            self._walk.learn(frame)
        if self.extent is not None:
            self._meet(self.extent, opened.envelope)
        if self._cleaner is None:
            parts: Iterator[Part] = iter([Part(frame.length, "", opened)])
        else:
            parts = self._cleaner.parts(frame, opened)
        at = frame.offset
        for part in parts:
            reason = part.reason or self._why_not(frame, part.opened)
            event = part.opened.envelope if part.opened is not None else None
            self._note(frame, part, reason)
            added = part.added if not reason else b""
            instant = nanoseconds(event.timestamp) if self._timed and event is not None else None
            rows = _row(event, part.length) if event is not None and self._ordered else None
            yield Stretch(part.length, at, self.line, int(event is not None), reason, added, False, instant, rows)
            at += part.length
        self.line += frame.lines

    def _meet(self, extent: Extent, event: Envelope | None) -> None:
        if event is None:
            extent.sound = False
        else:
            extent.take(thread_key(event.thread_id), event.seq)
            self.met += 1

    def _is_clean(self, frame: Frame, opened: Opened) -> bool:
        """Whether the reference finds nothing in a frame, which is an event."""
        event, value, shape = opened.envelope, opened.value, opened.shape
        if opened.findings or event is None or value is None or shape is None:
            return False
        return next(alone(frame, event, value, shape, self._plan, Counter()), None) is None

    def _why_not(self, frame: Frame, opened: Opened | None) -> str:
        """Why a frame that a cleaner would keep is left out; empty if it is kept."""
        if self._head.reached:
            return BEYOND_HEAD
        event, value = (opened.envelope, opened.value) if opened is not None else (None, None)
        if event is None or value is None:
            if self._takes_all:
                return ""
            if opened is not None and not opened.readable and frame.state not in SILENT:
                return rules.BY_CODE[opened.findings[-1].code].name
            return NO_EVENT
        if not self._selection.takes_all and not self._selection.takes(event, nanoseconds(event.timestamp), value):
            return NOT_SELECTED
        if self._head.left is not None:
            self._head.left -= 1
        return ""

    def _note(self, frame: Frame, part: Part, reason: str) -> None:
        """What becomes of a part, for the links and the counts."""
        opened, links = part.opened, self._links
        event = opened.envelope if opened is not None else None
        if event is None:
            damaged = (opened is None or not opened.readable) and frame.state not in SILENT
            links.damage += bool(reason) and damaged
            links.heads += not reason and frame.state is State.HEAD
            self.unreadable += not reason and damaged
            return
        thread = thread_key(event.thread_id)
        if reason:
            links.left_out(thread, event.seq)
            return
        if not links.is_whole(thread, event.seq, event.previous_seq) and event.previous_seq is not None:
            line = self.line + frame.place(0).line - frame.line
            links.tell(self._name, line, thread, event.seq, event.previous_seq)
        last = links.last_written(thread)
        if self._cleaner is not None and last is not None and event.seq <= last:
            self._cleaner.flawed(rules.SEQ_STEP_BACK.name)
        links.written(thread, event.seq)


def _row(event: Envelope, length: int) -> Rows:
    links = None if event.previous_seq is None else array("Q", [event.previous_seq])
    return Rows(array("Q", [event.seq]), links, event.thread_id, array("Q", [length]))


def _alike(taken: list[bool]) -> bool | list[bool]:
    """One answer for all, if they are the same."""
    number = sum(taken)
    return taken if 0 < number < len(taken) else number > 0
