"""The command line, run as a user runs it: exit codes, what goes where, options, interruptions."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import lzma
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import COMMAND, FORMATS, ROOT, Ran, Replay, environment
from tests.making import capture, compact, envelope, message, record, store
from tests.recordings import shared

CLEAN = store(1, 2, 3)
BROKEN = b"{oops\n"
COMPAT = ROOT / "fixtures" / "recorded" / "captures" / "compat.sse"
AUDIT_LOG = b'{"ts":"2026-11-21T06:00:00Z","event":"login","details":{}}\n' * 3

FILES = {
    "clean.jsonl": CLEAN,
    "damaged.jsonl": store(1, 2) + BROKEN + store(3),
    "warned.jsonl": store(1) + b"\n" + store(2),
    "noted.jsonl": record(1, timestamp="2026-11-21T07:00:00Z") + record(2),
    "empty.jsonl": b"",
    "foreign.jsonl": AUDIT_LOG,
    "cut.jsonl.gz": gzip.compress(store(*range(1, 200)))[:-40],
    "clean.sse": capture((1, 0), (2, 1), (3, 2)),
    "damaged.sse": capture((1, 0), (4, 3)),
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "bare").mkdir()


# --- Exit codes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("clean.jsonl", 0),
        ("damaged.jsonl", 1),
        ("damaged.sse", 1),
        ("foreign.jsonl", 1),
        ("missing.jsonl", 2),
        ("empty.jsonl", 3),
        ("bare", 3),
        ("cut.jsonl.gz", 4),
        ("warned.jsonl", 0),
        ("warned.jsonl --fail-level warning", 1),
        ("noted.jsonl --fail-level warning", 0),
        ("noted.jsonl --fail-level note", 1),
        ("damaged.jsonl --exit-zero", 0),
        ("empty.jsonl --exit-zero", 3),
        ("cut.jsonl.gz --exit-zero", 4),
        ("damaged.jsonl --ignore not-json", 0),
        ("damaged.jsonl --severity not-json=warning", 0),
        ("warned.jsonl --severity blank-line=error", 1),
        ("damaged.jsonl --max-findings 0", 1),
    ],
)
def test_the_exit_code_says_how_it_went(replay: Replay, words: str, code: int) -> None:
    assert code == replay("validate", *words.split()).code


DUE = {"missing.jsonl": 2, "cut.jsonl.gz": 4, "damaged.jsonl": 1, "empty.jsonl": 3, "clean.jsonl": 0}
COMBINATIONS = [names for size in range(2, 6) for names in itertools.combinations(DUE, size)]


@pytest.mark.parametrize("names", COMBINATIONS, ids=" ".join)
def test_of_several_exit_codes_the_gravest_wins(replay: Replay, names: tuple[str, ...]) -> None:
    with_events = [name for name in names if name not in ("missing.jsonl", "empty.jsonl")]
    due = {DUE[name] for name in names} - ({3} if with_events else set())

    assert next(code for code in (2, 4, 1, 3, 0) if code in due) == replay("validate", *reversed(names)).code


@pytest.mark.parametrize(
    "words",
    [
        "validate",
        "validate --profile nonsense clean.jsonl",
        "validate --max-line-bytes 0 clean.jsonl",
        "validate --max-findings -1 clean.jsonl",
        "validate --select nonsense clean.jsonl",
        "validate --ignore nonsense clean.jsonl",
        "validate --severity not-json clean.jsonl",
        "validate --severity not-json=fatal clean.jsonl",
        "validate --fail-level off clean.jsonl",
        "validate --output-file bare clean.jsonl",
        "validate --output-file nowhere/report clean.jsonl",
        "validate --output-file clean.jsonl clean.jsonl",
        "validate --files-from missing",
        "explain nonsense",
        "schema nonsense",
        "nonsense",
    ],
)
def test_what_cannot_be_meant_is_told_and_ends_with_2(replay: Replay, words: str) -> None:
    ran = replay(*words.split())

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("- -", "standard input can be read only once, but - is given twice"),
        ("--files-from - -", "- is the list of --files-from already and cannot be an input too"),
    ],
)
def test_stdin_serves_one_purpose(replay: Replay, words: str, said: str) -> None:
    ran = replay("validate", *words.split(), stdin=CLEAN)

    assert (2, [f"replay: {said}"]) == (ran.code, [line for line in ran.said if "- " in line])


def test_an_output_file_that_is_a_log_to_read_is_left_alone(replay: Replay, tmp_path: Path) -> None:
    replay("validate", "--output-file", "clean.jsonl", ".")

    assert CLEAN == (tmp_path / "clean.jsonl").read_bytes()


# --- What goes where --------------------------------------------------------------------------------------------


def test_concise_has_a_line_for_each_finding_that_editors_can_read(replay: Replay) -> None:
    assert [
        "damaged.jsonl:3:2: J101 not-json expecting property name enclosed in double quotes",
        "warned.jsonl:2:1: F102 blank-line line is empty or white space only",
    ] == replay("validate", "damaged.jsonl", "warned.jsonl").findings


def test_stdout_holds_findings_only_and_a_clean_run_leaves_it_empty(replay: Replay) -> None:
    ran = replay("validate", "clean.jsonl", "clean.sse")

    assert ("", "replay: 2 sources, 6 events: 0 errors, 0 warnings, 0 notes\n") == (ran.stdout, ran.stderr)


def test_the_verdict_of_a_log_with_findings_goes_to_stderr_beside_concise(replay: Replay) -> None:
    ran = replay("validate", "damaged.sse")

    assert ["replay: damaged.sse: a client accepts 1 of 2 events, reloads at seq 4, 1 time in all"] == ran.said


def test_quiet_leaves_findings_and_nothing_else(replay: Replay) -> None:
    ran = replay("validate", "-q", "clean.jsonl", "damaged.jsonl")

    assert (1, "") == (len(ran.findings), ran.stderr)


def test_quiet_text_names_only_logs_with_findings(replay: Replay) -> None:
    ran = replay("validate", "-q", "--format", "text", "clean.jsonl", "damaged.jsonl")

    assert "clean.jsonl" not in ran.stdout
    assert "verdict" not in ran.stdout
    assert "damaged.jsonl" in ran.stdout


def test_text_shows_the_place_and_the_verdict(replay: Replay) -> None:
    place = "          {oops\n           ^\n"
    ran = replay("validate", "--format", "text", "damaged.jsonl")

    assert re.search(r"3:2 +error +J101 not-json: ", ran.stdout)
    assert place.split() == [word for word in ran.stdout.split() if word in ("{oops", "^")]
    assert "verdict: the runtime starts, but streaming this thread fails at line 3\n" in ran.stdout
    assert ran.stdout.endswith("1 source, 3 events: 1 error, 0 warnings, 0 notes\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_output_file_holds_what_stdout_would(replay: Replay, tmp_path: Path, form: str) -> None:
    logs = ("damaged.jsonl", "clean.jsonl", "cut.jsonl.gz")
    shown = replay("validate", "--format", form, *logs)
    ran = replay("validate", "--format", form, "--output-file", "report", *logs)

    assert (shown.code, "") == (ran.code, ran.stdout)
    assert shown.stdout == (tmp_path / "report").read_text()


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_same_input_gives_the_same_output(replay: Replay, form: str) -> None:
    words = ("validate", "--format", form, "--statistics", ".")
    first, second = (replay(*words, env={"PYTHONHASHSEED": seed}) for seed in "12")

    assert first == second


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "text"])
def test_machine_formats_carry_no_content(replay: Replay, tmp_path: Path, form: str) -> None:
    secret = "hunter2"
    lines = [
        record(1, payload={"delta": secret, "kind": secret}),
        record(2, payload={"delta": secret})[:-9] + b"\n",
        record(3, payload=secret).replace(b":3,", b':"hunter2",'),
        record(4, "turn.completed", payload={"turn": {"id": "turn_2", "status": "queued", "error": secret}}),
        record(4, payload=secret) + record(4, payload=secret + "!"),
        record(5, payload=secret)[:-1] + record(6),
        record(7, timestamp=secret),
        record(8, payload=secret).replace(b'"payload"', b'"payload":"' + secret.encode() + b'","payload"'),
        b'"' + secret.encode() + b'"\n',
        record(9, payload=secret)[:-1],
    ]
    (tmp_path / "secret.jsonl").write_bytes(b"".join(lines))

    ran = replay("validate", "--format", form, "secret.jsonl")

    assert 1 == ran.code
    assert secret not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            record(1) + record(2, "turn.completed", payload={"turn": {"id": "turn_1", "status": "hunter2"}})
        ),
        pytest.param(capture((1, 0)) + b"event: x\ndata: {}\nmy password is hunter2\n\n" + capture((2, 1))),
    ],
    ids=["status", "stray line of a capture"],
)
def test_what_is_no_name_is_not_taken_for_one(replay: Replay, log: bytes) -> None:
    assert "hunter2" not in replay("validate", "--format", "json", "-", stdin=log).stdout


# --- JSON -------------------------------------------------------------------------------------------------------


def document(ran: Ran) -> dict[str, Any]:
    read = json.loads(ran.stdout)
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize(
    "words",
    [
        "clean.jsonl",
        "damaged.jsonl clean.sse",
        "damaged.jsonl --statistics",
        "empty.jsonl",
        "bare",
        "cut.jsonl.gz",
        "missing.jsonl clean.jsonl",
        "missing.jsonl",
        "foreign.jsonl",
        ".",
    ],
)
def test_the_json_document_fulfils_its_schema_whatever_the_input(replay: Replay, words: str) -> None:
    ran = replay("validate", "--format", "json", *words.split())

    jsonschema.validate(document(ran), json.loads((ROOT / "schemas" / "report.schema.json").read_text()))
    assert ran.code == document(ran)["exit_code"]


def test_the_json_document_says_of_each_finding_where_it_is(replay: Replay) -> None:
    (source,) = document(replay("validate", "--format", "json", "damaged.jsonl"))["sources"]

    (finding,) = source["findings"]
    assert ("J101", "error", 3, 2) == tuple(finding[name] for name in ("code", "severity", "line", "column"))
    assert b"oops" == FILES["damaged.jsonl"][finding["offset"] :][:4]


def test_the_json_document_names_what_could_not_be_read(replay: Replay) -> None:
    read = document(replay("validate", "--format", "json", "missing.jsonl", "cut.jsonl.gz"))

    assert ["no such file: missing.jsonl", "cut.jsonl.gz"] == [
        told.partition(": gzip")[0] for told in read["problems"]
    ]


def test_every_place_in_a_report_is_where_it_says(replay: Replay) -> None:
    recorded = [shared(f"recorded/{name}") for name in ("captures", "torn", "old")]
    read = document(replay("validate", "--format", "json", ".", *recorded, ROOT / "fixtures" / "damaged"))["sources"]
    assert 50 < len(read)
    for source in read:
        if "compression" in source or source["profile"] == "foreign":
            continue
        data = Path(source["source"]).read_bytes() if source["source"][0] == "/" else FILES[source["source"][2:]]
        ends = rb"\r\n|\n|\r" if source["framing"] == "sse" else rb"\n"
        assert (len(data), len(re.findall(ends, data))) == (source["bytes"], source["lines"])
        assert sum(source["counts"].values()) == len(source["findings"]) == sum(source["rules"].values())
        for finding in source["findings"]:
            before = re.split(ends, data[: finding["offset"]])
            assert (len(before), len(before[-1]) + 1) == (finding["line"], finding["column"])


# --- Options ----------------------------------------------------------------------------------------------------

ORDER = store(1, 2, 9) + b"\n" + store(8) + BROKEN


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", "blank-line seq-step-back not-json"),
        ("--select not-json", "not-json"),
        ("--select S1,F102", "blank-line seq-step-back"),
        ("--select all", "blank-line seq-step-back not-json"),
        ("--select all --ignore S,J,F", ""),
        ("--ignore S", "blank-line not-json"),
        ("--severity J101=error --ignore J101", "blank-line seq-step-back"),
        ("--severity blank-line=off", "seq-step-back not-json"),
        ("--select seq-gap", "seq-gap"),
        ("--severity seq-gap=note --ignore S102,J,F", "seq-gap"),
    ],
)
def test_rules_are_chosen(replay: Replay, tmp_path: Path, words: str, found: str) -> None:
    (tmp_path / "order.jsonl").write_bytes(ORDER)

    ran = replay("validate", *words.split(), "order.jsonl")

    assert found.split() == [line.split()[2] for line in ran.findings]


@pytest.mark.parametrize("form", ["concise", "text", "json"])
def test_findings_beyond_the_most_are_counted_and_said_to_be_there(replay: Replay, tmp_path: Path, form: str) -> None:
    (tmp_path / "bad.jsonl").write_bytes(store(1) + BROKEN * 7)

    ran = replay("validate", "--format", form, "--max-findings", "3", "bad.jsonl")

    assert 3 == ran.stdout.count("J101")
    assert re.search(r'4 more findings|"not_shown":4', ran.stdout)


@pytest.mark.parametrize("source", ["log.jsonl", "-"])
def test_neither_verdict_nor_counts_depend_on_how_many_findings_are_listed(
    replay: Replay, tmp_path: Path, source: str
) -> None:
    log = capture((1, 0), (4, 3), (5, 4), (9, 8), (5, 4), (12, 11))
    (tmp_path / "log.jsonl").write_bytes(log)

    told = []
    for most in ("1000", "1", "0"):
        (one,) = document(replay("validate", "--format", "json", "--max-findings", most, source, stdin=log))[
            "sources"
        ]
        told.append([one[name] for name in ("verdict", "counts", "rules")])

    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--no-fast clean.jsonl", "not asked for (--no-fast)"),
        ("compat.sse", "a stream of another kind than the prover knows"),
        ("--schema any.json clean.jsonl", "a schema of your own, of which the prover knows nothing (--schema)"),
        ("--max-line-bytes 2000 clean.jsonl", "lines that may be too long (--max-line-bytes below 1048576)"),
        ("clean.jsonl", "frames in less than 8192 bytes, too few to learn a layout from"),
    ],
)
def test_statistics_tell_why_nothing_was_proven(words: str, reason: str, replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "any.json").write_text("{}")
    (tmp_path / "compat.sse").write_bytes(COMPAT.read_bytes())
    (source,) = document(replay("validate", "--format", "json", "--statistics", *words.split()))["sources"]

    assert (source["proven"], source["unproven"]) == (0, {reason: source["bytes"]})


def test_statistics_tell_how_often_a_rule_could_be_asked(replay: Replay) -> None:
    (source,) = document(replay("validate", "--format", "json", "--statistics", "damaged.sse"))["sources"]

    asked = {row["name"]: (row["looked_at"], row["findings"]) for row in source["statistics"]}
    assert (2, 0) == asked["kind-mismatch"]
    assert (1, 1) == asked["broken-link"]
    assert (0, 0) == asked["torn-tail"] == asked["user-schema-violation"]


def test_concise_tells_the_verdict_of_the_only_source_and_of_each_with_findings(replay: Replay) -> None:
    def told(*words: str) -> list[str]:
        return replay("validate", "--format", "concise", *words).stderr.splitlines()

    assert ["replay: clean.jsonl: the runtime reads it whole"] == told("clean.jsonl")[:-1]
    assert ["replay: damaged.sse: a client"] == [one[:29] for one in told("clean.jsonl", "damaged.sse")[:-1]]
    assert "replay: damaged.sse: a client" == told("damaged.sse", "--max-findings", "0")[0][:29]


@pytest.mark.parametrize(
    ("words", "profile"),
    [
        ("clean.jsonl", "record"),
        ("clean.jsonl --profile envelope", "envelope"),
        ("clean.jsonl --profile legacy", "legacy"),
        ("clean.sse", "envelope"),
        ("foreign.jsonl", "foreign"),
        ("foreign.jsonl --profile record", "record"),
    ],
)
def test_the_profile_is_by_content_unless_it_is_given(replay: Replay, words: str, profile: str) -> None:
    (source,) = document(replay("validate", "--format", "json", *words.split()))["sources"]

    assert (profile, "option" if "--profile" in words else "content") == (source["profile"], source["chosen_by"])


@pytest.mark.parametrize("limit", [150, 250])
def test_a_line_over_the_limit_is_an_error_and_is_not_examined(replay: Replay, tmp_path: Path, limit: int) -> None:
    (tmp_path / "long.jsonl").write_bytes(store(1) + b"{" + b"x" * 300 + b"\n" + store(2))

    found = replay("validate", "--max-line-bytes", str(limit), "long.jsonl").findings

    lines = [1, 2, 3] if limit == 150 else [2]
    assert [f"long.jsonl:{line}:1: F105" for line in lines] == [line[:20] for line in found if "F105" in line]
    assert "J101" not in str(found)


@pytest.mark.parametrize(
    ("words", "variables", "colored"),
    [
        ("", {}, False),
        ("", {"FORCE_COLOR": "1"}, True),
        ("", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("", {"FORCE_COLOR": ""}, False),
        ("--color always", {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_is_by_option_then_environment_then_terminal(
    replay: Replay, words: str, variables: dict[str, str], colored: bool
) -> None:
    ran = replay("validate", "--format", "text", *words.split(), "damaged.jsonl", env=variables)

    assert colored is ("\x1b[" in ran.stdout)


def on_a_terminal(folder: Path, *words: str, **variables: str) -> str:
    """What the command shows on a terminal, line ends as written."""
    leader, follower = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=environment(variables), stdin=follower, stdout=follower, stderr=follower
    ):
        os.close(follower)
        try:
            while data := os.read(leader, 4096):
                shown += data
        except OSError:  # the other end is closed
            pass
    os.close(leader)
    return shown.decode().replace("\r\n", "\n")


def test_on_a_terminal_the_default_is_text_in_colour(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path, "validate", "damaged.jsonl", TERM="xterm")

    assert "\x1b[1mdamaged.jsonl\x1b[0m\n" in shown
    assert "verdict\x1b[0m: the runtime starts, but streaming this thread fails at line 3\n" in shown


def test_a_terminal_that_is_dumb_gets_no_colour(tmp_path: Path) -> None:
    assert "\x1b" not in on_a_terminal(tmp_path, "validate", "damaged.jsonl", TERM="dumb")


# --- Verdicts ---------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def verdict(replay: Replay, log: bytes, *words: str) -> str:
    (source,) = document(replay("validate", "--format", "json", *words, "-", stdin=log))["sources"]
    return str(source["verdict"])


def test_a_client_is_not_said_to_reload_for_an_event_that_was_only_too_long_to_examine(replay: Replay) -> None:
    long = message(envelope(2, 1, payload={"delta": "x" * 2000, "kind": "agent_message"}))

    assert "reload" not in verdict(replay, capture((1, 0)) + long + capture((3, 2)), "--max-line-bytes", "1500")


def test_a_capture_is_told_as_what_a_client_does_whatever_the_profile(replay: Replay) -> None:
    assert verdict(replay, FILES["clean.sse"], "--profile", "record").startswith("a client ")


def test_a_capture_is_of_one_thread_and_a_log_of_envelopes_may_be_of_several(replay: Replay, tmp_path: Path) -> None:
    """The server streams one thread at a time (CONTRACT.md 3.2); nobody promises that of a file of envelopes."""
    events = [envelope(1, 0), envelope(2, 0, thread="thr_2"), envelope(3, 1)]
    lines = b"".join(compact(event) + b"\n" for event in events)
    (tmp_path / "two.sse").write_bytes(b"".join(map(message, events)))

    told = document(replay("validate", "--format", "json", "two.sse"))["sources"][0]["verdict"]
    assert "a client accepts 2 of 3 events and ignores 1 of another thread" == told
    assert "a client of each thread accepts all 3 events" == verdict(replay, lines)


def test_an_event_that_comes_late_is_not_said_to_have_been_seen(replay: Replay) -> None:
    assert "already seen" not in verdict(replay, capture((1, 0), (3, 1), (2, 1), (4, 3)))


def test_a_new_connection_is_told_once(replay: Replay) -> None:
    log = HEAD + capture((1, 0), (2, 1), (3, 2)) + HEAD + capture((2, 1), (3, 2), (4, 3))

    assert 1 == replay("validate", "-", stdin=log).stdout.count("new-connection")


# --- Inputs -----------------------------------------------------------------------------------------------------


def sources(ran: Ran) -> list[str]:
    return [source["source"] for source in document(ran)["sources"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("logs", "logs/a.jsonl logs/b.sse logs/deep/c.ndjson.gz"),
        ("logs/b.sse logs", "logs/b.sse logs/a.jsonl logs/deep/c.ndjson.gz"),
        ("logs/*", "logs/a.jsonl logs/b.sse logs/deep/c.ndjson.gz logs/notes.txt"),
        ("logs/**/c*", "logs/deep/c.ndjson.gz"),
        ("logs/notes.txt", "logs/notes.txt"),
        ("logs --exclude deep", "logs/a.jsonl logs/b.sse"),
        ("logs --exclude *.sse --exclude deep/", "logs/a.jsonl"),
        ("--files-from list", "logs/b.sse logs/a.jsonl"),
        ("logs/a.jsonl --files-from list", "logs/a.jsonl logs/b.sse"),
    ],
)
def test_files_folders_patterns_and_lists_name_logs(replay: Replay, tmp_path: Path, words: str, found: str) -> None:
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    for name in ("a.jsonl", "notes.txt", ".hidden.jsonl", "deep/c.ndjson.gz"):
        (tmp_path / "logs" / name).write_bytes(CLEAN)
    (tmp_path / "logs" / "b.sse").write_bytes(FILES["clean.sse"])
    (tmp_path / "logs" / "app.log").write_bytes(AUDIT_LOG)
    (tmp_path / "list").write_text("logs/b.sse\n\nlogs/a.jsonl\n")

    assert found.split() == sources(replay("validate", "--format", "json", *words.split()))


def test_stdin_is_read_by_a_hyphen_and_called_as_asked(replay: Replay) -> None:
    damaged = FILES["damaged.jsonl"]

    assert replay("validate", "-", stdin=damaged).stdout.startswith("<stdin>:3:2: J101")
    assert replay("validate", "--stdin-filename", "x.log", "-", stdin=damaged).stdout.startswith("x.log:3:2: J101")


def test_paths_may_come_from_stdin(replay: Replay) -> None:
    ran = replay("validate", "--format", "json", "--files-from", "-", stdin=b"clean.jsonl\0damaged.jsonl\0")

    assert ["clean.jsonl", "damaged.jsonl"] == sources(ran)


def zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression.zstd import compress
    else:
        from backports.zstd import compress
    return compress(data)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
}


def test_compression_is_known_by_content_and_places_are_those_inside(replay: Replay, tmp_path: Path) -> None:
    log = FILES["damaged.jsonl"]
    for name, pack in PACKED.items():
        (tmp_path / f"{name}.txt").write_bytes(pack(log))

    read = document(replay("validate", "--format", "json", *(f"{name}.txt" for name in PACKED)))["sources"]

    assert list(PACKED) == [source["compression"] for source in read]
    assert {(len(log), 4, 3)} == {(one["bytes"], one["lines"], one["findings"][0]["line"]) for one in read}


def test_compressed_logs_come_through_stdin_too(replay: Replay) -> None:
    assert ["<stdin>:3:2: J101"] == [
        line[:17] for line in replay("validate", "-", stdin=zstd(FILES["damaged.jsonl"])).findings
    ]


PRELUDES = {
    "byte-order mark": b"\xef\xbb\xbf",
    "comment": b": hello\n\n",
    "retry": b"retry: 3000\n\n",
    "curl -i": b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
}
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


def test_a_capture_is_known_by_content_however_it_begins_and_its_lines_end(replay: Replay, tmp_path: Path) -> None:
    for (prelude, first), (end, ending) in itertools.product(PRELUDES.items(), ENDS.items()):
        (tmp_path / f"{prelude}, {end}").write_bytes(first + FILES["clean.sse"].replace(b"\n", ending))

    read = document(replay("validate", "--format", "json", "*,*"))["sources"]

    assert len(PRELUDES) * len(ENDS) == len(read)
    assert {("sse", 3, "a client accepts all 3 events", 0)} == {
        (one["framing"], one["events"], one["verdict"], one["counts"]["error"] + one["counts"]["warning"])
        for one in read
    }


@pytest.mark.parametrize("framing", ["jsonl", "sse"])
def test_framing_overrides_what_the_content_looks_like(replay: Replay, framing: str) -> None:
    other = {"jsonl": "clean.sse", "sse": "clean.jsonl"}[framing]

    (report,) = document(replay("validate", "--format", "json", "--framing", framing, other))["sources"]

    assert (framing, 0) == (report["framing"], report["events"])


def test_other_logs_in_a_folder_are_skipped_and_counted_but_told_when_named(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_bytes(AUDIT_LOG)
    (tmp_path / "logs" / "a.jsonl").write_bytes(CLEAN)

    assert "replay: 1 source, 1 other log skipped, 3 events: 0 errors" in replay("validate", "logs").stderr
    assert 1 == replay("validate", "logs/app.log").code


def test_an_http_response_that_is_no_event_stream_is_one_error_that_names_it(replay: Replay) -> None:
    names = ("events_post", "get_origin_evil", "health", "no_token", "thread_story", "threads", "unknown_route")
    ran = replay("validate", *(shared(f"recorded/http/{name}.http") for name in names))

    assert ["L101 foreign-log an HTTP response ("] * len(names) == [line.split(": ")[1][:35] for line in ran.findings]


@pytest.mark.parametrize(("name", "said"), [("preflight_ok", "an HTTP response (200 OK"), ("events_post", "405")])
def test_a_response_without_a_content_type_is_not_said_to_have_one(replay: Replay, name: str, said: str) -> None:
    (finding,) = replay("validate", shared(f"recorded/http/{name}.http")).findings

    assert said in finding
    assert "text/event-stream" not in finding


# --- What a log holds never reaches the terminal raw ------------------------------------------------------------

EVIL = "\x1b[31m\x07\x7f\x85\u200b\u2028\u202e\u2066\ufeff"


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_unprintable_comes_out_whatever_names_and_logs_hold(
    replay: Replay, tmp_path: Path, form: str
) -> None:
    log = [
        record(1, EVIL, thread=EVIL),
        record(1, EVIL + "2", thread=EVIL),
        record(0, thread=EVIL, payload={EVIL: EVIL}),
        record(7, thread=EVIL).replace(b"}\n", f',"{EVIL[1:]}":1,"{EVIL[1:]}":2}}\n'.encode()),
        record(2).replace(b":2,", f':"{EVIL}",'.encode()),
        f'{{"{EVIL}":\n'.encode(),
        EVIL.encode() + b"\xff\n",
    ]
    events = [
        message(envelope(1, 0, thread=EVIL, kind=EVIL, created_at=EVIL), EVIL),
        f"{EVIL}: x\nid: {EVIL}\nevent: {EVIL}\n\n".encode(),
        message(envelope(9, 7, thread="\\" + EVIL, previous_seq=EVIL)),
    ]
    (tmp_path / f"{EVIL}\n.jsonl").write_bytes(b"".join(log))
    (tmp_path / f"{EVIL}.sse").write_bytes(b"".join(events))

    ran = replay("validate", "--format", form, "--statistics", ".", f"missing{EVIL}", f"none*{EVIL}")

    shown = set((ran.stdout + ran.stderr).replace("\n", ""))
    assert [] == sorted(character for character in shown if not character.isprintable())


# --- Closed pipes, Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["validate many.jsonl", "validate --format text many.jsonl", "validate --format json many.jsonl", "rules"],
)
def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, words: str) -> None:
    (tmp_path / "many.jsonl").write_bytes(store(1) + BROKEN * 2000)

    with subprocess.Popen(
        [*COMMAND, *words.split(), *(["--max-findings", "2000"] if "many" in words else [])],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        said = run.stderr.read()

    assert b"" == said or said.startswith(b"replay: ")
    assert run.returncode in (0, 1)


def interrupted(folder: Path, *words: str) -> Ran:
    """The command, stopped by Ctrl-C while it waits for more of a FIFO, of which it was given a part."""
    os.mkfifo(folder / "pipe")
    read, done = threading.Event(), threading.Event()

    def write() -> None:
        with open(folder / "pipe", "wb", buffering=0) as pipe:
            pipe.write(store(1) + BROKEN + b" " * 70_000 + b"\n")
            read.set()
            done.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    run = subprocess.Popen(
        [*COMMAND, *words, "pipe"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell's background jobs ignore Ctrl-C; a test may run in one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert read.wait(30)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        stdout, stderr = run.communicate(timeout=20)
    finally:
        run.kill()
        done.set()
        writer.join(30)
    return Ran(run.returncode, stdout.decode(), stderr.decode())


@pytest.mark.parametrize("words", [(), ("damaged.jsonl",), ("missing.jsonl", "cut.jsonl.gz", "empty.jsonl")])
def test_ctrl_c_ends_with_130_whatever_else_is_due(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = interrupted(tmp_path, "validate", *words)

    assert 130 == ran.code
    assert "Traceback" not in ran.stderr


def test_ctrl_c_keeps_the_findings_of_the_logs_before(tmp_path: Path) -> None:
    assert "damaged.jsonl:3:2: J101" in interrupted(tmp_path, "validate", "damaged.jsonl").stdout


def test_the_json_document_is_whole_after_ctrl_c(tmp_path: Path) -> None:
    assert 130 == document(interrupted(tmp_path, "validate", "--format", "json", "damaged.jsonl"))["exit_code"]


def test_ctrl_c_leaves_the_old_output_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("old")
    before = {path.name for path in tmp_path.iterdir()}

    interrupted(tmp_path, "validate", "--output-file", "report", "damaged.jsonl")

    assert "old" == (tmp_path / "report").read_text()
    assert before | {"pipe"} == {path.name for path in tmp_path.iterdir()}


# --- The other commands -----------------------------------------------------------------------------------------


def test_version_and_help_end_with_0(replay: Replay) -> None:
    assert re.fullmatch(r"replay \d+\.\d+\.\d+\n", replay("--version").stdout)
    for words in ("--help", "validate -h"):
        ran = replay(*words.split())
        assert (0, "") == (ran.code, ran.stderr)
        assert "Usage:" in ran.stdout


def test_rules_lists_each_rule_with_code_name_and_severity(replay: Replay) -> None:
    listed = replay("rules").findings

    assert any(re.match(r"S102 +seq-step-back +error +\w", line) for line in listed)
    assert len(listed) == len(json.loads(replay("rules", "--format", "json").stdout))


@pytest.mark.parametrize("name", ["S104", "s104", "broken-link"])
def test_explain_takes_a_code_or_a_name(replay: Replay, name: str) -> None:
    assert replay("explain", name).stdout.startswith("S104 broken-link (error)\n")


@pytest.mark.parametrize("name", ["envelope", "record", "legacy", "report"])
def test_schema_prints_a_json_schema(replay: Replay, name: str) -> None:
    read = json.loads(replay("schema", name).stdout)

    jsonschema.Draft202012Validator.check_schema(read)
    assert {"$id", "$schema", "title"} <= read.keys()
