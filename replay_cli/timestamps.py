"""Times as the runtime reads them, as RFC 3339 has them, and as numbers that can be compared.

Two readings of one text: the runtime's (chrono's ``DateTime<Utc>``, lenient: what it refuses in a record, the runtime
refuses) and the standard's (strict: what a client may expect of an envelope). The source of the first is
``parse_rfc3339_relaxed`` and ``impl FromStr for DateTime<FixedOffset>``, the same in chrono 0.4.40 to 0.4.45.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

ENDS_EARLY = "ends too early"
NOT_A_TIME = "not a date and time"
OUT_OF_RANGE = "out of range"
SOMETHING_FOLLOWS = "something follows it"

# -- what chrono reads: one pattern after the other, in this order --------------------------------------------------

# Unicode White_Space, which is what Rust trims. Python's \s also takes U+001C to U+001F.
_BLANK = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACES = f"[{_BLANK}]*+"


class _Step(NamedTuple):
    """What must come next. A group named ``early`` matches where the text ends instead of going on."""

    pattern: str
    least: int = 0
    most: int = 0


def _mark(pattern: str, spaces: str = _SPACES) -> _Step:
    return _Step(rf"{spaces}(?:{pattern}|(?P<early>\Z))")


def _number(least: int, most: int) -> _Step:
    return _Step(rf"{_SPACES}(?:(?P<number>[0-9]{{1,2}})|(?P<early>\Z))", least, most)


def _two_digits(before: str, most: int) -> _Step:
    # "Early" is fewer than two bytes left, whatever they are.
    return _Step(rf"{before}(?:(?P<number>[0-9]{{2}})|(?P<early>[\0-\x7f]?\Z))", 0, most)


# With a sign the year may have any number of digits, as long as it fits 32 bits.
_YEAR = _Step(rf"{_SPACES}(?:(?P<number>[+-][0-9]+|[0-9]{{1,4}})|(?P<early>[+-]?\Z))", -(2**31), 2**31 - 1)
_DATE_AND_TIME = (
    *(_YEAR, _mark("-"), _number(1, 12), _mark("-"), _number(1, 31)),
    _mark("[tT ]", spaces=""),
    *(_number(0, 23), _mark(":"), _number(0, 59), _mark(":"), _number(0, 60)),
)
_FRACTION = r"(?:\.(?:(?P<digits>[0-9]+)|(?P<early>\Z)))?"
_ZULU = rf"{_SPACES}(?:[uU][tT][cC]|[zZ])"
# The minus sign is spelled by its number: to compile a name Python loads a module, and Ctrl-C then is an error in it.
_SIGN = _mark("[+\u2212-]")
_HOURS_AND_MINUTES = (_two_digits("", 99), _two_digits(f"[:{_BLANK}]*+", 59))
_THE_END = rf"{_SPACES}\Z"

# Compiled at their first use: what the runtime writes needs none of them (``_quick``), and compiling them all takes
# longer than the audit of a small log.
_compiled = cache(re.compile)

_DAY = 86_400
_DAYS_OF_400_YEARS = 146_097
_FIRST_YEAR, _LAST_YEAR = -262_143, 262_142

# -- what the runtime writes, and what RFC 3339 allows ---------------------------------------------------------------

_USUAL = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}):([0-5][0-9])"
    r"(?:\.([0-9]{9}|[0-9]{6}|[0-9]{3}))?(?:Z|\+00:00)"
).fullmatch
_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
).fullmatch


class _RefusedError(ValueError):
    """chrono does not read the text; the one argument is the reason."""


def chrono_refuses(text: str) -> str | None:
    """Why the runtime does not read ``text`` as the time of a record, in a few words, or None if it does.

    The words are those of chrono's error kinds. Which of several reasons it gives is the one met first: the shape
    from left to right, each number's range as it is read, then the calendar and the range of the whole.
    """
    if _quick(text) is not None:
        return None
    try:
        _instant(text)
    except _RefusedError as refused:
        return str(refused)
    return None


def is_rfc3339(text: str) -> bool:
    """Whether ``text`` is an RFC 3339 date-time: four-digit year, real day, ``T``, seconds, ``Z`` or an offset.

    ``t`` and ``z`` are allowed as in section 5.6. Second 60 is allowed in any minute, since which minutes had a leap
    second is not a matter of form. A space instead of ``T`` is not allowed.
    """
    if _quick(text) is not None:
        return True
    found = _RFC_3339(text)
    return found is not None and _days(int(found[1]), int(found[2]), int(found[3])) is not None


def nanoseconds(text: str) -> int | None:
    """The instant as nanoseconds since 1970-01-01T00:00:00Z; None where chrono refuses the text.

    Digits after the ninth of the fraction are dropped, as chrono drops them. Second 60 is one second after :59, so
    it equals the start of the next minute.
    """
    quick = _quick(text)
    if quick is not None:
        return quick
    try:
        return _instant(text)
    except _RefusedError:
        return None


def _quick(text: str) -> int | None:
    """The instant, if the text has the runtime's own form; it is asked once or twice for every event."""
    found = _USUAL(text)
    if found is None:
        return None
    minute, second, fraction = found.groups("")
    start = _start_of_minute(minute)
    return None if start is None else start + int(second + fraction.ljust(9, "0"))


@lru_cache(maxsize=1024)
def _start_of_minute(text: str) -> int | None:
    """The instant at which the minute ``YYYY-MM-DDTHH:MM`` starts; None if there is no such minute."""
    days, hour, minute = _days(int(text[:4]), int(text[5:7]), int(text[8:10])), int(text[11:13]), int(text[14:])
    if days is None or hour > 23 or minute > 59:
        return None
    return (days * _DAY + hour * 3600 + minute * 60) * 1_000_000_000


def _instant(text: str) -> int:
    """The instant in nanoseconds, as chrono reads it, step by step; raises ``_RefusedError`` where it stops."""
    (year, month, day, hour, minute, second), at = _walk(text, 0, _DATE_AND_TIME)
    fraction, at = _fraction(text, at)
    offset, at = _offset(text, at)
    if not _compiled(_THE_END).match(text, at):
        raise _RefusedError(SOMETHING_FOLLOWS)
    days = _days(year, month, day) if _FIRST_YEAR <= year <= _LAST_YEAR else None
    if days is None or abs(offset) >= _DAY:
        raise _RefusedError(OUT_OF_RANGE)
    seconds = days * _DAY + hour * 3600 + minute * 60 + min(second, 59) - offset
    if not _EARLIEST <= seconds < _END:  # an offset can lead out of the years that chrono knows
        raise _RefusedError(OUT_OF_RANGE)
    return (seconds + second // 60) * 1_000_000_000 + fraction


def _walk(text: str, at: int, steps: tuple[_Step, ...]) -> tuple[list[int], int]:
    """The numbers met when ``steps`` are taken from place ``at``, and the place behind them."""
    numbers = []
    for step in steps:
        found = _compiled(step.pattern).match(text, at)
        if found is None:
            raise _RefusedError(NOT_A_TIME)
        if found.lastgroup == "early":
            raise _RefusedError(ENDS_EARLY)
        if found.lastgroup == "number":
            number = _integer(found["number"])
            if not step.least <= number <= step.most:
                raise _RefusedError(OUT_OF_RANGE)
            numbers.append(number)
        at = found.end()
    return numbers, at


def _integer(digits: str) -> int:
    """The number. Python refuses thousands of digits, chrono does not if they are zeros; twelve decide any range."""
    size = int(digits.lstrip("+-0")[:12] or "0")
    return -size if digits.startswith("-") else size


def _fraction(text: str, at: int) -> tuple[int, int]:
    """Nanoseconds of the fraction at place ``at``, 0 if there is none, and the place behind it."""
    found = _compiled(_FRACTION).match(text, at)
    if found is None or found["early"] is not None:
        raise _RefusedError(ENDS_EARLY)
    return int((found["digits"] or "0")[:9].ljust(9, "0")), found.end()


def _offset(text: str, at: int) -> tuple[int, int]:
    """Seconds east of UTC at place ``at``, not yet held against 24 hours, and the place behind it."""
    zulu = _compiled(_ZULU).match(text, at)
    if zulu:
        return 0, zulu.end()
    _, at = _walk(text, at, (_SIGN,))
    sign = 1 if text[at - 1] == "+" else -1
    (hours, minutes), at = _walk(text, at, _HOURS_AND_MINUTES)
    return sign * (hours * 3600 + minutes * 60), at


def _days(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01 in the Gregorian calendar, extended both ways (year 0 exists); None if no such day."""
    eras, year_of_era = divmod(year, 400)  # the calendar repeats after 400 years, so year 2000 stands for year 0
    try:
        ordinal = date(2000 + year_of_era, month, day).toordinal()
    except ValueError:
        return None
    return ordinal - date(1970, 1, 1).toordinal() + (eras - 5) * _DAYS_OF_400_YEARS


_EARLIEST = (_days(_FIRST_YEAR, 1, 1) or 0) * _DAY
_END = (_days(_LAST_YEAR + 1, 1, 1) or 0) * _DAY
