"""Recording: one log or capture as a row of entries that can be compared with those of another.

What cannot be read is an entry, too, by its bytes: two logs that are damaged alike are equal. In a text beyond
``heavy.HEAVY`` large values are read as stand-ins, which are equal where the texts of the values are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from replay_cli import rules
from replay_cli.comparing import essence
from replay_cli.cutting import HEAD_KEPT, cut
from replay_cli.envelope import Envelope
from replay_cli.errors import SourceError
from replay_cli.frames import Frame, State
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.looking import event_of
from replay_cli.opening import Opened, envelope_of, open_frame
from replay_cli.planning import Options, Planned, planned
from replay_cli.profiles import RECORD_ORDER, Shape
from replay_cli.sources import Source
from replay_cli.timestamps import nanoseconds
from replay_cli.volatile import Node
from replay_cli.walk import FRAMINGS

UNREADABLE = "(unreadable)"
"""What stands for the name of an event where none could be read."""

_NOTHING = frozenset([State.BLANK, State.DATALESS, State.HEAD, State.SILENT])
"""Frames that no reader takes for an event."""

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Met:
    """An event as it was met, or what could not be read.

    ``text`` is its JSON, ``compat`` tells that this is only what it carries. ``line`` counts from 1, in the source.
    ``event`` is None for what could not be read; ``seq`` is None where there is no number.
    """

    line: int
    text: bytes
    event: Envelope | None
    value: Document | None
    compat: bool = False

    @property
    def seq(self) -> int | None:
        """Its number."""
        return None if self.event is None or self.compat else self.event.seq


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that can be aligned. ``key``, ``near`` and ``rank`` are as ``aligning`` says.

    ``digest`` and ``ids`` are its essence. ``text`` and ``compat`` are as in ``Met``; ``name`` is the event's.
    """

    key: object
    near: object | None
    rank: int | None
    digest: bytes
    ids: tuple[str, ...]
    line: int
    seq: int | None
    name: str
    text: bytes
    compat: bool

    @property
    def weight(self) -> int:
        """Bytes that are held for it, about."""
        return len(self.text) + 400


class Recording:
    """One opened source. ``events`` counts what was met, ``unreadable`` what of it could not be read.

    ``unexamined`` counts frames beyond the limit, which cannot be compared. ``failure`` is why it could not be read
    to its end. Events with a seq above ``until_seq`` are passed over, and so is what follows them without a number.
    """

    def __init__(self, source: Source, options: Options, until_seq: int | None = None) -> None:
        self.name = source.name
        self._planned: Planned = planned(source, options)
        self.until = until_seq
        self._reader = JsonReader()
        self.events = self.unreadable = self.unexamined = 0
        self.failure: SourceError | None = None

    @property
    def shape(self) -> Shape:
        """The shape of its events."""
        return self._planned.plan.shape

    @property
    def foreign(self) -> str:
        """What it is instead of a log of events; empty if it is one."""
        return self._planned.what if self.shape is Shape.FOREIGN else ""

    def met(self) -> Iterator[Met]:
        """All it holds, in order, once. Never raises: see ``failure``."""
        line, beyond = 1, False
        try:
            for frame in self._frames():
                one = self._look(frame, line)
                line += frame.lines
                if one is None:
                    continue
                if one.seq is not None:
                    beyond = self.until is not None and one.seq > self.until
                if beyond:
                    continue
                self.events += 1
                self.unreadable += one.event is None
                yield one
        except SourceError as error:
            self.failure = error

    def _frames(self) -> Iterator[Frame]:
        plan = self._planned.plan
        framing = FRAMINGS[plan.framing]
        for block in cut(self._planned.chunks, framing, max(plan.limit, HEAD_KEPT)):
            yield from framing.frames(block)

    def _look(self, frame: Frame, line: int) -> Met | None:
        plan = self._planned.plan
        if frame.state in _NOTHING:
            return None
        if frame.state is State.OVERLONG or frame.length > plan.limit:
            self.unexamined += 1
            return None
        opened = open_frame(frame, plan, self._reader)
        event = event_of(frame, opened, plan)
        if event is None or opened.value is None:
            return Met(line, frame.data, None, None)
        compat = opened.envelope is None
        value: Document = {"event": event.event, "payload": opened.value} if compat else opened.value
        return Met(line, _text(frame, opened, value, compat), event, value, compat)


def _text(frame: Frame, opened: Opened, value: Document, compat: bool) -> bytes:
    """A text that is read as this value again."""
    if compat or any(one.code == rules.UNREAD_FIELD.code for one in opened.findings):
        return json.dumps(value).encode()
    return frame.data


def value_of(entry: Entry) -> Document:
    """What an entry says, read again; what cannot be read as a text with escapes."""
    reading = JsonReader().read(entry.text) if entry.name != UNREADABLE else None
    if not isinstance(reading, Reading):
        return {"unreadable": entry.text.decode(errors="backslashreplace")}
    if isinstance(reading.value, list):
        return dict(zip(RECORD_ORDER, reading.value, strict=True))
    return reading.value if isinstance(reading.value, dict) else {}


def event_in(entry: Entry) -> Envelope | None:
    """The event of an entry, read again; None if it cannot be read."""
    return None if entry.name == UNREADABLE else envelope_of(value_of(entry))


class Entering:
    """Makes entries of what was met. ``by_seq`` lets the number be the key, else it is what the event says.

    ``exact_times`` makes times of unlike spelling comparable.
    """

    def __init__(self, root: Node, by_seq: bool, exact_times: bool) -> None:
        self.root = root
        self._by_seq, self._exact_times = by_seq, exact_times

    def entries(self, row: Iterator[Met]) -> Iterator[Entry]:
        """An entry for each."""
        return map(self.entry, row)

    def entry(self, met: Met) -> Entry:
        """What was met as an entry."""
        if met.event is None or met.value is None:
            digest = b"\0" + blake2b(met.text, digest_size=16).digest()
            return Entry(digest, UNREADABLE, None, digest, (), met.line, None, UNREADABLE, met.text, False)
        found = essence(self.form(met.value), self.root)
        by_seq = self._by_seq and met.seq is not None
        return Entry(
            met.seq if by_seq else found.digest,
            None if by_seq else _resemblance(met.event),
            met.seq if by_seq else None,
            found.digest,
            found.ids,
            met.line,
            met.seq,
            met.event.event,
            met.text,
            met.compat,
        )

    def form(self, value: Document) -> Document:
        """An event in the form that all shapes share."""
        made = {"turn_id": None, "item_id": None, **value}
        time = made.get("timestamp")
        if self._exact_times and isinstance(time, str) and (instant := nanoseconds(time)) is not None:
            made["timestamp"] = instant
        return made


def _resemblance(event: Envelope) -> tuple[object, ...]:
    """What two events share that are different versions of one."""
    payload = event.payload if isinstance(event.payload, dict) else {}
    item, tool = payload.get("item"), payload.get("tool")
    kinds = (
        item.get("kind") if isinstance(item, dict) else None,
        tool.get("name") if isinstance(tool, dict) else None,
        payload.get("kind"),
    )
    return (event.event, *(kind if isinstance(kind, str) else None for kind in kinds))
