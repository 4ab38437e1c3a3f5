"""Profiles: which shape a source holds, what its schema says, and what breaks it.

Three shapes of line are known (CONTRACT.md 1, 2.1 and 6): the envelope, the store record, and the stream before
v0.8.48. Each has its JSON Schema under ``schemas/``; the plain jsonschema walk over it defines what is right, and
``compiled.py`` says the same sooner. What a JSON Schema cannot say (``1.0`` is no integer for the runtime, chrono
reads the timestamps of records) is said here, beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from replay_cli.compiled import Check, compiled
from replay_cli.timestamps import chrono_refuses
from replay_cli.violation import MOST_VIOLATIONS, Violation, expected, pointer_part
from replay_cli.violation import describe as describe


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

SCHEMA_NAMES = (
    *("envelope", "record", "legacy", "report", "findings", "emitted", "quarantine"),
    *("config", "check", "diff"),
)


class UserSchema(NamedTuple):
    """A schema of the user's own (``--schema``): the path that was given, and the text that stood there."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one source is audited for; pure data, so that it can go to another process.

    ``strict`` says that the user named the shape, so that no other is tolerated. ``thread`` is the thread whose
    log the file is by its name, or None. ``limit`` is the longest frame that is examined, in bytes; ``kept`` how
    many findings of each rule are kept in full (all are counted); ``gaps`` whether skipped numbers are looked for.
    ``schema`` is a schema of the user's own; ``values`` puts values of the log into facts. ``fast`` is
    False to leave the prover and the quick schema check aside.
    """

    shape: Shape
    framing: str
    strict: bool = False
    thread: str | None = None
    limit: int = 16 * 1024 * 1024
    kept: int = 1000
    gaps: bool = False
    schema: UserSchema | None = None
    values: bool = False
    fast: bool = True


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
    here = Path(__file__).parent
    # Installed they stand inside the package, in a checkout beside it. Not by importlib.resources, which loads more
    # than a small audit does.
    folder = next((place for place in (here / "schemas", here.parent / "schemas") if place.is_dir()), None)
    if folder is None:  # inside an archive
        from importlib.resources import files

        return (files("replay_cli") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    return (folder / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def _schema(shape: Shape) -> Any:
    return json.loads(schema_text(shape))


@cache
def _check(shape: Shape) -> Check | None:
    """The quick check of a shape; None where its schema says what that does not know."""
    return compiled(_schema(shape))


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
    return strict(_schema(shape), registry=Registry())


def violations(shape: Shape, value: dict[str, object], fast: bool = True) -> list[Violation]:
    """All places where ``value`` breaks the schema of ``shape``, in the order of the schema's fields.

    With ``fast`` as a quick check finds them, else as jsonschema does.
    """
    check = _check(shape) if fast else None
    found = walked(shape, value) if check is None else check.violations(value)
    timestamp = value.get("timestamp")
    if reason := _refused_time(shape, timestamp):
        refused = f"a string that chrono refuses: {reason}"
        found.append(Violation("/timestamp", "format", "a date and time", refused, timestamp))
    return found


def breaks(shape: Shape, value: dict[str, object], fast: bool = True) -> bool:
    """Whether ``value`` breaks the schema of ``shape`` anywhere (``violations``)."""
    check = _check(shape) if fast else None
    if check is None:
        return bool(violations(shape, value, fast))
    return check.refuses(value) or bool(_refused_time(shape, value.get("timestamp")))


def _refused_time(shape: Shape, timestamp: object) -> str | None:
    """Why chrono refuses the time of a record; nothing if it does not."""
    return chrono_refuses(timestamp) if shape is Shape.RECORD and isinstance(timestamp, str) else None


def walked(shape: Shape, value: object) -> list[Violation]:
    """What the jsonschema library finds in ``value`` by the schema of ``shape``: what the quick check must find, too.

    Of a record's timestamp the pattern tells the form only; chrono's own reading decides, and is told once.
    """
    return [one for one in found_violations(_validator(shape), value) if one.keyword != "pattern"]


def found_violations(validator: Any, value: object) -> Iterator[Violation]:
    """The violations that a validator of the jsonschema library finds, one for each absent property."""
    told: set[str] = set()
    for error in islice(validator.iter_errors(value), MOST_VIOLATIONS):
        keyword, pointer = str(error.validator), "".join(map(pointer_part, error.absolute_path))
        if keyword == "required" and isinstance(error.validator_value, list):
            # The library has an error for each absent property, but names it only in prose.
            if pointer not in told:
                absent = [name for name in error.validator_value if name not in error.instance]
                yield from (Violation(pointer + pointer_part(name), keyword, "present", "nothing") for name in absent)
            told.add(pointer)
        else:
            instance = error.instance
            yield Violation(pointer, keyword, expected(keyword, error.validator_value), describe(instance), instance)
