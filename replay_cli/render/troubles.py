"""Troubles: what could not be read or done, for formats that know of nothing but findings.

Without them a report of a run that fails would be as empty as that of a clean one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from replay_cli.errors import one_line
from replay_cli.outcome import INTERRUPTED, NOTHING, Outcome


class Trouble(NamedTuple):
    """What is said, and where: a path, empty if there is none to name, and a line, from 1."""

    said: str
    path: str
    line: int


NAME = "problem"
"""What stands in the place of a rule."""


def troubles(outcome: Outcome) -> Iterator[Trouble]:
    """All that kept a run from looking at what it should, each once; of an outcome that is complete."""
    for problem in dict.fromkeys(outcome.problems):
        path, line = outcome.places.get(problem, ("", 1))
        yield Trouble(one_line(problem), path, max(line, 1))
    if outcome.exit_code == INTERRUPTED:
        yield Trouble("interrupted; the rest was not read", "", 1)
    elif outcome.exit_code == NOTHING and not outcome.problems:
        yield Trouble("no source held an event", "", 1)
