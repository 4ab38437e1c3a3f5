"""Bad input: each case gives one clear line and the right exit code, never a traceback, and keeps what was found."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sqlite3
import subprocess
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from replay_cli import audit
from replay_cli.inspection import wants_history
from tests.conftest import COMMAND, Ran, Replay, environment, forbidden
from tests.making import capture, record, store

LOG = store(*range(1, 400))
BROKEN = b"{oops\n"
DAMAGED = store(1) + BROKEN
FOUND = "damaged.jsonl:2:2: J101 not-json expecting property name enclosed in double quotes"


@pytest.fixture(autouse=True)
def damaged(tmp_path: Path) -> None:
    (tmp_path / "damaged.jsonl").write_bytes(DAMAGED)


def told(ran: Ran, about: str) -> list[str]:
    """What was said of one source, on either stream."""
    return [line for line in ran.findings + ran.said if about in line]


# --- Paths ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        ("missing.jsonl", "replay: no such file: missing.jsonl", 2),
        ("nowhere/missing.jsonl", "replay: no such file: nowhere/missing.jsonl", 2),
        ("damaged.jsonl/inside", "replay: no such file: damaged.jsonl/inside", 2),
        ("missing*.jsonl", "replay: nothing matches the pattern: missing*.jsonl", 2),
        ("", "replay: no such file: ''", 2),
        ("bare", "replay: bare: nothing to read in it (.jsonl .ndjson .sse .log)", 3),
        ("dangling.jsonl", "replay: no such file: dangling.jsonl", 2),
    ],
)
def test_a_path_that_leads_nowhere_is_one_line(
    replay: Replay, tmp_path: Path, path: str, said: str, code: int
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "dangling.jsonl").symlink_to("nowhere")

    ran = replay("validate", path)

    assert (code, "", [said]) == (ran.code, ran.stdout, ran.said)
    # Of what was never read there is nothing to sum up.
    assert code != 2 or ran.stderr == f"{said}\n"


@pytest.mark.parametrize("path", ["missing.jsonl", "missing*.jsonl", "cut.jsonl.gz"])
def test_findings_in_other_logs_are_kept(replay: Replay, tmp_path: Path, path: str) -> None:
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(LOG)[:-30])

    assert FOUND in replay("validate", path, "damaged.jsonl").findings
    assert FOUND in replay("validate", "damaged.jsonl", path).findings


def test_a_link_to_nothing_in_a_folder_is_unreadable_input(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "dangling.jsonl").symlink_to("nowhere")

    ran = replay("validate", ".")

    assert (4, 1) == (ran.code, len(told(ran, "dangling.jsonl")))
    assert f"./{FOUND}" in ran.findings


# --- Permission -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["secret.jsonl", "locked", "locked/log.jsonl"])
def test_permission_denied_is_one_line_and_the_rest_is_read(
    unprivileged: Callable[..., Ran], tmp_path: Path, name: str
) -> None:
    (tmp_path / "locked").mkdir()
    for path in ("secret.jsonl", "locked/log.jsonl"):
        (tmp_path / path).write_bytes(LOG)

    with forbidden(tmp_path / "secret.jsonl"), forbidden(tmp_path / "locked"):
        ran = unprivileged("validate", name, "damaged.jsonl")

    assert (4, [f"replay: {name}: Permission denied"]) == (ran.code, told(ran, name))
    assert FOUND in ran.findings


def test_an_output_file_that_may_not_be_written_is_a_usage_error_and_stays(
    unprivileged: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "report").write_text("old")

    with forbidden(tmp_path / "folder", 0o555):
        ran = unprivileged("validate", "--output-file", "folder/report", "damaged.jsonl")

    assert (2, "", 1) == (ran.code, ran.stdout, len(told(ran, "folder/report")))
    assert "old" == (tmp_path / "folder" / "report").read_text()


# --- What is no log ---------------------------------------------------------------------------------------------


def zipped() -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("log.jsonl", LOG)
    return file.getvalue()


def tarred() -> bytes:
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w") as archive:
        member = tarfile.TarInfo("log.jsonl")
        member.size = len(LOG)
        archive.addfile(member, io.BytesIO(LOG))
    return file.getvalue()


def database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table events(line)")
        connection.executemany("insert into events values(?)", [(record(seq).decode(),) for seq in range(50)])
        return connection.serialize()


OTHER = {
    "bytes": (bytes(range(256)) * 20, "binary data"),
    "text": (b"It was a dark and stormy night.\n" * 9, "plain text"),
    "UTF-16": ('{"seq":1}\n'.encode("utf-16"), "text in UTF-16"),
    "program": (
        b"\x7fELF\x02\x01\x01" + b"\0" * 9 + bytes(range(256)) * 20 + b'usage {"%s": %d}\n' * 9,
        "a program (ELF), not an event log",
    ),
    "zip": (zipped(), "a zip archive, not an event log; unpack it first"),
    "tar": (tarred(), "a tar archive, not an event log; unpack it first"),
    "SQLite": (database(), "an SQLite database, not an event log"),
    "indented JSON": (
        b'{\n  "schema_version": 2,\n  "next_seq": 5\n}\n',
        "one JSON document over several lines, not an event log",
    ),
    "log in brackets": (b'[INFO] 06:34:56 request {"id": 1} done\n' * 9, "plain text"),
    "log with JSON": (b'06:34:56 INFO request {"id": 1} done\n' * 9, "plain text"),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_file_that_is_no_log_is_one_error_that_says_what_it_is(replay: Replay, tmp_path: Path, name: str) -> None:
    content, said = OTHER[name]
    (tmp_path / "other.log").write_bytes(content)

    ran = replay("validate", "other.log")

    assert (1, 1) == (ran.code, len(ran.findings))
    assert f"other.log:1:1: L101 foreign-log {said}" in ran.stdout


@pytest.mark.parametrize("name", ["empty.jsonl", "/dev/null", "-"])
def test_an_empty_source_is_one_note(replay: Replay, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.jsonl").touch()
    shown = "<stdin>" if name == "-" else name

    ran = replay("validate", name)

    assert (3, [f"{shown}:1:1: L102 no-events empty"]) == (ran.code, ran.findings)
    assert [f"replay: {shown}: holds no event"] == ran.said


# --- Damaged compression ----------------------------------------------------------------------------------------

PACKERS = {"gzip": gzip.compress, "bz2": lambda data: bz2.compress(data, 1), "xz": lzma.compress}


@pytest.mark.parametrize("name", PACKERS)
def test_truncated_compressed_input_is_one_line_and_no_torn_tail(replay: Replay, tmp_path: Path, name: str) -> None:
    (tmp_path / "cut").write_bytes(PACKERS[name](DAMAGED + LOG * 2)[:-20])

    ran = replay("validate", "--select", "F,J", "cut", "damaged.jsonl")

    assert 4 == ran.code
    assert 1 == sum(f"cut: {name} data ends after" in line for line in ran.said)
    assert FOUND in ran.findings
    assert "torn-tail" not in ran.stdout


def test_findings_before_the_damage_are_kept(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(gzip.compress(DAMAGED + LOG)[:-40])

    assert "cut:2:2: J101" in replay("validate", "cut").stdout


@pytest.mark.parametrize("packed", [gzip.compress(LOG)[:-40], gzip.compress(LOG)[:-8] + b"\0" * 8, b"\x1f\x8b"])
def test_nothing_is_promised_for_what_could_not_be_read(replay: Replay, tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "cut").write_bytes(packed)

    ran = replay("validate", "cut")

    assert "reads it whole" not in ran.stderr
    assert "accepts all" not in ran.stderr
    assert "holds no event" not in ran.stderr


def test_a_file_that_could_not_be_read_is_not_called_empty(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(gzip.compress(LOG)[:10])

    assert [] == replay("validate", "cut").findings


def test_a_failure_is_said_once_in_the_text_format(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(gzip.compress(LOG)[:-40])

    ran = replay("validate", "--format", "text", "cut")

    assert 1 == (ran.stdout + ran.stderr).count("gzip data ends after")


# --- FIFOs, and files that change -------------------------------------------------------------------------------


def test_a_fifo_is_read_like_a_file(replay: Replay, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(DAMAGED,))
    writer.start()

    ran = replay("validate", "pipe")
    writer.join(10)

    assert (1, True) == (ran.code, ran.stdout.startswith("pipe:2:2: J101"))


def test_a_fifo_that_nobody_writes_to_does_not_hang(replay: Replay, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    ran = replay("validate", "pipe", "damaged.jsonl")

    assert (4, ["replay: pipe: is a FIFO that nobody writes to"]) == (ran.code, told(ran, "pipe"))
    assert FOUND in ran.findings


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """A log that is written to all the time, half a line at a turn."""
    done = threading.Event()
    path.write_bytes(store(*range(1, 500)))

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for seq in range(500, 3600):
                line = record(seq)
                file.write(line[:50])
                time.sleep(0.001)
                file.write(line[50:])
                if done.is_set():
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join(10)


def test_a_file_that_grows_is_read_to_where_it_was_and_is_not_torn(replay: Replay, tmp_path: Path) -> None:
    with growing(tmp_path / "log.jsonl"):
        ran = replay("validate", "log.jsonl")

    assert (0, "") == (ran.code, ran.stdout)
    assert 500 <= int(ran.stderr.splitlines()[-1].split()[3].replace(",", "")) < 3599


def test_the_second_look_at_a_file_that_grows_ends_where_the_first_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(store(1, 2, 3) * 2)

    def grown(*words: Any) -> bool:
        log.write_bytes(store(1, 2, 3) * 9)
        return wants_history(*words)

    monkeypatch.setattr("replay_cli.inspection.wants_history", grown)

    assert "the runtime reads it whole; streams 3 of 6 events, 3 dropped as not newer" == audit(log).verdict


# --- Streams of our own that fail -------------------------------------------------------------------------------


def test_a_full_disk_under_stdout_is_one_line(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(
            [*COMMAND, "validate", "-q", "damaged.jsonl"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert ran.returncode not in (0, 3)
    assert 1 == len(ran.stderr.splitlines())


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_standard_stream_gives_no_traceback_and_loses_no_finding(tmp_path: Path, closed: str) -> None:
    command = " ".join(f"'{word}'" for word in COMMAND)
    script = f"{command} validate damaged.jsonl {closed}"
    ran = subprocess.run(script, shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True)

    assert "Traceback" not in ran.stderr
    assert closed == ">&-" or [FOUND] == ran.stdout.splitlines()


def test_a_capture_cut_in_an_event_keeps_the_events_before(replay: Replay) -> None:
    ran = replay("validate", "-", stdin=capture((1, 0), (2, 1)) + capture((3, 2))[:100])

    assert (0, 1) == (ran.code, len(ran.findings))
    assert "<stdin>: a client accepts all 2 events, never sees the 100 bytes of the unfinished end" in ran.stderr
