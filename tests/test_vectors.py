"""What the real thing says: the runtime's own verdict on lines, V8's on JSON (../shared/vectors)."""

from __future__ import annotations

import json
import time
from itertools import groupby

import pytest

from replay_cli import audit
from replay_cli.auditor import audit_blocks
from replay_cli.cutting import cut
from replay_cli.frames import JSONL, is_blank
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.profiles import Plan, Shape
from replay_cli.tally import total
from tests.recordings import vectors

READING_FAMILIES = "FJE"
"""Framing, JSON and schema: the rules that the runtime's own reader binds (DECISIONS)."""


def refused(line: bytes, shape: str) -> bool:
    """Whether an error of the reading families is found on this line."""
    report = audit(line + b"\n", profile="record" if shape == "record" else "envelope", framing="jsonl")
    return any(one.severity == "error" and one.code[0] in READING_FAMILIES for one in report.findings)


def test_a_line_is_an_error_exactly_where_the_runtime_refuses_it() -> None:
    """Blank lines apart: its deserializer refuses them, its store skips them."""
    wrong = [
        (vector["id"], vector["name"])
        for vector in vectors("envelope_lines.jsonl")
        if not is_blank(vector["bytes"]) and refused(vector["bytes"], vector["shape"]) is vector["reads"]
    ]

    assert [] == wrong


def test_a_refused_line_is_one_finding() -> None:
    lines = [vector for vector in vectors("envelope_lines.jsonl") if not vector["reads"]]
    reports = [
        (vector["id"], audit(vector["bytes"] + b"\n", profile=vector["shape"], framing="jsonl", ignore=["no-events"]))
        for vector in lines
    ]

    assert [] == [(name, report.rules) for name, report in reports if sum(report.rules.values()) != 1]


def test_json_is_read_as_strictly_as_v8_reads_it() -> None:
    reader = JsonReader()
    wrong = []
    for vector in vectors("json_lines.jsonl"):
        started = time.perf_counter()
        accepted = isinstance(reader.read(vector["bytes"]), Reading)
        assert time.perf_counter() - started < 2
        if vector["expect"] != "either" and accepted is not (vector["expect"] == "accept"):
            wrong.append(vector["name"])

    assert [] == wrong


def physical_verdicts(data: bytes, size: int) -> list[str]:
    """The verdict on each physical line, however the bytes are cut into reads."""
    reader, verdicts = JsonReader(), []
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    for block in cut(chunks, JSONL, 1 << 24):
        for frame in JSONL.frames(block):
            bom = frame.data.startswith(b"\xef\xbb\xbf")
            read = isinstance(reader.read(frame.data), Reading)
            verdict = "blank" if is_blank(frame.data) else "accept" if read else "reject-bom" if bom else "reject"
            verdicts.append(verdict)
    return verdicts


@pytest.mark.parametrize("size", [1, 7, 64 * 1024])
def test_lines_are_cut_at_the_line_feed_only(size: int) -> None:
    wrong = [
        vector["name"]
        for vector in vectors("jsonl_files.jsonl")
        if len(vector["bytes"]) <= 2000 * size and physical_verdicts(vector["bytes"], size) != vector["lines"]
    ]

    assert [] == wrong


def test_all_lines_together_are_found_as_each_alone() -> None:
    """One file of all lines of a shape holds a finding of the reading families on exactly the refused lines."""
    for shape, group in groupby(vectors("envelope_lines.jsonl"), key=lambda vector: str(vector["shape"])):
        lines = [vector for vector in group if b"\n" not in vector["bytes"] and vector["bytes"].strip()]
        plan = Plan(Shape(shape), "jsonl", strict=True)
        data = b"".join(vector["bytes"] + b"\n" for vector in lines)
        tally = total(audit_blocks(cut([data], JSONL, 1 << 24), plan))
        from replay_cli import rules

        bad = {
            one.line
            for code, found in tally.findings.items()
            for one in found
            if code[0] in READING_FAMILIES and rules.BY_CODE[code].severity == "error"
        }

        assert {number for number, vector in enumerate(lines, 1) if not vector["reads"]} == bad


def test_the_schema_of_records_alone_refuses_most_times_that_chrono_refuses_and_none_that_it_reads() -> None:
    """What is left to the code beside it is whether such a day, hour and offset exist."""
    from jsonschema import Draft202012Validator

    from replay_cli.profiles import schema_text

    validator = Draft202012Validator(json.loads(schema_text("record")))
    refused = 0
    for vector in vectors("envelope_lines.jsonl"):
        if vector["name"].startswith("timestamp") and vector["shape"] == "record":
            valid = validator.is_valid(json.loads(vector["bytes"]))
            assert valid or not vector["reads"]
            refused += not valid
    assert refused >= 9
