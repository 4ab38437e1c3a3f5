"""Quarantine: every piece that was left out, byte for byte, and all that is needed to have the input back.

A file of JSON lines, described by ``schemas/quarantine.schema.json``: a head, then for each source its pieces in
order and its end. The end says how long the source was and what it and its part of the output hash to, so that
restoring either gives the very bytes that came in or says why it cannot.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from replay_cli.errors import SourceError, UsageError, one_line
from replay_cli.sources import Source
from replay_cli.stretches import Stretch
from replay_cli.told import TOOL

FORMAT_VERSION = 1

PIECE = 1024 * 1024
"""Bytes in a record at most; a longer piece takes several, so that none need be held whole."""

LONGEST = 3 * PIECE
"""Bytes of a line at most: base64 takes a third more, the names a little."""


class Quarantine:
    """Writes the quarantine of one run into an opened file.

    ``changed``: what is kept is not written as it came, so that the input cannot be had back. ``apart``: what is kept
    of each source has an output of its own.
    """

    def __init__(self, file: BinaryIO, changed: bool = False, apart: bool = False) -> None:
        self._file = file
        self._changed = changed
        self._source = ""
        self._read, self._written = sha256(), sha256()
        self._sizes = [0, 0]
        self.pieces = 0
        self._put(
            {"replay_quarantine": FORMAT_VERSION, "tool": TOOL}
            | ({"changed": True} if changed else {})
            | ({"apart": True} if apart else {})
        )

    def begin(self, source: str) -> None:
        """What follows comes from this source."""
        self._source = one_line(source)
        self._read, self._written = sha256(), sha256()
        self._sizes = [0, 0]

    def kept(self, data: bytes | memoryview) -> None:
        """Bytes went from the source to the output."""
        self._read.update(data)
        self._written.update(data)
        self._sizes[0] += len(data)
        self._sizes[1] += len(data)

    def leave(self, stretch: Stretch, pieces: Iterable[bytes | memoryview]) -> None:
        """Bytes of the source were left out."""
        offset = stretch.offset
        for data in _of_size(pieces, PIECE):
            self._read.update(data)
            self._sizes[0] += len(data)
            self.pieces += 1
            self._put(
                {
                    "source": self._source,
                    "line": stretch.line,
                    "offset": offset,
                    "length": len(data),
                    "rule": stretch.reason,
                    "sha256": sha256(data).hexdigest(),
                    "bytes": base64.b64encode(data).decode("ascii"),
                }
            )
            offset += len(data)

    def added(self, offset: int, line: int, data: bytes) -> None:
        """Bytes were put into the output that the source lacks, before its byte ``offset``."""
        self._written.update(data)
        self._sizes[1] += len(data)
        added = base64.b64encode(data).decode("ascii")
        self._put({"source": self._source, "line": line, "offset": offset, "length": 0, "added": added})

    def end(self) -> None:
        """The source has no more."""
        if self._changed:
            return
        self._put(
            {
                "source": self._source,
                "end": self._sizes[0],
                "sha256": self._read.hexdigest(),
                "written": self._sizes[1],
                "written_sha256": self._written.hexdigest(),
            }
        )

    def _put(self, record: dict[str, object]) -> None:
        self._file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")


def _of_size(pieces: Iterable[bytes | memoryview], most: int) -> Iterator[bytes]:
    """The same bytes in as few pieces as there can be."""
    held = b""
    for piece in pieces:
        held += piece
        while len(held) >= most:
            yield held[:most]
            held = held[most:]
    if held:
        yield held


# -- restoring -------------------------------------------------------------------------------------------------------


def restore(quarantine: Source, cleaned: Source, only: str | None, write: Callable[[bytes], object]) -> int:
    """Write the input that a quarantine and its output came from; returns how many bytes that were.

    ``only`` names the source that is wanted where there were several. Raises UsageError if the quarantine is none,
    or holds several and none is named; SourceError if the two do not belong together.
    """
    restoring = _Restoring(cleaned, only, write)
    for number, record in enumerate(_records(quarantine), start=1):
        if number == 1:
            if record.get("replay_quarantine") != FORMAT_VERSION:
                raise UsageError(f"--restore: {quarantine.name} is no quarantine that this version can read")
            if record.get("changed"):
                raise UsageError(
                    f"--restore: {quarantine.name} stands beside what was converted; only the input has that"
                )
            restoring.apart = bool(record.get("apart"))
            continue
        try:
            restoring.take(record)
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise SourceError(quarantine.name, f"line {number} is no record of a quarantine") from None
    if not restoring.ends:
        raise SourceError(quarantine.name, "ends before its source does: it was not written to its end")
    return restoring.finish(quarantine.name)


def _records(quarantine: Source) -> Iterator[dict[str, Any]]:
    held = b""
    for chunk in quarantine.chunks():
        *lines, held = (held + chunk).split(b"\n")
        if len(held) > LONGEST:
            raise UsageError(f"--restore: {quarantine.name} is no quarantine")
        for line in lines:
            yield _record(line, quarantine.name)
    if held:
        raise SourceError(quarantine.name, "its last line has no end: it was not written to its end")


def _record(line: bytes, name: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise UsageError(f"--restore: {name} is no quarantine")
    return record


class _Restoring:
    """The way through a quarantine, the output beside it."""

    def __init__(self, cleaned: Source, only: str | None, write: Callable[[bytes], object]) -> None:
        self.ends: list[str] = []
        self.apart = False
        self._cleaned = _Bytes(cleaned)
        self._only = only
        self._write = write
        self._restored = 0
        self._begin()

    def _begin(self) -> None:
        self._at = self._taken = 0
        self._hash = sha256()

    def take(self, record: dict[str, Any]) -> None:
        """Go on up to the place of a record, and through it."""
        wanted = self._only in (None, record["source"])
        if self.apart and not wanted:
            # Its output is another file.
            self.ends += [str(record["source"])] * ("end" in record)
            return
        if "end" in record:
            self._copy(int(record["end"]) - self._at, wanted)
            if self._taken != record["written"] or self._hash.hexdigest() != record["sha256"]:
                raise SourceError(self._cleaned.name, "is not the output that this quarantine was written with")
            if wanted and any(self._only is None or end == self._only for end in self.ends):
                names = ", ".join(sorted({*self.ends, str(record["source"])}))
                raise UsageError(f"--restore: several sources were written; --source names one of {names}")
            self.ends.append(str(record["source"]))
            self._begin()
            return
        self._copy(int(record["offset"]) - self._at, wanted)
        if "added" in record:
            added = base64.b64decode(record["added"], validate=True)
            self._taken += len(added)
            if b"".join(self._cleaned.take(len(added))) != added:
                raise SourceError(self._cleaned.name, "is not the output that this quarantine was written with")
            return
        data = base64.b64decode(record["bytes"], validate=True)
        if len(data) != record["length"] or sha256(data).hexdigest() != record["sha256"]:
            raise ValueError("the bytes are not those that the record speaks of")
        self._put(data, wanted)

    def _copy(self, length: int, wanted: bool) -> None:
        """Take so much from the output."""
        if length < 0:
            raise ValueError("a record stands before the one above it")
        self._taken += length
        for data in self._cleaned.take(length):
            self._put(data, wanted)

    def _put(self, data: bytes, wanted: bool) -> None:
        self._at += len(data)
        self._hash.update(data)
        if wanted:
            self._restored += len(data)
            self._write(data)

    def finish(self, quarantine: str) -> int:
        """Nothing may be left of the output; returns the bytes that were restored."""
        if self._only is not None and self._only not in self.ends:
            names = ", ".join(self.ends)
            raise UsageError(f"--source: {quarantine} holds nothing of {self._only}, but of {names}")
        if next(self._cleaned.take(1), b""):
            raise SourceError(self._cleaned.name, "goes on behind the output that this quarantine was written with")
        return self._restored


class _Bytes:
    """A source, taken so many bytes at a time."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._chunks = source.chunks()
        self._held = b""

    def take(self, length: int) -> Iterator[bytes]:
        """The next bytes, fewer if there are not so many."""
        while length:
            self._held = self._held or next(self._chunks, b"")
            if not self._held:
                return
            piece, self._held = self._held[:length], self._held[length:]
            length -= len(piece)
            yield piece
