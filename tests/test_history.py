"""The second look at a broken order: by stretches that are proven it finds what event by event it does."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from replay_cli.api import audit_source
from replay_cli.planning import MAX_FINDINGS, Options
from replay_cli.sources import open_path
from replay_cli.told import Report
from tests.proving import WRITERS, Writer, teach

Frames = list[bytes]
Break = Callable[[Frames, random.Random], None]


def lose(frames: Frames, rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    del frames[at : at + rng.randint(1, 9)]


def repeat(frames: Frames, rng: random.Random) -> None:
    at, size = rng.randrange(len(frames)), rng.choice((1, 2, 30, 300))
    to = rng.randrange(at, len(frames) + 1)
    frames[to:to] = frames[at : at + size]


def swap(frames: Frames, rng: random.Random) -> None:
    at = rng.randrange(len(frames) - 1)
    frames[at : at + 2] = reversed(frames[at : at + 2])


def move(frames: Frames, rng: random.Random) -> None:
    at, size = rng.randrange(len(frames)), rng.choice((1, 20, 200))
    moved = frames[at : at + size]
    del frames[at : at + size]
    to = rng.randrange(len(frames) + 1)
    frames[to:to] = moved


def conflict(frames: Frames, rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    frames.insert(rng.randrange(len(frames)), frames[at].replace(b'"agent_', b'"user_').replace(b"e", b"e", 1))


def damage(frames: Frames, rng: random.Random) -> None:
    at = rng.randrange(len(frames))
    frames[at] = frames[at].replace(b'"seq"', b'"seg"')


def reconnect(frames: Frames, rng: random.Random) -> None:
    """A link that names an event further up, as that of a new connection does."""
    at = rng.randrange(len(frames))
    frames[at] = re.sub(
        rb'"previous_seq":(\d+)', lambda found: b'"previous_seq":%d' % (int(found[1]) // 2), frames[at]
    )


BREAKS: tuple[Break, ...] = (lose, repeat, swap, move, conflict, damage, reconnect)


def told(path: Path, fast: bool) -> Report:
    return audit_source(partial(open_path, path), Options(fast=fast))


@pytest.mark.parametrize("name", ["envelope", "record", "SSE", "SSE, CR LF and id"])
@pytest.mark.parametrize("threads", [1, 3])
def test_what_the_second_look_finds_does_not_depend_on_what_is_proven(
    name: str, threads: int, tmp_path: Path
) -> None:
    writer, orders = WRITERS[name], set()
    for seed in range(25):
        path = tmp_path / f"{seed}.log"
        path.write_bytes(broken(writer, threads, random.Random(seed)))
        teach(writer)

        fast, slow = told(path, True), told(path, False)

        assert fast == slow, seed
        orders.add(slow.order)
    assert len(orders) > 12


def broken(writer: Writer, threads: int, rng: random.Random) -> bytes:
    """A log whose order is broken in several ways, between long stretches that are in order."""
    frames = writer.frames(rng.choice((200, 800)), threads, rng.randrange(1000))
    for _ in range(rng.choice((1, 2, 6))):
        rng.choice(BREAKS)(frames, rng)
    return b"".join(frames)


@pytest.mark.parametrize("name", ["envelope", "record"])
def test_it_is_so_behind_more_findings_than_are_kept(name: str, tmp_path: Path) -> None:
    """Which numbers come again is told by those that are kept: of what comes behind them that is not known."""
    frames = WRITERS[name].frames(3000, 1)
    for at in range(0, 2 * MAX_FINDINGS + 200, 2):
        frames[at : at + 2] = reversed(frames[at : at + 2])
    frames[2700:2700] = frames[2400:2600]
    (tmp_path / "log").write_bytes(b"".join(frames))
    teach(WRITERS[name])

    fast = told(tmp_path / "log", True)

    assert fast == told(tmp_path / "log", False)
    assert fast.order is not None
    assert (fast.order.passed_over, fast.order.exact) == (MAX_FINDINGS + 100 + 200, False)


def test_log_that_is_read_a_second_time_takes_hardly_twice_as_long(tmp_path: Path) -> None:
    """Event by event it would take twenty times as long; three leaves room for a busy machine."""
    frames = WRITERS["envelope"].frames(30_000, 1)
    (tmp_path / "whole").write_bytes(b"".join(frames))
    del frames[15_000]
    (tmp_path / "lost").write_bytes(b"".join(frames))
    took: dict[str, list[float]] = {"whole": [], "lost": []}
    for name in ("whole", "lost") * 4:
        began = time.process_time()
        report = told(tmp_path / name, True)
        took[name].append(time.process_time() - began)
        assert (report.order is not None) == (name == "lost")

    assert min(took["lost"]) < 3 * min(took["whole"])
