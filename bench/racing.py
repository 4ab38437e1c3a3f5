"""Running contenders in turn, timing them as their users would, and watching their memory.

A contender is a command over a log. In each round every contender has its turn, each time beginning with another one,
so that whatever else the machine does meets all alike; figures are made of the times of one round.

In its turn a contender runs twice in a row, and the second run is the one that counts. A virtual machine may hand
free memory back to its host within seconds, and then each first run pays to get it: sourcemeta over 40 MB, which
holds 300 MB, took 1.5 s after a pause of 5 s and 0.6 s right behind another run (system time 0.9 s and 0.1 s, user
time the same). Waiting for its turn would have made it look less than half as fast as it is. First runs are told as
well.

The time is that of the whole process, its start included, in seconds. What a contender counts is compared with what
the log holds: one that counts anything else is out, with the reason, and so is every figure that it stands in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.variants import Log

PATIENCE = 3600
"""Seconds after which a run is given up."""

INTERVAL = 0.01
"""Seconds between two looks at the memory."""

PROC = Path("/proc")

Counts = tuple[int, int]
"""What a contender says that it read: events, and lines that it found bad."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A command over a log; ``counts`` reads from its output what it counted, ``expected`` is what it must have.

    ``scale`` is how often its time is taken: 10 for one that reads a tenth of the files.
    """

    name: str
    command: tuple[str, ...]
    log: Log
    counts: Callable[[str], Counts]
    expected: Counts
    codes: tuple[int, ...] = (0,)
    scale: float = 1.0
    fed: Path | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run took with its children, in seconds of wall clock, CPU, CPU in user mode; and what it said."""

    wall: float
    cpu: float
    user: float
    code: int
    said: str


@dataclass(slots=True)
class Times:
    """A contender's runs, one for each round, in seconds; ``wrong`` says why they count for nothing.

    ``first`` are the runs just before those that count, in seconds of wall clock.
    """

    contender: Contender
    wall: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    user: list[float] = field(default_factory=list)
    wrong: str = ""


def ran(command: Sequence[str], fed: Path | None = None, watch: Callable[[int], None] | None = None) -> Ran:
    """Run a command to its end. Its errors are read with its output."""
    with tempfile.TemporaryFile() as said, (fed or Path(os.devnull)).open("rb") as source:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=said, stderr=subprocess.STDOUT, env=environment())
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        try:
            if watch is not None:
                watch(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            late.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    return Ran(wall, usage.ru_utime + usage.ru_stime, usage.ru_utime, process.returncode, text)


def environment() -> dict[str, str]:
    """Ours, without what changes how Python runs, and without colour."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "NO_COLOR": "1"}


def complaint(contender: Contender, run: Ran) -> str:
    """Why a run counts for nothing: how it ended, or what it counted; empty if it is sound."""
    last = run.said.strip().splitlines()[-1][:200] if run.said.strip() else "nothing said"
    if run.code not in contender.codes:
        return f"ended with code {run.code}: {last}"
    try:
        counted = contender.counts(run.said)
    except (ValueError, LookupError):
        return f"does not say what it counted: {last}"
    if counted != contender.expected:
        (events, bad), (wanted, unread) = counted, contender.expected
        return f"counted {events:,} events and {bad:,} bad lines; the log holds {wanted:,} and {unread:,}"
    return ""


def warmed(path: Path) -> None:
    """Bring a file, or the files of a folder, into the cache of the system."""
    for one in sorted(path.iterdir()) if path.is_dir() else (path,):
        with one.open("rb", buffering=0) as file:
            while file.read(1 << 22):
                pass


def race(
    contenders: Sequence[Contender],
    rounds: int,
    seconds: float,
    tell: Callable[[str], None] = lambda line: None,
    run: Callable[[Contender], Ran] | None = None,
) -> dict[str, Times]:
    """So many rounds, by name; fewer, but one at least, when the next would end after so many seconds."""
    run = run or (lambda contender: ran(contender.command, contender.fed))
    times = {contender.name: Times(contender) for contender in contenders}
    started = time.perf_counter()
    for number in range(rounds):
        spent = time.perf_counter() - started
        if number and spent * (number + 1) / number > seconds:
            break
        left = [entry for entry in times.values() if not entry.wrong]
        at = number * len(left) // rounds
        for entry in left[at:] + left[:at]:
            first, one = run(entry.contender), run(entry.contender)
            entry.wrong = complaint(entry.contender, first) or complaint(entry.contender, one)
            entry.first.append(first.wall * entry.contender.scale)
            entry.wall.append(one.wall * entry.contender.scale)
            entry.cpu.append(one.cpu * entry.contender.scale)
            entry.user.append(one.user * entry.contender.scale)
            tell(f"round {number + 1}, {entry.contender.name}: {entry.wrong or f'{one.wall:.2f} s'}")
    return times


# --- Memory -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Memory:
    """The most memory that a process and its descendants held at once, in MB of 1,000,000 bytes.

    ``together`` is the largest sum seen of their proportional set sizes (a page shared by two counts half in each),
    looked at every 10 ms; ``alone`` the sum of each process's own peak as the kernel keeps it, which misses no peak
    but counts shared pages again for each, and peaks of different times as one.
    """

    together: float = 0.0
    alone: float = 0.0
    processes: int = 0

    @property
    def peak(self) -> float:
        """The figure to report: exact for one process, sampled for several."""
        return self.alone if self.processes <= 1 else self.together


def kilobytes(text: str, name: str) -> int:
    """The number behind a name in one of the kernel's tables; 0 if it is not there."""
    for line in text.splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def descendants(root: int) -> list[int]:
    """The process and all its descendants."""
    found = [root]
    for pid in found:
        for task in PROC.glob(f"{pid}/task/*/children"):
            try:
                found += [int(word) for word in task.read_text(encoding="ascii").split()]
            except OSError:
                continue  # it has ended meanwhile
    return found


def sampled(root: int, memory: Memory, own: dict[int, int]) -> bool:
    """One look at all of them; False when there is nothing more to see."""
    total = 0
    for pid in descendants(root):
        try:
            peak = kilobytes((PROC / str(pid) / "status").read_text(encoding="utf-8"), "VmHWM")
            total += kilobytes((PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii"), "Pss")
        except OSError:
            continue
        if peak:
            own[pid] = peak
    memory.together = max(memory.together, total * 1024 / 1e6)
    memory.alone = sum(own.values()) * 1024 / 1e6
    memory.processes = len(own)
    return bool(total)


def remembered(command: Sequence[str]) -> tuple[Ran, Memory]:
    """Run a command and watch the memory of all its processes. Needs Linux's /proc."""
    memory = Memory()
    own: dict[int, int] = {}

    def watch(pid: int) -> None:
        # smaps_rollup of a process that is a zombie is empty; before the new program is there, it is ours, small.
        while sampled(pid, memory, own):
            time.sleep(INTERVAL)

    return ran(command, watch=watch), memory


def can_watch() -> bool:
    """Whether this system tells of its processes as needed."""
    return sys.platform == "linux" and (PROC / "self/smaps_rollup").exists()
