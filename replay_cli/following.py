"""Following: what a file has grown by, whatever becomes of it: it may be cut, written anew, put away, replaced.

By asking again and again. That holds on network folders too, where nobody is told of what others write, and costs a
few microseconds for a file that has not changed. A file is the same as long as its device and number are, and the
bytes before the place that was reached are what they were.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NamedTuple

CHUNK = 256 * 1024
"""Most bytes of a pipe that are read at once."""

REMEMBERED = 1024
"""Bytes before the place reached by which a file is known again."""

FILES = 512
"""Files that a process may hold open where the system names no limit."""

LINE_SOUGHT = 1024 * 1024
"""Bytes before the end of a file that was cut in which the beginning of its last line is looked for."""


class What(Enum):
    """What has become of a file."""

    GREW = "grew"
    """``data`` came behind what there was."""
    MENDED = "mended"
    """The unended tail was cut off, as the runtime does it (CONTRACT.md 2.4); the file goes on at ``offset``."""
    CUT = "cut"
    """It was cut to ``offset`` bytes, what is left being what it was."""
    ANEW = "anew"
    """It was written anew, or cut to nothing."""
    REPLACED = "replaced"
    """There is another file in its place."""
    BACK = "back"
    """It was gone, and there is one in its place again."""
    GONE = "gone"
    """There is none in its place; told once."""
    UNREADABLE = "unreadable"
    """It cannot be read for ``reason``; told once."""


OVERTHROWN = {
    What.BACK: "is there again; going on from its beginning",
    What.CUT: "was cut to {size}; going on from there",
    What.ANEW: "was truncated or written anew; going on from its beginning",
    What.REPLACED: "was replaced by another file; going on with that from its beginning",
}
"""What became of a file that cannot be gone on with, in words; ``size`` is what is left of it."""


class Change(NamedTuple):
    """One change of a file; what of the fields is meant is told beside each ``What``."""

    what: What
    offset: int = 0
    data: bytes = b""
    reason: str = ""


class Followed:
    """One file that was read up to ``position``; what follows is asked for with ``changes``, ``piece`` bytes at once.

    After CUT, ANEW, REPLACED and BACK it is of no further use: whoever goes on begins anew.
    """

    def __init__(self, path: str, position: int, identity: tuple[int, int], piece: int) -> None:
        self._path = path
        self.position = position
        """How far it was read, in bytes."""
        self._identity = identity
        self._piece = piece
        self._fd: int | None = None
        self._known: tuple[int, int] | None = None
        self._told = What.GREW
        # The bytes read last, which end at the position; those before the unended line; the first of the file.
        self._window = self._base = self._first = b""
        self._held = 0
        self.behind = False
        """Whether there is more to read than was read at once."""

    def start(self, held: int) -> None:
        """Look at the file once before it is followed; the last ``held`` bytes up to the position are unended."""
        with suppress(OSError):
            fd = self._opened()
            self._window = os.pread(fd, REMEMBERED, max(self.position - REMEMBERED, 0))
            self._window = self._window[: min(self.position, REMEMBERED)]
            self._first = os.pread(fd, min(REMEMBERED, self.position - held), 0)
        self.settle(held)

    def settle(self, held: int) -> None:
        """Take note that of what was read the last ``held`` bytes are unended."""
        if held <= len(self._window):
            self._base = self._window[: len(self._window) - held][-REMEMBERED:]
        self._held = held

    def changes(self) -> Iterator[Change]:
        """What has become of the file since the last time; mostly nothing. ``settle`` is due after each GREW."""
        try:
            found = Path(self._path).stat()
        except (FileNotFoundError, NotADirectoryError):
            yield from self._rest()
            yield from self._tell_once(Change(What.GONE))
            return
        except OSError as error:
            yield from self._tell_once(Change(What.UNREADABLE, reason=error.strerror or str(error)))
            return
        if (found.st_dev, found.st_ino) != self._identity:
            yield from self._rest()
            yield Change(What.BACK if self._told is What.GONE else What.REPLACED)
            return
        # That it can be looked at does not tell that it can be read.
        self._told = self._told if self._told is What.UNREADABLE else What.GREW
        known = (found.st_size, found.st_mtime_ns)
        if known != self._known or self.behind:
            try:
                yield from self._changed(found.st_size)
                self._known, self._told = known, What.GREW
            except OSError as error:
                yield from self._tell_once(Change(What.UNREADABLE, reason=error.strerror or str(error)))

    def _tell_once(self, change: Change) -> Iterator[Change]:
        if self._told is not change.what:
            self._told = change.what
            yield change

    def _opened(self) -> int:
        if self._fd is None:
            flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
            self._fd = os.open(self._path, flags)
        return self._fd

    def _rest(self) -> Iterator[Change]:
        """What the file that was followed still holds, now that it is somewhere else."""
        if self._fd is None:
            return
        with suppress(OSError):
            while self._is_as_it_was(self._fd) and (data := os.pread(self._fd, self._piece, self.position)):
                yield self._grown(data)

    def _changed(self, size: int) -> Iterator[Change]:
        """What has become of the file, which has ``size`` bytes now."""
        fd = self._opened()
        begun = self.position - self._held
        if not self._is_as_it_was(fd) or size < self.position:
            base = self._base
            intact = size >= begun and os.pread(fd, len(base), begun - len(base)) == base
            if not intact:
                yield self._overthrown(fd, size)
                return
            yield Change(What.MENDED, begun)
            self.position, self._held, self._window = begun, 0, base
        wanted = min(size - self.position, self._piece)
        data = os.pread(fd, wanted, self.position) if wanted > 0 else b""
        self.behind = bool(data) and self.position + len(data) < size
        if data:
            yield self._grown(data)

    def _is_as_it_was(self, fd: int) -> bool:
        window = self._window[-REMEMBERED:]
        return os.pread(fd, len(window), self.position - len(window)) == window

    def _grown(self, data: bytes) -> Change:
        change = Change(What.GREW, self.position, data)
        self.position += len(data)
        self._window = self._window[-REMEMBERED:] + data
        if len(self._first) < REMEMBERED and change.offset == len(self._first):
            self._first = (self._first + data)[:REMEMBERED]
        return change

    def _overthrown(self, fd: int, size: int) -> Change:
        """Cut somewhere in what was read before, or something else altogether."""
        first = self._first[:size]
        if not 0 < size < self.position or not first or os.pread(fd, len(first), 0) != first:
            return Change(What.ANEW, size)
        start = max(size - LINE_SOUGHT, 0)
        line = os.pread(fd, size - start, start).rfind(b"\n") + 1
        return Change(What.CUT, start + line if line or not start else size)

    @property
    def open(self) -> bool:
        """Whether the file is held open."""
        return self._fd is not None

    def release(self) -> None:
        """Hold the file open no longer; that it is the same can be told by its bytes, too."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def files_allowed() -> int:
    """How many files this process may hold open."""
    try:
        import resource
    except ImportError:
        return FILES
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return FILES if allowed == resource.RLIM_INFINITY else allowed


def arrivals(stream: BinaryIO, patience: float) -> Iterator[bytes]:
    """What comes on a stream that nobody has read from, as it comes, to its end.

    Yields b"" each time that nothing has come for ``patience`` seconds.
    """
    fd = stream.fileno()
    while True:
        if not select.select([fd], [], [], patience)[0]:
            yield b""
        elif data := os.read(fd, CHUNK):
            yield data
        else:
            return


def somebody_reads(stream: BinaryIO) -> bool:
    """Whether what is written to a stream may be read by somebody: False once the reader of a pipe has gone."""
    try:
        fd = stream.fileno()
        if not hasattr(select, "poll") or not stat.S_ISFIFO(os.fstat(fd).st_mode):
            return True
    except (OSError, ValueError):
        return True
    poll = select.poll()
    poll.register(fd, 0)
    return not any(event & select.POLLERR for _, event in poll.poll(0))
