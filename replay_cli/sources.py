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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from replay_cli.errors import SourceError, UsageError

if TYPE_CHECKING:
    import zlib

CHUNK = 64 * 1024
"""Bytes in one read, and about as many in one chunk."""

STEP = 1024
"""Decompressed bytes asked for at a time. A decoder that meets damage gives up what it had decoded in the same
call, so this is the most that can be lost; in gzip nothing is (see ``_Gunzip``)."""

FIFO_PATIENCE = 2.0
"""Seconds to wait for somebody to write to a named FIFO."""

MEMORY = {"xz": 96, "zstd": 64}
"""MiB that a decoder may take: all of it for xz, its window for zstd."""


@dataclass
class Source:
    """One opened input. It is read once; it is its own context manager.

    ``name`` is what to call it, ``path`` where it is (None for a stream). ``raw_size`` is its size in bytes as it
    is stored, None if that is not known beforehand. ``compression`` is "gzip", "zstd", "bz2", "xz" or None.
    ``rereadable`` says that it is a regular file, so that ``path`` can be opened again.
    """

    name: str
    path: Path | None
    raw_size: int | None
    compression: str | None
    rereadable: bool
    _raw: _Raw = field(repr=False)

    @property
    def plain(self) -> bool:
        """Whether offsets into what is read are offsets into a regular file."""
        return self.rereadable and self.compression is None

    @property
    def raw_read(self) -> int:
        """Bytes taken so far, counted as they are stored: to be held against ``raw_size``."""
        return self._raw.taken

    def chunks(self) -> Iterator[bytes]:
        """Yield what there is to read, decompressed, in chunks of up to about 64 KiB.

        A regular file is read to the size it had when it was opened. Raises SourceError where reading or
        decompressing fails, after everything before that was yielded.
        """
        if self.compression is None:
            return iter(self._raw.read, b"")
        return _decompressed(self._raw, self.compression)

    def more(self) -> bytes:
        """After the last chunk: up to 64 KiB of what a plain file has grown by since then, b"" if by nothing.

        Always b"" for streams and compressed sources, and for a file that has shrunk. Raises SourceError.
        """
        return self._raw.read_on() if self.plain else b""

    def close(self) -> None:
        """Close what was opened here; a stream that was handed in stays open."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
        os.close(fd)
        if isinstance(error, OSError):
            raise SourceError(shown, reason(error)) from None
        raise
    regular = stat.S_ISREG(found.st_mode)
    size = found.st_size if regular else None
    reader = _Raw(stream, shown, limit=size, owned=True, first=first)
    return Source(shown, Path(path), size, None if raw else _sniffed(reader), regular, reader)


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
        raise UsageError(f"no such file: {shown}") from None
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
        """The next chunk; b"" at the end. Raises SourceError."""
        data = self._ahead or self._fetch()
        self._ahead = b""
        self.taken += len(data)
        return data

    def read_on(self) -> bytes:
        """Read beyond the limit, once it was reached. Raises SourceError."""
        if self._left != 0 or self._ahead:
            return b""
        self._left = CHUNK
        data = self.read()
        self._left = 0
        return data

    def sniff(self) -> str | None:
        """The compression; reads just as many bytes as tell it, and takes none. Raises SourceError."""
        while True:
            known = [magic for magic in _MAGIC if _agrees(self._ahead, magic.begins)]
            data = self._fetch() if any(len(magic.begins) > len(self._ahead) for magic in known) else b""
            if not data:
                return next((magic.name for magic in known if len(magic.begins) <= len(self._ahead)), None)
            self._ahead += data

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


@dataclass(frozen=True, slots=True)
class _Magic:
    """How compressed data begins: for each byte those that may stand there."""

    name: str
    begins: tuple[bytes, ...]


_MAGIC = (
    _Magic("gzip", (b"\x1f", b"\x8b")),
    _Magic("zstd", (b"\x28", b"\xb5", b"\x2f", b"\xfd")),
    _Magic("zstd", (bytes(range(0x50, 0x60)), b"\x2a", b"\x4d", b"\x18")),  # a skippable frame comes first
    _Magic("bz2", (b"B", b"Z", b"h", b"123456789")),
    _Magic("xz", (b"\xfd", b"7", b"z", b"X", b"Z", b"\x00")),
)


def _agrees(head: bytes, begins: tuple[bytes, ...]) -> bool:
    return all(byte in allowed for byte, allowed in zip(head, begins, strict=False))


class _Decoder(Protocol):
    """What the decompressors of bz2, lzma and zstd have in common. One of them decodes one stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Codec:
    """A compression: what decodes one stream of it, what that raises, how much to ask of it in one call, and the
    words by which it refuses to take more memory.
    """

    decoder: Callable[[], _Decoder]
    errors: tuple[type[Exception], ...]
    step: int = STEP
    greedy: str = ""


def _gzip() -> _Codec:
    import zlib

    return _Codec(_Gunzip, (zlib.error,), step=CHUNK)


def _bz2() -> _Codec:
    import bz2

    return _Codec(bz2.BZ2Decompressor, (OSError, ValueError))


def _xz() -> _Codec:
    import lzma

    limit = MEMORY["xz"] << 20
    return _Codec(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, limit), (lzma.LZMAError,), greedy="emory usage limit")


def _zstd() -> _Codec:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: (MEMORY["zstd"] << 20).bit_length() - 1}
    return _Codec(lambda: zstd.ZstdDecompressor(options=options), (zstd.ZstdError,), greedy="too much memory")


_CODECS: dict[str, Callable[[], _Codec]] = {"gzip": _gzip, "bz2": _bz2, "xz": _xz, "zstd": _zstd}


class _Gunzip:
    """zlib's decompressor with the manners of the others: it keeps what it has not got round to.

    Before every step it is copied (40 KiB, for up to 64 KiB of output), so that a step that fails can be taken
    again byte by byte and nothing is lost that was decoded before the damage.
    """

    def __init__(self) -> None:
        import zlib

        self._inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._error = zlib.error
        self._damage: Exception | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        if self._damage:
            raise self._damage
        data = self._inflate.unconsumed_tail + data
        before = self._inflate.copy()
        try:
            step = self._inflate.decompress(data, max_length)
        except self._error as error:
            self._damage, self.needs_input = error, False
            return b"".join(self._until_damage(before, data))
        # A full step may leave something behind even when all its input is used up.
        self.needs_input = not self._inflate.unconsumed_tail and len(step) < max_length
        return step

    def _until_damage(self, inflate: zlib._Decompress, data: bytes) -> Iterator[bytes]:
        with suppress(self._error):
            for byte in data:
                yield inflate.decompress(bytes((byte,)))


def _decompressed(raw: _Raw, compression: str) -> Iterator[bytes]:
    """Decompress stream after stream. Yields when a chunk is full, and when all input that is there is used up."""
    unpack = _Unpacker(compression, _CODECS[compression](), raw.name)
    while data := raw.read():
        yield from _joined(unpack.steps(data))
    if unpack.within:
        problem = f"{compression} data ends after {raw.taken} bytes, before its end marker; the rest cannot be read"
        raise SourceError(raw.name, problem)


def _joined(steps: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks of about CHUNK bytes out of small steps; those before an error are not lost."""
    parts: list[bytes] = []
    size, damage = 0, None
    try:
        for step in steps:
            parts.append(step)
            size += len(step)
            if size >= CHUNK:
                yield b"".join(parts)
                parts, size = [], 0
    except SourceError as error:
        damage = error
    if size:
        yield b"".join(parts)
    if damage:
        raise damage


class _Unpacker:
    """Decompresses streams that follow one another, in steps of bounded size."""

    def __init__(self, compression: str, codec: _Codec, name: str) -> None:
        self._compression = compression
        self._codec = codec
        self._name = name
        self._decoder: _Decoder | None = None
        self._done = 0

    @property
    def within(self) -> bool:
        """Whether a stream has begun and not ended."""
        return self._decoder is not None

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` decompresses to. Raises SourceError at damage."""
        while True:
            if self._decoder is None:
                # Streams may be padded with zeros, to a multiple of 4 bytes (xz) or a block of tape (gzip).
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._decoder = self._codec.decoder()
            yield self._step(self._decoder, data)
            if self._decoder.eof:
                data = self._decoder.unused_data
                self._decoder = None
            elif self._decoder.needs_input:
                return
            else:
                data = b""

    def _step(self, decoder: _Decoder, data: bytes) -> bytes:
        try:
            step = decoder.decompress(data, self._codec.step)
        except self._codec.errors as error:
            raise SourceError(self._name, self._problem(str(error))) from None
        self._done += len(step)
        return step

    def _problem(self, said: str) -> str:
        if self._codec.greedy and self._codec.greedy in said:
            return f"{self._compression} data needs more than {MEMORY[self._compression]} MiB to be decompressed"
        return f"{self._compression} data is damaged after its first {self._done} decompressed bytes: {said}"
