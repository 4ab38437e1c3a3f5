"""The prover: it proves what ordinary writers write, and never what the reference would not find clean.

The law is held against written holes, against mutated logs (``make laws`` for millions), and against every shared
recording and vector; and each guard of the prover is taken away once, to see that a written hole notices.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from replay_cli import auditor, rules, skeletons, walk
from replay_cli.auditor import audit_block, audit_blocks
from replay_cli.blocks import Block
from replay_cli.columns import Row
from replay_cli.cutting import cut
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.layouts import Exemplar
from replay_cli.profiles import Plan, Shape, UserSchema
from replay_cli.prover import COMPILED, Prover, forget
from replay_cli.skeletons import Skeleton, skeleton_of
from replay_cli.tally import Tally, total
from replay_cli.walk import FRAMINGS, not_offered
from tests.guards import GUARDS, Guard, without
from tests.holes import event, frame, item
from tests.making import record
from tests.proving import WRITERS, Count, Hole, Writer, cases, holes, problem, reference, teach
from tests.recordings import logs, vectors

ENVELOPE = WRITERS["envelope"]


def fast(data: bytes, plan: Plan, chunk: int = 64 * 1024) -> Tally:
    chunks = (data[at : at + chunk] for at in range(0, len(data), chunk))
    blocks = cut(chunks, FRAMINGS[plan.framing], plan.limit)
    return total(audit_blocks(blocks, plan), plan.kept, plan.gaps)


def slow(data: bytes, plan: Plan) -> Tally:
    return fast(data, replace(plan, fast=False))


def share(tally: Tally) -> float:
    return tally.proven / tally.size


# -- what is proven --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 5])
@pytest.mark.parametrize("name", WRITERS)
def test_clean_log_of_any_ordinary_writer_is_proven(name: str, threads: int) -> None:
    writer = WRITERS[name]
    forget()

    tally = fast(b"".join(writer.frames(2000, threads)), writer.plan())

    # Three times it learned something from the first frames; and a thread's first link says that it begins there.
    assert share(tally) > 0.99
    assert tally == slow(b"".join(writer.frames(2000, threads)), writer.plan())


def test_broken_line_costs_its_neighbourhood_not_its_block() -> None:
    frames = ENVELOPE.frames(3000, 1)
    frames[1000::100] = [b"{broken\n"] * len(frames[1000::100])
    teach(ENVELOPE)

    tally = fast(b"".join(frames), ENVELOPE.plan())

    assert share(tally) > 0.98
    assert tally == slow(b"".join(frames), ENVELOPE.plan())


def test_writer_whose_ids_are_of_other_lengths_gets_a_pattern_of_its_own() -> None:
    teach(ENVELOPE)
    told = b"".join(frame("envelope", event(seq, turn="t_1", item="an_item_1")) for seq in range(1, 1000))

    tally = fast(told, ENVELOPE.plan(), chunk=4096)

    assert share(tally) > 0.99


def test_what_was_learned_from_one_source_serves_the_next() -> None:
    teach(ENVELOPE)

    assert share(fast(b"".join(ENVELOPE.frames(20)), ENVELOPE.plan())) == 1


def test_a_frame_of_many_members_is_not_learned_from() -> None:
    """It would be kept, with a pattern as long as it is."""
    forget()
    many: dict[str, Any] = {f"member_{number}": 1 for number in range(10_000)}
    wide = record(1, **many)

    tally = fast(wide + b"".join(WRITERS["record"].frames(300)), WRITERS["record"].plan())

    assert share(tally) < 1
    assert tally.unproven["frames of more than 65536 bytes"] == len(wide)


def test_what_was_learned_does_not_change_what_is_found() -> None:
    frames = ENVELOPE.frames(500)
    frames[100:102] = reversed(frames[100:102])
    forget()
    before = fast(b"".join(frames), ENVELOPE.plan())
    teach(*WRITERS.values())

    assert fast(b"".join(frames), ENVELOPE.plan()) == before


def test_hostile_log_of_ever_new_layouts_makes_a_bounded_number_of_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str | None] = []
    learn = Prover.learn

    def counted(prover: Prover, one: Frame, raw: bytes) -> str | None:
        made.append(learn(prover, one, raw))
        return made[-1]

    monkeypatch.setattr(Prover, "learn", counted)
    forget()
    spaced = b"".join(frame("record", event(seq), (b'":', b'":' + b" " * seq)) for seq in range(1, 300))

    tally = fast(spaced, WRITERS["record"].plan())

    assert 0 < made.count(None) <= COMPILED
    assert any("order of members, white space" in reason for reason in tally.unproven)
    assert tally == slow(spaced, WRITERS["record"].plan())


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Skeleton | None]:
    """The skeletons that are made from now on, None for those that were tried in vain."""
    made: list[Skeleton | None] = []

    def counted(exemplar: Exemplar, row: Row, terminator: bytes, whole: bool) -> Skeleton | None:
        made.append(skeleton_of(exemplar, row, terminator, whole))
        return made[-1]

    monkeypatch.setattr(skeletons, "skeleton_of", counted)
    return made


def test_hostile_log_of_ever_new_payloads_makes_a_bounded_number_of_skeletons(made: list[Skeleton | None]) -> None:
    teach(ENVELOPE)
    made.clear()
    told = [event(seq, f"event.{seq}", f'{{"member_{seq}":1}}') for seq in range(1, 200)]
    told += [event(seq, "turn.lifecycle", f'{{"member_{seq}":1}}', item=None) for seq in range(200, 400)]
    told += [event(seq, "event.1", f'{{"member_{seq}":1e5}}') for seq in range(400, 600)]

    tally = fast(b"".join(frame("envelope", one) for one in told), ENVELOPE.plan())

    assert 0 < len(made) <= skeletons.EVENTS + 2 * skeletons.SKELETONS
    assert share(tally) == 1


def test_no_skeleton_is_made_until_that_pays(made: list[Skeleton | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skeletons, "PATIENCE", 50)
    forget()

    told = [frame("envelope", item(seq)) for seq in range(1, 71)]
    fast(b"".join(told[:40]), ENVELOPE.plan())
    assert made == []

    fast(b"".join(told[40:]), ENVELOPE.plan())
    assert len(made) == 1


@pytest.mark.parametrize(
    "plan",
    [
        replace(ENVELOPE.plan(), fast=False),
        replace(ENVELOPE.plan(), limit=4096),
        replace(ENVELOPE.plan(), schema=UserSchema("schema.json", "{}")),
        Plan(Shape.COMPAT, "sse"),
        Plan(Shape.CUSTOM, "jsonl"),
    ],
)
def test_prover_is_not_offered_where_a_clean_frame_may_break_another_rule(plan: Plan) -> None:
    assert not_offered(plan)


def test_frame_longer_than_the_limit_is_found_whatever_was_learned() -> None:
    teach(ENVELOPE)
    plan = replace(ENVELOPE.plan(), limit=300)

    tally = fast(b"".join(ENVELOPE.frames(50)), plan)

    assert tally.broken[rules.OVERLONG_LINE.code] > 0
    assert tally == slow(b"".join(ENVELOPE.frames(50)), plan)


def test_what_follows_an_http_head_is_proven_by_what_another_capture_has_taught() -> None:
    """The head ends its lines with CR LF, the events with LF: by them it is known which frames to expect."""
    teach(WRITERS["SSE"])
    events = b"".join(WRITERS["SSE"].frames(50, 1))

    tally = fast(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + events, WRITERS["SSE"].plan())

    assert tally.proven == len(events)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b"\r\r", "frames that end otherwise than in LF or CR LF"),
        (b"\ndata:\n\n", "messages of several data lines"),
    ],
)
def test_it_is_told_why_a_stream_is_not_learned_from(end: bytes, reason: str) -> None:
    frames = [message[:-2].replace(b"\n", end[:1]) + end for message in WRITERS["SSE"].frames(100)]
    forget()

    ((most, _),) = fast(b"".join(frames), WRITERS["SSE"].plan()).unproven.most_common(1)

    assert most == reason


def test_bytes_are_proven_or_have_a_reason() -> None:
    frames = ENVELOPE.frames(1000)
    frames[500] = b"{broken\n"
    forget()

    tally = fast(b"".join(frames), ENVELOPE.plan())

    assert tally.proven + sum(tally.unproven.values()) == tally.size
    assert tally.unproven[auditor.NOT_CLEAN] >= len(b"{broken\n")
    assert tally.unproven[auditor.LEARNED_FROM] > 0


# -- the law ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hole", holes(), ids=lambda hole: hole.name)
def test_written_hole_is_closed(hole: Hole | Count) -> None:
    assert hole.problem() == ""


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_without_a_guard_a_written_hole_is_open(guard: Guard, tmp_path: Path) -> None:
    assert without(guard, tmp_path) != ""


@pytest.mark.parametrize("seed", range(4))
def test_mutated_logs_keep_the_law(seed: int) -> None:
    teach(*WRITERS.values())
    proven = 0

    for writer, plan, block in cases(seed, 700):
        assert problem(block, plan) == "", (writer.name, plan, block.data)
        proven += not reference(block, plan).broken

    assert proven > 50, "nearly nothing was clean, so nearly nothing was asked of the prover"


def test_lines_that_break_the_schema_are_counted_alike_where_they_are_not_kept() -> None:
    teach(*WRITERS.values())
    counted = 0

    for writer, plan, block in cases(99, 1500):
        few = replace(plan, kept=0)
        twice = [block, Block(block.data, block.offset + block.length)]
        tally = total(audit_blocks(twice, few), 0, few.gaps)

        assert tally == total(audit_blocks(twice, replace(few, fast=False)), 0, few.gaps), writer.name
        counted += tally.broken[rules.SCHEMA_VIOLATION.code]

    assert counted > 100


@pytest.mark.parametrize("name", ["envelope", "record", "SSE"])
def test_log_that_breaks_the_schema_in_every_line_is_told_alike(name: str) -> None:
    writer = WRITERS[name]
    data = b"".join(frame.replace(b'"schema_version":', b'"schema_version":-') for frame in writer.frames(600))
    plan = replace(writer.plan(), kept=10)

    assert fast(data, plan) == slow(data, plan)
    assert fast(data, plan).broken[rules.SCHEMA_VIOLATION.code] == 600


def _plans(path: Path) -> list[Plan]:
    framing = "sse" if path.suffix == ".sse" else "jsonl"
    return [Plan(shape, framing) for shape in (Shape.ENVELOPE, Shape.RECORD, Shape.LEGACY)]


@pytest.mark.parametrize("path", logs(""), ids=lambda path: path.name)
def test_shared_recording_is_told_alike(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "WORTH", 0)
    data = path.read_bytes()
    for plan in _plans(path):
        forget()
        for _ in range(2):
            assert fast(data, plan) == slow(data, plan)


@pytest.mark.parametrize("name", ["envelope_lines.jsonl", "json_lines.jsonl"])
@pytest.mark.parametrize(
    "writer", [WRITERS["envelope"], WRITERS["record"], WRITERS["legacy"]], ids=lambda one: one.name
)
def test_shared_vectors_are_told_alike(name: str, writer: Writer) -> None:
    teach(writer)
    for vector in vectors(name):
        if b"\n" not in vector["bytes"]:
            block = Block(vector["bytes"] + b"\n", 0)
            assert problem(block, writer.plan()) == ""
            assert total(audit_blocks([block], writer.plan())) == audit_block(block, writer.plan(), JsonReader())
