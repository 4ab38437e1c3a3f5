"""Held: the bytes that were read and have not been given on yet, in order, in bounded memory.

An audit keeps but the beginning of a line that is too long; whoever writes a stream again needs all of it. So the
bytes are held as they were read until it is known what becomes of them, those of a very long line in a file.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from typing import IO

MOST = 32 * 1024 * 1024
"""Bytes that are held in memory; beyond that they go to a temporary file."""

_STEP = 1024 * 1024


class Held:
    """Bytes come in by ``watch`` and go out by ``take``. It is its own context manager."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes that are held."""
        self._pieces: deque[memoryview] = deque()
        self._file: IO[bytes] | None = None
        self._in_file = self._at = 0

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks as they come, each of them held."""
        for chunk in chunks:
            self.put(chunk)
            yield chunk

    def put(self, chunk: bytes) -> bytes:
        """Hold a chunk, and return it."""
        if self._in_file or self.size + len(chunk) > MOST:
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115
            self._file.seek(self._at + self._in_file)
            self._file.write(chunk)
            self._in_file += len(chunk)
        elif chunk:
            self._pieces.append(memoryview(chunk))
        self.size += len(chunk)
        return chunk

    def take(self, length: int) -> Iterator[bytes | memoryview]:
        """Give out the first ``length`` bytes, which must be held, in pieces."""
        self.size -= length
        while length and self._pieces:
            piece = self._pieces[0]
            if len(piece) > length:
                yield piece[:length]
                self._pieces[0] = piece[length:]
                return
            yield self._pieces.popleft()
            length -= len(piece)
        while length and self._file:
            self._file.seek(self._at)
            data = self._file.read(min(length, _STEP))
            self._at += len(data)
            self._in_file -= len(data)
            length -= len(data)
            yield data
        if self._file and not self._in_file:
            self._file.seek(0)
            self._file.truncate()
            self._at = 0

    def begins_with(self, text: bytes) -> bool:
        """Whether the bytes that are held begin so; asked while they are in memory."""
        begun = b""
        for piece in self._pieces:
            begun += piece[: len(text) - len(begun)]
            if len(begun) == len(text):
                break
        return begun == text

    def close(self) -> None:
        """Give up what is held."""
        if self._file:
            self._file.close()

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
