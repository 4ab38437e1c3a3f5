"""Layouts: how a writer lays out its frames, learned from one frame that the reference has found clean.

The argument on which the prover rests. Cut a clean frame's bytes at the values of its known fields: the slots.
A frame that differs from it in slots only, and whose slots hold values of the same sort, has the same structure:
the same members once each, nothing else, at the same depth. So all that is left to show is what the slots say,
and each slot has a pattern that shows it. Nothing about a writer is assumed: any order of the members and any
white space will do, because they are those of the frame that the reference has read.

Each slot's pattern is narrower than what the contract allows (no escapes, no id beyond 80 characters, no time that
the runtime would not write). What it does not cover is not proven, and goes to the reference.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from replay_cli import payloads, rules
from replay_cli.columns import Row, Whole, asked
from replay_cli.drafts import Draft, reader
from replay_cli.envelope import Envelope
from replay_cli.members import Member, members
from replay_cli.payloads import COMPLETED
from replay_cli.plainjson import read_plain
from replay_cli.profiles import KNOWN, Shape
from replay_cli.timestamps import nanoseconds

SEQ = rb"[1-9][0-9]{0,14}+"
"""A seq: canonical, so that equal text means equal number, and far below 2**53; none is 0 (CONTRACT.md 3.3)."""

NUMBER = rb"(?:0|" + SEQ + rb")"
"""A link, likewise; the first of all names 0."""

NAME = rb"[A-Za-z0-9_.-]{1,80}+"
ID = rb"[A-Za-z0-9_.:-]{1,80}+"
"""Ids and names without escapes, short enough that they stand for themselves (``marks.LONGEST_KEY``)."""

MINUTE = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}"
TIME = MINUTE + rb":[0-5][0-9](?:\.(?:[0-9]{9}|[0-9]{6}|[0-9]{3}))?+"
"""A time in the form that the runtime writes, without its offset: then text goes in the order of time."""

TO_MINUTE = 16
"""Bytes of it that tell the minute."""

VALUES: dict[str, bytes] = {
    "seq": SEQ,
    "previous_seq": NUMBER,
    "event": NAME,
    "thread_id": ID,
    "turn_id": rb'(?:null|"' + ID + rb'")',
    "item_id": rb'(?:null|"' + ID + rb'")',
    "time": TIME,
    # Read afterwards.
    "payload": rb"(?s:.*)",
}
"""What each slot may hold."""

ID_VALUES = {"thread_id": ID, "turn_id": b'"' + ID + b'"', "item_id": b'"' + ID + b'"'}
"""What it holds where it is an id, and not null."""

_MINUTE = re.compile(MINUTE).fullmatch
_NEGATIVE_ZERO = re.compile(rb"-0[,}\]\s]")
_TIME = re.compile(rb'"(' + TIME + rb')(?:Z|\+00:00)"')
_NEEDED = {
    Shape.ENVELOPE: KNOWN[Shape.LEGACY] | {"kind"},
    # Without schema_version a record's shape would hang on which of its ids are null (``opening.shape_differs``).
    Shape.RECORD: (KNOWN[Shape.LEGACY] | {"schema_version"}) - {"turn_id", "item_id"},
    Shape.LEGACY: KNOWN[Shape.LEGACY],
}
_ALLOWED = {
    Shape.ENVELOPE: KNOWN[Shape.ENVELOPE] | {"previous_seq"},
    Shape.RECORD: KNOWN[Shape.RECORD],
    Shape.LEGACY: KNOWN[Shape.LEGACY],
}
_SLOT_OF = {"kind": "event", "created_at": "timestamp"}
"""Which slot a field repeats: where both stand in a frame they must agree."""


class Slot(NamedTuple):
    """A stretch of a frame that varies: its name, and where it stands (0-based bytes, end exclusive)."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A clean frame cut into slots: its bytes without the terminator, the slots in order, and its shape.

    ``looked`` are the codes of the rules that every frame of this layout can be asked for.
    """

    text: bytes
    slots: tuple[Slot, ...]
    looked: tuple[str, ...]

    def value(self, name: str) -> bytes | None:
        """The bytes of the first slot of this name."""
        return next((self.text[slot.start : slot.end] for slot in self.slots if slot.name == name), None)


def exemplar_of(text: bytes, data: bytes, start: int, shape: Shape) -> Exemplar | None:
    """Cut a clean frame into slots; None if it is laid out in a way that no pattern covers.

    ``text`` is the frame without its terminator, ``data`` its JSON text, which stands in it at ``start`` to the end.
    """
    found = list(members(data))
    names = [member.name for member in found]
    if len(set(names)) < len(names) or not _NEEDED[shape] <= set(names) <= _ALLOWED[shape]:
        return None
    slots: list[Slot] = list(_sse_slots(text[:start]))
    for member in found:
        slots += (Slot(name, start + at, start + end) for name, at, end in _member_slots(data, member))
    exemplar = Exemplar(text, tuple(slots), tuple(_looked(names, slots, start)))
    return exemplar if _consistent(exemplar) else None


def _member_slots(data: bytes, member: Member) -> Iterable[Slot]:
    name, start, end = _SLOT_OF.get(member.name, member.name), member.start, member.end
    if name == "timestamp":
        time = _TIME.fullmatch(data, start, end)
        return (Slot("time", *time.span(1)),) if time else (Slot("none", 0, 0),)
    if name in ("event", "thread_id"):
        return (Slot(name, start + 1, end - 1),)
    return (Slot(name, start, end),) if name in VALUES else ()


_SSE_FIELD = re.compile(rb"(?:event: ?(?P<event>[^\r\n]*)|id: ?(?P<seq>[^\r\n]*)|(?P<none>[^\r\n]+))(?:\r\n|\n)")


def _sse_slots(prefix: bytes) -> Iterable[Slot]:
    """The slots in the lines above the data, and in front of it (nothing but ``data:`` may stand there)."""
    at = 0
    while (found := _SSE_FIELD.match(prefix, at)) is not None:
        name = found.lastgroup or "none"
        yield Slot(name, *found.span(name))
        at = found.end()
    if prefix[at:] not in (b"", b"data:", b"data: "):
        yield Slot("none", at, len(prefix))


def _looked(names: list[str], slots: list[Slot], start: int) -> Iterable[str]:
    above = {slot.name for slot in slots if slot.end <= start}
    if "kind" in names:
        yield rules.KIND_MISMATCH.code
    if "created_at" in names:
        yield rules.CREATED_AT_MISMATCH.code
    if "event" in above:
        yield rules.SSE_EVENT_MISMATCH.code
    if "seq" in above:
        yield rules.SSE_ID_MISMATCH.code


def _consistent(exemplar: Exemplar) -> bool:
    """Whether each slot of the frame holds what its pattern says, and slots of one name the same bytes."""
    seen: dict[str, bytes] = {}
    for name, start, end in exemplar.slots:
        text = exemplar.text[start:end]
        if name not in VALUES or not re.fullmatch(VALUES[name], text) or seen.setdefault(name, text) != text:
            return False
    return True


def _is_tight(exemplar: Exemplar) -> bool:
    """Whether there is no white space between the tokens of the JSON of a frame, but maybe in its payload.

    Inside of what else is known there is none.
    """
    payload = next(slot for slot in exemplar.slots if slot.name == "payload")
    before = exemplar.text[: payload.start]
    data = before[before.rfind(b"\n") + 1 :].removeprefix(b"data:").removeprefix(b" ")
    around = data + b"0" + exemplar.text[payload.end :]
    return around.split() == [around]


def pattern_of(exemplar: Exemplar, values: dict[str, bytes]) -> bytes:
    """The frame as a pattern: slots as named groups, a repeated one as a back-reference, all else as it stands."""
    draft = Draft(exemplar.text)
    for slot in exemplar.slots:
        draft.put_slot(*slot, values[slot.name])
    return draft.done()


class Layout:
    """One way to lay out a frame, for any event: reads a frame of this layout into a row.

    ``height`` is how many line ends such a frame has, those of its terminator included.
    """

    def __init__(self, exemplar: Exemplar, ends: int) -> None:
        self.height = exemplar.text.count(b"\n") + ends
        self._looked = exemplar.looked
        self._tight = _is_tight(exemplar)
        compiled, self._groups = reader(pattern_of(exemplar, VALUES), VALUES)
        self._match = compiled.fullmatch

    def fits(self, text: bytes) -> bool:
        """Whether a frame (without its terminator) is laid out so, whatever it says."""
        return self._match(text) is not None

    def read(self, text: bytes) -> Row | None:
        """What a frame (without its terminator) says, if it is of this layout and nothing is wrong with it."""
        found = self._match(text)
        if found is None:
            return None
        seq, link, name, thread, turn, item, time, payload = found.group(*self._groups)
        event = name.decode()
        looked = _looked_at(event, thread.decode(), _id(turn), _id(item), payload)
        if looked is None:
            return None
        whole = Whole(turn, item, payload, text, self._tight, False)
        return Row(seq, link, thread, time, asked(event, self._looked + looked), whole)


def _looked_at(event: str, thread: str, turn: str | None, item: str | None, payload: bytes) -> tuple[str, ...] | None:
    """The rules that a payload was asked for; None if it is no JSON, or disagrees."""
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
    plain = payloads.plainly_agreed(event, thread, turn, item, value)
    if plain is not None:
        return plain
    looked: Counter[str] = Counter()
    envelope = Envelope(0, event, thread, turn, item, "", value)
    disagreement = next(payloads.disagreements(envelope, looked), None)
    return tuple(looked.elements()) if disagreement is None else None


def _id(text: bytes | None) -> str | None:
    return None if text is None or text == b"null" else text[1:-1].decode()


@lru_cache(maxsize=4096)
def minute_begins(text: bytes) -> int | None:
    """When a minute begins, in nanoseconds since 1970; None if a text is none, in the form ``YYYY-MM-DDTHH:MM``."""
    return nanoseconds(text.decode() + ":00Z") if _MINUTE(text) is not None else None


def is_minute(text: bytes) -> bool:
    """Whether a text is a minute that there is."""
    return minute_begins(text) is not None


def instant(time: bytes) -> int:
    """A time of this form, which there is, in nanoseconds since 1970."""
    # SS, or SS.fraction: with its fraction filled up, the digits are nanoseconds.
    return (minute_begins(time[:TO_MINUTE]) or 0) + int(time[TO_MINUTE + 1 :].replace(b".", b"").ljust(11, b"0"))


def are_real(times: list[bytes]) -> bool:
    """Whether each of some times of this form, which ascend, has a minute that there is."""
    at = 0
    while at < len(times):
        minute = times[at][:TO_MINUTE]
        if not is_minute(minute):
            return False
        # Of texts in order those stand in a row that begin in the same way.
        at = bisect_left(times, minute + b";", at)
    return True
