"""Words that several commands take, and how help pages end."""

from enum import StrEnum


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


def examples(*lines: str) -> str:
    """The end of a help page: command lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
