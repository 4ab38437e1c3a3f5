"""Bounds: what a run takes does not grow with its input. Scaled down to what takes seconds."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import environment
from tests.making import compact, envelope, message, record

MOST = 150
"""Megabytes that a run may take, whatever it reads (issue 3, "What it must reach")."""

STATUS = Path("/proc/self/status")

# VmHWM begins anew with the program; what getrusage says of a child includes the process that started it.
MEASURED = """
import sys
from replay_cli.cli import run
code = run(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(code, int(peak.split()[1]) / 1024, file=sys.stderr)
"""


@pytest.fixture
def peak(tmp_path: Path) -> Callable[..., float]:
    """The most memory in MB that ``replay validate`` took over a log that is made of these pieces."""
    if not STATUS.exists():
        pytest.skip("there is no /proc here")

    def measure(pieces: Iterator[bytes], *words: str, code: int = 0) -> float:
        log = tmp_path / "log"
        with log.open("wb") as file:
            file.writelines(pieces)
        ran = subprocess.run(
            [sys.executable, "-c", MEASURED, "validate", *words, str(log)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        ended, taken = ran.stderr.splitlines()[-1].split()
        assert code == int(ended)
        return float(taken)

    return measure


def records(size: int, threads: int = 1, words: int = 300) -> Iterator[bytes]:
    """Records of so many bytes in all, of so many threads in turn."""
    payload = {"delta": "words " * words, "kind": "agent_message"}
    seq = written = 0
    while written < size:
        seq += 1
        line = record(seq, thread=f"thr_{seq % threads:08x}", timestamp="2026-11-21T06:00:00Z", payload=payload)
        written += len(line)
        yield line


def test_memory_is_flat_over_the_size_of_a_log(peak: Callable[..., float]) -> None:
    small, large = peak(records(6_000_000)), peak(records(60_000_000))

    assert large < MOST
    assert large - small < 5


def test_memory_is_flat_over_the_size_of_a_capture(peak: Callable[..., float]) -> None:
    payload = {"delta": "words " * 300, "kind": "agent_message"}
    events = (message(envelope(seq, seq - 1, payload=payload)) for seq in range(1, 10_000))

    assert peak(events) < MOST / 2


def test_a_hundred_thousand_threads_fit(peak: Callable[..., float]) -> None:
    few, many = (peak(record(seq, thread=f"thr_{seq:08x}") for seq in range(1, count)) for count in (100, 30_000))

    assert few + (many - few) / 30_000 * 100_000 < MOST


def test_a_hundred_thousand_threads_of_a_capture_fit(peak: Callable[..., float]) -> None:
    few, many = (
        peak(message(envelope(seq, seq - 1, thread=f"thr_{seq:08x}")) for seq in range(1, count))
        for count in (5_000, 10_000)  # both longer than a chunk, which takes the same in each
    )

    assert few + (many - few) / 5_000 * 95_000 < MOST


def test_memory_is_flat_over_the_number_of_findings(peak: Callable[..., float]) -> None:
    few, many = (
        peak((b'{"seq":"%d"}\n' % seq for seq in range(count)), "--profile", "record", code=1)
        for count in (1_000, 10_000)
    )

    assert many - few < 5


def test_a_counter_that_starts_again_is_looked_at_twice_in_flat_memory(peak: Callable[..., float]) -> None:
    few, many = (
        peak((record(seq, payload=turn) for turn in range(2) for seq in range(1, count)), code=1)
        for count in (5_000, 10_000)  # both longer than a chunk, which takes the same in each
    )

    # 200,000 numbers are remembered at most; past them the report says "at least".
    assert few + (many - few) / 5_000 * 195_000 < MOST


def test_a_line_beyond_the_limit_is_not_kept(peak: Callable[..., float]) -> None:
    endless = (b"x" * 1_000_000 for _ in range(100))

    assert peak(iter([b'{"seq":', *endless, b"\n"]), "--profile", "record", code=1) < MOST


def test_a_bomb_of_compressed_nothing_is_not_kept(peak: Callable[..., float]) -> None:
    bomb = gzip.compress(record(1) + b"\0" * 100_000_000, 1)

    assert peak(iter([bomb]), code=1) < MOST


LONG = 16 * 1024 * 1024 - 1000
"""About the longest line that is examined by default."""

# Half of it, to be quick: objects and data lines take far more memory than they have bytes.
HALF = LONG // 2


BEFORE = compact({"schema_version": 2, "seq": 1, "timestamp": "2026-11-21T06:00:00Z", "thread_id": "thr_1"})[:-1]

LONG_LINES = {
    "string": b'"' + b"x" * LONG + b'"',
    "emoji": b'"' + b"x" * (LONG - 4) + "\U0001f600".encode() + b'"',
    "escapes": b'"' + b"\\u00e9" * (LONG // 6) + b'"',
    "array": b"[" + b"{}," * (HALF // 3) + b"1]",
    "shadowed": b"[" + b"{}," * (HALF // 3) + b'1],"x":1,"x":1',
    "names": b"{" + b",".join(b'"%d":1' % number for number in range(HALF // 10)) + b"}",
    "name": b'{"' + b"x" * (LONG - 4) + "\U0001f600".encode() + b'":1}',
}


@pytest.mark.parametrize("text", LONG_LINES.values(), ids=LONG_LINES.keys())
def test_a_line_within_the_limit_fits(peak: Callable[..., float], text: bytes) -> None:
    assert peak(iter([BEFORE, b',"event":"x","payload":', text, b"}\n"])) < MOST


@pytest.mark.parametrize("text", [LONG_LINES["emoji"], LONG_LINES["array"]], ids=["emoji", "array"])
def test_a_line_within_the_limit_fits_in_a_capture(peak: Callable[..., float], text: bytes) -> None:
    data = (b"event: x\ndata: ", BEFORE, b',"event":"x","kind":"x","payload":', text, b"}\n\n")

    assert peak(iter(data), "--profile", "envelope") < MOST


def test_a_line_of_a_million_unknown_members_fits(peak: Callable[..., float]) -> None:
    members = b",".join(b'"k%07d":1' % number for number in range(1_100_000))

    assert peak(iter([record(1)[:-2], b",", members, b"}\n"]), code=0) < MOST


def test_a_long_line_that_is_no_json_fits(peak: Callable[..., float]) -> None:
    assert peak(iter([BEFORE, b',"event":"x","payload":', LONG_LINES["emoji"], b"}}\n"]), code=1) < MOST


def test_an_event_within_the_limit_fits(peak: Callable[..., float]) -> None:
    body = iter([b"event: x\n", b"data: 1\n" * (HALF // 8), b"\n"])

    assert peak(body, "--framing", "sse", code=1) < MOST


@pytest.mark.parametrize(
    "line",
    [b"[" * 200_000, b'{"a":' * 100_000, b'"\\' * 200_000, b'{"seq":1,' * 60_000, b"{}" * 200_000, b"1" * 500_000],
    ids=["brackets", "braces", "escapes", "records", "glued", "digits"],
)
def test_a_hostile_line_takes_no_more_than_seconds(tmp_path: Path, line: bytes) -> None:
    from replay_cli import audit

    started = time.monotonic()
    report = audit(record(1) + line + b"\n" + record(2))

    assert 1 == report.counts.error
    assert time.monotonic() - started < 2
