"""Compiled: a simple JSON Schema as a quick check that finds what the jsonschema library finds, in its order.

The library walks a schema keyword by keyword for every value, which takes longer than all else that is done with a
line. Here the schema is walked once. A value then costs a look at the type of each field, and only a field that this
does not clear is held against the keywords themselves. So a line that breaks the schema costs little more than one
that does not.

Known is what the shipped schemas of lines use: ``type``, ``required`` and ``properties`` of an object, ``type``,
``minimum`` and ``maximum`` of its members. Of anything else ``compiled`` says that it does not know, and the library
does it (``profiles.py``). Rule for editors: a keyword is understood wholly, as draft 2020-12 and the library do, or
not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from replay_cli.violation import MOST_VIOLATIONS, Violation, describe, expected, pointer_part

_Broken = list[Violation] | None
_Step = Callable[[Any, _Broken], bool]
"""Holds a value against one keyword; whether it breaks that. What breaks it is added to a list, if there is one."""

ANNOTATIONS = frozenset({"$schema", "$id", "$comment", "title", "description", "default", "examples", "format"})
"""Keywords that assert nothing. ``format`` is one of them unless a validator is given a format checker; none is."""

NOT_ASKED = frozenset({"pattern"})
"""Keywords that assert, but whose violations are not told: chrono's reading of a timestamp decides, not its form."""

_TYPES: dict[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
"""The types of JSON by what Python has for them. 1.0 is no integer to the runtime (CONTRACT.md 1), True to nobody.

``number`` is missing: the library also takes Python's other numbers for it, and no shipped schema asks for one.
"""


class Check:
    """The quick check of a JSON Schema: its keywords as steps."""

    def __init__(self, steps: list[_Step]) -> None:
        self._steps = steps

    def violations(self, value: object) -> list[Violation]:
        """All places where a value breaks the schema, in the order of the schema."""
        broken: list[Violation] = []
        for step in self._steps:
            step(value, broken)
        return broken

    def refuses(self, value: object) -> bool:
        """Whether there are any."""
        for step in self._steps:  # noqa: SIM110 - twice as quick
            if step(value, None):
                return True
        return False


class _Absent:
    """Stands for a member that is not there."""


_ABSENT = _Absent()


def compiled(schema: object) -> Check | None:
    """The quick check of a JSON Schema (draft 2020-12), or None if there is something in it that is not known here.

    The check takes a value of JSON as Python's ``json`` makes it, and finds the violations that the jsonschema
    library finds, by ``profiles.found_violations``, but for those of ``NOT_ASKED``. It raises nothing.
    """
    steps = _steps(schema, _OF_OBJECT)
    # The walk gives up after so many errors; what could have more is left to it.
    if steps is None or not isinstance(schema, dict) or _size(schema) > MOST_VIOLATIONS:
        return None
    return Check(steps)


def _add(broken: _Broken, pointer: str, keyword: str, words: str, value: object) -> bool:
    if broken is not None:
        broken.append(Violation(pointer, keyword, words, describe(value), value))
    return True


def _size(schema: dict[str, Any]) -> int:
    """More errors than a value can have."""
    return 1 + len(schema.get("required", ())) + sum(map(len, schema.get("properties", {}).values()))


def _steps(schema: object, makers: dict[str, Callable[..., _Step | None]], pointer: str = "") -> list[_Step] | None:
    """The keywords of a schema as steps, in their order; None if one is not known."""
    if not isinstance(schema, dict):
        return None
    steps = []
    for keyword, wanted in schema.items():
        if keyword in ANNOTATIONS or keyword in NOT_ASKED or (keyword == "additionalProperties" and wanted is True):
            continue
        make = makers.get(keyword)
        step = make(wanted, pointer) if make else None
        if step is None:
            return None
        steps.append(step)
    return steps


def _types(wanted: object) -> tuple[type, ...] | None:
    names: list[Any] = wanted if isinstance(wanted, list) else [wanted]
    if not all(isinstance(name, str) and name in _TYPES for name in names):
        return None
    return tuple(_TYPES[name] for name in names)


def _type(wanted: object, pointer: str) -> _Step | None:
    kinds = _types(wanted)
    if kinds is None:
        return None
    words, fine, no_boolean = expected("type", wanted), frozenset(kinds), bool not in kinds

    def step(value: object, broken: _Broken) -> bool:
        # By exact type first; isinstance for what else a caller may have put into a value.
        if type(value) in fine or (isinstance(value, kinds) and not (no_boolean and isinstance(value, bool))):
            return False
        return _add(broken, pointer, "type", words, value)

    return step


def _bound(keyword: str, wanted: object, pointer: str, holds: Callable[[Any, Any], bool]) -> _Step | None:
    if not _is_number(wanted):
        return None
    words = expected(keyword, wanted)

    def step(value: object, broken: _Broken) -> bool:
        return _is_number(value) and not holds(value, wanted) and _add(broken, pointer, keyword, words, value)

    return step


def _minimum(wanted: object, pointer: str) -> _Step | None:
    return _bound("minimum", wanted, pointer, lambda value, least: not value < least)


def _maximum(wanted: object, pointer: str) -> _Step | None:
    return _bound("maximum", wanted, pointer, lambda value, most: not value > most)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _required(wanted: object, pointer: str) -> _Step | None:
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        return None
    names = frozenset(wanted)
    absent = [(name, Violation(pointer + pointer_part(name), "required", "present", "nothing")) for name in wanted]

    def step(value: Any, broken: _Broken) -> bool:
        if not isinstance(value, dict) or names <= value.keys():
            return False
        if broken is not None:
            broken += [violation for name, violation in absent if name not in value]
        return True

    return step


def _properties(wanted: object, pointer: str) -> _Step | None:
    if not isinstance(wanted, dict):
        return None
    members = []
    for name, schema in wanted.items():
        steps = _steps(schema, _OF_MEMBER, pointer + pointer_part(name))
        if steps is None:
            return None
        if steps:
            members.append((name, *_cleared(schema), steps))

    def step(value: Any, broken: _Broken) -> bool:
        if not isinstance(value, dict):
            return False
        breaks, get = False, value.get
        for name, fine, least, most, steps in members:
            found = get(name, _ABSENT)
            kind = type(found)
            if kind in fine or (kind is int and least <= found <= most):
                continue
            for look in steps:
                if look(found, broken):
                    if broken is None:
                        return True
                    breaks = True
        return breaks

    return step


def _cleared(schema: dict[str, Any]) -> tuple[frozenset[type], float, float]:
    """What need not be looked at again: values of these exact types, and integers from one bound to the other."""
    kinds = {*(_types(schema.get("type", [])) or ()), _Absent}
    bounded = "minimum" in schema or "maximum" in schema
    if int in kinds and bounded:
        kinds.remove(int)
        return frozenset(kinds), schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    # No integer lies between these bounds, so each is looked at, unless its type alone clears it.
    return frozenset(kinds), math.inf, -math.inf


_OF_MEMBER: dict[str, Callable[..., _Step | None]] = {"type": _type, "minimum": _minimum, "maximum": _maximum}
_OF_OBJECT: dict[str, Callable[..., _Step | None]] = {
    "type": _type,
    "required": _required,
    "properties": _properties,
}
