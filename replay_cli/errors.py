"""Errors: the one exception tree.

    Exception
    └── ReplayError       says in one line what is wrong
        ├── UsageError    what was asked cannot be meant: exit 2
        │   ├── SchemaError   it is the schema of --schema
    │   └── PlacedError   it stands in a file, on a line
        ├── SourceError   an input cannot be read: exit 4
        └── WorkerDiedError   a process was killed: exit 4

Whatever goes wrong in a foreseen way is one of these, and never a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


def one_line(text: str) -> str:
    """``text`` fit to be shown in one line of a terminal: what does not print is escaped.

    A lone surrogate that stands for a byte of a file name (``os.fsdecode``) becomes that byte, ``\\xff``.
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def in_quotes(word: str) -> str:
    """A word that was given, as ``repr`` shows it, but that what stands for a byte becomes that byte, ``\\xff``."""
    return as_bytes(repr(word))


def as_bytes(shown: str) -> str:
    """What ``repr`` has shown, with ``\\udcff``, which stands for a byte (``os.fsdecode``), as that byte."""
    return re.sub(r"\\\\|\\udc([89a-f][0-9a-f])", _byte, shown)


def _byte(found: re.Match[str]) -> str:
    return f"\\x{found[1]}" if found[1] else found[0]


class ReplayError(Exception):
    """What is wrong, in one line: ``str()`` of it never holds a line break or a control character."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class UsageError(ReplayError):
    """What was asked cannot be meant (exit 2)."""


class SchemaError(UsageError):
    """The schema cannot be used: it is none, it refers to what is not in it, or it takes too long.

    ``source`` and ``line`` (from 1) are where a log showed that; "" and 0 if it was seen before any was read.
    """

    def __init__(self, said: str, source: str = "", line: int = 0) -> None:
        super().__init__(said, source, line)
        self.said, self.source, self.line = said, source, line

    def met(self, source: str, before: int) -> SchemaError:
        """The same, told of a line of ``source``: ``before`` lines stand before what it was told of."""
        return SchemaError(self.said, source, before + self.line)

    def __str__(self) -> str:
        place = f" ({self.source}:{self.line})" if self.line and self.source else ""
        return one_line(f"{self.said}{place}")


class PlacedError(UsageError):
    """What stands on a line (from 1) of a file cannot be meant."""

    def __init__(self, path: str, line: int, said: str) -> None:
        super().__init__(path, line, said)
        self.path, self.line, self.said = path, line, said

    def __str__(self) -> str:
        return one_line(f"{self.path}:{self.line}: {self.said}")


class SourceError(ReplayError):
    """The input ``name`` cannot be read for ``reason`` (exit 4)."""

    def __init__(self, name: str, reason: str) -> None:
        # Both go into args, so that the error comes whole out of a worker process.
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return one_line(f"{self.name}: {self.reason}")


class WorkerDiedError(ReplayError):
    """A worker process was killed in the middle of its work, which ends the run (exit 4).

    ``source`` is the first input of which the audit has come to no end; "" where that is not known.
    """

    def __init__(self, source: str = "") -> None:
        super().__init__(source)
        self.source = source

    def __str__(self) -> str:
        place = f"{self.source}: " if self.source else ""
        why = "a worker process was killed, perhaps for want of memory"
        return one_line(f"{place}{why}; the rest was not read: try --jobs 1")


@contextmanager
def renamed(prefix: str = "") -> Iterator[None]:
    """Tell what is wrong with an option of the command by the name that it has elsewhere.

    In Python ``--max-bytes`` is ``max_bytes``; in the settings of pytest a ``prefix`` stands before that.
    """
    try:
        yield
    except UsageError as error:
        options, colon, said = str(error).partition(": ")
        if not options.startswith("--"):
            raise
        names = re.sub(r"--([a-z-]+)", lambda found: prefix + found[1].replace("-", "_"), options)
        raise type(error)(f"{names}{colon}{said}") from None
