"""How much memory and time hostile input takes: ``python bench/bounds.py [--quick] [--json FILE] [NAME...]``.

Each input is made on the fly, at a size and at twice that size, and audited by ``replay validate`` in a process of
its own. Bounds: under 150 MB at its peak, and twice the input takes about twice the time (CPU time beyond that of an
empty log; no more than 2.6 times). What seems to break the second bound is measured again, in up to three rounds.
Prints a table in Markdown, and ends with exit code 1 when a bound is broken.

Sizes are those of the issue, but where the audit of so many lines would take minutes: there they are scaled down.
``--quick`` scales everything down to what takes little more than a minute, which shows growth as well.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import json
import lzma
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_MB = 150
MOST_RATIO = 2.6
NOISE = 0.25
"""Seconds of CPU time below which a ratio says nothing."""
ROUNDS = 3

MB = 1_000_000
CHUNK = 1 << 20
PATIENCE = 1200

Make = Callable[[int], Iterator[bytes]]

# --- What is fed in ---------------------------------------------------------------------------------------------

RECORD = (
    b'{"schema_version":2,"seq":%d,"timestamp":"2026-11-21T06:00:00.120Z","thread_id":"thr_%d","turn_id":"turn_1",'
    b'"item_id":"item_1","event":"item.delta","payload":%b}'
)
ENVELOPE = (
    b'event: item.delta\ndata: {"schema_version":1,"seq":%d,"event":"item.delta","kind":"item.delta",'
    b'"thread_id":"thr_%d","turn_id":"turn_1","item_id":"item_1","timestamp":"2026-11-21T06:00:00.120Z",'
    b'"created_at":"2026-11-21T06:00:00.120Z","previous_seq":%d,"payload":{}}\n\n'
)


def repeated(piece: bytes, count: int) -> Iterator[bytes]:
    """So many of a piece, in chunks."""
    each = max(CHUNK // len(piece), 1)
    chunk = piece * each
    for _ in range(count // each):
        yield chunk
    yield piece * (count % each)


def together(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= CHUNK:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def line(before: bytes, middle: bytes, behind: bytes, unit: int = 1) -> Make:
    """One line that grows in its middle."""

    def make(size: int) -> Iterator[bytes]:
        yield before
        yield from repeated(middle, size // unit)
        yield behind

    return make


def payload(begin: bytes, middle: bytes, end: bytes) -> Make:
    """One record of so many bytes, whose payload grows in its middle."""
    before, behind = (RECORD % (1, 1, b"|")).split(b"|")
    return line(before + begin, middle, end + behind + b"\n", len(middle))


def in_a_capture(make: Make) -> Make:
    """The same line, as the data of an SSE event."""

    def wrapped(size: int) -> Iterator[bytes]:
        yield b"event: item.delta\ndata: "
        yield from make(size)
        yield b"\n"

    return wrapped


def of_numbers(piece: bytes, between: bytes) -> Make:
    """The payload of one record: pieces of a number each, all different."""
    before, behind = (RECORD % (1, 1, b"|")).split(b"|")

    def make(size: int) -> Iterator[bytes]:
        yield before + between[:1]
        yield from together(piece % number for number in range(size // len(piece % 0)))
        yield (piece % 0).rstrip(b",") + between[1:] + behind + b"\n"

    return make


def doubled_keys(size: int) -> Iterator[bytes]:
    yield (RECORD % (1, 1, b"{}"))[:-1]
    yield from together(b',"k%d":1,"k%d":2' % (number, number) for number in range(size))
    yield b"}\n"


def glued(size: int) -> Iterator[bytes]:
    yield from together(b'{"seq":%d,"event":"x","payload":{}}' % seq for seq in range(size))
    yield b"\n"


def threads(size: int) -> Iterator[bytes]:
    return together(RECORD % (seq, number, b"{}") + b"\n" for seq in (1, 2) for number in range(size))


def captured_threads(size: int) -> Iterator[bytes]:
    return together(ENVELOPE % (seq, number, seq - 1) for seq in (1, 2) for number in range(size))


def replayed(size: int) -> Iterator[bytes]:
    return together(RECORD % (seq, 1, b"{}") + b"\n" for _ in (1, 2) for seq in range(size))


def findings(piece: bytes) -> Make:
    """So many bad lines behind a good one, which tells what the log is."""

    def make(size: int) -> Iterator[bytes]:
        yield RECORD % (1, 1, b"{}") + b"\n"
        yield from repeated(piece, size)

    return make


def nested(size: int) -> Iterator[bytes]:
    before = (RECORD % (1, 1, b"|")).split(b"|")[0]
    yield from line(before, b"[", b"")(size)
    yield from repeated(b"]", size)
    yield b"}\n"


def zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression.zstd import compress
    else:
        from backports.zstd import compress
    return compress(data)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lambda data: lzma.compress(data, preset=0),
    "bz2": lambda data: bz2.compress(data, 1),
}


def bomb(name: str, piece: bytes, begin: bytes = b"") -> Make:
    """So many bytes, compressed: streams of a few megabytes each, one behind the other."""

    def make(size: int) -> Iterator[bytes]:
        stream = 5 * MB
        yield PACKED[name](begin)
        yield from repeated(PACKED[name](piece * (stream // len(piece))), size // stream)

    return make


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile input: how it is made, at what size (and twice that), and what is asked of it.

    ``unit`` says what the size counts. ``sized`` is False where the time does not depend on the size.
    """

    name: str
    make: Make
    size: int
    quick: int
    unit: str = "bytes"
    words: tuple[str, ...] = ()
    codes: tuple[int, ...] = (1,)
    sized: bool = True


LONG = 7_500_000
"""Half of the longest line that is examined by default, or a little less."""

ZEROS = 1000 * MB
CASES = (
    Case("a line", line(RECORD[:20], b"x", b"\n"), 500 * MB, 100 * MB),
    Case("a line without an end", line(RECORD[:20], b"x", b""), 500 * MB, 100 * MB),
    Case("an SSE data line", line(b"data: {", b"x", b"}\n\n"), 500 * MB, 100 * MB),
    Case("an SSE data line without an end", line(b"data: {", b"x", b""), 500 * MB, 100 * MB),
    Case("an SSE event of short data lines", line(b"", b"data: 1\n", b"\n", 8), LONG, LONG // 2),
    Case("an SSE event of comments", line(b"event: x\ndata: 1\n", b": keepalive\n", b"\n", 12), LONG, LONG // 2),
    Case("an SSE event of unknown fields", line(b"data: 1\n", b"field: x\n", b"\n", 9), LONG, LONG // 2),
    *(
        Case(f"bad lines, {form}", findings(b"{x\n"), 500_000, 30_000, "findings", ("--format", form))
        for form in ("concise", "json", "jsonl", "sarif", "junit", "gitlab", "rdjson", "markdown")
    ),
    Case("blank lines", findings(b"\n"), 500_000, 50_000, "findings", codes=(0,)),
    Case("blank lines, all listed", findings(b"\n"), 50_000, 20_000, "findings", ("--max-findings", "100000"), (0,)),
    Case("threads, two events each", threads, 50_000, 5_000, "threads", codes=(0,)),
    Case("threads of a capture", captured_threads, 50_000, 5_000, "threads", codes=(0, 1)),
    Case("events that come twice", replayed, 50_000, 5_000, "events"),
    Case("nesting", nested, 1_000_000, 1_000_000, "levels"),
    Case("an object glued to its like", line(b"", b'{"a":', b"\n"), 1_000_000, 1_000_000, "levels"),
    Case("a key", payload(b'{"', b"k", b'":1}'), 1 * MB, 1 * MB, codes=(0,)),
    Case("an unknown key", line((RECORD % (1, 1, b"{}"))[:-1] + b',"', b"k", b'":1}\n'), MB, MB, codes=(0,)),
    Case("a number", payload(b"", b"1", b""), 1 * MB, 1 * MB, "digits"),
    Case("a small number", payload(b"0.", b"0", b"1"), 1 * MB, 1 * MB, "digits", codes=(0,)),
    Case("a string", payload(b'"', b"x", b'"'), LONG, LONG // 2, codes=(0,)),
    Case("a string with one emoji", payload(b'"', b"x", '😀"'.encode()), LONG, LONG // 2, codes=(0,)),
    Case("a string of accents", payload(b'"', "é".encode(), b'"'), LONG, LONG // 2, codes=(0,)),
    Case("a string of escapes", payload(b'"', rb"\u00e9", b'"'), LONG, LONG // 2, codes=(0,)),
    Case("a string of half escapes", payload(b'"', rb"\ud83d\ude00", b'"'), LONG, LONG // 2, codes=(0,)),
    Case("an array of objects", payload(b"[", b"{},", b"1]"), LONG, LONG // 2, codes=(0,)),
    Case("an array of arrays", payload(b"[", b"[],", b"1]"), LONG, LONG // 2, codes=(0,)),
    Case("an array of numbers", payload(b"[", b"1000,", b"1]"), LONG, LONG // 2, codes=(0,)),
    Case("an array of small strings", of_numbers(b'"%07d",', b"[]"), LONG, LONG // 2, codes=(0,)),
    Case("an object of small members", of_numbers(b'"%07d":1,', b"{}"), LONG, LONG // 2, codes=(0,)),
    Case("small objects, nested", payload(b"[", b'{"a":[{"b":1}]},', b"1]"), LONG, LONG // 2, codes=(0,)),
    Case(
        "an array of objects in a capture", in_a_capture(payload(b"[", b"{},", b"1]")), LONG, LONG // 2, codes=(0, 1)
    ),
    Case("an array of objects, broken", payload(b"[", b"{},", b"}"), LONG, LONG // 2),
    Case("an array of objects, glued", line(b'{"a":[', b"{},", b"1]}{}\n", 3), LONG, LONG // 2),
    Case("unknown keys, each twice", doubled_keys, 50_000, 50_000, "keys", codes=(0,)),
    Case("glued records", glued, 50_000, 50_000, "records"),
    *(Case(f"{name} of zeros", bomb(name, b"\0" * MB), ZEROS, 50 * MB) for name in PACKED),
    Case("gzip of blank lines", bomb("gzip", b"\n", RECORD % (1, 1, b"{}")), 5 * MB, 5 * MB, codes=(0,)),
    *(
        Case(
            f"{name} of zeros, --max-bytes",
            bomb(name, b"\0" * MB),
            ZEROS,
            50 * MB,
            "bytes",
            ("--max-bytes", "10000000"),
            (4,),
            sized=False,
        )
        for name in PACKED
    ),
)


# --- Measuring --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took, in seconds and MB, and how it ended."""

    wall: float
    cpu: float
    peak: float
    code: int
    said: str


def measured(words: Sequence[str], pieces: Iterator[bytes]) -> Run:
    """One run of ``replay validate -``, fed through a pipe."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        run = subprocess.Popen(
            [sys.executable, "-m", "replay_cli", "validate", *words, "-"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        late = threading.Timer(PATIENCE, run.kill)
        late.start()
        try:
            feed(run, pieces)
            _, status, usage = os.wait4(run.pid, 0)
        finally:
            late.cancel()
        run.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        said.seek(0)
        text = said.read(100_000).decode(errors="replace")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MB
    return Run(wall, usage.ru_utime + usage.ru_stime, peak, run.returncode, text)


def feed(run: subprocess.Popen[bytes], pieces: Iterator[bytes]) -> None:
    assert run.stdin is not None
    try:
        with run.stdin:
            for piece in pieces:
                run.stdin.write(piece)
    except BrokenPipeError:
        pass  # --max-bytes: it has read enough


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a case at a size and at twice that size."""

    name: str
    unit: str
    size: int
    wall: float
    wall_twice: float
    ratio: float | None
    peak: float
    wrong: str

    @property
    def broken(self) -> bool:
        return bool(self.wrong)


def row(case: Case, size: int, start: float) -> Row:
    """Measure a case, once more while its ratio is too high."""
    for round_ in range(ROUNDS):
        one, two = (measured(case.words, case.make(size * times)) for times in (1, 2))
        rest, twice = one.cpu - start, two.cpu - start
        ratio = twice / max(rest, 0.01) if twice >= NOISE else None
        if ratio is None or ratio <= MOST_RATIO or round_ == ROUNDS - 1:
            break
    peak = max(one.peak, two.peak)
    wrong = []
    if peak >= MOST_MB:
        wrong.append("memory")
    if ratio is not None and ratio > MOST_RATIO:
        wrong.append("time")
    if not case.sized and two.wall > 5:
        wrong.append("not stopped")
    if any(run.code not in case.codes or "Traceback" in run.said for run in (one, two)):
        wrong.append(f"exit codes {one.code}, {two.code}")
    return Row(case.name, case.unit, 2 * size, one.wall, two.wall, ratio, peak, ", ".join(wrong))


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of the table, each as soon as its row is there."""
    yield "| input | size | half of it, s | s | ratio | peak, MB | |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for one in rows:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        size = f"{one.size / MB:,.0f} MB" if one.unit == "bytes" else f"{one.size:,} {one.unit}"
        verdict = f"**{one.wrong}**" if one.wrong else "ok"
        times = f"{one.wall:.2f} | {one.wall_twice:.2f} | {ratio}"
        yield f"| {one.name} | {size} | {times} | {one.peak:.0f} | {verdict} |"
    yield ""
    yield f"Bounds: {MOST_MB} MB; a ratio of {MOST_RATIO} (of CPU time, without the start; none below {NOISE} s)."
    yield f"{machine()}."


def machine() -> str:
    from importlib.metadata import version

    python = f"{platform.python_implementation()} {platform.python_version()}"
    versions = ", ".join(f"{name} {version(name)}" for name in ("orjson", "pydantic", "jsonschema"))
    return f"{python}, {versions}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def main() -> int:
    """Measure, print, judge; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="at sizes that take little more than a minute in all")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows there as well")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only cases with this in their name")
    options = parser.parse_args()
    start = min(measured((), iter([RECORD % (1, 1, b"{}") + b"\n"])).cpu for _ in range(3))
    rows: list[Row] = []

    def measure() -> Iterator[Row]:
        for case in CASES:
            if not options.names or any(name in case.name for name in options.names):
                rows.append(row(case, case.quick if options.quick else case.size, start))
                yield rows[-1]

    for line in table(measure()):
        print(line, flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n", encoding="utf-8")
    return int(any(one.broken for one in rows))


if __name__ == "__main__":
    sys.exit(main())
