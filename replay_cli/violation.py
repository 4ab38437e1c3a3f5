"""Violation: one place where a value breaks a schema, and the words for it."""

from __future__ import annotations

import json
from typing import NamedTuple

from replay_cli.members import string_length

MOST_VIOLATIONS = 1000
"""Violations of one line that are looked for."""


class Violation(NamedTuple):
    """One place where a value breaks a schema: JSON Pointer, keyword, what was expected, what was there."""

    pointer: str
    keyword: str
    expected: str
    found: str
    value: object = None

    def told(self, values: bool) -> str:
        """The violation in a few words; with ``values`` what was there is shown."""
        if self.keyword == "required":
            return f"{self.pointer} is missing"
        place = f"{self.pointer}: " if self.pointer else ""
        return f"{place}expected {self.expected}, found {describe(self.value, True) if values else self.found}"


def pointer_part(part: object) -> str:
    """A name or an index as a part of a JSON Pointer, with the stroke before it, cut if it is long (RFC 6901)."""
    return "/" + str(part)[:200].replace("~", "~0").replace("/", "~1")


def expected(keyword: str, wanted: object) -> str:
    """What a keyword of a schema asks for, in a few words."""
    match keyword:
        case "type":
            words = wanted if isinstance(wanted, list) else [wanted]
            return " or ".join(word if isinstance(word, str) else "what a schema allows" for word in words)
        case "minimum":
            return f"at least {wanted}"
        case "maximum":
            return f"at most {wanted}"
        case "pattern" | "format":
            return f"{keyword} {wanted}"[:EXPECTED_KEPT]
    return f"{keyword} {_json(wanted, EXPECTED_KEPT - len(keyword) - 2)}"


EXPECTED_KEPT = 80
"""Characters of what a keyword asks for that are kept."""

VALUE_SHOWN = 120
"""Characters of a value that --show-values shows."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(value: object, most: int) -> str:
    """A value as JSON, cut behind so many characters; of a long one no more is written than is shown."""
    text = ""
    for piece in _ENCODER.iterencode(value):
        text += piece[: most + 1]
        if len(text) > most:
            return text[:most] + "…"
    return text


def describe(value: object, shown: bool = False) -> str:
    """What a value is, without saying what it holds: its type and its length, numbers in full; or, cut, itself."""
    if shown:
        return _json(value, VALUE_SHOWN)
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return f"integer {value}" if abs(value) < 10**25 else "integer beyond 25 digits"
        case float():
            return "number that is no integer"
        case str():
            return string_length(value)
        case list():
            return f"array of {len(value)} values"
    return f"object of {len(value)} fields" if isinstance(value, dict) else type(value).__name__
