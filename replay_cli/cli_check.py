"""The words of ``replay check`` and ``replay init``: their options, and what their help says of them."""

# No ``from __future__ import annotations`` here: see ``cli.py``.

from enum import StrEnum
from typing import Annotated, Any

import typer

from replay_cli.cli_words import (
    SETTINGS,
    Jobs,
    Word,
    Words,
    examples,
)
from replay_cli.late import made

INIT_CODES = """

\b
Exit codes:
  0    written, or there already
  2    usage error: not all can be put under the gate; nothing was written
  3    nothing to read: no recording held an event
  4    a recording could not be opened, or not be read to its end
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)"""

EXIT_CODES = """

\b
Exit codes:
  0    every recording is as expected, or the expectations were written
  1    a recording is not as expected, or has no entry
  2    usage error: the manifest cannot be meant, or names what is not there
  3    no recording was looked at, or no event was seen in any of them
  4    an input could not be opened, or not be read to its end
  130  interrupted (143 by SIGTERM, 129 by SIGHUP, 141 by a closed pipe)

\b
  If several are due, the first of 130, 2, 4, 1, 3 wins."""


class CheckFormat(StrEnum):
    """How it is written what is not as expected."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"
    GITLAB = "gitlab"
    RDJSON = "rdjson"
    MARKDOWN = "markdown"


def check(
    paths: Annotated[
        Words,
        typer.Argument(
            metavar="[PATHS...]",
            show_default=False,
            help="Files, folders, globs. [default: all that the manifest speaks of]",
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write what is found into the manifest, for review. [default: off]")
    ] = False,
    config: Annotated[
        Word,
        typer.Option(
            metavar="FILE", help="The manifest. [default: the nearest replay.toml, or pyproject.toml that has one]"
        ),
    ] = None,
    format: Annotated[CheckFormat, typer.Option(help="How to write what differs.")] = CheckFormat.TEXT,  # noqa: A002
    output_file: Annotated[
        Word,
        typer.Option("--output-file", "-o", metavar="FILE", help="Write it there. [default: stdout]"),
    ] = None,
    jobs: Jobs = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Differences only. [default: off]")] = False,
) -> None:
    """Hold recordings to what replay.toml expects of them."""
    from replay_cli import checking

    raise typer.Exit(
        checking.check(checking.Request(paths or [], config, update, jobs, quiet, format.value, output_file))
    )


def init(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written, and write nothing. [default: off]")
    ] = False,
) -> None:
    """Write a first replay.toml, a workflow and a pre-commit entry.

    They are written for the repository around this folder. What is there already is left as it is.
    """
    from replay_cli import founding

    raise typer.Exit(founding.found(dry_run))


def command(name: str) -> Any:
    """The command, for ``late``."""
    if name == "init":
        return made(init, name, examples("replay init --dry-run", "replay init") + INIT_CODES, SETTINGS)
    return made(check, name, examples("replay check", "replay check captures/") + EXIT_CODES, SETTINGS)
