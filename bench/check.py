"""How fast ``replay check`` is over many small recordings: ``python -m bench.check [--quick]``.

1,000 recordings of 50 events, each with an entry of its own, in one call; beside ``cat`` of all of them plus one
start of the command, and beside a shell loop that starts ``replay validate`` for each (of which a part is run).
Prints Markdown. Exit code 1 if a run did not say what it should.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
RECORDINGS, EVENTS, LOOPED = 1_000, 50, 20

REPLAY = (sys.executable, "-m", "replay_cli")


def event(seq: int) -> bytes:
    """A store record (CONTRACT.md 2.1)."""
    return (
        b'{"schema_version":2,"seq":%d,"timestamp":"2026-11-21T06:%02d:%02d.120Z","thread_id":"thr_1a2b3c4d",'
        b'"turn_id":"turn_5e6f7a8b","item_id":"item_9c0d1e2f","event":"item.delta",'
        b'"payload":{"delta":"a few words of an answer","kind":"agent_message"}}\n'
    ) % (seq, seq // 60, seq % 60)


def made(folder: Path) -> None:
    """The recordings, and a manifest with an entry for each."""
    (folder / "logs").mkdir()
    data = b"".join(map(event, range(1, EVENTS + 1)))
    for number in range(RECORDINGS):
        (folder / "logs" / f"{number:04}.jsonl").write_bytes(data)
    (folder / "replay.toml").write_text('paths = ["logs"]\n')
    ran(folder, *REPLAY, "check", "--update")


def ran(folder: Path, *command: str) -> str:
    """What a command says on stderr; RuntimeError if it does not end with 0."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return done.stderr.decode()


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of nine")
    rounds = 3 if parser.parse_args(arguments).quick else 9
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made(folder)
        loop = f'for log in $(ls logs | head -{LOOPED}); do "$@" validate -q "logs/$log" || exit 1; done'
        found: dict[str, list[float]] = {"check": [], "cat": [], "start": [], "loop": []}
        for _ in range(rounds):
            said: list[str] = []
            found["check"].append(seconds(lambda said=said: said.append(ran(folder, *REPLAY, "check"))))  # type: ignore[misc]
            if f"{RECORDINGS:,} recordings, {RECORDINGS} as expected" not in said[0]:
                print(f"wrong: {said[0]}", file=sys.stderr)
                return 1
            found["cat"].append(seconds(lambda: ran(folder, "sh", "-c", "cat logs/*")))
            found["start"].append(seconds(lambda: ran(folder, *REPLAY, "--version")))
            found["loop"].append(seconds(lambda: ran(folder, "sh", "-c", loop, "sh", *REPLAY)) * RECORDINGS / LOOPED)
    check, cat, start, shell = (median(found[name]) for name in ("check", "cat", "start", "loop"))
    print(f"| {RECORDINGS:,} recordings of {EVENTS} events, {os.cpu_count()} cores | seconds |")
    print("|---|---:|")
    for name, value in {
        "`replay check`": check,
        "`cat` of all": cat,
        "one start of the command": start,
        f"a shell loop (from {LOOPED} of them)": shell,
    }.items():
        print(f"| {name} | {value:.2f} |")
    print(f"\n{check / (cat + start):.1f} times `cat` plus one start (must: 3 per core used); ", end="")
    print(f"{shell / check:.0f} times as fast as the loop (must: 20).")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
