"""Moments: the times that a person types, as nanoseconds since 1970.

RFC 3339 in full, or shortened to a date or to minutes; a distance back from now (``-3h``, ``-90s``); ``now``,
``today``, ``yesterday``. What names no offset is meant in the time zone of this machine, as journalctl and git
take it.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from replay_cli.errors import UsageError, in_quotes
from replay_cli.timestamps import nanoseconds

_BACK = re.compile(r"-\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>ms|s|m|min|h|d|w)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?")
_FULL = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)

KNOWN = "an RFC 3339 time, a date, -3h (also ms, s, m, d, w), now, today or yesterday"


def moment(text: str, option: str, now: datetime | None = None, end: bool = False) -> int:
    """Nanoseconds since 1970 of a time that was typed. Raises UsageError, which names ``option``.

    ``now`` is what relative times count from, this very moment if it is not given. A day is its beginning, or with
    ``end`` its last nanosecond.
    """
    if end and (day := _next_day(text.strip().lower(), now)) is not None:
        return day - 1
    here = (now or datetime.now()).astimezone()
    word = text.strip()
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    match word.lower():
        case "now":
            return _of(here)
        case "today":
            return _of(midnight)
        case "yesterday":
            return _of((midnight - timedelta(days=1)).replace(tzinfo=None).astimezone())
    try:
        found = _read(word, here)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        raise UsageError(f"{option}: {in_quotes(text)} is no time; wanted is {KNOWN}")
    return found


def _next_day(word: str, now: datetime | None) -> int | None:
    """The beginning of the day behind one that was typed; None for what is no day."""
    today = (now or datetime.now()).astimezone().date()
    days = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        day = days.get(word) or (date.fromisoformat(word) if _DAY.fullmatch(word) else None)
        return None if day is None else _of(datetime.combine(day + timedelta(days=1), time()).astimezone())
    except (ValueError, OverflowError, OSError):
        return None


def duration(text: str, option: str) -> float:
    """Seconds of a length of time that was typed (``2s``, ``500ms``, ``2``). Raises UsageError, naming ``option``."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|min|h|d|w)?", text.strip())
    if found is None:
        raise UsageError(f"{option}: {in_quotes(text)} is no length of time; wanted is 2s (also ms, m, h)")
    return float(found[1]) * _SECONDS[found[2] or "s"]


def _read(word: str, here: datetime) -> int | None:
    if back := _BACK.fullmatch(word):
        return _of(here - timedelta(seconds=float(back["number"]) * _SECONDS[back["unit"]]))
    if _LOCAL.fullmatch(word):
        whole, _, fraction = word.partition(".")
        return _of(datetime.fromisoformat(whole).astimezone()) + int(fraction.ljust(9, "0") or "0")
    if _FULL.fullmatch(word):
        day, rest = word[:10], word[11:]
        # RFC 3339 has seconds always; a person leaves them out.
        rest = re.sub(r"\A([0-9]{2}:[0-9]{2})(?!:[0-9]{2}(?:\.|[Zz]|[+-]))(?=[Zz+-])", r"\1:00", rest)
        return nanoseconds(f"{day}T{rest}".upper())
    return None


def _of(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, moment.tzinfo)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
