"""How fast ``replay`` is, beside its peers: ``python -m bench.speed [--quick] [--large] [--json FILE]``.

Every row of the table is measured in one go, over logs of the same events that are made from a seed. Contenders take
turns, each in a process of its own, its start included; figures are medians of the rounds with the least and the
most. Prints Markdown; exit code 1 if a run was wrong (it counted other than the log holds), and with ``--check`` also
if a must is missed. docs/benchmark.md says how to read it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.contenders import (
    COMPRESSED,
    JOBS,
    JQ,
    ORJSON,
    PYDANTIC,
    PYTHON,
    ROOT,
    RS,
    SOURCEMETA,
    Around,
    around,
    beside,
    each_of,
    main_heat,
    replay,
    started_each,
    tried,
    two,
)
from bench.figures import Ask, Mark, Row, at_size, empty, faster, fastest, of_values, row, share, share_of_lower
from bench.racing import Contender, Times, can_watch, complaint, race, remembered, warmed
from bench.report import Report, Speed, cores, from_json, machine, publish, versions
from bench.variants import EACH, EVENTS_PER_MB, FILES, THREADS, Log, made

MADE = Path(__file__).with_name("made")
TINY = 3000
"""Events of the logs that everybody runs over once before anything is measured."""

NEARLY = 0.75
"""The share of a plan that must fit into its time; it is known so roughly that less is not worth a cut."""

TURN = 2
"""Runs in a turn of a race (see ``bench/racing.py``)."""

LARGE_MB = 4000
ENOUGH = 10
"""Seconds: a run that takes longer is watched but once for its memory."""

FEW = 5
"""Starts of each peer that tell which of them start fastest."""

MEMORY = Mark(150, 100, most=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done: the log in MB, rounds, starts of a peer that stand for 2,000; and seconds for all of it."""

    mb: float
    rounds: int
    sample: int
    seconds: float
    files: int = FILES


FULL = Plan(400, 5, 100, 1500)
QUICK = Plan(40, 3, 40, 65)


def asks(logs: Mapping[str, Log]) -> Iterator[Ask]:
    """The rows over the main log and its variants, with the marks of issue 5."""
    clean, against = "replay, envelope", "clean envelope log, against"
    whole = logs["envelope"]
    for peer, title, mark in (
        (SOURCEMETA, "sourcemeta `jsonschema validate --fast`", Mark(3.5, 5)),
        (RS, "orjson and jsonschema-rs, the same schema", Mark(1.3, 2)),
        (PYDANTIC, "a pydantic model per line", Mark(2, 3)),
        (ORJSON, "a bare loop of `orjson.loads`, which checks nothing", Mark(0.85, 1.2)),
        (JQ, "jq, which counts the lines", Mark()),
    ):
        yield Ask(f"{against} {title}", "x", mark, (clean, peer), faster(clean, peer))
    for name, title, mark in (
        ("sse", "the same log as SSE capture, of the envelope speed in MB/s", Mark(60, 80)),
        ("spaced", "with spaces after separators, of the envelope speed in MB/s", Mark(50, 70)),
        ("broken", "one broken line in a thousand, of the clean speed", Mark(60, 80)),
        ("violating", "every line violating the schema, of the clean speed", Mark(20, 40)),
        ("lost", "one event lost, so that it is read a second time, of the clean speed", Mark()),
        ("threads", f"{THREADS} threads in one log, of the speed with one", Mark()),
    ):
        ours = f"replay, {name}"
        yield Ask(title, "%", mark, (ours, clean), share(ours, logs[name].mb, clean, whole.mb))
    ours, title = "replay, record", "the same events as store records, in events per second, of the envelope log"
    yield Ask(title, "%", Mark(90, 120), (ours, clean), share(ours, logs["record"].events, clean, whole.events))
    for name in COMPRESSED:
        ours, alone = f"replay, {name}", f"{name} alone"
        lower = "of the lower of the decompressor alone and the plain speed"
        yield Ask(f"{name}, {lower}", "%", Mark(70, 90), (ours, alone, clean), share_of_lower(ours, (alone, clean)))
        both, title = beside(name), f"{name}, decompressed beside the audit by a second process, {lower}"
        yield Ask(title, "%", Mark(70, 90), (both, alone, clean), share_of_lower(both, (alone, clean)))


def per_event(tiny: Times, least: Times) -> float:
    """Seconds that a contender takes for one more event, from its runs over two small logs."""
    more = min(tiny.first + tiny.wall) - min(least.first + least.wall)
    return max(more, 0) / (TINY - EACH)


# --- Measuring --------------------------------------------------------------------------------------------------


class Bench:
    """One run of the benchmark: what is there, how much is done, what was measured so far."""

    def __init__(self, found: Around, plan: Plan, base: Path) -> None:
        self.found, self.plan, self.base = found, plan, base
        self.rows: list[Row] = []
        self.times: dict[str, Times] = {}
        self.wrong: dict[str, str] = {}
        self.remarks: list[str] = []

    def tell(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def folder(self, mb: float) -> Path:
        return self.base / f"{mb:g}-mb"

    def logs(self) -> dict[str, Log]:
        """The logs of the plan; made if need be, read once so that the system has them at hand."""
        self.tell(f"making logs of {self.plan.mb:g} MB, if they are not there")
        logs = made(self.folder(self.plan.mb), round(self.plan.mb * EVENTS_PER_MB), self.plan.files)
        for log in logs.values():
            warmed(self.folder(self.plan.mb) / log.file)
        return logs

    def warm_up(self) -> float:
        """Run everybody over two small logs; the share of the plan that fits into its time, by what they took."""
        least, tiny = self.base / "least", self.base / "tiny"
        start = race(main_heat(self.found, least, made(least, EACH)), 1, 60)
        logs = made(tiny, TINY)
        times = race(main_heat(self.found, tiny, logs), 1, 60)
        checked = race(list(tried(self.found, tiny, logs["violating"])), 1, 60)
        self.wrong = {name: entry.wrong for name, entry in checked.items() if entry.wrong}
        each = {name: per_event(entry, start[name]) for name, entry in times.items()}
        # On top of the main heat: two runs of --jobs a turn, the many files, one run for the memory.
        events, ours, turns = self.plan.mb * EVENTS_PER_MB, each["replay, envelope"], TURN * self.plan.rounds
        needed = turns * events * (sum(each.values()) + 2 * ours * self.found.has_jobs)
        needed += (turns * FILES * EACH + events) * ours
        starts = turns * sum(min(entry.first + entry.wall) for entry in start.values())
        return max(self.plan.seconds - starts, 1) / max(needed, 1e-9)

    def shrink(self, fits: float) -> None:
        """Make the plan smaller if it does not fit into its time, and say so."""
        if fits >= NEARLY:
            return
        mb, files = max(round(self.plan.mb * fits), 1), max(round(FILES * fits), 20)
        said = (
            f"Cut down from {self.plan.mb:g} MB and {FILES:,} files: the whole would not end in the time set for it"
        )
        self.remarks.append(f"{said} ({self.plan.seconds:g} s).")
        self.tell(self.remarks[-1])
        self.plan = Plan(mb, self.plan.rounds, min(self.plan.sample, files), self.plan.seconds, files)

    def run(self, contenders: Sequence[Contender], seconds: float) -> None:
        """A heat; what was measured is kept under the contenders' names."""
        self.times |= race(contenders, self.plan.rounds, seconds, self.tell)

    def row(self, ask: Ask) -> Row:
        walls = {name: entry.wall for name, entry in self.times.items()}
        wrong = self.wrong | {name: entry.wrong for name, entry in self.times.items() if entry.wrong}
        return row(ask, walls, wrong, self.found.absent)

    def noted(self, one: Row, ask: Ask) -> Row:
        """The row of sourcemeta, with what it would be if the memory that it holds cost the system no time.

        It holds nine times the log. On a virtual machine that can be half of its time or more, on others little; so
        its time in user mode alone, against all of ours, is the figure most in its favour.
        """
        peer = self.times.get(SOURCEMETA)
        if SOURCEMETA not in ask.needs or one.measured is None or peer is None:
            return one
        ours = self.times[ask.needs[0]].wall
        least = median(theirs / mine for theirs, mine in zip(peer.user, ours, strict=False))
        note = f"{least:.2f}x by its user time alone, without the system's for its memory"
        return dataclasses.replace(one, note=note)

    def jobs(self, folder: Path, log: Log) -> Row:
        """Two processes beside one."""
        one, both = f"replay, {log.name}, one process", two(JOBS)
        title = f"two processes on two cores, {log.mb:,.0f} MB, of one"
        mark = Mark(1.6, 1.9)
        if not self.found.has_jobs:
            return empty(title, "x", mark, "absent", self.found.absent[both])
        if cores() < JOBS:
            return empty(title, "x", mark, "absent", "this machine has one core")
        words = ("--jobs", str(JOBS))
        self.run([replay(self.found, folder, log, one), replay(self.found, folder, log, both, words)], 1800)
        return at_size(self.row(Ask(title, "x", mark, (both, one), faster(both, one))), log.mb, LARGE_MB)

    def many(self, logs: dict[str, Log]) -> Row:
        """Many small files in one run, beside the fastest peer, which is started for each."""
        folder, log, files = self.folder(self.plan.mb), logs["many"], self.plan.files
        title = f"{files:,} files of {EACH} events, against the fastest peer started once per file"
        ours, mark = "replay, many", Mark(5, 20)
        # A few starts of each tell the two fastest, by far; these two are measured.
        starts = race(list(started_each(self.found, self.found.peers, folder, log, files, FEW)), 1, 60)
        order = sorted(self.found.peers, key=lambda name: starts[each_of(name)].wall[0])[:2]
        if not order:
            return empty(title, "x", mark, "absent", "no peer is installed")
        peers = started_each(self.found, order, folder, log, files, self.plan.sample)
        self.run([replay(self.found, folder, log), *peers], self.plan.seconds)
        best = fastest({name: entry.wall for name, entry in self.times.items()}, [each_of(name) for name in order])
        note = f"the fastest is {best}; {self.plan.sample} starts, scaled to {files:,}"
        return self.row(Ask(title, "x", mark, (ours, best), faster(ours, best), note))

    def memory(self, folder: Path, log: Log, meant: float) -> Row:
        """The most that all processes of a run with the default of jobs hold at once."""
        title = f"peak memory of all processes, {log.mb:,.0f} MB"
        if not can_watch():
            return empty(title, "MB", MEMORY, "absent", "needs /proc as Linux has it")
        contender = replay(self.found, folder, log, words=())
        peaks: list[float] = []
        note = "nothing was seen of its memory"
        while len(peaks) < self.plan.rounds:
            run, seen = remembered(contender.command)
            self.tell(f"memory, {log.name}: {seen.peak:.0f} MB")
            if (wrong := complaint(contender, run)) or not seen.peak:
                return empty(title, "MB", MEMORY, "failed", wrong or note)
            peaks.append(seen.peak)
            note = f"{seen.processes} processes, sampled" if seen.processes > 1 else "one process"
            if run.wall > ENOUGH:
                break
        return at_size(of_values(title, "MB", MEMORY, peaks, note), log.mb, meant, missed=False)

    def all(self, large: bool) -> None:
        """Every row."""
        self.shrink(self.warm_up())
        logs, folder = self.logs(), self.folder(self.plan.mb)
        self.run(main_heat(self.found, folder, logs), self.plan.seconds * 1.2)
        where, most = folder, logs["envelope"]
        self.rows += [at_size(self.noted(self.row(ask), ask), most.mb, FULL.mb) for ask in asks(logs)]
        if large:
            mb = max(round(LARGE_MB * min(self.plan.mb / FULL.mb, 1)), 1)
            where = self.base / f"{mb}-mb-large"
            self.tell(f"making a log of {mb} MB, if it is not there")
            most = made(where, mb * EVENTS_PER_MB, large=True)["large"]
        self.rows.append(self.jobs(where, most))
        self.rows.append(self.memory(folder, logs["envelope"], FULL.mb))
        if large:
            self.rows.append(self.memory(where, most, LARGE_MB))
        else:
            self.rows.append(empty("peak memory of all processes, 4 GB", "MB", MEMORY, "absent", "only with --large"))
        self.rows.append(self.many(logs))

    def speeds(self) -> list[Speed]:
        """How every contender fared whose runs were sound."""
        found = []
        for name, entry in self.times.items():
            if entry.wall and not entry.wrong:
                log = entry.contender.log
                found.append(Speed.of(name, entry, log.mb, log.events + log.bad))
        return found


def measured(plan: Plan, large: bool, base: Path, python: Path, command: str) -> Report:
    """Run the whole benchmark."""
    where, started = machine(), time.monotonic()
    found = around(python)
    bench = Bench(found, plan, base)
    bench.all(large)
    runs = min((len(entry.wall) for entry in bench.times.values() if not entry.wrong), default=0)
    log = f"Log of {bench.plan.mb:g} MB, {round(bench.plan.mb * EVENTS_PER_MB):,} events; medians of {runs} rounds"
    if bench.plan.mb < FULL.mb:
        bench.remarks.append(f"The marks are meant for {FULL.mb:g} MB: on less, start-up weighs more.")
    bench.remarks.append(f"It took {time.monotonic() - started:.0f} s.")
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    numbers = versions(ROOT, found.versions)
    return Report(date, command, where, numbers, log, bench.rows, bench.speeds(), bench.remarks)


def main(words: Sequence[str] | None = None) -> int:
    """Measure or read, print, judge; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a log of 40 MB, in under two minutes")
    parser.add_argument("--large", action="store_true", help="memory and --jobs over 4 GB as well (4 GB of disk)")
    parser.add_argument("--mb", type=float, help="size of the log; nothing is cut down then")
    parser.add_argument("--rounds", type=int, help="times that everybody runs (default 5, quick 3)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured there as well")
    parser.add_argument("--render", metavar="FILE", type=Path, help="measure nothing: print the table of this JSON")
    parser.add_argument("--docs", action="store_true", help="put the tables into the pages as well")
    parser.add_argument("--check", action="store_true", help="exit 1 also if a must is missed")
    parser.add_argument("--peers", metavar="PYTHON", type=Path, default=PYTHON, help="the Python that has the peers")
    parser.add_argument("--made", metavar="FOLDER", type=Path, default=MADE, help="where the logs are kept")
    parser.add_argument("--command", default="", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.render:
        report = from_json(options.render.read_text(encoding="utf-8"))
    else:
        plan = QUICK if options.quick else FULL
        rounds, mb = options.rounds or plan.rounds, options.mb or plan.mb
        seconds = float("inf") if options.mb else plan.seconds
        command = options.command or "python -m bench.speed" + " --quick" * options.quick + " --large" * options.large
        plan = Plan(mb, rounds, plan.sample, seconds)
        report = measured(plan, options.large, options.made, options.peers, command)
    pages = (ROOT / "docs" / "benchmark.md", ROOT / "README.md") if options.docs else (None, None)
    right = publish(report, options.json, *pages)
    return int(not right or (options.check and "missed" in {one.state for one in report.rows}))


if __name__ == "__main__":
    sys.exit(main())
