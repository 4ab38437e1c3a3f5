"""``replay emit`` as a user runs it: what it selects, cleans, keeps beside, refuses and says."""

from __future__ import annotations

import base64
import gzip
import json
import os
import stat
import subprocess
import sys
from array import array
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import replay_cli
from replay_cli import ring
from replay_cli.profiles import schema_text
from tests.conftest import ROOT, Replay
from tests.making import capture, compact, envelope, message, record, store

LINES = [compact(envelope(seq, seq - 1)) + b"\n" for seq in range(1, 11)]
LOG = b"".join(LINES)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    path.write_bytes(LOG)
    return path


def lines(*seqs: int) -> str:
    return b"".join(LINES[seq - 1] for seq in seqs).decode()


def said(text: str) -> list[str]:
    return [line.removeprefix("replay: ") for line in text.splitlines()]


# --- Select -------------------------------------------------------------------------------------------------------

SELECTIONS = {
    "since_seq is exclusive": (["--since-seq", "7"], (8, 9, 10)),
    "until_seq is inclusive": (["--until-seq", "2"], (1, 2)),
    "a range of seqs": (["--since-seq", "2", "--until-seq", "4"], (3, 4)),
    "since a time": (["--since", "2026-11-21T06:00:09.120Z"], (9, 10)),
    "until a time": (["--until", "2026-11-21T06:00:02.120Z"], (1, 2)),
    "a time in another zone": (["--since", "2026-11-21T07:00:09.12+01:00"], (9, 10)),
    "a time long ago": (["--until", "-3h", "--head", "1"], (1,)),
    "since yesterday": (["--since", "2026-11-20", "--head", "1"], (1,)),
    "a thread": (["--thread", "thr_1", "--head", "2"], (1, 2)),
    "a turn": (["--turn", "turn_1", "--head", "1"], (1,)),
    "an item": (["--item", "item_1", "--last", "1"], (10,)),
    "one of several items": (["--item", "other,item_1", "--last", "1"], (10,)),
    "an event": (["--event", "item.*", "--last", "2"], (9, 10)),
    "the last glob decides": (["--event", "!item.delta", "--event", "item.*", "--head", "1"], (1,)),
    "where": (["--where", "payload.kind == 'agent_message' && seq > `8`"], (9, 10)),
    "the first": (["--head", "3"], (1, 2, 3)),
    "the last": (["--last", "3"], (8, 9, 10)),
    "none": (["--head", "0"], ()),
}


@pytest.mark.parametrize(("words", "seqs"), SELECTIONS.values(), ids=SELECTIONS.keys())
def test_a_selection_writes_these_events(replay: Replay, log: Path, words: list[str], seqs: tuple[int, ...]) -> None:
    ran = replay("emit", *words, log)

    assert (0, lines(*seqs)) == (ran.code, ran.stdout)


NOTHING = {
    "another thread": ["--thread", "thr_9"],
    "another turn": ["--turn", "turn_9"],
    "another item": ["--item", "item_9"],
    "an event left out": ["--event", "item.*", "--event", "!item.delta"],
    "a question that is false": ["--where", "payload.kind == 'agent_reasoning'"],
    "a question that is null": ["--where", "payload.nothing"],
    "a question about what is not there": ["--where", "length(payload.nothing) > `1`"],
}


@pytest.mark.parametrize("words", NOTHING.values(), ids=NOTHING.keys())
def test_a_selection_may_be_empty(replay: Replay, log: Path, words: list[str]) -> None:
    ran = replay("emit", *words, log)

    assert (0, "") == (ran.code, ran.stdout)
    assert "read 10 events (2.9 kB) from 1 source, kept 0" in said(ran.stderr)


def test_unreadable_lines_stay_where_nothing_is_selected_and_go_where_something_is(replay: Replay, log: Path) -> None:
    log.write_bytes(LINES[0] + b"{oops\n" + LINES[1])

    whole, selected = replay("emit", log), replay("emit", "--since-seq", "0", log)

    assert (0, lines(1)[:-1] + "\n{oops\n" + lines(2)) == (whole.code, whole.stdout)
    assert "kept 1 piece that cannot be read, as they are; --clean leaves them out" in said(whole.stderr)
    assert (1, lines(1, 2)) == (selected.code, selected.stdout)
    assert f"left out 1 piece (6 bytes): not-json, first at {log}:2" in said(selected.stderr)


def test_a_glob_that_matched_nothing_is_said(replay: Replay, log: Path) -> None:
    ran = replay("emit", "-q", "--event", "item.*", "--event", "!turn.*", log)

    assert (0, lines(*range(1, 11))) == (ran.code, ran.stdout)
    assert ["--event: !turn.* matched no event"] == said(ran.stderr)


def test_keepalives_stay_where_nothing_is_selected(replay: Replay, tmp_path: Path) -> None:
    data = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + capture((1, 0)) + b": keepalive\n\n"
    (tmp_path / "log.sse").write_bytes(data + capture((2, 1)))

    whole, selected = replay("emit", "log.sse"), replay("emit", "--since-seq", "0", "log.sse")

    assert (data + capture((2, 1))).decode().replace("\r\n", "\n") == whole.stdout.replace("\r\n", "\n")
    assert capture((1, 0), (2, 1)).decode() == selected.stdout


def test_links_that_leaving_out_has_broken_are_named(replay: Replay, log: Path) -> None:
    ran = replay("emit", "--where", "seq != `4` && seq != `7`", log)

    told = f"2 links name an event that does not come just before: seq 5 names 4 ({log}:5); seq 8 names 7 ({log}:8)"
    assert (0, lines(1, 2, 3, 5, 6, 8, 9, 10)) == (ran.code, ran.stdout)
    assert told in said(ran.stderr)


# --- Clean --------------------------------------------------------------------------------------------------------

RECORDS = [record(seq) for seq in range(6)]
CLEANED = {
    "torn tail": (store(1, 2) + record(3)[:-1], store(1, 2), "torn-tail"),
    "line that does not parse": (store(1) + b"{oops\n" + record(2), store(1, 2), "not-json"),
    "blank line": (store(1) + b" \n" + record(2), store(1, 2), "blank-line"),
    "repetition": (store(1, 2, 3) + store(2, 3, 4), store(1, 2, 3, 4), "seq-duplicate"),
    "glued records": (record(1)[:-1] + record(2) + record(3), store(1, 2, 3), ""),
    "three glued records": (record(1)[:-1] + record(2)[:-1] + record(3), store(1, 2, 3), ""),
    "spliced line": (store(1) + record(2)[:50] + record(3), store(1, 3), "spliced-line"),
    "byte-order mark": (b"\xef\xbb\xbf" + store(1, 2), store(1, 2), "byte-order-mark"),
    "run of NULs": (store(1) + bytes(64) + record(2), store(1, 2), "nul-run"),
    "schema violation": (store(1) + record(2, thread=7) + record(3), store(1, 3), "schema-violation"),  # type: ignore[arg-type]
    "duplicate key": (store(1) + b'{"seq":2,' + record(2)[1:] + record(3), store(1, 3), "duplicate-key"),
    "glued record that came before": (store(1, 2) + record(2)[:-1] + record(3), store(1, 2, 3), "seq-duplicate"),
    "what was glued comes again": (record(1)[:-1] + record(2) + store(2, 3), store(1, 2, 3), "seq-duplicate"),
}


@pytest.mark.parametrize(("data", "wanted", "reason"), CLEANED.values(), ids=CLEANED.keys())
def test_cleaning_leaves_out_what_cannot_be_used(
    replay: Replay, log: Path, data: bytes, wanted: bytes, reason: str
) -> None:
    log.write_bytes(data)

    ran = replay("emit", "--clean", "--profile", "record", "--quarantine", "left.jsonl", "-o", "out.jsonl", log)
    restored = replay("emit", "--restore", "left.jsonl", "out.jsonl", "-o", "again.jsonl")

    assert (0, "") == (ran.code, ran.stdout)
    assert wanted == (log.parent / "out.jsonl").read_bytes()
    assert (reason in ran.stderr) or not reason
    assert 0 == restored.code
    assert data == (log.parent / "again.jsonl").read_bytes()


def test_freed_records_that_go_back_are_told(replay: Replay, log: Path) -> None:
    log.write_bytes(store(1) + record(5)[:-1] + record(3) + record(4))

    ran = replay("emit", "--clean", log)

    assert (0, (store(1, 5, 3, 4)).decode()) == (ran.code, ran.stdout)
    assert f"kept 1 event with an error: seq-step-back, first at {log}:2" in said(ran.stderr)


def test_nuls_between_two_messages_of_a_capture_go(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.sse").write_bytes(capture((1, 0)) + bytes(40) + b"\n\n" + capture((2, 1)))

    ran = replay("emit", "--clean", "log.sse")

    assert (1, capture((1, 0), (2, 1)).decode()) == (ran.code, ran.stdout)


def test_a_conflict_keeps_the_first_and_says_so(replay: Replay, log: Path) -> None:
    other = record(2, payload={"delta": "another word", "kind": "agent_message"})
    log.write_bytes(store(1, 2) + other + record(3))

    ran = replay("emit", "--clean", "--quarantine", "left.jsonl", log)

    assert (1, store(1, 2, 3).decode()) == (ran.code, ran.stdout)
    assert f"left out 1 event ({len(other)} bytes): seq-conflict, first at {log}:3" in said(ran.stderr)
    assert other == base64.b64decode(pieces(log.parent / "left.jsonl")[0]["bytes"])


def test_a_distant_conflict_is_found(replay: Replay, log: Path) -> None:
    other = record(2, payload={"delta": "another word", "kind": "agent_message"})
    log.write_bytes(store(1, 2, 3, 4, 5) + other + record(6))

    ran = replay("emit", "--clean", log)

    assert (1, store(1, 2, 3, 4, 5, 6).decode()) == (ran.code, ran.stdout)
    assert "what is left out can be kept: --quarantine FILE" in said(ran.stderr)


def test_an_event_that_can_be_read_stays_though_it_breaks_a_rule(replay: Replay, log: Path) -> None:
    data = LOG.replace(b'"kind":"item.delta"', b'"kind":"item.other"', 1)
    log.write_bytes(data)

    ran = replay("emit", "--clean", log)

    assert (0, data.decode()) == (ran.code, ran.stdout)
    assert f"kept 1 event with an error: kind-mismatch, first at {log}:1" in said(ran.stderr)


def test_a_log_that_would_stop_the_runtime_is_one_that_it_reads(replay: Replay, log: Path) -> None:
    """CONTRACT.md 2.5: one bad line in the log of a thread with a finished turn, and nothing starts."""
    log.write_bytes(store(1, 2) + b"{oops\n" + record(3, "turn.completed"))

    before = replay("validate", "--profile", "record", "--format", "text", log)
    replay("emit", "--clean", "--profile", "record", log, "-o", "clean.jsonl")
    after = replay("validate", "--profile", "record", "--format", "text", "clean.jsonl")

    assert "does not start because of line 3" in before.stdout
    assert "the runtime reads it whole" in after.stdout


def test_stdin_is_cleaned_as_a_file_is(replay: Replay) -> None:
    ran = replay("emit", "--clean", "--stdin-filename", "given", "-", stdin=store(1, 2, 3) + store(2, 4))

    assert (0, store(1, 2, 3, 4).decode()) == (ran.code, ran.stdout)
    assert any("first at given:4" in line for line in said(ran.stderr))


def test_what_two_logs_share_is_written_once(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "one.sse").write_bytes(capture((1, 0), (2, 1), (3, 2)))
    (tmp_path / "two.sse").write_bytes(capture((3, 2), (4, 3)))

    ran = replay("emit", "--clean", "one.sse", "two.sse")

    assert (0, capture((1, 0), (2, 1), (3, 2), (4, 3)).decode()) == (ran.code, ran.stdout)


def test_the_end_of_one_log_is_not_glued_to_the_next(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(store(1)[:-1])
    (tmp_path / "two.jsonl").write_bytes(store(2))

    ran = replay("emit", "one.jsonl", "two.jsonl", "--quarantine", "left.jsonl", "-o", "out.jsonl")

    assert store(1, 2) == (tmp_path / "out.jsonl").read_bytes()
    assert "added 1 line end between what stood on one line" in said(ran.stderr)
    assert (
        store(1)[:-1].decode()
        == replay("emit", "--restore", "left.jsonl", "out.jsonl", "--source", "one.jsonl").stdout
    )
    assert store(2).decode() == replay("emit", "--restore", "left.jsonl", "out.jsonl", "--source", "two.jsonl").stdout


def test_a_line_that_is_too_long_is_left_out_whole_and_had_back(replay: Replay, log: Path) -> None:
    data = store(1) + b"{" + b"x" * 5000 + b"}\n" + record(2)
    log.write_bytes(data)

    replay("emit", "--clean", "--max-line-bytes", "2000", "--quarantine", "left", "-o", "out", log)

    assert store(1, 2) == (log.parent / "out").read_bytes()
    assert data.decode() == replay("emit", "--restore", "left", "out").stdout


# --- Quarantine ---------------------------------------------------------------------------------------------------


def pieces(path: Path) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, path.read_text().splitlines()) if "rule" in line]


def test_each_piece_is_kept_with_its_place_rule_and_hash(replay: Replay, log: Path) -> None:
    log.write_bytes(store(1) + b"{oops\n" + b"\xff\xfe\n" + record(2))

    ran = replay("emit", "--clean", "--quarantine", "left.jsonl", "-o", "out.jsonl", log)

    assert 0 == ran.code
    found = pieces(log.parent / "left.jsonl")
    assert [(str(log), 2, len(store(1)), 6, "not-json"), (str(log), 3, len(store(1)) + 6, 3, "invalid-utf8")] == [
        (one["source"], one["line"], one["offset"], one["length"], one["rule"]) for one in found
    ]
    for one, data in zip(found, (b"{oops\n", b"\xff\xfe\n"), strict=True):
        assert data == base64.b64decode(one["bytes"])
        assert sha256(data).hexdigest() == one["sha256"]


def test_quarantine_and_summary_are_as_their_schemas_say(replay: Replay, log: Path) -> None:
    log.write_bytes(LINES[0][:-1] + LINES[1] + b"{oops\n" + LINES[3] + LINES[3])

    replay("emit", "--clean", "--quarantine", "left.jsonl", "--summary-json", "sum.json", "-o", "out.jsonl", log)

    line, summary = (Draft202012Validator(json.loads(schema_text(name))) for name in ("quarantine", "emitted"))
    for text in (log.parent / "left.jsonl").read_text().splitlines():
        line.validate(json.loads(text))
    document = json.loads((log.parent / "sum.json").read_text())
    summary.validate(document)
    assert {"read": 4, "kept": 3} == document["events"]
    assert ["not-json", "seq-duplicate"] == [one["reason"] for one in document["left_out"]]
    assert 1 == document["line_ends_added"]
    assert [4] == [one["seq"] for one in document["broken_links"]["listed"]]


def test_a_long_piece_is_kept_in_several_records(replay: Replay, log: Path) -> None:
    data = store(1) + b"x" * 3_000_000 + b"\n" + record(2)
    log.write_bytes(data)

    replay("emit", "--clean", "--quarantine", "left.jsonl", "-o", "out.jsonl", log)
    replay("emit", "--restore", "left.jsonl", "out.jsonl", "-o", "again.jsonl")

    assert [1_048_576, 1_048_576, 902_849] == [one["length"] for one in pieces(log.parent / "left.jsonl")]
    assert data == (log.parent / "again.jsonl").read_bytes()


RESTORE_REFUSED = {
    "another output": (lambda folder: (folder / "out").write_bytes(store(1, 3)), 4, "is not the output"),
    "an output that goes on": (lambda folder: (folder / "out").write_bytes(store(1, 2, 3)), 4, "goes on behind"),
    "an output that is cut": (lambda folder: (folder / "out").write_bytes(store(1)), 4, "is not the output"),
    "no quarantine": (lambda folder: (folder / "left").write_bytes(store(1)), 2, "is no quarantine"),
    "not JSON": (lambda folder: (folder / "left").write_bytes(b"\0\1\2\n"), 2, "is no quarantine"),
    "a quarantine cut short": (
        lambda folder: (folder / "left").write_bytes((folder / "left").read_bytes()[:-200]),
        4,
        "was not written to its end",
    ),
    "a piece changed": (
        lambda folder: (folder / "left").write_bytes(
            (folder / "left").read_bytes().replace(b"e29vcHMK", b"e29vcHML")
        ),
        4,
        "line 2 is no record",
    ),
}


@pytest.mark.parametrize(("change", "code", "words"), RESTORE_REFUSED.values(), ids=RESTORE_REFUSED.keys())
def test_what_does_not_belong_together_is_not_restored(
    replay: Replay, log: Path, change: object, code: int, words: str
) -> None:
    log.write_bytes(store(1) + b"{oops\n" + record(2))
    replay("emit", "--clean", "--quarantine", "left", "-o", "out", log)
    assert callable(change)
    change(log.parent)

    ran = replay("emit", "--restore", "left", "out", "-o", "again")

    assert code == ran.code
    assert words in ran.stderr
    assert not (log.parent / "again").exists()


# --- Outputs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.jsonl.zst"])
def test_output_is_compressed_by_its_suffix(replay: Replay, log: Path, name: str) -> None:
    ran = replay("emit", log, "-o", name)

    written = (log.parent / name).read_bytes()
    assert (0, True) == (ran.code, len(written) < len(LOG) / 3)
    assert LOG.decode() == replay("emit", "-q", name).stdout
    replay("emit", log, "-o", name, "--force")
    assert written == (log.parent / name).read_bytes()


def test_a_compressed_log_is_read_and_written_in_place_as_such(replay: Replay, log: Path) -> None:
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(store(1) + b"{oops\n" + record(2)))

    ran = replay("emit", "--clean", "--in-place", "--backup", packed)

    assert (1, "") == (ran.code, ran.stdout)
    assert store(1, 2) == gzip.decompress(packed.read_bytes())


def test_in_place_keeps_the_old_log_and_the_permissions(replay: Replay, log: Path) -> None:
    data = store(1) + b"{oops\n" + record(2)
    log.write_bytes(data)
    log.chmod(0o640)

    ran = replay("emit", "--clean", "--in-place", "--backup", "--quarantine", "left", log)

    assert (0, "") == (ran.code, ran.stdout)
    assert store(1, 2) == log.read_bytes()
    assert data == (log.parent / "log.jsonl.bak").read_bytes()
    assert 0o640 == stat.S_IMODE(log.stat().st_mode)
    assert data.decode() == replay("emit", "--restore", "left", log).stdout


def test_in_place_takes_several_logs_each_for_itself(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / "logs" / name).write_bytes(store(1, 2) + record(3)[:-1])

    replay("emit", "--clean", "--in-place", "--backup", "--suffix", ".old", "logs")

    assert {"a.jsonl", "b.jsonl", "a.jsonl.old", "b.jsonl.old"} == {
        path.name for path in (tmp_path / "logs").iterdir()
    }
    assert store(1, 2) == (tmp_path / "logs" / "a.jsonl").read_bytes() == (tmp_path / "logs" / "b.jsonl").read_bytes()


def test_dry_run_writes_nothing_and_shows_what_would_go(replay: Replay, log: Path) -> None:
    data = store(1) + b"{oops\n" + record(2)
    log.write_bytes(data)

    ran = replay("emit", "--clean", "--dry-run", "--in-place", "--backup", log)
    other = replay("emit", "--clean", "--dry-run", log)

    assert data == log.read_bytes()
    assert [log] == [*log.parent.iterdir()]
    assert f"left out 1 piece (6 bytes): not-json, first at {log}:2" in ran.stderr
    assert f"left out 1 piece (6 bytes): not-json, first at {log}:2" in other.stdout.splitlines()
    assert f"would write {len(store(1, 2))} bytes" in other.stdout.splitlines()


def test_a_closed_pipe_ends_it_at_once_and_silently(tmp_path: Path) -> None:
    big = tmp_path / "big.jsonl"
    big.write_bytes(b"".join(record(seq) for seq in range(1, 60_000)))
    command = f'"{sys.executable}" -m replay_cli emit {big} | head -1'
    ran = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, timeout=20)

    assert (record(1), b"") == (ran.stdout, ran.stderr)


# --- Locked stores ------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A log in a store, with a bad line in it."""
    (tmp_path / "store" / "events").mkdir(parents=True)
    (tmp_path / "store" / "state.json").write_text('{"schema_version":2,"next_seq":9}')
    (tmp_path / "store" / "events.lock").touch()
    path = tmp_path / "store" / "events" / "thr_1.jsonl"
    path.write_bytes(store(1) + b"{oops\n" + record(2))
    return path


@pytest.mark.parametrize("kind", ["flock", "lockf"])
def test_a_locked_store_is_left_alone(replay: Replay, stored: Path, kind: str) -> None:
    fcntl = pytest.importorskip("fcntl")
    before = stored.read_bytes()
    code = (
        "import fcntl, sys\n"
        f"file = open({str(stored.parents[1] / 'events.lock')!r}, 'r+')\n"
        f"fcntl.{kind}(file, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert b"held\n" == holder.stdout.readline()
        ran = replay("emit", "--clean", "--in-place", "--backup", stored)
        holder.communicate()

    assert fcntl
    assert 2 == ran.code
    assert "is locked: a runtime is at work in it" in ran.stderr
    assert before == stored.read_bytes()
    assert [stored] == [*stored.parent.iterdir()]


def test_a_store_that_nobody_holds_is_cleaned(replay: Replay, stored: Path) -> None:
    ran = replay("emit", "--clean", "--in-place", "--backup", stored)

    assert 1 == ran.code
    assert store(1, 2) == stored.read_bytes()


# --- What cannot be meant -----------------------------------------------------------------------------------------

REFUSED = {
    "no log": ([], "emit: no log named"),
    "a missing log": (["nothing.jsonl"], "no such file: nothing.jsonl"),
    "seqs upside down": (["--since-seq", "5", "--until-seq", "5", "log.jsonl"], "--since-seq: 5 leaves nothing"),
    "times upside down": (
        ["--since", "2026-11-22", "--until", "2026-11-21", "log.jsonl"],
        "--since: 2026-11-22 is later",
    ),
    "a time that is none": (["--since", "soon", "log.jsonl"], "--since: 'soon' is no time"),
    "a negative number": (["--head", "-1", "log.jsonl"], "--head: -1 is less than 0"),
    "an expression cut short": (["--where", "seq >", "log.jsonl"], "--where: character 6: incomplete expression"),
    "a bare number": (["--where", "seq > 5", "log.jsonl"], "stand in backticks: `5`: seq > >>>5"),
    "an unknown function": (["--where", "upper(event)", "log.jsonl"], "no such function: >>>upper(event)"),
    "an empty glob": (["--event", "!", "log.jsonl"], "--event: '!' names no event"),
    "an empty value": (["--thread", "", "log.jsonl"], "--thread: is given an empty value"),
    "stdin twice": (["-", "--files-from", "-"], "-: stdin can be read only once"),
    "output equal to an input": (["log.jsonl", "-o", "./log.jsonl"], "--output: ./log.jsonl is one of the logs"),
    "quarantine equal to an input": (["log.jsonl", "--quarantine", "log.jsonl"], "--quarantine: log.jsonl is one"),
    "quarantine equal to output": (
        ["log.jsonl", "-o", "a", "--quarantine", "./a"],
        "--quarantine: ./a is the file of",
    ),
    "a folder that is not there": (["log.jsonl", "-o", "no/out"], "--output: no/out cannot be written"),
    "an output that exists": (["log.jsonl", "-o", "there"], "--output: there exists; --force overwrites it"),
    "head and last": (["--head", "1", "--last", "1", "log.jsonl"], "--head: contradicts --last"),
    "in place without backup": (["--in-place", "log.jsonl"], "--in-place: is only had with --backup"),
    "backup without in place": (["--backup", "log.jsonl"], "--backup: belongs to --in-place"),
    "suffix without in place": (["--suffix", ".b", "log.jsonl"], "--suffix: belongs to --in-place"),
    "in place on stdin": (["--in-place", "--backup", "-"], "--in-place: stdin is no file"),
    "in place and output": (["--in-place", "--backup", "-o", "x", "log.jsonl"], "--in-place: contradicts --output"),
    "a backup that exists": (["--in-place", "--backup", "--suffix", ".b", "log.jsonl"], "log.jsonl.b exists"),
    "restore with a selection": (
        ["--restore", "q", "--head", "1", "log.jsonl"],
        "--restore: cannot be had with --head",
    ),
    "restore without a log": (["--restore", "q"], "--restore: wants one log"),
    "source without restore": (["--source", "x", "log.jsonl"], "--source: belongs to --restore"),
    "quarantine on stdout": (["log.jsonl", "-o", "x", "--quarantine", "-"], "--quarantine: stdout is for the stream"),
    "two framings": (["log.jsonl", "log.sse"], "one stream cannot be JSONL and SSE"),
    "another log, cleaned": (["--clean", "foreign.jsonl"], "--clean would leave out all of it"),
}


@pytest.mark.parametrize(("words", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_meant_is_one_line_and_exit_2(replay: Replay, log: Path, words: list[str], told: str) -> None:
    for name in ("there", "log.jsonl.b"):
        (log.parent / name).write_text("old")
    (log.parent / "log.sse").write_bytes(message(envelope(1)))
    (log.parent / "foreign.jsonl").write_bytes(b'{"level":"info","msg":"hello"}\n' * 5)

    ran = replay("emit", *words)

    assert (2, "") == (ran.code, ran.stdout)
    assert told in ran.stderr
    assert 1 == len(ran.stderr.splitlines())
    assert LOG == log.read_bytes()
    assert "old" == (log.parent / "there").read_text()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_told(replay: Replay, log: Path) -> None:
    (log.parent / "closed").mkdir(mode=0o500)

    ran = replay("emit", log, "-o", "closed/out")

    assert (2, "replay: --output: closed/out cannot be written: Permission denied\n") == (ran.code, ran.stderr)


def test_nothing_to_read_is_3(replay: Replay, log: Path) -> None:
    log.write_bytes(b"")

    assert 3 == replay("emit", log).code


def test_what_was_read_of_a_truncated_archive_is_written(replay: Replay, log: Path) -> None:
    packed = gzip.compress(b"".join(record(seq) for seq in range(1, 500)))
    log.write_bytes(packed[: len(packed) // 2])

    ran = replay("emit", "--clean", log)

    assert 4 == ran.code
    assert ran.stdout.startswith(store(1, 2, 3).decode())
    assert ran.stdout.endswith("}\n")
    assert "data ends after" in ran.stderr


def test_a_truncated_archive_is_not_replaced(replay: Replay, log: Path) -> None:
    packed = gzip.compress(b"".join(record(seq) for seq in range(1, 500)))[:-20]
    log.write_bytes(packed)

    ran = replay("emit", "--clean", "--in-place", "--backup", log)

    assert 2 == ran.code
    assert "could not be read to its end; it stays as it is" in ran.stderr
    assert packed == log.read_bytes()
    assert [log] == [*log.parent.iterdir()]


def test_control_characters_of_a_log_do_not_reach_the_screen(replay: Replay, tmp_path: Path) -> None:
    name = "evil\x1b[31m.jsonl"
    (tmp_path / name).write_bytes(store(1) + b"{oops\n" + record(3, thread="thr_\x1b[2J"))

    ran = replay("emit", "--clean", name, "-o", "out\x07")

    assert not any(byte in ran.stderr for byte in "\x1b\x07")


# --- The Python twin ----------------------------------------------------------------------------------------------


def test_the_twin_writes_what_the_command_writes(replay: Replay, log: Path) -> None:
    log.write_bytes(LINES[0] + b"{oops\n" + LINES[1] + LINES[1])
    output = BytesIO()

    done = replay_cli.emit(log, output, clean=True, event="item.*", quarantine=log.parent / "left")

    assert lines(1, 2).encode() == output.getvalue() == replay("emit", "-q", "--clean", log).stdout.encode()
    assert (3, 2, True) == (done.events.read, done.events.kept, done.complete)
    assert ["not-json", "seq-duplicate"] == [left.reason for left in done.left_out]
    again = BytesIO()
    assert log.stat().st_size == replay_cli.restore(log.parent / "left", output.getvalue(), again)
    assert log.read_bytes() == again.getvalue()


def test_the_twin_counts_without_an_output_and_takes_bytes(tmp_path: Path) -> None:
    assert 3 == replay_cli.emit(LOG, since_seq=7).events.kept
    assert 6 == replay_cli.emit([LOG, LOG], tmp_path / "out", since_seq=7).events.kept
    assert lines(8, 9, 10, 8, 9, 10) == (tmp_path / "out").read_text()


def test_the_twin_refuses_what_the_command_refuses(log: Path) -> None:
    wrongs: list[dict[str, Any]] = [{"since_seq": 5, "until_seq": 1}, {"where": "a =="}, {"head": 1, "last": 1}]
    for wrong in wrongs:
        with pytest.raises(replay_cli.UsageError):
            replay_cli.emit(log, **wrong)
    with pytest.raises(replay_cli.UsageError, match="is one of the logs to read"):
        replay_cli.emit(log, log)
    with pytest.raises(replay_cli.UsageError, match="exists"):
        replay_cli.emit(LOG, log)


# --- What a new user found ------------------------------------------------------------------------------------------


def test_any_number_of_glued_records_is_freed(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(*range(1, 301)).replace(b"\n", b"") + b"\n")

    ran = replay("emit", "--clean", "log", "-o", "cleaned")

    assert (0, store(*range(1, 301))) == (ran.code, (tmp_path / "cleaned").read_bytes())
    assert "F106 glued-records 300 whole records on one line" in replay("validate", "log").stdout


@pytest.mark.parametrize(
    "line",
    [
        store(2)[:-1] + b"xyz\n",
        store(2)[:-1] + b"}\n",
        store(2)[:-1] + b" null\n",
        store(9)[:120] + "é".encode()[:1] + store(2),
        b"\xff" + store(2),
        store(2)[:-1] + b"\xff\n",
        store(2)[:-1] + b",\n",
    ],
)
def test_a_record_beside_anything_is_freed(replay: Replay, tmp_path: Path, line: bytes) -> None:
    (tmp_path / "log").write_bytes(store(1) + line + store(3))

    ran = replay("emit", "--clean", "log", "-o", "cleaned", "--quarantine", "q")
    back = replay("emit", "--restore", "q", "cleaned", "-o", "back")

    assert (0, store(1, 2, 3)) == (ran.code, (tmp_path / "cleaned").read_bytes())
    assert (0, store(1) + line + store(3)) == (back.code, (tmp_path / "back").read_bytes())


def test_each_log_that_was_replaced_is_restored_from_the_one_quarantine(replay: Replay, tmp_path: Path) -> None:
    logs = {"a.jsonl": store(1) + b"{broken\n" + store(2), "b.jsonl": store(3) + b"worse\n", "c.jsonl": store(4)}
    for name, log in logs.items():
        (tmp_path / name).write_bytes(log)

    replay("emit", "--clean", "--in-place", "--backup", "--quarantine", "q", *logs)

    for name, log in logs.items():
        ran = replay("emit", "--restore", "q", "--source", name, "-o", f"{name}.back", name)
        assert (0, log) == (ran.code, (tmp_path / f"{name}.back").read_bytes())


def test_a_log_that_stays_what_it_is_gets_no_backup(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "clean.jsonl").write_bytes(store(1, 2))
    before = (tmp_path / "clean.jsonl").stat()

    ran = replay("emit", "--clean", "--in-place", "--backup", "clean.jsonl")

    assert (0, ["clean.jsonl"]) == (ran.code, sorted(one.name for one in tmp_path.iterdir()))
    assert before.st_ino == (tmp_path / "clean.jsonl").stat().st_ino


def test_nothing_is_written_to_stdout_that_does_not_belong_to_the_quarantine(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(1) + b"{broken\n" + store(2))
    replay("emit", "--clean", "log", "-o", "cleaned", "--quarantine", "q")
    (tmp_path / "other").write_bytes((tmp_path / "cleaned").read_bytes().replace(b"a word", b"a lord"))

    ran = replay("emit", "--restore", "q", "other")

    assert (4, "") == (ran.code, ran.stdout)


def test_a_link_to_an_event_that_comes_later_is_named(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(compact(envelope(2, 6)) + b"\n")

    assert "1 link names an event that does not come just before" in replay("emit", "log", "-o", "out").stderr


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--where", "seq > `1`", "--where", "seq < `3`"], [2]),
        (["--since", "2026-11-21", "--until", "2026-11-21"], [1, 2, 3]),
        (["--until", "2026-11-20"], []),
    ],
)
def test_what_is_asked_twice_and_what_a_day_is(
    replay: Replay, tmp_path: Path, words: list[str], kept: list[int]
) -> None:
    (tmp_path / "log").write_bytes(store(1, 2, 3))

    ran = replay("emit", *words, "log", env={"TZ": "UTC"})

    assert kept == [json.loads(line)["seq"] for line in ran.stdout.splitlines()]


def test_a_function_with_too_many_arguments_is_told(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(1))

    ran = replay("emit", "--where", "abs(seq, seq)", "log")

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith("replay: --where: ")


def test_the_last_of_very_many_take_bounded_memory() -> None:
    places = ring._Places()
    given = [ring._Place(*(number + field for field in range(ring._WIDTH))) for number in range(300_000)]
    for place in given[:200_000]:
        places.append(place)
    taken = [places.popleft() for _ in range(150_000)]
    for place in given[200_000:]:
        places.append(place)

    assert ring.CHUNKS + 1 >= sum(isinstance(one, array) for one in places._middle)
    assert given == taken + [places.popleft() for _ in range(len(places))]
    places.close()


def test_what_was_no_byte_order_mark_does_not_become_one(replay: Replay, tmp_path: Path) -> None:
    marked = b"\xef\xbb\xbfevent: item.delta\n" + capture((2, 1))
    log = b"event: item.delta\ndata: {broken\n\n" + marked + capture((3, 2))
    (tmp_path / "log.sse").write_bytes(log)

    replay("emit", "--clean", "log.sse", "-o", "once.sse", "--quarantine", "q")
    replay("emit", "--clean", "once.sse", "-o", "twice.sse")
    replay("emit", "--restore", "q", "once.sse", "-o", "back.sse")

    assert b"\n" + marked + capture((3, 2)) == (tmp_path / "once.sse").read_bytes()
    assert (tmp_path / "once.sse").read_bytes() == (tmp_path / "twice.sse").read_bytes()
    assert log == (tmp_path / "back.sse").read_bytes()
