"""Skeletons: frames of events that are no deltas, read by one look where that was learned.

The argument of ``layouts`` once more: a frame that differs from a clean one in its slots, and in its payload in the
insides of strings and in numbers only, has the same structure. The name of the event and the status stay as they are
in that one, and so do ids that are null; each id in the payload that mirrors the frame's is a slot of the same name.
So the same rules were asked, and nothing was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from replay_cli import payloads
from replay_cli.columns import Row
from replay_cli.drafts import Draft, reader
from replay_cli.fields import compact
from replay_cli.layouts import ID_VALUES, VALUES, Exemplar, Slot, is_minute
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
"""Values in it at most that hold no others."""

_NUMBER = rb"-?(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]{1,15}+)?+"
"""Numbers that are far from where readers differ."""

_GROUPS = ("seq", "previous_seq", "thread_id", "turn_id", "item_id", "minute", "second", "payload")
_IDS = ("thread_id", "turn_id", "item_id")
_VALUES = VALUES | ID_VALUES
"""What each slot holds: ids that are null stand as they are."""

# Where a name is found that is not the frame's, no skeleton fits.
_NAME = re.compile(rb'"event": ?"([A-Za-z0-9_.-]{1,80})"').search


class Skeleton:
    """The pattern of a frame, which is that of ``exemplar`` with ``row``: it reads frames of that kind into rows."""

    def __init__(self, pattern: bytes, exemplar: Exemplar, row: Row) -> None:
        self._match, self._groups = reader(pattern, _GROUPS)
        self._event, self._looked = row.event, row.looked
        self._tight = row.tight, compact(row.payload) is row.payload
        self._nulls = [value if value == b"null" else None for value in map(exemplar.value, _IDS[1:])]

    def read(self, text: bytes) -> Row | None:
        """What a frame (without its terminator) says, if it is of this kind and nothing is wrong with it."""
        found = self._match(text)
        if found is None:
            return None
        seq, link, thread, turn, item, minute, second, payload = found.group(*self._groups)
        if not is_minute(minute) or not (text.isascii() or is_utf8(text)):
            return None
        turn, item = turn or self._nulls[0], item or self._nulls[1]
        return Row(
            seq, link, thread, minute, second, self._event, self._looked, turn, item, payload, text, *self._tight
        )


@dataclass(slots=True)
class _Event:
    """What is known of one event: how many skeletons may still be made, those that there are, and how many frames
    fitted none since the last was made.
    """

    left: int
    skeletons: list[Skeleton] = field(default_factory=list)
    waiting: int = 0


class Skeletons:
    """The skeletons that were learned, by event."""

    def __init__(self) -> None:
        self._events: dict[bytes, _Event] = {}

    def copy(self) -> Skeletons:
        """What was learned so far, to go on from."""
        copied = Skeletons()
        copied._events = {name: replace(event, skeletons=[*event.skeletons]) for name, event in self._events.items()}
        return copied

    def read(self, text: bytes) -> Row | None:
        """What a frame (without its terminator) says; None where no skeleton fits."""
        name = _NAME(text)
        event = self._events.get(name[1]) if name is not None else None
        if event is not None:
            for skeleton in event.skeletons:
                row = skeleton.read(text)
                if row is not None:
                    return row
        return None

    def wants(self, row: Row) -> bool:
        """Whether it is worth while to learn from a frame that a layout has read; it counts them."""
        name = row.event.encode()
        event = self._events.get(name)
        if event is None:
            if len(self._events) >= EVENTS:
                return False
            event = self._events[name] = _Event(SKELETONS)
        event.waiting += 1
        return event.waiting > PATIENCE and event.left > 0

    def learn(self, exemplar: Exemplar, row: Row) -> None:
        """Learn from a frame that it ``wants``."""
        event = self._events[row.event.encode()]
        event.waiting = 0
        event.left -= 1
        made = skeleton_of(exemplar, row)
        if made is not None:
            event.skeletons.append(made)


def skeleton_of(exemplar: Exemplar, row: Row) -> Skeleton | None:
    """The skeleton of a clean frame; None where values in its payload are compared in another way."""
    compared = payloads.compared(row.event)
    if compared is None or len(row.payload) > LONGEST:
        return None
    draft = Draft(exemplar.text)
    for slot in exemplar.slots:
        if slot.name == "payload":
            draft.put(slot.start, slot.start, b"(?P<payload>")
            if not _put_payload(draft, slot, exemplar, compared):
                return None
            draft.put(slot.end, slot.end, b")")
        elif slot.name != "event" and exemplar.text[slot.start : slot.end] != b"null":
            draft.put_slot(*slot, _VALUES[slot.name])
    skeleton = Skeleton(draft.done(), exemplar, row)
    return skeleton if skeleton.read(exemplar.text) is not None else None


def _put_payload(draft: Draft, slot: Slot, exemplar: Exemplar, compared: payloads.Compared) -> bool:
    """Put patterns in place of the values in a payload; whether all can be told by patterns."""
    leaves = list(_leaves(draft.text, slot.start, slot.end, ()))
    if len(leaves) > MOST or any(leaf.path[: len(other)] == other for leaf in leaves for other in compared.others):
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
        elif path not in compared.words:
            draft.put(start, end, _any_like(value))
    return True


def _any_like(value: bytes) -> bytes:
    """The pattern of a value of the same sort."""
    if value[:1] == b'"':
        return STRING
    return _NUMBER if value[:1] in b"-0123456789" else re.escape(value)


class _Leaf(NamedTuple):
    """A value that holds no other: the names that lead to it, and where it stands (0-based bytes, end exclusive)."""

    path: tuple[str, ...]
    start: int
    end: int


def _leaves(text: bytes, start: int, end: int, path: tuple[str, ...]) -> Iterator[_Leaf]:
    """The values in a value that hold no other, in order; what is in an array has a number for a name."""
    value = text[start:end]
    inside: list[tuple[str, int, int]] = []
    if value.startswith(b"{"):
        inside = [(member.name, member.start, member.end) for member in members(value)]
    elif value.startswith(b"["):
        inside = [(f"[{number}]", *span) for number, span in enumerate(elements(value)) if span[0] < span[1]]
    for name, at, to in inside:
        yield from _leaves(text, start + at, start + to, (*path, name))
    if not inside:
        yield _Leaf(path, start, end)
