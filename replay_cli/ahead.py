"""Ahead: another process reads and decompresses what comes next, while what came before is audited.

A thread would have its turn only between the calls of the audit, which are long: both are slower by it than one after
the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from replay_cli.errors import WorkerDiedError

if TYPE_CHECKING:
    from replay_cli.pool import Beside
    from replay_cli.sources import Source

FIRST = 4
"""Chunks that are read without a process: most inputs have no more."""

HELD = 1024 * 1024
"""Bytes that are read ahead about, beside one chunk."""


def read_ahead(chunks: Iterator[bytes], source: Source) -> Iterator[bytes]:
    """The same chunks of a source, read by another process behind the first few, if one can be forked.

    What reading raises is raised in its place, and WorkerDiedError where the process is killed. Closing the iterator
    ends the process. Standard input stays with this one.
    """
    yield from islice(chunks, FIRST)
    if source.path is None or (chunk := next(chunks, None)) is None:
        yield from chunks
        return
    # Only here: a small audit is not to load it.
    from replay_cli.pool import beside

    rest = chain((chunk,), chunks)
    with beside(_say_all, rest, source) as other:
        if other is None:
            yield from rest
        else:
            _widen(other.said)
            yield from _heard(other, source)


def _widen(pipe: Any) -> None:
    """Let a pipe hold about a chunk, where that can be had."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, HELD)


def _say_all(say: Any, chunks: Iterable[bytes], source: Source) -> None:
    """Send how far the source was read by then, and a chunk, until all are sent, or what was raised. Runs in the
    other process.
    """
    try:
        for chunk in chunks:
            say.send(source.raw_read)
            say.send_bytes(chunk)
        say.send(None)
    except BrokenPipeError:
        return
    except Exception as error:  # whatever it is, it is for the one who asked for the chunks
        say.send(error)


def _heard(other: Beside, source: Source) -> Iterator[bytes]:
    """The chunks that the other process sends. Raises what was raised there."""
    while True:
        try:
            taken = other.said.recv()
            chunk = other.said.recv_bytes() if isinstance(taken, int) else b""
        except (EOFError, OSError):
            raise WorkerDiedError from None
        if other.was_killed:  # what it had sent before may take a while
            raise WorkerDiedError
        if isinstance(taken, Exception):
            raise taken
        if taken is None:
            return
        source.catch_up(taken)
        yield chunk
