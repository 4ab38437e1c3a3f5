"""Completing: the script by which a shell completes our command lines, of any shell, whichever calls us.

typer has the scripts, but gives only that of the shell that calls, which may be none: in a recipe, or for a package.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import typer
from typer._completion_shared import _get_shell_name, get_completion_script, install

from replay_cli.errors import UsageError

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_LISTED = f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}"


def serve(option: str, shell: str | None, more: Sequence[str]) -> None:
    """Do what ``--show-completion`` or ``--install-completion`` says for a shell, the one that calls if it is None.

    ``more`` is what stands behind it, where nothing belongs. Raises UsageError if there is no such shell.
    """
    if shell is None:
        shell = _get_shell_name()
        if shell not in SHELLS:
            raise UsageError(f"{option}: name the shell, as {shell or 'none'} is what calls: {_LISTED}")
    elif shell not in SHELLS:
        close = get_close_matches(shell.lower(), SHELLS, 1)
        raise UsageError(f"{option}: {shell!r} is not {_LISTED}" + (f"; did you mean {close[0]}?" if close else ""))
    if more:
        raise UsageError(f"{option}: takes nothing behind the shell: {more[0]}")
    names = {"prog_name": "replay", "complete_var": "_REPLAY_COMPLETE", "shell": shell}
    if option == "--show-completion":
        typer.echo(get_completion_script(**names))
        return
    _, path = install(**names)
    typer.echo(f"{shell} completion installed in {path}\nCompletion will take effect once you restart the terminal")
