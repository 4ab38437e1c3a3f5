"""Stretches: a source cut into what is kept and what is left out, and why.

The law: the stretches of a source tile it. So output and quarantine together hold every byte, and what was put in
between is known, so that the source can be had back.
"""

from __future__ import annotations

from typing import NamedTuple

NOT_SELECTED = "not-selected"
NO_EVENT = "no-event"
CUT_SHORT = "cut-short"
BEYOND_HEAD = "beyond-head"
BEFORE_LAST = "before-last"

WORDS = {
    NOT_SELECTED: "not selected",
    NO_EVENT: "no events, so no filter can match them (comments, blank lines, other frames)",
    CUT_SHORT: "cut short: the source could not be read on",
    BEYOND_HEAD: "beyond --head",
    BEFORE_LAST: "before --last",
}
"""Why something is left out that no rule is broken by; all other reasons are names of rules."""


class Stretch(NamedTuple):
    """Some bytes of a source, in whole frames or inside one, all kept or all left out.

    ``length`` in bytes, ``offset`` 0-based, ``line`` from 1; ``events`` is how many readable events it holds.
    ``reason`` is empty if it is kept. ``added`` are bytes that the output gets behind it, which the source lacks.
    """

    length: int
    offset: int
    line: int
    events: int = 0
    reason: str = ""
    added: bytes = b""
