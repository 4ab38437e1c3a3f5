"""Bad input on the command line: one clear line that names the option, a suggestion where a name is close, exit 2.

Whatever cannot be meant is told before anything is read or written.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay_cli.cli import run
from tests.conftest import COMMAND, Ran, Replay, environment
from tests.making import store

LOG = store(1, 2, 3)


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(LOG)
    (tmp_path / "list").write_text("log.jsonl\n")
    (tmp_path / "schema.json").write_text("{}")
    (tmp_path / "bare").mkdir()
    (tmp_path / "link").symlink_to("log.jsonl")
    (tmp_path / "twin").hardlink_to(tmp_path / "log.jsonl")


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Replay]:
    """The command, called in this process: a usage error does not need one of its own."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def call(*words: str | Path, **_: object) -> Ran:
        code = run([*map(str, words)])
        return Ran(code, *capsys.readouterr())

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_command_line_without_a_word_is_answered_with_the_help(replay: Replay) -> None:
    ran = replay()

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith("Usage: replay ")


WORDS = {
    "vaildate log.jsonl": "no such command: vaildate; did you mean validate?",
    "zzz": "no such command: zzz; see `replay --help`",
    "--verison": "--verison: no such option; did you mean --version?",
    "--format json validate log.jsonl": "--format: no such option; `replay --help` lists them",
    "explain": "explain: RULE is missing",
    "explain S101 S102": "explain: takes no further argument: S102",
    "rules S101": "rules: takes no further argument: S101",
    "validate": "validate: no log named; name files or folders, or - for stdin",
    "validate --frmat json log.jsonl": "--frmat: no such option; did you mean --format?",
    "validate --stat log.jsonl": "--stat: no such option; did you mean --statistics?",
    "validate -z log.jsonl": "-z: no such option; `replay validate --help` lists them",
    "validate log.jsonl --format": "--format: needs a value",
    "validate --exit-zero=yes log.jsonl": "--exit-zero: takes no value",
}

ALL_FORMATS = "'text', 'concise', 'json', 'jsonl', 'github', 'sarif', 'junit', 'gitlab', 'rdjson' or 'markdown'"

VALUES = {
    "validate --format jsn log.jsonl": f"--format: 'jsn' is not {ALL_FORMATS}; did you mean json?",
    "validate --format yaml log.jsonl": f"--format: 'yaml' is not {ALL_FORMATS}",
    "rules --format jsn": "--format: 'jsn' is not 'text' or 'json'; did you mean json?",
    "validate --profile recrod log.jsonl": (
        "--profile: 'recrod' is not 'auto', 'envelope', 'record' or 'legacy'; did you mean record?"
    ),
    "validate --framing SSSE log.jsonl": "--framing: 'SSSE' is not 'auto', 'jsonl' or 'sse'; did you mean sse?",
    "validate --fail-level warn log.jsonl": (
        "--fail-level: 'warn' is not 'error', 'warning' or 'note'; did you mean warning?"
    ),
    "validate --fail-level off log.jsonl": "--fail-level: 'off' is not 'error', 'warning' or 'note'",
    "validate --color alwys log.jsonl": "--color: 'alwys' is not 'auto', 'always' or 'never'; did you mean always?",
    "validate --select brokn-link log.jsonl": ("--select: there is no rule 'brokn-link'; did you mean broken-link?"),
    "validate --ignore nonsense log.jsonl": "--ignore: there is no rule 'nonsense'; `replay rules` lists them",
    "validate --severity brokn-link=error log.jsonl": (
        "--severity: there is no rule 'brokn-link'; did you mean broken-link?"
    ),
    "validate --severity broken-link log.jsonl": (
        "--severity: 'broken-link' is not RULE=error, =warning, =note or =off"
    ),
    "validate --severity broken-link=fatal log.jsonl": (
        "--severity: 'broken-link=fatal' is not RULE=error, =warning, =note or =off"
    ),
    "validate --severity broken-link=eror log.jsonl": (
        "--severity: 'broken-link=eror' is not RULE=error, =warning, =note or =off; did you mean error?"
    ),
    "validate --severity =off log.jsonl": "--severity: '=off' is not RULE=error, =warning, =note or =off",
    "explain brokn-link": "explain: there is no rule 'brokn-link'; did you mean broken-link?",
    "explain nonsense": "explain: there is no rule 'nonsense'; `replay rules` lists them",
    "schema enveloppe": "schema: there is no schema 'enveloppe'; did you mean envelope?",
    "schema nonsense": "schema: there is no schema 'nonsense'; there are envelope, record, legacy, report, findings",
    "validate --schema none log.jsonl": "--schema: none: no such file",
    "validate --schema log.jsonl log.jsonl": "--schema: log.jsonl is not JSON: ",
    "validate --schema /dev/zero log.jsonl": "--schema: /dev/zero is larger than 16 MiB",
}

NUMBERS = {
    f"validate {option} {value} log.jsonl": f"{option}: {said}"
    for option, least in (("--max-line-bytes", 1), ("--max-bytes", 1), ("--max-findings", 0))
    for value, said in (
        ("-5", f"-5 is less than {least}"),
        ("many", "'many' is not a whole number"),
        ("1.5", "'1.5' is not a whole number"),
        ("1e6", "'1e6' is not a whole number"),
    )
}

CONTRADICTIONS = {
    "validate --no-content --show-values log.jsonl": "--no-content: contradicts --show-values",
    "validate --exit-zero --fail-level note log.jsonl": "--exit-zero: contradicts --fail-level",
    "validate --ignore all log.jsonl": "--select, --ignore, --severity: leave no rule to ask",
    "validate --select broken-link --ignore S log.jsonl": "--select, --ignore, --severity: leave no rule to ask",
    "validate --select E108 log.jsonl": "--select: E108 is asked of the schema that --schema names",
    "validate --severity S104=note --severity S104=off log.jsonl": "--severity: S104 is graded note and off",
    "validate --stdin-filename name log.jsonl": "--stdin-filename: belongs to -, the standard input",
    "emit --stdin-filename name log.jsonl": "--stdin-filename: belongs to -, the standard input",
}

OUTPUTS = {
    "validate -o bare log.jsonl": "--output-file: bare cannot be written: Is a directory",
    "validate -o nowhere/report log.jsonl": (
        "--output-file: nowhere/report cannot be written: No such file or directory"
    ),
    "validate -o log.jsonl/report log.jsonl": "--output-file: log.jsonl/report cannot be written: Not a directory",
    f"validate -o {'x' * 300} log.jsonl": f"--output-file: {'x' * 300} cannot be written: File name too long",
    "validate -o log.jsonl log.jsonl": "--output-file: log.jsonl is one of the logs to read",
    "validate -o missing/../log.jsonl log.jsonl": (
        "--output-file: missing/../log.jsonl cannot be written: No such file or directory"
    ),
    "emit -o missing/../twin log.jsonl": "--output: missing/../twin cannot be written: No such file or directory",
    "emit --clean --quarantine missing/../log.jsonl -o new log.jsonl": (
        "--quarantine: missing/../log.jsonl cannot be written: No such file or directory"
    ),
    "tail --cursor missing/../list log.jsonl": (
        "--cursor: missing/../list cannot be written: No such file or directory"
    ),
    "validate -o log.jsonl .": "--output-file: log.jsonl is one of the logs to read",
    "validate -o ./bare/../log.jsonl log.jsonl": "--output-file: ./bare/../log.jsonl is one of the logs to read",
    "validate -o link log.jsonl": "--output-file: link is one of the logs to read",
    "validate -o log.jsonl link": "--output-file: log.jsonl is one of the logs to read",
    "validate -o twin log.jsonl": "--output-file: twin is one of the logs to read",
    "validate -o log.jsonl --files-from list": "--output-file: log.jsonl is one of the logs to read",
    "validate -o list --files-from list": "--output-file: list is the file of --files-from",
    "validate -o schema.json --schema schema.json log.jsonl": "--output-file: schema.json is the file of --schema",
}


@pytest.mark.parametrize(("words", "said"), [*(WORDS | VALUES | NUMBERS | CONTRADICTIONS | OUTPUTS).items()])
def test_what_cannot_be_meant_is_one_line(called: Replay, tmp_path: Path, words: str, said: str) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    ran = called(*words.split())

    assert (2, "") == (ran.code, ran.stdout)
    (line,) = ran.said
    assert line.startswith(f"replay: {said}")
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}


OPTIONS = ("--stdin-filename", "--exclude", "--files-from", "--schema", "--select", "--ignore", "--severity", "-o")


@pytest.mark.parametrize("option", OPTIONS)
def test_an_empty_value_is_taken_for_a_variable_that_was_not_set(called: Replay, option: str) -> None:
    ran = called("validate", option, "", "log.jsonl")

    name = "--output-file" if option == "-o" else option
    assert (2, "", [f"replay: {name}: is given an empty value; was a variable not set?"]) == (
        ran.code,
        ran.stdout,
        ran.said,
    )


@pytest.mark.parametrize("option", ["--format", "--profile", "--max-bytes", "--max-findings"])
def test_an_empty_value_is_no_choice_and_no_number(called: Replay, option: str) -> None:
    ran = called("validate", f"{option}=", "log.jsonl")

    assert (2, "") == (ran.code, ran.stdout)
    (line,) = ran.said
    assert line.startswith(f"replay: {option}: '' is not ")


def test_an_output_file_that_is_the_standard_input_is_left_alone(tmp_path: Path) -> None:
    with open(tmp_path / "log.jsonl", "rb") as log:
        ran = subprocess.run(
            [*COMMAND, "validate", "-", "-o", "log.jsonl"], cwd=tmp_path, env=environment(), stdin=log
        )

    assert (2, LOG) == (ran.returncode, (tmp_path / "log.jsonl").read_bytes())


def test_what_a_list_names_and_is_not_there_is_a_line_each_and_the_rest_is_read(
    called: Replay, tmp_path: Path
) -> None:
    (tmp_path / "list").write_text("one.jsonl\nlog.jsonl\ntwo.jsonl\none.jsonl\n")

    ran = called("validate", "--files-from", "list")

    told = [f"replay: no such file: {name}.jsonl (listed by --files-from list)" for name in ("one", "two")]
    assert (2, "", [*told, "replay: log.jsonl: the runtime reads it whole"]) == (ran.code, ran.stdout, ran.said)
    assert "1 source, 3 events" in ran.stderr


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
@pytest.mark.parametrize("name", ["/dev/zero", "-"])
def test_a_list_without_an_end_is_told_and_does_not_fill_the_memory(tmp_path: Path, name: str) -> None:
    with open("/dev/zero", "rb") as endless:
        ran = subprocess.run(
            [*COMMAND, "validate", "--files-from", name],
            cwd=tmp_path,
            env=environment(),
            stdin=endless,
            capture_output=True,
            text=True,
            timeout=60,
        )

    said = f"replay: --files-from: {name} is larger than 64 MiB, and so no list of paths"
    assert (2, "", said) == (ran.returncode, ran.stdout, ran.stderr.splitlines()[0])


@pytest.mark.parametrize("name", ["missing", "bare"])
def test_a_list_that_cannot_be_read_names_its_option(called: Replay, name: str) -> None:
    ran = called("validate", "--files-from", name)

    assert (2, "") == (ran.code, ran.stdout)
    (line,) = ran.said
    assert line.startswith("replay: --files-from: ")
    assert name in line


@pytest.mark.parametrize("words", ["--fo\no", "validate\n", "validate --format js\x1bon x", "rules a\nb"])
def test_no_word_reaches_the_terminal_raw(called: Replay, words: str) -> None:
    ran = called(*words.split(" "))

    assert (2, "", 1) == (ran.code, ran.stdout, ran.stderr.count("\n"))
    assert ran.stderr[:-1].isprintable()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", ["--version", "--help", "rules", "explain S101", "schema", "validate log.jsonl"])
def test_a_full_disk_under_stdout_is_one_line(tmp_path: Path, words: str) -> None:
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(
            [*COMMAND, *words.split(), *(["--format", "json"] if "validate" in words else [])],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert (2, 1) == (ran.returncode, ran.stderr.count("\n"))
    assert os.strerror(28) in ran.stderr
