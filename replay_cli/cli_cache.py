"""The words of ``replay cache``: its options, and what its help says of them."""

# No ``from __future__ import annotations`` here: see ``cli.py``.

from typing import Annotated, Any

import typer

from replay_cli.cli_words import FEW_CODES, SETTINGS, examples
from replay_cli.late import made


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all that is kept. [default: off]")] = False,
) -> None:
    """Show or clear what is kept of big logs, so that they need not be read from their beginning."""
    from replay_cli import caching

    typer.echo(caching.cleared() if clear else caching.listed(), nl=False)


def command(name: str) -> Any:
    """The command, for ``late``."""
    return made(cache, name, examples("replay cache", "replay cache --clear") + FEW_CODES, SETTINGS)
