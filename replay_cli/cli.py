"""The command line: words in, exit codes out.

A command parses, calls what does the work, and exits. Everything heavy is imported inside the commands, so that
``--help``, ``rules`` and ``explain`` start as fast as a program that does nothing.
"""

# No ``from __future__ import annotations`` here: typer would evaluate the text of each annotation, twice, at every
# start, which costs 3 ms.

import sys
from enum import StrEnum
from typing import Annotated, Any, Optional, cast

import typer

from replay_cli.cli_words import (
    FEW_CODES,
    MAX_LINE_BYTES,
    SETTINGS,
    Color,
    Exclude,
    FilesFrom,
    FramingName,
    FramingOf,
    Jobs,
    Logs,
    MaxLineBytes,
    Number,
    Profile,
    Word,
    Words,
    examples,
    with_speed,
)
from replay_cli.late import Commands
from replay_cli.version import __version__

EXIT_CODES = """

\b
Exit codes:
  0    clean: no finding at or above --fail-level
  1    findings at or above --fail-level
  2    usage error: missing file, unknown option or rule, unwritable output
  3    nothing to read: no source held an event
  4    an input could not be opened, or not be read to its end
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)

\b
  If several are due, the first of 130, 2, 4, 1, 3 wins."""


app = typer.Typer(
    name="replay",
    help="Audit and replay event streams of agent runtimes: JSONL logs and SSE captures.",
    epilog=examples("replay validate log.jsonl", "replay explain broken-link") + EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
    cls=Commands,
)


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"
    GITLAB = "gitlab"
    RDJSON = "rdjson"
    MARKDOWN = "markdown"


class CatalogueFormat(StrEnum):
    """How the catalogue of rules is written."""

    TEXT = "text"
    JSON = "json"


class FailLevel(StrEnum):
    """The least severity that makes a run fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def _rule_names(incomplete: str) -> list[tuple[str, str]]:
    """What a shell may complete to rules, several with commas between; each with its summary."""
    from replay_cli.rules import RULES

    before, comma, begun = incomplete.rpartition(",")
    codes = [(rule.code, rule.summary) for rule in RULES if begun and rule.code.startswith(begun.upper())]
    names = [(rule.name, rule.summary) for rule in RULES if rule.name.startswith(begun)]
    return [(f"{before}{comma}{word}", summary) for word, summary in codes + names]


def _grades(incomplete: str) -> list[tuple[str, str]]:
    """What a shell may complete to a rule and a severity."""
    from replay_cli.findings import Severity

    name, equals, level = incomplete.rpartition("=")
    if equals:
        return [(f"{name}={one}", "") for one in Severity if one.startswith(level)]
    return [(f"{word}=", summary) for word, summary in _rule_names(incomplete) if "," not in word]


def _schema_names(incomplete: str) -> list[str]:
    from replay_cli.profiles import SCHEMA_NAMES

    return [name for name in SCHEMA_NAMES if name.startswith(incomplete)]


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
    """Audit and replay event streams of agent runtimes: JSONL logs and SSE captures."""


@app.command(
    epilog=examples("replay validate log.jsonl", "replay validate --fail-level warning captures/") + EXIT_CODES
)
def validate(
    paths: Logs = None,
    profile: Annotated[
        Optional[Profile],  # noqa: UP045
        typer.Option(
            help="What the lines are: by content, or one of the three shapes of event. [default: auto]",
            show_default=False,
        ),
    ] = None,
    framing: FramingOf = FramingName.AUTO,
    stdin_filename: Annotated[
        Word, typer.Option(metavar="NAME", help="What to call stdin in the report. [default: <stdin>]")
    ] = None,
    exclude: Exclude = None,
    files_from: FilesFrom = None,
    max_line_bytes: MaxLineBytes = MAX_LINE_BYTES,
    max_bytes: Annotated[
        Number,
        typer.Option(metavar="N", help="Most bytes read of a source, after decompression. [default: no limit]"),
    ] = None,
    schema: Annotated[
        Word,
        typer.Option(metavar="FILE", help="Check each line against this JSON Schema as well. [default: none]"),
    ] = None,
    select: Annotated[
        Words,
        typer.Option(
            metavar="RULES",
            autocompletion=_rule_names,
            help="Only these rules: names, codes, beginnings of codes. [default: all but those that are off]",
        ),
    ] = None,
    ignore: Annotated[
        Words,
        typer.Option(
            metavar="RULES",
            autocompletion=_rule_names,
            help="Not these rules; wins over all else. [default: none]",
        ),
    ] = None,
    severity: Annotated[
        Words,
        typer.Option(
            metavar="RULE=LEVEL",
            autocompletion=_grades,
            help="Grade a rule error, warning, note or off. [default: as `replay rules` says]",
        ),
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Go by no replay.toml and no pyproject.toml. [default: off]")
    ] = False,
    fail_level: Annotated[
        Optional[FailLevel],  # noqa: UP045
        typer.Option(help="Exit 1 if there is a finding at least this grave. [default: error]", show_default=False),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Findings never make the run fail. [default: off]")
    ] = False,
    max_findings: Annotated[int, typer.Option(metavar="N", help="Findings listed per source; all count.")] = 1000,
    format: Annotated[  # noqa: A002
        Optional[Format],  # noqa: UP045
        typer.Option(help="How to write findings. [default: text on a terminal, else concise]", show_default=False),
    ] = None,
    output_file: Annotated[
        Word,
        typer.Option("--output-file", "-o", metavar="FILE", help="Write the report to FILE. [default: - for stdout]"),
    ] = None,
    statistics: Annotated[
        bool,
        typer.Option("--statistics", help="Tell how often each rule was asked, and what was proven. [default: off]"),
    ] = False,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast/--no-fast", help="Prove clean stretches at once, or read all line by line: same findings."
        ),
    ] = True,
    jobs: Jobs = None,
    content: Annotated[
        bool,
        typer.Option("--content/--no-content", help="Show a piece of the line with findings in text output."),
    ] = True,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Say what stood there, not only its type and length. [default: off]")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Findings only, no verdicts. [default: off]")] = False,
    color: Annotated[Color, typer.Option(help="Colour in text; auto obeys NO_COLOR, FORCE_COLOR.")] = Color.AUTO,
) -> None:
    """Audit every line of event logs and SSE captures. Say what the runtime would do with them."""
    from replay_cli import validating
    from replay_cli.asked_validate import Request
    from replay_cli.findings import Severity

    request = Request(
        paths=paths or [],
        exclude=exclude or [],
        files_from=files_from,
        stdin_filename=stdin_filename,
        profile=profile,
        framing=framing,
        select=select or [],
        ignore=ignore or [],
        severity=severity or [],
        isolated=isolated,
        max_line_bytes=max_line_bytes,
        max_findings=max_findings,
        max_bytes=max_bytes,
        fast=fast,
        jobs=jobs,
        schema=schema,
        content=content,
        show_values=show_values,
        fail_level=Severity(fail_level) if fail_level else None,
        exit_zero=exit_zero,
        format=format,
        output_file=output_file,
        statistics=statistics,
        quiet=quiet,
        color=color,
    )
    raise typer.Exit(validating.validate(request))


@app.command("rules", epilog=examples("replay rules", "replay rules --format json") + FEW_CODES)
def list_rules(
    format: Annotated[CatalogueFormat, typer.Option(help="How to write the catalogue.")] = CatalogueFormat.TEXT,  # noqa: A002
) -> None:
    """List the rules: code, name, severity, and what each is about."""
    from replay_cli import catalogue

    typer.echo(catalogue.as_json() if format is CatalogueFormat.JSON else catalogue.as_text(), nl=False)


@app.command(epilog=examples("replay explain broken-link", "replay explain S104") + FEW_CODES)
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", autocompletion=_rule_names, help="Code or name of a rule.")],
) -> None:
    """Explain a rule: what it is, what comes of it, what to do."""
    from replay_cli import catalogue

    typer.echo(catalogue.explained(rule), nl=False)


@app.command(epilog=examples("replay schema", "replay schema envelope > envelope.schema.json") + FEW_CODES)
def schema(
    name: Annotated[
        Word,
        typer.Argument(
            metavar="NAME",
            autocompletion=_schema_names,
            show_default=False,
            help="Which schema. [default: none, list them]",
        ),
    ] = None,
) -> None:
    """Print a JSON Schema: of a shape of event, or of a report."""
    from replay_cli import catalogue

    typer.echo(catalogue.schema(name), nl=False)


# Typer shows this class under no name: the base of all that is wrong with words on a command line.
_Misused = cast("type[Exception]", typer.BadParameter.__bases__[0])


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; what is wrong with a request is one line on stderr."""
    import os

    from replay_cli.errors import ReplayError, UsageError

    _end_on_signals()
    _mend_streams()
    try:
        if "_REPLAY_COMPLETE" in os.environ:
            from replay_cli.completing import answer

            code = answer(app)
        else:
            code = app(with_speed(sys.argv[1:] if arguments is None else arguments), "replay", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SystemExit as ending:
        if isinstance(ending.__context__, BrokenPipeError):  # so typer ends after a closed pipe
            return 0
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except _Misused as error:
        from replay_cli.misuse import told

        return _end(told(error), 2)
    except ReplayError as error:
        return _end(f"replay: {error}", 2 if isinstance(error, UsageError) else 4)
    except OSError as error:
        from replay_cli.atomic import forget

        forget(sys.stdout)
        return _end(f"replay: {error.filename or 'stdout'}: {error.strerror or error}", 2)
    except KeyboardInterrupt:
        return 130


def _mend_streams() -> None:
    """Give stderr a place to go under ``2>&-``; let stdout write all that it is given, also if it is unbuffered."""
    import os

    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if type(getattr(sys.stdout, "buffer", None)).__name__ == "FileIO":
        out = sys.stdout
        sys.stdout = open(out.fileno(), "w", encoding=out.encoding, errors=out.errors, closefd=False)  # noqa: SIM115


def _end(said: str, code: int) -> int:
    from replay_cli.atomic import say

    say(said)
    return code


def _is_loading(frame: Any) -> bool:
    """Whether a module is loaded in a frame, or around it: what is raised then Python may drop (in sums of constants,
    ``make_const``), or raise as another error (``__set_name__``).
    """
    while frame is not None and frame.f_code is not run.__code__:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def send_again(number: int) -> None:
    """Send this process a signal in a moment, since it came where Python drops exceptions."""
    import _thread
    import os
    import time

    def send() -> None:
        time.sleep(0.01)
        os.kill(os.getpid(), number)

    _thread.start_new_thread(send, ())


def _end_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind as Ctrl-C does, so that no temporary file stays behind.

    The exit code is then 128 and the number. What is ignored, as under ``nohup``, stays so. All three wait while a
    module is loaded.
    """
    import signal
    import threading

    def end(number: int, frame: Any) -> None:
        if _is_loading(frame):
            send_again(number)
            return
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, end)
