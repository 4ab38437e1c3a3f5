"""Redacting: events with what was asked for taken out, all other bytes as they are.

Two walks follow the same rules (``redactions``). Texts that orjson writes as it reads them, as the runtime does, are
walked as values. All others are walked token by token over their bytes, with neither a value nor recursion, whatever
their white space, escapes, doubled names, numbers and depth: this walk defines what is right.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import orjson

from replay_cli.allowed import ITEM_KIND
from replay_cli.masking import MARK, Masks
from replay_cli.members import elements, members
from replay_cli.places import Place
from replay_cli.profiles import RECORD_ORDER, Shape
from replay_cli.redactions import TEXT, Redaction, Rule, too_long
from replay_cli.userschema import bounded

_MARK = MARK.encode()
_LARGE = 1 << 20
"""Bytes from which on no value is built of a text: it may take twenty times as many."""
_EVENT_AT = RECORD_ORDER.index("event")


class Redactor:
    """Takes out of events what a redaction asks for; for one run.

    ``replaced`` counts, for each spec as it was written, the strings, names and numbers that were replaced.
    """

    def __init__(self, redaction: Redaction) -> None:
        self.replaced: Counter[str] = Counter()
        self._specs = redaction.specs
        self._rules = redaction.rules()
        self._masks = redaction.masks
        self._timed = next((rule.spec for rule in self._rules if rule.timed), None)
        self._all_alike = redaction.masks == Masks()

    def text(self, data: bytes, shape: Shape) -> bytes:
        """The text of one readable event without what is to be taken out; the very same object if nothing was.

        Raises UsageError if a pattern of the user's own takes too long.
        """
        limit: AbstractContextManager[None] = bounded() if self._timed else nullcontext()
        try:
            with limit:
                done = _by_value(data, shape, self._rules, self._masks)
                if done is None:
                    done = _by_token(data, shape, self._rules, self._masks)
        except TimeoutError:
            raise too_long(self._timed or "") from None
        text, counts = done
        for rule, count in zip(self._rules, counts, strict=True):
            if count:
                self.replaced[rule.spec] += count
        return text

    def counts(self) -> dict[str, int]:
        """How much was replaced by each spec, in the order in which they were given."""
        return {spec: self.replaced[spec] for spec in self._specs}

    @property
    def deltas_are_free(self) -> bool:
        """Whether of a delta nothing but its text is touched (see ``rest_stays``), by ``delta`` as by ``text``."""
        return [rule.spec for rule in self._rules] == [TEXT]

    def rest_stays(self, ids: Iterable[bytes], kinds: Iterable[bytes]) -> bool:
        """Whether deltas with these ids and kinds of item (JSON strings without escapes or their insides) keep them.

        To be asked once for a block: there are few different ones.
        """
        stays = self._masks.identifier
        return all(stays(name) == name for name in map(_inside, ids)) and all(
            _inside(kind) in ITEM_KIND for kind in kinds
        )

    def delta(self, text: bytes) -> bytes:
        """What becomes of the inside of the JSON string ``payload.delta`` under ``@text`` alone."""
        # A text that is a mark already begins as one, or is spelled with escapes.
        if self._all_alike and text and text[0] not in b"[\\":
            self.replaced[TEXT] += 1
            return _MARK
        value = _decoded(b'"' + text + b'"')
        masked = self._masks.of(value)
        if masked == value:
            return text
        self.replaced[TEXT] += 1
        return _encoded(masked)[1:-1]

    def event(self, name: str) -> str:
        """What becomes of the name of an event, in its text as in the SSE field above it."""
        return self._masks.event(name) if any(rule.spec == TEXT for rule in self._rules) else name


def _inside(text: bytes) -> str:
    return text.strip(b'"').decode()


def _decoded(token: bytes) -> str:
    return token[1:-1].decode() if b"\\" not in token else str(json.loads(token.decode(), strict=False))


def _encoded(text: str) -> bytes:
    """A string as serde_json writes it; half of a surrogate pair, which no UTF-8 can hold, as an escape."""
    return json.dumps(text, ensure_ascii=False).encode(errors="backslashreplace")


_Done = tuple[bytes, list[int]]
"""A text, and how much of it each rule replaced."""

# -- by value --------------------------------------------------------------------------------------------------------


class _ClashError(Exception):
    """Two members of an object would have one name."""


def _by_value(data: bytes, shape: Shape, rules: Sequence[Rule], masks: Masks) -> _Done | None:
    """What the rules make of a text; None where writing its value again might change more than they do."""
    if len(data) > _LARGE:
        return None
    try:
        value = orjson.loads(data)
        if orjson.dumps(value) != data:
            return None
    except ValueError:
        return None
    event = value.get("event") if isinstance(value, dict) else None
    if not isinstance(event, str):
        return None
    counts = []
    for rule in rules:
        walk = _Walk(masks)
        try:
            value = walk.value(value, rule.root(event, shape))
        except _ClashError:
            return None
        counts.append(walk.replaced)
    try:
        return (orjson.dumps(value) if any(counts) else data), counts
    except ValueError:
        return None


class _Walk:
    """A walk over one value, which is changed in place. Texts that are read are not deep (``orjson.dumps``)."""

    def __init__(self, masks: Masks) -> None:
        self.replaced = 0
        self._masks = masks

    def value(self, value: Any, place: Place) -> Any:
        """What becomes of a value at a place."""
        kind = type(value)
        if kind is str:
            masked = place.string(value)
            if masked != value:
                self.replaced += 1
            return masked
        if kind is dict:
            return self._object(value, place)
        if kind is list:
            for index, inner in enumerate(value):
                value[index] = self.value(inner, place.at(index))
            return value
        if value is None or not (place.nulls_truths if kind is bool else place.nulls_numbers):
            return value
        self.replaced += 1
        return None

    def _object(self, value: dict[str, Any], place: Place) -> dict[str, Any]:
        masked: dict[str, str] = {}
        marks = 0
        for name, inner in value.items():
            new = place.name(name)
            if new is not None:
                marks += 1
                masked[name] = self._masks.numbered(new, marks)
            elif MARK in name:
                marks += 1
            value[name] = self.value(inner, place.inside(name))
        changed = sum(new != name for name, new in masked.items())
        if not changed:
            return value
        self.replaced += changed
        renamed = {masked.get(name, name): inner for name, inner in value.items()}
        if len(renamed) != len(value):
            raise _ClashError
        return renamed


# -- by token --------------------------------------------------------------------------------------------------------

_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)


def _by_token(data: bytes, shape: Shape, rules: Sequence[Rule], masks: Masks) -> _Done:
    """What the rules make of any text that the reference can read."""
    event = _event_of(data)
    counts = []
    for rule in rules:
        walk = _Splice(data, masks)
        data = walk.text(rule.root(event, shape))
        counts.append(walk.replaced)
    return data, counts


def _event_of(data: bytes) -> str:
    """The name of the event; empty if it has none."""
    if data.lstrip(b" \t\r\n")[:1] == b"[":
        spans = list(elements(data))[_EVENT_AT : _EVENT_AT + 1]
    else:
        spans = [(member.start, member.end) for member in members(data) if member.name == "event"]
    for start, end in spans[-1:]:
        if data[start : start + 1] == b'"':
            return _decoded(data[start:end])
    return ""


class _Splice:
    """A walk over the bytes of one text. What is open is kept in two columns, so that depth costs little."""

    def __init__(self, data: bytes, masks: Masks) -> None:
        self.replaced = 0
        self._data, self._masks = data, masks
        self._out, self._kept = bytearray(), 0
        self._place: Place = Place()
        """Of the container that is open."""
        self._within = self._place
        """Where the next value stands."""
        self._number = 0
        """Of the element; of the masked names of an object so far."""
        self._in_object = self._wants_name = False
        self._places: list[Place] = []
        self._numbers = array("q")

    def text(self, root: Place) -> bytes:
        """The text as it becomes with this place as its root; the same object if nothing is replaced."""
        self._within = root
        steps: dict[int, Callable[[int, int], None]] = {
            ord('"'): self._string,
            **dict.fromkeys(b"[{", self._open),
            **dict.fromkeys(b"]}", self._close),
            ord(","): self._comma,
            ord(":"): self._colon,
        }
        data, scalar = self._data, self._scalar
        for token in _TOKENS.finditer(data):
            start, end = token.span()
            steps.get(data[start], scalar)(start, end)
        if not self.replaced:
            return data
        self._out += data[self._kept :]
        return bytes(self._out)

    def _replace(self, start: int, end: int, new: bytes) -> None:
        self._out += self._data[self._kept : start]
        self._out += new
        self._kept = end
        self.replaced += 1

    def _open(self, start: int, _end: int) -> None:
        self._places.append(self._place)
        self._numbers.append(self._number * 2 + self._in_object)
        self._place, self._number = self._within, 0
        self._in_object = self._wants_name = self._data[start] == ord("{")
        if not self._in_object:
            self._within = self._place.at(0)

    def _close(self, _start: int, _end: int) -> None:
        self._place = self._places.pop()
        self._number, in_object = divmod(self._numbers.pop(), 2)
        self._in_object, self._wants_name = bool(in_object), False

    def _comma(self, _start: int, _end: int) -> None:
        self._wants_name = self._in_object
        if not self._in_object:
            self._number += 1
            self._within = self._place.at(self._number)

    def _colon(self, _start: int, _end: int) -> None:
        self._wants_name = False

    def _string(self, start: int, end: int) -> None:
        text = _decoded(self._data[start:end])
        if self._wants_name:
            masked = self._name(text)
            self._within = self._place.inside(text)
        else:
            masked = self._within.string(text)
        if masked != text:
            self._replace(start, end, _encoded(masked))

    def _name(self, text: str) -> str:
        new = self._place.name(text)
        if new is None:
            self._number += MARK in text
            return text
        self._number += 1
        return self._masks.numbered(new, self._number)

    def _scalar(self, start: int, end: int) -> None:
        first = self._data[start]
        nulls = self._within.nulls_truths if first in b"tf" else self._within.nulls_numbers
        if nulls and first != ord("n"):
            self._replace(start, end, b"null")
