"""Words that several commands take, and how help pages end."""

import re
from enum import StrEnum

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""What click is to know of every command."""


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


class FramingOut(StrEnum):
    """How what is written is framed."""

    JSONL = "jsonl"
    SSE = "sse"


class ShapeOut(StrEnum):
    """The shape that events are written in."""

    ENVELOPE = "envelope"
    RECORD = "record"


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def with_speed(arguments: list[str]) -> list[str]:
    """The words of a command line, where ``--pace`` stands without a speed with the speed 1.

    click would take whatever comes next for its value, be it a log.
    """
    following = [*arguments[1:], ""]
    return [
        "--pace=1" if word == "--pace" and not re.fullmatch(r"[0-9]+(\.[0-9]+)?x?", after) else word
        for word, after in zip(arguments, following, strict=False)
    ]


def examples(*lines: str) -> str:
    """The end of a help page: command lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
