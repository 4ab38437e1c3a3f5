"""Index: where in a big log the events behind a number begin, kept from one call to the next.

It is made on the way through a log of one thread. Each entry names a place where a frame begins, a number above which
no seq stands before it, whatever their order, and a hash of the bytes up to the next entry. So behind the last entry
whose number is not too great there is all that is asked for. A lookup verifies what it lands in. What does not fit is
thrown away, never mended: then the log is read from its beginning, and the answer is the same.

An append is told from an edit by the size. Behind an append to a log of more than ``SMALL`` bytes only the first
block, the last, and those landed in are verified; there an edit of the same length somewhere between, before the
append, goes unnoticed if it puts a greater seq there.
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

from replay_cli.atomic import replacing
from replay_cli.errors import UsageError

VERSION = 2
STEP = 512 * 1024
"""Bytes of a log from one entry to the next."""

WORTH = 4 * 1024 * 1024
"""Bytes of a log from which on an index is worth it."""

SMALL = 64 * 1024 * 1024
"""Bytes that are verified as a whole when a log has changed."""

LARGEST = 64 * 1024 * 1024
"""Bytes of an index that are read at most."""

SETTLED = 2 * 10**9
"""Nanoseconds after its last change from which on a log's time of change tells the next one apart."""

Read = Callable[[int, int], bytes]


class Entry(NamedTuple):
    """A frame begins at byte ``offset``; no seq before it is above ``seq``; ``digest`` is that of the bytes from here
    to the next entry, or to the end of what is indexed. In these there is at least one event.
    """

    offset: int
    seq: int
    digest: str


class State(NamedTuple):
    """What a file is known by: device and number, size in bytes, time of its last change (0: not to be trusted)."""

    device: int
    inode: int
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Index:
    """The index of the file at ``path``, taken for what ``plan`` says, up to byte ``end``; no ``seq`` is greater."""

    path: str
    plan: list[object]
    state: State
    thread: str
    end: int
    seq: int
    entries: tuple[Entry, ...]

    def landing(self, since_seq: int) -> int:
        """The number of the entry before which no event has a greater seq; one further back, for its neighbour."""
        return max(bisect_right(self.entries, since_seq, key=lambda entry: entry.seq) - 2, 0)

    def holds(self, state: State, landing: int, read: Read) -> bool:
        """Whether it is still true of the file, as far as it is to be verified."""
        if (state.device, state.inode) != (self.state.device, self.state.inode) or state.size < self.state.size:
            return False
        unchanged = state == self.state and state.changed != 0
        numbers: Sequence[int] = range(len(self.entries))
        if unchanged or (state.size > self.state.size and self.end > SMALL):
            numbers = sorted({0, landing, min(landing + 1, len(self.entries) - 1), len(self.entries) - 1})
        return all(self._block_holds(number, read) for number in numbers)

    def _block_holds(self, number: int, read: Read) -> bool:
        start = self.entries[number].offset
        end = self.entries[number + 1].offset if number + 1 < len(self.entries) else self.end
        hashed = sha256()
        while start < end:
            data = read(start, min(end - start, STEP))
            if not data:
                return False
            hashed.update(data)
            start += len(data)
        return hashed.hexdigest() == self.entries[number].digest


class Builder:
    """Makes the entries of a log that is read from byte ``offset`` on; those before are ``entries``."""

    def __init__(self, entries: Sequence[Entry] = (), offset: int = 0, seq: int = 0) -> None:
        self._entries = list(entries)
        self._begin, self._seq = offset, seq
        self._at = offset
        self._rest = bytearray()
        self._hashed = sha256()
        self._met = 0

    def take(self, data: bytes, settled: int, seq: int, met: int) -> None:
        """The next bytes of the log; now all frames up to byte ``settled`` are whole.

        No seq so far is above ``seq``, and ``met`` events were met.
        """
        self._rest += data
        whole = settled - self._at
        self._hashed.update(memoryview(self._rest)[:whole])
        self._rest = self._rest[whole:]
        self._at = settled
        if settled - self._begin >= STEP and met > self._met:
            self._met = met
            self._close(seq)

    def _close(self, seq: int) -> None:
        self._entries.append(Entry(self._begin, self._seq, self._hashed.hexdigest()))
        self._begin, self._seq, self._hashed = self._at, seq, sha256()

    def index(self, path: str, plan: list[object], state: State, thread: str, seq: int) -> Index:
        """The index of all that was taken, in which no seq is above ``seq``."""
        if self._at > self._begin:
            self._close(seq)
        return Index(os.path.realpath(path), plan, state, thread, self._at, seq, tuple(self._entries))


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
    changed = found.st_mtime_ns if time.time_ns() - found.st_mtime_ns > SETTLED else 0
    return State(found.st_dev, found.st_ino, found.st_size, changed)


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


def _read(place: Path) -> Index | None:
    """An index as it was kept; None if it is damaged in any way, or of another version."""
    with open(place, "rb") as file:
        digest, _, body = file.read(LARGEST).partition(b"\n")
    if sha256(body.rstrip(b"\n")).hexdigest().encode() != digest:
        return None
    try:
        version, path, plan, state, thread, end, seq, entries = json.loads(body)
        if version != VERSION:
            return None
        return Index(path, plan, State(*state), thread, end, seq, tuple(Entry(*entry) for entry in entries))
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
