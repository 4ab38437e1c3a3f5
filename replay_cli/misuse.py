"""Misuse: what is wrong with a command line, in one line that says what was meant perhaps."""

from __future__ import annotations

import re
from typing import Any

from replay_cli.errors import as_bytes, one_line
from replay_cli.resembling import suggestion


def told(error: Any) -> str:
    """What typer says of a command line, in one line that names the word; the help if there was no word at all."""
    message = str(error.format_message())
    if type(error).__name__ == "NoArgsIsHelpError":
        return message
    command = error.ctx.command_path if error.ctx else "replay"
    name, param = getattr(error, "option_name", ""), getattr(error, "param", None)
    if name and hasattr(error, "possibilities"):
        close = next(iter(error.possibilities or ()), None)
        hint = f"did you mean {close}?" if close else f"`{command} --help` lists them"
        words = f"{name}: no such option; {hint}"
    elif name:
        words = f"{name}: {'needs a value' if 'requires' in message else 'takes no value'}"
    elif param is not None and error.message:
        words = f"{max(param.opts, key=len)}: {_bad_value(str(error.message), param)}"
    elif param is not None:
        words = f"{command.removeprefix('replay ')}: {param.metavar} is missing"
    elif match := re.fullmatch(r"Got unexpected extra argument\S* \((.*)\)", message, re.DOTALL):
        words = f"{command.removeprefix('replay ')}: takes no further argument: {match[1]}"
    elif match := re.match(r"No such command '(.*?)'\.?(?: Did you mean '(.*?)')?", message, re.DOTALL):
        words = f"no such command: {as_bytes(match[1])}; " + (
            f"did you mean {match[2]}?" if match[2] else "see `replay --help`"
        )
    else:
        words = message
    return f"replay: {one_line(words)}"


def _bad_value(message: str, param: Any) -> str:
    """What is wrong with a value: what it may be, and which of that was meant."""
    choices = [str(getattr(choice, "value", choice)) for choice in getattr(param.type, "choices", ())]
    value, found, _ = message.partition(" is not one of ")
    if not (choices and found):
        return as_bytes(message.rstrip(".").partition(" is not a valid int")[0]) + " is not a whole number"
    *others, last = (f"'{choice}'" for choice in choices)
    return f"{as_bytes(value)} is not {', '.join(others)} or {last}{suggestion(value[1:-1], choices)}"
