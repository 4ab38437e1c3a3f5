"""Deltas: the frames that are nine in ten, read a block at a time.

A pattern made from one ``item.delta`` frame splits a block: between the deltas stands what is none, and of each delta
come its slots, as columns. Of an id only its length is in the pattern, and ids stand in one group with the constant
bytes around them: a few dozen different texts in a block, each of them proven once (``Region``). What a pattern can
show at no extra cost it shows itself; what is cheaper for a whole column (times, UTF-8, ids) is looked at there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from replay_cli import payloads
from replay_cli.layouts import ID, NUMBER, SEQ, Exemplar, Slot, is_minute

EVENT = b"item.delta"

REMEMBERED = 4096
"""Texts with ids that are remembered; beyond, all are forgotten: a hostile log may hold millions."""

_ESCAPED = (
    rb'\\(?:["\\/bfnrt]|u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}'
    # Halves of a surrogate pair only as a pair: serde_json refuses one alone (CONTRACT.md 1, run).
    rb"|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))"
)
_PLAIN = rb'[^"\\\x00-\x1f]*+'
TEXT = _PLAIN + b"(?:" + _ESCAPED + _PLAIN + b")*+"
"""The inside of a JSON string, by RFC 8259, 7; its UTF-8 is looked at apart."""

_WORD = rb"[a-z_]{1,40}+"
_PAYLOAD = re.compile(
    rb'\{ ?(?:"delta": ?"(?P<text>[^\r\n]*)", ?"kind": ?"(?P<kind>[a-z_]{1,40})"'
    rb'|"kind": ?"(?P<kind_first>[a-z_]{1,40})", ?"delta": ?"(?P<text_last>[^\r\n]*)") ?\}'
)
_INSIDE = {"text": TEXT, "kind": _WORD, "kind_first": _WORD, "text_last": TEXT}
_IN_REGION = {"thread_id": ID, "turn_id": b'"' + ID + b'"', "item_id": b'"' + ID + b'"'}
"""The ids of a delta. Both are strings (CONTRACT.md 5.1): a null is not for this pattern to judge."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the deltas of a block say, a list for each slot; ``bad`` the rows (from 0) that are not proven.

    ``torn`` tells that line ends stand in one of those where the pattern has none: then it is not a frame.
    """

    seqs: list[bytes]
    links: list[bytes | None]
    threads: list[bytes]
    minutes: list[bytes]
    seconds: list[bytes]
    bad: set[int]
    torn: bool


class Region:
    """A stretch of constant bytes with ids in it, in all frames of one length."""

    def __init__(self, text: bytes, start: int, end: int, slots: list[Slot]) -> None:
        parts, at = [], start
        for slot in slots:
            parts += [re.escape(text[at : slot.start]), b"(?P<%b>%b)" % (slot.name.encode(), _IN_REGION[slot.name])]
            at = slot.end
        self._match = re.compile(b"".join((*parts, re.escape(text[at:end])))).fullmatch
        self._line_ends = _line_ends(text[start:end])
        self.names_thread = any(slot.name == "thread_id" for slot in slots)
        self._threads: dict[bytes, bytes | None] = {}

    def threads(self, different: set[bytes]) -> dict[bytes, bytes | None]:
        """For each of the different texts the thread id in it, empty if it has none; None: not such a stretch."""
        if not different <= self._threads.keys():
            if len(self._threads) > REMEMBERED:
                self._threads.clear()
            for text in different:
                found = self._match(text)
                self._threads[text] = (found.groupdict().get("thread_id") or b"") if found else None
        return self._threads

    def slots(self, text: bytes) -> dict[str, bytes]:
        """The slots in such a stretch, by name."""
        found = self._match(text)
        assert found is not None
        return found.groupdict()

    def is_torn(self, text: bytes) -> bool:
        """Whether line ends stand elsewhere in a text than in such a stretch."""
        return _line_ends(text) != self._line_ends


def _line_ends(text: bytes) -> list[int]:
    return [index for index, byte in enumerate(text) if byte in b"\r\n"]


class Deltas:
    """All ``item.delta`` frames that differ from one of them in slots only, ids and times of the same lengths."""

    def __init__(self, exemplar: Exemplar, payload: bytes, terminator: bytes) -> None:
        self.exemplar = exemplar
        """The frame that it was made from."""
        self.looked = (*exemplar.looked, payloads.ID_PRESENCE)
        """The codes of the rules that each of these frames is asked for."""
        self.regions: dict[int, Region] = {}
        """By the numbers of their groups."""
        # DOTALL, so that a stretch of so many bytes, whatever they are, is skipped at once.
        pattern = re.compile(self._pattern(exemplar, payload) + re.escape(terminator), re.DOTALL)
        self.split = pattern.split
        """A block as a flat list: what stands before a delta, its slots, what stands before the next, and so on."""
        self.stride = pattern.groups + 1
        self.group = dict(pattern.groupindex)
        """The number of each slot that is a group of its own."""

    def _pattern(self, exemplar: Exemplar, payload: bytes) -> bytes:
        """Constant bytes as they stand, those around ids as regions, slots as groups or back-references."""
        text = exemplar.text
        parts: list[bytes] = []
        named: set[str] = set()
        ids: list[Slot] = []
        groups = at = 0
        for slot in (*exemplar.slots, Slot("end", len(text), len(text))):
            if slot.name in _IN_REGION:
                ids.append(slot)
                continue
            if ids:
                groups += 1
                self.regions[groups] = Region(text, at, slot.start, ids)
                parts.append(b"(.{%d})" % (slot.start - at))
                ids = []
            else:
                parts.append(re.escape(text[at : slot.start]))
            groups += slot.name not in named and slot.name in _GROUPED
            parts.append(_value(slot, payload, named))
            at = slot.end
        return b"".join(parts)

    def columns(self, flat: list[bytes]) -> Columns:
        """The columns of a block that was split, each looked at as a whole, and row by row only if that fails."""
        group, stride = self.group, self.stride
        minutes, texts = flat[group["minute"] :: stride], flat[group["payload"] :: stride]
        threads, bad, torn = self._threads(flat)
        if not all(map(is_minute, set(minutes))):
            bad.update(index for index, minute in enumerate(minutes) if not is_minute(minute))
            torn = torn or any(_line_ends(minute) for minute in set(minutes) if not is_minute(minute))
        try:
            b"\n".join(texts).decode()
        except UnicodeDecodeError:
            bad.update(index for index, text in enumerate(texts) if not _is_utf8(text))
        links: list[bytes | None] = [*flat[group["previous_seq"] :: stride]] if "previous_seq" in group else []
        return Columns(
            flat[group["seq"] :: stride],
            links or [None] * len(texts),
            threads,
            minutes,
            flat[group["second"] :: stride],
            bad,
            torn,
        )

    def _threads(self, flat: list[bytes]) -> tuple[list[bytes], set[int], bool]:
        """The thread of each row, the rows whose ids are not proven, and whether one of those is torn."""
        threads: list[bytes] = []
        bad: set[int] = set()
        torn = False
        for group, region in self.regions.items():
            texts = flat[group :: self.stride]
            different = set(texts)
            known = region.threads(different)
            found = {known[text] for text in different}
            if None in found:
                bad.update(index for index, text in enumerate(texts) if known[text] is None)
                torn = torn or any(region.is_torn(text) for text in different if known[text] is None)
            if region.names_thread:
                only = found.pop() if len(found) == 1 else None
                threads = [only] * len(texts) if only else [known[text] or b"" for text in texts]
        return threads, bad, torn


_GROUPED = ("seq", "previous_seq", "minute", "second", "payload")


def _value(slot: Slot, payload: bytes, named: set[str]) -> bytes:
    """What stands for a slot in the pattern; ``named`` are the groups before it, and gets its own."""
    name = slot.name.encode()
    if slot.name in named:
        return b"(?P=" + name + b")"
    match slot.name:
        case "seq":
            value = SEQ
        case "previous_seq":
            value = NUMBER
        case "minute":
            value = b".{16}"
        case "second":
            digits = slot.end - slot.start - 3
            value = b"[0-5][0-9]" + (rb"\.[0-9]{%d}" % digits if digits > 0 else b"")
        case "payload":
            value = payload
        case "event":
            return re.escape(EVENT)
        case _:
            return b""
    named.add(slot.name)
    return b"(?P<" + name + b">" + value + b")"


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def deltas_of(exemplar: Exemplar, terminator: bytes) -> Deltas | None:
    """The pattern made from a frame; None if it is no ``item.delta``, or not of the common form.

    ``terminator`` are the bytes that end the frame.
    """
    if exemplar.value("event") != EVENT:
        return None
    payload = _payload(exemplar.value("payload") or b"")
    ids = {name for name in _IN_REGION if exemplar.value(name) not in (None, b"null")}
    return Deltas(exemplar, payload, terminator) if payload is not None and ids == _IN_REGION.keys() else None


def _payload(text: bytes) -> bytes | None:
    """A pattern for payloads that differ from this one in text and kind only; None if it is not of a common form."""
    found = _PAYLOAD.fullmatch(text)
    if found is None:
        return None
    parts, at = [], 0
    for name in sorted((name for name in _INSIDE if found[name] is not None), key=found.start):
        parts += [re.escape(text[at : found.start(name)]), _INSIDE[name]]
        at = found.end(name)
    return b"".join((*parts, re.escape(text[at:])))
