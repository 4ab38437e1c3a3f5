"""The auditor: blocks to tallies, tallies to one. Frame by frame: the reference, which defines what is right.

From block to tally nothing opens a log, prints, or reads a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from replay_cli import rules
from replay_cli.blocks import Block
from replay_cli.checks import NAME_SHOWN, agreement, alone, dispatched, in_compat
from replay_cli.compat import DONE
from replay_cli.compat import NAMES as COMPAT_NAMES
from replay_cli.findings import Finding
from replay_cli.frames import Frame, State
from replay_cli.jsontext import JsonReader
from replay_cli.marks import mark_of, thread_key
from replay_cli.members import members
from replay_cli.opening import Opened, beyond, envelope_of, finding, open_frame
from replay_cli.payloads import COMPLETED, KNOWN_EVENTS
from replay_cli.profiles import Plan, Shape
from replay_cli.tally import Place, Tally
from replay_cli.walk import FRAMINGS, Walk, not_offered

NOT_CLEAN = "frames with findings, or without an event"
LEARNED_FROM = "frames that a layout was learned from"
"""Why bytes went to the reference (``Tally.unproven``), if the prover was asked (``walk.not_offered``).

There are more reasons, of clean frames from which nothing is learned (``prover``).
"""

_COMPLETED_AS_TEXT = b'"turn.completed"'


Meet = Callable[[Frame, Tally], None]
"""Told each frame that the reference looked at, with its tally."""


def audit_blocks(
    blocks: Iterable[Block], plan: Plan, meet: Meet | None = None, before: Counter[str] | None = None
) -> Iterator[Tally]:
    """Tallies that add up to that of the blocks, in order: what the prover cannot tell, the reference does.

    ``before`` is how often each rule was broken before the blocks, as far as that is known: what would be too many
    findings to be kept is only counted.
    """
    reason = not_offered(plan)
    if reason is None or meet is not None:
        audit = _FastAudit(plan, meet, before or Counter())
        for block in blocks:
            yield from audit.parts(block)
        return
    reader = JsonReader(whole=plan.schema is not None)
    for block in blocks:
        tally = audit_block(block, plan, reader)
        tally.unproven[reason] += block.length
        yield tally


def audit_block(block: Block, plan: Plan, reader: JsonReader) -> Tally:
    """The tally of a block, frame by frame: the reference."""
    tally = Tally(plan.kept, plan.gaps)
    for frame in FRAMINGS[plan.framing].frames(block):
        tally += audit_frame(frame, plan, reader)
    return tally


class _FastAudit:
    """The audit of one source with the prover before the reference."""

    def __init__(self, plan: Plan, meet: Meet | None, before: Counter[str]) -> None:
        self._plan = plan
        self._meet = meet
        self._reader = JsonReader()
        self._walk = Walk(plan)
        # Lines met that break the schema: beyond those that are kept they are only counted, all in a row at once.
        self._breaking = before[rules.SCHEMA_VIOLATION.code]
        self._refused: list[Frame] = []
        self._only_breaks_schema: Callable[[Frame, Plan], bool] | None = None
        # Likewise blank lines.
        self._blank = before[rules.BLANK_LINE.code]

    def parts(self, block: Block) -> Iterator[Tally]:
        """The tallies of a block, one for each run that is proven, one for the frames between two of them."""
        between: Tally | None = None
        for piece in self._walk.pieces(block):
            if not isinstance(piece, Frame):
                if between is not None:
                    self._count_refused(between)
                    yield between
                    between = None
                yield piece.tally()
                continue
            between = between or Tally(self._plan.kept, self._plan.gaps)
            if self._is_refused(piece, between):
                self._refused.append(piece)
            else:
                self._count_refused(between)
                self._refer(piece, between)
        if between is not None:
            self._count_refused(between)
            yield between

    def _is_refused(self, frame: Frame, tally: Tally) -> bool:
        """Whether a frame only breaks the schema, and that is only to be counted."""
        plan = self._plan
        if self._breaking < plan.kept or tally.refused is None:
            return False
        if self._only_breaks_schema is None:
            # Once for all lines: they are many where this is asked at all.
            from replay_cli.quick import only_breaks_schema

            self._only_breaks_schema = only_breaks_schema
        return self._only_breaks_schema(frame, plan)

    def _count_refused(self, tally: Tally) -> None:
        """Add the frames in a row that are only counted."""
        if frames := self._refused:
            tally.count_refused(frames, rules.SCHEMA_VIOLATION.code, any(map(_is_completion, frames)))
            tally.unproven[NOT_CLEAN] += sum([frame.length for frame in frames])
            self._refused = []

    def _refer(self, frame: Frame, tally: Tally) -> None:
        """Add a frame that the prover could not tell anything of."""
        plan = self._plan
        if frame.state is State.SILENT and not (frame.faults or frame.bom):
            tally.lines += frame.lines
            tally.size += frame.length
            tally.comments += frame.comments
            tally.unproven[NOT_CLEAN] += frame.length
            return
        if frame.state is State.BLANK and self._blank >= plan.kept:
            tally.count_blank(frame, rules.BLANK_LINE.code)
            tally.unproven[NOT_CLEAN] += frame.length
            return
        one = audit_frame(frame, plan, self._reader)
        self._blank += frame.state is State.BLANK
        if self._meet is not None:
            self._meet(frame, one)
        tally += one
        self._breaking += one.broken[rules.SCHEMA_VIOLATION.code]
        if one.broken or not one.events:
            tally.unproven[NOT_CLEAN] += frame.length
        else:
            tally.unproven[self._walk.learn(frame) or LEARNED_FROM] += frame.length


def audit_frame(frame: Frame, plan: Plan, reader: JsonReader) -> Tally:
    """The tally of one frame; its lines count from 1 at the frame's first line."""
    opened = open_frame(frame, plan, reader)
    tally = Tally(plan.kept, plan.gaps, lines=frame.lines, size=frame.length, comments=frame.comments)
    found = list(opened.findings)
    if frame.state is State.HEAD:
        tally.joints = (frame.offset, frame.offset)
        tally.headed = True
        tally.opening = Place(1, frame.offset, 0, rules.NEW_CONNECTION.code)
    elif frame.state is not State.SILENT and frame.state is not State.BLANK:
        tally.frames = 1
    tally.broken.update(beyond(frame))
    if not opened.readable:
        _remember_damage(tally, frame, found[-1])
    elif plan.shape is Shape.COMPAT and opened.value is not None:
        found += _compat(tally, frame)
    elif opened.envelope is not None:
        found += _event(tally, frame, opened, plan)
    elif plan.shape is Shape.CUSTOM and opened.value is not None:
        tally.events = 1
        # Without a number it has no place in an order, but what it says twice can be compared.
        found += agreement(frame, envelope_of(opened.value), opened.value, plan, tally.looked)
    for one in found:
        tally.broken[one.code] += 1
        tally.findings.setdefault(one.code, []).append(one)
    return tally


def _remember_damage(tally: Tally, frame: Frame, damage: Finding) -> None:
    """A frame that could not be read: where it is, and what that means to who reads past it."""
    tally.bad = (frame.offset, frame.offset)
    place = Place(damage.line, damage.offset, 0, damage.code)
    if frame.state is State.TORN:
        tally.torn = (frame.offset, frame.length)
    elif damage.code == rules.OVERLONG_LINE.code:
        tally.unexamined = place
        tally.completed = _is_completion(frame)
    elif damage.code != rules.EVENT_WITHOUT_DATA.code:
        tally.refused = place
        # Its thread's turn is over on disk whether or not this line can be read (CONTRACT.md 2.5).
        tally.completed = _is_completion(frame)


def _is_completion(frame: Frame) -> bool:
    """Whether a frame that is not read seems to end a turn: its own ``event`` says so, not one in its payload."""
    if _COMPLETED_AS_TEXT not in frame.data:
        return False
    from replay_cli.fragments import mixture

    # Bytes that never reached the disk stand between the records, or inside one.
    data = frame.data.replace(b"\0", b" ")
    mixed = mixture(data)
    texts = (data, *(data[start:end] for start, end in mixed.records)) if mixed else (data,)
    return any(
        member.name == "event" and text[member.start : member.end] == _COMPLETED_AS_TEXT
        for text in texts
        for member in members(text)
    )


def _compat(tally: Tally, frame: Frame) -> list[Finding]:
    """A frame of the compat stream (CONTRACT.md 3.4): known names, and nothing behind ``done``."""
    name = dispatched(frame)
    tally.events = 1
    tally.names[name if name in COMPAT_NAMES else ""] += 1
    tally.done = name == DONE
    tally.first_frame = finding(frame, rules.EVENT_AFTER_DONE, name=name[:NAME_SHOWN])
    return in_compat(frame)


def _event(tally: Tally, frame: Frame, opened: Opened, plan: Plan) -> list[Finding]:
    """A readable event: what it shows alone, and the mark that it leaves."""
    event, value, shape = opened.envelope, opened.value, opened.shape
    if event is None or value is None or shape is None:
        return []
    mark = mark_of(event, value, frame)
    tally.events = 1
    # Unknown names share one count: a hostile log may hold a million of them.
    tally.names[event.event if event.event in KNOWN_EVENTS else ""] += 1
    tally.completed = event.event == COMPLETED and plan.thread in (None, event.thread_id)
    tally.seqs = (event.seq, event.seq)
    tally.instants = (mark.instant, mark.instant) if mark.instant is not None else None
    thread = thread_key(event.thread_id)
    tally.heads[thread] = tally.tails[thread] = mark
    return list(alone(frame, event, value, shape, plan, tally.looked))
