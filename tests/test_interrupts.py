"""Everything interrupted, for real: signals, readers that leave, full disks; and where a report may go.

Two laws: an output file is the whole new report or what it was before, with nothing left beside it (but after
``kill -9``); and no end is a traceback, or more than one line on stderr.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from replay_cli.discovery import discover
from tests.conftest import COMMAND, ROOT, Replay, environment
from tests.making import store

DAMAGED = store(1, 2) + b"{oops\n" * 3000
FOUND = "damaged.jsonl:3:2: J101"

EVENT = (
    b'{"schema_version":2,"seq":%d,"timestamp":"2026-11-21T06:34:56.120Z","thread_id":"thr_1","turn_id":"turn_1",'
    b'"item_id":"item_1","event":"item.delta","payload":{"delta":"a word","kind":"agent_message"}}\n'
)
MANY = 150_000
"""Events that take the audit line by line far longer than any test here lasts."""

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log that is quickly read and one that is not."""
    place = tmp_path_factory.mktemp("logs")
    (place / "clean.jsonl").write_bytes(store(1, 2, 3))
    (place / "damaged.jsonl").write_bytes(DAMAGED)
    (place / "long.jsonl").write_bytes(b"".join(EVENT % seq for seq in range(1, MANY)))
    return place


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A report of an earlier run."""
    path = tmp_path / "report"
    path.write_text("old")
    return path


def ready() -> None:
    """In the child: a shell's background jobs ignore Ctrl-C, and a test may run in one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(logs: Path, *words: str | Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """The command, running; killed at the end if it still does."""
    run: subprocess.Popen[bytes] = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=logs,
        **{
            "env": environment({"PYTHONDONTWRITEBYTECODE": "1"}),
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "preexec_fn": ready,
        }
        | options,  # type: ignore[call-overload]
    )
    with run:
        try:
            yield run
        finally:
            run.kill()


def beside(report: Path) -> list[str]:
    """What stands beside a report."""
    return [path.name for path in report.parent.iterdir() if path != report]


def await_temporary(report: Path) -> None:
    """Wait until a run has begun to write, and is at work."""
    limit = time.monotonic() + 30
    while not beside(report):
        assert time.monotonic() < limit
        time.sleep(0.02)
    time.sleep(0.2)


def await_text(shown: Path, text: str) -> None:
    """Wait until a run has written this, and is at work on what follows."""
    limit = time.monotonic() + 30
    while text not in shown.read_text():
        assert time.monotonic() < limit
        time.sleep(0.02)
    time.sleep(0.1)


def one_line_at_most(said: bytes) -> bool:
    return said.count(b"\n") <= 1 and b"Traceback" not in said


# --- Signals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_leaves_the_old_report_and_nothing_beside_it(
    logs: Path, report: Path, number: signal.Signals
) -> None:
    with started(logs, "validate", "--no-fast", "-o", report, "damaged.jsonl", "long.jsonl") as run:
        await_temporary(report)
        run.send_signal(number)
        _, said = run.communicate(timeout=20)

    assert SIGNALS[number] == run.returncode
    assert ("old", []) == (report.read_text(), beside(report))
    assert said.count(b"interrupted") + said.count(b"damaged.jsonl: ") == said.count(b"\n")


def test_kill_9_leaves_the_old_report(logs: Path, report: Path) -> None:
    with started(logs, "validate", "--no-fast", "-o", report, "long.jsonl") as run:
        await_temporary(report)
        run.kill()
        run.wait(20)

    assert (-signal.SIGKILL, "old") == (run.returncode, report.read_text())
    (left,) = beside(report)
    assert (f".{report.name}.", ".tmp") == (left[: len(report.name) + 2], left[-4:])
    assert [] == discover([str(report.parent)], stdin=None).entries


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("form", ["concise", "jsonl"])
def test_a_signal_keeps_what_was_told_before(logs: Path, tmp_path: Path, form: str, number: signal.Signals) -> None:
    with (
        open(tmp_path / "shown", "wb") as shown,
        started(
            logs, "validate", "--no-fast", "-q", "--format", form, "damaged.jsonl", "long.jsonl", stdout=shown
        ) as run,
    ):
        await_text(tmp_path / "shown", "not shown" if form == "concise" else '"type":"source"')
        run.send_signal(number)
        _, said = run.communicate(timeout=20)

    assert SIGNALS[number] == run.returncode
    assert one_line_at_most(said)
    assert (tmp_path / "shown").read_text().endswith("\n")


def test_after_ctrl_c_the_document_has_its_end(logs: Path, tmp_path: Path) -> None:
    with (
        open(tmp_path / "shown", "wb") as shown,
        started(
            logs, "validate", "--no-fast", "--format", "json", "damaged.jsonl", "long.jsonl", stdout=shown
        ) as run,
    ):
        await_text(tmp_path / "shown", '"not_shown"')
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)

    document = json.loads((tmp_path / "shown").read_text())
    assert (130, 130) == (run.returncode, document["exit_code"])
    assert ["damaged.jsonl"] == [source["source"] for source in document["sources"]]
    assert b"replay: interrupted; the rest was not read\n" == said


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_while_the_program_starts_is_no_traceback_of_ours(logs: Path, number: signal.Signals) -> None:
    """Until the interpreter reaches our code it complains by itself; nobody can keep it from that."""
    for wait in range(0, 300, 15):
        with started(logs, "validate", "--no-fast", "long.jsonl") as run:
            time.sleep(wait / 1000)
            run.send_signal(number)
            _, said = run.communicate(timeout=20)

        ended = run.returncode in (-number, 128 + number) or (run.returncode == 1 and b"Traceback" in said)
        assert ended, (wait, run.returncode, said)
        assert not re.search(rb"replay_cli/.*, in (?!<module>)", said)


COMPILING = """
import os, signal, sys, time
from replay_cli import cli
cli._end_on_signals()
code = "os.kill(os.getpid(), signal.SIGTERM); list(range(9)); print('went on', flush=True)"
exec(compile(code, "<frozen importlib._bootstrap>", "exec"))
time.sleep(20)
"""


def test_a_signal_while_python_loads_a_module_is_heeded_a_moment_later() -> None:
    """What is raised while a module is compiled Python drops in silence (``ast_opt.c``, ``make_const``)."""
    ran = subprocess.run(
        [sys.executable, "-c", COMPILING], env=environment(), capture_output=True, text=True, timeout=60
    )

    assert (143, "went on\n", "") == (ran.returncode, ran.stdout, ran.stderr)


NAMING = """
import os, sys
from replay_cli import cli
cli._end_on_signals()
try:
    import naming
    import time
    time.sleep(20)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_while_a_module_is_loaded_becomes_no_other_error(tmp_path: Path, number: signal.Signals) -> None:
    """What is raised in ``__set_name__`` Python 3.11 raises as a RuntimeError."""
    (tmp_path / "naming.py").write_text(
        "import os\n"
        "class Named:\n"
        "    def __set_name__(self, owner, name):\n"
        f"        os.kill(os.getpid(), {int(number)}); list(range(9)); print('went on', flush=True)\n"
        "class Owner:\n"
        "    name = Named()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", NAMING],
        env=environment({"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}),
        preexec_fn=ready,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (128 + number, "went on\n", "") == (ran.returncode, ran.stdout, ran.stderr)


LOADING = """
import os, sys
module, number, dropped = sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv.pop(1)
class Signalled:
    def __del__(self):
        os.kill(os.getpid(), number)
class Finder:
    def find_spec(name, path=None, target=None):
        if name == module and dropped:
            Signalled()
        elif name == module:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder)
from replay_cli.__main__ import main
main()
"""


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("dropped", ["", "dropped"], ids=["", "in a destructor"])
@pytest.mark.parametrize("module", ["replay_cli.cli", "typer", "replay_cli.validating", "replay_cli.walk", "orjson"])
def test_a_signal_while_modules_are_loaded_ends_the_run_in_silence(
    logs: Path, module: str, dropped: str, number: signal.Signals
) -> None:
    """Also in a destructor or a callback, where Python drops the exception: it has some for each module."""
    command = [sys.executable, "-c", LOADING, module, str(int(number)), dropped, "validate", "-q", "long.jsonl"]
    ran = subprocess.run(
        command, cwd=logs, env=environment(), preexec_fn=ready, capture_output=True, text=True, timeout=60
    )

    # The summary of what was audited by then: of nothing.
    said = {"", "replay: interrupted; the rest was not read\n"}
    assert (SIGNALS[number], "") == (ran.returncode, ran.stdout)
    assert ran.stderr in said


def test_under_nohup_a_hangup_is_no_reason_to_end(logs: Path) -> None:
    def ignoring() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with started(logs, "validate", "-", stdin=subprocess.PIPE, preexec_fn=ignoring) as run:
        assert run.stdin is not None
        run.stdin.write(store(1) + b" " * 70_000 + b"\n")
        run.stdin.flush()
        time.sleep(0.5)
        run.send_signal(signal.SIGHUP)
        shown, _ = run.communicate(store(2), timeout=20)

    assert (0, 1) == (run.returncode, shown.count(b"F102"))


# --- Readers that leave -----------------------------------------------------------------------------------------

AT_ONCE = {
    "validate --format text damaged.jsonl": 1,
    "validate --format json damaged.jsonl": 141,
    "validate --format jsonl damaged.jsonl": 1,
    "validate --format github damaged.jsonl": 1,
    "validate --format jsonl --exit-zero damaged.jsonl": 141,
    "validate --format text clean.jsonl": 0,
    "validate --format text clean.jsonl long.jsonl": 141,
    "validate --format json clean.jsonl missing.jsonl": 2,
    "rules": 0,
    "rules --format json": 0,
    "--help": 0,
}
"""The code says what was found by then, and is that of SIGPIPE if nothing was and logs are left to be audited."""


@pytest.mark.parametrize(("words", "code"), AT_ONCE.items())
def test_a_pipe_that_is_closed_at_once_ends_the_run_quietly(logs: Path, words: str, code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with started(logs, *words.split(), stdout=writer) as run:
        os.close(writer)
        _, said = run.communicate(timeout=20)

    about = [line for line in said.splitlines() if b"missing.jsonl" not in line]
    assert (code, []) == (run.returncode, about)


@pytest.mark.parametrize(
    ("form", "unbuffered"), [("text", ""), ("concise", ""), ("json", ""), ("json", "1"), ("jsonl", "")]
)
def test_a_reader_that_leaves_in_the_middle_ends_the_run_quietly(logs: Path, form: str, unbuffered: str) -> None:
    """As under ``| head -1``; the long log behind is not read to its end for nobody."""
    words = ("validate", "-q", "--format", form, "--max-findings", "3000", "damaged.jsonl", "long.jsonl")
    env = environment({"PYTHONUNBUFFERED": unbuffered})
    with started(logs, *words, env=env) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.stdout.close()
        begun = time.monotonic()
        _, said = run.communicate(timeout=20)

    assert (1, b"") == (run.returncode, said)
    assert time.monotonic() - begun < 5


def test_that_nobody_reads_stderr_does_not_keep_the_report_from_being_written(logs: Path, report: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with started(logs, "validate", "-o", report, "damaged.jsonl", stderr=writer) as run:
        os.close(writer)
        run.communicate(timeout=20)

    assert 1 == run.returncode
    assert report.read_text().startswith(FOUND)


# --- Full disks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_a_full_disk_leaves_the_old_report_and_nothing_beside_it(logs: Path, report: Path, form: str) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    with started(logs, "validate", "-q", "--format", form, "-o", report, "damaged.jsonl", preexec_fn=small) as run:
        shown, said = run.communicate(timeout=20)

    assert (2, b"") == (run.returncode, shown)
    assert f"replay: --output-file: {report} cannot be written: File too large\n".encode() == said
    assert ("old", []) == (report.read_text(), beside(report))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_fills_up_under_stdout_is_one_line(logs: Path, tmp_path: Path, unbuffered: str) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    env = environment({"PYTHONUNBUFFERED": unbuffered, "PYTHONDONTWRITEBYTECODE": "1"})
    words = ("validate", "-q", "damaged.jsonl")
    with (
        open(tmp_path / "shown", "wb") as shown,
        started(logs, *words, stdout=shown, env=env, preexec_fn=small) as run,
    ):
        _, said = run.communicate(timeout=20)

    assert (2, b"replay: output: stdout cannot be written: File too large\n") == (run.returncode, said)


def test_a_pipe_that_was_set_to_fail_when_it_is_full_is_waited_for(logs: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with started(logs, "validate", "-q", "--format", "json", "damaged.jsonl", stdout=writer) as run:
        os.close(writer)
        time.sleep(0.8)
        with open(reader, "rb") as shown:
            document = json.load(shown)
        run.wait(20)

    assert (1, 1) == (run.returncode, document["exit_code"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_a_full_disk_under_stdout_is_one_line(logs: Path, form: str) -> None:
    with (
        open("/dev/full", "wb") as full,
        started(logs, "validate", "-q", "--format", form, "damaged.jsonl", stdout=full) as run,
    ):
        _, said = run.communicate(timeout=20)

    assert 2 == run.returncode
    assert b"replay: output: stdout cannot be written: No space left on device\n" == said


# --- Where a report may go --------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("permissions", [0o600, 0o444])
def test_a_report_keeps_the_permissions_of_the_one_before(
    replay: Replay, logs: Path, report: Path, permissions: int
) -> None:
    report.chmod(permissions)

    replay("validate", "-o", report, logs / "damaged.jsonl")

    assert permissions == mode(report)
    assert "old" != report.read_text()


def test_a_new_report_gets_the_permissions_that_new_files_get(replay: Replay, logs: Path, tmp_path: Path) -> None:
    (tmp_path / "other").touch()

    replay("validate", "-o", "report", logs / "clean.jsonl")

    assert mode(tmp_path / "other") == mode(tmp_path / "report")


@pytest.mark.parametrize("exists", [True, False])
def test_a_report_goes_where_a_link_leads(replay: Replay, logs: Path, tmp_path: Path, exists: bool) -> None:
    (tmp_path / "folder").mkdir()
    if exists:
        (tmp_path / "folder" / "report").write_text("old")
    (tmp_path / "link").symlink_to("folder/report")

    replay("validate", "-q", "-o", "link", logs / "damaged.jsonl")

    assert (tmp_path / "link").is_symlink()
    assert FOUND in (tmp_path / "folder" / "report").read_text()
    assert [] == beside(tmp_path / "folder" / "report")


def test_a_fifo_is_written_into(replay: Replay, logs: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()

    ran = replay("validate", "-q", "-o", "pipe", logs / "damaged.jsonl")
    reader.join(20)

    assert (1, "") == (ran.code, ran.stdout)
    assert FOUND in read[0]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_standard_output_is_written_to_as_it_stands(logs: Path, tmp_path: Path, name: str) -> None:
    """Redirected behind something, as by ``>> file``, it keeps what is there."""
    (tmp_path / "kept").write_text("kept\n")
    with (
        open(tmp_path / "kept", "ab") as kept,
        started(logs, "validate", "-o", name, "damaged.jsonl", stdout=kept) as run,
    ):
        run.communicate(timeout=20)

    first, second, *_ = (tmp_path / "kept").read_text().splitlines()
    assert ("kept", FOUND) == (first, second[: len(FOUND)])
    assert [] == beside(tmp_path / "kept")


def test_what_a_shell_substitutes_for_a_process_is_written_into(logs: Path) -> None:
    reader, writer = os.pipe()
    with started(
        logs, "validate", "--max-findings", "9", "-o", f"/dev/fd/{writer}", "damaged.jsonl", pass_fds=[writer]
    ) as run:
        os.close(writer)
        run.communicate(timeout=20)
    with open(reader) as shown:
        assert shown.readline().startswith(FOUND)


def without_privilege() -> None:
    """In the child: give up what lets root write everywhere (CAP_DAC_OVERRIDE)."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(24, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot give up the privileges of root")


@pytest.mark.skipif(sys.platform != "linux", reason="root gives up its privileges in Linux's way")
def test_a_folder_that_may_not_be_written_to_is_one_line(logs: Path, report: Path) -> None:
    report.parent.chmod(0o555)
    try:
        with started(logs, "validate", "-o", report, "damaged.jsonl", preexec_fn=without_privilege) as run:
            shown, said = run.communicate(timeout=20)
    finally:
        report.parent.chmod(0o755)

    assert (2, b"") == (run.returncode, shown)
    assert f"replay: --output-file: {report} cannot be written: Permission denied\n".encode() == said
    assert ("old", []) == (report.read_text(), beside(report))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_stream_that_was_closed_beforehand_is_no_traceback(logs: Path, report: Path, closed: str) -> None:
    script = f'"$@" {closed}'
    words = [*COMMAND, "validate", "-o", str(report), "damaged.jsonl"]
    ran = subprocess.run(["sh", "-c", script, "sh", *words], cwd=logs, env=environment(), capture_output=True)

    assert 1 == ran.returncode
    assert b"Traceback" not in ran.stderr
    assert FOUND in report.read_text()
