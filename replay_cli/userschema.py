"""A schema of the user's own (``--schema FILE``): any keyword of any draft that the jsonschema library knows.

It stands beside the schema of a source's shape, or in its place where the source is another log. References are
looked up in the schema itself and never fetched. Python's regular expressions can take exponential time, so each
line has a bounded time where the platform has a timer (Unix, main thread).
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from replay_cli.errors import UsageError
from replay_cli.profiles import Violation, found_violations

PATIENCE = 2.0
"""Seconds that one line may take."""


class SchemaError(UsageError):
    """The schema cannot be used: it is none, it refers to what is not in it, or it takes too long."""


def load(path: Path) -> str:
    """The text of a schema file. Raises SchemaError, in one line, if it is no JSON Schema."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SchemaError(f"--schema: {path}: {error.strerror or error}") from None
    try:
        text = data.decode()
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"--schema: {path} is not JSON: {error}") from None
    if not isinstance(parsed, dict | bool):
        raise SchemaError(f"--schema: {path} is JSON, but no schema: an object or true or false belongs there")
    _check(path, parsed)
    return text


def _check(path: Path, schema: Any) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError as Invalid
    from jsonschema.validators import validator_for

    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    kind: Any = validator_for(schema, default=cast("Any", None))
    if dialect is not None and kind is None:
        raise SchemaError(f"--schema: {path}: $schema {str(dialect)[:80]!r} is no draft that is known")
    try:
        with bounded():
            (kind or Draft202012Validator).check_schema(schema)
    except Invalid as error:
        where = "/".join(str(part) for part in error.absolute_path)
        raise SchemaError(f"--schema: {path} is no JSON Schema: /{where}: {error.message[:200]}") from None
    except TimeoutError:
        raise SchemaError(f"--schema: {path} takes more than {PATIENCE:g} s to be checked itself") from None
    except RecursionError:
        raise SchemaError(f"--schema: {path} is nested too deep") from None


@lru_cache(maxsize=4)
def _validator(text: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from jsonschema_specifications import REGISTRY

    schema = json.loads(text)
    kind: Any = validator_for(schema, default=Draft202012Validator)
    # The drafts' own metaschemas may be referred to; nothing beyond them is to be had.
    return kind(schema, registry=REGISTRY)


def violations(text: str, value: object) -> list[Violation]:
    """All places where ``value`` breaks the schema of this text.

    Raises SchemaError if the schema refers to what is not there, or if a line takes longer than ``PATIENCE``.
    """
    from referencing.exceptions import Unresolvable

    try:
        with bounded():
            return list(found_violations(_validator(text), value))
    except TimeoutError:
        raise SchemaError(f"--schema: one line takes longer than {PATIENCE:g} s; look at its patterns") from None
    except Unresolvable as error:
        raise SchemaError(f"--schema: the reference {error.ref!r} is not in the schema; none is fetched") from None
    except RecursionError:
        raise SchemaError("--schema: the schema refers to itself without end") from None
    except Exception as error:
        # A pattern that is no regular expression, a keyword with a value of the wrong kind: the library raises
        # whatever it meets there.
        raise SchemaError(f"--schema: the schema cannot be used: {type(error).__name__}: {error}") from None


@contextmanager
def bounded() -> Iterator[None]:
    """Raise TimeoutError inside the block once it takes longer than ``PATIENCE``."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(_number: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
