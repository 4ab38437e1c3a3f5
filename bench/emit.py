"""How fast ``replay emit`` is, beside ``replay validate`` and jq: ``python -m bench.emit [--quick] [--json FILE]``.

Pass-through selections of the clean log of the speed benchmark: half of it by seq, and the few events in a hundred
that are no deltas; conversions of the same events, captures of them merged, and their words taken out. All write into
a pipe where their lines are counted, so that whoever selects wrongly is found out. Prints Markdown; ``--docs`` puts
the table into docs/emit.md. Exit code 1 if a run was wrong.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.contenders import ABSENT, ROOT, Around, around, replay
from bench.figures import Ask, Mark, Row, empty, faster, of_values, row, share, speed
from bench.racing import Contender, Counts, can_watch, race, remembered
from bench.report import Report, Speed, from_json, machine, publish, versions
from bench.speed import FULL, MADE, QUICK
from bench.variants import EVENTS_PER_MB, Log, made

VALIDATE = "replay, envelope"
BY_SEQ, BY_EVENT, CLEAN = "replay emit --since-seq", "replay emit --event", "replay emit --clean"
TO_SSE, TO_JSONL = "replay emit, record to SSE", "replay emit, SSE to JSONL"
VALIDATE_SSE = "replay, sse"
MERGE, REDACT = "replay emit --merge, ten captures", "replay emit --redact @text"
JQ_SEQ, JQ_EVENT = "jq, by seq", "jq, by event"

SHARE, FASTER, MEMORY = Mark(60, 90), Mark(3, 5), Mark(150, 100, most=True)
"""The musts of issue 6; the aims are ours."""

CONVERTED, CONVERTED_BACK, MERGED, REDACTED, SORTED = Mark(100), Mark(60), Mark(80), Mark(40), Mark(300, most=True)
"""The musts of issue 7."""

CAPTURES, OVERLAP = 10, 0.1
"""Captures of one stream, each of which begins in the last tenth of the one before."""

SORT_COPIES, SORT_BLOCK = 5, 50
"""How often the log stands in the one that is sorted, and how many lines stay together there."""


def lines(said: str) -> Counts:
    """The number that ``wc -l`` prints."""
    return int(said.split()[-1]), 0


def converted(found: Around, folder: Path, log: Log) -> tuple[Log, Log]:
    """The same events as store records and as SSE, beside the log."""
    logs = []
    for name, file, words in (("record", "record.jsonl", "--to record"), ("sse", "stream.sse", "--as sse")):
        command = (*found.replay, "emit", "-q", "--force", *words.split(), "-o", str(folder / file))
        subprocess.run((*command, str(folder / log.file)), check=True)
        logs.append(Log(name, file, (folder / file).stat().st_size, log.events))
    return logs[0], logs[1]


def conversions(found: Around, folder: Path, record: Log, sse: Log) -> Iterator[Contender]:
    """What converts, and ``replay validate`` over the capture."""
    yield replay(found, folder, sse)
    for name, words, log, lines_each in (
        (TO_SSE, ("--as", "sse", "--to", "envelope", "--relink"), record, 3),
        (TO_JSONL, ("--as", "jsonl"), sse, 1),
    ):
        yield counted(
            name, (*found.replay, "emit", "-q", *words, str(folder / log.file)), log, lines_each * log.events
        )


def captures(folder: Path, log: Log) -> tuple[list[str], Log]:
    """The log as captures of several connections that overlap; their paths, and all of them as one log."""
    lines_of = (folder / log.file).read_bytes().splitlines(keepends=True)
    each = len(lines_of) // CAPTURES
    paths, size, events = [], 0, 0
    for number in range(CAPTURES):
        first = max(number * each - int(each * OVERLAP), 0)
        last = (number + 1) * each if number < CAPTURES - 1 else len(lines_of)
        path = folder / f"capture{number}.jsonl"
        path.write_bytes(b"".join(lines_of[first:last]))
        paths.append(str(path))
        size, events = size + path.stat().st_size, events + last - first
    return paths, Log("captures", "captures", size, events)


def arrangements(found: Around, folder: Path, log: Log, captured: tuple[list[str], Log]) -> Iterator[Contender]:
    """What merges, and what redacts."""
    paths, of_captures = captured
    yield counted(MERGE, (*found.replay, "emit", "-q", "--merge", *paths), of_captures, log.events)
    yield counted(REDACT, (*found.replay, "emit", "-q", "--redact", "@text", str(folder / log.file)), log, log.events)


def contenders(found: Around, folder: Path, log: Log) -> Iterator[Contender]:
    """All that select, and ``replay validate`` over the same log."""
    path, half = folder / log.file, log.events // 2
    others = log.events - deltas(path)
    yield replay(found, folder, log)
    for name, words, kept in (
        (BY_SEQ, ("--since-seq", str(half)), log.events - half),
        (BY_EVENT, ("--event", "!item.delta"), others),
        (CLEAN, ("--clean",), log.events),
    ):
        yield counted(name, (*found.replay, "emit", "-q", *words, str(path)), log, kept)
    if jq := found.peers.get("jq"):
        yield counted(JQ_SEQ, (jq[0], "-c", f"select(.seq > {half})", str(path)), log, log.events - half)
        yield counted(JQ_EVENT, (jq[0], "-c", 'select(.event != "item.delta")', str(path)), log, others)


def counted(name: str, command: Sequence[str], log: Log, kept: int) -> Contender:
    """A command whose lines are counted at the other end of a pipe."""
    return Contender(name, ("sh", "-c", f"{shlex.join(command)} | wc -l"), log, lines, (kept, 0))


def deltas(path: Path) -> int:
    """How many lines are deltas; no text in a payload can hold this, since quotation marks are escaped there."""
    with path.open("rb") as file:
        return sum(b'"event":"item.delta"' in line for line in file)


def asks(log: Log, record: Log, sse: Log, captured: Log) -> Iterator[Ask]:
    """The rows of issues 6 and 7."""
    for ours, title in ((BY_SEQ, "half of the log by seq"), (BY_EVENT, "what is no delta, by event")):
        figure = share(ours, log.mb, VALIDATE, log.mb)
        yield Ask(f"{title}, of the speed of `replay validate`", "%", SHARE, (ours, VALIDATE), figure)
    for ours, peer, title in (
        (BY_SEQ, JQ_SEQ, "half of the log by seq"),
        (BY_EVENT, JQ_EVENT, "what is no delta, by event"),
    ):
        yield Ask(f"{title}, against jq -c 'select(...)'", "x", FASTER, (ours, peer), faster(ours, peer))
    figure = share(CLEAN, log.mb, VALIDATE, log.mb)
    title = "`--clean`, which reads twice, of the speed of `replay validate`"
    yield Ask(title, "%", Mark(), (CLEAN, VALIDATE), figure)
    figure = speed(TO_SSE, record.mb)
    yield Ask("store records to SSE, `--relink`, of the records", "MB/s", CONVERTED, (TO_SSE,), figure)
    figure = share(TO_JSONL, sse.mb, VALIDATE_SSE, sse.mb)
    needs = (TO_JSONL, VALIDATE_SSE)
    yield Ask("SSE to JSONL, of the speed of `replay validate`", "%", CONVERTED_BACK, needs, figure)
    yield Ask("`--merge` of ten captures", "MB/s", MERGED, (MERGE,), speed(MERGE, captured.mb))
    yield Ask("`--redact @text`", "MB/s", REDACTED, (REDACT,), speed(REDACT, log.mb))


def memory(found: Around, folder: Path, log: Log) -> Row:
    """The most that a selection holds."""
    title = f"peak memory, {log.mb:,.0f} MB"
    if not can_watch():
        return empty(title, "MB", MEMORY, "absent", "needs /proc as Linux has it")
    command = (*found.replay, "emit", "-q", "--clean", "--event", "!item.delta", "-o", "/dev/null")
    _, seen = remembered((*command, str(folder / log.file)))
    return of_values(title, "MB", MEMORY, [seen.peak])


def sorting(found: Around, folder: Path, log: Log) -> Row:
    """The most that sorting a large log in no order holds."""
    title = f"peak memory of `--sort`, {SORT_COPIES * log.mb:,.0f} MB in no order"
    if not can_watch():
        return empty(title, "MB", SORTED, "absent", "needs /proc as Linux has it")
    lines_of = (folder / log.file).read_bytes().splitlines(keepends=True)
    blocks = [b"".join(lines_of[at : at + SORT_BLOCK]) for at in range(0, len(lines_of), SORT_BLOCK)]
    del lines_of
    path, random = folder / "unsorted.jsonl", Random(1)
    with path.open("wb") as file:
        for _ in range(SORT_COPIES):
            random.shuffle(blocks)
            file.writelines(blocks)
    _, seen = remembered((*found.replay, "emit", "-q", "--sort", "-o", "/dev/null", str(path)))
    path.unlink()
    return of_values(title, "MB", SORTED, [seen.peak])


def measured(mb: float, rounds: int, base: Path, command: str) -> Report:
    """Run it all."""
    where, started, found = machine(), time.monotonic(), around()
    if "jq" not in found.peers:
        found.absent.update(dict.fromkeys((JQ_SEQ, JQ_EVENT), found.absent.get("jq", ABSENT)))
    folder = base / f"{mb:g}-mb-large"
    log = made(folder, round(mb * EVENTS_PER_MB), large=True)["large"]
    log = Log("envelope", log.file, log.size, log.events)
    record, sse = converted(found, folder, log)
    captured = captures(folder, log)
    times = race(
        [
            *contenders(found, folder, log),
            *conversions(found, folder, record, sse),
            *arrangements(found, folder, log, captured),
        ],
        rounds,
        float("inf"),
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    wrong = {name: entry.wrong for name, entry in times.items() if entry.wrong}
    walls = {name: entry.wall for name, entry in times.items()}
    rows = [row(ask, walls, wrong, found.absent) for ask in asks(log, record, sse, captured[1])]
    rows += [memory(found, folder, log), sorting(found, folder, log)]
    told = f"Log of {mb:g} MB, {log.events:,} events; medians of {rounds} rounds"
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    remarks = [f"It took {time.monotonic() - started:.0f} s."]
    return Report(date, command, where, versions(ROOT, found.versions), told, rows, Speed.all_of(times), remarks)


def main(words: Sequence[str] | None = None) -> int:
    """Measure or read, print, judge; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.emit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a log of 40 MB")
    parser.add_argument("--mb", type=float, help="size of the log (default 400, quick 40)")
    parser.add_argument("--rounds", type=int, default=3, help="times that everybody runs (default 3)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured there as well")
    parser.add_argument("--render", metavar="FILE", type=Path, help="measure nothing: print the table of this JSON")
    parser.add_argument("--docs", action="store_true", help="put the table into docs/emit.md as well")
    parser.add_argument("--made", metavar="FOLDER", type=Path, default=MADE, help="where the logs are kept")
    parser.add_argument("--command", default="", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.render:
        report = from_json(options.render.read_text(encoding="utf-8"))
    else:
        mb = options.mb or (QUICK if options.quick else FULL).mb
        command = options.command or "python -m bench.emit" + " --quick" * options.quick
        report = measured(mb, options.rounds, options.made, command)
    return int(not publish(report, options.json, ROOT / "docs" / "emit.md" if options.docs else None))


if __name__ == "__main__":
    sys.exit(main())
