"""A schema of the user's own (``--schema FILE``): any keyword of any draft that the jsonschema library knows.

It stands beside the schema of a source's shape, or in its place where the source is another log. References are
looked up in the schema itself and never fetched; one that leads nowhere is told before any log is read. Python's
regular expressions can take exponential time, so each line has a bounded time where the platform has a timer (Unix,
main thread), and slow lines have a bounded time in all.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, cast

from replay_cli.errors import SchemaError
from replay_cli.profiles import UserSchema, found_violations
from replay_cli.resembling import meant
from replay_cli.violation import Violation

PATIENCE = 2.0
"""Seconds of processor time that one line may take: how busy the machine is must not decide what is found."""

SLOW, SLOW_BYTE, BUDGET = 0.02, 2e-6, 20.0
"""Seconds from which on a line is slow, and so many more for each of its bytes; seconds that all slow lines may take
together. A schema of a hundred keywords takes less than a millisecond, one that tells 40 events apart a few."""

DEPTH = 6000
"""How many calls deep a check may go: a value may be 127 containers deep, and each takes several calls."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a schema file at most; the path may be that of a device without end."""

EXPECTED_KEPT = 120
"""Characters of what a schema expects that a violation keeps."""


def load(path: Path) -> UserSchema:
    """The schema in a file. Raises SchemaError, in one line, if it is no JSON Schema."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise SchemaError(f"--schema: {path}: no such file{meant(str(path), only_files=True)}") from None
    except OSError as error:
        raise SchemaError(f"--schema: {path}: {error.strerror or error}") from None
    except ValueError:  # a NUL in the path
        raise SchemaError(f"--schema: {path}: no such file") from None
    if len(data) > LARGEST:
        raise SchemaError(
            f"--schema: {path} is larger than {LARGEST // 2**20} MiB, and so no schema that can be used"
        )
    try:
        text = data.decode()
        parsed = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise SchemaError(f"--schema: {path} is nested too deep") from None
    except ValueError as error:
        raise SchemaError(f"--schema: {path} is not JSON: {_encoding(data) or error}") from None
    if not isinstance(parsed, dict | bool):
        raise SchemaError(f"--schema: {path} is JSON, but no schema: an object or true or false belongs there")
    _check(path, parsed)
    return UserSchema(str(path), text)


def _encoding(data: bytes) -> str:
    """What is wrong with the encoding of a JSON text (RFC 8259, 8.1); empty if nothing is."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is UTF-16; save it as UTF-8"
    return "it begins with a byte-order mark; save it without one" if data.startswith(b"\xef\xbb\xbf") else ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _check(path: Path, schema: Any) -> None:
    from jsonschema.exceptions import SchemaError as Invalid

    kind = _kind(path, schema)
    try:
        # Of a pattern that can be read in two ways Python warns; that is no matter for who reads a log.
        with bounded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.check_schema(schema)
            lost = _lost_reference(kind, schema)
    except Invalid as error:
        where = "/".join(str(part) for part in error.absolute_path)
        raise SchemaError(f"--schema: {path} is no JSON Schema: /{where}: {error.message[:200]}") from None
    except TimeoutError:
        raise SchemaError(f"--schema: {path} takes more than {PATIENCE:g} s to be checked itself") from None
    except RecursionError:
        raise SchemaError(f"--schema: {path} is nested too deep") from None
    except Exception as error:
        # The library raises whatever it meets, where the schema of a draft lets pass what no validator can use.
        raise SchemaError(f"--schema: {path} cannot be used: {_what(error)}") from None
    if lost is not None:
        raise SchemaError(f"--schema: {path}: the reference {lost[:200]!r} is not in the schema; none is fetched")


def _kind(path: Path, schema: Any) -> Any:
    """The validator for the draft that a schema names, of the newest if it names none."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    if dialect is None:
        return Draft202012Validator
    try:
        kind: Any = validator_for(schema, default=cast("Any", None)) if isinstance(dialect, str) else None
    except ValueError:  # no URI at all
        kind = None
    if kind is None:
        raise SchemaError(f"--schema: {path}: $schema {str(dialect)[:80]!r} is no draft that is known")
    return kind


def _lost_reference(kind: Any, schema: Any) -> str | None:
    """A reference anywhere in a schema that leads out of it, or to what it does not have; None if there is none.

    The library follows some schemas of old drafts less far than it validates by them; what it cannot follow is left
    to the lines that meet it.
    """
    try:
        return next(_lost_references(kind, schema), None)
    except (TimeoutError, RecursionError):
        raise
    except Exception:
        return None


def _lost_references(kind: Any, schema: Any) -> Iterator[str]:
    from jsonschema_specifications import REGISTRY
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import specification_with

    root: Any = specification_with(kind.ID_OF(kind.META_SCHEMA)).create_resource(schema)
    base = root.id() or ""
    registry: Any = REGISTRY.with_resource(base, root)
    waiting = [(root, registry.crawl().resolver(base))]
    while waiting:
        resource, resolver = waiting.pop()
        members = resource.contents if isinstance(resource.contents, dict) else {}
        for ref in (members.get("$ref"), members.get("$dynamicRef")):
            if not isinstance(ref, str):
                continue
            try:
                resolver.lookup(ref)
            except Unresolvable:
                yield ref
        waiting += [(inner, resolver.in_subresource(inner)) for inner in resource.subresources()]


def _what(error: Exception) -> str:
    """What went wrong, without the instance that some of the library's exceptions go on to show."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"


@lru_cache(maxsize=4)
def _validator(text: str) -> Any:
    from jsonschema import Draft202012Validator, validators
    from jsonschema.validators import validator_for
    from jsonschema_specifications import REGISTRY

    schema = json.loads(text)
    kind: Any = validator_for(schema, default=Draft202012Validator)
    extend: Any = validators.extend
    quick = extend(kind, {"enum": _enum(kind.VALIDATORS["enum"])})
    # The drafts' own metaschemas may be referred to; nothing beyond them is to be had.
    return quick(schema, registry=REGISTRY)


def _enum(slow: Any) -> Any:
    """The keyword ``enum`` by looking up instead of by comparing with each value: there may be 200,000 of them.

    ``slow`` is the library's own, which arrays and objects are left to.
    """
    from jsonschema.exceptions import ValidationError

    # By identity: a list of the schema lives as long as this does.
    known: dict[int, tuple[list[Any], frozenset[object], list[Any]]] = {}

    def enum(validator: Any, values: list[Any], instance: object, schema: Any) -> Iterator[Any]:
        if id(values) not in known:
            plain = [one for one in values if not isinstance(one, dict | list)]
            others = [one for one in values if isinstance(one, dict | list)]
            known[id(values)] = (values, frozenset(map(_told_apart, plain)), others)
        _, plain_ones, others = known[id(values)]
        if isinstance(instance, dict | list):
            yield from slow(validator, others, instance, schema)
        elif _told_apart(instance) not in plain_ones:
            yield ValidationError("is none of the values")

    return enum


def _told_apart(value: object) -> tuple[bool, object]:
    """A plain value so that true and 1 differ, which Python takes for equal (JSON Schema, 4.2.2)."""
    return isinstance(value, bool), value


def violations(schema: UserSchema, value: object, size: int, line: int) -> list[Violation]:
    """All places where ``value`` breaks a schema; it is read from ``size`` bytes, and ``line`` is where they stand.

    Raises SchemaError, told of that line, if the schema refers to what is not there or takes too long.
    """
    from referencing.exceptions import Unresolvable

    try:
        with bounded(), _budgeted(size):
            return [_worded(found) for found in found_violations(_validator(schema.text), value)]
    except TimeoutError:
        said = f": {_too_slow()}; look at patterns, uniqueItems, references, long anyOf"
    except Unresolvable as error:
        said = f": the reference {error.ref!r} is not in the schema; none is fetched"
    except RecursionError:
        said = " refers to itself without end, or is nested too deep"
    except Exception as error:
        # A pattern that is no regular expression, a keyword with a value of the wrong kind: the library raises
        # whatever it meets there.
        said = f" cannot be used: {_what(error)}"
    raise SchemaError(f"--schema: {schema.path}{said}", line=line)


@dataclass(slots=True)
class _Slow:
    """What slow lines have taken in all."""

    lines: int = 0
    seconds: float = 0.0


_SLOW = _Slow()


def _too_slow() -> str:
    if _SLOW.seconds > BUDGET:
        return f"{_SLOW.lines:,} lines take longer than {BUDGET:g} s in all"
    return f"one line takes longer than {PATIENCE:g} s"


@contextmanager
def _budgeted(size: int) -> Iterator[None]:
    """Raise TimeoutError behind the block when slow lines have taken more than ``BUDGET`` in all, this one of so many
    bytes among them.
    """
    began = time.thread_time()
    yield
    taken = time.thread_time() - began
    if taken > SLOW + SLOW_BYTE * size:
        _SLOW.lines += 1
        _SLOW.seconds += taken
        if _SLOW.seconds > BUDGET:
            raise TimeoutError


def _worded(found: Violation) -> Violation:
    """A violation with what the library says in its own way: of a schema that is ``false``, and of draft 3."""
    match found.keyword:
        case "None":
            return found._replace(keyword="false", expected="nothing")
        case "required":
            return found._replace(expected="present", found="nothing")
    return found._replace(expected=found.expected[:EXPECTED_KEPT])


@contextmanager
def bounded() -> Iterator[None]:
    """Raise TimeoutError inside the block once it takes longer than ``PATIENCE``; let it call ``DEPTH`` deep."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(_number: int, _frame: object) -> None:
        raise TimeoutError

    before, depth = signal.signal(signal.SIGPROF, late), sys.getrecursionlimit()
    sys.setrecursionlimit(max(DEPTH, depth))
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.setrecursionlimit(depth)
        signal.signal(signal.SIGPROF, before)
