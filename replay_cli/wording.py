"""Wording: the sentence of a finding, and text that is safe to show.

No byte of a log reaches a terminal or a report raw: whatever comes from it goes through here.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from replay_cli import rules
from replay_cli.errors import one_line


class _Formatter(string.Formatter):
    """``str.format`` in which every text is escaped, and ``!q`` puts a word of the log in quotation marks."""

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        text = one_line(value) if isinstance(value, str) else value
        return f"'{text}'" if conversion == "q" else text


_FORMATTER = _Formatter()


def message(code: str, facts: Mapping[str, object]) -> str:
    """The sentence of a finding: its rule's message over its facts; one line, nothing unprintable in it."""
    return _FORMATTER.vformat(rules.BY_CODE[code].message, (), facts)


def count(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it belongs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


LISTED = 5
"""Names that are told of many."""


def listed(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(map(one_line, names[:LISTED])) + more


def size(number: int) -> str:
    """A number of bytes for a person, in decimal units."""
    if number < 1000:
        return count(number, "byte")
    value, units = float(number), ["kB", "MB", "GB", "TB"]
    for unit in units:
        value /= 1000
        if value < 999.5 or unit == units[-1]:
            break
    return f"{value:.1f} {unit}"


def instant(nanoseconds: int | None) -> str | None:
    """A time in UTC, RFC 3339 with milliseconds; None if it is none or beyond what can be written so."""
    if nanoseconds is None:
        return None
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
