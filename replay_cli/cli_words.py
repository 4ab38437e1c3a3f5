"""Words that several commands take, and how help pages end."""

# No ``from __future__ import annotations`` here: see ``cli.py``.

import re
from enum import StrEnum
from typing import Annotated, Optional

import typer

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""What click is to know of every command."""


class Profile(StrEnum):
    """What the lines are taken for."""

    AUTO = "auto"
    ENVELOPE = "envelope"
    RECORD = "record"
    LEGACY = "legacy"


class FramingName(StrEnum):
    """How the bytes are cut into events."""

    AUTO = "auto"
    JSONL = "jsonl"
    SSE = "sse"


class FramingOut(StrEnum):
    """How what is written is framed."""

    JSONL = "jsonl"
    SSE = "sse"


class ShapeOut(StrEnum):
    """The shape that events are written in."""

    ENVELOPE = "envelope"
    RECORD = "record"


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


Word = Optional[str]  # noqa: UP045
Words = Optional[list[str]]  # noqa: UP045
Number = Optional[int]  # noqa: UP045

Logs = Annotated[
    Words,
    typer.Argument(
        metavar="LOG...",
        show_default=False,
        help="Files, folders (searched for .jsonl .ndjson .sse .log, also compressed), globs, - for stdin.",
    ),
]
Exclude = Annotated[
    Words,
    typer.Option(metavar="GLOB", help="Leave out files and folders found in folders and globs. [default: none]"),
]
FilesFrom = Annotated[
    Word, typer.Option(metavar="FILE", help="Read further paths from FILE (- for stdin), one a line. [default: none]")
]
ProfileOf = Annotated[
    Profile, typer.Option(help="What the lines are: by content, or one of the three shapes of event.")
]
FramingOf = Annotated[FramingName, typer.Option(help="JSONL or SSE; by content.")]
MaxLineBytes = Annotated[int, typer.Option(metavar="N", help="Longest line or SSE event that is examined, in bytes.")]
SinceSeq = Annotated[Number, typer.Option(metavar="N", help="Only events with a seq above N. [default: all]")]
UntilSeq = Annotated[
    Number, typer.Option(metavar="N", help="Only events with a seq up to and with N. [default: all]")
]
Since = Annotated[
    Word,
    typer.Option(
        metavar="TIME", help="Only events from this time on: RFC 3339, a date, -3h, yesterday. [default: all]"
    ),
]
Turn = Annotated[Words, typer.Option(metavar="ID", help="Only events of this turn. [default: all]")]
Event = Annotated[
    Words,
    typer.Option(
        metavar="GLOB", help="Only events of such names; ! leaves out, the last that fits decides. [default: all]"
    ),
]
Jobs = Annotated[
    Number,
    typer.Option("--jobs", "-j", metavar="N", help="Processes for large inputs. [default: one for each core]"),
]
Cache = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Keep where events begin in big logs, for --since-seq.")
]
NoSummary = Annotated[bool, typer.Option("--quiet", "-q", help="No summary. [default: off]")]

FEW_CODES = """

\b
Exit codes:
  0    done
  2    usage error: what is named is not there, or cannot be meant
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)"""
"""How the help of a command ends that reads no log."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""The default of --max-line-bytes."""


def with_speed(arguments: list[str]) -> list[str]:
    """The words of a command line, where ``--pace`` stands without a speed with the speed 1.

    click would take whatever comes next for its value, be it a log.
    """
    following = [*arguments[1:], ""]
    return [
        "--pace=1" if word == "--pace" and not re.fullmatch(r"[0-9]+(\.[0-9]+)?x?", after) else word
        for word, after in zip(arguments, following, strict=False)
    ]


def examples(*lines: str) -> str:
    """The end of a help page: command lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
