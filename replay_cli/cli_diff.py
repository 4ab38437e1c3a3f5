"""The words of ``replay diff``: its options, and what its help says of them."""

# No ``from __future__ import annotations`` here: see ``cli.py``.

from enum import StrEnum
from typing import Annotated, Any

import typer

from replay_cli.cli_words import (
    MAX_LINE_BYTES,
    SETTINGS,
    NoSummary,
    UntilSeq,
    Words,
    examples,
)
from replay_cli.late import made

EXIT_CODES = """

\b
Exit codes:
  0    equal
  1    different
  2    usage error: missing file, no pointer, contradicting options
  3    nothing to read: no event in either, or one is no event log
  4    a recording could not be opened, or not be read to its end
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)"""

EPILOG = (
    examples(
        "replay diff log.jsonl log.jsonl",
        "replay diff --fold-deltas captures/story.sse captures/story.sse",
    )
    + EXIT_CODES
)


class Align(StrEnum):
    """How it is told which events belong together."""

    AUTO = "auto"
    SEQ = "seq"
    SHAPE = "shape"


class DiffFormat(StrEnum):
    """How differences are written."""

    TEXT = "text"
    JSON = "json"


def diff(
    left: Annotated[str, typer.Argument(metavar="A", help="A log or capture, - for stdin.")],
    right: Annotated[str, typer.Argument(metavar="B", help="What it is compared with.")],
    align: Annotated[
        Align, typer.Option(help="Events belong together by seq, or by what they say; auto: seq in one store.")
    ] = Align.AUTO,
    until_seq: UntilSeq = None,
    fold_deltas: Annotated[
        bool, typer.Option("--fold-deltas", help="Take the deltas of an item as one event. [default: off]")
    ] = False,
    ignore: Annotated[
        Words, typer.Option(metavar="/POINTER", help="Leave out what stands there; * is any member. [default: none]")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Compare times and durations, too; ids still map. [default: off]")
    ] = False,
    format: Annotated[DiffFormat, typer.Option(help="How to write what differs.")] = DiffFormat.TEXT,  # noqa: A002
    max_differences: Annotated[
        int, typer.Option(metavar="N", help="Events that differ and are listed; all are counted.")
    ] = 1000,
    max_line_bytes: Annotated[
        int, typer.Option(metavar="N", help="Longest line or SSE event that is compared, in bytes.")
    ] = MAX_LINE_BYTES,
    quiet: NoSummary = False,
) -> None:
    """Compare two recordings as streams: what one has and the other lacks, or says otherwise."""
    from replay_cli.diffing import DiffRequest
    from replay_cli.diffing import diff as compare

    request = DiffRequest(
        left=left,
        right=right,
        align=align,
        until_seq=until_seq,
        fold_deltas=fold_deltas,
        ignore=ignore or (),
        strict=strict,
        format=format,
        max_differences=max_differences,
        max_line_bytes=max_line_bytes,
        quiet=quiet,
    )
    raise typer.Exit(compare(request))


def command(name: str) -> Any:
    """The command, for ``late``."""
    return made(diff, name, EPILOG, SETTINGS)
