"""Looking: the frames of one log, one after the other, as what there is to show of them.

Each frame is opened by the reference, looked at by itself and beside the event before it in its thread, so findings
are told where they happen. What is kept of the past is one mark for each of the threads met lately, whatever the
length of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from replay_cli.checks import alone, beside
from replay_cli.compat import NAMES as COMPAT_NAMES
from replay_cli.envelope import Envelope, Mark
from replay_cli.findings import Finding, Severity
from replay_cli.frames import Frame, State
from replay_cli.grading import Grading
from replay_cli.index import Extent
from replay_cli.jsontext import JsonReader
from replay_cli.marks import mark_of, thread_key
from replay_cli.opening import Opened, envelope_of, open_frame
from replay_cli.profiles import Plan, Shape
from replay_cli.selection import Selection
from replay_cli.tally import Tally
from replay_cli.timestamps import nanoseconds

THREADS_KEPT = 10_000
"""Threads of one log whose last event is remembered; a hostile log may name a million."""

SILENT = frozenset([State.SILENT, State.HEAD])
"""Frames in which there is nothing to show."""


@dataclass(slots=True)
class Seen:
    """What there is to show of one frame: an event, findings, or both.

    ``log`` is the number of its log, from 0, and ``name`` what that is called. ``event`` is None where none could be
    read; ``selected`` tells whether it is asked for by all but its name, ``named`` whether its name is asked for,
    too. ``seq`` and ``instant`` (nanoseconds since 1970) are the event's, or those of the readable event before it
    (0 if there is none), so that logs can be merged by them. ``raw`` are the bytes of the frame as they are,
    ``offset`` the first one's place in the log. ``timed`` tells whether the time is the event's own, ``numbered``
    whether it has a seq and ids: those of the compat stream have none (CONTRACT.md 3.4).
    """

    log: int
    name: str
    event: Envelope | None
    selected: bool
    named: bool
    seq: int
    instant: int
    raw: bytes
    offset: int
    findings: list[tuple[Finding, Severity]] = field(default_factory=list)
    state: State = State.WHOLE
    timed: bool = True
    numbered: bool = True

    @property
    def shown(self) -> bool:
        """Whether the event is one to show."""
        return self.named and self.selected


class Looker:
    """Looks at the frames of one log, in order."""

    clean = False
    """Whether the reference found nothing in the frame taken last, which was an event."""

    def __init__(self, log: int, name: str, plan: Plan, selection: Selection, grading: Grading) -> None:
        self.plan = plan
        self._log, self._name = log, name
        self._selection, self._grading = selection, grading
        self._reader = JsonReader(whole=True)
        self._looked: Counter[str] = Counter()
        self._latest: dict[str, tuple[Mark, int, int]] = {}
        self._damage = self._heads = 0
        self._seq = self._instant = 0
        self.accepts: Callable[[Envelope], bool] | None = None
        """Whether an event is looked at at all; those that are not leave no trace."""
        self.extent = Extent()
        self.met = 0
        """Events that were looked at or passed over."""

    def take(self, frame: Frame, raw: bytes) -> Seen | None:
        """What there is to show of the next frame, whose bytes are ``raw``; None if nothing."""
        opened = open_frame(frame, self.plan, self._reader)
        event = event_of(frame, opened, self.plan)
        numbered = opened.envelope is not None
        if numbered and event is not None and self.accepts is not None and not self.accepts(event):
            return None
        found, timed = list(opened.findings), False
        self.extent.sound = self.extent.sound and numbered
        if event is not None:
            self.met += 1
            self._seq = event.seq
            self.extent.take(thread_key(event.thread_id), event.seq)
            instant = nanoseconds(event.timestamp)
            timed = instant is not None
            self._instant = self._instant if instant is None else instant
            if opened.value is not None and opened.shape is not None:
                found += self._checked(frame, event, opened.value, opened.shape)
        elif frame.state is State.HEAD:
            self._heads += 1
        elif not opened.readable:
            self._damage += 1
        self.clean = event is not None and not found
        told = [(one, self._grading.of(one.code)) for one in found if self._grading.asks(one.code)]
        if not self._in_range(event):
            told = []
        if event is None and not told:
            return None
        selected = event is not None and selects(self._selection, event, numbered)
        named = event is not None and (self._selection.events is None or self._selection.events.takes(event.event))
        return Seen(
            self._log,
            self._name,
            event,
            selected,
            named,
            self._seq,
            self._instant,
            raw,
            frame.offset,
            told,
            frame.state,
            timed,
            numbered,
        )

    def _in_range(self, event: Envelope | None) -> bool:
        """Whether what is found here is of the range that was asked for, by number and time.

        What is no event stands behind the one before it; whether that is far enough is known when the next one comes.
        """
        selection = self._selection
        if event is None:
            return selection.until_seq is None or self._seq < selection.until_seq
        return selection.takes_seq(event.seq) and (selection.since is None or self._instant >= selection.since)

    def pass_over(self, tally: Tally, taken: int = 0) -> None:
        """Take note of a stretch that is clean, without looking at it, but for the first events, ``taken`` many."""
        self.met += tally.events - taken
        for thread, mark in sorted(tally.tails.items(), key=lambda one: one[1].offset):
            before = self._latest.pop(thread, None)
            if before is None and len(self._latest) >= THREADS_KEPT:
                self._latest.pop(next(iter(self._latest)))
            self._latest[thread] = (mark, self._damage, self._heads)
            self.extent.span(thread, *(tally.seqs or (0, mark.seq)))
            self._seq, self._instant = mark.seq, mark.instant or self._instant

    def _checked(self, frame: Frame, event: Envelope, value: dict[str, object], shape: Shape) -> list[Finding]:
        """What an event shows by itself, and beside the one before it in its thread."""
        found = list(alone(frame, event, value, shape, self.plan, self._looked))
        mark = mark_of(event, value, frame)
        thread = thread_key(event.thread_id)
        before = self._latest.pop(thread, None)
        if before is not None:
            earlier, damage, heads = before
            joined, damaged = heads != self._heads, damage != self._damage
            found += beside(thread, earlier, mark, damaged, joined, self._looked, self.plan.gaps)
        elif len(self._latest) >= THREADS_KEPT:
            self._latest.pop(next(iter(self._latest)))
        self._latest[thread] = (mark, self._damage, self._heads)
        return found


def event_of(frame: Frame, opened: Opened, plan: Plan) -> Envelope | None:
    """The event of a frame that was opened; in a frame of the compat stream its name and what it carries, else None.

    What is no event of ours has no numbers and no ids (CONTRACT.md 3.4).
    """
    if opened.envelope is not None or opened.value is None:
        return opened.envelope
    name = frame.event or ""
    if plan.shape is not Shape.COMPAT and name not in COMPAT_NAMES:
        return None
    return envelope_of({**opened.value, "payload": opened.value, "event": name or "message"})


def selects(selection: Selection, event: Envelope, numbered: bool) -> bool:
    """Whether an event is asked for by its number, ids and time, whatever it is called.

    One that is not ``numbered`` is in no range of numbers.
    """
    return (
        (selection.takes_seq(event.seq) if numbered else selection.since_seq is None and selection.until_seq is None)
        and (not selection.threads or event.thread_id in selection.threads)
        and selection.takes_ids(event.turn_id, event.item_id)
        and selection.takes_instant(nanoseconds(event.timestamp))
    )
