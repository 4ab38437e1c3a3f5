"""Index: where in a big log the events behind a number begin, kept from one call to the next.

It is made on the way through a log of one thread. Each entry names a place where a frame begins, a number above which
no seq stands before it, one below which none stands from there to the next entry, whatever their order, and what the
bytes up to the next entry are known by. So behind the last entry whose number is not too great there is all that is
asked for, and before the first one behind which all numbers are too great. What does not fit is thrown away, never
mended: then the log is read from its beginning, and the answer is the same.

What is verified: of a file that has the identity, size, and times that it had, the first block, the last, and those
landed in, by SHA-256. Nothing tells an append from an append and an edit before it, so of a file that has grown, or
whose times are others, every block is verified, by its CRC-32, which is quicker than to read what is in it.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from replay_cli.atomic import replacing
from replay_cli.errors import UsageError

VERSION = 3
STEP = 512 * 1024
"""Bytes of a log from one entry to the next."""

WORTH = 4 * 1024 * 1024
"""Bytes of a log from which on an index is worth it."""

LARGEST = 64 * 1024 * 1024
"""Bytes of an index that are read at most."""

SETTLED = 2 * 10**9
"""Nanoseconds after its last change from which on a log's times tell the next one apart."""

NO_SEQ = 2**64
"""Stands for the least number of a block without one."""

Read = Callable[[int, int], bytes]


class Entry(NamedTuple):
    """A frame begins at byte ``offset``; before it stand ``lines`` line ends and ``events`` events, none with a seq
    above ``top``. From here to the next entry, or to the end of what is indexed, no seq is below ``least``, and the
    bytes have this CRC-32 and this SHA-256. ``sound`` is 1 if all up to there are events, -1 if something else is
    among them, and 0 if not all of it was looked at; then ``events`` are not all there are.
    """

    offset: int
    top: int
    least: int
    lines: int
    events: int
    sound: int
    crc: int
    digest: str


class State(NamedTuple):
    """What a file is known by: device and number, size in bytes, and when its content, and anything of it, changed
    last, in nanoseconds since 1970 (0: not to be trusted).
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int


@dataclass(frozen=True, slots=True)
class Index:
    """The index of the file at ``path``, taken for what ``plan`` says, up to byte ``end``; no seq is above ``top``.

    There is one entry at least, and one event.
    """

    path: str
    plan: list[object]
    state: State
    thread: str
    end: int
    top: int
    entries: tuple[Entry, ...]

    def landing(self, since_seq: int) -> int:
        """The number of the entry before which no event has a greater seq; one further back, for its neighbour."""
        return max(bisect_right(self.entries, since_seq, key=lambda entry: entry.top) - 2, 0)

    def stop(self, until_seq: int) -> int:
        """The byte from which on no event has a seq up to this one, nor the event before; ``end`` if there is none.

        So what cannot be read there is not behind an event that is asked for.
        """
        stop = beyond = self.end
        for entry in reversed(self.entries):
            if entry.least <= until_seq:
                break
            stop, beyond = beyond, entry.offset
        return stop

    def unchanged(self, state: State) -> bool:
        """Whether the file is, by all that it is known by, the same that it was."""
        return state == self.state and state.changed != 0

    def holds(self, state: State, landing: int, read: Read) -> bool:
        """Whether it is still true of the file, as far as it is to be verified."""
        if (state.device, state.inode) != (self.state.device, self.state.inode) or state.size < self.state.size:
            return False
        last = len(self.entries) - 1
        if not self.unchanged(state) and not all(self._is_as_it_was(number, read) for number in range(last + 1)):
            return False
        return all(self._block_holds(number, read) for number in {0, landing, min(landing + 1, last), last})

    def _is_as_it_was(self, number: int, read: Read) -> bool:
        crc = 0
        for data in self._block(number, read):
            crc = crc32(data, crc)
        return crc == self.entries[number].crc

    def _block_holds(self, number: int, read: Read) -> bool:
        hashed = sha256()
        for data in self._block(number, read):
            hashed.update(data)
        return hashed.hexdigest() == self.entries[number].digest

    def _block(self, number: int, read: Read) -> Iterator[bytes]:
        start = self.entries[number].offset
        end = self.entries[number + 1].offset if number + 1 < len(self.entries) else self.end
        while start < end and (data := read(start, min(end - start, STEP))):
            yield data
            start += len(data)


class Extent:
    """What was met of a log: its ``thread``, whether that is the only one, ``top``, above which no seq is, and
    ``least``, below which none was since a block was begun; since then all was events if it is ``sound``, and not
    all was looked at if it is ``skimmed``.
    """

    def __init__(self, thread: str | None = None, top: int = 0) -> None:
        self.thread, self.top = thread, top
        self.single = True
        self.restart()

    def restart(self) -> None:
        """A block is begun."""
        self.least = NO_SEQ
        self.sound, self.skimmed = True, False

    def take(self, thread: str, seq: int) -> None:
        """An event was met."""
        self.span(thread, seq, seq)

    def span(self, thread: str, least: int, top: int) -> None:
        """Events of a thread were met, with numbers from ``least`` to ``top``."""
        self.single = self.single and self.thread in (None, thread)
        self.thread, self.top, self.least = thread, max(self.top, top), min(self.least, least)


class Builder:
    """Makes the entries of a log that is read from the last of ``entries`` on, which is made anew, or from its
    beginning. ``extent`` tells what was met since.
    """

    def __init__(self, extent: Extent, entries: Sequence[Entry] = ()) -> None:
        first = entries[-1] if entries else Entry(0, 0, NO_SEQ, 0, 0, 1, 0, "")
        self.extent = extent
        self._entries = list(entries[:-1])
        self._begin, self._top = first.offset, first.top
        self._lines, self._events = first.lines, first.events
        self._sound = self._entries[-1].sound if self._entries else 1
        self._at = first.offset
        self._rest = bytearray()
        self._restart()
        self._before = self._counted = first.events

    def _restart(self) -> None:
        self._hashed, self._crc, self._ends = sha256(), 0, 0
        self.extent.restart()

    def take(self, data: bytes, settled: int, met: int) -> None:
        """The next bytes of the log; now all frames up to byte ``settled`` are whole, with ``met`` events since it
        was begun.
        """
        self._rest += data
        with memoryview(self._rest) as rest, rest[: settled - self._at] as whole:
            self._hashed.update(whole)
            self._crc = crc32(whole, self._crc)
        self._ends += self._rest.count(b"\n", 0, settled - self._at)
        del self._rest[: settled - self._at]
        self._at = settled
        self._counted = self._before + met
        if settled - self._begin >= STEP and self._counted > self._events:
            self._close()

    def _close(self) -> None:
        extent = self.extent
        sound = -1 if not extent.sound else 0 if extent.skimmed else 1
        sound = -1 if -1 in (sound, self._sound) else min(sound, self._sound)
        digest = self._hashed.hexdigest()
        self._entries.append(
            Entry(self._begin, self._top, extent.least, self._lines, self._events, sound, self._crc, digest)
        )
        self._begin, self._top, self._sound = self._at, extent.top, sound
        self._lines += self._ends
        self._events = self._counted
        self._restart()

    def index(self, path: str, plan: list[object], state: State) -> Index | None:
        """The index of all that was taken; None if there is no event, or are several threads."""
        extent = self.extent
        if not extent.single or extent.thread is None:
            return None
        if self._at > self._begin:
            self._close()
        entries = tuple(self._entries)
        return Index(os.path.realpath(path), plan, state, extent.thread, self._at, extent.top, entries)


# -- where they are kept ---------------------------------------------------------------------------------------------


def folder() -> Path:
    """Where this user's indexes are kept; it need not be there."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("replay", appauthor=False)) / "index"


def state_of(path: str) -> State | None:
    """What a file is known by now; None if it is not there."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    # Clocks of file systems are coarse: a change right after this one might bear the same time.
    settled = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED
    times = (found.st_mtime_ns, found.st_ctime_ns) if settled else (0, 0)
    return State(found.st_dev, found.st_ino, found.st_size, *times)


def _place(path: str) -> Path:
    return folder() / f"{sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:32]}.json"


def load(path: str, plan: list[object]) -> Index | None:
    """The index of a file, if there is one that is whole and was made for the same plan."""
    with suppress(OSError):
        found = _read(_place(path))
        if found is not None and found.plan == plan and found.path == os.path.realpath(path):
            return found
    return None


def save(index: Index) -> None:
    """Keep an index. Where that cannot be done, it is not kept, and nothing else is different."""
    with suppress(OSError, UsageError):
        place = _place(index.path)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        body = json.dumps([VERSION, *(getattr(index, name) for name in index.__slots__)], separators=(",", ":"))
        with replacing(place, "--no-cache") as file:
            file.write(f"{sha256(body.encode()).hexdigest()}\n{body}\n".encode())


def drop(path: str) -> None:
    """Keep the index of a file no longer."""
    with suppress(OSError):
        _place(path).unlink()


def _read(place: Path) -> Index | None:
    """An index as it was kept; None if it is damaged in any way, or of another version."""
    with open(place, "rb") as file:
        digest, _, body = file.read(LARGEST).partition(b"\n")
    if sha256(body.rstrip(b"\n")).hexdigest().encode() != digest:
        return None
    try:
        version, path, plan, state, thread, end, top, entries = json.loads(body)
        if version != VERSION:
            return None
        return Index(path, plan, State(*state), thread, end, top, tuple(Entry(*entry) for entry in entries))
    except (ValueError, TypeError, RecursionError):
        return None


def kept() -> Iterator[tuple[str, int, Index | None]]:
    """The indexes there are: the name of each file, its size in bytes, and what it holds (None: damaged)."""
    try:
        places = sorted(folder().glob("*.json"))
    except OSError:
        return
    for place in places:
        with suppress(OSError):
            yield place.name, place.stat().st_size, _read(place)


def clear() -> int:
    """Remove all indexes; how many there were. Raises UsageError if one cannot be removed."""
    number = 0
    with suppress(FileNotFoundError):
        for place in [*folder().glob("*.json"), *folder().glob(".*.tmp")]:
            try:
                place.unlink(missing_ok=True)
            except OSError as error:
                raise UsageError(f"cache: {place} cannot be removed: {error.strerror or error}") from None
            number += place.suffix == ".json"
    return number


def plan_told(values: Sequence[Any]) -> list[object]:
    """What of a plan decides how a log is read, as it comes back out of JSON."""
    told: list[object] = json.loads(json.dumps(list(values)))
    return told
