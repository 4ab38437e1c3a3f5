"""Spans: wherever a file is cut, and by however many processes it is audited, the same is found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from replay_cli import spans
from replay_cli.api import audit_source
from replay_cli.auditor import audit_blocks
from replay_cli.blocks import Block
from replay_cli.cutting import cut
from replay_cli.errors import SourceError
from replay_cli.planning import Options
from replay_cli.profiles import Plan, Shape
from replay_cli.prover import forget
from replay_cli.rules import SCHEMA_VIOLATION
from replay_cli.sources import Source, open_path
from replay_cli.spans import LARGE, SPAN, _next_frame, audit_spans
from replay_cli.tally import Tally, total
from replay_cli.walk import FRAMINGS
from tests.making import record
from tests.proving import WRITERS, teach
from tests.recordings import logs, vectors

ROOT = Path(__file__).parents[1]


def whole(path: Path, plan: Plan) -> Tally:
    with open_path(path, raw=True) as source:
        blocks = cut(source.chunks(), FRAMINGS[plan.framing], plan.limit, source.more)
        return total(audit_blocks(blocks, plan), plan.kept)


def in_spans(path: Path, plan: Plan, span: int, jobs: int = 1) -> Tally:
    with open_path(path, raw=True) as source:
        return total(audit_spans(source, plan, jobs, span))


def plans(path: Path) -> list[Plan]:
    framing = "sse" if path.suffix == ".sse" else "jsonl"
    return [Plan(shape, framing) for shape in (Shape.ENVELOPE, Shape.RECORD)]


@pytest.mark.parametrize("path", logs(""), ids=lambda path: path.name)
def test_recording_cut_at_every_tenth_byte_is_the_same(path: Path) -> None:
    for plan in plans(path):
        forget()
        expected = whole(path, plan)

        assert in_spans(path, plan, 10) == expected
        assert in_spans(path, plan, 997) == expected


@pytest.mark.parametrize("path", logs(""), ids=lambda path: path.name)
def test_recording_cut_among_several_processes_is_the_same(path: Path) -> None:
    for plan in plans(path):
        forget()

        assert in_spans(path, plan, 4_000, 2) == whole(path, plan)


@pytest.mark.parametrize("path", logs(""), ids=lambda path: path.name)
def test_cut_at_any_tenth_byte_is_where_the_next_frame_begins(path: Path) -> None:
    """Spans of ten bytes hold a frame each, so they are all cut near a frame's beginning."""
    framing, size = FRAMINGS[plans(path)[0].framing], path.stat().st_size
    begins = [frame.offset for frame in framing.frames(Block(path.read_bytes(), 0))]

    for at in range(10, size, 10):
        index = bisect_left(begins, at)
        assert _next_frame(str(path), framing, at, size) == (begins[index] if index < len(begins) else None), at


@pytest.mark.parametrize("name", ["jsonl_files.jsonl", "sse_bodies.jsonl"])
def test_vectors_cut_at_every_byte_are_the_same(name: str, tmp_path: Path) -> None:
    framing = "sse" if name.startswith("sse") else "jsonl"
    plan = Plan(Shape.ENVELOPE, framing)
    for number, vector in enumerate(vectors(name)):
        path = tmp_path / str(number)
        path.write_bytes(vector["bytes"])
        for span in (1, 2, 3, 7):
            assert in_spans(path, plan, span) == whole(path, plan), (vector["name"], span)


@pytest.mark.parametrize("name", ["jsonl_files.jsonl", "sse_bodies.jsonl"])
def test_all_vectors_in_one_file_cut_among_several_processes_are_the_same(name: str, tmp_path: Path) -> None:
    plan = Plan(Shape.ENVELOPE, "sse" if name.startswith("sse") else "jsonl")
    path = tmp_path / "all"
    path.write_bytes(b"".join(vector["bytes"] + b"\n\n" for vector in vectors(name)))
    expected = whole(path, plan)

    assert in_spans(path, plan, 10) == expected
    assert in_spans(path, plan, 100, 2) == expected


@pytest.mark.parametrize("name", ["envelope", "record", "SSE", "SSE, CR LF and id"])
def test_several_processes_find_the_same(name: str, tmp_path: Path) -> None:
    writer = WRITERS[name]
    frames = writer.frames(3000, 3)
    frames[700:702] = reversed(frames[700:702])
    frames[1500] = b"{broken" + writer.end
    path = tmp_path / "log"
    path.write_bytes(b"".join(frames) + b'{"torn')

    expected = whole(path, writer.plan())

    assert expected.broken
    for jobs in (2, 3):
        assert in_spans(path, writer.plan(), 50_000, jobs) == expected


@pytest.mark.parametrize("dense", [spans.DENSE, 1], ids=["spread", "left to one process"])
def test_share_that_is_proven_is_the_same_by_any_number_of_processes(
    dense: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "DENSE", dense)
    frames = WRITERS["envelope"].frames(3000, 3)
    # From the middle on somebody else writes, who is not known from the first span.
    frames[1500:] = WRITERS["envelope, keys sorted"].frames(3000, 3)[1500:]
    path = tmp_path / "log"
    path.write_bytes(b"".join(frames))
    shares = set()
    for jobs in (1, 2, 3):
        teach(WRITERS["envelope"], WRITERS["envelope, spaced"])
        with open_path(path, raw=True) as source:
            tally = total(audit_spans(source, WRITERS["envelope"].plan(), jobs, 50_000, steady=True))
        shares.add((tally.proven, tuple(tally.unproven.items())))

    ((proven, unproven),) = shares
    assert 0 < proven < path.stat().st_size == proven + sum(size for _, size in unproven)


def test_where_so_many_lines_break_the_schema_that_no_more_are_kept_spans_only_count_them(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(record(seq, thread_id=7) for seq in range(1, 2001)))
    plan = replace(WRITERS["record"].plan(), kept=10)

    with open_path(path, raw=True) as source:
        parts = list(audit_spans(source, plan, 1, 20_000))

    found = [len(part.findings.get(SCHEMA_VIOLATION.code, ())) for part in parts]
    assert len(found) > 10
    assert found == [10, *[1] * (len(found) - 1)], "only the first of each is looked at, for what it means"
    assert total(parts, 10) == whole(path, plan)


def test_line_of_many_spans_is_passed_over_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(WRITERS["record"].frames(50)) + b'{"x":"' + b"x" * 5_000_000 + b'"}\n')
    began = time.perf_counter()

    assert in_spans(path, WRITERS["record"].plan(), 1000) == whole(path, WRITERS["record"].plan())
    assert time.perf_counter() - began < 5


def test_file_that_shrinks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(WRITERS["record"].frames(500)))
    with open_path(path, raw=True) as source:
        parts = audit_spans(source, WRITERS["record"].plan(), 1, 10_000)
        next(parts)
        os.truncate(path, 20_000)

        with pytest.raises(SourceError, match="shrank while it was read"):
            list(parts)


def test_file_that_is_replaced_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As where a file that has lost its name cannot be opened again.
    monkeypatch.setattr(Source, "held_path", property(lambda source: source.path))
    path = tmp_path / "log"
    data = b"".join(WRITERS["record"].frames(500))
    path.write_bytes(data)
    with open_path(path, raw=True) as source:
        parts = audit_spans(source, WRITERS["record"].plan(), 1, 10_000)
        next(parts)
        (tmp_path / "other").write_bytes(data)
        (tmp_path / "other").replace(path)

        with pytest.raises(SourceError, match="replaced by another file"):
            list(parts)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what has lost its name cannot be opened again")
@pytest.mark.parametrize("jobs", [1, 2])
def test_file_that_is_replaced_is_read_to_its_end(jobs: int, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(WRITERS["record"].frames(500)))
    expected = whole(path, WRITERS["record"].plan())
    (tmp_path / "other").write_bytes(b"{}\n" * 100_000)
    with open_path(path, raw=True) as source:
        parts = audit_spans(source, WRITERS["record"].plan(), jobs, 10_000)
        first = next(parts)
        (tmp_path / "other").replace(path)

        assert total([first, *parts]) == expected


def test_what_a_file_has_grown_by_in_the_meantime_ends_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    frames = WRITERS["record"].frames(500)
    path.write_bytes(b"".join(frames)[:-10])
    with open_path(path, raw=True) as source, path.open("ab") as more:
        more.write(frames[-1][-10:])
        more.flush()
        tally = total(audit_spans(source, WRITERS["record"].plan(), 1, 10_000))

    assert (tally.lines, tally.torn) == (500, None)


# -- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that is large enough for spans, with a break in the order, a broken line and a torn tail."""
    path = tmp_path_factory.mktemp("large") / "log.jsonl"
    part = WRITERS["record"].frames(20_000, 2)
    with path.open("wb") as file:
        while file.tell() < LARGE + SPAN:
            file.writelines([*part, b"{broken\n"])
        file.write(part[0][:50])
    return path


def replay(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "replay_cli", *words], cwd=ROOT, capture_output=True, check=False)


def test_large_log_is_told_byte_for_byte_alike_by_any_number_of_jobs(large: Path) -> None:
    told = {replay("validate", "--format", "json", "--jobs", jobs, str(large)).stdout for jobs in ("1", "2", "3")}

    assert len(told) == 1
    assert json.loads(told.pop())["summary"]["counts"]["error"] >= 3


def test_statistics_of_a_large_log_are_the_same_by_any_number_of_jobs(large: Path) -> None:
    words = ("validate", "--format", "json", "--statistics", "--jobs")
    told = {replay(*words, jobs, str(large)).stdout for jobs in ("1", "2", "3")}

    assert len(told) == 1
    (source,) = json.loads(told.pop())["sources"]
    assert source["proven"] + sum(source["unproven"].values()) == large.stat().st_size


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what has lost its name cannot be opened again")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_large_log_that_is_replaced_is_read_to_its_end(jobs: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    frames = WRITERS["record"].frames(100_000)
    # So that it takes a while.
    for at in range(0, len(frames), 20):
        frames[at] += b"{broken\n"
    log.write_bytes(b"".join(frames))
    size = log.stat().st_size
    assert size > LARGE
    (tmp_path / "new").write_bytes(b"{}\n")
    words = ("validate", "--format", "json", "--jobs", jobs, str(log))

    with subprocess.Popen([sys.executable, "-m", "replay_cli", *words], cwd=ROOT, stdout=subprocess.PIPE) as run:
        _await(lambda: len(_children(run.pid)) == 2 if jobs == "2" else _has_open(run.pid, log))
        (tmp_path / "new").replace(log)
        assert run.poll() is None
        told, _ = run.communicate()

    (source,) = json.loads(told)["sources"]
    assert (run.returncode, source["bytes"], source["counts"]["error"]) == (1, size, 5000)
    assert source["source"] == str(log)


def _await(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not met():
        assert time.monotonic() < until
        time.sleep(0.002)


def _has_open(process: int, path: Path) -> bool:
    with suppress(OSError):  # a descriptor that is closed in the meantime
        return any(one.readlink() == path for one in Path(f"/proc/{process}/fd").iterdir())
    return False


def test_large_log_is_told_alike_as_it_is_read(large: Path) -> None:
    one, two = (audit_source(partial(open_path, large), Options(jobs=jobs)) for jobs in (1, 2))
    heard: list[list[object]] = [[], []]
    for jobs, into in ((1, heard[0]), (2, heard[1])):
        audit_source(partial(open_path, large), Options(jobs=jobs), None, into.extend)

    assert one == two
    assert heard[0] == heard[1]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_who_reads_along_is_told_before_the_end_and_not_by_spans(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"{broken\n" * 10 + b"".join(WRITERS["record"].frames(20_000, 2)) * 10 + b"{broken\n" * 60_000)
    assert log.stat().st_size > LARGE
    words = [sys.executable, "-m", "replay_cli", "validate", "--format", "jsonl", "--jobs", "2", str(log)]

    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        first = json.loads(run.stdout.readline())
        # The findings at the end fill the pipe, so it waits for a reader.
        assert run.poll() is None
        assert not _children(run.pid)
        run.kill()

    assert ("not-json", 1) == (first["name"], first["line"])


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_killed_worker_ends_the_run_at_once_with_a_clear_line(large: Path) -> None:
    with _running(large) as run:
        os.kill(_workers(run.pid)[0], signal.SIGKILL)
        _, said = run.communicate(timeout=30)

    assert run.returncode == 4
    assert b"a worker process was killed" in said
    assert b"Traceback" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_interrupt_ends_the_run_and_its_workers(large: Path) -> None:
    with _running(large) as run:
        workers = _workers(run.pid)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=30)

    assert run.returncode == 130
    assert b"Traceback" not in said
    assert not [one for one in workers if Path(f"/proc/{one}").exists() and "Z" not in _state(one)]


def _running(log: Path) -> subprocess.Popen[bytes]:
    """A run with two workers that takes a while: everything line by line."""
    words = [sys.executable, "-m", "replay_cli", "validate", "--no-fast", "--jobs", "2", str(log)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def _children(parent: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _workers(parent: int) -> list[int]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = _children(parent)
        if len(found) >= 2:
            time.sleep(0.2)
            return found
        time.sleep(0.02)
    raise AssertionError("no workers were started")


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2]
    except OSError:
        return "Z"


def test_a_log_of_very_many_threads_is_told_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "THREADS", 50)
    path = tmp_path / "log"
    path.write_bytes(b"".join(record(500 - seq, thread=f"thr_{seq % 200}") for seq in range(499)))

    assert in_spans(path, WRITERS["record"].plan(), 5_000, 2) == whole(path, WRITERS["record"].plan())
