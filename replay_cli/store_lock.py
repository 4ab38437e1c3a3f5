"""Store lock: whether a runtime is at work in the store that a log belongs to (CONTRACT.md 2.2, 2.3).

A runtime holds the lock on ``events.lock`` while it appends. Whoever puts another file in the place of a log does so
under the same lock, and only if nothing was appended since the log was read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from replay_cli.errors import UsageError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

LOCK = "events.lock"


def store_of(log: Path) -> Path | None:
    """The store's folder if a log is one of its logs, else None."""
    folder = log.resolve().parent
    if folder.name == "events" and (folder.parent / "state.json").is_file():
        return folder.parent
    return None


@contextmanager
def unlocked(log: Path) -> Iterator[None]:
    """Hold the lock of the store that ``log`` belongs to, if it belongs to one.

    Raises UsageError if a runtime holds it. A store without a lock file is one that no runtime since v0.9.3 opened.
    """
    store = store_of(log)
    if store is None:
        yield
        return
    if fcntl is None:
        raise UsageError(f"--in-place: {log} belongs to a store, and its lock cannot be looked at on this system")
    try:
        fd = os.open(store / LOCK, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        yield
        return
    except OSError as error:
        raise UsageError(f"--in-place: {store / LOCK} cannot be opened: {error.strerror}") from None
    try:
        _take(fd, store)
        yield
    finally:
        os.close(fd)


def _take(fd: int, store: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Some runtimes' libraries take the other kind of lock; who holds either is at work.
        with suppress(OSError):
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        raise BlockingIOError
    except OSError:
        words = f"--in-place: the store {store} is locked: a runtime is at work in it; stop it first"
        raise UsageError(words) from None
