"""Fragments: what stands on a line that is more, or less, than one JSON text.

Before v0.9.0 the runtime appended a record in two writes, so two writers could glue records on one line, and a
torn append could be followed by the next record on the same line (CONTRACT.md 6).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from replay_cli.members import TO_BRACKET

_RECORD_START = re.compile(r'\{\s*"(?:schema_version|seq|event|kind|thread_id|timestamp|item_id)"\s*:')
_TO_BRACKET = re.compile(TO_BRACKET.pattern.decode(), re.DOTALL)
_DECODER = json.JSONDecoder()

MANY = 200_000
"""Commas of an object from which on it is not looked into."""

ATTEMPTS = 64
"""Places at which no record is found on one line after which no more are tried: a hostile line costs bounded time."""


_PLAIN = bytes(range(128)) + b"?" * 128


@dataclass(frozen=True, slots=True)
class Mixture:
    """Whole records found on a line, as places in it (0-based bytes, ends exclusive).

    ``first`` tells whether the line begins with one of them.
    """

    records: tuple[tuple[int, int], ...]
    first: bool


def mixture(data: bytes) -> Mixture | None:
    """The whole records on a line that is not one JSON text; None if there is no more to it than damage.

    A line that begins with a whole object and goes on with a brace is glued, whatever the objects hold; with anything
    else it is if the object is a record of ours. Behind a torn fragment only those count: payloads hold objects too.
    An object of very many values is not looked into: it would have to be built to be found.
    """
    # One byte a character: places are those of the bytes, and no emoji makes a long line four times as long.
    text = data.translate(_PLAIN).decode("ascii")
    found = list(_records(text, text.count(",") > MANY))
    if not found:
        return None
    start, end, ours = found[0]
    if start == 0 and not ours and not text.startswith("{", _skip_space(text, end)):
        return None
    return Mixture(tuple((start, end) for start, end, _ in found), start == 0)


def _records(text: str, large: bool) -> Iterator[tuple[int, int, bool]]:
    """Where the objects stand, and whether each is a record of ours."""
    at, budget = 0, 4 * len(text) + 65536
    here = text.startswith("{")  # whether an object stands right here: at the beginning, or behind another
    attempts = 0
    while attempts < ATTEMPTS:
        start = at if here else _next_start(text, at)
        if start < 0 or budget < 0:
            return
        end, ours = (_perhaps_large if large else _object)(text, start)
        attempts += ours is None
        budget -= end - start
        if ours is not None and (here or ours):
            yield start, end, ours
            at = _skip_space(text, end)
            here = text.startswith("{", at)
        else:
            at, here = start + 1, False


def _next_start(text: str, at: int) -> int:
    match = _RECORD_START.search(text, at)
    return match.start() if match else -1


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _perhaps_large(text: str, at: int) -> tuple[int, bool | None]:
    """The same, of an object that is not built if it is too large."""
    end, depth = at, 0
    while (found := _TO_BRACKET.match(text, end)) is not None:
        end = found.end()
        depth += 1 if text[end - 1] in "[{" else -1
        if not depth:
            return (end, None) if text.count(",", at, end) > MANY else _object(text, at)
    return len(text), None


def _object(text: str, at: int) -> tuple[int, bool | None]:
    """The end of the object that begins at ``at``, and whether it is a record; or how far reading came, and None."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        return max(error.pos, at + 1), None
    except (RecursionError, ValueError):
        return len(text), None
    return end, _is_record(value) if isinstance(value, dict) else None


def _is_record(value: dict[str, object]) -> bool:
    return "seq" in value and "event" in value and "payload" in value
