"""What one event's payload must mirror: every row of the contract, kept once and broken once."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli import payloads
from replay_cli.envelope import Envelope
from replay_cli.payloads import (
    ALIAS,
    DURATION,
    ID_PRESENCE,
    KNOWN_EVENTS,
    PAYLOAD_ID,
    SELF_FORK,
    STATUS,
    Disagreement,
    disagreements,
)

SHARED = Path(__file__).resolve().parents[1].parent / "shared"

# -- one intact event of every name (CONTRACT.md 5.1) ----------------------------------------------------------------

THREAD = {"thread": {"id": "thr_a", "title": None}}
TURN = {"id": "turn_b", "thread_id": "thr_a", "created_at": "2026-08-20T10:00:00Z"}
TIMES = {"started_at": "2026-08-20T10:00:00.000900Z", "ended_at": "2026-08-20T10:00:01.500800Z", "duration_ms": 1499}
PLAIN = {"thread_id": "thr_a", "turn_id": "turn_b"}


def item(status: str) -> dict[str, Any]:
    return {"item": {"id": "item_c", "turn_id": "turn_b", "status": status}}


def mail(status: str) -> dict[str, Any]:
    return {"mail": {"destination": {"thread_id": "thr_a"}, "delivery_turn_id": "turn_b", "status": status}}


INTACT: dict[str, tuple[str, dict[str, Any]]] = {
    "thread.started": ("- -", THREAD),
    "thread.forked": ("- -", {**THREAD, "source_thread_id": "thr_s"}),
    "thread.updated": ("- -", {**THREAD, "changes": {"title": None}}),
    "thread_goal_updated": ("- -", {"kind": "thread_goal_updated", "goal": {"thread_id": "thr_a"}}),
    "thread_goal_cleared": ("- -", {"kind": "thread_goal_cleared", "thread_id": "thr_a"}),
    "turn.started": ("T -", {"turn": {**TURN, "status": "in_progress"}}),
    "turn.lifecycle": ("T -", {"status": "in_progress"}),
    "turn.steered": ("T I", {**PLAIN, "input": "go on"}),
    "turn.interrupt_requested": ("T -", PLAIN),
    "turn.completed": ("T -", {"turn": {**TURN, **TIMES, "status": "completed"}}),
    "item.started": ("T I", item("in_progress")),
    "item.delta": ("T I", {"delta": "x", "kind": "agent_message"}),
    "item.completed": ("T I", item("completed")),
    "item.failed": ("T I", item("failed")),
    "item.interrupted": ("T I", item("interrupted")),
    "item.canceled": ("T I", item("canceled")),
    "approval.required": ("T -", {"id": "call_d", "approval_id": "call_d", "tool_name": "bash"}),
    "approval.decided": ("T -", {"approval_id": "call_d", "decision": "allow", "remember": False}),
    "approval.timeout": ("T -", {"approval_id": "call_d", "timeout_secs": 300}),
    "user_input.required": ("T -", {"id": "call_d", "input_id": "call_d", "request": {}}),
    "user_input.answered": ("T -", {"id": "call_d", "input_id": "call_d"}),
    "user_input.canceled": ("T -", {"id": "call_d", "input_id": "call_d", "terminal": True}),
    "tool_call.requested": ("T -", {**PLAIN, "call_id": "call_d"}),
    "tool_call.resolved": ("T -", {**PLAIN, "call_id": "call_d", "status": "resolved"}),
    "tool_call.canceled": ("T -", {**PLAIN, "call_id": "call_d", "status": "canceled"}),
    "tool_call.timeout": ("T -", {**PLAIN, "call_id": "call_d", "status": "timeout"}),
    "sandbox.denied": ("T -", {"tool_id": "call_d", "tool_name": "bash", "reason": "no"}),
    "agent.spawned": ("T I", {**item("completed"), "agent_id": "agent_e"}),
    "agent.progress": ("T I", {**item("completed"), "agent_id": "agent_e"}),
    "agent.completed": ("T I", {**item("completed"), "agent_id": "agent_e"}),
    "agent.list": ("T I", {**item("completed"), "agents": []}),
    "agent_mail.queued": ("T -", mail("queued")),
    "agent_mail.delivering": ("T -", mail("delivering")),
    "agent_mail.delivered": ("T -", mail("delivered")),
    "agent_mail.read": ("T -", mail("read")),
    "agent_mail.delivery_failed": ("T -", mail("failed")),
    "coherence.state": ("T -", {**THREAD, "state": "healthy"}),
    "cycle.advanced": ("T -", {"from": 0, "to": 1}),
}


def intact(name: str, **changed: Any) -> Envelope:
    ids, payload = INTACT[name]
    fields: dict[str, Any] = {
        "turn_id": "turn_b" if "T" in ids else None,
        "item_id": "item_c" if "I" in ids else None,
        "payload": payload,
        **changed,
    }
    return Envelope(seq=7, event=name, thread_id="thr_a", timestamp="2026-08-20T10:00:02Z", **fields)


def changed(name: str, pointer: str, value: object) -> Envelope:
    """The intact event with another value at a place in its payload."""
    payload = copy.deepcopy(INTACT[name][1])
    *path, last = pointer.split("/")[2:]
    inner = payload
    for step in path:
        inner = inner[step]
    inner[last] = value
    return intact(name, payload=payload)


def said(event: Envelope) -> list[Disagreement]:
    return list(disagreements(event, Counter()))


@pytest.mark.parametrize("name", INTACT)
def test_an_intact_event_disagrees_with_nothing(name: str) -> None:
    assert said(intact(name)) == []


@pytest.mark.parametrize("name", ["turn.failed", "tool.started", "message.delta", "", "Item.Delta"])
def test_no_rule_applies_to_an_unknown_name(name: str) -> None:
    looked = Counter[str]()
    event = Envelope(1, name, "thr_a", "turn_b", "item_c", "", {"thread": {"id": "thr_x"}, "status": "x"})
    assert list(disagreements(event, looked)) == []
    assert not looked


# -- invariant 1: ids ------------------------------------------------------------------------------------------------

SAME: dict[str, dict[str, str]] = {
    "thread.started thread.forked thread.updated": {"/payload/thread/id": "thread_id"},
    "turn.started turn.completed": {"/payload/turn/id": "turn_id", "/payload/turn/thread_id": "thread_id"},
    "item.started item.completed item.failed item.interrupted item.canceled "
    "agent.spawned agent.progress agent.completed agent.list": {
        "/payload/item/id": "item_id",
        "/payload/item/turn_id": "turn_id",
    },
    "turn.steered turn.interrupt_requested "
    "tool_call.requested tool_call.resolved tool_call.canceled tool_call.timeout": {
        "/payload/thread_id": "thread_id",
        "/payload/turn_id": "turn_id",
    },
    "thread_goal_updated": {"/payload/goal/thread_id": "thread_id"},
    "agent_mail.queued agent_mail.delivering agent_mail.delivered agent_mail.read agent_mail.delivery_failed": {
        "/payload/mail/destination/thread_id": "thread_id",
        "/payload/mail/delivery_turn_id": "turn_id",
    },
}
MIRRORS = [
    (name, pointer, field) for names, row in SAME.items() for name in names.split() for pointer, field in row.items()
]
OURS = {"thread_id": "thr_a", "turn_id": "turn_b", "item_id": "item_c"}


@pytest.mark.parametrize(("name", "pointer", "field"), MIRRORS)
@pytest.mark.parametrize(("value", "found"), [("other", "other"), (None, "null"), (5, "number"), ({}, "object")])
def test_an_id_in_the_payload_is_the_envelopes(
    name: str, pointer: str, field: str, value: object, found: str
) -> None:
    facts = {"pointer": pointer, "found": found, "field": field, "expected": OURS[field]}
    assert said(changed(name, pointer, value)) == [(PAYLOAD_ID, pointer, facts)]


def test_no_other_place_is_looked_at() -> None:
    assert sorted(MIRRORS) == sorted((name, *row) for name, rows in payloads.MIRRORS.items() for row in rows)


def test_each_wrong_id_is_said() -> None:
    event = intact("item.completed", payload={"item": {"id": "x", "turn_id": "y", "status": "completed"}})
    assert [pointer for _, pointer, _ in said(event)] == ["/payload/item/id", "/payload/item/turn_id"]


def test_mail_without_a_turn_has_a_null_there_too() -> None:
    for absent in ({}, {"delivery_turn_id": None}):
        payload = {"mail": {"destination": {"thread_id": "thr_a"}, "status": "queued", **absent}}
        assert said(intact("agent_mail.queued", turn_id=None, payload=payload)) == []
    pointer = "/payload/mail/delivery_turn_id"
    facts = {"pointer": pointer, "found": "turn_b", "field": "turn_id", "expected": "null"}
    assert said(intact("agent_mail.queued", turn_id=None)) == [(PAYLOAD_ID, pointer, facts)]


# -- invariant 2: presence -------------------------------------------------------------------------------------------

WANTED = [
    (name, field, letter in ids)
    for name, (ids, _) in INTACT.items()
    for field, letter in (("turn_id", "T"), ("item_id", "I"))
    if not (name.startswith("agent_mail.") and field == "turn_id")
]


@pytest.mark.parametrize(("name", "field", "wanted"), WANTED)
def test_an_id_is_there_where_it_belongs_and_nowhere_else(name: str, field: str, wanted: bool) -> None:
    """Also: a missing id is said once, not once more for each place in the payload that holds it."""
    facts = {"field": field, "problem": "missing" if wanted else "unexpected", "event": name}
    event = intact(name, **{field: None if wanted else "some_id"})
    assert said(event) == [(ID_PRESENCE, f"/{field}", facts)]


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no contract at {SHARED}")
def test_the_names_and_their_ids_are_those_of_the_contract() -> None:
    text = (SHARED / "CONTRACT.md").read_text(encoding="utf-8")
    table = text.split("### 5.1")[1].split("Retired:")[0]
    said_there = {"coherence.state": "T -", "cycle.advanced": "T -"}
    for row in table.splitlines():
        cells = row.split(" | ")
        if row.startswith("| `") and len(cells) > 2:
            first, *more = (name.strip("` /") for name in cells[0].removeprefix("| ").split(" "))
            names = [first, *(first.split(".")[0] + name for name in more if name)]
            ids = cells[1].replace("–", "-").replace("T or - ,", "?")
            said_there.update(dict.fromkeys(names, ids))
    assert said_there == payloads.IDS
    assert set(said_there) == set(KNOWN_EVENTS) == set(INTACT)


# -- invariant 5: two names of one id --------------------------------------------------------------------------------

ALIASES = [
    ("approval.required", "/payload/approval_id"),
    ("user_input.required", "/payload/input_id"),
    ("user_input.answered", "/payload/input_id"),
    ("user_input.canceled", "/payload/input_id"),
]


@pytest.mark.parametrize(("name", "other"), ALIASES)
def test_two_names_of_one_id_agree(name: str, other: str) -> None:
    facts = {"pointer": "/payload/id", "found": "call_x", "other": other, "expected": "call_d"}
    assert said(changed(name, "/payload/id", "call_x")) == [(ALIAS, "/payload/id", facts)]
    facts = {"pointer": "/payload/id", "found": "call_d", "other": other, "expected": "null"}
    assert said(changed(name, other, None)) == [(ALIAS, "/payload/id", facts)]
    assert said(intact(name, payload={"id": "call_d"})) == []


# -- invariants 12, 13, 22, 35, 38: status ---------------------------------------------------------------------------

TURN_STATUSES = ("queued", "in_progress", "completed", "failed", "interrupted", "canceled")
STATUSES = [
    ("turn.started", "/payload/turn/status", "in_progress"),
    ("turn.completed", "/payload/turn/status", "completed or failed or interrupted"),
    *((f"item.{word}", "/payload/item/status", word) for word in ("completed", "failed", "interrupted", "canceled")),
    *((f"tool_call.{word}", "/payload/status", word) for word in ("resolved", "canceled", "timeout")),
    *((f"agent_mail.{word}", "/payload/mail/status", word) for word in ("queued", "delivering", "delivered", "read")),
    ("agent_mail.delivery_failed", "/payload/mail/status", "failed"),
]


@pytest.mark.parametrize(("name", "pointer", "expected"), STATUSES)
@pytest.mark.parametrize(
    ("value", "found"),
    [*((word, word) for word in TURN_STATUSES), ("Completed", "string of 9 characters"), (None, "null")],
)
def test_a_status_agrees_with_the_name(name: str, pointer: str, expected: str, value: object, found: str) -> None:
    facts = {"pointer": pointer, "found": found, "event": name, "expected": expected}
    agrees = value in expected.split(" or ")
    assert said(changed(name, pointer, value)) == ([] if agrees else [(STATUS, pointer, facts)])


def test_no_other_status_is_looked_at() -> None:
    assert sorted(name for name, _, _ in STATUSES) == sorted(payloads.STATUSES)


# -- invariant 20: duration ------------------------------------------------------------------------------------------


def completed(started: object, ended: object, duration: object) -> Envelope:
    turn = {**TURN, "status": "failed", "started_at": started, "ended_at": ended, "duration_ms": duration}
    return intact("turn.completed", payload={"turn": turn})


@pytest.mark.parametrize(
    ("started", "ended", "whole"),
    [
        ("2026-08-20T10:00:00Z", "2026-08-20T10:00:00Z", 0),
        ("2026-08-20T10:00:00.000000001Z", "2026-08-20T10:00:00.001Z", 0),
        ("2026-08-20T10:00:00.000999999Z", "2026-08-20T10:00:01.001Z", 1000),
        ("2026-08-20T23:59:59.999Z", "2026-08-21T00:00:00.5+00:00", 501),
        ("2026-08-20T10:00:00Z", "2026-08-20T09:59:59Z", 0),  # the clock was set back
    ],
)
def test_a_duration_is_the_whole_milliseconds_between(started: str, ended: str, whole: int) -> None:
    assert said(completed(started, ended, whole)) == []
    pointer = "/payload/turn/duration_ms"
    told = f"from started_at to ended_at it is {whole} ms" if "09:" not in ended else "ended_at is before started_at"
    for wrong in (whole - 1, whole + 1):
        facts = {"found": wrong, "expected": whole, "told": told, "pointer": pointer}
        assert said(completed(started, ended, wrong)) == [(DURATION, pointer, facts)]


@pytest.mark.parametrize(
    ("value", "found"),
    [("1000", "string of 4 characters"), (1000.0, "number"), (True, "boolean"), ([], "array"), ({}, "object")],
)
def test_a_duration_of_another_type_is_no_duration(value: object, found: str) -> None:
    told = "from started_at to ended_at it is 1000 ms"
    facts = {"found": found, "expected": 1000, "told": told, "pointer": "/payload/turn/duration_ms"}
    event = completed("2026-08-20T10:00:00Z", "2026-08-20T10:00:01Z", value)
    assert said(event) == [(DURATION, "/payload/turn/duration_ms", facts)]


@pytest.mark.parametrize(
    ("started", "ended", "duration"),
    [
        ("2026-08-20T10:00:00Z", "2026-08-20T10:00:01Z", None),
        ("2026-08-20T10:00:00Z", None, 5),
        (None, "2026-08-20T10:00:01Z", 5),
        ("yesterday", "2026-08-20T10:00:01Z", 5),
        (1787220000, "2026-08-20T10:00:01Z", 5),
    ],
)
def test_without_two_readable_times_no_duration_is_judged(started: object, ended: object, duration: object) -> None:
    looked = Counter[str]()
    assert list(disagreements(completed(started, ended, duration), looked)) == []
    assert looked[DURATION] == 0


# -- invariant 9: forks ----------------------------------------------------------------------------------------------


def test_a_thread_is_not_forked_from_itself() -> None:
    pointer = "/payload/source_thread_id"
    event = changed("thread.forked", pointer, "thr_a")
    assert said(event) == [(SELF_FORK, pointer, {"pointer": pointer, "found": "thr_a"})]


# -- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INTACT)
@pytest.mark.parametrize("payload", [None, 5, "text", [], {}, {"thread": 5, "turn": [], "item": "x", "mail": None}])
def test_what_is_not_there_does_not_disagree(name: str, payload: object) -> None:
    looked = Counter[str]()
    assert list(disagreements(intact(name, payload=payload), looked)) == []
    assert looked == {ID_PRESENCE: 1}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("item.delta", {ID_PRESENCE}),
        ("turn.lifecycle", {ID_PRESENCE}),
        ("item.started", {ID_PRESENCE, PAYLOAD_ID}),
        ("thread.forked", {ID_PRESENCE, PAYLOAD_ID, SELF_FORK}),
        ("approval.required", {ID_PRESENCE, ALIAS}),
        ("tool_call.timeout", {ID_PRESENCE, PAYLOAD_ID, STATUS}),
        ("turn.completed", {ID_PRESENCE, PAYLOAD_ID, STATUS, DURATION}),
    ],
)
def test_each_rule_that_looked_is_counted_once(name: str, rules: set[str]) -> None:
    looked = Counter[str]()
    disagreements(intact(name), looked)  # counted without reading the answer
    assert looked == dict.fromkeys(rules, 1)


def test_no_fact_is_long_or_anybodys_text() -> None:
    long = "x" * 1000
    rows = [(name, pointer) for name, pointer, *_ in (*MIRRORS, *STATUSES)]
    rows += [(name, "/payload/id") for name, _ in ALIASES] + [("turn.completed", "/payload/turn/duration_ms")]
    for name, pointer in rows:
        for _, _, facts in said(changed(name, pointer, long)):
            assert facts["found"] == "string of 1000 characters"


PLACES = sorted({step for _, pointer, *_ in (*MIRRORS, *STATUSES) for step in pointer.split("/")[2:]} | set(TIMES))
WORDS = st.sampled_from(["thr_a", "turn_b", "x"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(PLACES), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(sorted(INTACT)), values)
def test_any_payload_is_answered(name: str, payload: object) -> None:
    for rule, pointer, facts in said(intact(name, payload=payload)):
        assert rule in (PAYLOAD_ID, ALIAS, STATUS, DURATION, SELF_FORK)
        assert facts["pointer"] == pointer
        assert pointer.startswith("/payload/")


# -- recordings ------------------------------------------------------------------------------------------------------


def recorded() -> list[Path]:
    folders = ("store", "old", "twin", "torn", "captures")
    files = (path for folder in folders for path in sorted((SHARED / "recorded" / folder).rglob("*")))
    return [path for path in files if path.suffix in (".jsonl", ".sse") and not path.name.startswith("compat")]


def events_of(path: Path) -> Iterator[Envelope]:
    """Records, envelopes or SSE data lines. Only the last line may be torn."""
    prefix = b"data: " if path.suffix == ".sse" else b"{"
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines):
        if not line.startswith(prefix):
            continue
        try:
            value = json.loads(line.removeprefix(b"data: "))
        except ValueError:
            assert number == len(lines) - 1
            continue
        names = ("seq", "event", "thread_id", "turn_id", "item_id", "timestamp", "payload")
        yield Envelope(**{name: value.get(name) for name in names})


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no recordings at {SHARED}")
def test_recordings_of_the_runtime_agree_in_everything() -> None:
    looked = Counter[str]()
    files = recorded()
    for path in files:
        for event in events_of(path):
            assert list(disagreements(event, looked)) == [], (path, event.seq)
            assert event.event in KNOWN_EVENTS
    assert len(files) > 60
    assert all(looked[rule] for rule in (PAYLOAD_ID, ID_PRESENCE, ALIAS, STATUS, DURATION, SELF_FORK)), looked
