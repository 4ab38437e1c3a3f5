"""Sources: opening what the user named, and reading it as plain bytes in chunks of bounded size.

Compression is known by content, never by name. The law: what comes out of a source is a prefix of the truth. A
truncated or damaged input gives all that could be decompressed before the damage, and then a SourceError.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from replay_cli.compression import CHUNK, MAGIC, agrees, compression_of, decompressed
from replay_cli.errors import SourceError, UsageError

LONG = 4 * 1024 * 1024
"""Bytes from which on a source is so long that it pays to keep freed memory for the next chunk."""

FIFO_PATIENCE = 2.0
"""Seconds to wait for somebody to write to a named FIFO."""


@dataclass
class Source:
    """One opened input. It is read once; it is its own context manager.

    ``name`` is what to call it, ``path`` where it is (None for a stream). ``raw_size`` is its size in bytes as it
    is stored, None if that is not known beforehand. ``compression`` is "gzip", "zstd", "bz2", "xz" or None.
    ``rereadable`` says that it is a regular file, so that ``path`` can be opened again; ``identity`` tells whether
    it is the same one then.
    """

    name: str
    path: Path | None
    raw_size: int | None
    compression: str | None
    rereadable: bool
    _raw: _Raw = field(repr=False)
    identity: tuple[int, int] = (0, 0)

    @property
    def plain(self) -> bool:
        """Whether offsets into what is read are offsets into a regular file."""
        return self.rereadable and self.compression is None

    @property
    def held_path(self) -> Path | None:
        """Where to open again what is open here, until it is closed: by this process, or one forked from it by then.

        On Linux that is the very same file, also when another has taken its name; elsewhere it is ``path``.
        """
        if self.rereadable and sys.platform == "linux":
            held = Path(f"/proc/self/fd/{self._raw.fileno()}")
            # Not everywhere is there a /proc, nor may a file always be opened again by those who had it opened.
            if os.access(held, os.R_OK):
                return held
        return self.path

    @property
    def raw_read(self) -> int:
        """Bytes taken so far, counted as they are stored: to be held against ``raw_size``."""
        return self._raw.taken

    def chunks(self, most: int | None = None) -> Iterator[bytes]:
        """Yield what there is to read, decompressed, in chunks of about ``CHUNK`` bytes, up to ``most`` if given.

        A regular file is read to the size it had when it was opened. Raises SourceError where reading or
        decompressing fails, after everything before that was yielded.
        """
        chunks = iter(self._raw.read, b"") if self.compression is None else decompressed(self._raw, self.compression)
        return chunks if most is None else _first(chunks, most)

    def more(self) -> bytes:
        """After the last chunk: up to ``CHUNK`` bytes that a plain file has grown by since then, b"" if by nothing.

        Always b"" for streams and compressed sources, and for a file that has shrunk. Raises SourceError.
        """
        return self._raw.read_on() if self.plain else b""

    def skip_to(self, offset: int, end: int | None = None) -> None:
        """Go on at byte ``offset`` of a plain file, up to byte ``end`` if given (exclusive), whatever was read.

        Raises SourceError.
        """
        size = self.raw_size or 0
        self._raw.skip_to(offset, size if end is None else min(end, size))

    def catch_up(self, taken: int) -> None:
        """Know that another process has taken so many bytes, counted as they are stored."""
        self._raw.taken = taken

    def close(self) -> None:
        """Close what was opened here; a stream that was handed in stays open."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _first(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


def open_path(path: str | Path, name: str | None = None, *, raw: bool = False) -> Source:
    """Open a file, FIFO or device. ``name`` is what to call it, the path itself if not given.

    ``raw`` gives the bytes as they are stored, decompressing nothing. Waits for the first bytes of a FIFO. Raises
    UsageError if there is no such file, or it is a folder or a terminal, and SourceError if it cannot be opened or
    its first bytes cannot be read.
    """
    shown = os.fspath(path) if name is None else name
    fd = _open(os.fspath(path), shown)
    try:
        found = os.fstat(fd)
        first = _ready(fd, found.st_mode, shown)
        stream = io.FileIO(fd)
    except BaseException as error:
        with suppress(OSError):  # a signal may come when the stream has come and gone, and closed it
            os.close(fd)
        if isinstance(error, OSError):
            raise SourceError(shown, reason(error)) from None
        raise
    regular = stat.S_ISREG(found.st_mode)
    size = found.st_size if regular else None
    reader = _Raw(stream, shown, limit=size, owned=True, first=first)
    identity = (found.st_dev, found.st_ino)
    return Source(shown, Path(path), size, None if raw else _sniffed(reader), regular, reader, identity)


def open_stream(stream: BinaryIO, name: str, *, raw: bool = False) -> Source:
    """Take over standard input or any binary file object, from where it stands; it is not closed.

    ``raw`` gives the bytes as they are stored, decompressing nothing. Waits for the first bytes. Raises
    SourceError if they cannot be read.
    """
    reader = _Raw(stream, name)
    return Source(name, None, _left_in(stream), None if raw else _sniffed(reader), rereadable=False, _raw=reader)


def read_at(path: str | Path, offset: int, size: int) -> bytes:
    """Up to ``size`` bytes from byte ``offset`` of a plain file; b"" if they cannot be had any more."""
    try:
        # The opener never waits: what was a file may be a FIFO by now.
        with open(path, "rb", buffering=0, opener=lambda path, _: os.open(path, _FLAGS)) as file:
            file.seek(offset)
            return file.read(size) or b""
    except OSError:
        return b""


# Non-blocking, as opening a FIFO would otherwise wait for its writer, and for ever. None of these are everywhere.
_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _flag, 0)


def _open(path: str, shown: str) -> int:
    try:
        return os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the path
        from replay_cli.resembling import meant

        raise UsageError(f"no such file: {shown}{meant(path)}") from None
    except OSError as error:
        if error.errno == errno.ENXIO and (fd := _own_descriptor(path)) is not None:
            return os.dup(fd)
        raise SourceError(shown, reason(error)) from None


def _own_descriptor(path: str) -> int | None:
    """The open descriptor that a path like /dev/stdin or /dev/fd/3 stands for.

    If that is a socket, as the standard input of a program started from Node.js is, only the descriptor can be
    read, not the path.
    """
    folder, _, number = ("/dev/fd/0" if path == "/dev/stdin" else path).rpartition("/")
    return int(number) if folder in ("/dev/fd", "/proc/self/fd") and number.isdecimal() else None


def _ready(fd: int, mode: int, shown: str) -> bytes:
    """See to it that an open descriptor can be read like any file; return what had to be read for that."""
    if stat.S_ISDIR(mode):
        raise UsageError(f"is a folder, not a file: {shown}")
    if os.isatty(fd):
        raise UsageError(f"is a terminal, not a file: {shown}")
    first = _await_writer(fd, shown) if stat.S_ISFIFO(mode) else b""
    if hasattr(os, "O_NONBLOCK") and not stat.S_ISSOCK(mode):  # A socket is shared with whoever gave it to us.
        os.set_blocking(fd, True)
    return first


def _await_writer(fd: int, shown: str) -> bytes:
    """Wait until a FIFO has something to read, has been closed by its writer, or at least has a writer.

    Returns the bytes that were read to find that out, mostly none. Raises SourceError if nobody came.
    """
    import select

    if not hasattr(select, "poll"):
        return b""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if poll.poll(FIFO_PATIENCE * 1000):
        return b""
    try:
        first = os.read(fd, CHUNK)
    except BlockingIOError:
        # There is a writer, only it takes its time: <(ssh … cat log) is no mistake.
        return b""
    if not first:
        raise SourceError(shown, "is a FIFO that nobody writes to")
    return first


def _sniffed(raw: _Raw) -> str | None:
    try:
        return raw.sniff()
    except BaseException:
        raw.close()
        raise


def _left_in(stream: BinaryIO) -> int | None:
    """Bytes from where a stream stands to its end, if it is a regular file."""
    try:
        found = os.fstat(stream.fileno())
        return max(found.st_size - stream.tell(), 0) if stat.S_ISREG(found.st_mode) else None
    except (OSError, ValueError):
        return None


def reason(error: OSError) -> str:
    """Why a system call failed, in words and without the path."""
    return error.strerror or str(error) or type(error).__name__


class _Raw:
    """The bytes as they are stored: read, counted, and given up to a limit."""

    def __init__(
        self, stream: BinaryIO, name: str, limit: int | None = None, owned: bool = False, first: bytes = b""
    ) -> None:
        self.name = name
        self.taken = 0
        self._stream = stream
        self._left = limit
        self._owned = owned
        # What was read to see how the source begins, and not taken yet.
        self._ahead = first
        # A pipe gives what is there; waiting until a chunk is full would hold back the newest events.
        self._read: Callable[[int], bytes | None] = getattr(stream, "read1", stream.read)
        self._wait = _waiting(stream)

    def read(self) -> bytes:
        """The next chunk; b"" at the end. Raises SourceError, also if a file is shorter than when it was opened."""
        data = self._ahead or self._fetch()
        if self.taken > LONG:
            from replay_cli.memory import keep

            keep()
        if not data and self._left:
            raise SourceError(self.name, f"shrank while it was read: {self._left} bytes at its end are gone")
        self._ahead = b""
        self.taken += len(data)
        return data

    def read_on(self) -> bytes:
        """Read beyond the limit, once it was reached. Raises SourceError."""
        if self._left != 0 or self._ahead:
            return b""
        self._left = CHUNK
        data = self._fetch()
        self.taken += len(data)
        self._left = 0
        return data

    def skip_to(self, offset: int, size: int) -> None:
        """Go on at byte ``offset`` of a file of ``size`` bytes. Raises SourceError."""
        try:
            self._stream.seek(offset)
        except OSError as error:
            raise SourceError(self.name, reason(error)) from None
        self._ahead = b""
        self.taken = offset
        self._left = max(size - offset, 0)

    def sniff(self) -> str | None:
        """The compression; reads just as many bytes as tell it, and takes none. Raises SourceError."""
        while True:
            known = [magic for magic in MAGIC if agrees(self._ahead, magic.begins)]
            data = self._fetch() if any(len(magic.begins) > len(self._ahead) for magic in known) else b""
            if not data:
                return compression_of(self._ahead)
            self._ahead += data

    def fileno(self) -> int:
        """The descriptor, of what has one."""
        return self._stream.fileno()

    def close(self) -> None:
        if self._owned:
            self._stream.close()

    def _fetch(self) -> bytes:
        size = CHUNK if self._left is None else min(CHUNK, self._left)
        if not size:
            return b""
        try:
            if self._wait is not None:
                self._wait()
            data = self._read(size) or b""
        except OSError as error:
            raise SourceError(self.name, reason(error)) from None
        if self._left is not None:
            self._left -= len(data)
        return data


def _waiting(stream: BinaryIO) -> Callable[[], object] | None:
    """How to wait for a stream that would not wait by itself; None if it does.

    Standard input may have been left non-blocking by a program that shares it. Then "nothing yet" looks like the
    end of the input, and the audit would pass over the rest in silence.
    """
    try:
        fd = stream.fileno()
        if not hasattr(os, "get_blocking") or os.get_blocking(fd):
            return None
    except (OSError, ValueError):  # no descriptor at all
        return None
    import select

    return lambda: select.select([fd], [], [])
