"""Cursor: the number of the last event shown, in a file, so that the next call goes on behind it."""

from __future__ import annotations

from pathlib import Path

from replay_cli.atomic import refuse_unwritable, replacing
from replay_cli.errors import UsageError
from replay_cli.sources import open_path

_MOST = 64
"""Bytes that a cursor may have."""


def read_cursor(path: str) -> int | None:
    """The number that a cursor holds; None if there is no such file yet. Raises UsageError if it holds another text.

    Raises SourceError if it cannot be read, and UsageError if no other number could be put there afterwards.
    """
    refuse_unwritable(Path(path), "--cursor")
    if not Path(path).exists():
        return None
    with open_path(path, raw=True) as source:
        text = next(iter(source.chunks(_MOST + 1)), b"")
    number = text.strip()
    if len(text) > _MOST or not number.isdigit() or int(number) >= 2**64:
        raise UsageError(f"--cursor: {path} holds no number of an event; it is left as it is")
    return int(number)


def write_cursor(path: str, seq: int) -> None:
    """Put a number into a cursor, so that there is always the old one or the new one. Raises UsageError."""
    with replacing(Path(path), "--cursor") as file:
        file.write(f"{seq}\n".encode())
