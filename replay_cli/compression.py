"""Compression: known by content, never by name, and undone in steps of bounded size whatever the ratio."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, cast

from replay_cli.errors import SourceError

if TYPE_CHECKING:
    import zlib

CHUNK = 768 * 1024
"""Bytes in one read, and about as many in one chunk: what is done once for each block counts little then, and a block
stays below ``heavy.HEAVY``.
"""

STEP = 1024
"""Decompressed bytes asked for at a time. A decoder that meets damage gives up what it had decoded in the same
call, so this is the most that can be lost; in gzip nothing is (see ``_Gunzip``)."""

MEMORY = {"xz": 96, "zstd": 64}
"""MiB that a decoder may take: all of it for xz, its window for zstd."""


class Raw(Protocol):
    """Bytes as they are stored: what reads them, what they are called, how many were taken."""

    name: str
    taken: int

    def read(self) -> bytes:
        """Some bytes, b"" at the end; raises SourceError."""


class Magic(NamedTuple):
    """How compressed data begins: for each byte those that may stand there."""

    name: str
    begins: tuple[bytes, ...]


MAGIC = (
    Magic("gzip", (b"\x1f", b"\x8b")),
    Magic("zstd", (b"\x28", b"\xb5", b"\x2f", b"\xfd")),
    Magic("zstd", (bytes(range(0x50, 0x60)), b"\x2a", b"\x4d", b"\x18")),  # a skippable frame comes first
    Magic("bz2", (b"B", b"Z", b"h", b"123456789")),
    Magic("xz", (b"\xfd", b"7", b"z", b"X", b"Z", b"\x00")),
)

LONGEST = max(len(magic.begins) for magic in MAGIC)
"""Bytes that tell all of them apart."""


def agrees(head: bytes, begins: tuple[bytes, ...]) -> bool:
    """Whether bytes may be the beginning, however short, of what ``begins`` tells."""
    return all(byte in allowed for byte, allowed in zip(head, begins, strict=False))


def compression_of(head: bytes) -> str | None:
    """What the first bytes of something, ``LONGEST`` of them if there are so many, say that it is compressed by."""
    known = (magic for magic in MAGIC if len(magic.begins) <= len(head) and agrees(head, magic.begins))
    return next((magic.name for magic in known), None)


class _Decoder(Protocol):
    """What the decompressors of bz2, lzma and zstd have in common. One of them decodes one stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Codec(NamedTuple):
    """A compression: what decodes one stream of it, what that raises, how much to ask of it in one call, and the
    words by which it refuses to take more memory.
    """

    decoder: Callable[[], _Decoder]
    errors: tuple[type[Exception], ...]
    step: int = STEP
    greedy: str = ""


def _gzip() -> _Codec:
    import zlib

    # In fewer steps a chunk could become nearly twice as long.
    return _Codec(_Gunzip, (zlib.error,), step=CHUNK // 4)


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


def decompressed(raw: Raw, compression: str) -> Iterator[bytes]:
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


def compressing(file: BinaryIO, kind: str) -> AbstractContextManager[BinaryIO]:
    """A file that compresses what is written to it into ``file``, which stays open; the same bytes on every run."""
    made: Any
    match kind:
        case "gzip":
            import gzip

            # Neither a name nor a time, so that equal content is an equal file.
            made = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
        case "bz2":
            import bz2

            made = bz2.BZ2File(file, "wb")
        case "xz":
            import lzma

            made = lzma.LZMAFile(file, "wb")  # noqa: SIM115
        case _:
            made = _zstd_file(file)
    return cast("AbstractContextManager[BinaryIO]", made)


def _zstd_file(file: BinaryIO) -> object:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return zstd.ZstdFile(file, "wb")
