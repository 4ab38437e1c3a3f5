"""Reading ahead: the same chunks in the same order, and nothing goes on when nobody asks any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay_cli.ahead import FIRST, HELD, read_ahead
from replay_cli.api import audit
from replay_cli.errors import SourceError
from tests.proving import WRITERS


def numbered(count: int, taken: list[int]) -> Iterator[bytes]:
    for number in range(count):
        taken.append(number)
        yield b"%d" % number


@pytest.mark.parametrize("count", [0, 1, FIRST, FIRST + 1, 100])
def test_chunks_are_the_same(count: int) -> None:
    assert list(read_ahead(numbered(count, []))) == [b"%d" % number for number in range(count)]


def test_error_is_raised_behind_the_chunks_before_it() -> None:
    def broken() -> Iterator[bytes]:
        yield from numbered(20, [])
        raise SourceError("a log", "is damaged")

    chunks = read_ahead(broken())

    assert len([next(chunks) for _ in range(20)]) == 20
    with pytest.raises(SourceError, match="is damaged"):
        next(chunks)


def test_it_reads_only_a_little_ahead_and_ends_when_it_is_closed() -> None:
    taken: list[int] = []
    before = threading.active_count()
    chunks = read_ahead(numbered(10_000, taken))
    for _ in range(FIRST + 1):
        next(chunks)
    time.sleep(0.1)

    assert len(taken) <= FIRST + HELD + 3
    chunks.close()  # type: ignore[attr-defined]
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() == before


def test_compressed_log_is_told_alike(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "log.jsonl.gz"
    data = b"".join(WRITERS["record"].frames(9000))
    path.write_bytes(gzip.compress(data, 1))

    assert audit(path, jobs=2) == audit(path, jobs=1)
    path.write_bytes(gzip.compress(data, 1)[:-1000])
    assert audit(path, jobs=2) == audit(path, jobs=1)
    assert audit(path, jobs=2).failure
