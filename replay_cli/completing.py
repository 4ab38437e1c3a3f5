"""Completing: the script by which a shell completes our command lines, of any shell, whichever calls us.

typer has the scripts, but gives only that of the shell that calls, which may be none: in a recipe, or for a package.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import typer
from typer._click.shell_completion import CompletionItem
from typer._completion_shared import _get_shell_name, get_completion_script, install

from replay_cli.errors import UsageError, in_quotes
from replay_cli.resembling import suggestion

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
        raise UsageError(f"{option}: {in_quotes(shell)} is not {_LISTED}{suggestion(shell, SHELLS)}")
    if more:
        raise UsageError(f"{option}: takes nothing behind the shell: {more[0]}")
    names = {"prog_name": "replay", "complete_var": "_REPLAY_COMPLETE", "shell": shell}
    if option == "--show-completion":
        typer.echo(get_completion_script(**names))
        return
    _, path = install(**names)
    typer.echo(f"{shell} completion installed in {path}\nCompletion will take effect once you restart the terminal")


def shells(incomplete: str) -> list[CompletionItem]:
    """What may stand behind the options about completion."""
    return [CompletionItem(shell) for shell in SHELLS if shell.startswith(incomplete)]


def answer(app: Any) -> Any:
    """Answer a shell that asks how a command line may go on; ``app`` does so as soon as it is called.

    bash takes ``=`` for a word of its own, and puts what is answered behind it.
    """
    words, at = os.environ.get("COMP_WORDS", "").split(), int(os.environ.get("COMP_CWORD") or 0)
    if os.environ.get("_REPLAY_COMPLETE") != "complete_bash" or "=" not in words[at - 1 : at + 1] or at < 2:
        return app([], "replay", standalone_mode=False)
    equals = at if words[at] == "=" else at - 1
    name, begun = words[equals - 1], "".join(words[equals + 1 : at + 1])
    if name.startswith("-"):
        known, last, answered = words[:equals], begun, 0
    else:
        known, last, answered = words[: equals - 1], f"{name}={begun}", len(name) + 1
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = " ".join([*known, last]), str(len(known))
    said = StringIO()
    try:
        with redirect_stdout(said):
            return app([], "replay", standalone_mode=False)
    finally:  # typer ends the program as soon as it has answered
        for line in said.getvalue().splitlines():
            typer.echo(line[answered:])
