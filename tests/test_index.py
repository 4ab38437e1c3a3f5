"""The index of big logs: the answer with it is the answer without, whatever becomes of the log or of the index."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay_cli import index
from replay_cli.looking import Seen
from replay_cli.planning import Options
from replay_cli.selection import Selection
from replay_cli.skimming import Skim
from replay_cli.streaming import Stream
from replay_cli.tailed import Tailed
from tests.conftest import Replay
from tests.indexing import CHANGES, EVENT, aged, asked, cache, log_of, remembered, told
from tests.making import capture, record

__all__ = ["cache", "remembered"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begin=st.integers(0, 30),
    changes=st.lists(CHANGES, max_size=8),
    since=st.integers(0, 62),
    until=st.integers(0, 62),
)
def test_the_answer_with_an_index_is_the_answer_without(
    tmp_path: Path, cache: Path, begin: int, changes: list[tuple[str, Any]], since: int, until: int
) -> None:
    end = 10_000 + until
    for path, seq, step in asked(tmp_path, cache, begin, changes, since):
        assert told(path, seq, cached=False) == told(path, seq, cached=True), step
        assert told(path, seq, False, end) == told(path, seq, True, end), step
        assert told(path, None, False, end, 3) == told(path, None, True, end, 3), step


@pytest.mark.parametrize("framing", ["jsonl", "sse"])
def test_only_the_end_is_read_again(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    path = tmp_path / "log"
    whole = (
        log_of(*range(1000)) if framing == "jsonl" else capture(*((seq, seq - 1) for seq in range(10_000, 11_000)))
    )
    path.write_bytes(whole)
    aged()
    first = told(path, 10_990, cached=True)
    read: list[int] = []

    def counting(log: Tailed, offset: int, number: int) -> bytes:
        read.append(number)
        return path.read_bytes()[offset : offset + number]

    monkeypatch.setattr(Tailed, "_read", counting)

    assert first == told(path, 10_990, cached=True)
    assert 0 < sum(read) < len(whole) / 10


@pytest.mark.parametrize("where", ["after", "before", "both"])
def test_up_to_a_number_only_what_is_before_it_is_read(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = tmp_path / "log"
    path.write_bytes(log_of(*range(1000)))
    aged()
    asked: dict[str, dict[str, Any]] = {
        "after": {"since": None, "until": 10_020, "last": 5},
        "before": {"since": 10_980, "until": 10_985},
        "both": {"since": 10_500, "until": 10_510},
    }
    words = asked[where]
    told(path, 10_000, cached=True)
    expected = told(path, cached=False, **words)
    read: list[int] = []

    def counting(log: Tailed, offset: int, number: int) -> bytes:
        read.append(number)
        return path.read_bytes()[offset : offset + number]

    monkeypatch.setattr(Tailed, "_read", counting)

    assert expected == told(path, cached=True, **words)
    assert 5 < len(expected)
    assert 0 < sum(read) < 80 * EVENT


def test_of_an_appended_log_only_the_new_events_are_looked_at(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(*range(1000)))
    aged()
    told(path, 10_990, cached=True)
    before = next(index.kept())[2]
    with open(path, "ab") as file:
        file.write(log_of(*range(1000, 1020)))
    aged()
    expected = told(path, 11_010, cached=False)
    fed: list[int] = []
    feed = Stream.feed

    def counting(stream: Stream, data: bytes) -> Iterator[Seen]:
        fed.append(len(data))
        return feed(stream, data)

    monkeypatch.setattr(Stream, "feed", counting)

    assert expected == told(path, 11_010, cached=True)
    assert 20 * EVENT < sum(fed) < 60 * EVENT
    after = next(index.kept())[2]
    assert before is not None
    assert after is not None
    assert before.entries[:-1] == after.entries[: len(before.entries) - 1]
    assert after.end == path.stat().st_size


def test_an_edit_anywhere_before_an_append_is_noticed(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = [record(10_000 + seq) for seq in range(200)]
    for place in range(0, 200, 7):
        path.write_bytes(b"".join(lines))
        aged()
        told(path, 10_150, cached=True)
        with open(path, "r+b") as file:
            file.seek(place * EVENT)
            file.write(record(10_900))
            file.seek(0, os.SEEK_END)
            file.write(record(10_200))
        found = told(path, 10_150, cached=True)
        assert told(path, 10_150, cached=False) == found
        assert 10_900 in {one[1] for one in found[:-1]}


def test_an_index_that_grows_to_several_threads_is_dropped(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(*range(100)))
    told(path, 10_050, cached=True)
    with open(path, "ab") as file:
        file.write(record(10_100, thread="thr_2"))

    assert told(path, 10_050, cached=False) == told(path, 10_050, cached=True)
    assert [] == list(index.kept())


def test_a_log_of_several_threads_has_none(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(1, 2, 3) + record(10_004, thread="thr_2") + log_of(5, 6))

    assert told(path, 10_004, cached=False) == told(path, 10_004, cached=True)
    assert [] == list(index.kept())


@pytest.mark.parametrize(
    "data",
    [
        log_of(*range(20), 40, *range(20, 40)),
        log_of(*range(20)) + b"{oops\n" * 200 + log_of(*range(20, 30)),
        log_of(*range(20)) + record(10_050).replace(b'"seq"', b'"s\\u0065q"') + log_of(*range(20, 30)),
        log_of(*range(20)) + record(10_050).replace(b'"seq":', b'"seq" :\t') + log_of(*range(20, 30)),
        log_of(*range(20)) + record(10_050).replace(b"thr_1", b"thr_\\u0032") + log_of(*range(20, 30)),
        log_of(*range(20)) + record(10_020, payload={"seq": 10_060, "thread_id": "thr_7"}) + log_of(*range(21, 30)),
    ],
    ids=["order", "unreadable", "escaped", "spaced", "thread", "payload"],
)
def test_what_is_out_of_the_ordinary_is_answered_alike(tmp_path: Path, cache: Path, data: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(data)
    for since in range(10_000, 10_062, 3):
        log = Tailed(0, str(path), Options(fast=False), Selection(since_seq=since))
        rows = [(seen.offset, seen.shown, len(seen.findings)) for seen in log.backlog(None, False)]
        whole = [row for row in rows if row[1] or row[2]]
        for cached in (False, True, True):
            found = told(path, since, cached)[:-1]
            assert whole == [(one[0], one[2], len(one[4])) for one in found]


def test_a_damaged_index_is_made_anew(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(*range(50)))
    aged()
    told(path, 10_040, cached=True)
    place = next(cache.glob("*.json"))
    good = place.read_bytes()
    for bad in (b"", b"{}", good[:-20], good.replace(b"thr_1", b"thr_2"), b"x" * 1000):
        place.write_bytes(bad)
        assert told(path, 10_040, cached=False) == told(path, 10_040, cached=True)
        assert good == place.read_bytes()


def test_two_may_write_it_at_once(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(log_of(*range(300)))
    expected, found = told(path, 10_290, cached=False), []
    threads = [threading.Thread(target=lambda: found.append(told(path, 10_290, cached=True))) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [expected] * 6 == found
    assert [path.name for path in cache.iterdir()] == [name for name, _, one in index.kept() if one is not None]


# --- The command ------------------------------------------------------------------------------------------------


def test_the_cache_can_be_shown_cleared_and_done_without(
    replay: Replay, tmp_path: Path, remembered: dict[str, str]
) -> None:
    without = replay("tail", "--no-cache", "--since-seq", "31998", "log.jsonl", env=remembered)
    assert "0 indexes" in replay("cache", env=remembered).stdout
    first, second = (replay("tail", "--since-seq", "31998", "log.jsonl", env=remembered) for _ in range(2))

    assert without == first == second
    listed = replay("cache", env=remembered).stdout.splitlines()
    assert listed[0].startswith(f"{(tmp_path / 'log.jsonl').resolve()}: ")
    assert listed[0].endswith("up to seq 31999")
    assert "removed 1 index" in replay("cache", "--clear", env=remembered).stdout
    assert "0 indexes" in replay("cache", env=remembered).stdout


def test_a_cache_that_cannot_be_written_changes_nothing(
    replay: Replay, tmp_path: Path, remembered: dict[str, str]
) -> None:
    (tmp_path / "file").write_text("")
    env = {**remembered, "XDG_CACHE_HOME": str(tmp_path / "file")}
    ran = replay("tail", "--since-seq", "31998", "log.jsonl", env=env)

    assert (0, 1) == (ran.code, len(ran.stderr.splitlines()))


@given(number=st.integers(0, 10**7), other=st.integers(0, 10**8))
def test_greater_numbers_are_told_by_their_looks(number: int, other: int) -> None:
    lines = record(other)
    for skim in (Skim(number, exact=False), Skim(number, exact=True)):
        assert (other > number) is (skim.bounds(lines, "thr_1") is None)
