"""``replay emit --redact``: whole logs of every kind go through the redaction, and nothing gets around it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_cli import audit
from replay_cli.planning import Options
from replay_cli.profiles import Shape
from replay_cli.prover import forget
from replay_cli.redactions import parsed
from replay_cli.remaking import Remake
from tests.conftest import Replay
from tests.emitting import alike, damaged, emitted
from tests.making import capture, envelope, message, record, store
from tests.making import compact as text_of
from tests.recordings import logs

SECRET = "correct horse battery"

# --- The fast way and the reference ---------------------------------------------------------------------------------

LOGS = {
    "envelopes": b"".join(text_of(envelope(seq, seq - 1)) + b"\n" for seq in range(1, 60)),
    "records": store(*range(1, 60), completed=True),
    "odd ids": b"".join(record(seq, turn_id="a turn of mine") for seq in range(1, 60)),
    "tokens": b"".join(record(seq, item_id="sk-" + "a1" * 20) for seq in range(1, 60)),
    "spaced": b"".join(json.dumps(envelope(seq, seq - 1)).encode() + b"\n" for seq in range(1, 60)),
    "stream": capture(*((seq, seq - 1) for seq in range(1, 60))),
}
SPECS = [["@text"], ["key:delta"], ["re:w[a-z]rd"], ["/payload/kind", "@secrets"], ["@text", "@paths"]]
REMAKES = [
    Remake(framing, shape, relink=False, redaction=parsed(specs, key))
    for framing in (None, "sse")
    for shape in (None, Shape.ENVELOPE, Shape.RECORD)
    for specs in SPECS
    for key in (None, b"key")
]


def both_ways(data: bytes, name: str, remake: Remake) -> None:
    shape = Shape.ENVELOPE if name in ("envelopes", "spaced", "stream") else Shape.RECORD
    alike(data, Options(profile=shape, framing="sse" if name == "stream" else "jsonl"), remake)


@pytest.mark.parametrize("name", LOGS)
def test_the_fast_way_writes_what_the_reference_writes(name: str) -> None:
    for remake in REMAKES:
        forget()
        both_ways(LOGS[name] * 3, name, remake)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(LOGS)), remake=st.sampled_from(REMAKES))
def test_the_fast_way_writes_what_the_reference_writes_of_damaged_logs(seed: int, name: str, remake: Remake) -> None:
    both_ways(damaged(LOGS[name], seed), name, remake)


# --- Nothing gets around it -----------------------------------------------------------------------------------------

SPELLINGS = [
    SECRET.encode(),
    "".join(f"\\u{ord(letter):04x}" for letter in SECRET).encode(),
    "".join(f"\\u{ord(letter):04X}" for letter in SECRET).encode(),
    base64.b64encode(SECRET.encode()),
]
TELLING = {
    "a line that is no JSON": store(1) + b'{"prompt":"' + SPELLINGS[0] + b"\n" + store(3),
    "a torn tail": store(1) + record(2, payload={"delta": SECRET, "kind": "agent_message"})[:-20],
    "glued records": store(1)[:-1] + record(2, payload={"text": SECRET}) + store(3),
    "a line that breaks the schema": store(1) + b'{"seq":2,"prompt":"' + SPELLINGS[1] + b'"}\n' + store(3),
    "a blank line of a strange kind": store(1) + b'""\n"' + SPELLINGS[0] + b'"\n',
    "a comment": capture((1, 0)) + b": " + SPELLINGS[0] + b"\n\n" + capture((2, 1)),
    "a comment in an event": b": " + SPELLINGS[0] + b"\n" + capture((1, 0), (2, 1)),
    "an unknown field": b"note: " + SPELLINGS[0] + b"\n" + capture((1, 0), (2, 1)),
    "an id": b"id: " + SPELLINGS[0] + b"\n" + capture((1, 0), (2, 1)),
    "the name of a frame": capture((1, 0)) + message(envelope(2, 1), name=SECRET),
    "an HTTP head": b"HTTP/1.1 200 OK\r\nset-cookie: " + SPELLINGS[0] + b"\r\n\r\n" + capture((1, 0)),
    "an unfinished event": capture((1, 0)) + b'event: item.delta\ndata: {"text":"' + SPELLINGS[0],
    "a frame of another stream": capture((1, 0)) + b'event: done\ndata: {"text":"' + SPELLINGS[0] + b'"}\n\n',
    "a record without names": store(1)
    + b'[2,2,"2026-11-21T06:00:02Z","thr_1",null,null,"x",{"a":"%s"}]\n' % SPELLINGS[2],
    "an unknown member": store(1) + record(2, note={"deep": [SECRET]}),
    "the name of a member": store(1) + record(2, **{SECRET: 1}),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(
    "words", [[], ["--as", "sse"], ["--as", "jsonl"], ["--to", "envelope"], ["--clean"], ["--last", "5"]]
)
@pytest.mark.parametrize("log", TELLING.values(), ids=TELLING.keys())
def test_a_secret_that_is_no_value_of_an_event_does_not_get_around_text(
    replay: Replay, tmp_path: Path, log: bytes, words: list[str]
) -> None:
    (tmp_path / "log").write_bytes(log)

    ran = replay("emit", "--redact", "@text", *words, "log", "-o", "out", "--summary-json", "summary")

    assert ran.code in (0, 1)
    told = (tmp_path / "out").read_bytes() + (tmp_path / "summary").read_bytes() + ran.stderr.encode()
    assert [] == [spelling for spelling in SPELLINGS if spelling in told]


@pytest.mark.parametrize("name", ["story", "approvals", "agents"])
def test_a_redacted_recording_is_as_clean_as_it_was(name: str) -> None:
    for path in logs("captures"):
        if path.stem == name:
            done = emitted(path.read_bytes(), remake=Remake(redaction=parsed(["@text"])))
            assert audit(path).rules == audit(done.output).rules
            assert audit(path).seq == audit(done.output).seq


# --- The command ----------------------------------------------------------------------------------------------------


def test_what_was_taken_out_is_counted_and_what_matched_nothing_is_said(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(1, 2, 3))

    ran = replay(
        "emit", "--redact", "key:delta", "--redact", "/payload/nothing", "--redact", "@secrets", "log", "-o", "out"
    )

    assert 0 == ran.code
    assert "replay: --redact: /payload/nothing matched nothing, or only what was taken out before\n" in ran.stderr
    assert "--redact key:delta: took out 3 values\n" in ran.stderr
    assert 1 == ran.stderr.count("matched nothing")


def test_equal_values_stay_equal_under_a_key_that_nobody_sees(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(
        store(1) + record(2, payload={"delta": "another", "kind": "agent_message"}) + store(3)
    )
    (tmp_path / "key").write_bytes(b"a key\n")

    by_file = replay("emit", "--redact", "@text", "--redact-key", "key", "log")
    by_name = replay("emit", "--redact", "@text", "--redact-key", "env:KEY", "log", env={"KEY": "a key"})
    other = replay("emit", "--redact", "@text", "--redact-key", "env:KEY", "log", env={"KEY": "another"})

    first, second, third = (json.loads(line)["payload"]["delta"] for line in by_file.stdout.splitlines())
    assert first == third != second
    assert by_file.stdout == by_name.stdout != other.stdout
    assert "a key" not in by_file.stdout + by_file.stderr


def test_a_length_is_kept_if_asked(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(1) + record(2, payload={"delta": "word " * 9, "kind": "agent_message"}))

    ran = replay("emit", "--redact", "@text", "--keep-length", "log")

    assert [6, 45] == [len(json.loads(line)["payload"]["delta"]) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--redact", "re:(", "log"], "--redact: 're:(' is no regular expression"),
        (["--redact", "re:(a+)+$", "log"], "--redact: 're:(a+)+$' takes exponential time"),
        (["--redact", "@everything", "log"], "--redact: '@everything' is no redaction; there are /pointer"),
        (["--redact", "/seq", "log"], "--redact: '/seq' would change what is kept of every event"),
        (["--redact", "", "log"], "--redact: is given an empty value"),
        (["--redact", "@text", "other"], "other: is another log"),
        (["--redact", "@text", "--quarantine", "q", "log"], "--quarantine: would hold what --redact takes out"),
        (["--redact", "@text", "--redact-key", "none", "log"], "--redact-key: none: No such file"),
        (
            ["--redact", "@text", "--redact-key", "env:NONE", "log"],
            "--redact-key: the environment variable NONE is not",
        ),
        (["--redact-key", "log", "log"], "--redact-key: belongs to --redact"),
        (["--keep-length", "log"], "--keep-length: belongs to --redact"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_nothing_is_written(
    replay: Replay, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "log").write_bytes(store(1, 2))
    (tmp_path / "other").write_bytes(b'{"ts":"2026-11-21T06:00:00Z","event":"login","details":{}}\n' * 3)

    ran = replay("emit", *words)

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith(f"replay: {said}")
    assert 1 == ran.stderr.count("\n")


def test_what_cannot_be_read_is_not_told_as_kept(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(1) + b"{broken\n" + b'{"schema_version":2,"seq":"x"}\n')

    ran = replay("emit", "--redact", "@text", "log", "-o", "out", "--summary-json", "s")

    assert 1 == ran.code
    assert "cannot be read, as they are" not in ran.stderr
    assert "--quarantine" not in ran.stderr
    assert 0 == json.loads((tmp_path / "s").read_text())["unreadable_kept"]
