"""Weaving: proven deltas put together from their columns to what they become, many at a time.

What one becomes is told by a template, which nobody spells out: it is what ``wire`` writes of an event whose values
are slots, or the frame that the pattern of the deltas was made from. So any layout that is proven can be woven.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from replay_cli import wire
from replay_cli.deltas import EVENT, Deltas
from replay_cli.fields import compact
from replay_cli.layouts import Exemplar
from replay_cli.marks import thread_key
from replay_cli.profiles import Shape
from replay_cli.slots import Slots

_MARK = b"\0"
"""Stands around the name of a slot; there is no such byte in a JSON text."""

_PAYLOAD = (b'{"delta":"', b'","kind":"', b'"}')
"""What is constant in a payload as the runtime writes it; the kind has no escapes."""

_BEFORE = wire.frame(EVENT.decode(), b"").removesuffix(b"\n\n")
"""What stands above and in front of the data in SSE."""


Parts = Sequence[bytes | str]
"""Constant bytes, and between any two of them the name of a slot."""


class Target(NamedTuple):
    """What deltas are to become.

    ``shape`` is None where it stays; ``linked``: with a new link; ``tight``: without white space between tokens;
    ``apart``: with another text inside of their payloads.
    """

    framing: str
    shape: Shape | None
    linked: bool
    tight: bool
    apart: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A delta as it becomes. ``loose`` tells that what it is made from has white space between tokens."""

    parts: Parts
    target: Target
    loose: bool


def template_of(pattern: Deltas, target: Target) -> Template | None:
    """What deltas of a pattern become; None if they have to be remade one by one."""
    exemplar = pattern.exemplar
    start = len(_BEFORE) if exemplar.text.startswith(_BEFORE) else 0
    data = exemplar.text[start:]
    if data[:1] != b"{" or b"\r" in data:
        # Other fields of SSE are lost and counted, and a line break is white space in JSONL only.
        return None
    loose = compact(data) is not data
    if target.apart and (loose or not (exemplar.value("payload") or b"").startswith(_PAYLOAD[0])):
        return None
    payload = b"%b\0text\0%b\0kind\0%b" % _PAYLOAD if target.apart else b"\0payload\0"
    if target.shape is None:
        text = _own(exemplar, start, payload)
        text = compact(text) if target.tight else text
        text = _linked(text) if target.linked else text
    elif target.shape is Shape.RECORD:
        text = wire.record(*_SLOTS, payload)
    else:
        text = wire.envelope(*_SLOTS, payload, b"\0previous_seq\0" if target.linked else None)
    framed = wire.line(text) if target.framing == "jsonl" else wire.frame(EVENT.decode(), text)
    parts = framed.split(_MARK)
    return Template([part.decode() if index % 2 else part for index, part in enumerate(parts)], target, loose)


_SLOTS = (
    b"\0seq\0",
    b'"' + EVENT + b'"',
    b'"\0thread_id\0"',
    b"\0turn_id\0",
    b"\0item_id\0",
    b"\0time\0",
)


def _own(exemplar: Exemplar, start: int, payload: bytes) -> bytes:
    """The JSON text of a frame, which begins at ``start``, with its slots marked."""
    parts, at = [], start
    for name, begin, end in exemplar.slots:
        if begin >= start:
            parts.append(exemplar.text[at:begin])
            parts.append({"event": EVENT, "payload": payload}.get(name, b"\0%b\0" % name.encode()))
            at = end
    return b"".join((*parts, exemplar.text[at:]))


def _linked(text: bytes) -> bytes:
    """An envelope with slots, among them a link (see ``remaking.relinked``)."""
    if b"\0previous_seq\0" in text:
        return text
    end = text.rindex(b"}")
    return text[:end] + b',"previous_seq":\0previous_seq\0' + text[end:]


class Texts(NamedTuple):
    """Columns of what is inside of payloads: the text that a delta adds, and its kind of item."""

    texts: list[bytes]
    kinds: list[bytes]


def texts_of(slots: Slots) -> Texts:
    """The insides of the payloads, where a template was made that has them ``apart``."""
    begin, between, end = _PAYLOAD
    inside = [payload[len(begin) : -len(end)].rpartition(between) for payload in slots.column("payload")]
    return Texts([text for text, _, _ in inside], [kind for _, _, kind in inside])


class Woven(NamedTuple):
    """Deltas as they become, in pieces, ``width`` for each of them."""

    pieces: list[bytes]
    width: int

    def among(self, others: list[tuple[int, bytes]]) -> bytes:
        """The deltas with other events among them, each of which has the number of those that stand before it."""
        pieces: list[bytes] = []
        start = 0
        for number, other in others:
            end = number * self.width
            pieces += self.pieces[start:end]
            pieces.append(other)
            start = end
        pieces += self.pieces[start:]
        return b"".join(pieces)


def woven(template: Template, slots: Slots, links: list[bytes] | None = None, inside: Texts | None = None) -> Woven:
    """Deltas as a template says that was made for their pattern, with new links and insides where it has them."""
    new: dict[bytes | str, list[bytes]] = {"previous_seq": links} if links is not None else {}
    if inside is not None:
        new |= {"text": inside.texts, "kind": inside.kinds}
    columns: list[bytes | list[bytes]] = []
    around: list[bytes | str] = []
    for part in template.parts:
        if isinstance(part, str) and (part in new or slots.stands_alone(part)):
            columns += [_constant(around, slots), new.get(part) or _column(part, template, slots)]
            around = []
        else:
            around.append(part)
    columns.append(_constant(around, slots))
    width = len(columns)
    pieces = [b""] * (slots.size * width)
    for index, column in enumerate(columns):
        pieces[index::width] = [column] * slots.size if isinstance(column, bytes) else column
    return Woven(pieces, width)


def _constant(parts: Parts, slots: Slots) -> bytes | list[bytes]:
    """What stands between slots that stand alone: the same in all deltas, or a column of few different texts."""
    constant = [part for part in parts if isinstance(part, bytes)]
    return b"".join(constant) if len(constant) == len(parts) else slots.texts(parts)


def _column(name: str, template: Template, slots: Slots) -> list[bytes]:
    """What becomes of a slot that stands alone."""
    column, target = slots.column(name), template.target
    if name == "payload" and template.loose and target.tight:
        return list(map(compact, column))
    if name == "time" and target.shape is not None and b"000," in b",".join((*column, b"")):
        return list(map(without_zeros, column))
    return column


def without_zeros(time: bytes) -> bytes:
    """A time without the groups of zeros that chrono drops (CONTRACT.md 1), as ``wire.time_text`` has it."""
    return _ZEROS(b"", time) if time.endswith(b"000") else time


_ZEROS = re.compile(rb"\.?(?:000)+\Z").sub


class NewLinks:
    """The links of deltas among other events, in order. ``last`` holds the last number of each thread."""

    def __init__(self, slots: Slots | None, only: bytes | None, base: int, last: dict[str, int]) -> None:
        """``only`` is the thread of them all, None if there are several."""
        self.made: list[bytes] = []
        self._seqs = slots.column("seq") if slots is not None else []
        self._threads = slots.column("thread_id") if slots is not None and only is None else []
        threads = {*self._threads} if only is None else {only}
        self._keys = {thread: thread_key(thread.decode()) for thread in threads}
        self._base, self._last = base, last

    def take(self, start: int, end: int) -> bool:
        """The links of the deltas from ``start`` to ``end``, exclusive, that stand side by side.

        Whether each comes behind all that was written of its thread. In a proven stretch numbers ascend.
        """
        if start == end:
            return True
        if self._threads:
            return min([self._take_one(index) for index in range(start, end)])
        (key,) = self._keys.values()
        before = self._last.get(key, self._base)
        self.made += [b"%d" % before, *self._seqs[start : end - 1]]
        self._last[key] = int(self._seqs[end - 1])
        return int(self._seqs[start]) > before

    def _take_one(self, index: int) -> bool:
        key, seq = self._keys[self._threads[index]], int(self._seqs[index])
        before = self._last.get(key, self._base)
        self.made.append(b"%d" % before)
        self._last[key] = seq
        return seq > before
