"""Skeletons: payloads of events that are no deltas, read by patterns where that was learned, else by orjson.

A skeleton is the argument of ``layouts`` once more: a payload that differs in the insides of strings and in numbers
only from one that agrees with its frame has the same structure. The status stays as it is in that one, and each id
that mirrors the frame's is held against it; so the same rules were asked, and nothing was found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from replay_cli import payloads
from replay_cli.envelope import Envelope
from replay_cli.members import elements, members
from replay_cli.payloads import COMPLETED
from replay_cli.plainjson import read_plain
from replay_cli.strings import STRING, is_utf8

PATIENCE = 200
"""Payloads of one event that are read by orjson before a skeleton is made: it costs as much as they do."""

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
_NEGATIVE_ZERO = re.compile(rb"-0[,}\]\s]")

Ids = tuple[bytes, bytes | None, bytes | None]
"""A frame's thread, without quotes; its turn and its item as they stand in it, quotes included, None if absent."""


class Skeleton:
    """The pattern of a payload. Its groups are the ids that stand in it, and ``numbers`` says which of the frame's
    (thread, turn and item) each is; ``ids`` are those of the frame that it is made of, whose nulls others must share.
    """

    def __init__(self, pattern: re.Pattern[bytes], numbers: list[int], ids: Ids, looked: tuple[str, ...]) -> None:
        self.looked = looked
        self._match = pattern.fullmatch
        self._numbers = numbers
        # That of an id in the payload is shown by the pattern, which has no null there.
        self._nulls = [(number, _is_null(ids[number])) for number in (1, 2) if number not in numbers]

    def fits(self, payload: bytes, ids: Ids) -> bool:
        """Whether a payload is so, and agrees with the ids of its frame."""
        found = self._match(payload)
        if found is None:
            return False
        for text, number in zip(found.groups(), self._numbers, strict=True):
            if text != ids[number]:
                return False
        for number, null in self._nulls:
            if _is_null(ids[number]) is not null:
                return False
        return payload.isascii() or is_utf8(payload)


@dataclass(slots=True)
class _Event:
    """What is known of one event's payloads: its name, how many skeletons may still be made, those that there are,
    and how many payloads fitted none since the last was made.
    """

    name: str
    left: int
    skeletons: list[Skeleton] = field(default_factory=list)
    waiting: int = 0


class Payloads:
    """Reads payloads, and learns while it does."""

    def __init__(self) -> None:
        self._events: dict[bytes, _Event] = {}

    def copy(self) -> Payloads:
        """What was learned so far, to go on from."""
        copied = Payloads()
        copied._events = {name: replace(event, skeletons=[*event.skeletons]) for name, event in self._events.items()}
        return copied

    def asked(self, name: bytes, ids: Ids, payload: bytes) -> tuple[str, tuple[str, ...]] | None:
        """The event's name, and the rules that a payload was asked for; None if it is no JSON, or disagrees."""
        event = self._events.get(name)
        if event is None:
            known = len(self._events) < EVENTS
            event = _Event(name.decode(), SKELETONS if known else 0)
            if known:
                self._events[name] = event
        for skeleton in event.skeletons:
            if skeleton.fits(payload, ids):
                return event.name, skeleton.looked
        looked = _asked(event.name, ids, payload)
        if looked is None:
            return None
        event.waiting += 1
        if event.waiting > PATIENCE and event.left:
            event.waiting = 0
            event.left -= 1
            made = skeleton_of(event.name, ids, payload, looked)
            if made is not None:
                event.skeletons.append(made)
        return event.name, looked


def _asked(event: str, ids: Ids, payload: bytes) -> tuple[str, ...] | None:
    # A line end inside a JSON text could only be white space, but in SSE it cuts.
    if b"\n" in payload or b"\r" in payload:
        return None
    try:
        value = read_plain(payload)
    except ValueError:
        return None
    # To the reference -0 is no integer; to orjson it is, and a duration may be compared with it.
    if event == COMPLETED and _NEGATIVE_ZERO.search(payload):
        return None
    thread, turn, item = ids[0].decode(), _id(ids[1]), _id(ids[2])
    asked = payloads.plainly_agreed(event, thread, turn, item, value)
    if asked is not None:
        return asked
    looked: Counter[str] = Counter()
    envelope = Envelope(0, event, thread, turn, item, "", value)
    disagreement = next(payloads.disagreements(envelope, looked), None)
    return tuple(looked.elements()) if disagreement is None else None


def _is_null(text: bytes | None) -> bool:
    return text is None or text == b"null"


def _id(text: bytes | None) -> str | None:
    return None if text is None or text == b"null" else text[1:-1].decode()


def skeleton_of(event: str, ids: Ids, payload: bytes, looked: tuple[str, ...]) -> Skeleton | None:
    """The skeleton of a payload that agrees with its frame; None where its values are compared in another way."""
    compared = payloads.compared(event)
    if compared is None or len(payload) > LONGEST:
        return None
    mirrors, words, others = compared
    leaves = list(_leaves(payload, 0, len(payload), ()))
    if len(leaves) > MOST or any(leaf.path[: len(other)] == other for leaf in leaves for other in others):
        return None
    parts, numbers, at = [], [], 0
    for path, start, end in leaves:
        parts.append(re.escape(payload[at:start]))
        if path in mirrors:
            numbers.append(mirrors[path])
            parts.append(b'"([^"]*+)"' if mirrors[path] == 0 else b'("[^"]*+")')
        elif path in words:
            parts.append(re.escape(payload[start:end]))
        else:
            parts.append(_any_like(payload[start:end]))
        at = end
    pattern = re.compile(b"".join((*parts, re.escape(payload[at:]))))
    skeleton = Skeleton(pattern, numbers, ids, looked)
    return skeleton if skeleton.fits(payload, ids) else None


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
