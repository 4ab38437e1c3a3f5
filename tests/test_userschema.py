"""A schema of the user's own (``--schema FILE``): what it adds, what stays on beside it, and what it cannot do."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from jsonschema.validators import validator_for

from replay_cli import Report, UsageError, audit, userschema
from replay_cli.spans import audit_spans
from replay_cli.userschema import PATIENCE, load
from tests.conftest import COMMAND, ROOT, Replay, environment
from tests.making import capture, compact, envelope, message, record, store

D3 = "http://json-schema.org/draft-03/schema#"
D4 = "http://json-schema.org/draft-04/schema#"
D6 = "http://json-schema.org/draft-06/schema#"
D7 = "http://json-schema.org/draft-07/schema#"
D2019 = "https://json-schema.org/draft/2019-09/schema"
D2020 = "https://json-schema.org/draft/2020-12/schema"

RULE = "user-schema-violation"
Schema = dict[str, Any] | bool


class Check:
    """Audits logs by a schema."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "schema.json"

    def __call__(self, schema: Schema | str, log: bytes, **options: Any) -> Report:
        self.path.write_text(schema if isinstance(schema, str) else json.dumps(schema))
        return audit(log, schema=self.path, **options)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    return Check(tmp_path)


def violations(report: Report) -> list[dict[str, str]]:
    """The violations of the first line that the schema rejects."""
    return next((one.facts["violations"] for one in report.findings if one.name == RULE), [])


# --- Keywords of every draft ------------------------------------------------------------------------------------

Case = tuple[str, Schema, object, object, str, str]
"""A draft, a schema for the payload, what it accepts, what it rejects, by which keyword, and where."""

ANYWHERE: list[tuple[Schema, object, object, str, str]] = [
    ({"type": "object"}, {}, [], "type", "/payload"),
    ({"type": ["object", "null"]}, None, 1, "type", "/payload"),
    ({"enum": [1, "a"]}, "a", 2, "enum", "/payload"),
    ({"minimum": 3}, 3, 2, "minimum", "/payload"),
    ({"maximum": 3}, 3, 4, "maximum", "/payload"),
    ({"minLength": 2}, "ab", "a", "minLength", "/payload"),
    ({"maxLength": 2}, "é€", "abc", "maxLength", "/payload"),
    ({"pattern": "^a+$"}, "aa", "ab", "pattern", "/payload"),
    ({"items": {"type": "integer"}}, [1, 2], [1, "a"], "type", "/payload/1"),
    ({"minItems": 1}, [1], [], "minItems", "/payload"),
    ({"maxItems": 1}, [1], [1, 2], "maxItems", "/payload"),
    ({"uniqueItems": True}, [1, 2], [1, 1], "uniqueItems", "/payload"),
    ({"properties": {"a/b~": {"type": "integer"}}}, {"a/b~": 1}, {"a/b~": ""}, "type", "/payload/a~1b~0"),
    ({"patternProperties": {"^a": {"type": "integer"}}}, {"a1": 1}, {"a1": ""}, "type", "/payload/a1"),
    ({"additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": ""}, "type", "/payload/a"),
    ({"additionalProperties": False}, {}, {"a": 1}, "additionalProperties", "/payload"),
]
"""What all drafts have."""

SINCE_4: list[tuple[Schema, object, object, str, str]] = [
    ({"required": ["a"]}, {"a": 1}, {}, "required", "/payload/a"),
    ({"multipleOf": 0.5}, 1.5, 1.2, "multipleOf", "/payload"),
    ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 1}, "maxProperties", "/payload"),
    ({"minProperties": 1}, {"a": 1}, {}, "minProperties", "/payload"),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2, 4, "maximum", "/payload"),
    ({"anyOf": [{"minimum": 3}, {"type": "string"}]}, "a", 2, "anyOf", "/payload"),
    ({"oneOf": [{"minimum": 3}, {"maximum": 5}]}, 2, 4, "oneOf", "/payload"),
    ({"not": {"type": "string"}}, 1, "a", "not", "/payload"),
]

SINCE_6: list[tuple[Schema, object, object, str, str]] = [
    ({"const": {"a": 1}}, {"a": 1}, {"a": 2}, "const", "/payload"),
    ({"contains": {"type": "integer"}}, ["a", 1], ["a"], "contains", "/payload"),
    ({"propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}, "maxLength", "/payload"),
    ({"exclusiveMinimum": 3}, 4, 3, "exclusiveMinimum", "/payload"),
    ({"exclusiveMaximum": 3}, 2, 3, "exclusiveMaximum", "/payload"),
]

SINCE_7: list[tuple[Schema, object, object, str, str]] = [
    ({"if": {"type": "integer"}, "then": {"minimum": 3}}, "a", 2, "minimum", "/payload"),
    ({"if": {"type": "integer"}, "else": {"minLength": 3}}, 1, "a", "minLength", "/payload"),
]

SINCE_2019: list[tuple[Schema, object, object, str, str]] = [
    ({"dependentRequired": {"a": ["b"]}}, {"b": 1}, {"a": 1}, "dependentRequired", "/payload"),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, {}, {"a": 1}, "required", "/payload/b"),
    ({"contains": {"type": "integer"}, "minContains": 2}, [1, 2], [1], "minContains", "/payload"),
    ({"contains": {"type": "integer"}, "maxContains": 1}, [1], [1, 2], "maxContains", "/payload"),
    (
        {"properties": {"a": {}}, "unevaluatedProperties": False},
        {"a": 1},
        {"b": 1},
        "unevaluatedProperties",
        "/payload",
    ),
]

OWN: list[Case] = [
    (D3, {"properties": {"a": {"required": True}}}, {"a": 1}, {}, "required", "/payload/a"),
    (D3, {"divisibleBy": 2}, 4, 3, "divisibleBy", "/payload"),
    (D3, {"disallow": ["string"]}, 1, "a", "disallow", "/payload"),
    (D3, {"extends": {"minimum": 3}}, 3, 2, "minimum", "/payload"),
    (D3, {"dependencies": {"a": "b"}}, {"b": 1}, {"a": 1}, "dependencies", "/payload"),
    (D3, {"minimum": 3, "exclusiveMinimum": True}, 4, 3, "minimum", "/payload"),
    (D4, {"minimum": 3, "exclusiveMinimum": True}, 4, 3, "minimum", "/payload"),
    (D4, {"dependencies": {"a": ["b"]}}, {"b": 1}, {"a": 1}, "dependencies", "/payload"),
    (D6, {"dependencies": {"a": {"required": ["b"]}}}, {}, {"a": 1}, "required", "/payload/b"),
    (D7, {"items": [{}, {"type": "string"}]}, [1, "a"], [1, 2], "type", "/payload/1"),
    (D2019, {"items": [{}], "additionalItems": False}, [1], [1, 2], "additionalItems", "/payload"),
    (D2020, {"prefixItems": [{}], "items": False}, [1], [1, 2], "items", "/payload"),
    (D2020, {"prefixItems": [{}], "unevaluatedItems": False}, [1], [1, 2], "unevaluatedItems", "/payload"),
]

DRAFTS = [D3, D4, D6, D7, D2019, D2020]
TABLES = [(ANYWHERE, 0), (SINCE_4, 1), (SINCE_6, 2), (SINCE_7, 3), (SINCE_2019, 4)]
CASES: list[Case] = [
    *((draft, *case) for table, since in TABLES for draft in DRAFTS[since:] for case in table),
    *OWN,
]


def named(case: Case) -> str:
    (year,) = re.findall(r"draft[-/]([0-9]+)", case[0])
    return f"{year} {' '.join(case[1]) if isinstance(case[1], dict) else case[1]}"


OF_SCHEMAS = pytest.param(
    (D3, {"type": ["string", {"type": "object"}]}, {}, 1, "type", "/payload"),
)


@pytest.mark.parametrize("case", [*CASES, OF_SCHEMAS], ids=named)
def test_a_keyword_of_any_draft_rejects_a_line(check: Check, case: Case) -> None:
    draft, schema, good, bad, keyword, pointer = case

    report = check(
        {"$schema": draft, "properties": {"payload": schema}}, record(1, payload=good) + record(2, payload=bad)
    )

    assert [(2, RULE)] == [(one.line, one.name) for one in report.findings]
    assert (keyword, pointer) == (violations(report)[0]["keyword"], violations(report)[0]["pointer"])


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"required": ["nope"]}}},
        {"$ref": "#/definitions/a", "definitions": {"a": {"required": ["nope"]}}, "$schema": D4},
        {"$ref": "#a", "$defs": {"b": {"$anchor": "a", "required": ["nope"]}}},
        {"$ref": "a", "$id": "https://example.org/b", "$defs": {"c": {"$id": "a", "required": ["nope"]}}},
        {"$dynamicRef": "#a", "$defs": {"b": {"$dynamicAnchor": "a", "required": ["nope"]}}},
        {"$ref": "urn:a", "$defs": {"b": {"$id": "urn:a", "required": ["nope"]}}},
        {"allOf": [{"$ref": D2020}, {"required": ["nope"]}]},
    ],
    ids=["pointer", "definitions", "anchor", "id", "dynamic", "urn", "the schema of a draft"],
)
def test_references_inside_a_schema_are_followed(check: Check, schema: Schema) -> None:
    assert [("required", "/nope")] == [
        (one["keyword"], one["pointer"]) for one in violations(check(schema, store(1)))
    ]


def test_a_schema_without_a_draft_is_of_the_newest(check: Check) -> None:
    assert {RULE: 1} == check({"properties": {"seq": {"exclusiveMaximum": 2}}}, store(1, 2)).rules


@pytest.mark.parametrize(("schema", "rejected"), [(True, 0), ({}, 0), (False, 2)])
def test_a_schema_may_accept_all_or_nothing(check: Check, schema: Schema, rejected: int) -> None:
    report = check(schema, store(1, 2))

    assert rejected == report.counts.error
    assert {"expected nothing, found object of 8 fields"} >= {one.message for one in report.findings}


@pytest.mark.xfail(strict=True, reason="the library does not say which member a schema that is false has rejected")
@pytest.mark.parametrize("where", [{"properties": {"payload": False}}, {"patternProperties": {"^payload$": False}}])
def test_what_may_not_be_there_is_pointed_at(check: Check, where: Schema) -> None:
    assert ["/payload"] == [one["pointer"] for one in violations(check(where, store(1)))]


# --- What is told -----------------------------------------------------------------------------------------------

SHORT: Schema = {"properties": {"payload": {"properties": {"delta": {"maxLength": 3}}}}}


def test_a_violation_says_where_what_was_expected_and_what_kind_of_thing_was_found(check: Check) -> None:
    (finding,) = check(SHORT, record(1)).findings

    assert [
        {
            "pointer": "/payload/delta",
            "keyword": "maxLength",
            "expected": "maxLength 3",
            "found": "string of 6 characters",
        }
    ] == finding.facts["violations"]
    assert "/payload/delta: expected maxLength 3, found string of 6 characters" == finding.message
    assert b'{"delta"' == record(1)[finding.offset :][:8]


@pytest.mark.parametrize(("shown", "found"), [(False, "string of 6 characters"), (True, '"a word"')])
def test_values_are_told_only_when_they_are_asked_for(check: Check, shown: bool, found: str) -> None:
    (finding,) = check(SHORT, record(1), show_values=shown).findings

    assert f"/payload/delta: expected maxLength 3, found {found}" == finding.message


def test_annotations_carry_no_value_whatever_is_asked_for(replay: Replay, check: Check) -> None:
    check.path.write_text(json.dumps(SHORT))
    words = ("validate", "--format", "github", "--schema", "schema.json", "--show-values", "-")

    assert "a word" not in replay(*words, stdin=record(1)).stdout


@pytest.mark.parametrize(
    "schema",
    [{"required": ["a"]}, {"$schema": D3, "properties": {"a": {"required": True}}}],
    ids=["by a list", "by draft 3"],
)
def test_what_is_missing_is_named(check: Check, schema: Schema) -> None:
    (finding,) = check(schema, record(1)).findings

    missing = {"pointer": "/a", "keyword": "required", "expected": "present", "found": "nothing"}
    assert ("/a is missing", [missing]) == (finding.message, finding.facts["violations"])


def test_all_violations_of_a_line_are_one_finding_that_tells_five(check: Check) -> None:
    (finding,) = check({"required": [f"field{number}" for number in range(7)]}, record(1)).findings

    assert (7, 5) == (finding.facts["count"], len(finding.facts["violations"]))
    assert finding.message.endswith("/field4 is missing; and 2 more")


# --- What stays on ----------------------------------------------------------------------------------------------

SEVEN: Schema = {"properties": {"seq": {"not": {"const": 7}}}}
"""Rejects what has the number 7, and nothing else."""


@pytest.mark.parametrize(
    ("log", "rules"),
    [
        (store(1) + b"{oops\n" + store(7), {"not-json": 1, RULE: 1}),
        (store(1) + b'{"seq":7}\n', {"schema-violation": 1}),
        (record(1) + record(7, timestamp="now"), {"schema-violation": 1}),
        (store(8, 7), {RULE: 1, "seq-step-back": 1}),
        (store(7, 7), {RULE: 2, "seq-duplicate": 1}),
        (store(6, 7, 8)[:-1], {RULE: 1, "torn-tail": 1}),
        (store(1) + compact(envelope(7)) + b"\n", {RULE: 1, "other-shape": 1}),
        (capture((6, 5), (7, 3), (9, 7)), {RULE: 1, "broken-link": 1}),
        (message(envelope(7, 6, kind="x")), {RULE: 1, "kind-mismatch": 1}),
        (message(envelope(7, 6), "x"), {RULE: 1, "sse-event-mismatch": 1}),
        (message(envelope(7, 6, turn_id=None)), {RULE: 1, "id-presence": 1}),
        (capture((7, 6)) + message(envelope(8, 1, thread="thr_2")), {RULE: 1, "second-thread": 1}),
    ],
)
def test_all_other_rules_stay_on(check: Check, log: bytes, rules: dict[str, int]) -> None:
    assert rules == check(SEVEN, log).rules


def test_the_runtime_does_not_mind_a_schema_of_somebody_else(check: Check) -> None:
    assert "the runtime reads it whole" == check(SEVEN, store(6, 7)).verdict
    assert "a client accepts all 2 events" == check(SEVEN, capture((6, 5), (7, 6))).verdict


def test_the_rule_is_chosen_and_graded_like_any_other(check: Check) -> None:
    assert {} == check(SEVEN, store(7), ignore=["E108"]).rules
    assert 1 == check(SEVEN, store(7), severity=[f"{RULE}=note"]).counts.note


# --- Other logs -------------------------------------------------------------------------------------------------

TICKS = [{"level": "info", "n": number} for number in (1, 2, 3, 4)]
FEW: Schema = {"properties": {"n": {"maximum": 2}}}


def jsonl(values: list[dict[str, Any]]) -> bytes:
    return b"".join(compact(value) + b"\n" for value in values)


def sse(values: list[dict[str, Any]]) -> bytes:
    return b"".join(b"event: tick\ndata: " + compact(value) + b"\n\n" for value in values)


def rules_of_another(check: Check, log: bytes) -> dict[str, int]:
    """The rules that a log breaks which is none of the runtime's."""
    report = check(FEW, log)
    assert "custom" == report.profile
    return report.rules


@pytest.mark.parametrize(("log", "lines"), [(jsonl(TICKS), [3, 4]), (sse(TICKS), [8, 11])], ids=["JSONL", "SSE"])
def test_another_log_is_audited_by_its_schema(check: Check, log: bytes, lines: list[int]) -> None:
    report = check(FEW, log)

    assert ("custom", 4, lines) == (report.profile, report.events, [one.line for one in report.findings])
    assert "another log: its schema rejects 2 of 4 objects" == report.verdict


def test_without_a_schema_another_log_is_one_finding() -> None:
    assert {"foreign-log": 1} == {name: n for name, n in audit(jsonl(TICKS)).rules.items() if name != "no-events"}


def test_framing_and_json_are_checked_in_another_log_too(check: Check) -> None:
    log = jsonl(TICKS) + b'{"n":\n[1]\n\n{"n":1'

    assert {"not-json": 1, "not-an-object": 1, "blank-line": 1, "torn-tail": 1, RULE: 2} == check(FEW, log).rules


@pytest.mark.parametrize(
    ("log", "rules"),
    [
        (jsonl([{"seq": seq, "n": 1} for seq in (1, 2, 5)]), {}),
        (jsonl([{"seq": seq, "n": 1} for seq in (1, 3, 2)]), {"seq-step-back": 1}),
        (jsonl([{"seq": seq, "n": n} for seq, n in ((1, 1), (1, 9))]), {RULE: 1, "seq-conflict": 1}),
        (sse([{"seq": seq, "n": 1} for seq in (1, 2, 2)]), {"seq-duplicate": 1}),
        (jsonl([{"thread_id": "a", "n": 9}]), {RULE: 1}),
    ],
    ids=["in order", "a step back", "a conflict", "a repetition in SSE", "a thread and no seq"],
)
def test_order_is_compared_in_another_log_where_the_fields_are_there(
    check: Check, log: bytes, rules: dict[str, int]
) -> None:
    assert rules == rules_of_another(check, log)


@pytest.mark.parametrize(
    ("log", "rules"),
    [
        (jsonl([{"event": "a", "kind": "b", "n": 1}]), {"kind-mismatch": 1}),
        (jsonl([{"timestamp": "a", "created_at": "b", "n": 1}]), {"created-at-mismatch": 1}),
        (b'event: a\ndata: {"event":"b","n":1}\n\n', {"sse-event-mismatch": 1}),
        (jsonl([{"seq": 1, "kind": "b", "n": 1}, {"created_at": "b", "n": 1}]), {}),
        (b'id: 7\nevent: a\ndata: {"n":1}\n\n', {}),
    ],
    ids=["kind", "created_at", "SSE event", "only one of two", "an id and no seq"],
)
def test_agreement_is_asked_of_another_log_where_both_fields_are_there(
    check: Check, log: bytes, rules: dict[str, int]
) -> None:
    assert rules == rules_of_another(check, log)


def test_what_holds_no_objects_stays_foreign(check: Check) -> None:
    assert "foreign" == check(FEW, b"It was a dark and stormy night.\n" * 9).profile


def test_a_profile_that_is_named_wins(check: Check) -> None:
    report = check(FEW, jsonl(TICKS), profile="record")

    assert ("record", 4) == (report.profile, report.rules["schema-violation"])


def test_a_compat_stream_is_audited_by_a_schema_too(check: Check) -> None:
    log = (ROOT / "fixtures" / "recorded" / "captures" / "compat.sse").read_bytes()
    report = check({"properties": {"content": {"type": "integer"}}}, log)

    rejected = len(re.findall(rb'^data: \{"content"', log, re.MULTILINE))
    assert 1 < rejected
    assert ("compat", {RULE: rejected, "compat-stream": 1}) == (report.profile, report.rules)


# --- What is no schema ------------------------------------------------------------------------------------------

NO_SCHEMA = {
    "nothing": ("", "is not JSON: Expecting value"),
    "text": ("hello", "is not JSON: Expecting value"),
    "NUL": ("\0", "is not JSON: Expecting value"),
    "two texts": ("{}{}", "is not JSON: Extra data"),
    "NaN": ('{"minimum": NaN}', "is not JSON: NaN is no JSON value"),
    "a string": ('"x"', "is JSON, but no schema: an object or true or false belongs there"),
    "a list": ("[]", "is JSON, but no schema"),
    "null": ("null", "is JSON, but no schema"),
    "an unknown type": ('{"type": "text"}', "is no JSON Schema: /type: 'text' is not valid"),
    "a list of properties": ('{"properties": []}', "is no JSON Schema: /properties: [] is not of type 'object'"),
    "a keyword of another draft": (
        json.dumps({"$schema": D4, "exclusiveMinimum": 3, "minimum": 1}),
        "is no JSON Schema: /exclusiveMinimum",
    ),
    "a pattern": ('{"pattern": "("}', "is no JSON Schema: /pattern: '(' is not a 'regex'"),
    "a pattern for names": ('{"patternProperties": {"[": {}}}', "is no JSON Schema: /patternProperties: '[' is not"),
    "a pattern that counts too far": ('{"pattern": "a{9999999999}"}', "cannot be used: OverflowError"),
    "an unknown draft": ('{"$schema": "https://example.org/x"}', "$schema 'https://example.org/x' is no draft"),
    "a draft to come": ('{"$schema": "https://json-schema.org/draft/next/schema"}', "is no draft that is known"),
    "a draft that is a number": ('{"$schema": 7}', "$schema '7' is no draft that is known"),
    "a draft that is a list": ('{"$schema": []}', "$schema '[]' is no draft that is known"),
    "a draft that is no URI": ('{"$schema": "http://[x"}', "$schema 'http://[x' is no draft that is known"),
    "a pointer to nowhere": (
        '{"$ref": "#/$defs/a"}',
        "the reference '#/$defs/a' is not in the schema; none is fetched",
    ),
    "an anchor to nowhere": ('{"items": {"$ref": "#a"}}', "the reference '#a' is not in the schema; none is fetched"),
    "another file": ('{"$ref": "other.json"}', "the reference 'other.json' is not in the schema; none is fetched"),
    "a file URI": ('{"$ref": "file:///etc/passwd"}', "the reference 'file:///etc/passwd' is not in the schema"),
    "a reference that is no URI": ('{"$ref": "http://[x"}', "the reference 'http://[x' is not in the schema"),
    "a dynamic reference": ('{"$dynamicRef": "#a"}', "the reference '#a' is not in the schema; none is fetched"),
    "nested lists": ("[" * 100_000, "is nested too deep"),
    "nested schemas": ('{"not":' * 100_000 + "{}" + "}" * 100_000, "is nested too deep"),
    "nested groups": (json.dumps({"pattern": "(" * 10_000 + ")" * 10_000}), "is nested too deep"),
}


@pytest.mark.parametrize("name", NO_SCHEMA)
def test_what_is_no_schema_is_told_in_one_line_before_any_log_is_read(tmp_path: Path, name: str) -> None:
    text, said = NO_SCHEMA[name]
    path = tmp_path / "schema.json"
    path.write_text(text)
    started = time.process_time()

    with pytest.raises(UsageError) as raised:
        load(path)

    told = str(raised.value)
    assert told.startswith(f"--schema: {path}")
    assert said in told
    assert len(told) < len(str(path)) + 300
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.json", "no such file"),
        ("bare", "Is a directory"),
        ("log.jsonl/inside", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("nul\0", "no such file"),
    ],
)
def test_a_schema_that_cannot_be_read_is_told(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "log.jsonl").touch()

    with pytest.raises(UsageError, match=f"^schema: .*: {said}$"):
        audit(b"", schema=tmp_path / name)


def test_a_schema_without_permission_is_told(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(UsageError, match=f"^schema: {re.escape(str(check.path))}: Permission denied$"):
        audit(b"", schema=check.path)


def test_a_pattern_that_python_warns_of_is_no_matter(check: Check) -> None:
    assert {} == check({"properties": {"event": {"pattern": "^[[a-z.]+$"}}}, store(1)).rules


# --- What goes wrong only with a line ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#"}, "refers to itself without end"),
        (
            {"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
            "itself",
        ),
        ({"$schema": D2019, "$recursiveRef": "#"}, "refers to itself without end"),
        ({"$schema": D3, "extends": {"$ref": "#"}}, "refers to itself without end"),
        ({"$schema": D3, "patternProperties": {"(": {}}}, "cannot be used: "),
        (
            {"$schema": D3, "properties": {"payload": {"type": "text"}}},
            "cannot be used: UnknownType: Unknown type 'text'",
        ),
    ],
)
def test_a_schema_that_a_line_cannot_be_held_against_is_told_without_the_line(
    check: Check, schema: Schema, said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        check(schema, record(1, payload={"secret": "hunter2"}))

    assert said in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_document_is_whole_even_if_its_schema_fails(replay: Replay, check: Check) -> None:
    check.path.write_text(json.dumps({"$schema": D3, "properties": {"payload": {"type": "text"}}}))

    ran = replay("validate", "--format", "json", "--schema", "schema.json", "-", stdin=store(1))

    assert ran.stdout == "" or json.loads(ran.stdout)["exit_code"] == 2


TREE: Schema = {
    "$ref": "#/$defs/tree",
    "$defs": {
        "tree": {"anyOf": [{"type": "string"}, {"if": {"type": "object"}, "then": {"$ref": "#/$defs/branch"}}]},
        "branch": {"oneOf": [{"allOf": [{"additionalProperties": {"$ref": "#/$defs/tree"}}]}, {"type": "array"}]},
    },
}
"""A schema that goes down with the value, several steps for each container."""


def test_a_schema_that_follows_a_value_down_is_not_taken_for_endless(check: Check) -> None:
    payload: object = {}
    for _ in range(125):
        payload = {"a": payload}

    assert {} == check(TREE, record(1, payload=payload)).rules


def spent() -> float:
    """Seconds of processor time that the programs started here have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_pattern_that_explodes_is_told_after_two_seconds(check: Check) -> None:
    check.path.write_text(json.dumps({"properties": {"payload": {"pattern": "^(a+)+$"}}}))
    (check.path.parent / "log.jsonl").write_bytes(store(1) + record(2, payload="a" * 50 + "!"))
    before = spent()

    # Started here, so that what it takes is counted in.
    command = [*COMMAND, "validate", "--schema", "schema.json", "log.jsonl"]
    ran = subprocess.run(
        command, cwd=check.path.parent, env=environment(), capture_output=True, text=True, timeout=60
    )

    assert (2, "", 1) == (ran.returncode, ran.stdout, len(ran.stderr.splitlines()))
    assert ran.stderr.startswith("replay: --schema: schema.json: one line takes longer than 2 s; look at patterns")
    assert ran.stderr.endswith(" (log.jsonl:2)\n")
    assert PATIENCE <= spent() - before < 2 * PATIENCE + 2


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ({"patternProperties": {"^(a|a)*$": {}}}, {"a" * 50 + "!": 1}),
        ({"uniqueItems": True}, [{"n": number} for number in range(20_000)]),
        ({"$ref": "#/$defs/0"}, 1),
    ],
    ids=["names", "unique items", "references"],
)
def test_whatever_takes_long_is_cut_short(
    check: Check, monkeypatch: pytest.MonkeyPatch, schema: Schema, payload: object
) -> None:
    monkeypatch.setattr("replay_cli.userschema.PATIENCE", 0.2)
    doubled = {str(step): {"allOf": [{"$ref": f"#/$defs/{step + 1}"}] * 2} for step in range(40)}
    started = time.process_time()

    with pytest.raises(UsageError, match=r"one line takes longer than 0\.2 s"):
        check({"properties": {"payload": schema}, "$defs": {**doubled, "40": {}}}, record(1, payload=payload))

    assert time.process_time() - started < 1.5


def test_a_schema_leaves_the_process_as_it_was(check: Check) -> None:
    before = (signal.getsignal(signal.SIGPROF), sys.getrecursionlimit())

    check(SEVEN, store(6, 7))
    with pytest.raises(UsageError):
        check({"$ref": "#"}, store(1))

    assert before == (signal.getsignal(signal.SIGPROF), sys.getrecursionlimit())
    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_PROF)


def test_a_schema_can_be_used_in_another_thread(check: Check) -> None:
    reports: list[Report] = []
    thread = threading.Thread(target=lambda: reports.append(check(SEVEN, store(6, 7))))
    thread.start()
    thread.join(20)

    assert [{RULE: 1}] == [report.rules for report in reports]


# --- Nothing is fetched -----------------------------------------------------------------------------------------


@contextmanager
def server() -> Iterator[tuple[str, list[str]]]:
    """The address of a server on this machine that would give a schema, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"true")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}/", asked
        finally:
            serving.shutdown()
            thread.join(10)


REMOTE: dict[str, Schema] = {
    "$ref": {"$ref": "{}a"},
    "$ref below": {"properties": {"payload": {"items": {"$ref": "{}a#/b"}}}},
    "$dynamicRef": {"$dynamicRef": "{}a"},
    "relative to $id": {"$id": "{}a", "$ref": "b"},
    "draft 3": {"$schema": D3, "properties": {"seq": {"$ref": "{}a"}}},
    "draft 4": {"$schema": D4, "id": "{}a", "allOf": [{"$ref": "b#"}]},
    "draft 7": {"$schema": D7, "if": {"$ref": "{}a"}},
    "2019-09": {"$schema": D2019, "dependentSchemas": {"seq": {"$ref": "{}a"}}},
    "$schema": {"$schema": "{}a"},
    "an unused one": {"$defs": {"a": {"$ref": "{}a"}}},
}


@pytest.mark.parametrize("name", REMOTE)
def test_a_remote_reference_is_told_and_not_fetched(check: Check, name: str) -> None:
    with server() as (address, asked):
        text = json.dumps(REMOTE[name]).replace("{}", address)
        with pytest.raises(UsageError) as raised:
            check(text, store(1, 2))

    assert [] == asked
    assert address in str(raised.value) or "'b" in str(raised.value)


@pytest.mark.parametrize("keyword", ["$id", "$comment", "examples", "default", "$vocabulary", "unknown"])
def test_an_address_that_nothing_refers_to_is_no_matter(check: Check, keyword: str) -> None:
    with server() as (address, asked):
        value = {"$vocabulary": {address: True}, "examples": [{"$ref": address}]}.get(keyword, address)

        assert {} == check({keyword: value}, store(1)).rules

    assert [] == asked


OFFLINE = """
import sys, socket
def refuse(*_, **__):
    print("the network was asked for", file=sys.stderr)
    raise OSError("no network")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from replay_cli.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("reference", ["https://example.org/a.json", "ftp://localhost/a"])
def test_a_remote_reference_is_one_line_and_exit_2_and_needs_no_socket(check: Check, reference: str) -> None:
    check.path.write_text(json.dumps({"properties": {"seq": {"$ref": reference}}}))
    (check.path.parent / "log.jsonl").write_bytes(store(1))
    ran = subprocess.run(
        [sys.executable, "-c", OFFLINE, "validate", "--schema", "schema.json", "log.jsonl"],
        cwd=check.path.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )

    said = f"replay: --schema: schema.json: the reference '{reference}' is not in the schema; none is fetched\n"
    assert (2, "", said) == (ran.returncode, ran.stdout, ran.stderr)


def test_a_local_schema_needs_no_socket(check: Check) -> None:
    check.path.write_text(json.dumps(SEVEN))
    (check.path.parent / "log.jsonl").write_bytes(store(6, 7))
    ran = subprocess.run(
        [sys.executable, "-c", OFFLINE, "validate", "-q", "--schema", "schema.json", "log.jsonl"],
        cwd=check.path.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (1, "") == (ran.returncode, ran.stderr)
    assert 'E108 user-schema-violation /seq: expected not {"const":7}, found integer 7\n' in ran.stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xef\xbb\xbf{}", "it begins with a byte-order mark; save it without one"),
        ("{}".encode("utf-16"), "it is UTF-16; save it as UTF-8"),
    ],
)
def test_a_schema_in_another_encoding_is_told_as_that(replay: Replay, check: Check, data: bytes, said: str) -> None:
    check.path.write_bytes(data)

    ran = replay("validate", "--schema", "schema.json", "-", stdin=store(1))

    assert (2, f"replay: --schema: schema.json is not JSON: {said}\n") == (ran.code, ran.stderr)


def test_a_bad_schema_ends_with_2_and_one_line(replay: Replay, check: Check) -> None:
    check.path.write_text('{"type": 1}')

    ran = replay("validate", "--schema", "schema.json", "-", stdin=store(1))

    assert (2, "", 1) == (ran.code, ran.stdout, len(ran.stderr.splitlines()))
    assert ran.stderr.startswith("replay: --schema: schema.json is no JSON Schema: /type: ")


def test_slow_lines_have_a_bounded_time_in_all(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(userschema, "SLOW", 0.0)
    monkeypatch.setattr(userschema, "SLOW_BYTE", 0.0)
    monkeypatch.setattr(userschema, "BUDGET", 0.001)
    monkeypatch.setattr(userschema, "_SLOW", userschema._Slow())

    with pytest.raises(UsageError, match=r"lines take longer than 0\.001 s in all"):
        check({"minProperties": 1}, store(*range(1, 2000)))


def test_a_line_is_slow_when_its_length_does_not_explain_what_it_takes(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(userschema, "BUDGET", 0.0)
    many: Schema = {"properties": {"payload": {"items": {"type": "integer"}}}}

    assert {} == check(many, record(1, payload=list(range(20_000)))).rules
    with pytest.raises(UsageError, match="look at patterns, uniqueItems, references, long anyOf"):
        check({"anyOf": [*({"const": number} for number in range(4000)), {}]}, store(1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_line_is_named_wherever_in_a_log_it_stands(
    check: Check, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr("replay_cli.spans.LARGE", 0)
    monkeypatch.setattr("replay_cli.inspection.audit_spans", partial(audit_spans, span=40_000))
    check.path.write_text(json.dumps({"if": {"properties": {"seq": {"const": 900}}}, "then": {"$ref": "#/then"}}))
    log = check.path.with_name("log.jsonl")
    log.write_bytes(store(*range(1, 400)) + b"\n" + store(*range(400, 1000)))

    with pytest.raises(UsageError) as raised:
        audit(log, schema=check.path, jobs=jobs)

    said = f"--schema: {check.path} refers to itself without end, or is nested too deep ({log}:901)"
    assert said == str(raised.value)


# --- Long lists -------------------------------------------------------------------------------------------------


def test_two_hundred_thousand_values_are_looked_up(check: Check) -> None:
    schema: Schema = {"properties": {"payload": {"enum": [f"value {number}" for number in range(200_000)]}}}
    log = b"".join(record(seq, payload=f"value {199_900 + seq}") for seq in range(1, 200))
    started = time.process_time()

    report = check(schema, log)

    assert {RULE: 100} == report.rules
    assert report.findings[0].message.startswith('/payload: expected enum ["value 0","value 1",')
    assert len(report.findings[0].message) < 150
    assert time.process_time() - started < 2


PLAIN = [0, 1, -1, 1.5, 10**30, 1e30, True, False, None, "", "1", "true", "a"]
CONTAINERS = [[], {}, [1], [True], [[1.0]], {"a": 1}, {"a": True}, {"a": [None]}]


@pytest.mark.parametrize("values", [PLAIN, CONTAINERS, *([one] for one in PLAIN + CONTAINERS)], ids=str)
@pytest.mark.parametrize("draft", DRAFTS)
def test_an_enumeration_takes_what_the_library_takes(check: Check, values: list[object], draft: str) -> None:
    schema = {"$schema": draft, "enum": values}
    given: list[Any] = [*PLAIN, *CONTAINERS, 1.0, -0.0, "A", [1.0], {"a": 0}]
    taken = [one for one in given if validator_for(schema)(schema).is_valid(one)]
    log = b"".join(record(seq, payload=one) for seq, one in enumerate(given, 1))

    report = check({"$schema": draft, "properties": {"payload": {"enum": values}}}, log)

    rejected = {one.line - 1 for one in report.findings if one.name == RULE}
    assert taken == [one for number, one in enumerate(given) if number not in rejected]


@pytest.mark.parametrize(
    ("keyword", "told"),
    [
        ({"const": {"a": True, "b": None}}, 'const {"a":true,"b":null}'),
        ({"enum": ["it's", 'a "word"', 1.5, False]}, r"""enum ["it's","a \"word\"",1.5,false]"""),
        ({"const": "é"}, 'const "é"'),
        ({"pattern": r"^\d+$"}, r"pattern ^\d+$"),
        ({"enum": ["\x1b[31m"]}, r'enum ["\u001b[31m"]'),
        (
            {"enum": list(range(100))},
            "enum [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27…",
        ),
    ],
    ids=["names", "quotes", "a letter", "a pattern", "a control character", "much"],
)
def test_what_was_expected_is_told_as_json(check: Check, keyword: Schema, told: str) -> None:
    (violation,) = violations(check({"properties": {"payload": keyword}}, record(1, payload="x")))

    assert told == violation["expected"]
