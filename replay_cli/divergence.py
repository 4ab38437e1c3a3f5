"""Divergence: what two recordings differ in, as lines for a person and as a document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from replay_cli.comparing import Pair
from replay_cli.errors import one_line
from replay_cli.ledger import Found, Place, Value, counted
from replay_cli.version import __version__
from replay_cli.wording import count

FORMAT_VERSION = 1

_SIGNS = {"changed": "~", "missing": "-", "added": "+", "reordered": ">"}


@dataclass(frozen=True, slots=True)
class Side:
    """A recording: its name, how many events were compared, how many could not be read, and what ended it early.

    ``unexamined`` is how many were too long to be compared.
    """

    name: str
    events: int
    unreadable: int
    unexamined: int
    failure: str | None

    @property
    def whole(self) -> bool:
        """Whether all of it was compared."""
        return self.failure is None and not self.unexamined


@dataclass(frozen=True, slots=True)
class Contrast:
    """The outcome: both sides, how they were aligned, what differs by kind, and the first of it."""

    left: Side
    right: Side
    align: str
    counts: dict[str, int]
    found: list[Found]

    @property
    def total(self) -> int:
        """How many events differ."""
        return sum(self.counts.values())

    @property
    def equal(self) -> bool:
        """Whether the recordings are equal: all of both was compared, that is something, and nothing differs."""
        return not self.total and self.left.whole and self.right.whole and self.left.events > 0

    def lines(self) -> Iterator[str]:
        """What differs, for a person; nothing if nothing does."""
        if not self.total:
            return
        yield f"--- {one_line(self.left.name)}"
        yield f"+++ {one_line(self.right.name)}"
        for one in self.found:
            yield _head(one)
            for value in one.values:
                yield f"    {value.pointer or '(the event)'}"
                yield f"      - {_shown(value.left)}"
                yield f"      + {_shown(value.right)}"
                yield from (f"      ids: {_paired(pair)}" for pair in value.clashes)
            if one.more:
                yield f"    and {count(one.more, 'difference')} more"
        if len(self.found) < self.total:
            yield f"and {count(self.total - len(self.found), 'event')} more"

    def summary(self) -> str:
        """The outcome in one line."""
        how = f"aligned by {self.align}"
        if self.equal:
            return f"equal: {count(self.left.events, 'event')}, {how}"
        sides = f"{self.left.events:,} and {count(self.right.events, 'event')}"
        if not self.left.events and not self.right.events:
            return "nothing to compare: neither recording holds an event"
        if not self.total:
            return f"not known to be equal: no difference in what could be compared; {sides}, {how}"
        events = count(self.total, "event") + (" differs" if self.total == 1 else " differ")
        return f"{events}: {counted(self.counts)}; {sides}, {how}"

    def document(self) -> str:
        """The outcome as a JSON text, in ASCII."""
        made = {
            "format_version": FORMAT_VERSION,
            "tool": {"name": "replay", "version": __version__},
            "left": _side(self.left),
            "right": _side(self.right),
            "align": self.align,
            "equal": self.equal,
            "counts": self.counts,
            "differences": [_found(one) for one in self.found],
        }
        return json.dumps(made, indent=2)


def _head(one: Found) -> str:
    place = one.left or one.right
    assert place is not None
    told = [_SIGNS[one.kind], one.kind, _seq(one.left, one.right), place.event, _lines(one)]
    return " ".join(part for part in told if part) + (f": {place.text}" if place.text else "")


def _seq(left: Place | None, right: Place | None) -> str:
    seqs = [place.seq for place in (left, right) if place is not None and place.seq is not None]
    if not seqs:
        return ""
    return f"seq {seqs[0]}" if len(set(seqs)) == 1 else f"seq {seqs[0]}/{seqs[1]}"


def _lines(one: Found) -> str:
    left, right = one.left, one.right
    if left is not None and right is not None:
        return f"(line {left.line}, {right.line})" if left.line != right.line else f"(line {left.line})"
    return f"(line {(left or right).line})" if left or right else ""  # type: ignore[union-attr]


def _paired(pair: Pair) -> str:
    one, other = pair.left_line, pair.right_line
    return f"{pair.left} is {pair.right} since line {one}" + (f", {other}" if one != other else "")


def _shown(text: str | None) -> str:
    return "(absent)" if text is None else text


def _side(side: Side) -> dict[str, Any]:
    return {
        "source": side.name,
        "events": side.events,
        "unreadable": side.unreadable,
        "unexamined": side.unexamined,
        "failure": side.failure,
    }


def _found(one: Found) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "left": _place(one.left),
        "right": _place(one.right),
        "values": [_value(value) for value in one.values],
        "more": one.more,
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"line": place.line, "seq": place.seq, "event": place.event, "text": place.text}


def _value(value: Value) -> dict[str, Any]:
    clashes = [pair._asdict() for pair in value.clashes]
    return {"pointer": value.pointer, "left": value.left, "right": value.right, "clashes": clashes}
