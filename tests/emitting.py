"""Emission for tests: bytes in, bytes out, with what became of the rest; and damage of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from replay_cli.admission import survey_all
from replay_cli.emission import Emission
from replay_cli.planning import Options
from replay_cli.quarantine import Quarantine, restore
from replay_cli.remaking import Remake
from replay_cli.selection import Selection
from replay_cli.sieve import Wish
from replay_cli.sources import Source, open_path, open_stream
from replay_cli.summary import Summary


@dataclass(frozen=True)
class Done:
    """What an emission came to."""

    output: bytes
    quarantine: bytes
    summary: Summary
    pieces: list[dict[str, Any]] = field(default_factory=list)

    def restored(self, only: str | None = None) -> bytes:
        """The input, from output and quarantine."""
        file = BytesIO()
        with source(self.quarantine, "quarantine") as pieces, source(self.output, "output") as rest:
            restore(pieces, rest, only, file.write)
        return file.getvalue()


def source(data: bytes, name: str = "log") -> Source:
    """Bytes as an opened source."""
    return open_stream(BytesIO(data), name)


def emitted(
    *logs: bytes,
    select: Selection | None = None,
    clean: bool = False,
    head: int | None = None,
    last: int | None = None,
    options: Options | None = None,
    remake: Remake | None = None,
    arranged: str | None = None,
    against: bytes | None = None,
) -> Done:
    """Write logs again, with a quarantine beside (but for the last events, which are had without)."""
    options = options or Options()
    wish = Wish(select or Selection(), head, last, clean, all=last is None, ordered=arranged is not None)
    output, kept = BytesIO(), BytesIO()
    opens = [_opener(log, f"log{number}") for number, log in enumerate(logs)]
    recurring = survey_all(opens, options) if clean else None
    quarantine = Quarantine(kept, remake is not None or arranged is not None) if last is None else None
    with Emission(wish, options, output, quarantine, recurring, None, remake, None, arranged) as emission:
        for again in opens:
            with again() as opened:
                emission.take(opened)
        if against is not None:
            with source(against, "against") as log:
                emission.stand_beside(log)
        emission.close()
    pieces = [json.loads(line) for line in kept.getvalue().splitlines()]
    return Done(output.getvalue(), kept.getvalue(), emission.summary, pieces)


def alike(data: bytes, options: Options, remake: Remake) -> None:
    """Held to be the same: what the fast way writes, leaves out and counts, and what the reference does."""
    fast = emitted(data, options=options, remake=remake)
    slow = emitted(data, options=replace(options, fast=False), remake=remake)

    assert slow.output == fast.output
    assert slow.summary.document() == fast.summary.document()


def _opener(log: bytes, name: str) -> Callable[[], Source]:
    return lambda: source(log, name)


def opened(path: Path) -> Source:
    """A file as an opened source."""
    return open_path(path)


# -- damage ----------------------------------------------------------------------------------------------------------


def _flip(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at] ^= 1 << random.randrange(8)


def _remove_line(data: bytearray, random: Random) -> None:
    lines = bytes(data).split(b"\n")
    del lines[random.randrange(len(lines))]
    data[:] = b"\n".join(lines)


def _double_line(data: bytearray, random: Random) -> None:
    lines = bytes(data).split(b"\n")
    line = random.choice(lines[:-1] or lines)
    lines.insert(random.randrange(len(lines)), line)
    data[:] = b"\n".join(lines)


def _replay(data: bytearray, random: Random) -> None:
    """A stretch once more, as after a reconnect."""
    lines = bytes(data).split(b"\n")
    start = random.randrange(len(lines))
    end = min(start + random.randrange(1, 8), len(lines))
    lines[end:end] = lines[start:end]
    data[:] = b"\n".join(lines)


def _swap_lines(data: bytearray, random: Random) -> None:
    lines = bytes(data).split(b"\n")
    if len(lines) > 2:
        at = random.randrange(len(lines) - 2)
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    data[:] = b"\n".join(lines)


def _glue(data: bytearray, random: Random) -> None:
    ends = [at for at, byte in enumerate(data[:-1]) if byte == 10]
    if ends:
        del data[random.choice(ends)]


def _splice(data: bytearray, random: Random) -> None:
    """A torn append, and the next record on the same line."""
    ends = [at for at, byte in enumerate(data[:-1]) if byte == 10]
    if ends:
        end = random.choice(ends)
        start = max(bytes(data).rfind(b"\n", 0, end), 0)
        del data[random.randint(start + 1, end) : end + 1]


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def _nuls(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    size = random.randrange(1, 40)
    data[at : at + random.choice([0, size])] = bytes(size)


PIECES = (b"\n", b"\r\n", b" \n", b"\xef\xbb\xbf", b"{oops\n", b"\xff\n", b"[]\n", b"null\n", b"}", b'"')


def _insert(data: bytearray, random: Random) -> None:
    piece = random.choice(
        [b"\n", b"\r\n", b" \n", b"\xef\xbb\xbf", b"{oops\n", b"\xff\n", b"[]\n", b"null\n", b"}", b'"']
    )
    at = random.choice([0, random.randrange(len(data)), bytes(data).find(b"\n") + 1])
    data[at:at] = piece


def _conflict(data: bytearray, random: Random) -> None:
    lines = bytes(data).split(b"\n")
    at = random.randrange(len(lines))
    other = lines[at].replace(b"a", b"b", 1)
    lines.insert(at + 1, other)
    data[:] = b"\n".join(lines)


DAMAGE = (
    *(_flip, _remove_line, _double_line, _replay, _swap_lines, _glue, _splice, _cut, _nuls, _insert, _conflict),
)


def damaged(data: bytes, seed: int) -> bytes:
    """The log with one to five damages, the same ones for the same seed."""
    random = Random(seed)
    found = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 3, 5])):
        if found:
            random.choice(DAMAGE)(found, random)
    return bytes(found)
