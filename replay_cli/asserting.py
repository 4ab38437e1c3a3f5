"""Asserting: whether a log would pass the gate, and in what words a test says that it does not.

The same gate as ``replay validate``: findings at or above a level fail it, and so does a log without any event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from replay_cli.api import FramingName, ProfileName, audit_source, make_options
from replay_cli.errors import UsageError, in_quotes, one_line, renamed
from replay_cli.findings import Finding, Severity
from replay_cli.grading import Grading, grade
from replay_cli.inspection import inspect
from replay_cli.live import Live
from replay_cli.outcome import CLEAN, Outcome
from replay_cli.planning import MAX_LINE_BYTES, Options
from replay_cli.render import Style
from replay_cli.render.concise import render
from replay_cli.rules import NOT_JSON
from replay_cli.sources import Source, open_path, open_stream
from replay_cli.told import Report
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli import report

FINDINGS_SHOWN = 50
"""How many findings of a log a failed test lists."""

SPLIT_TOO_OFTEN = (
    "hint: these lines came as text without their ends; iter_lines() of some clients (httpx) and str.splitlines() "
    "also cut at U+0085, U+2028 and U+2029, which JSON may hold as they are: give iter_bytes() instead"
)
"""What to say of a line of text that ends within a string."""

LEVELS = ("error", "warning", "note")

Words = str | Iterable[str]


def assert_valid_stream(
    stream: str | PathLike[str] | bytes | bytearray | memoryview | Iterable[str | bytes],
    *,
    until: str | None = None,
    name: str | None = None,
    fail_level: Literal["error", "warning", "note"] = "error",
    profile: ProfileName = "auto",
    framing: FramingName = "auto",
    select: Words = (),
    ignore: Words = (),
    severity: Words = (),
) -> report.Report:
    """Raise AssertionError, with the findings, if a stream breaks the contract or holds no event; return its report.

    ``stream`` is the path of a log or capture, its bytes, or an iterable: of lines (text or bytes, with line ends or
    without), or of pieces, whatever their cuts. That is read as it comes, and no further than the end of the frame
    that fails. ``until`` names the SSE event behind which it is not read on, as a live stream has no end; without
    that event it fails. ``name`` is what to call the stream. Findings at or above ``fail_level`` fail; the other
    parameters are those of ``audit``. Raises UsageError for a missing file or an unknown rule, SourceError for a file
    that cannot be opened, and whatever the iterable raises.
    """
    __tracebackhide__ = True
    least = level(fail_level)
    with renamed():
        options = options_of(profile, framing, grade(_words(select), _words(ignore), _words(severity)))
    hint = ""
    if isinstance(stream, bytearray | memoryview):
        stream = bytes(stream)
    if isinstance(stream, str | PathLike | bytes):
        if until is not None:
            raise UsageError("until: is for a stream that is given line by line")
        found, reached = audit_source(_opener(stream, name), options), True
    else:
        live = Live(_iterable(stream), until)
        found = _listened(live, name or "<stream>", replace(options, live=True), least)
        if live.raised is not None:
            raise live.raised
        hint = _hint(live, found)
        reached = live.reached or until is None
    why = list(failed(found, least))
    if not why and not reached:
        why = [f"{one_line(found.source)}: ended without {one_line(until or '')}"]
    if why:
        raise AssertionError("\n".join([*why, hint] if hint else why))
    from replay_cli.report import published

    return published(found)


def failed(found: Report, least: Severity) -> Iterator[str]:
    """Why a log does not pass, in lines without line ends; nothing if it does."""
    outcome = Outcome(least)
    outcome.add(found)
    if outcome.exit_code == CLEAN:
        return
    for line in render([found._replace(not_shown=0)], outcome, Style()):
        yield line.removesuffix("\n")
    if found.not_shown:
        yield f"and {count(found.not_shown, 'more finding')}"
    name = one_line(found.source)
    if found.failure:
        yield one_line(f"not read to its end: {found.failure}")
    elif not found.events and not found.findings:
        yield f"{name}: no event in it"
    yield f"verdict: {one_line(found.verdict)}"


def level(word: str) -> Severity:
    """The severity from which on findings fail. Raises UsageError if it is none of the three."""
    if word not in LEVELS:
        raise UsageError(f"fail level: {in_quotes(word)} is not error, warning or note")
    return Severity(word)


def options_of(
    profile: str,
    framing: str,
    grading: Grading,
    *,
    max_line_bytes: int = MAX_LINE_BYTES,
    schema: str | None = None,
) -> Options:
    """How a test audits: in one process, listing few findings. ``schema`` is the path of a schema of the user's."""
    return make_options(
        profile,
        framing,
        grading,
        max_line_bytes=max_line_bytes,
        max_findings=FINDINGS_SHOWN,
        statistics=False,
        schema=Path(schema) if schema is not None else None,
        show_values=False,
        max_bytes=None,
        fast=True,
        jobs=1,
    )


def _opener(stream: str | PathLike[str] | bytes, name: str | None) -> partial[Source]:
    if isinstance(stream, bytes):
        return partial(_opened, stream, name or "<bytes>")
    if isinstance(stream, str) and "\n" in stream:
        raise UsageError("stream: a text is the path of a log; give what a stream holds as bytes")
    return partial(open_path, Path(stream), name or str(stream))


def _opened(data: bytes, name: str) -> Source:
    return open_stream(BytesIO(data), name)


def _iterable(stream: object) -> Iterable[str | bytes]:
    if isinstance(stream, Iterable):
        return stream
    also = "; collect what an asynchronous one gives first" if hasattr(stream, "__aiter__") else ""
    raise UsageError(f"stream: a path, bytes or lines are wanted, not {one_line(type(stream).__name__)}{also}")


def _listened(live: Live, name: str, options: Options, least: Severity) -> Report:
    """Audit what comes, up to the first finding that fails."""
    failing = list(Severity)[: list(Severity).index(least) + 1]

    def listen(found: list[Finding]) -> None:
        if any(options.grading.of(one.code) in failing and options.grading.asks(one.code) for one in found):
            live.stop()

    with open_stream(cast("BinaryIO", live), name) as source:
        return inspect(source, options, listen=listen)


def _hint(live: Live, found: Report) -> str:
    """What may have broken JSON before it came here, if anything."""
    broken = any(one.code == NOT_JSON.code and "unterminated" in one.message for one in found.findings)
    return SPLIT_TOO_OFTEN if live.bare_text and broken else ""


def _words(given: Words) -> list[str]:
    return [given] if isinstance(given, str) else list(given)
