"""Profiles: which shape a source holds, what its schema says, and what breaks it.

Three shapes of line are known (CONTRACT.md 1, 2.1 and 6): the envelope, the store record, and the stream before
v0.8.48. Each has its JSON Schema under ``schemas/``; the plain jsonschema walk over it defines what is right and
words the finding. What a JSON Schema cannot say (``1.0`` is no integer for the runtime, chrono reads the
timestamps of records) is said here, beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from replay_cli.members import string_length
from replay_cli.timestamps import chrono_refuses


class Shape(StrEnum):
    """What a source holds: one of the three shapes of event, the compat stream, or something else altogether.

    CUSTOM is another log that the user has a schema for.
    """

    ENVELOPE = "envelope"
    RECORD = "record"
    LEGACY = "legacy"
    COMPAT = "compat"
    CUSTOM = "custom"
    FOREIGN = "foreign"


_COMMON = frozenset({"seq", "timestamp", "thread_id", "turn_id", "item_id", "event", "payload"})
KNOWN: dict[Shape, frozenset[str]] = {
    Shape.ENVELOPE: _COMMON | {"schema_version", "kind", "created_at"},
    Shape.RECORD: _COMMON | {"schema_version"},
    Shape.LEGACY: _COMMON,
}
"""The fields that the reader of each shape knows; the same one twice in a line refuses the line."""

RECORD_ORDER = ("schema_version", "seq", "timestamp", "thread_id", "turn_id", "item_id", "event", "payload")
"""The order of a record's values in its positional array form (CONTRACT.md 2.1)."""

KNOWN_VERSIONS = {Shape.ENVELOPE: (1,), Shape.RECORD: (1, 2)}
"""The schema_version numbers that were ever written (CONTRACT.md 1, 2.1)."""

MOST_VIOLATIONS = 1000
"""Violations of one line that are looked for."""

SCHEMA_NAMES = ("envelope", "record", "legacy", "report", "findings")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one source is audited for; pure data, so that it can go to another process.

    ``strict`` says that the user named the shape, so that no other is tolerated. ``thread`` is the thread whose
    log the file is by its name, or None. ``limit`` is the longest frame that is examined, in bytes; ``kept`` how
    many findings of each rule are kept in full (all are counted); ``gaps`` whether skipped numbers are looked for.
    ``schema`` is the text of a schema of the user's own; ``values`` puts values of the log into facts. ``fast`` is
    False to leave the prover aside.
    """

    shape: Shape
    framing: str
    strict: bool = False
    thread: str | None = None
    limit: int = 16 * 1024 * 1024
    kept: int = 1000
    gaps: bool = False
    schema: str | None = None
    values: bool = False
    fast: bool = True


@dataclass(frozen=True, slots=True)
class Violation:
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


def shape_of(value: dict[str, object]) -> Shape | None:
    """The shape that an object claims by its fields (CONTRACT.md 6); None if it is no event at all.

    A record that lacks ``schema_version`` (the runtime reads 2) is told from the old stream by its omitted ids.
    """
    if "seq" not in value and "thread_id" not in value:
        return None
    if "kind" in value or "created_at" in value:
        return Shape.ENVELOPE
    if "schema_version" not in value and "turn_id" in value and "item_id" in value:
        return Shape.LEGACY
    return Shape.RECORD


def schema_text(name: str) -> str:
    """The JSON Schema of this name (see ``SCHEMA_NAMES``), as it is published."""
    packaged = files("replay_cli") / "schemas"
    folder = packaged if packaged.is_dir() else Path(__file__).parents[1] / "schemas"
    return (folder / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def _validator(shape: Shape) -> Any:
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    # To the runtime 1.0 is no integer, to JSON Schema it is one (CONTRACT.md 1, run).
    def is_integer(_: object, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    extend: Any = validators.extend
    strict = extend(Draft202012Validator, type_checker=checker)
    return strict(json.loads(schema_text(shape)), registry=Registry())


def violations(shape: Shape, value: dict[str, object]) -> list[Violation]:
    """All places where ``value`` breaks the schema of ``shape``, in the order of the schema's fields."""
    # Of a record's timestamp the pattern tells the form only; chrono's own reading decides, and is told once.
    found = [one for one in found_violations(_validator(shape), value) if one.keyword != "pattern"]
    timestamp = value.get("timestamp")
    if shape is Shape.RECORD and isinstance(timestamp, str) and (reason := chrono_refuses(timestamp)):
        refused = f"a string that chrono refuses: {reason}"
        found.append(Violation("/timestamp", "format", "a date and time", refused, timestamp))
    return found


def found_violations(validator: Any, value: object) -> Iterator[Violation]:
    """The violations that a validator of the jsonschema library finds, one for each absent property."""
    told: set[str] = set()
    for error in islice(validator.iter_errors(value), MOST_VIOLATIONS):
        keyword, pointer = str(error.validator), "".join(map(_escaped, error.absolute_path))
        if keyword == "required" and isinstance(error.validator_value, list):
            # The library has an error for each absent property, but names it only in prose.
            if pointer not in told:
                absent = [name for name in error.validator_value if name not in error.instance]
                yield from (Violation(pointer + _escaped(name), keyword, "present", "nothing") for name in absent)
            told.add(pointer)
        else:
            instance = error.instance
            yield Violation(pointer, keyword, _expected(keyword, error.validator_value), describe(instance), instance)


def _escaped(part: object) -> str:
    return "/" + str(part)[:200].replace("~", "~0").replace("/", "~1")


def _expected(keyword: str, wanted: object) -> str:
    match keyword:
        case "type":
            words = wanted if isinstance(wanted, list) else [wanted]
            return " or ".join(word if isinstance(word, str) else "what a schema allows" for word in words)
        case "minimum":
            return f"at least {wanted}"
        case "maximum":
            return f"at most {wanted}"
    return f"{keyword} {wanted}"[:80]


VALUE_SHOWN = 120
"""Characters of a value that --show-values shows."""


def describe(value: object, shown: bool = False) -> str:
    """What a value is, without saying what it holds: its type and its length, numbers in full; or, cut, itself."""
    if shown:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text if len(text) <= VALUE_SHOWN else text[:VALUE_SHOWN] + "…"
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
