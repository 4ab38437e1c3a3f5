"""The words of ``replay tail``: its options, and what its help says of them."""

# No ``from __future__ import annotations`` here: see ``cli.py``.

from enum import StrEnum
from typing import Annotated, Any, Optional

import typer

from replay_cli.cli_words import (
    MAX_LINE_BYTES,
    SETTINGS,
    Cache,
    Color,
    Event,
    Exclude,
    FramingName,
    FramingOf,
    MaxLineBytes,
    NoSummary,
    Number,
    Profile,
    ProfileOf,
    Since,
    SinceSeq,
    Turn,
    UntilSeq,
    Word,
    Words,
    examples,
)
from replay_cli.late import made

EXIT_CODES = """

\b
Exit codes:
  0    shown; under --follow: what --exit-on names has come, or the time is up
  1    an error under --strict; what --exit-on names did not come in time
  2    usage error: missing file, bad time, options that contradict each other
  3    nothing to read: no source held an event
  4    an input could not be opened, or not be read to its end, or reached
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)"""

EPILOG = (
    examples(
        "replay tail -n 5 log.jsonl",
        "replay tail --since-seq 100 --event 'turn.*' captures/",
    )
    + EXIT_CODES
)


class TailFormat(StrEnum):
    """How events are written for programs."""

    JSON = "json"
    JSONL = "jsonl"


def tail(
    paths: Annotated[
        Words,
        typer.Argument(
            metavar="[LOG...]",
            show_default=False,
            help="Files, folders, globs, - for stdin, or a URL. [default: the store of this machine's runtime]",
        ),
    ] = None,
    number: Annotated[
        Number,
        typer.Option(
            "--number", "-n", metavar="N", help="Show the last N events. [default: 20; all with --since and the like]"
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing what is appended. [default: off]")
    ] = False,
    since_seq: SinceSeq = None,
    until_seq: UntilSeq = None,
    since: Since = None,
    thread: Annotated[
        Words, typer.Option(metavar="ID", help="Only events of this thread, in full or as shown. [default: all]")
    ] = None,
    turn: Turn = None,
    event: Event = None,
    cursor: Annotated[
        Word,
        typer.Option(metavar="FILE", help="Begin behind the seq in FILE, keep the last one there. [default: none]"),
    ] = None,
    exit_on: Annotated[
        Words,
        typer.Option(metavar="GLOB", help="With -f, end after a new event of such a name. [default: never]"),
    ] = None,
    timeout: Annotated[
        Word, typer.Option(metavar="TIME", help="With -f, end after so long, as 30s or 5m. [default: never]")
    ] = None,
    token_file: Annotated[
        Word,
        typer.Option(metavar="FILE", help="Take the token for a URL from FILE. [default: CODEWHALE_RUNTIME_TOKEN]"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 1 at the first error that is shown. [default: off]")
    ] = False,
    flow: Annotated[
        bool, typer.Option("--flow", help="Let the text of an item flow on, delta after delta. [default: off]")
    ] = False,
    wrap: Annotated[
        bool, typer.Option("--wrap", help="Do not cut lines to the width of the terminal. [default: off]")
    ] = False,
    payload: Annotated[
        bool, typer.Option("--payload", help="Show the payload of each event in full. [default: off]")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write events byte for byte as they are. [default: off]")
    ] = False,
    format: Annotated[  # noqa: A002
        Optional[TailFormat],  # noqa: UP045
        typer.Option(help="Write events for programs. [default: lines for people]", show_default=False),
    ] = None,
    utc: Annotated[
        bool, typer.Option("--utc", help="Tell times in UTC. [default: the time zone of this machine]")
    ] = False,
    color: Annotated[Color, typer.Option(help="Colour; auto obeys NO_COLOR, FORCE_COLOR.")] = Color.AUTO,
    profile: ProfileOf = Profile.AUTO,
    framing: FramingOf = FramingName.AUTO,
    exclude: Exclude = None,
    max_line_bytes: MaxLineBytes = MAX_LINE_BYTES,
    cache: Cache = True,
    quiet: NoSummary = False,
) -> None:
    """Show the end of event logs, an event a line, and follow them."""
    from replay_cli import tailing
    from replay_cli.asked_tail import TailRequest

    request = TailRequest(
        paths=paths or (),
        number=number,
        follow=follow,
        since_seq=since_seq,
        until_seq=until_seq,
        since=since,
        thread=thread or (),
        turn=turn or (),
        event=event or (),
        cursor=cursor,
        exit_on=exit_on or (),
        timeout=timeout,
        token_file=token_file,
        strict=strict,
        flow=flow,
        wrap=wrap,
        payload=payload,
        raw=raw,
        format=format,
        utc=utc,
        color=color,
        profile=profile,
        framing=framing,
        exclude=exclude or (),
        max_line_bytes=max_line_bytes,
        quiet=quiet,
        cache=cache,
    )
    raise typer.Exit(tailing.tail(request))


def command(name: str) -> Any:
    """The command, for ``late``."""
    return made(tail, name, EPILOG, SETTINGS)
