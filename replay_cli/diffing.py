"""Diffing: the command ``replay diff`` from its words to its exit code.

What differs goes to stdout, the summary and complaints to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain, islice

from replay_cli.aligning import aligned
from replay_cli.atomic import say, standard_output
from replay_cli.discovery import STDIN
from replay_cli.divergence import Contrast, Side
from replay_cli.errors import UsageError, one_line
from replay_cli.folding import folded
from replay_cli.grading import grade
from replay_cli.ledger import Ledger
from replay_cli.outcome import FINDINGS, INTERRUPTED, NOTHING, PRECEDENCE, UNREADABLE
from replay_cli.planning import MAX_LINE_BYTES, Options
from replay_cli.profiles import Shape
from replay_cli.recording import Entering, Met, Recording
from replay_cli.sources import Source, open_path, open_stream
from replay_cli.timestamps import nanoseconds
from replay_cli.volatile import FRAMING, Node, places
from replay_cli.wording import count

PROBED = 200
"""Events of each recording that tell how to align them, as far as they are not longer than ``PROBED_BYTES``."""

PROBED_BYTES = 256 * 1024

MAX_DIFFERENCES = 1000


@dataclass(frozen=True, slots=True)
class DiffRequest:
    """What was typed."""

    left: str
    right: str
    align: str = "auto"
    until_seq: int | None = None
    fold_deltas: bool = False
    ignore: Sequence[str] = ()
    strict: bool = False
    format: str = "text"
    max_differences: int = MAX_DIFFERENCES
    max_line_bytes: int = MAX_LINE_BYTES
    quiet: bool = False


def diff(request: DiffRequest) -> int:
    """Compare two recordings as was asked, and return the exit code. Raises ReplayError."""
    refuse_nonsense(request)
    try:
        with ExitStack() as stack:
            options = Options(max_line_bytes=request.max_line_bytes, grading=grade([], [], []))
            names = (request.left, request.right)
            sources = [stack.enter_context(_opened(name)) for name in names]
            recordings = [Recording(source, options, request.until_seq) for source in sources]
            return _told(request, recordings)
    except KeyboardInterrupt:
        say("replay: interrupted; nothing was told")
        return INTERRUPTED


def refuse_nonsense(request: DiffRequest) -> None:
    """Raise UsageError for options that cannot be meant."""
    if request.left == request.right == STDIN:
        raise UsageError("-: stdin can be read only once")
    if request.max_line_bytes < 1:
        raise UsageError(f"--max-line-bytes: {request.max_line_bytes} is less than 1")
    if request.max_differences < 0:
        raise UsageError(f"--max-differences: {request.max_differences} is less than 0")
    if request.until_seq is not None and request.until_seq < 0:
        raise UsageError(f"--until-seq: {request.until_seq} is less than 0")
    if request.fold_deltas and request.align == "seq":
        raise UsageError("--fold-deltas: contradicts --align seq; the numbers are those of the pieces")
    places(request.strict, request.ignore)


def _opened(name: str) -> Source:
    if name != STDIN:
        return open_path(name)
    if sys.stdin is None:
        raise UsageError("-: there is no standard input")
    return open_stream(sys.stdin.buffer, "<stdin>")


def _told(request: DiffRequest, recordings: list[Recording]) -> int:
    """Compare, tell what differs, and return the exit code."""
    for one in recordings:
        if one.foreign:
            say(f"replay: {one_line(one.name)}: {one_line(one.foreign)}")
            return NOTHING
    contrast = compared(request, recordings)
    due = {FINDINGS} if contrast.total else set()
    lines = iter([contrast.document()]) if request.format == "json" else contrast.lines()
    # Who reads only the first lines still learns by the exit code that something differs.
    with suppress(BrokenPipeError), standard_output() as out:
        for line in lines:
            out.write(f"{line}\n".encode(errors="backslashreplace"))
        out.flush()
    due |= _complained(recordings, request.quiet)
    if not request.quiet:
        say(f"replay: {contrast.summary()}")
    return next((code for code in PRECEDENCE if code in due), 0)


def _complained(recordings: list[Recording], quiet: bool) -> set[int]:
    """Say what was wrong with the recordings; which exit codes are due for it."""
    due = set()
    for one in recordings:
        name = one_line(one.name)
        if one.failure is not None:
            say(f"replay: {one.failure}")
            due.add(UNREADABLE)
        if one.unexamined:
            say(f"replay: {name}: {count(one.unexamined, 'event')} over --max-line-bytes cannot be compared")
            due.add(UNREADABLE)
        if one.unreadable and not quiet:
            say(f"replay: {name}: {count(one.unreadable, 'event')} cannot be read, compared byte for byte")
        if not one.events:
            where = "" if one.until is None else f" up to seq {one.until}"
            say(f"replay: {name}: holds no event{where}")
    if not any(one.events for one in recordings):
        due.add(NOTHING)
    return due


def compared(request: DiffRequest, recordings: list[Recording]) -> Contrast:
    """What two recordings differ in. Raises UsageError where they have no numbers to go by."""
    rows = [one.met() for one in recordings]
    if request.fold_deltas:
        rows = [folded(row) for row in rows]
    heads = [_head(row) for row in rows]
    by_seq = _by_seq(request, recordings, heads)
    unlike = recordings[0].shape is not recordings[1].shape
    entering = Entering(_root(request, by_seq, unlike), by_seq, unlike)
    ledger = Ledger(entering, by_seq, request.max_differences)
    left, right = (entering.entries(chain(_given_up(head), row)) for head, row in zip(heads, rows, strict=True))
    for step in aligned(left, right):
        ledger.take(step)
    # Where one could not be read on, the other has more for no other reason.
    if recordings[0].failure is not None:
        ledger.forget_tail("added")
    if recordings[1].failure is not None:
        ledger.forget_tail("missing")
    left_side, right_side = (_side(one) for one in recordings)
    return Contrast(left_side, right_side, "seq" if by_seq else "shape", ledger.counts, ledger.found)


def _side(one: Recording) -> Side:
    failure = None if one.failure is None else str(one.failure)
    return Side(one.name, one.events, one.unreadable, one.unexamined, failure)


def _root(request: DiffRequest, by_seq: bool, unlike: bool) -> Node:
    """What is left out of the events: what only one shape has, too, and numbers where they do not align them."""
    besides = [*(FRAMING if unlike else ()), *(() if by_seq or request.strict else ("seq",))]
    return places(request.strict, request.ignore, besides)


def _head(row: Iterator[Met]) -> list[Met]:
    """The first events."""
    head, size = [], 0
    for met in islice(row, PROBED):
        head.append(met)
        size += len(met.text)
        if size > PROBED_BYTES:
            break
    return head


def _given_up(head: list[Met]) -> Iterator[Met]:
    """The first events, none of them held any longer than needed."""
    head.reverse()
    while head:
        yield head.pop()


def _by_seq(request: DiffRequest, recordings: list[Recording], heads: list[list[Met]]) -> bool:
    """Whether numbers tell which events belong together."""
    if request.align == "shape" or request.fold_deltas:
        return False
    numberless = next((one for one in recordings if one.shape is Shape.COMPAT), None)
    if request.align == "seq":
        if numberless is not None:
            raise UsageError(f"--align seq: {numberless.name} is of the compat stream, which has no numbers")
        return True
    return numberless is None and _are_of_one_store(*heads)


def _are_of_one_store(left: list[Met], right: list[Met]) -> bool:
    """Whether two beginnings come from one store: in one thread, with one number, an event is written once.

    If they have no number in common, it is so if they tell of the same thread.
    """
    known, other = ({(one.event.thread_id, one.seq): one for one in row if one.event} for row in (left, right))
    both = known.keys() & other.keys()
    if not both:
        return bool({thread for thread, _ in known} & {thread for thread, _ in other})
    same = sum(_instant(known[key]) == _instant(other[key]) for key in both)
    return same * 2 > len(both)


def _instant(met: Met) -> object:
    if met.event is None:
        return None
    instant = nanoseconds(met.event.timestamp)
    return met.event.timestamp if instant is None else instant
