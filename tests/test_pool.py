"""The pool: order, laziness, and that nothing outlives the run. Real processes throughout."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from replay_cli.cutting import cut
from replay_cli.errors import ReplayError, SourceError, WorkerDiedError
from replay_cli.frames import JSONL
from replay_cli.pool import ordered
from replay_cli.turns import LONG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes as Unix does")

ROOT = Path(__file__).parents[1]


def square(number: int) -> int:
    return number * number


def slow_square(number: int) -> int:
    time.sleep(random.random() / 100)
    return number * number


def fail_at_three(number: int) -> int:
    if number == 3:
        raise SourceError("a log", "is broken")
    return number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def process_of(_: int) -> int:
    return os.getpid()


def large(number: int) -> bytes:
    return b"%d" % number * 5_000_000


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z" if sys.platform == "linux" else True


def await_end(processes: set[int], seconds: float = 10) -> set[int]:
    """Those that are still there after so many seconds."""
    until = time.monotonic() + seconds
    while (left := {one for one in processes if alive(one)}) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def chunks_of_a_long_frame() -> Iterator[bytes]:
    yield from [b"x" * LONG, b"x", b"\n"]


def hold_a_long_frame(task: int) -> tuple[float, float]:
    """When the turn was had, and when it still was."""
    for _ in cut(chunks_of_a_long_frame(), JSONL, 4 * LONG):
        began = time.monotonic()
        time.sleep(0.05)
    return began, time.monotonic()


def fail_over_a_long_frame(task: int) -> None:
    for _ in cut(chunks_of_a_long_frame(), JSONL, 4 * LONG):
        raise ValueError("over a long frame")


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(jobs: int) -> None:
    assert list(ordered(slow_square, range(60), jobs)) == [number * number for number in range(60)]


def test_many_small_tasks_and_large_results_go_through() -> None:
    assert sum(ordered(square, range(2000), 2)) == sum(number * number for number in range(2000))
    assert [len(one) for one in ordered(large, range(3), 2)] == [5_000_000] * 3


def test_one_job_is_this_process() -> None:
    assert set(ordered(process_of, range(3), 1)) == {os.getpid()}


def test_only_one_process_at_a_time_holds_a_long_frame() -> None:
    spans = sorted(ordered(hold_a_long_frame, range(6), 3))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_a_process_that_fails_over_a_long_frame_gives_its_turn_up() -> None:
    with pytest.raises(ValueError, match="over a long frame"):
        list(ordered(fail_over_a_long_frame, range(3), 2))
    assert list(ordered(square, range(3), 2)) == [0, 1, 4]


def test_tasks_are_taken_only_a_little_ahead() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = ordered(square, tasks(), 2)
    assert next(results) == 0
    assert len(taken) <= 5
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("jobs", [1, 2])
def test_error_is_raised_in_its_place(jobs: int) -> None:
    results = ordered(fail_at_three, range(10), jobs)

    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError, match="a log: is broken"):
        next(results)


def test_killed_worker_is_told_and_the_others_end() -> None:
    processes = set(ordered(process_of, range(1), 2))
    with pytest.raises(WorkerDiedError, match="--jobs 1") as told:
        list(ordered(die_at_three, range(10), 2))

    assert isinstance(told.value, ReplayError)
    assert not await_end(processes)


def test_closing_ends_the_workers_in_the_middle_of_their_work() -> None:
    results = ordered(process_of, range(10), 2)
    process = next(results)
    results.close()  # type: ignore[attr-defined]

    assert not await_end({process})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_worker_that_is_killed_when_all_is_done_keeps_nobody_waiting(number: signal.Signals) -> None:
    results = ordered(process_of, range(4), 2)
    processes = {next(results) for _ in range(4)}
    os.kill(next(iter(processes)), number)

    assert list(results) == []
    assert not await_end(processes)


ANSWERING = """
    import os, sys, threading, time
    sys.path.insert(0, {root!r})
    from replay_cli.errors import WorkerDiedError
    from replay_cli.pool import ordered

    def read():
        return int(open(f"/proc/{{os.getppid()}}/io").read().split()[1])

    def send():
        before = read()
        while read() < before + 500_000:
            time.sleep(0.001)
        os.kill(os.getpid() if {died} else os.getppid(), {number})

    def work(number):
        threading.Thread(target=send, daemon=True).start()
        return bytes(50_000_000)

    try:
        list(ordered(work, range(4), 2))
    except (KeyboardInterrupt, WorkerDiedError) as ending:
        sys.exit(type(ending).__name__)
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="tells by it how much of a result was read")
@pytest.mark.parametrize(
    ("number", "died"), [(signal.SIGKILL, True), (signal.SIGTERM, True), (signal.SIGINT, False)], ids=str
)
def test_half_a_result_is_not_waited_for(number: signal.Signals, died: bool) -> None:
    """A worker is killed, or its parent interrupted, when a part of a large result was read."""
    program = textwrap.dedent(ANSWERING).format(root=str(ROOT), number=int(number), died=died)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)

    assert ran.stderr == ("WorkerDiedError\n" if died else "KeyboardInterrupt\n")


PROGRAM = """
    import os, sys, time
    sys.path.insert(0, {root!r})
    from replay_cli.pool import ordered

    def work(number):
        os.write(1, b"%d\\n" % os.getpid())
        time.sleep(60)

    try:
        list(ordered(work, range(4), 2))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """A program with two workers that sleep, and their process numbers."""
    program = textwrap.dedent(PROGRAM).format(root=str(ROOT))
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        workers = {int(process.stdout.readline()) for _ in range(2)}
        try:
            yield process, workers
        finally:
            process.kill()


def test_interrupt_ends_all_at_once_without_a_word(running: tuple[subprocess.Popen[str], set[int]]) -> None:
    process, workers = running
    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(timeout=20) == 130
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert not await_end(workers)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_parent_that_is_killed_leaves_no_orphan(
    running: tuple[subprocess.Popen[str], set[int]], number: signal.Signals
) -> None:
    process, workers = running
    process.send_signal(number)

    assert process.wait(timeout=20) == -number
    assert not await_end(workers)
