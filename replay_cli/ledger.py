"""Ledger: what two recordings differ in, as it is found step by step, counted and, up to a bound, listed."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from replay_cli.aligning import WEIGHT, WINDOW, Step
from replay_cli.comparing import ABSENT, Difference, Ids, Pair, differences
from replay_cli.errors import one_line
from replay_cli.heavy import HEAVY, marked
from replay_cli.recording import Document, Entering, Entry, event_in, value_of
from replay_cli.saying import said

TOLD = 20
"""Differences of one event that are told; all are counted, up to ``COUNTED``."""

COUNTED = 10_000

SHOWN = 100
"""Characters of a value that are shown around the place where two differ."""

PAIRS = 4
"""Pairs of ids that are told of one value."""

KINDS = ("changed", "missing", "added", "reordered")
"""What can become of an event: it says something else, the second recording lacks it, the first one lacks it, or it
stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Place:
    """An event of one of the recordings: its line from 1, its number if it has one, its name and what it says."""

    line: int
    seq: int | None
    event: str
    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """Where two events differ; ``left`` and ``right`` are pieces of JSON text around the place, None where absent.

    ``clashes`` are pairs of ids that were told to be the same, and are not here; the first ``PAIRS``.
    """

    pointer: str
    left: str | None
    right: str | None
    clashes: tuple[Pair, ...] = ()


@dataclass(slots=True)
class Found:
    """One event that differs. ``more`` counts the differences beyond those in ``values``."""

    kind: str
    left: Place | None
    right: Place | None
    values: list[Value] = field(default_factory=list)
    more: int = 0


class _Pool:
    """Events without a partner, those met last, by their keys."""

    def __init__(self) -> None:
        self._held: OrderedDict[object, list[tuple[Entry, Found | None]]] = OrderedDict()
        self._size = self._weight = 0

    def put(self, entry: Entry, found: Found | None) -> None:
        self._held.setdefault(entry.key, []).append((entry, found))
        self._size, self._weight = self._size + 1, self._weight + entry.weight
        while self._size > WINDOW or (self._weight > WEIGHT and self._size > 1):
            self.take(next(iter(self._held)))

    def take(self, key: object) -> tuple[Entry, Found | None] | None:
        row = self._held.get(key)
        if not row:
            return None
        entry, found = row.pop(0)
        if not row:
            del self._held[key]
        self._size, self._weight = self._size - 1, self._weight - entry.weight
        return entry, found


class Ledger:
    """Takes steps of an alignment; ``most`` differing events are listed."""

    def __init__(self, entering: Entering, by_seq: bool, most: int) -> None:
        self.found: list[Found] = []
        self.counts = dict.fromkeys(KINDS, 0)
        self._entering, self._by_seq, self._most = entering, by_seq, most
        self._ids = Ids()
        self._missing, self._added = _Pool(), _Pool()
        # How it stood at the last pair.
        self._settled = (0, 0, 0)

    @property
    def total(self) -> int:
        """How many events differ."""
        return sum(self.counts.values())

    def take(self, step: Step[Entry]) -> None:
        """Take note of two entries side by side, or of one that has nothing beside it."""
        left, right = step.left, step.right
        if left is not None and right is not None:
            values, number = self._compared(left, right, self._by_seq or left.key == right.key)
            if number:
                self._note("changed", left, right, values, number)
            self._settled = (len(self.found), self.counts["missing"], self.counts["added"])
        elif left is not None:
            self._alone(left, self._added, self._missing, "missing")
        elif right is not None:
            self._alone(right, self._missing, self._added, "added")

    def forget_tail(self, kind: str) -> None:
        """Forget what was ``missing`` or ``added`` behind the last pair: the other recording was not read so far."""
        listed, missing, added = self._settled
        self.found = self.found[:listed] + [one for one in self.found[listed:] if one.kind != kind]
        self.counts[kind] = min(self.counts[kind], missing if kind == "missing" else added)

    def _alone(self, entry: Entry, others: _Pool, own: _Pool, kind: str) -> None:
        partner = others.take(entry.key)
        if partner is None:
            left, right = (entry, None) if kind == "missing" else (None, entry)
            own.put(entry, self._note(kind, left, right, [], 0))
            return
        other, found = partner
        self.counts["added" if kind == "missing" else "missing"] -= 1
        self.counts["reordered"] += 1
        left, right = (entry, other) if kind == "missing" else (other, entry)
        values, number = self._compared(left, right, True)
        if found is not None:
            found.kind, found.left, found.right = "reordered", _place(left), _place(right)
            found.values, found.more = values, number - len(values)

    def _note(
        self, kind: str, left: Entry | None, right: Entry | None, values: list[Value], number: int
    ) -> Found | None:
        self.counts[kind] += 1
        if len(self.found) >= self._most:
            return None
        places = [None if entry is None else _place(entry) for entry in (left, right)]
        found = Found(kind, places[0], places[1], values, number - len(values))
        self.found.append(found)
        return found

    def _compared(self, left: Entry, right: Entry, sure: bool) -> tuple[list[Value], int]:
        """Where two entries differ, and in how many places; a pair that is not ``sure`` teaches no ids."""
        self._ids.lines = (left.line, right.line)
        if left.digest == right.digest and self._ids.agree_all(left.ids, right.ids):
            return [], 0
        documents = (self._document(left), self._document(right))
        rows = differences(*documents, self._entering.root, self._ids if sure else self._ids.untaught())
        all_of_them = islice(rows, COUNTED)
        told = [_value(one) for one in islice(all_of_them, TOLD)]
        return told, len(told) + sum(1 for _ in all_of_them)

    def _document(self, entry: Entry) -> Document:
        value = value_of(entry)
        if len(entry.text) > HEAVY:
            value = {name: marked(member) for name, member in value.items()}
        return self._entering.form(value)


def _place(entry: Entry) -> Place:
    event = event_in(entry)
    text = said(event) if event is not None else entry.text[: 2 * SHOWN].decode(errors="backslashreplace")
    text = " ".join(text[: 2 * SHOWN].split())
    return Place(entry.line, entry.seq, _short(entry.name), _short(text))


def _short(text: str) -> str:
    return one_line(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def _value(one: Difference) -> Value:
    left, right = _json(one.left), _json(one.right)
    start = _first_difference(left or "", right or "")
    one_piece, other = (None if text is None else _cut(text, start) for text in (left, right))
    clashes = (pair._replace(left=_short(pair.left), right=_short(pair.right)) for pair in one.clashes[:PAIRS])
    return Value(_cut(one.pointer, 0, 400), one_piece, other, tuple(clashes))


def _json(value: object) -> str | None:
    if value is ABSENT:
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _first_difference(left: str, right: str) -> int:
    """Where two texts begin to differ, by halving."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if left[low:middle] == right[low:middle] else (low, middle - 1)
    return low


def _cut(text: str, at: int, most: int = SHOWN) -> str:
    """A piece of a text around a place, what does not print escaped."""
    start = max(0, min(at - 30, len(text) - most))
    piece = text[start : start + most]
    before, behind = "…" if start else "", "…" if start + most < len(text) else ""
    return one_line(f"{before}{piece}{behind}")


def counted(counts: dict[str, int], kinds: Iterable[str] = KINDS) -> str:
    """How many events of each kind, in words."""
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in kinds)
