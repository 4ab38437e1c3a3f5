"""The words of ``replay emit``: its options, and what its help says of them."""

# No ``from __future__ import annotations`` here: see ``cli.py``.

from typing import Annotated, Any, Optional

import typer

from replay_cli.cli_words import (
    MAX_LINE_BYTES,
    SETTINGS,
    Cache,
    Event,
    Exclude,
    FilesFrom,
    FramingName,
    FramingOf,
    FramingOut,
    Logs,
    MaxLineBytes,
    NoSummary,
    Number,
    Profile,
    ProfileOf,
    ShapeOut,
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
  0    written
  1    a conflict, or something unreadable left out without --quarantine
  2    usage error: missing file, bad expression, output that exists
  3    nothing to read: no source held an event
  4    an input could not be opened, or not be read to its end
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)"""

EPILOG = (
    examples(
        "replay emit --clean --quarantine left-out.jsonl -o cleaned.jsonl log.jsonl",
        "replay emit --event 'item.*' --event '!item.delta' log.jsonl",
    )
    + EXIT_CODES
)


def emit(
    paths: Logs = None,
    since_seq: SinceSeq = None,
    until_seq: UntilSeq = None,
    since: Since = None,
    until: Annotated[Word, typer.Option(metavar="TIME", help="Only events up to this time. [default: all]")] = None,
    thread: Annotated[Words, typer.Option(metavar="ID", help="Only events of this thread. [default: all]")] = None,
    turn: Turn = None,
    item: Annotated[Words, typer.Option(metavar="ID", help="Only events of this item. [default: all]")] = None,
    event: Event = None,
    where: Annotated[
        Words,
        typer.Option(
            metavar="EXPR",
            help="Only events for which this JMESPath expression is true. [default: all]",
        ),
    ] = None,
    head: Annotated[Number, typer.Option(metavar="N", help="Only the first N of these. [default: all]")] = None,
    last: Annotated[Number, typer.Option(metavar="N", help="Only the last N of these. [default: all]")] = None,
    framing_out: Annotated[
        Optional[FramingOut],  # noqa: UP045
        typer.Option("--as", help="Write JSONL or SSE. [default: as it came]", show_default=False),
    ] = None,
    shape_out: Annotated[
        Optional[ShapeOut],  # noqa: UP045
        typer.Option("--to", help="Write events in this shape. [default: as they came]", show_default=False),
    ] = None,
    relink: Annotated[
        bool, typer.Option("--relink", help="Give each event a new previous_seq, as one connection. [default: off]")
    ] = False,
    redact: Annotated[
        Words,
        typer.Option(
            metavar="RULE",
            help="Take out /pointer, key:NAME, re:PATTERN, @text, @secrets, @paths. [default: nothing]",
        ),
    ] = None,
    redact_key: Annotated[
        Word,
        typer.Option(
            metavar="FILE",
            help="Hash what is taken out, with the key in FILE or env:NAME. [default: a fixed mark]",
        ),
    ] = None,
    keep_length: Annotated[
        bool, typer.Option("--keep-length", help="Marks are as long as what was taken out. [default: off]")
    ] = False,
    pace: Annotated[
        Word,
        typer.Option(
            metavar="[SPEED]", help="Write to stdout at the recorded tempo, or at SPEED times it. [default: at once]"
        ),
    ] = None,
    max_idle: Annotated[
        Word, typer.Option(metavar="TIME", help="Longest pause under --pace, as 2s. [default: as recorded]")
    ] = None,
    sort: Annotated[
        bool, typer.Option("--sort", help="Put the events in order of seq; any size of log. [default: off]")
    ] = False,
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Make one stream of several captures of a thread. [default: off]"),
    ] = False,
    against: Annotated[
        Word,
        typer.Option(metavar="FILE", help="Tell which events of this log --merge lacks. [default: none]"),
    ] = None,
    clean: Annotated[
        bool,
        typer.Option(
            "--clean", help="Leave out what cannot be read, and repeated events; free glued records. [default: off]"
        ),
    ] = False,
    quarantine: Annotated[
        Word,
        typer.Option(metavar="FILE", help="Keep every piece that is left out in FILE. [default: none]"),
    ] = None,
    restore: Annotated[
        Word,
        typer.Option(metavar="FILE", help="Write the input again from the quarantine FILE and LOG. [default: none]"),
    ] = None,
    source: Annotated[
        Word,
        typer.Option(metavar="NAME", help="Which source to restore, if there were several. [default: the only one]"),
    ] = None,
    output: Annotated[
        Word,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to FILE, compressed if it ends in .gz or .zst. [default: - for stdout]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist. [default: off]")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace each LOG by what is kept; needs --backup. [default: off]")
    ] = False,
    backup: Annotated[
        bool, typer.Option("--backup", help="Keep the old LOG beside the new one. [default: off]")
    ] = False,
    suffix: Annotated[str, typer.Option(metavar="SUFFIX", help="What the backup's name ends in.")] = ".bak",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Write nothing, tell what would go. [default: off]")
    ] = False,
    summary_json: Annotated[
        Word, typer.Option(metavar="FILE", help="Write the summary as JSON to FILE. [default: none]")
    ] = None,
    profile: ProfileOf = Profile.AUTO,
    framing: FramingOf = FramingName.AUTO,
    stdin_filename: Annotated[
        Word, typer.Option(metavar="NAME", help="What to call stdin in the summary. [default: <stdin>]")
    ] = None,
    exclude: Exclude = None,
    files_from: FilesFrom = None,
    max_line_bytes: MaxLineBytes = MAX_LINE_BYTES,
    cache: Cache = True,
    quiet: NoSummary = False,
) -> None:
    """Write event logs again, selected, cleaned, changed or merged."""
    from replay_cli import emitting
    from replay_cli.asked import Request

    request = Request(
        paths=paths or (),
        exclude=exclude or (),
        files_from=files_from,
        stdin_filename=stdin_filename,
        profile=profile,
        framing=framing,
        max_line_bytes=max_line_bytes,
        since_seq=since_seq,
        until_seq=until_seq,
        since=since,
        until=until,
        thread=thread or (),
        turn=turn or (),
        item=item or (),
        event=event or (),
        where=where or (),
        head=head,
        last=last,
        framing_out=framing_out,
        shape_out=shape_out,
        relink=relink,
        redact=redact or (),
        redact_key=redact_key,
        keep_length=keep_length,
        pace=pace,
        max_idle=max_idle,
        sort=sort,
        merge=merge,
        against=against,
        clean=clean,
        quarantine=quarantine,
        restore=restore,
        source=source,
        output=output,
        force=force,
        in_place=in_place,
        backup=backup,
        suffix=suffix,
        dry_run=dry_run,
        summary_json=summary_json,
        cache=cache,
        quiet=quiet,
    )
    raise typer.Exit(emitting.emit(request))


def command(name: str) -> Any:
    """The command, for ``late``."""
    return made(emit, name, EPILOG, SETTINGS)
