"""JSON text: bytes to a value, or the one reason why not. The reference for the JSON layer.

The verdicts are those of the runtime's serde_json (CONTRACT.md 1; vectors ``envelope_lines`` and ``json_lines``):
strict UTF-8, at most 127 nested containers, no lone surrogate escape, no number beyond a double, no NaN. Python's
own decoder does the reading; what it takes too kindly is looked for beside it. Integers keep all their digits,
``-0`` and ``1.0`` become floats, so that a schema can tell them from integers as the runtime does.

Everything here is linear in the length of the text and uses no recursion of its own, whatever the text.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

from replay_cli import heavy, rules
from replay_cli.members import STRING, TO_BRACKET, members

MAX_DEPTH = 127
"""Nested containers the runtime reads (CONTRACT.md 1, run)."""

SKIPPABLE = frozenset({rules.LONE_SURROGATE.code, rules.TOO_DEEP.code, rules.NUMBER_OUT_OF_RANGE.code})
"""What serde_json does not look at in a field that it skips unread (vectors R125 to R127)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is not read: a rule's code, the 0-based byte in the text, and what was wrong in a few words."""

    code: str
    index: int
    problem: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that was read: its value, and the names that its outermost object holds more than once."""

    value: object
    duplicates: tuple[str, ...] = ()


class _OutOfRangeError(ValueError):
    pass


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _OutOfRangeError
    return value


def _int(text: str) -> int | float:
    if text == "-0":
        return -0.0
    if len(text) > 308:
        _float(text)
        # In range, but Python refuses to convert thousands of digits one by one; no reader tells them apart.
        return float(text) if len(text) > 4000 else int(text)
    return int(text)


def _constant(text: str) -> NoReturn:
    raise json.JSONDecodeError(f"{text} is not JSON", text, -1)


class JsonReader:
    """Reads texts one after the other; not for several threads at once.

    ``whole`` builds heavy texts too as they are, for who looks into all of their values.
    """

    def __init__(self, whole: bool = False) -> None:
        self._whole = whole
        self._doubled: list[tuple[str, object]] | None = None
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._pairs, parse_float=_float, parse_int=_int, parse_constant=_constant
        )

    def _pairs(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        # The outermost object is closed last, so after a reading this speaks of that one.
        self._doubled = pairs if len(value) != len(pairs) else None
        return value

    def read(self, data: bytes) -> Reading | Refusal:
        """Read one JSON text; of several reasons for a refusal the first in the module's order is given."""
        refused = _refused_undecoded(data)
        if refused is not None:
            return refused
        if len(data) > heavy.HEAVY and not self._whole:
            refused = _refused_heavy(data)
            if refused is not None:
                return refused
            data = heavy.lightened(data)
        text = data.decode()
        self._doubled = None
        try:
            value = self._decoder.decode(text)
        except _OutOfRangeError:
            return Refusal(
                rules.NUMBER_OUT_OF_RANGE.code,
                _huge_number(data) or 0,
                "number beyond the range of a double",
            )
        except json.JSONDecodeError as error:
            return _not_json(text, error)
        lone = _lone_surrogate(data)
        if lone is not None:
            return Refusal(rules.LONE_SURROGATE.code, lone, "lone surrogate escape")
        if self._doubled is None or not isinstance(value, dict):
            return Reading(value)
        counts = Counter(name for name, _ in self._doubled)
        return Reading(value, tuple(name for name, count in counts.items() if count > 1))


def _refused_undecoded(data: bytes) -> Refusal | None:
    """What makes a text one that must not even be decoded, or not be read by a recursive reader."""
    wrong = heavy.invalid_utf8(data)
    if wrong is not None:
        return Refusal(rules.INVALID_UTF8.code, *wrong)
    if len(data) > 2 * MAX_DEPTH and data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        deep = _too_deep(data)
        if deep is not None:
            return Refusal(rules.TOO_DEEP.code, deep, f"nested deeper than {MAX_DEPTH} containers")
    return None


def _refused_heavy(data: bytes) -> Refusal | None:
    """What is wrong with a long text, found without building its values."""
    found = heavy.malformed(data)
    if found is not None:
        return Refusal(rules.NOT_JSON.code, *found)
    huge = _huge_number(data) if heavy.maybe_huge(data) else None
    if huge is not None:
        return Refusal(rules.NUMBER_OUT_OF_RANGE.code, huge, "number beyond the range of a double")
    lone = _lone_surrogate(data)
    if lone is not None:
        return Refusal(rules.LONE_SURROGATE.code, lone, "lone surrogate escape")
    return None


def _not_json(text: str, error: json.JSONDecodeError) -> Refusal:
    position, problem = error.pos, error.msg
    if position < 0:
        position, problem = _constant_place(text), error.msg.partition(":")[0]
    words = problem[:1].lower() + problem[1:] if not problem.startswith(("NaN", "Inf")) else problem
    for ending in (" starting at", " at", " (char "):
        words = words.removesuffix(ending)
    return Refusal(rules.NOT_JSON.code, _bytes(text, position), words)


def _bytes(text: str, index: int) -> int:
    return len(text[:index].encode())


_STRING = STRING.decode()
_BRACKETS = re.compile(rb'(?:[^"\[\]{}]++|' + STRING + rb")*+[\[\]{}]", re.DOTALL)
_NUMBERS = re.compile(STRING + rb"|-?[0-9][0-9.eE+-]*+", re.DOTALL)
_CONSTANTS = re.compile(_STRING + r"|NaN|-?Infinity", re.DOTALL)
_ESCAPES = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def _too_deep(data: bytes) -> int | None:
    """Where the nesting first exceeds the limit."""
    depth, at = 0, 0
    # A leaf may be passed over at once unless it is the one container too many.
    while (found := (TO_BRACKET if depth < MAX_DEPTH else _BRACKETS).match(data, at)) is not None:
        at = found.end()
        if data[at - 1] not in b"[{":
            depth -= 1
        elif (depth := depth + 1) > MAX_DEPTH:
            return at - 1
    return None


def _huge_number(data: bytes) -> int | None:
    for token in _NUMBERS.finditer(data):
        if token[0][:1] != b'"':
            try:
                if math.isinf(float(token[0])):
                    return token.start()
            except ValueError:
                continue
    return None


def _constant_place(text: str) -> int:
    return next((token.start() for token in _CONSTANTS.finditer(text) if token[0][0] != '"'), 0)


def _lone_surrogate(data: bytes) -> int | None:
    """Where an escape is half of a pair without its other half, in a text whose grammar is sound."""
    if b"\\ud" not in data and b"\\uD" not in data:
        return None
    high: re.Match[bytes] | None = None
    for escape in _ESCAPES.finditer(data):
        unit = int(escape[1], 16) if escape[1] else 0
        if high is not None:
            if not (0xDC00 <= unit <= 0xDFFF and escape.start() == high.end()):
                return high.start()
            high = None
        elif 0xDC00 <= unit <= 0xDFFF:
            return escape.start()
        elif 0xD800 <= unit <= 0xDBFF:
            high = escape
    return high.start() if high is not None else None


def without(data: bytes, known: frozenset[str]) -> tuple[bytes, str] | None:
    """The text with the values of unknown top-level members that read badly put out of sight (by ``0`` and spaces).

    Returns the text, of the same length, and the names of those members, joined; None if there is none, or if one
    of them breaks even the grammar, which the runtime checks also where it skips.
    """
    reader, names = JsonReader(), []
    pieces, kept = [], 0
    for member in members(data):
        value = data[member.start : member.end]
        outcome = None if member.name in known else reader.read(value)
        if isinstance(outcome, Refusal):
            if outcome.code not in SKIPPABLE or not _grammatical(value.decode()):
                return None
            names.append(member.name)
            # Spaces keep every other place in the text what it was.
            pieces += [data[kept : member.start], b"0", b" " * (len(value) - 1)]
            kept = member.end
    return (b"".join([*pieces, data[kept:]]), ", ".join(names)) if names else None


_GRAMMAR = re.compile(
    r'[ \t\r\n]*+(?:(?P<string>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")'
    r"|(?P<scalar>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![0-9.eE+-])|true|false|null)"
    r"|(?P<mark>[\[\]{}:,]))"
)


def _grammatical(text: str) -> bool:
    """Whether a text is one JSON value by grammar alone, at any depth."""
    stack: list[str] = []
    state, at, end = "value", 0, len(text.rstrip(" \t\r\n"))
    while at < end and state:
        token = _GRAMMAR.match(text, at)
        if token is None:
            return False
        at = token.end()
        state = _next_state(state, token.lastgroup or "", token["mark"] or "", stack)
    return state == "end"


def _next_state(state: str, group: str, mark: str, stack: list[str]) -> str:
    """One step of a pushdown automaton; ``""`` when the token cannot stand here. ``stack`` holds open brackets."""
    after = "end" if not stack else "next"
    if state in ("value", "first value"):
        if mark and mark in "[{":
            stack.append(mark)
            return "first value" if mark == "[" else "first name"
        if group != "mark":
            return after
    if state in ("name", "first name") and group == "string":
        return "colon"
    if state == "colon" and mark == ":":
        return "value"
    if state == "next" and mark == ",":
        return "value" if stack[-1] == "[" else "name"
    closes = {"[": "]", "{": "}"}.get(stack[-1]) if stack else None
    if mark and mark == closes and state in ("next", "first value", "first name"):
        stack.pop()
        return "end" if not stack else "next"
    return ""
