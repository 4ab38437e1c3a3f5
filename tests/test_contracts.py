"""What programs and people may rely on: codes and names, the catalogue, exit codes, and that content stays inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay_cli import RULES, UsageError, audit, catalogue
from replay_cli.findings import Rule
from replay_cli.outcome import CLEAN, PRECEDENCE
from replay_cli.profiles import SCHEMA_NAMES
from replay_cli.rules import BY_CODE
from tests.conftest import ROOT, Replay
from tests.making import compact, envelope, message, record, store

RELEASED = json.loads((ROOT / "tests" / "released_rules.json").read_text())
"""The codes of the last release with their names. A release adds to them and changes none."""

# --- Codes and the catalogue ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "name"), RELEASED["rules"].items())
def test_a_released_code_is_there_for_ever_and_keeps_its_name(code: str, name: str) -> None:
    assert code in BY_CODE, f"{code} was released in {RELEASED['release']} and may not go"
    assert name == BY_CODE[code].name


def test_the_catalogue_is_a_list_of_rules_in_its_order(replay: Replay) -> None:
    listed = json.loads(replay("rules", "--format", "json").stdout)

    assert [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "summary": rule.summary,
            "explanation": rule.explanation,
            "example": rule.example,
        }
        for rule in RULES
    ] == listed
    assert {"error", "warning", "note", "off"} == {rule["severity"] for rule in listed}
    assert {str} == {type(value) for rule in listed for value in rule.values()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_explained_by_code_and_by_name(rule: Rule) -> None:
    told = catalogue.explained(rule.code)

    assert told == catalogue.explained(rule.name) == catalogue.explained(rule.code.lower())
    assert told.startswith(f"{rule.code} {rule.name} (")
    for part in (rule.summary, rule.explanation.strip(), *rule.example.splitlines()):
        assert part in told


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("broken-lnk", "did you mean broken-link?"),
        ("seq-duplicat", "did you mean seq-duplicate?"),
        ("S14", "did you mean S104?"),
        ("nonsense", "`replay rules` lists them"),
        ("", "`replay rules` lists them"),
    ],
)
def test_an_unknown_rule_brings_the_one_that_is_close(typed: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        catalogue.explained(typed)

    assert f"explain: there is no rule {typed!r}; {hint}" == str(raised.value)


def test_an_unknown_rule_is_one_line_and_exit_2(replay: Replay) -> None:
    ran = replay("explain", "broken-lnk")

    said = "replay: explain: there is no rule 'broken-lnk'; did you mean broken-link?\n"
    assert (2, "", said) == (ran.code, ran.stdout, ran.stderr)


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_a_schema_is_printed_as_it_is_published(name: str) -> None:
    published = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")

    assert published == catalogue.schema(name)
    assert f"urn:replay-cli:schema:{name}:1" == json.loads(published)["$id"]


def test_schemas_are_listed_with_their_titles() -> None:
    listed = [line.split(maxsplit=1) for line in catalogue.schema(None).splitlines()]

    assert [[name, json.loads(catalogue.schema(name))["title"]] for name in SCHEMA_NAMES] == listed


@pytest.mark.parametrize("words", ["--help", "validate --help"])
def test_every_exit_code_is_documented_in_help(replay: Replay, words: str) -> None:
    _, _, told = replay(*words.split()).stdout.partition("Exit codes:")

    for code in (CLEAN, *PRECEDENCE):
        assert re.search(rf"(?<!\d){code} +\w", told), f"{code} in {told}"


# --- Content stays inside ---------------------------------------------------------------------------------------

SECRET = "SECRET"


def planted(value: Any) -> Any:
    """A value with a secret in place of every text in it."""
    match value:
        case dict():
            return {name: planted(member) for name, member in value.items()}
        case list():
            return [planted(member) for member in value]
        case str():
            return f"{SECRET} {value[:20]}"
    return value


def recorded(framing: str) -> Iterator[bytes]:
    """The first event of each name in the recordings of this framing, with secrets in its payload."""
    seen = set()
    for path in sorted((ROOT / "fixtures" / "recorded").rglob(f"*.{framing}")):
        prefix = b"data: " if framing == "sse" else b""
        for line in path.read_bytes().splitlines():
            value = json.loads(line.removeprefix(prefix)) if line.startswith(prefix + b"{") else {}
            if "payload" in value and value["event"] not in seen:
                seen.add(value["event"])
                yield compact(value | {"payload": planted(value["payload"])})


def kept_secret(seq: int, **changes: Any) -> bytes:
    payload = {"delta": f"{SECRET} words", "kind": SECRET, "deep": [{"er": SECRET}]}
    return record(seq, **{"payload": payload, **changes})


LINE = kept_secret(1)
WHOLE = LINE.rstrip(b"\n")
BROKEN_LINES = {
    "cut": WHOLE[:-20],
    "two records": WHOLE + WHOLE,
    "a record behind a fragment": WHOLE[:-20] + WHOLE,
    "a word": WHOLE.replace(b'"SECRET"', b"SECRET"),
    "NaN": WHOLE.replace(b'"SECRET"', b'["SECRET",NaN]'),
    "an escape": WHOLE.replace(b"SECRET words", b"\\SECRET"),
    "a control character": WHOLE.replace(b"SECRET words", b"\x01SECRET"),
    "invalid UTF-8": WHOLE.replace(b"SECRET words", b"\xffSECRET"),
    "half a pair": WHOLE.replace(b"SECRET words", b"\\ud800SECRET"),
    "a large number": WHOLE.replace(b'"SECRET words"', b'["SECRET",1e999]'),
    "depth": WHOLE.replace(b'"SECRET words"', b"[" * 130 + b'"SECRET"' + b"]" * 130),
    "a field twice": WHOLE[:-1] + b',"payload":"SECRET"}',
    "an unknown field twice": WHOLE[:-1] + b',"x":"SECRET","x":["SECRET"]}',
    "an unread field": WHOLE[:-1] + b',"x":{"SECRET":["SECRET",1e999]}}',
    "NULs": WHOLE.replace(b"words", b"\0" * 9),
    "a byte-order mark": b"\xef\xbb\xbf" + WHOLE,
    "a text": b'"SECRET"',
    "an array": b'["SECRET"]',
    "too long": WHOLE.replace(b"words", b"words " * 400),
    "texts for numbers": compact({"seq": SECRET, "schema_version": SECRET, "payload": SECRET, "event": [SECRET]}),
    "a time": kept_secret(1, timestamp=SECRET)[:-1],
    "another shape": compact(envelope(1, timestamp=SECRET, created_at=SECRET + "!", previous_seq=SECRET)),
    "no newline": WHOLE,
}
"""Lines that are wrong in a way each, and hold a secret."""

CAPTURED = [
    message(envelope(1, 0, payload={"delta": SECRET})),
    b": SECRET\nretry: SECRET\nmy password is SECRET\n"
    + message(envelope(2, 1, timestamp=SECRET, created_at="SECRET!")),
    b"event: item.delta\ndata: SECRET\ndata: {SECRET\n\n",
    b"event: item.delta\ndata: " + compact(envelope(3, 2, payload=SECRET)) + b'\ndata: "SECRET"\n\n',
    b"HTTP/1.1 200 OK\r\nauthorization: SECRET\r\n\r\n",
    message(envelope(4, 9, payload=SECRET, previous_seq=SECRET)),
    message(envelope(4, 3, payload=SECRET)),
    message(envelope(3, 2, payload="SECRET, another")),
    b"event: item.delta\ndata: {SECRET\n",
]

LOGS = {
    "recorded.jsonl": b"".join(line + b"\n" for line in recorded("jsonl")),
    "recorded.sse": b"".join(b"event: x\ndata: " + data + b"\n\n" for data in recorded("sse")),
    "lines.jsonl": store(1) + b"".join(line + b"\n" for line in BROKEN_LINES.values()) + WHOLE,
    "capture.sse": b"".join(CAPTURED),
    "compat.sse": b'event: message.delta\ndata: {"content":"SECRET"}\n\n' * 3 + b"event: SEC\ndata: SECRET\n\n",
    "audit.jsonl": b'{"ts":"SECRET","event":"SECRET","details":{"x":"SECRET"}}\n' * 3,
    "other.jsonl": b'{"level":"SECRET","n":1}\n' * 3,
    "text.jsonl": b"SECRET words, and no log\n" * 9,
}

NO_TEXT = {
    "properties": {"payload": {"$ref": "#/$defs/any"}, "content": False},
    "additionalProperties": {"maxLength": 40},
    "$defs": {
        "any": {
            "not": {"type": "string"},
            "propertyNames": {"maxLength": 3},
            "additionalProperties": {"$ref": "#/$defs/any"},
            "items": {"$ref": "#/$defs/any"},
        }
    },
}
"""Rejects every text in every payload."""


@pytest.fixture
def secrets(tmp_path: Path) -> list[str]:
    for name, log in LOGS.items():
        (tmp_path / name).write_bytes(log)
    (tmp_path / "schema.json").write_text(json.dumps(NO_TEXT))
    return list(LOGS)


QUIET = ["--format concise", "--format json", "--format jsonl", "--format github", "--format text --no-content"]


BY_SCHEMA = ["--format json --schema schema.json", "--format text --no-content --schema schema.json"]


@pytest.mark.parametrize("words", [*QUIET, *BY_SCHEMA])
def test_no_value_of_a_log_leaves_it(replay: Replay, secrets: list[str], words: str) -> None:
    asked = ["--statistics", "--max-line-bytes", "2000", *words.split()]
    ran = replay("validate", *asked, *secrets, env={"GITHUB_STEP_SUMMARY": "summary"})

    assert 1 == ran.code
    assert [] == [line for line in (ran.stdout + ran.stderr).splitlines() if SECRET in line]


def test_no_value_of_a_log_gets_into_a_job_summary(replay: Replay, secrets: list[str], tmp_path: Path) -> None:
    replay("validate", "--format", "github", *secrets, env={"GITHUB_STEP_SUMMARY": "summary"})

    assert SECRET not in (tmp_path / "summary").read_text()


def test_every_planted_log_and_line_has_a_finding(replay: Replay, secrets: list[str]) -> None:
    words = ("--format", "json", "--max-line-bytes", "2000")
    sources = json.loads(replay("validate", *words, *secrets).stdout)["sources"]

    assert secrets == [source["source"] for source in sources if source["findings"]]
    (lines,) = (source for source in sources if source["source"] == "lines.jsonl")
    assert set(range(2, len(BROKEN_LINES) + 3)) <= {one["line"] for one in lines["findings"]}


def test_text_shows_a_piece_of_the_line_unless_content_is_left_out(replay: Replay, secrets: list[str]) -> None:
    shown = replay("validate", "--format", "text", *secrets).stdout.splitlines()
    left_out = replay("validate", "--format", "text", "--no-content", *secrets).stdout.splitlines()

    pieces = [line for line in shown if re.match(r" {12}\| ", line)]
    assert any(SECRET in line for line in pieces)
    assert left_out == [line for line in shown if line not in pieces]


VALUES = {
    "a link": (
        message(envelope(1, previous_seq="soon")),
        "previous_seq is {}, not an unsigned integer",
        ("string of 4 characters", '"soon"'),
    ),
    "a time": (
        message(envelope(1, timestamp="now", created_at="now")),
        "timestamp {} an RFC 3339 date and time",
        ("is not", '"now" is not'),
    ),
    "times": (
        message(envelope(1, created_at="2026-11-21T06:00:00Z")),
        "created_at {}",
        (
            "is not equal to timestamp",
            "2026-11-21T06:00:00Z is not equal to timestamp 2026-11-21T06:00:01.120+00:00",
        ),
    ),
    "a type": (
        store(1) + record(2, thread_id=["a", 1]),
        "/thread_id: expected string, found {}",
        ("array of 2 values", '["a",1]'),
    ),
    "no object": (store(1) + b'"word"\n', "{} where an object belongs", ("string of 4 characters", '"word"')),
    "something long": (
        store(1) + record(2, thread_id=["x" * 500]),
        "/thread_id: expected string, found {}",
        ("array of 1 values", f'["{"x" * 118}…'),
    ),
}
"""A log, the message of its finding, and what stands in it without and with --show-values."""


@pytest.mark.parametrize("name", VALUES)
def test_values_are_told_where_they_are_asked_for(name: str) -> None:
    log, said, values = VALUES[name]

    for shown, value in zip((False, True), values, strict=True):
        assert [said.format(value)] == [one.message for one in audit(log, show_values=shown).findings]


@pytest.mark.parametrize("form", ["text", "json"])
def test_values_are_told_by_an_option(replay: Replay, form: str) -> None:
    ran = replay("validate", "--format", form, "--no-content", "-", stdin=VALUES["no object"][0])
    asked = replay("validate", "--format", form, "--show-values", "-", stdin=VALUES["no object"][0])

    assert (False, True) == ("word" in ran.stdout, "word" in asked.stdout)


def test_leaving_content_out_and_showing_values_contradict_each_other(replay: Replay) -> None:
    ran = replay("validate", "--no-content", "--show-values", "-", stdin=store(1))

    assert (2, "", 1) == (ran.code, ran.stdout, len(ran.stderr.splitlines()))
    assert "--no-content" in ran.stderr
    assert "--show-values" in ran.stderr
