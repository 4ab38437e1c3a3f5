"""Skimming: lines of a log in which no event can have a seq above a number, told without reading them as JSON.

Whatever looks like a ``seq`` counts, wherever it stands, so a doubt costs time and nothing else. Only JSONL can be
skimmed: a value of SSE may be spread over several data lines.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SEQ = rb'"seq"[ \t\r]*:[ \t\r]*'
_SEQS = re.compile(_SEQ + rb"([0-9]+)")
# A letter may be written as an escape, and so may a name.
_ESCAPED = re.compile(rb"\\u00[2-7]")

# Of the server and of the store (CONTRACT.md 1, 2.1).
_BETWEEN = rb',(?:"event":"[^"\\]*+","kind":"[^"\\]*+",|"timestamp":"[^"\\]*+",)'

THREADS = 64
"""Threads whose patterns are kept."""


class Skim:
    """Skims lines for events behind ``since_seq``. ``exact`` tells how far the numbers go, which takes longer."""

    def __init__(self, since_seq: int, exact: bool) -> None:
        self._since, self._exact = since_seq, exact
        self._above = re.compile(_SEQ + _greater(since_seq))

    def bounds(self, lines: bytes, thread: str) -> tuple[int, int] | None:
        """What no seq in these lines is below and above, where none is above ``since_seq``, and all is of one thread.

        None if there may be such a seq, or another thread.
        """
        least, greatest = 0, self._since
        if self._exact:
            numbers = list(map(int, _SEQS.findall(lines)))
            least, greatest = min(numbers, default=0), max(numbers, default=0)
            if greatest > self._since:
                return None
        elif _usual(thread, self._since).fullmatch(lines):
            return least, greatest
        elif self._above.search(lines):
            return None
        if _other_than(thread).search(lines) or _ESCAPED.search(lines):
            return None
        return least, greatest


@lru_cache(maxsize=THREADS)
def _usual(thread: str, since_seq: int) -> re.Pattern[bytes]:
    """Lines that all begin as those of the runtime do, with no seq above this one, and of this thread.

    What stands behind that does not matter: where a known name comes a second time, however it is spelled, the line
    is refused (CONTRACT.md 1), and so is no event.
    """
    seq = b"(?!" + _greater(since_seq) + rb")[0-9]++"
    name = re.escape(thread.encode(errors="replace"))
    line = rb'\{"schema_version":[0-9],"seq":' + seq + _BETWEEN + rb'"thread_id":"' + name + rb'".*+\n'
    return re.compile(b"(?:" + line + b")*+")


@lru_cache(maxsize=THREADS)
def _other_than(thread: str) -> re.Pattern[bytes]:
    """A ``thread_id`` that is not written as this one."""
    return re.compile(rb'"thread_id"(?!:"' + re.escape(thread.encode(errors="replace")) + rb'")')


def _greater(number: int) -> bytes:
    """A pattern of the decimal numbers above this one, as JSON writes integers."""
    digits = str(number)
    longer = rb"[0-9]{%d}" % (len(digits) + 1)
    others = [
        digits[:at].encode() + rb"[%d-9][0-9]{%d}" % (int(digit) + 1, len(digits) - at - 1)
        for at, digit in enumerate(digits)
        if digit != "9"
    ]
    return rb"(?:" + b"|".join([longer, *others]) + rb")"
