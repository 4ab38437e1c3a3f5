"""Late: commands whose words are read only when they are called.

typer reads the words of all commands at each start, whichever is called, and each option costs a tenth of a
millisecond. So a command with many stands in the list by its name and help alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption


class Late(TyperCommand):
    """A command of the name and help given; what it takes is in ``module``, in its function ``command``."""

    def __init__(self, name: str, help: str, module: str) -> None:  # noqa: A002
        super().__init__(name, help=help)
        self._module = module

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the command itself: from here on this one is out of the way."""
        command = import_module(self._module).command(self.name)
        return command.make_context(info_name, args, parent, **extra)


COMPLETION = {
    "--install-completion": "Install completion for the shell that calls, or the one named next: bash, zsh, fish, "
    "powershell, pwsh.",
    "--show-completion": "Show the completion script of the shell that calls, or of the one named next.",
}
"""Options that typer adds, and what is said of them."""


class Commands(TyperGroup):
    """The commands of the program: ``late`` ones behind the first, ``last`` ones behind all."""

    late: tuple[Late, ...] = (
        Late("check", "Hold recordings to what replay.toml expects of them.", "replay_cli.cli_check"),
        Late("tail", "Show the end of event logs, an event a line, and follow them.", "replay_cli.cli_tail"),
        Late("emit", "Write event logs again, selected, cleaned, changed or merged.", "replay_cli.cli_emit"),
        Late("diff", "Compare two recordings as streams.", "replay_cli.cli_diff"),
    )
    last: tuple[Late, ...] = (
        Late("init", "Write a first replay.toml, a workflow and a pre-commit entry.", "replay_cli.cli_check"),
        Late("cache", "Show or clear what is kept of big logs.", "replay_cli.cli_cache"),
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        first, *others = self.commands.items()
        early, behind = ([(str(one.name), one) for one in row] for row in (self.late, self.last))
        self.commands = dict([first, *early, *others, *behind])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """typer's reading of the words, but for those about completion, behind which a shell may be named."""
        option, equals, value = (args or [""])[0].partition("=")
        if option in COMPLETION and ctx.resilient_parsing:
            # A shell asks what may stand there: nothing is done.
            ctx.meta[option] = True
            return super().parse_args(ctx, [])
        if option in COMPLETION:
            from replay_cli.completing import serve

            named = [value, *args[1:]] if equals else args[1:]
            serve(option, named[0] if named else None, named[1:])
            raise typer.Exit
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """What may stand at a place of the command line."""
        if COMPLETION.keys() & ctx.meta.keys():
            from replay_cli.completing import shells

            return shells(incomplete)
        return super().shell_complete(ctx, incomplete)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options as they are told in the help."""
        for param in self.params:
            if param.opts[0] in COMPLETION and isinstance(param, TyperOption):
                param.help = COMPLETION[param.opts[0]]
        super().format_options(ctx, formatter)


def made(function: Any, name: str, epilog: str, settings: dict[str, Any]) -> Any:
    """The command that typer makes of a function and its annotations."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=settings)
    app.command(name, epilog=epilog)(function)
    return typer.main.get_command(app)
