"""``replay tail -f`` on logs that grow, break and come back, as real processes."""

from __future__ import annotations

import json
import os
import queue
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import IO

import pytest

from tests.conftest import COMMAND, environment
from tests.making import capture, record, store
from tests.recordings import shared
from tests.test_interrupts import ready

PATIENCE = 20.0
"""Seconds after which something that should be shown counts as not shown."""

QUIET = 0.35
"""Seconds in which nothing may be shown."""


class Following:
    """A run of the command: what it shows and says, as it comes."""

    def __init__(self, run: subprocess.Popen[bytes]) -> None:
        self.run = run
        self._shown, self._said = self._lines(run.stdout), self._lines(run.stderr)

    @staticmethod
    def _lines(stream: IO[bytes] | None) -> queue.Queue[str]:
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            for line in stream or ():
                lines.put(line.decode().rstrip("\n"))

        threading.Thread(target=read, daemon=True).start()
        return lines

    def seqs(self, number: int) -> list[int]:
        """The numbers of the next so many events that are shown."""
        found: list[int] = []
        while len(found) < number:
            line = self._shown.get(timeout=PATIENCE)
            found += [int(line.split()[1])] if line[:2].isdigit() else []
        return found

    def shows(self) -> str:
        """The next line on stdout."""
        return self._shown.get(timeout=PATIENCE)

    def says(self) -> str:
        """The next line on stderr."""
        return self._said.get(timeout=PATIENCE)

    def shows_nothing(self) -> bool:
        """Whether nothing is shown for a while."""
        time.sleep(QUIET)
        return self._shown.empty()

    def ends(self, number: int | None = signal.SIGINT) -> tuple[int, str]:
        """Send a signal, and wait for the end: the exit code, and the last line on stderr."""
        if number is not None:
            self.run.send_signal(number)
        code, said = self.run.wait(PATIENCE), ""
        with suppress(queue.Empty):
            while True:
                said = self._said.get(timeout=0.3)
        return code, said


Follow = Callable[..., Following]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    """Starts ``replay tail -f`` in the folder of the test."""
    runs: list[subprocess.Popen[bytes]] = []

    def start(*words: str, stdin: int = subprocess.DEVNULL, files: int | None = None) -> Following:
        def begin() -> None:
            ready()
            if files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        run = subprocess.Popen(
            [*COMMAND, "tail", "-f", *words],
            cwd=tmp_path,
            env=environment(),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=begin,
        )
        runs.append(run)
        return Following(run)

    yield start
    for run in runs:
        run.kill()
        for stream in (run.stdin, run.stdout, run.stderr):
            if stream is not None:
                stream.close()
        run.wait()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(store(1, 2, 3))
    return path


def append(path: Path, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)


# --- Appends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "before"), [([], [1, 2, 3]), (["-n", "1"], [3]), (["--since-seq", "1"], [2, 3])])
def test_what_is_appended_is_shown_behind_what_there_was(
    follow: Follow, log: Path, words: list[str], before: list[int]
) -> None:
    run = follow(*words, "log.jsonl")
    assert before == run.seqs(len(before))
    append(log, record(4) + record(5))

    assert [4, 5] == run.seqs(2)
    told = f"showed {len(before) + 2} events of 1 log, seq {before[0]} to 5: 0 errors, 0 warnings, 0 notes"
    assert (130, f"replay: {told}") == run.ends()


def test_an_append_is_shown_within_200_ms(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    delays = []
    for seq in range(4, 24):
        append(log, record(seq))
        begun = time.monotonic()
        assert [seq] == run.seqs(1)
        delays.append(time.monotonic() - begun)
        time.sleep(0.03)

    assert median(delays) < 0.2


def test_with_n_0_only_what_is_new_is_shown(follow: Follow, log: Path) -> None:
    run = follow("-n", "0", "log.jsonl")
    seqs = iter(range(4, 1000))
    while run.shows_nothing():
        append(log, record(next(seqs)))

    # The first ones may have been there before it began to follow.
    assert run.seqs(1)[0] > 3


def test_a_line_is_held_back_until_its_newline_comes(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    line = record(4)
    for piece in (line[:40], line[40:-1]):
        append(log, piece)
        assert run.shows_nothing()
    append(log, b"\n")
    assert [4] == run.seqs(1)
    append(log, record(5)[:-1])
    assert run.shows_nothing()

    code, said = run.ends()
    assert (130, True) == (code, said.endswith(f"; {len(record(5)) - 1} bytes without a line end held back"))


def test_a_tail_that_was_torn_before_is_held_back_too(follow: Follow, log: Path) -> None:
    append(log, record(4)[:60])
    run = follow("log.jsonl")
    assert [1, 2, 3] == run.seqs(3)
    assert run.shows_nothing()
    append(log, record(4)[60:])

    assert [4] == run.seqs(1)


def test_messages_of_sse_are_held_back_until_their_blank_line(follow: Follow, tmp_path: Path) -> None:
    data = capture((1, 0), (2, 1))
    (tmp_path / "log.sse").write_bytes(capture((1, 0)))
    run = follow("log.sse")
    run.seqs(1)
    append(tmp_path / "log.sse", data[len(capture((1, 0))) : -1])
    assert run.shows_nothing()
    append(tmp_path / "log.sse", b"\n")

    assert [2] == run.seqs(1)


def test_findings_are_told_live_and_end_a_strict_run(follow: Follow, log: Path) -> None:
    run = follow("--strict", "log.jsonl")
    run.seqs(3)
    append(log, record(7) + record(5) + record(8))

    assert [7] == run.seqs(1)
    assert "seq-step-back: seq 5 comes after 7" in run.shows()
    assert (1, True) == (run.ends(None)[0], run.shows_nothing())


# --- What becomes of files ----------------------------------------------------------------------------------------


def test_the_runtimes_own_repair_of_a_torn_tail_is_told(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    append(log, record(4)[:50])
    assert run.shows_nothing()
    os.truncate(log, len(store(1, 2, 3)))
    assert run.says() == "replay: log.jsonl: a torn tail of 50 bytes was cut off, as the runtime does it"
    append(log, record(5))

    assert [5] == run.seqs(1)


def test_a_repair_and_an_append_between_two_looks_are_told_apart(follow: Follow, log: Path) -> None:
    """Longer than before, so that only the bytes tell it."""
    append(log, record(4)[:50])
    run = follow("log.jsonl")
    run.seqs(3)
    time.sleep(0.2)
    with open(log, "r+b") as file:
        os.pwrite(file.fileno(), record(5) + record(6), len(store(1, 2, 3)))

    assert "a torn tail of 50 bytes was cut off" in run.says()
    assert [5, 6] == run.seqs(2)


def test_the_recorded_repair_is_followed(follow: Follow, tmp_path: Path) -> None:
    torn = shared("recorded/torn/events/thr_0c50b01e.jsonl").read_bytes()
    whole = shared("recorded/store/events/thr_0c50b01e.jsonl").read_bytes()
    (tmp_path / "log.jsonl").write_bytes(torn)
    run = follow("-n", "1", "log.jsonl")
    run.seqs(1)
    time.sleep(0.2)
    with open(tmp_path / "log.jsonl", "r+b") as file:
        file.truncate(torn.rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        file.write(whole[file.tell() :])

    assert "torn tail" in run.says()
    assert len(run.seqs(whole.count(b"\n") - torn.count(b"\n")))


def test_a_truncated_log_is_told_and_followed_from_its_beginning(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    log.write_bytes(b"")
    assert "was truncated or written anew" in run.says()
    append(log, record(1))

    assert [1] == run.seqs(1)


def test_a_log_that_is_cut_short_goes_on_from_there(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    os.truncate(log, len(store(1, 2)))
    assert "was cut to" in run.says()
    append(log, record(9))

    assert [9] == run.seqs(1)


def test_a_log_that_is_written_anew_with_as_many_bytes_is_noticed(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    time.sleep(0.1)
    with open(log, "r+b") as file:
        os.pwrite(file.fileno(), store(4, 5, 6), 0)

    assert "was truncated or written anew" in run.says()
    assert [4, 5, 6] == run.seqs(3)


def test_rotation_loses_nothing(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    (log.parent / "fresh").write_bytes(record(6))
    log.rename(log.parent / "log.1")
    append(log.parent / "log.1", record(4) + record(5))
    (log.parent / "fresh").rename(log)

    assert [4, 5, 6] == run.seqs(3)
    said = run.says()
    assert "was replaced by another file" in said or ("was removed" in said and "is there again" in run.says())
    append(log, record(7))
    assert [7] == run.seqs(1)


def test_a_log_that_was_deleted_is_waited_for(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    log.unlink()
    assert run.says() == "replay: log.jsonl: was removed; waiting for it to come back"
    log.write_bytes(store(1, 2))

    assert [1, 2] == run.seqs(2)
    assert "is there again" in run.says()


def test_a_log_that_is_not_there_yet_is_waited_for(follow: Follow, tmp_path: Path) -> None:
    run = follow("later.jsonl")
    assert run.says() == "replay: later.jsonl: is not there yet; waiting for it"
    (tmp_path / "later.jsonl").write_bytes(record(1)[:20])
    assert run.shows_nothing()
    append(tmp_path / "later.jsonl", record(1)[20:])

    assert [1] == run.seqs(1)


def test_threads_that_appear_later_are_tailed_in_the_order_of_seq(follow: Follow, tmp_path: Path) -> None:
    events = tmp_path / "runtime" / "events"
    run = follow("runtime")
    assert "is not there yet" in run.says()
    events.mkdir(parents=True)
    (tmp_path / "runtime" / "state.json").write_text('{"schema_version":2,"next_seq":1}')
    (events / "thr_1.jsonl").write_bytes(record(1))
    assert [1] == run.seqs(1)
    (events / "thr_2.jsonl").write_bytes(record(2, thread="thr_2"))
    assert [2] == run.seqs(1)

    for seq in range(3, 203):
        thread = f"thr_{seq % 2 + 1}"
        append(events / f"{thread}.jsonl", record(seq, thread=thread))
    assert [*range(3, 203)] == run.seqs(200)


@pytest.mark.parametrize("threads", [40, 120])
def test_more_logs_than_may_be_open_are_followed_in_silence(follow: Follow, tmp_path: Path, threads: int) -> None:
    events = tmp_path / "runtime" / "events"
    events.mkdir(parents=True)
    (tmp_path / "runtime" / "state.json").write_text('{"schema_version":2,"next_seq":1}')
    names = [f"thr_{number:08x}" for number in range(threads)]
    for seq, name in enumerate(names, 1):
        (events / f"{name}.jsonl").write_bytes(record(seq, thread=name))
    run = follow("-n", "1", "runtime", files=48)
    run.seqs(1)
    found: list[int] = []
    for turn in (1, 2):
        for number, name in enumerate(names):
            append(events / f"{name}.jsonl", record(turn * 1000 + number, thread=name))
        found += run.seqs(threads)

    assert [turn * 1000 + number for turn in (1, 2) for number in range(threads)] == sorted(found)
    run.run.send_signal(signal.SIGINT)
    run.run.wait(PATIENCE)
    assert run.says().startswith(f"replay: showed {2 * threads + 1} events of {threads} logs")


# --- Ends -------------------------------------------------------------------------------------------------------


def test_it_ends_on_the_event_that_is_waited_for(follow: Follow, log: Path) -> None:
    append(log, record(4, "turn.completed"))
    run = follow("--exit-on", "turn.completed", "--event", "item.*", "log.jsonl")
    assert [1, 2, 3] == run.seqs(3)
    assert run.shows_nothing()
    assert run.run.poll() is None
    append(log, record(5) + record(6, "turn.completed") + record(7))

    assert [5] == run.seqs(1)
    assert 0 == run.ends(None)[0]


def test_what_came_behind_since_seq_may_be_what_is_waited_for(follow: Follow, log: Path) -> None:
    append(log, record(4, "turn.completed"))

    assert 0 == follow("--exit-on", "turn.completed", "--since-seq", "2", "log.jsonl").ends(None)[0]


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--exit-on", "turn.completed"], 1)])
def test_the_time_that_is_given_is_kept(follow: Follow, log: Path, words: list[str], code: int) -> None:
    begun = time.monotonic()

    assert code == follow("--timeout", "500ms", *words, "log.jsonl").ends(None)[0]
    assert time.monotonic() - begun < PATIENCE / 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_the_summary(follow: Follow, log: Path, number: int, code: int) -> None:
    run = follow("log.jsonl")
    run.seqs(3)

    assert (code, "replay: showed 3 events of 1 log, seq 1 to 3: 0 errors, 0 warnings, 0 notes") == run.ends(number)


def test_it_ends_in_silence_when_its_reader_has_gone(log: Path) -> None:
    with _started("log.jsonl", cwd=log.parent) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        while b"item.delta" not in run.stdout.readline():
            pass
        run.stdout.close()

        assert (141, b"") == (run.wait(PATIENCE), run.stderr.read())


@contextmanager
def _started(*words: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [*COMMAND, "tail", "-f", *words]
    with subprocess.Popen(command, cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        try:
            yield run
        finally:
            run.kill()


def test_the_cursor_is_kept_while_it_follows(follow: Follow, log: Path) -> None:
    run = follow("--cursor", "kept", "log.jsonl")
    run.seqs(3)
    append(log, record(8))
    run.seqs(1)
    run.ends(signal.SIGTERM)

    assert "8\n" == (log.parent / "kept").read_text()
    assert 0 == follow("--cursor", "kept", "--timeout", "1", "log.jsonl").ends(None)[0]


def test_a_cursor_that_can_be_written_no_more_is_told_before_the_summary(follow: Follow, log: Path) -> None:
    (log.parent / "sub").mkdir()
    run = follow("--cursor", "sub/kept", "log.jsonl")
    run.seqs(3)
    while not (log.parent / "sub" / "kept").exists():
        time.sleep(0.01)
    (log.parent / "sub" / "kept").unlink()
    (log.parent / "sub").rmdir()
    append(log, record(4))
    run.seqs(1)

    assert run.says().startswith("replay: --cursor: sub/kept cannot be written: ")
    assert (2, "replay: showed 4 events of 1 log, seq 1 to 4: 0 errors, 0 warnings, 0 notes") == run.ends(None)


def test_what_comes_on_a_pipe_is_shown_as_it_comes(follow: Follow) -> None:
    run = follow("-", stdin=subprocess.PIPE)
    pipe = run.run.stdin
    assert pipe is not None
    for seq in (1, 2):
        pipe.write(capture((seq, seq - 1)))
        pipe.flush()
        assert [seq] == run.seqs(1)
    pipe.close()

    assert (0, "replay: showed 2 events of 1 log, seq 1 to 2: 0 errors, 0 warnings, 0 notes") == run.ends(None)


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("absent.jsonl", [], 3),
        ("absent.jsonl", ["--exit-on", "turn.*"], 1),
        ("empty.jsonl", [], 3),
        ("log.jsonl", [], 0),
    ],
)
def test_what_has_no_event_until_the_time_is_up_is_exit_code_3(
    follow: Follow, log: Path, name: str, words: list[str], code: int
) -> None:
    (log.parent / "empty.jsonl").write_bytes(b"")

    assert code == follow("-n", "0", "--timeout", "500ms", *words, name).ends(None)[0]


def test_what_cannot_be_followed_is_shown_and_said(follow: Follow, tmp_path: Path) -> None:
    import gzip

    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(store(1, 2)))
    run = follow("--timeout", "1", "log.jsonl.gz")

    assert [1, 2] == run.seqs(2)
    assert run.says() == "replay: log.jsonl.gz: cannot be followed; only plain files can"
    assert 0 == run.ends(None)[0]


def test_memory_stays_flat_however_much_is_appended(follow: Follow, log: Path) -> None:
    run = follow("log.jsonl")
    run.seqs(3)
    sizes = []
    for start in range(10, 60_010, 10_000):
        append(log, b"".join(record(seq) for seq in range(start, start + 10_000)))
        assert 10_000 == len(run.seqs(10_000))
        status = Path(f"/proc/{run.run.pid}/status")
        if not status.exists():
            pytest.skip("there is no /proc")
        sizes.append(int(status.read_text().partition("VmRSS:")[2].split()[0]))

    assert sizes[-1] < sizes[1] + 4000


# --- For programs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "number", "code"),
    [
        ([], signal.SIGINT, 130),
        ([], signal.SIGTERM, 143),
        (["--timeout", "1"], None, 0),
        (["--exit-on", "turn.completed"], None, 0),
        (["--until-seq", "4"], None, 0),
        (["--strict"], None, 1),
    ],
)
@pytest.mark.parametrize("shown", [True, False])
def test_json_is_one_whole_document_however_it_ends(
    follow: Follow, log: Path, words: list[str], number: int | None, code: int, shown: bool
) -> None:
    run = follow("--format", "json", *([] if shown else ["--event", "nothing"]), *words, "log.jsonl")
    if shown:
        assert "[" == run.shows()
        assert '"seq":1,' in run.shows()
    else:
        assert "replay: --event: nothing matched no event" == run.says()
    append(log, record(3) + record(4) + record(5, "turn.completed"))

    assert code == run.ends(number)[0]
    rest = "".join(iter_rest(run))
    assert isinstance(json.loads(f'[{{"seq":1}},{rest}' if shown else rest), list)


def iter_rest(run: Following) -> Iterator[str]:
    """The lines that were shown and not taken yet."""
    with suppress(queue.Empty):
        while True:
            yield run._shown.get(timeout=0.3)


def test_json_lines_come_as_events_do(follow: Follow, log: Path) -> None:
    run = follow("--format", "jsonl", "log.jsonl")
    for seq in range(1, 6):
        if seq > 3:
            append(log, record(seq))
        assert seq == json.loads(run.shows())["seq"]


# --- To a number ------------------------------------------------------------------------------------------------


def test_it_ends_once_the_number_has_come(follow: Follow, log: Path) -> None:
    run = follow("--until-seq", "5", "log.jsonl")
    assert [1, 2, 3] == run.seqs(3)
    append(log, record(4))
    assert [4] == run.seqs(1)
    assert run.run.poll() is None
    append(log, record(7))

    assert 0 == run.ends(None)[0]
    assert 1 == follow("--until-seq", "5", "--exit-on", "turn.*", "log.jsonl").ends(None)[0]


def test_a_store_is_followed_until_the_number_has_come_in_any_thread(follow: Follow, tmp_path: Path) -> None:
    events = tmp_path / "runtime" / "events"
    events.mkdir(parents=True)
    (tmp_path / "runtime" / "state.json").write_text('{"schema_version":2,"next_seq":9}')
    (events / "thr_1.jsonl").write_bytes(record(1))
    (events / "thr_2.jsonl").write_bytes(record(2, thread="thr_2"))
    run = follow("--until-seq", "4", "runtime")
    assert [1, 2] == run.seqs(2)
    append(events / "thr_2.jsonl", record(4, thread="thr_2"))
    assert [4] == run.seqs(1)

    assert 0 == run.ends(None)[0]
