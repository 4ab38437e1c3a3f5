"""Reading ahead: the same chunks in the same order, and nothing goes on when nobody asks any more."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay_cli.ahead import FIRST, HELD, read_ahead
from replay_cli.api import audit
from replay_cli.compression import CHUNK
from replay_cli.errors import SourceError, WorkerDiedError
from replay_cli.sources import Source, open_path, open_stream
from tests.proving import WRITERS

forked = pytest.mark.skipif(sys.platform != "linux", reason="reads ahead only where processes are forked")


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    (tmp_path / "log").write_bytes(b"x")
    with open_path(tmp_path / "log") as opened:
        yield opened


def numbered(count: int) -> Iterator[bytes]:
    yield from (b"%d" % number for number in range(count))


@pytest.mark.parametrize("count", [0, 1, FIRST, FIRST + 1, 100])
def test_chunks_are_the_same(source: Source, count: int) -> None:
    assert list(read_ahead(numbered(count), source)) == list(numbered(count))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("before", [FIRST - 1, FIRST, FIRST + 1, 20])
def test_error_is_raised_behind_the_chunks_before_it(source: Source, before: int) -> None:
    def broken() -> Iterator[bytes]:
        yield from numbered(before)
        raise SourceError("a log", "is damaged")

    chunks = read_ahead(broken(), source)

    assert [next(chunks) for _ in range(before)] == list(numbered(before))
    with pytest.raises(SourceError, match="a log: is damaged"):
        next(chunks)
    assert not multiprocessing.active_children()


@forked
def test_it_reads_only_a_little_ahead_and_ends_when_it_is_closed(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(40 * CHUNK))
    with open_path(tmp_path / "log") as source, open(tmp_path / "log", "rb", buffering=0) as file:
        chunks = read_ahead(iter(lambda: file.read(CHUNK), b""), source)
        for _ in range(FIRST + 1):
            next(chunks)
        time.sleep(0.3)

        # Both processes have the place in the file in common.
        assert FIRST * CHUNK < file.tell() <= (FIRST + 3) * CHUNK + HELD
        assert len(multiprocessing.active_children()) == 1
        chunks.close()  # type: ignore[attr-defined]
        assert not multiprocessing.active_children()


@forked
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_process_that_is_killed_is_told(source: Source, number: signal.Signals) -> None:
    chunks = read_ahead(iter(lambda: bytes(CHUNK), b""), source)
    for _ in range(FIRST + 1):
        next(chunks)
    (process,) = multiprocessing.active_children()
    os.kill(process.pid or 0, number)
    process.join()

    # Though there is more that it had sent.
    with pytest.raises(WorkerDiedError):
        next(chunks)


def test_how_far_a_source_was_read_is_known(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(os.urandom(8 * CHUNK)))
    with open_path(path) as source:
        reached = [source.raw_read for _ in read_ahead(source.chunks(), source)]

        assert reached == sorted(reached)
        assert FIRST * CHUNK < reached[FIRST] < source.raw_read == source.raw_size


def test_standard_input_is_read_by_one_process() -> None:
    with open_stream(io.BytesIO(b"x"), "<stdin>") as source:
        chunks = read_ahead(numbered(FIRST + 3), source)

        assert [next(chunks) for _ in range(FIRST + 2)] == list(numbered(FIRST + 2))
        assert not multiprocessing.active_children()


def test_compressed_log_is_told_alike(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    data = b"".join(WRITERS["record"].frames(9000))
    path.write_bytes(gzip.compress(data, 1))

    assert audit(path, jobs=2) == audit(path, jobs=1)
    path.write_bytes(gzip.compress(data, 1)[:-1000])
    assert audit(path, jobs=2) == audit(path, jobs=1)
    assert audit(path, jobs=2).failure
