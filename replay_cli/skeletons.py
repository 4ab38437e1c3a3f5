"""Skeletons: frames of events that are no deltas, read by one look where that was learned.

The argument of ``layouts`` once more: a frame that differs from a clean one in its slots, and in its payload only in
the insides of strings, in numbers, and in how many strings an array of strings holds, has the same structure. Names
of events and statuses stay as they are in that one, and so do ids that are null; each id in the payload that mirrors
the frame's is a slot of the same name, and a duration is held against the times beside it. So the same rules were
asked, and nothing was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from replay_cli import payloads
from replay_cli.columns import UNSURE, Row, Whole
from replay_cli.drafts import Draft, reader
from replay_cli.fields import compact
from replay_cli.heavy import HEAVY
from replay_cli.layouts import ID_VALUES, VALUES, Exemplar, Slot
from replay_cli.members import elements, members
from replay_cli.strings import STRING, is_utf8

PATIENCE = 200
"""Frames of one event that are read by a layout before a skeleton is made: it costs as much as they do."""

SKELETONS = 4
"""Skeletons for one event that are tried at most: each takes milliseconds to make, and a hostile log has no end."""

EVENTS = 64
"""Names of events that are told apart at most, likewise."""

LONGEST = 4096
"""Bytes of the longest payload of which a skeleton is made."""

MOST = 64
"""Values in it at most that hold no others, an array of strings being one."""

_NUMBER = rb"-?(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]{1,15}+)?+"
"""Numbers that are far from where readers differ."""

_TIME = rb'"(?P<%b>[0-9TZ:.+-]{1,40}+)"'
"""Of such strings what they say is what stands in them."""

_DURATION = b"(?P<%b>0|[1-9][0-9]{0,14}+)"

_SAID = ("seq", "previous_seq", "thread_id", "time")
_KEPT = ("turn_id", "item_id", "payload", "frame")
_TIMES = ("duration", "started", "ended")
_IDS = ("thread_id", "turn_id", "item_id")
_VALUES = VALUES | ID_VALUES
"""What each slot holds: ids that are null stand as they are."""

# Where a name is found that is not the frame's, no skeleton fits.
_NAME = re.compile(rb'"event": ?"([A-Za-z0-9_.-]{1,80})"').search

_new = tuple.__new__

_NEAR = 24
"""Bytes by which events are told apart where a name stood before."""

_FAR = 1024
"""Bytes of a frame in which its name is looked for: what follows may be a block of frames without any."""


class Skeleton:
    """The pattern of a frame, which is that of ``exemplar`` with ``row``: it reads frames of that kind into rows.

    ``whole`` tells that these keep what they are made of.
    """

    def __init__(self, pattern: bytes, exemplar: Exemplar, row: Row, whole: bool) -> None:
        compiled, groups = reader(pattern, (*_SAID, *_KEPT, *_TIMES))
        self.match = compiled.match
        """Matches a frame, its terminator included, in data from a place on."""
        self._said, self._kept, self._times = groups[:4], groups[4:8], groups[8:]
        self._asked, self._whole = row.asked, row.whole if whole else None
        self._rest = (row.asked, None)
        self._nulls = [value if value == b"null" else None for value in map(exemplar.value, _IDS[1:])]
        self._is_timed = all(b"?P<%b>" % name.encode() in pattern for name in _TIMES)
        payload = exemplar.value("payload") or b""
        self._payload_tight = compact(payload) is payload

    def row(self, found: re.Match[bytes]) -> Row | None:
        """What a frame says that was matched; None if something is wrong with it. Its UTF-8 is not looked at."""
        if self._is_timed and not self._agrees(found):
            return None
        rest = (self._asked, self._kept_of(found, self._whole)) if self._whole else self._rest
        # What Row() does, in a third of the time.
        return _new(Row, found.group(*self._said) + rest)

    def _agrees(self, found: re.Match[bytes]) -> bool:
        """Whether a duration is that between the times beside it."""
        duration, started, ended = found.group(*self._times)
        return payloads.duration_agrees(int(duration), started.decode(), ended.decode())

    def _kept_of(self, found: re.Match[bytes], like: Whole) -> Whole:
        turn, item, payload, text = found.group(*self._kept)
        turn, item = turn or self._nulls[0], item or self._nulls[1]
        return Whole(turn, item, payload, text, like.tight, self._payload_tight)


@dataclass(slots=True)
class _Event:
    """What is known of one event: how many skeletons may still be made, those that there are, and how many frames
    fitted none since the last was made.
    """

    left: int
    skeletons: list[Skeleton] = field(default_factory=list)
    waiting: int = 0


class Skeletons:
    """The skeletons that were learned, by event, of frames that end in ``terminator``.

    ``whole`` tells that rows keep what they are made of.
    """

    def __init__(self, terminator: bytes, whole: bool) -> None:
        self._terminator, self._whole = terminator, whole
        self._events: dict[bytes, _Event] = {}
        # Where the last name stood, and what events there are by what stands there: mostly they are told by that.
        self._at = 0
        self._near: dict[bytes, _Event] = {}

    def copy(self) -> Skeletons:
        """What was learned so far, to go on from."""
        copied = Skeletons(self._terminator, self._whole)
        copied._events = {name: replace(event, skeletons=[*event.skeletons]) for name, event in self._events.items()}
        return copied

    def rows(self, data: bytes, other: Callable[[bytes], Row]) -> list[Row]:
        """What the frames in some data say. Those that fit no skeleton are read by ``other``, without terminators.

        A last one that has no end is unsure.
        """
        rows: list[Row] = []
        at, sound = 0, is_utf8(data)
        while at < len(data):
            place = at + self._at
            event = self._near.get(data[place : place + _NEAR]) or self._event(data, at)
            row = None
            for skeleton in event.skeletons if event is not None else ():
                found = skeleton.match(data, at)
                if found is not None:
                    end = found.end()
                    if end - at <= HEAVY and (sound or is_utf8(data[at:end])):
                        row = skeleton.row(found)
                    break
            if row is None:
                end = data.find(self._terminator, at)
                if end < 0:
                    return [*rows, UNSURE]
                row, end = other(data[at:end]), end + len(self._terminator)
            rows.append(row)
            at = end
        return rows

    def _event(self, data: bytes, at: int) -> _Event | None:
        """What is known of the event in the frame that begins there."""
        name = _NAME(data, at, at + _FAR)
        event = self._events.get(name[1]) if name is not None else None
        if name is not None and event is not None:
            place = name.start(1)
            if place - at != self._at or len(self._near) > EVENTS:
                self._at, self._near = place - at, {}
            self._near[data[place : place + _NEAR]] = event
        return event

    def wants(self, row: Row) -> bool:
        """Whether it is worth while to learn from a frame that a layout has read; it counts them."""
        name = row.asked.event.encode()
        event = self._events.get(name)
        if event is None:
            if len(self._events) >= EVENTS:
                return False
            event = self._events[name] = _Event(SKELETONS)
        event.waiting += 1
        return event.waiting > PATIENCE and event.left > 0

    def learn(self, exemplar: Exemplar, row: Row) -> None:
        """Learn from a frame that it ``wants``."""
        event = self._events[row.asked.event.encode()]
        event.waiting = 0
        event.left -= 1
        made = skeleton_of(exemplar, row, self._terminator, self._whole)
        if made is not None:
            event.skeletons.append(made)


def skeleton_of(exemplar: Exemplar, row: Row, terminator: bytes, whole: bool) -> Skeleton | None:
    """The skeleton of a clean frame; None where values in its payload are compared in another way.

    ``row`` is what a layout read, ``terminator`` ends such frames; ``whole`` tells whether the rows of the skeleton
    keep what they are made of.
    """
    compared = payloads.compared(row.asked.event)
    if compared is None or len(exemplar.value("payload") or b"") > LONGEST:
        return None
    draft = Draft(exemplar.text)
    for slot in exemplar.slots:
        if slot.name == "payload":
            draft.put(slot.start, slot.start, b"(?P<payload>" if whole else b"(?:")
            if not _put_payload(draft, slot, exemplar, compared):
                return None
            draft.put(slot.end, slot.end, b")")
        elif slot.name != "event" and exemplar.text[slot.start : slot.end] != b"null":
            draft.put_slot(*slot, _VALUES[slot.name])
    pattern = b"(?P<frame>%b)%b" % (draft.done(), re.escape(terminator))
    skeleton = Skeleton(pattern, exemplar, row, whole)
    found = skeleton.match(exemplar.text + terminator)
    return skeleton if found is not None and skeleton.row(found) is not None else None


def _put_payload(draft: Draft, slot: Slot, exemplar: Exemplar, compared: payloads.Compared) -> bool:
    """Put patterns in place of the values in a payload; whether all can be told by patterns."""
    leaves = list(_leaves(draft.text, slot.start, slot.end, ()))
    if len(leaves) > MOST:
        return False
    for path, start, end in leaves:
        value = draft.text[start:end]
        if path in compared.mirrors:
            name = _IDS[compared.mirrors[path]]
            # A thread's slot is what stands between the quotes.
            inside = name == "thread_id"
            if draft.text[start + inside : end - inside] != exemplar.value(name) or value == b"null":
                return False
            draft.put_slot(name, start + inside, end - inside, _VALUES[name])
        elif path in compared.times:
            draft.put(start, end, _time_like(value, _TIMES[compared.times.index(path)]))
        elif path not in compared.words:
            draft.put(start, end, _any_like(value))
    return True


def _time_like(value: bytes, name: str) -> bytes:
    """The pattern of a duration or a time; anything else stands as it is, so that nothing is compared with it."""
    pattern = (_DURATION if name == "duration" else _TIME) % name.encode()
    return pattern if re.fullmatch(pattern, value) else re.escape(value)


def _any_like(value: bytes) -> bytes:
    """The pattern of a value of the same sort."""
    if value[:1] == b'"':
        return STRING
    if value[:1] == b"[":
        return _strings_like(value)
    return _NUMBER if value[:1] in b"-0123456789" else re.escape(value)


def _strings_like(value: bytes) -> bytes:
    """The pattern of an array of strings, of any number of them, separated as these are."""
    spans = [span for span in elements(value) if span[0] < span[1]]
    between = value[spans[0][1] : spans[1][0]] if len(spans) > 1 else b","
    return rb"\[(?:%b(?:%b%b)*+)?+\]" % (STRING, re.escape(between), STRING)


class _Leaf(NamedTuple):
    """A value that is not looked into: the names that lead to it, and where it stands (bytes, end exclusive)."""

    path: tuple[str, ...]
    start: int
    end: int


def _leaves(text: bytes, start: int, end: int, path: tuple[str, ...]) -> Iterator[_Leaf]:
    """The values in a value that are not looked into, in order: those that hold no others, and arrays of strings.

    What is in another array has a number for a name.
    """
    value = text[start:end]
    inside: list[tuple[str, int, int]] = []
    if value.startswith(b"{"):
        inside = [(member.name, member.start, member.end) for member in members(value)]
    elif value.startswith(b"[") and not _are_strings(value):
        inside = [(f"[{number}]", *span) for number, span in enumerate(elements(value)) if span[0] < span[1]]
    for name, at, to in inside:
        yield from _leaves(text, start + at, start + to, (*path, name))
    if not inside:
        yield _Leaf(path, start, end)


def _are_strings(array: bytes) -> bool:
    """Whether an array is one of strings, laid out in a regular way."""
    return re.fullmatch(_strings_like(array), array) is not None
