"""Audited: one log with its report and its events, for tests that go on to look at what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_cli.api import audit_source
from replay_cli.cutting import cut
from replay_cli.errors import UsageError
from replay_cli.jsontext import JsonReader
from replay_cli.opening import open_frame
from replay_cli.planning import Options, planned
from replay_cli.profiles import Shape
from replay_cli.sources import Source, open_path
from replay_cli.walk import FRAMINGS

if TYPE_CHECKING:
    from replay_cli.report import Report


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a log, of whatever shape, as it stands there.

    ``timestamp`` is the text as it was written; ``payload`` any JSON value. ``line`` counts from 1, ``offset`` bytes
    from 0 after decompression; of an SSE event they are those of its data.
    """

    seq: int
    event: str
    thread_id: str
    turn_id: str | None
    item_id: str | None
    timestamp: str
    payload: Any
    line: int
    offset: int


class Events:
    """The events of a log in its order, those that can be read. Each iteration reads it anew, in flat memory.

    Iterating raises UsageError and SourceError where the log cannot be opened, or read to its end, and UsageError for
    the compat stream, which has other events (CONTRACT.md 3.4).
    """

    def __init__(self, reopen: Callable[[], Source], options: Options) -> None:
        self._reopen, self._options = reopen, options

    def __iter__(self) -> Iterator[Event]:
        with self._reopen() as source:
            begun = planned(source, self._options)
            plan, reader, lines = begun.plan, JsonReader(), 0
            if plan.shape is Shape.COMPAT:
                raise UsageError(f"{source.name}: is the compat stream, whose frames are no events of a thread")
            framing = FRAMINGS[plan.framing]
            for block in cut(begun.chunks, framing, plan.limit, source.more):
                ended = 0
                for frame in framing.frames(block):
                    found = open_frame(frame, plan, reader).envelope
                    ended += frame.lines
                    if found is None:
                        continue
                    place = frame.place(0)
                    yield Event(
                        seq=found.seq,
                        event=found.event,
                        thread_id=found.thread_id,
                        turn_id=found.turn_id,
                        item_id=found.item_id,
                        timestamp=found.timestamp,
                        payload=found.payload,
                        line=lines + place.line,
                        offset=place.offset,
                    )
                lines += ended


@dataclass(frozen=True, slots=True)
class AuditedLog:
    """A log, what the audit found in it, and its events."""

    path: Path
    report: Report
    events: Events

    @property
    def ok(self) -> bool:
        """Whether it was read to its end, and has events and no error."""
        return self.report.ok and self.report.events > 0


def audited(path: Path, name: str, options: Options) -> AuditedLog:
    """Audit the log at ``path``, called ``name``. Raises UsageError if there is none, SourceError."""
    # Only here: pydantic takes longer to load than a small log to audit.
    from replay_cli.report import published

    reopen = partial(open_path, path, name)
    return AuditedLog(path, published(audit_source(reopen, options)), Events(reopen, options))
