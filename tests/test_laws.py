"""The laws of the audit, as properties over logs that break in every way.

Chunking does not show, grouping does not show, no bytes raise, and what is found does not depend on how a source
is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay_cli import audit, rules
from replay_cli.auditor import audit_block
from replay_cli.blocks import Block
from replay_cli.cutting import cut
from replay_cli.jsontext import JsonReader
from replay_cli.profiles import Plan, Shape
from replay_cli.tally import Tally, total
from replay_cli.walk import FRAMINGS

LIMIT = 4096


def record(seq: int, **changes: Any) -> bytes:
    import json

    value = {
        "schema_version": 2,
        "seq": seq,
        "timestamp": f"2026-11-21T06:34:{seq % 60:02d}.120Z",
        "thread_id": "thr_1",
        "turn_id": "turn_1",
        "item_id": "item_1",
        "event": "item.delta",
        "payload": {"delta": "a word", "kind": "agent_message"},
    }
    value.update(changes)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def envelope(seq: int, **changes: Any) -> bytes:
    time = f"2026-11-21T06:34:{seq % 60:02d}.120+00:00"
    changes = {"schema_version": 1, "kind": "item.delta", "timestamp": time, "created_at": time} | changes
    return record(seq, **changes)


seqs = st.integers(0, 9)
threads = st.sampled_from(["thr_1", "thr_2"])
links = st.one_of(st.none(), seqs)
good = st.builds(lambda seq, thread: record(seq, thread_id=thread), seqs, threads)
linked = st.builds(lambda seq, link, thread: envelope(seq, previous_seq=link, thread_id=thread), seqs, links, threads)
damaged = st.builds(lambda line, at: line[: at % len(line)], good, st.integers(1, 400))
odd = st.sampled_from(
    [b"", b"  ", b"\0\0\0", b"[1,2]", b"{}", b"nonsense", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"seq":1,"seq":2}']
)
glued = st.builds(lambda one, two: one + two, good, good)
lines = st.one_of(good, good, linked, linked, damaged, odd, glued)
jsonl = st.builds(
    lambda body, tail: b"".join(line + b"\n" for line in body) + tail, st.lists(lines, max_size=12), odd
)


def message(line: bytes, name: str, end: bytes) -> bytes:
    return b"event: " + name.encode() + end + b"data: " + line.replace(b"\n", b"") + end + end


heads = st.just(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
noise = st.sampled_from([b": keepalive\n\n", b"\n", b"event: item.delta\n\n", b"id: 3\n", b"oops\n", b"\0\0\0\n\n"])
names = st.sampled_from(["item.delta", "item.completed", "done"])
messages = st.builds(message, lines, names, st.sampled_from([b"\n", b"\r\n", b"\r"]))
sse = st.builds(b"".join, st.lists(st.one_of(messages, messages, messages, noise, heads), max_size=10))

shapes = st.sampled_from([Shape.RECORD, Shape.ENVELOPE, Shape.LEGACY, Shape.COMPAT])
plans = st.builds(
    Plan, shapes, st.just("jsonl"), strict=st.booleans(), limit=st.just(LIMIT), kept=st.sampled_from([2, 50])
)


def chunked(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[start:end] for start, end in pairwise(places) if end > start)


def frame_by_frame(data: bytes, plan: Plan) -> list[Tally]:
    """The tally of each frame of a source, each from a block of its own."""
    framing, reader = FRAMINGS[plan.framing], JsonReader()
    tallies, offset = [], 0
    for frame in framing.frames(Block(data, 0)):
        piece = data[offset : offset + frame.length]
        tallies.append(audit_block(Block(piece, offset), plan, reader))
        offset += frame.length
    return tallies


def audited(data: bytes, plan: Plan, cuts: list[int]) -> Tally:
    blocks = cut(chunked(data, cuts), FRAMINGS[plan.framing], plan.limit)
    reader = JsonReader()
    return total((audit_block(block, plan, reader) for block in blocks), plan.kept, plan.gaps)


sources = st.one_of(st.tuples(jsonl, plans), st.tuples(sse, plans))


def plan_of(data: bytes, plan: Plan) -> Plan:
    from dataclasses import replace

    return replace(plan, framing="sse") if data[:6] in (b"event:", b"HTTP/1") else plan


@given(sources, st.lists(st.integers(0, 4000), max_size=6))
def test_chunking_does_not_show(source: tuple[bytes, Plan], cuts: list[int]) -> None:
    data, plan = source[0], plan_of(*source)

    assert audited(data, plan, []) == audited(data, plan, cuts)


@given(sources, st.data())
def test_grouping_does_not_show(source: tuple[bytes, Plan], data: st.DataObject) -> None:
    """``+`` is associative: the tallies of the frames give the same sum whatever the brackets."""
    plan = plan_of(*source)
    tallies = frame_by_frame(source[0], plan)
    whole = total(tallies, plan.kept, plan.gaps)
    while len(tallies) > 1:
        at = data.draw(st.integers(0, len(tallies) - 2))
        tallies[at : at + 2] = [tallies[at] + tallies[at + 1]]

    assert whole == total(tallies, plan.kept, plan.gaps)


@given(sources)
def test_the_empty_tally_is_zero(source: tuple[bytes, Plan]) -> None:
    plan = plan_of(*source)
    tally = audited(source[0], plan, [])
    zero = Tally(plan.kept, plan.gaps)

    assert tally == zero + tally == tally + zero


@given(sources)
def test_adding_changes_neither_side(source: tuple[bytes, Plan]) -> None:
    plan = plan_of(*source)
    left, right = audited(source[0], plan, []), audited(source[0], plan, [])
    _ = left + right

    assert left == right == audited(source[0], plan, [])


@given(st.one_of(st.binary(max_size=300), jsonl, sse), st.sampled_from(["auto", "envelope", "record", "legacy"]))
@settings(max_examples=300)
@example(b"[" * 100_000, "auto")
@example(b'{"seq":' + b"9" * 10_000 + b"}\n", "record")
@example(b'{"a":' * 50_000, "envelope")
def test_no_bytes_raise(data: bytes, profile: Any) -> None:
    report = audit(data, profile=profile)

    assert report.failure is None
    assert all(one.message and one.message.isprintable() for one in report.findings)


@given(st.one_of(jsonl, sse))
def test_every_finding_points_into_its_source(data: bytes) -> None:
    """The byte at the offset stands on the line and in the column that the finding names."""
    report = audit(data)
    ends = b"\n" if report.framing == "jsonl" else None
    for one in report.findings:
        before = data[: one.offset]
        lines = before.split(ends) if ends else before.replace(b"\r\n", b" \n").replace(b"\r", b"\n").split(b"\n")
        if one.code != rules.NO_EVENTS.code:
            assert (len(lines), len(lines[-1]) + 1) == (one.line, one.column)


@given(st.one_of(jsonl, sse))
def test_every_byte_is_accounted_for(data: bytes) -> None:
    report = audit(data)

    assert report.profile == "foreign" or len(data) == report.bytes


@given(st.one_of(jsonl, sse), st.integers(0, 5))
def test_counts_do_not_depend_on_how_many_findings_are_listed(data: bytes, most: int) -> None:
    few, all_of_them = audit(data, max_findings=most), audit(data)

    assert all_of_them.findings[:most] == few.findings
    assert len(all_of_them.findings) == len(few.findings) + few.not_shown
    if not all_of_them.rules.keys() & {"seq-conflict", "broken-link", "new-connection"}:
        assert all_of_them.rules == few.rules
