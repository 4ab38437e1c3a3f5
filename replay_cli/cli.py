"""The command line: words in, exit codes out.

A command parses, calls what does the work, and exits. Everything heavy is imported inside the commands, so that
``--help``, ``rules`` and ``explain`` start as fast as a program that does nothing.
"""

# No ``from __future__ import annotations`` here: typer would evaluate the text of each annotation, twice, at every
# start, which costs 3 ms.

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from replay_cli.version import __version__

app = typer.Typer(
    name="replay",
    help="Audit the event streams of agent runtimes: JSONL event logs and recorded SSE captures.",
    epilog="Exit codes: 0 clean, 1 findings, 2 usage error, 3 nothing to read, 4 unreadable input, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    GITHUB = "github"


class CatalogueFormat(StrEnum):
    """How the catalogue of rules is written."""

    TEXT = "text"
    JSON = "json"


class FailLevel(StrEnum):
    """The least severity that makes a run fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"replay {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Audit the event streams of agent runtimes: JSONL event logs and recorded SSE captures."""


INPUTS, RULES, OUTPUT = "Inputs", "Rules", "Output"


@app.command(epilog="Examples:\n\n  replay validate log.jsonl\n\n  replay validate --fail-level warning captures/")
def validate(
    paths: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="LOG...",
            show_default=False,
            help="Files, folders (searched for .jsonl .ndjson .sse .log, also compressed), globs, - for stdin.",
        ),
    ] = None,
    profile: Annotated[
        Profile, typer.Option(help="What the lines are: by content, or one of the three shapes of event.")
    ] = Profile.AUTO,
    framing: Annotated[FramingName, typer.Option(help="JSONL or SSE; by content.")] = FramingName.AUTO,
    stdin_filename: Annotated[
        Optional[str], typer.Option(metavar="NAME", help="What to call stdin in the report. [default: <stdin>]")  # noqa: UP045
    ] = None,
    exclude: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="GLOB", help="Leave out files and folders found in folders and globs. [default: none]"),
    ] = None,
    files_from: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="FILE", help="Read further paths from FILE (- for stdin), one a line. [default: none]"),
    ] = None,
    max_line_bytes: Annotated[
        int, typer.Option(metavar="N", help="Longest line or SSE event that is examined, in bytes.")
    ] = 16 * 1024 * 1024,
    max_bytes: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", help="Most bytes read of a source, after decompression. [default: no limit]"),
    ] = None,
    schema: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Check each line against this JSON Schema as well. [default: none]"),
    ] = None,
    select: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            metavar="RULES", help="Only these rules: names, codes, beginnings of codes. [default: all but off]"
        ),
    ] = None,
    ignore: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="RULES", help="Not these rules; wins over all else. [default: none]"),
    ] = None,
    severity: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="RULE=LEVEL", help="Grade a rule error, warning, note or off. [default: as in `rules`]"),
    ] = None,
    fail_level: Annotated[
        FailLevel, typer.Option(help="Exit 1 if there is a finding at least this grave.")
    ] = FailLevel.ERROR,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 even with findings.")] = False,
    max_findings: Annotated[
        int, typer.Option(metavar="N", help="Findings listed per source; all are counted.")
    ] = 1000,
    format: Annotated[  # noqa: A002
        Optional[Format],  # noqa: UP045
        typer.Option(help="How to write findings. [default: text on a terminal, else concise]", show_default=False),
    ] = None,
    output_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output-file", "-o", metavar="FILE", help="Write the report to FILE. [default: stdout]"),
    ] = None,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Tell for each rule how often it could be asked, and was broken.")
    ] = False,
    content: Annotated[
        bool,
        typer.Option("--content/--no-content", help="Show a piece of the line with findings in text output."),
    ] = True,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Say what stood there, not only its type and length.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Findings only: no verdicts, no summary.")] = False,
    color: Annotated[
        Color, typer.Option(help="Colour in text output; auto obeys NO_COLOR, FORCE_COLOR.")
    ] = Color.AUTO,
) -> None:
    """Check every line of event logs and SSE captures, and say what the runtime would do with them."""
    from replay_cli import validating
    from replay_cli.findings import Severity

    request = validating.Request(
        paths=paths or [],
        exclude=exclude or [],
        files_from=files_from,
        stdin_filename=stdin_filename,
        profile=profile,
        framing=framing,
        select=select or [],
        ignore=ignore or [],
        severity=severity or [],
        max_line_bytes=max_line_bytes,
        max_findings=max_findings,
        max_bytes=max_bytes,
        schema=schema,
        content=content,
        show_values=show_values,
        fail_level=Severity.OFF if exit_zero else Severity(fail_level),
        format=format,
        output_file=output_file,
        statistics=statistics,
        quiet=quiet,
        color=color,
    )
    raise typer.Exit(validating.validate(request))


@app.command("rules", epilog="Examples:\n\n  replay rules\n\n  replay rules --format json")
def list_rules(
    format: Annotated[CatalogueFormat, typer.Option(help="How to write the catalogue.")] = CatalogueFormat.TEXT,  # noqa: A002
) -> None:
    """List the rules: code, name, severity, and what each is about."""
    from replay_cli import catalogue

    typer.echo(catalogue.as_json() if format is CatalogueFormat.JSON else catalogue.as_text(), nl=False)


@app.command(epilog="Examples:\n\n  replay explain broken-link\n\n  replay explain S104")
def explain(rule: Annotated[str, typer.Argument(metavar="RULE", help="Code or name of a rule.")]) -> None:
    """Explain a rule: what it is, what the runtime does with it, what to do about it."""
    from replay_cli import catalogue

    typer.echo(catalogue.explained(rule), nl=False)


@app.command(epilog="Examples:\n\n  replay schema\n\n  replay schema envelope > envelope.schema.json")
def schema(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(metavar="NAME", show_default=False, help="Which schema; without one, list them."),
    ] = None,
) -> None:
    """Print a JSON Schema of the project: of the three shapes of event, or of the report."""
    from replay_cli import catalogue

    typer.echo(catalogue.schema(name), nl=False)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; what is wrong with a request is one line on stderr."""
    from replay_cli.errors import ReplayError, UsageError

    _end_on_sigterm()
    try:
        app(arguments, standalone_mode=True)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except ReplayError as error:
        sys.stderr.write(f"replay: {error}\n")
        return 2 if isinstance(error, UsageError) else 4
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 0
    return 0


def _end_on_sigterm() -> None:
    """Let SIGTERM unwind as Ctrl-C does, so that no temporary file stays behind; exit code 143, as shells expect."""
    import signal
    import threading

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


def _forget_stdout() -> None:
    """Keep the interpreter from complaining about a pipe whose reader has gone."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
