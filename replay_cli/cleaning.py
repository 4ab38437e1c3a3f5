"""Cleaning: what of a frame can be used, piece by piece.

What cannot be read is left out, and so is an event that came before with the same content. Two events with one number
and different content are a conflict: the first stays, the other is left out and told. Whole records that stand on one
line, or beside a torn fragment, become lines of their own. Nothing is invented: only line ends are put in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from replay_cli import rules
from replay_cli.checks import alone, dispatched, in_compat
from replay_cli.compat import DONE
from replay_cli.findings import Finding, Severity
from replay_cli.fragments import mixture
from replay_cli.frames import Frame, State
from replay_cli.jsontext import JsonReader
from replay_cli.marks import content_digest, thread_key
from replay_cli.opening import BOM, Opened, open_frame
from replay_cli.profiles import Plan, Shape

MIXED = frozenset([rules.GLUED_RECORDS.code, rules.SPLICED_LINE.code, rules.NUL_RUN.code, rules.BYTE_ORDER_MARK.code])
"""The rules that are broken by lines with whole records in them."""

LINE_END = b"\n"

First = Callable[[str, int, bytes], bytes | None]
"""The digest of the first event of a thread with a number, None if that can only be this one (``seen``)."""


def records(frame: Frame, code: str, plan: Plan) -> list[tuple[int, int]]:
    """Where whole records may stand on a line that breaks the rule ``code`` (0-based bytes in it, ends exclusive)."""
    if code not in MIXED or plan.framing != "jsonl" or frame.state is not State.WHOLE:
        return []
    if code == rules.BYTE_ORDER_MARK.code:
        return [(len(BOM), len(frame.data))]
    text = frame.data.replace(b"\0", b" ")
    if mixed := mixture(text):
        return [*mixed.records]
    # Beside a run of NULs there may be one record, and nothing else.
    start = len(text) - len(text.lstrip())
    return [(start, len(text.rstrip()))] if code == rules.NUL_RUN.code and text.strip() else []


def record_at(frame: Frame, start: int, end: int) -> Frame:
    """A record on a line as a frame of its own, without a line end."""
    return frame._replace(data=frame.data[start:end], offset=frame.offset + start, length=end - start, pieces=())


class Part(NamedTuple):
    """A part of a frame: ``length`` bytes, kept if ``reason`` is empty; ``added`` are put behind it."""

    length: int
    reason: str = ""
    opened: Opened | None = None
    added: bytes = b""


def _damage(opened: Opened) -> str:
    """The error in a frame that holds no event and is none that was refused: a run of NULs between two, say."""
    if opened.envelope is not None:
        return ""
    errors = (rules.BY_CODE[one.code] for one in opened.findings)
    return next((rule.name for rule in errors if rule.severity is Severity.ERROR), "")


class Cleaner:
    """Cleans the frames of one source. ``conflicts`` counts events that were left out for another with their number.

    ``flawed`` is told the rule of each error in an event that is kept: it can be read, so it stays.
    """

    def __init__(self, plan: Plan, first: First, flawed: Callable[[str], None]) -> None:
        self._plan = plan
        self._reader = JsonReader()
        self._first = first
        self.flawed = flawed
        self._done = False

    def parts(self, frame: Frame, opened: Opened) -> Iterator[Part]:
        """The parts of a frame, in order; they tile it."""
        if opened.readable and frame.state is not State.BLANK:
            damage = _damage(opened)
            if self._plan.shape is Shape.COMPAT and opened.value is not None:
                self._follow_compat(frame)
            yield Part(frame.length, damage) if damage else self._part(frame, opened, frame.length)
            return
        code = opened.findings[-1].code if opened.findings else rules.BLANK_LINE.code
        places = records(frame, code, self._plan)
        if not places:
            yield Part(frame.length, rules.BY_CODE[code].name)
            return
        yield from self._recovered(frame, places, rules.BY_CODE[code].name)

    def _part(self, frame: Frame, opened: Opened, length: int, added: bytes = b"") -> Part:
        """A readable frame: left out if it came before."""
        event, value = opened.envelope, opened.value
        if event is not None and value is not None:
            digest = content_digest(value)
            first = self._first(thread_key(event.thread_id), event.seq, digest)
            if first not in (None, digest):
                return Part(length, rules.SEQ_CONFLICT.name, opened)
            if first is not None and first is not digest:
                return Part(length, rules.SEQ_DUPLICATE.name, opened)
            for code in self._errors(frame, opened):
                self.flawed(code)
        return Part(length, "", opened, added)

    def _follow_compat(self, frame: Frame) -> None:
        """What a frame of the compat stream breaks, though it can be read (CONTRACT.md 3.4)."""
        broken = [rules.EVENT_AFTER_DONE] if self._done else []
        broken += [rules.BY_CODE[one.code] for one in in_compat(frame)]
        for rule in broken:
            if rule.severity is Severity.ERROR:
                self.flawed(rule.name)
        # ``Tally`` tells it once, of the first event behind.
        self._done = dispatched(frame) == DONE

    def _errors(self, frame: Frame, opened: Opened) -> Iterator[str]:
        event, value, shape = opened.envelope, opened.value, opened.shape
        if event is None or value is None or shape is None:
            return
        from collections import Counter

        found: list[Finding] = [*opened.findings, *alone(frame, event, value, shape, self._plan, Counter())]
        for one in found:
            if rules.BY_CODE[one.code].severity is Severity.ERROR and one.code != rules.BROKEN_LINK.code:
                yield rules.BY_CODE[one.code].name

    def _recovered(self, frame: Frame, places: list[tuple[int, int]], reason: str) -> Iterator[Part]:
        """The line of a frame in parts: its records as lines of their own, the rest left out."""
        at = 0
        for number, (start, end) in enumerate(places):
            if start > at:
                yield Part(start - at, reason)
            last = number == len(places) - 1
            rest = frame.data[end:] if last else b"?"
            # Behind the last record its own line end will do, if nothing stands before that.
            whole = last and not rest.strip()
            stop = frame.length if whole else end
            one = record_at(frame, start, end)
            opened = open_frame(one, self._plan, self._reader)
            if opened.readable and opened.envelope is not None:
                yield self._part(one, opened, stop - start, b"" if whole else LINE_END)
            else:
                told = rules.BY_CODE[opened.findings[-1].code].name if opened.findings else reason
                yield Part(stop - start, told)
            at = stop
        if at < frame.length:
            yield Part(frame.length - at, reason)
