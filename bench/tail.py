"""How fast ``replay tail`` is: ``python -m bench.tail [--quick] [--json FILE]``.

The last events of a large log, and those behind a number near its end, with a warm index and without one, beside the
start of the command over a small log, and jq. Then a log to which 10,000 events are appended each second is followed,
and one that grows as fast as it can be written, to see what is held. Prints Markdown. Exit code 1 if a run was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.contenders import ABSENT, ROOT, Around, around
from bench.emit import counted
from bench.figures import Ask, Mark, Row, empty, faster, of_values, row, speed
from bench.racing import PROC, Contender, can_watch, environment, kilobytes, race
from bench.report import Report, Speed, machine, publish, versions
from bench.speed import MADE
from bench.variants import EVENTS_PER_MB, Log, made

START, LAST = "replay tail, a log of 20 events", "replay tail"
WARM, COLD, JQ = "replay tail --since-seq, warm index", "replay tail --since-seq --no-cache", "jq, by seq"

STARTS, JQS, ORDER = Mark(1.5, 1.2, most=True), Mark(4, 8), Mark(400, 600)
"""The musts of issue 8; the aims are ours."""

DELAY, SHOWN, GROWTH = Mark(200, 100, most=True), Mark(100, 100), Mark(20, 5, most=True)

SHOWN_LAST = 20
RATE, SECONDS, GROWN = 10_000, 10, 1_000_000
"""Events appended each second, for so long; and those that are appended as fast as it goes."""


def contenders(found: Around, folder: Path, log: Log) -> Iterator[Contender]:
    """All that show the same last events."""
    path = folder / log.file
    small, since = folder / "small.jsonl", seq_before_the_last(path)
    small.write_bytes(b"".join(last_lines(path)[-SHOWN_LAST:]))
    tail = (*found.replay, "tail", "-q", "--raw")
    cached = ("env", f"XDG_CACHE_HOME={folder / 'cache'}", *tail, "--since-seq", str(since), str(path))
    yield counted(START, (*tail, str(small)), log, SHOWN_LAST)
    yield counted(LAST, (*tail, str(path)), log, SHOWN_LAST)
    yield counted(WARM, cached, log, SHOWN_LAST)
    yield counted(COLD, (*tail, "--no-cache", "--since-seq", str(since), str(path)), log, SHOWN_LAST)
    if jq := found.peers.get("jq"):
        yield counted(JQ, (jq[0], "-c", f"select(.seq > {since})", str(path)), log, SHOWN_LAST)


def last_lines(path: Path) -> list[bytes]:
    """The lines at the end of a log, the first one cut."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 1_000_000, 0))
        return file.read().splitlines(keepends=True)


def seq_before_the_last(path: Path) -> int:
    """The number behind which the last events come."""
    return int(json.loads(last_lines(path)[-SHOWN_LAST - 1])["seq"])


def asks(log: Log) -> Iterator[Ask]:
    """The rows of issue 8 that are a race."""
    yield Ask(
        f"last {SHOWN_LAST} events, of the start of the command", "x", STARTS, (LAST, START), faster(START, LAST)
    )
    title = "`--since-seq` near the end, warm index, of the start"
    yield Ask(title, "x", STARTS, (WARM, START), faster(START, WARM))
    yield Ask("the same without an index, against jq", "x", JQS, (COLD, JQ), faster(COLD, JQ))
    yield Ask("the same without an index", "MB/s", ORDER, (COLD,), speed(COLD, log.mb))


# --- Following ----------------------------------------------------------------------------------------------------

EVENT = (
    '{"schema_version":2,"seq":%d,"timestamp":"2026-11-21T06:34:56.120Z","thread_id":"thr_1a2b3c4d",'
    '"turn_id":"turn_1a2b3c4d","item_id":"item_1a2b3c4d","event":"item.delta",'
    '"payload":{"delta":"and that while it two two is the ","kind":"agent_message"}}\n'
)


class Watched:
    """``replay tail -f`` over a log that is written to; when each event was shown."""

    def __init__(self, found: Around, path: Path) -> None:
        path.write_text(EVENT % 1)
        command = shlex.join([*found.replay, "tail", "-q", "-f", str(path)])
        self.path, self.shown = path, dict[int, float]()
        self.run = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], stdout=subprocess.PIPE, env={**environment(), "PYTHONUNBUFFERED": ""}
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.await_shown(1, 30)

    def _read(self) -> None:
        for line in self.run.stdout or ():
            words = line.split()
            if len(words) > 3:
                self.shown[int(words[1])] = time.monotonic()

    def await_shown(self, number: int, patience: float) -> bool:
        """Whether so many events were shown in time (seconds)."""
        limit = time.monotonic() + patience
        while len(self.shown) < number and time.monotonic() < limit:
            time.sleep(0.005)
        return len(self.shown) >= number

    def memory(self) -> float:
        """What it holds, in MB."""
        return kilobytes((PROC / str(self.run.pid) / "status").read_text(), "VmRSS") / 1000

    def end(self) -> None:
        self.run.kill()
        self.run.wait()


def followed(found: Around, folder: Path) -> Iterator[Row]:
    """What is shown of 10,000 events appended each second, and how late."""
    watched = Watched(found, folder / "growing.jsonl")
    written: dict[int, float] = {}
    with watched.path.open("ab", buffering=0) as file:
        started = time.monotonic()
        while (passed := time.monotonic() - started) < SECONDS:
            due = range(len(written) + 2, int(passed * RATE) + 2)
            file.write("".join(EVENT % seq for seq in due).encode())
            written.update(dict.fromkeys(due, time.monotonic()))
            time.sleep(0.002)
    shown = sum(seq in watched.shown for seq in written)
    watched.await_shown(len(written) + 1, 30)
    delays = [1000 * (watched.shown[seq] - at) for seq, at in written.items() if seq in watched.shown]
    watched.end()
    told = f"of {len(written):,}; all in the end" if len(delays) == len(written) else "**not all, even in the end**"
    share = 100 * shown / len(written)
    title = f"shown when the last of {RATE:,} events a second is written, of those up to 200 ms before"
    behind = 100 * shown / max(len(written) - RATE / 5, 1)
    yield of_values(title, "%", SHOWN, [min(behind, 100.0)], f"{share:.1f} % {told}")
    yield of_values("median delay of these", "ms", DELAY, [median(delays)])


def grown(found: Around, folder: Path) -> Row:
    """What it holds more after a million events than after a hundred thousand."""
    title = f"memory that {GROWN:,} appended events add"
    if not can_watch():
        return empty(title, "MB", GROWTH, "absent", "needs /proc as Linux has it")
    watched = Watched(found, folder / "growing.jsonl")
    first = 0.0
    with watched.path.open("ab", buffering=0) as file:
        for start in range(2, GROWN + 2, GROWN // 10):
            file.write("".join(EVENT % seq for seq in range(start, start + GROWN // 10)).encode())
            if not watched.await_shown(start - 2 + GROWN // 10, 120):
                watched.end()
                return empty(title, "MB", GROWTH, "failed", "not all were shown")
            first = first or watched.memory()
    last = watched.memory()
    watched.end()
    return of_values(title, "MB", GROWTH, [max(last - first, 0.0)], f"{last:.0f} MB in all")


def measured(mb: float, rounds: int, base: Path, command: str) -> Report:
    """Run it all."""
    where, started, found = machine(), time.monotonic(), around()
    if "jq" not in found.peers:
        found.absent[JQ] = found.absent.get("jq", ABSENT)
    folder = base / f"{mb:g}-mb-large"
    log = made(folder, round(mb * EVENTS_PER_MB), large=True)["large"]
    times = race(
        list(contenders(found, folder, log)),
        rounds,
        float("inf"),
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    wrong = {name: entry.wrong for name, entry in times.items() if entry.wrong}
    walls = {name: entry.wall for name, entry in times.items()}
    rows = [row(ask, walls, wrong, found.absent) for ask in asks(log)]
    with tempfile.TemporaryDirectory(prefix="replay-tail-") as place:
        rows += [*followed(found, Path(place)), grown(found, Path(place))]
    told = f"Log of {mb:g} MB, {log.events:,} events; medians of {rounds} rounds; {os.cpu_count()} cores"
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    remarks = [f"It took {time.monotonic() - started:.0f} s."]
    return Report(date, command, where, versions(ROOT, found.versions), told, rows, Speed.all_of(times), remarks)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, judge; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.tail", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a log of 200 MB")
    parser.add_argument("--mb", type=float, help="size of the log (default 2000, quick 200)")
    parser.add_argument("--rounds", type=int, default=3, help="times that everybody runs (default 3)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured there as well")
    parser.add_argument("--made", metavar="FOLDER", type=Path, default=MADE, help="where the logs are kept")
    parser.add_argument("--command", default="", help=argparse.SUPPRESS)
    parser.add_argument("--docs", action="store_true", help="put the table into docs/tail.md as well")
    options = parser.parse_args(words)
    mb = options.mb or (200 if options.quick else 2000)
    command = options.command or "python -m bench.tail" + " --quick" * options.quick
    report = measured(mb, options.rounds, options.made, command)
    return int(not publish(report, options.json, ROOT / "docs" / "tail.md" if options.docs else None))


if __name__ == "__main__":
    sys.exit(main())
