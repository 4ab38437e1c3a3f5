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
from replay_cli.deltas import EVENT, Columns, Deltas
from replay_cli.fields import compact
from replay_cli.layouts import Exemplar
from replay_cli.profiles import Shape

_IDS = frozenset({"thread_id", "turn_id", "item_id"})

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
    if data[:1] != b"{" or b"\r" in data or not pattern.ids_together:
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
    b"\0minute\0:\0second\0",
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


def texts_of(columns: Columns) -> Texts:
    """The insides of the payloads, where a template was made that has them ``apart``."""
    begin, between, end = _PAYLOAD
    inside = [payload[len(begin) : -len(end)].rpartition(between) for payload in columns.payloads]
    return Texts([text for text, _, _ in inside], [kind for _, _, kind in inside])


class Woven(NamedTuple):
    """Deltas as they become, in pieces, ``width`` for each of them."""

    pieces: list[bytes]
    width: int


def woven(
    template: Template, columns: Columns, links: list[bytes] | None = None, inside: Texts | None = None
) -> Woven:
    """The deltas of some columns as a template says that was made for their pattern, with new links and insides."""
    rows, minutes, parts = len(columns.seqs), columns.minutes, template.parts
    if len(set(minutes)) == 1:
        parts = _folded(parts, "minute", minutes[0])
    parts, ids = _with_ids_as_one(parts, columns)
    width = len(parts)
    pieces = [b""] * (rows * width)
    for index, part in enumerate(parts):
        if isinstance(part, bytes):
            pieces[index::width] = [part] * rows
        elif part == "ids":
            pieces[index::width] = ids
        else:
            pieces[index::width] = _column(part, template, columns, links, inside)
    return Woven(pieces, width)


def _folded(parts: Parts, name: str, value: bytes) -> Parts:
    """The parts with a slot as constant as what stands around it."""
    folded: list[bytes | str] = []
    for part in parts:
        text = value if part == name else part
        if folded and isinstance(text, bytes) and isinstance(folded[-1], bytes):
            folded[-1] += text
        else:
            folded.append(text)
    return folded


def _with_ids_as_one(parts: Parts, columns: Columns) -> tuple[Parts, list[bytes]]:
    """The parts with the ids, and what is constant around them, as one slot ``ids``, and the column for it.

    There are few different ones in many deltas.
    """
    places = [index for index, part in enumerate(parts) if part in _IDS]
    first, last = places[0] - 1, places[-1] + 2
    spelled = {}
    for text in set(columns.ids):
        ids = columns.pattern.ids(text)
        spelled[text] = b"".join([part if isinstance(part, bytes) else ids[part] for part in parts[first:last]])
    return [*parts[:first], "ids", *parts[last:]], [spelled[text] for text in columns.ids]


def _column(
    name: str, template: Template, columns: Columns, links: list[bytes] | None, inside: Texts | None
) -> Sequence[bytes]:
    match name:
        case "seq":
            return columns.seqs
        case "minute":
            return columns.minutes
        case "second":
            return columns.seconds if template.target.shape is None else _as_written(columns.seconds)
        case "payload":
            loose = template.loose and template.target.tight
            return list(map(compact, columns.payloads)) if loose else columns.payloads
        case "previous_seq":
            return links if links is not None else [link or b"" for link in columns.links]
    assert inside is not None
    return inside.texts if name == "text" else inside.kinds


def _as_written(seconds: list[bytes]) -> list[bytes]:
    """Seconds as the runtime writes them."""
    return list(map(without_zeros, seconds)) if any(second.endswith(b"000") for second in seconds) else seconds


def without_zeros(second: bytes) -> bytes:
    """A second without the groups of zeros that chrono drops (CONTRACT.md 1), as ``wire.time_text`` has it."""
    return _ZEROS(b"", second) if second.endswith(b"000") else second


_ZEROS = re.compile(rb"\.?(?:000)+\Z").sub
