"""What the tests of the index share: small steps, logs that change, and what is told of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from replay_cli import index
from replay_cli.planning import Options
from replay_cli.selection import Selection
from replay_cli.tailed import Tailed
from tests.making import record

EVENT = len(record(10_000))

AGE = 15_000_000
"""Nanoseconds after which a log may be known by its times, in these tests."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and small steps."""
    monkeypatch.setattr(index, "folder", lambda: tmp_path / "cache" / "index")
    monkeypatch.setattr(index, "STEP", 3 * EVENT)
    monkeypatch.setattr(index, "WORTH", 0)
    monkeypatch.setattr(index, "SETTLED", AGE)
    monkeypatch.setattr("replay_cli.tailed.PIECE", EVENT + 7)
    return tmp_path / "cache" / "index"


def told(
    path: Path, since: int | None, cached: bool, until: int | None = None, last: int | None = None
) -> list[tuple[Any, ...]]:
    """What is shown of a log behind a number, up to another one, all of it or the last few."""
    log = Tailed(0, str(path), Options(cache=cached), Selection(since_seq=since, until_seq=until))
    try:
        number = None if last is None else len(log.find_last(last))
        found = [
            (seen.offset, seen.seq, seen.shown, seen.raw, [one.code for one, _ in seen.findings])
            for seen in log.backlog(number, False)
            if seen.shown or seen.findings
        ]
    except Exception as error:
        return [(type(error), str(error))]
    return [*found, (log.has_events,)]


def aged() -> None:
    """Wait until a log may be known by its times."""
    time.sleep(1.5 * AGE / 10**9)


def log_of(*seqs: int) -> bytes:
    return b"".join(record(10_000 + seq) for seq in seqs)


CHANGES = st.one_of(
    st.tuples(st.just("append"), st.lists(st.integers(0, 60), min_size=1, max_size=8)),
    st.tuples(st.just("truncate"), st.integers(0, 20)),
    st.tuples(st.just("edit"), st.tuples(st.integers(0, 30), st.integers(0, 60))),
    st.tuples(st.just("edit and append"), st.tuples(st.integers(0, 30), st.integers(0, 60))),
    st.tuples(st.just("edit in secret"), st.tuples(st.integers(0, 30), st.integers(0, 60))),
    st.tuples(st.just("break"), st.integers(0, 30)),
    st.tuples(st.just("replace"), st.lists(st.integers(0, 60), max_size=12)),
    st.tuples(st.just("tear"), st.integers(1, 100)),
    st.tuples(st.just("age"), st.none()),
    st.tuples(st.just("damage"), st.integers(0, 400)),
    st.tuples(st.just("ask"), st.integers(0, 60)),
)


def change(path: Path, cache: Path, what: str, how: Any) -> None:
    data = path.read_bytes()
    if what == "append":
        with open(path, "ab") as file:
            file.write(log_of(*how))
    elif what == "tear":
        with open(path, "ab") as file:
            file.write(record(10_061)[:how])
    elif what == "truncate":
        os.truncate(path, min(len(data), how * EVENT))
    elif what.startswith("edit") and len(data) > how[0] * EVENT:
        times = path.stat()
        with open(path, "r+b") as file:
            file.seek(how[0] * EVENT)
            file.write(log_of(how[1]))
        if what == "edit and append":
            change(path, cache, "append", [61, 62])
        elif what == "edit in secret":
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif what == "break" and len(data) > how * EVENT + 5:
        with open(path, "r+b") as file:
            file.seek(how * EVENT)
            file.write(b"oops!")
    elif what == "replace":
        other = path.with_name("other")
        other.write_bytes(log_of(*how))
        other.replace(path)
    elif what == "age":
        aged()
    elif what == "damage":
        for place in cache.glob("*.json"):
            found = bytearray(place.read_bytes())
            found[how % len(found)] ^= 1
            place.write_bytes(found)


def asked(
    folder: Path, cache: Path, begin: int, changes: list[tuple[str, Any]], since: int
) -> Iterator[tuple[Path, int, tuple[str, Any]]]:
    """A log that changes step by step, and behind each step the seq that is asked for, and what the step was."""
    path = folder / "log.jsonl"
    path.unlink(missing_ok=True)
    path.write_bytes(log_of(*range(begin)))
    for what, how in [("ask", 5), *changes, ("ask", since), ("ask", since)]:
        change(path, cache, what, how)
        yield path, 10_000 + (how if what == "ask" else since), (what, how)


@pytest.fixture
def remembered(tmp_path: Path) -> dict[str, str]:
    """A log that is large enough, and the environment of a user who has a cache."""
    (tmp_path / "log.jsonl").write_bytes(log_of(*range(22_000)))
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
