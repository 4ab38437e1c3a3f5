"""Admission: which sources can be written again as was asked, told before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from replay_cli.errors import SourceError, UsageError
from replay_cli.planning import Options, Planned, planned
from replay_cli.profiles import Shape
from replay_cli.remaking import Remake
from replay_cli.sources import Source
from replay_cli.survey import Recurring, surveyed


def survey_all(
    opens: Iterable[Callable[[], Source]], options: Options, progress: Callable[[Source, int], None] | None = None
) -> Recurring:
    """Look at sources for the first time: which numbers can occur more than once in them, one after the other.

    Raises UsageError for another log, which cannot be cleaned.
    """
    surveys = []
    for open_source in opens:
        with suppress(SourceError), open_source() as source:  # it is told when it is opened to be written
            begun = planned(source, options)
            refuse(source, begun, clean=True)
            surveys.append(surveyed(source, begun, progress))
    return Recurring(surveys)


def refuse(source: Source, begun: Planned, clean: bool, remake: Remake | None = None, ordered: bool = False) -> None:
    """Raise UsageError if nothing of a source would be left by cleaning, or it holds nothing to convert or sort."""
    shape = begun.plan.shape
    if ordered and shape in (Shape.FOREIGN, Shape.COMPAT):
        what = begun.what if shape is Shape.FOREIGN else "a capture of the compat stream"
        raise UsageError(f"{source.name}: is another log ({what}), which holds no events to put in order")
    if shape is Shape.FOREIGN and clean:
        raise UsageError(f"{source.name}: is another log ({begun.what}); --clean would leave out all of it")
    if remake is None or not remake.changes:
        return
    wanted = "convert" if remake.redaction is None else "redact"
    if shape is Shape.FOREIGN:
        raise UsageError(f"{source.name}: is another log ({begun.what}), which holds no events to {wanted}")
    if shape is Shape.COMPAT:
        raise UsageError(f"{source.name}: is a capture of the compat stream, which holds no envelopes to {wanted}")
    if remake.relink and (remake.shape or shape) is not Shape.ENVELOPE:
        raise UsageError(f"--relink: {source.name} holds events without previous_seq; --to envelope gives them one")
