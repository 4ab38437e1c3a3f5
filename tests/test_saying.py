"""What each event says, every name of CONTRACT.md 5.1 and 3.4, and what is unknown or not as its name promises."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay_cli.approvals import KEPT, Approvals
from replay_cli.compat import NAMES as COMPAT_NAMES
from replay_cli.envelope import Envelope
from replay_cli.payloads import KNOWN_EVENTS
from replay_cli.saying import family, said, went_wrong
from tests.recordings import shared

THREAD = {"id": "thr_1", "model": "demo", "mode": "agent", "workspace": "/harbour"}


def item(kind: str, status: str, summary: str = "", **more: Any) -> dict[str, Any]:
    return {"item": {"id": "item_1", "kind": kind, "status": status, "summary": summary}, **more}


def turn(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "turn_1", "status": status, **more}


USAGE = {"input_tokens": 1200, "output_tokens": 80}
CALL = {"thread_id": "thr_1", "turn_id": "turn_1", "call_id": "call_1"}
MAIL = {"message_id": "mail_1", "source": {"thread_id": "thr_0"}, "destination": {"thread_id": "thr_1"}}
AGENTS = [{"agent_id": "a1", "status": "Running"}, {"agent_id": "a2", "status": {"Failed": "no"}}]
QUESTION = {"question": "Which port?", "options": [{"label": "Kiel"}, {"label": "Brest"}]}

SAYS: list[tuple[str, object, str]] = [
    ("thread.started", {"thread": THREAD}, "demo, agent, /harbour"),
    ("thread.forked", {"thread": THREAD, "source_thread_id": "thr_0"}, "from thr_0, demo, agent, /harbour"),
    (
        "thread.forked",
        {"thread": {}, "source_thread_id": "thr_0", "backtrack_depth_from_tail": 2},
        "from thr_0, 2 back from its end",
    ),
    (
        "thread.updated",
        {"thread": THREAD, "changes": {"title": "x", "archived": True}},
        'title = "x", archived = true',
    ),
    ("thread.updated", {"thread": THREAD, "reason": "session_resume"}, "session_resume"),
    ("thread_goal_updated", {"goal": {"status": "active", "objective": "List"}}, "goal active: List"),
    ("thread_goal_cleared", {"thread_id": "thr_1"}, "no goal any more"),
    ("turn.started", {"turn": turn("in_progress", input_summary="tell me")}, "tell me"),
    ("turn.started", {"turn": turn("in_progress"), "manual_compaction": True}, "manual compaction"),
    ("turn.lifecycle", {"status": "in_progress"}, "in_progress"),
    ("turn.steered", {"input": "shorter"}, "shorter"),
    ("turn.interrupt_requested", CALL, "asked to stop"),
    (
        "turn.completed",
        {"turn": turn("completed", duration_ms=2700, usage=USAGE)},
        "completed in 2.7 s, 1,200 tokens in, 80 tokens out",
    ),
    (
        "turn.completed",
        {"turn": turn("interrupted", error="restart", duration_ms=184_000), "recovered": True},
        "interrupted in 3 min 04 s, recovered after a restart: restart",
    ),
    ("turn.completed", {"turn": turn("completed", duration_ms=7_500_000)}, "completed in 2 h 05 min"),
    (
        "item.started",
        item("tool_call", "in_progress", tool={"name": "bash", "input": {"command": "ls", "cwd": "."}}),
        'tool_call bash command="ls" (+1)',
    ),
    ("item.started", item("tool_call", "in_progress", tool={"name": "time", "input": {}}), "tool_call time"),
    ("item.started", item("user_message", "completed", "hello"), "user_message: hello"),
    ("item.started", item("agent_message", "in_progress"), "agent_message"),
    ("item.started", item("context_compaction", "in_progress", auto=True), "context_compaction, automatic"),
    ("item.delta", {"delta": "a word", "kind": "agent_message"}, "a word"),
    ("item.delta", {"delta": "a thought", "kind": "agent_reasoning"}, "reasoning: a thought"),
    ("item.completed", item("agent_message", "completed", "all of it"), "agent_message completed: all of it"),
    ("item.failed", item("tool_call", "failed", "s", error="why"), "tool_call failed: why"),
    ("item.interrupted", item("agent_message", "interrupted"), "agent_message interrupted"),
    ("item.canceled", item("context_compaction", "canceled", auto=False), "context_compaction canceled, asked for"),
    (
        "item.completed",
        item("context_compaction", "completed", "short", auto=True, messages_before=1120, messages_after=30),
        "context_compaction completed, automatic, 1,120 to 30 messages: short",
    ),
    (
        "item.completed",
        item("context_compaction", "completed", auto=False, messages_before=None, messages_after=30),
        "context_compaction completed, asked for, unknown to 30 messages",
    ),
    (
        "approval.required",
        {"id": "c", "approval_id": "c", "tool_name": "bash", "description": "runs", "intent_summary": "to see"},
        "c bash: to see",
    ),
    ("approval.required", {"tool_name": "bash", "description": "runs", "intent_summary": None}, "bash: runs"),
    ("approval.decided", {"approval_id": "c", "decision": "allow", "remember": True}, "c: allow (remembered)"),
    ("approval.decided", {"decision": "allow", "remember": False, "auto": True}, "allow (automatic)"),
    ("approval.decided", {"decision": "deny", "timeout": True}, "deny (nobody answered in time)"),
    (
        "approval.decided",
        {"decision": "deny", "auto": True, "posture": "auto_review"},
        "deny (automatic, auto_review)",
    ),
    ("approval.timeout", {"approval_id": "c", "timeout_secs": 300}, "c: no answer within 300 s"),
    ("user_input.required", {"id": "c", "request": {"questions": [QUESTION]}}, "c: Which port? (Kiel / Brest)"),
    ("user_input.answered", {"id": "c", "input_id": "c"}, "answered c"),
    ("user_input.canceled", {"id": "c", "input_id": "c", "terminal": True}, "canceled c as its turn ended"),
    (
        "tool_call.requested",
        {**CALL, "namespace": "harbour", "tool": "tide", "arguments": {"port": "Brest"}},
        'harbour.tide port="Brest"',
    ),
    ("tool_call.resolved", {**CALL, "status": "resolved", "success": True}, "call_1 succeeded"),
    ("tool_call.resolved", {**CALL, "status": "resolved", "success": False}, "call_1 did not succeed"),
    ("tool_call.canceled", {**CALL, "reason": "turn_terminal"}, "call_1 canceled: turn terminal"),
    ("tool_call.timeout", {**CALL, "timeout_secs": 300}, "call_1 no answer within 300 s"),
    ("sandbox.denied", {"tool_id": "c", "tool_name": "bash", "reason": "network"}, "bash: network"),
    ("agent.spawned", item("status", "completed", "begun", agent_id="a1"), "a1: begun"),
    ("agent.progress", item("status", "completed", "half", agent_id="a1"), "a1: half"),
    ("agent.completed", item("status", "completed", "", agent_id="a1"), "a1"),
    ("agent.list", item("status", "completed", agents=AGENTS), "2 agents: a1 Running, a2 Failed"),
    ("agent.list", item("status", "completed", agents=[]), "0 agents"),
    ("agent_mail.queued", {"mail": MAIL}, "mail_1 from thr_0 to thr_1"),
    ("agent_mail.delivering", {"mail": {**MAIL, "attempt_count": 2}}, "mail_1 from thr_0 to thr_1, attempt 2"),
    ("agent_mail.delivered", {"mail": {**MAIL, "attempt_count": 1}}, "mail_1 from thr_0 to thr_1"),
    ("agent_mail.read", {"mail": {"message_id": "mail_1"}}, "mail_1"),
    ("agent_mail.delivery_failed", {"mail": {**MAIL, "failure": "gone"}}, "mail_1 from thr_0 to thr_1: gone"),
    ("agent_mail.queued", {"mail": {**MAIL, "body": "look"}}, "mail_1 from thr_0 to thr_1: look"),
    (
        "agent_mail.read",
        {"mail": {**MAIL, "subject": "s", "body": {"text": "b"}}},
        "mail_1 from thr_0 to thr_1: s: b",
    ),
    (
        "agent_mail.delivery_failed",
        {"mail": {**MAIL, "body": "look", "failure": {"code": "x", "message": "gone"}}},
        "mail_1 from thr_0 to thr_1: x: gone",
    ),
    ("coherence.state", {"label": "healthy", "description": "all is well"}, "healthy: all is well"),
    ("cycle.advanced", {"from": 1, "to": 2}, "from cycle 1 to 2"),
    (
        "cycle.advanced",
        {"from": 1, "to": 2, "briefing_tokens": 3000},
        "from cycle 1 to 2, 3,000 tokens of briefing",
    ),
    ("turn.started", {"thread_id": "t", "model": "demo", "mode": "agent", "workspace": "/h"}, "demo, agent, /h"),
    ("turn.completed", {"usage": USAGE}, "1,200 tokens in, 80 tokens out"),
    ("turn.completed", {"usage": None}, ""),
    ("message.delta", {"content": "a word"}, "a word"),
    ("tool.started", {"id": "c", "name": "bash", "input": {"command": "ls"}}, 'bash command="ls"'),
    ("tool.progress", {"output": "half"}, "half"),
    ("tool.completed", {"id": "c", "success": False, "output": "no"}, "failed: no"),
    ("status", {"message": "queued"}, "queued"),
    ("error", {"message": "event channel closed"}, "event channel closed"),
    ("done", {}, ""),
]


def event(name: str, payload: object) -> Envelope:
    return Envelope(1, name, "thr_1", None, None, "2026-11-21T06:00:00Z", payload)


@pytest.mark.parametrize(("name", "payload", "words"), SAYS, ids=[name for name, _, _ in SAYS])
def test_an_event_says(name: str, payload: object, words: str) -> None:
    assert words == said(event(name, payload))


@pytest.mark.parametrize(
    ("name", "payload", "words"),
    [
        ("approval.decided", {"approval_id": "c", "decision": "deny"}, "c bash: deny"),
        ("approval.timeout", {"approval_id": "c", "timeout_secs": 300}, "c bash: no answer within 300 s"),
        ("approval.decided", {"approval_id": "other", "decision": "deny"}, "other: deny"),
        ("item.delta", {"approval_id": "c", "delta": "x"}, "x"),
    ],
)
def test_what_decides_an_approval_says_of_which_tool(name: str, payload: object, words: str) -> None:
    approvals = Approvals()
    asked = event("approval.required", {"id": "c", "approval_id": "c", "tool_name": "bash"})
    assert "c bash" == said(asked, approvals.tool(asked))

    assert words == said(event(name, payload), approvals.tool(event(name, payload)))
    other = Envelope(1, name, "thr_2", None, None, "2026-11-21T06:00:00Z", payload)
    assert words.replace(" bash", "") == said(other, approvals.tool(other))


def test_approvals_without_end_are_not_all_remembered() -> None:
    approvals = Approvals()
    for number in range(KEPT + 5):
        approvals.tool(event("approval.required", {"approval_id": f"c{number}", "tool_name": "bash"}))

    assert ["", "bash"] == [approvals.tool(event("approval.decided", {"approval_id": one})) for one in ("c4", "c5")]


def test_every_known_event_is_in_the_table() -> None:
    assert not (KNOWN_EVENTS | COMPAT_NAMES) - {name for name, _, _ in SAYS}


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"status": "new", "n": 3}, '{"status": "new", "n": 3}'),
        ([1, "世界"], '[1, "世界"]'),
        (None, ""),
        ({}, ""),
        ("text", '"text"'),
    ],
)
def test_an_unknown_event_shows_its_payload(payload: object, words: str) -> None:
    assert words == said(event("tide.turned", payload))


ODD: list[object] = [None, 7, "x", [], {}, {"turn": 1}, {"item": None}, {"thread": []}, {"delta": {}}, {"goal": 1}]
ODD += [{"request": {"questions": [1]}}, {"agents": [None], "item": {}}, {"mail": {"source": 3}}, {"changes": 5}]
ODD += [
    {"turn": {"status": [], "duration_ms": "x", "usage": []}},
    {"item": {"kind": {}, "status": 1, "summary": [2]}},
]


@pytest.mark.parametrize("name", sorted(KNOWN_EVENTS | COMPAT_NAMES))
def test_a_payload_that_is_not_what_its_name_promises_is_told_all_the_same(name: str) -> None:
    for payload in ODD:
        assert isinstance(said(event(name, payload)), str)
        went_wrong(event(name, payload))


def test_a_long_unknown_payload_is_told_by_its_beginning() -> None:
    assert 2001 == len(said(event("tide.turned", {"x": "y" * 100_000})))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("item.delta", "delta"), ("item.failed", "item"), ("thread_goal_cleared", "thread"), ("done", "done")],
)
def test_events_have_families(name: str, expected: str) -> None:
    assert expected == family(name)


@pytest.mark.parametrize(("status", "wrong"), [("completed", False), ("failed", True), ("interrupted", True)])
def test_a_turn_that_did_not_complete_went_wrong(status: str, wrong: bool) -> None:
    assert wrong is went_wrong(event("turn.completed", {"turn": turn(status)}))


def test_no_recorded_event_is_told_as_an_unknown_one() -> None:
    for path in sorted(shared("recorded/store/events").glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            value = json.loads(line)
            assert not said(event(value["event"], value["payload"])).startswith("{"), line[:200]
