"""The Python twin of ``replay validate``: ``replay_cli.audit``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from replay_cli.errors import UsageError, in_quotes, renamed
from replay_cli.grading import Grading, grade
from replay_cli.inspection import Listen, Progress, Reopen, inspect
from replay_cli.planning import MAX_FINDINGS, MAX_LINE_BYTES, Options
from replay_cli.profiles import Shape
from replay_cli.sources import open_path, open_stream
from replay_cli.told import Report

if TYPE_CHECKING:
    from replay_cli import report

ProfileName = Literal["auto", "envelope", "record", "legacy"]
FramingName = Literal["auto", "jsonl", "sse"]


def audit(
    log: str | PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None = None,
    profile: ProfileName = "auto",
    framing: FramingName = "auto",
    select: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    severity: str | Iterable[str] = (),
    max_line_bytes: int = MAX_LINE_BYTES,
    max_findings: int = MAX_FINDINGS,
    statistics: bool = False,
    schema: str | PathLike[str] | None = None,
    show_values: bool = False,
    max_bytes: int | None = None,
    fast: bool = True,
    jobs: int = 1,
) -> report.Report:
    """Audit one event log or SSE capture and return its report. Twin: ``replay validate LOG``.

    ``log`` is a path, the bytes of a log, or an open binary file. ``name`` is what to call it in the report. The
    other parameters are the options of the same name; ``select``, ``ignore`` and ``severity`` take the items that
    the options take ("S102", "seq-gap=warning").

    Never raises for what the log holds: what is wrong with it is in ``Report.findings``, and if it could not be
    read to its end ``Report.failure`` says why. Raises UsageError for a missing file or an unknown rule, and
    SourceError for a file that cannot be opened.
    """
    # Only here: the command line is not to load pydantic, which takes longer than a small audit.
    from replay_cli.report import published

    with renamed():
        options = make_options(
            profile,
            framing,
            grade(_items(select), _items(ignore), _items(severity)),
            max_line_bytes=max_line_bytes,
            max_findings=max_findings,
            statistics=statistics,
            schema=Path(schema) if schema is not None else None,
            show_values=show_values,
            max_bytes=max_bytes,
            fast=fast,
            jobs=jobs,
        )
    return published(_audited(log, name, options))


def _audited(log: str | PathLike[str] | bytes | BinaryIO, name: str | None, options: Options) -> Report:
    """The report of whatever ``audit`` takes for a log."""
    if isinstance(log, str | PathLike):
        path = Path(log)
        return audit_source(partial(open_path, path, name or str(log)), options)
    if isinstance(log, bytes):
        return audit_source(lambda: open_stream(BytesIO(log), name or "<bytes>"), options)
    if not hasattr(log, "read") or not isinstance(log.read(0), bytes):
        raise UsageError(f"audit: a path, bytes or a file opened in binary mode is wanted, not {type(log).__name__}")
    with open_stream(log, name or str(getattr(log, "name", "<stream>"))) as source:
        return inspect(source, options)


def _items(given: str | Iterable[str]) -> list[str]:
    """The items of an option; one alone may be given as it is."""
    return [given] if isinstance(given, str) else list(given)


def audit_source(
    reopen: Reopen, options: Options, progress: Progress | None = None, listen: Listen | None = None
) -> Report:
    """Audit what ``reopen`` opens, opening it a second time if the order is broken and it can be read again."""
    with reopen() as source:
        again = reopen if source.rereadable or source.path is None else None
        return inspect(source, options, again, progress, listen)


def make_options(
    profile: str,
    framing: str,
    grading: Grading,
    *,
    max_line_bytes: int,
    max_findings: int,
    statistics: bool,
    schema: Path | None,
    show_values: bool,
    max_bytes: int | None,
    fast: bool,
    jobs: int,
) -> Options:
    """Options from the words that a user gives. Raises UsageError for one that cannot be meant."""
    if profile not in ("auto", Shape.ENVELOPE, Shape.RECORD, Shape.LEGACY):
        raise UsageError(f"--profile: {in_quotes(profile)} is not auto, envelope, record or legacy")
    if framing not in ("auto", "jsonl", "sse"):
        raise UsageError(f"--framing: {in_quotes(framing)} is not auto, jsonl or sse")
    if max_line_bytes < 1:
        raise UsageError(f"--max-line-bytes: {max_line_bytes} is less than 1")
    if jobs < 1:
        raise UsageError(f"--jobs: {jobs} is less than 1")
    if max_findings < 0:
        raise UsageError(f"--max-findings: {max_findings} is less than 0")
    if max_bytes is not None and max_bytes < 1:
        raise UsageError(f"--max-bytes: {max_bytes} is less than 1")
    if schema is not None:
        from replay_cli import userschema

        own = userschema.load(schema)
    return Options(
        profile=None if profile == "auto" else Shape(profile),
        framing=None if framing == "auto" else framing,
        max_line_bytes=max_line_bytes,
        max_findings=max_findings,
        grading=grading,
        statistics=statistics,
        schema=own if schema is not None else None,
        show_values=show_values,
        max_bytes=max_bytes,
        fast=fast,
        jobs=jobs,
    )
