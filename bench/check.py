"""How fast ``replay check`` is over many small recordings: ``python -m bench.check [--quick]``.

1,000 recordings of 50 events, each with an entry of its own, in one call; beside ``cat`` of all of them plus one
start of the command, and beside a shell loop that starts ``replay validate`` for each (of which a part is run).
Prints Markdown. Exit code 1 if a run did not say what it should.

What is asked is "within 3 times the time that ``cat`` plus one start-up takes per core used". Two readings are told:
the strict one, in which a start counts once however many cores are used, and the one in which each core that is used
counts a start, as each is a process that has to come up. A start is ``replay --version``, which loads the command
line and nothing else. Times are those of a clock on the wall; beside them stands what the processors did, which other
work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import NamedTuple

from replay_cli.pool import cores

ROOT = Path(__file__).parents[1]
RECORDINGS, EVENTS, LOOPED = 1_000, 50, 20

MUST, MUST_LOOP = 3, 20
"""How many times ``cat`` plus a start it may take, and how many times as fast as the loop it must be."""

REPLAY = (sys.executable, "-m", "replay_cli")


def event(seq: int, thread: int) -> bytes:
    """A store record (CONTRACT.md 2.1)."""
    return (
        b'{"schema_version":2,"seq":%d,"timestamp":"2026-11-21T06:%02d:%02d.120Z","thread_id":"thr_%08x",'
        b'"turn_id":"turn_%08x","item_id":"item_9c0d1e2f","event":"item.delta",'
        b'"payload":{"delta":"a few words of an answer","kind":"agent_message"}}\n'
    ) % (seq, seq // 60, seq % 60, thread, thread + RECORDINGS)


def made(folder: Path) -> None:
    """The recordings, and a manifest with an entry for each."""
    (folder / "logs").mkdir()
    for number in range(RECORDINGS):
        data = b"".join(event(seq, number) for seq in range(1, EVENTS + 1))
        (folder / "logs" / f"{number:04}.jsonl").write_bytes(data)
    (folder / "replay.toml").write_text('paths = ["logs"]\n')
    ran(folder, *REPLAY, "check", "--update")


class Took(NamedTuple):
    """Seconds that a command took: by the clock, and of all processors together."""

    wall: float
    cpu: float


def ran(folder: Path, *command: str) -> tuple[str, Took]:
    """What a command says on stderr, and how long it took; RuntimeError if it does not end with 0."""
    # Installed packages are compiled.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, begun = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**env, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    wall, after = time.perf_counter() - begun, getrusage(RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return done.stderr.decode(), Took(wall, cpu)


LOOP = f'for log in $(ls logs | head -{LOOPED}); do "$@" validate -q "logs/$log" || exit 1; done'

COMMANDS: dict[str, tuple[str, ...]] = {
    "`replay check`": (*REPLAY, "check"),
    "`replay check --jobs 1`": (*REPLAY, "check", "--jobs", "1"),
    "`cat` of all": ("sh", "-c", "cat logs/*"),
    "one start of the command (`replay --version`)": (*REPLAY, "--version"),
    f"a shell loop over {LOOPED} of them": ("sh", "-c", LOOP, "sh", *REPLAY),
}


def told(took: dict[str, Took], used: int) -> Iterator[str]:
    """The table, and what it comes to."""
    yield f"| {RECORDINGS:,} recordings of {EVENTS} events, {used} cores | seconds | of processors |"
    yield "|---|---:|---:|"
    for name, (wall, cpu) in took.items():
        yield f"| {name} | {wall:.2f} | {cpu:.2f} |"
    check, alone, cat, start, loop = took.values()
    yield ""
    for what, one, processes in (("on all cores", check, used), ("on one", alone, 1)):
        strict = one.wall / (cat.wall + start.wall)
        each = one.wall / (cat.wall + processes * start.wall)
        work = one.cpu / processes / (cat.cpu + start.cpu)
        yield (
            f"{what}: {strict:.1f} times `cat` plus one start (must: {MUST}, {_word(strict <= MUST)}), "
            f"{each:.1f} times `cat` plus a start per core used ({_word(each <= MUST)}); "
            f"work per core {work:.1f} times that of both"
        )
    faster = loop.wall * RECORDINGS / LOOPED / check.wall
    yield f"{faster:.0f} times as fast as the loop (must: {MUST_LOOP}, {_word(faster >= MUST_LOOP)})"


def _word(held: bool) -> str:
    return "met" if held else "missed"


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of nine")
    rounds = 3 if parser.parse_args(arguments).quick else 9
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made(folder)
        found: dict[str, list[Took]] = {name: [] for name in COMMANDS}
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                said, took = ran(folder, *command)
                if "check" in command and f"{RECORDINGS:,} recordings, {RECORDINGS:,} as expected" not in said:
                    print(f"wrong: {said}", file=sys.stderr)
                    return 1
                found[name].append(took)
    medians = {
        name: Took(median(one.wall for one in each), median(one.cpu for one in each)) for name, each in found.items()
    }
    print("\n".join(told(medians, cores())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
