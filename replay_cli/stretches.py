"""Stretches: a source cut into what is kept and what is left out, and why.

The law: the stretches of a source tile it. So output and quarantine together hold every byte, and what was put in
between is known, so that the source can be had back.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from replay_cli.runs import Run

NOT_SELECTED = "not-selected"
NO_EVENT = "no-event"
CUT_SHORT = "cut-short"
BEYOND_HEAD = "beyond-head"
BEFORE_LAST = "before-last"
NOT_HELD = "not-held"
NOT_NEWER = "not-newer"
UNTIMED = "no-time"
NAME_BREAKS = "name-breaks"
NOT_REDACTED = "not-redacted"

SORTED, MERGED = "sorted", "merged"
"""How what is kept may be arranged."""

WORDS = {
    NOT_SELECTED: "not selected",
    NO_EVENT: "no events, so no filter can match them (comments, blank lines, other frames)",
    CUT_SHORT: "cut short: the source could not be read on",
    BEYOND_HEAD: "beyond --head",
    BEFORE_LAST: "before --last",
    NOT_HELD: "the other framing cannot hold them (comments, blank lines, an HTTP head)",
    NOT_NEWER: "not newer than the event before: a stream leaves them out",
    NOT_REDACTED: "no redaction can look into them (comments, HTTP heads, other frames)",
    NAME_BREAKS: "their name has a line break, which SSE cannot hold",
    UNTIMED: "their time is none that the other shape can tell",
}
"""Why something is left out that no rule is broken by; all other reasons are names of rules."""


NO_LINK = 2**64 - 1
"""A link to no event: none has a number beyond."""


class Rows(NamedTuple):
    """Columns of the events of a stretch, for who puts them in order.

    ``links`` is None where no event has one, and ``NO_LINK`` in it stands for none; ``threads`` is one name where
    there is but one. ``ends`` are the ends of the frames, in bytes from the beginning of the stretch.
    """

    seqs: array[int]
    links: array[int] | None
    threads: str | list[str]
    ends: array[int]


class Stretch(NamedTuple):
    """Some bytes of a source, in whole frames or inside one, all kept or all left out.

    ``length`` in bytes, ``offset`` 0-based, ``line`` from 1; ``events`` is how many readable events it holds.
    ``reason`` is empty if it is kept. ``added`` are bytes that the output gets behind it, which the source lacks.
    ``instant`` is the time of a single event, in nanoseconds since 1970, if it was asked for and can be told.
    ``proven``: whole frames, of which the prover showed that each is an event. ``rows`` are there if they were asked
    for, and the stretch is kept; else ``run`` is what is known of frames that are proven.
    """

    length: int
    offset: int
    line: int
    events: int = 0
    reason: str = ""
    added: bytes = b""
    proven: bool = False
    instant: int | None = None
    rows: Rows | None = None
    run: Run | None = None
