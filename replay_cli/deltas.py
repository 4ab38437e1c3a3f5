"""Deltas: the frames that are nine in ten, read a block at a time.

A pattern made from one ``item.delta`` frame splits a block: between the deltas stands what is none, and of each delta
come its slots, as columns; the payload is one only for who makes something else of it. Of an id only its length is in
the pattern, and ids stand in one group with the constant bytes around them: a few dozen different texts in a block,
each of them proven once (``Region``). What a pattern can show at no extra cost it shows itself; what is cheaper for a
whole column (minutes, UTF-8, ids) is looked at there. Each group costs as much as forty bytes that are matched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import compress, count, pairwise

from replay_cli import payloads
from replay_cli.columns import UNSURE, Columns
from replay_cli.drafts import Draft
from replay_cli.layouts import ID_VALUES, SEQ, TO_MINUTE, Exemplar, Slot
from replay_cli.strings import ASCII, TEXT, is_utf8

EVENT = b"item.delta"

REMEMBERED = 4096
"""Texts with ids that are remembered; beyond, all are forgotten: a hostile log may hold millions."""

# The two that there are mostly are letters in a row, which is faster than a set.
_WORD = rb"(?:agent_(?:message|reasoning)|[a-z_]{1,40}+)"
_PAYLOAD = re.compile(
    rb'\{ ?(?:"delta": ?"(?P<text>[^\r\n]*)", ?"kind": ?"(?P<kind>[a-z_]{1,40})"'
    rb'|"kind": ?"(?P<kind_first>[a-z_]{1,40})", ?"delta": ?"(?P<text_last>[^\r\n]*)") ?\}'
)
# These differ little among the deltas of a block, and are strings in each (CONTRACT.md 5.1): a null is not for this
# pattern to judge.
_IN_REGION = ID_VALUES

_INSIDE = ("text", "kind", "kind_first", "text_last")


Gaps = list[tuple[int, bytes]]
"""What stands between deltas, if anything: before how many of them, counted from 0, and what."""


@dataclass(frozen=True, slots=True)
class Found:
    """The deltas of a block, in ``gaps`` what stands between them, and in ``flat`` all that and all slots, as they
    were split.

    Those that are not proven have no seq; ``torn`` tells that line ends stand in one of those where the pattern has
    none: then it is not a frame.
    """

    columns: Columns
    gaps: Gaps
    flat: list[bytes]
    torn: bool


class Region:
    """A stretch of constant bytes with ids in it, in all frames of one length."""

    def __init__(self, text: bytes, start: int, end: int, slots: list[Slot]) -> None:
        draft = Draft(text, start, end)
        for slot in slots:
            draft.put_slot(*slot, _IN_REGION[slot.name])
        self._match = re.compile(draft.done()).fullmatch
        self._line_ends = _line_ends(text[start:end])
        self.names = frozenset(slot.name for slot in slots)
        """Of the slots in it."""
        self._known: dict[bytes, dict[str, bytes] | None] = {}

    def read(self, different: set[bytes]) -> dict[bytes, dict[str, bytes] | None]:
        """For each of the different texts its slots by name; None: not such a stretch."""
        known = self._known
        if not different <= known.keys():
            if len(known) > REMEMBERED:
                known.clear()
            for text in different:
                found = self._match(text)
                known[text] = found.groupdict() if found else None
        return known

    def slots(self, text: bytes) -> dict[str, bytes]:
        """The slots in a text that is such a stretch, by name."""
        slots = self.read({text})[text]
        assert slots is not None
        return slots

    def is_torn(self, text: bytes) -> bool:
        """Whether line ends stand elsewhere in a text than in such a stretch."""
        return _line_ends(text) != self._line_ends


def _line_ends(text: bytes) -> list[int]:
    return [index for index, byte in enumerate(text) if byte in b"\r\n"]


class Deltas:
    """All ``item.delta`` frames that differ from one of them in slots only, ids and times of the same lengths.

    ``exemplar`` is the frame, ``payload`` a pattern for payloads. In a block as it is split each slot that is a group
    has its number in ``group``, and so has each region, by its name in ``regions``; ``stride`` leads from delta to
    delta.
    """

    def __init__(self, exemplar: Exemplar, payload: bytes, terminator: bytes) -> None:
        self.exemplar = exemplar
        self.looked = (*exemplar.looked, payloads.ID_PRESENCE)
        """The codes of the rules that each of these frames is asked for."""
        self.regions: dict[str, Region] = {}
        # DOTALL, so that a stretch of so many bytes, whatever they are, is skipped at once.
        pattern = re.compile(self._pattern(exemplar, payload) + re.escape(terminator), re.DOTALL)
        self._split = pattern.split
        self.stride = pattern.groups + 1
        self.group = dict(pattern.groupindex)
        self.linked = "previous_seq" in self.group
        """Whether each of these frames has a link."""

    def _pattern(self, exemplar: Exemplar, payload: bytes) -> bytes:
        """Constant bytes as they stand, those around ids as regions; all else as groups."""
        text = exemplar.text
        # The name of the event is always the same, so not a slot but constant.
        slots = [slot for slot in exemplar.slots if slot.name != "event"]
        parts: list[bytes] = []
        named: set[str] = set()
        held: list[Slot] = []
        at = 0
        for slot in (*slots, Slot("end", len(text), len(text))):
            if slot.name in _IN_REGION and slot.name not in named:
                if not parts:
                    # A pattern that begins with bytes that it knows is searched for fastest.
                    parts.append(re.escape(text[: slot.start]))
                    at = slot.start
                named.add(slot.name)
                held.append(slot)
                continue
            if held:
                name = f"region_{len(self.regions)}"
                self.regions[name] = Region(text, at, slot.start, held)
                repeated = [one for one in held if [other.name for other in slots].count(one.name) > 1]
                parts.append(_region(name, at, slot.start, repeated))
                held = []
            else:
                parts.append(re.escape(text[at : slot.start]))
            parts.append(_value(slot, payload, named))
            at = slot.end
        return b"".join(parts)

    def covers(self, text: bytes) -> bool:
        """Whether a frame, its terminator included, is matched by the pattern."""
        return self._split(text)[0] == b""

    def find(self, data: bytes) -> Found:
        """The deltas of a block, each column looked at as a whole, and row by row only if that fails."""
        flat, group, stride = self._split(data), self.group, self.stride
        seqs, texts = flat[group["seq"] :: stride], flat[group.get("payload") or group["text"] :: stride]
        columns = Columns(seqs, [], [], flat[group["time"] :: stride])
        between = flat[::stride]
        gaps = [(index, between[index]) for index in compress(count(), between)]
        bad, torn = self._read_regions(flat, columns, [index for index, _ in gaps])
        try:
            b"\n".join(filter(None, texts)).decode()
        except UnicodeDecodeError:
            bad.update(index for index, text in enumerate(texts) if text and not is_utf8(text))
        columns.links = flat[group["previous_seq"] :: stride] if self.linked else [None] * len(seqs)
        for index in bad:
            seqs[index] = UNSURE.seq
        return Found(columns, gaps, flat, torn)

    def _read_regions(self, flat: list[bytes], columns: Columns, seams: list[int]) -> tuple[set[int], bool]:
        """Fill the columns that come from regions: the rows that are not proven, and whether one of those is torn.

        ``seams`` are the rows before which something else stands.
        """
        bad: set[int] = set()
        torn = False
        for name, region in self.regions.items():
            texts = flat[self.group[name] :: self.stride]
            different = _different(texts, seams)
            known = region.read(different)
            wrong = [text for text in different if known[text] is None]
            if wrong:
                bad.update(index for index, text in enumerate(texts) if known[text] is None)
                torn = torn or any(map(region.is_torn, wrong))
            if "thread_id" in region.names:
                columns.threads = _threads(texts, {text: known[text] for text in different})
        return bad, torn


def _different(texts: list[bytes], seams: list[int]) -> set[bytes]:
    """The different ones of some texts; ``seams`` are the indices at which another may begin."""
    different: set[bytes] = set()
    for start, end in pairwise([0, *seams, len(texts)]):
        row = texts[start:end]
        # Those in a row are mostly the same, which is told sooner than what they hash to.
        if row and row.count(row[0]) == len(row):
            different.add(row[0])
        else:
            different.update(row)
    return different


def _threads(texts: list[bytes], slots: dict[bytes, dict[str, bytes] | None]) -> list[bytes]:
    """The thread in each text of a region, empty where it is not proven."""
    values = {text: found["thread_id"] if found else b"" for text, found in slots.items()}
    different = set(values.values())
    return [different.pop()] * len(texts) if len(different) == 1 else [values[text] for text in texts]


def _region(name: str, start: int, end: int, repeated: list[Slot]) -> bytes:
    """A region as a group of so many bytes, with a group in it for each slot that the frame repeats."""
    parts, at = [], start
    for slot in repeated:
        parts.append(b".{%d}(?P<%b>.{%d})" % (slot.start - at, slot.name.encode(), slot.end - slot.start))
        at = slot.end
    return b"(?P<%b>%b.{%d})" % (name.encode(), b"".join(parts), end - at)


def _value(slot: Slot, payload: bytes, named: set[str]) -> bytes:
    """What stands for a slot in the pattern; ``named`` are the groups before it, and gets its own."""
    name = slot.name.encode()
    if slot.name in named:
        return b"(?P=" + name + b")"
    match slot.name:
        case "seq" | "previous_seq":
            # The first of all events, whose link is 0, is no delta: told in one way, a number is matched sooner.
            value = SEQ
        case "time":
            # Its minute is looked at later (``sections``); but a line end in it would cut the frame.
            digits = slot.end - slot.start - TO_MINUTE - 4
            value = rb"(?-s:.{%d}):[0-5][0-9]" % TO_MINUTE + (rb"\.[0-9]{%d}" % digits if digits > 0 else b"")
        case "payload":
            return payload
        case _:
            return b""
    named.add(slot.name)
    return b"(?P<" + name + b">" + value + b")"


def deltas_of(exemplar: Exemplar, terminator: bytes, whole: bool) -> Deltas | None:
    """The pattern made from a frame; None if it is no ``item.delta``, or not of the common form.

    ``terminator`` are the bytes that end the frame; ``whole`` keeps the payloads.
    """
    if exemplar.value("event") != EVENT:
        return None
    held = {name for name in _IN_REGION if exemplar.value(name) not in (None, b"null")}
    payload = _payload(exemplar.value("payload") or b"", whole)
    return Deltas(exemplar, payload, terminator) if payload is not None and held == _IN_REGION.keys() else None


def _payload(text: bytes, whole: bool) -> bytes | None:
    """A pattern for payloads that differ from this one in text and kind only; None if it is not of a common form."""
    found = _PAYLOAD.fullmatch(text)
    if found is None:
        return None
    # Nine texts in ten are ASCII, which is UTF-8: only the others are kept, to be looked at.
    text_apart = TEXT if whole else b"(?P<text>" + TEXT + b")"
    value = {"text": b"(?:" + ASCII + b'(?=")|' + text_apart + b")", "kind": _WORD}
    draft = Draft(text)
    for name in sorted((name for name in _INSIDE if found[name] is not None), key=found.start):
        draft.put(*found.span(name), value[name.partition("_")[0]])
    return b"(?P<payload>" + draft.done() + b")" if whole else draft.done()
