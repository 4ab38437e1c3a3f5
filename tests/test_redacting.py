"""Redaction: no secret gets through in any place or spelling, and the events stay the events that they were."""

from __future__ import annotations

import hmac
import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli import audit
from replay_cli.errors import UsageError
from replay_cli.masking import Masks
from replay_cli.payloads import KNOWN_EVENTS
from replay_cli.profiles import Shape
from replay_cli.redacting import Redactor, _by_token, _by_value
from replay_cli.redactions import parsed
from tests.making import compact, envelope, record
from tests.recordings import SHARED, logs, vectors

SECRET = 'geheim "wörd" \\ 世界🔑'
"""Text with whatever is escaped in one writer or another, and that is no id."""

TIME = "2026-11-21T06:39:00.701581487Z"
THREAD = {
    "schema_version": 2,
    "id": "thr_1",
    "created_at": TIME,
    "updated_at": TIME,
    "model": "m",
    "workspace": "/w",
    "model_provider": "vllm",
    "model_provider_id": "vllm",
    "mode": "agent",
    "permission_posture": "ask",
    "allow_shell": True,
    "latest_turn_id": "turn_1",
    "latest_response_bookmark": "b",
    "archived": False,
    "system_prompt": "p",
    "task_id": "task_1",
    "title": "t",
    "session_id": "s_1",
    "coherence_state": "healthy",
}
USAGE = {"input_tokens": 5, "output_tokens": 6, "server_tool_use": {"web_search_requests": 1}}
TURN = {
    "id": "turn_1",
    "thread_id": "thr_1",
    "status": "completed",
    "input_summary": "i",
    "created_at": TIME,
    "started_at": TIME,
    "ended_at": TIME,
    "duration_ms": 0,
    "usage": USAGE,
    "permission_posture": "ask",
    "effective_model": "m",
    "effective_provider": "vllm",
    "error": "e",
    "item_ids": ["item_1"],
    "steer_count": 0,
    "routed_usage": [{"usage": USAGE, "route": {"model": "m"}}],
    "agent_mail_message_id": "mail_1",
}
ITEM = {
    "schema_version": 2,
    "id": "item_1",
    "turn_id": "turn_1",
    "kind": "tool_call",
    "status": "completed",
    "summary": "s",
    "detail": "d",
    "artifact_refs": ["a"],
    "started_at": TIME,
    "ended_at": TIME,
    "metadata": {"exit_code": 0, "summary": "s", "tool_name": "bash", "files": [{"path": "p", "pin": 1234}]},
}
GOAL = {"goal_id": "goal-1", "thread_id": "thr_1", "objective": "o", "status": "active", "created_at": 1795242947}
MAIL = {
    "message_id": "mail_1",
    "source": {"thread_id": "thr_2"},
    "destination": {"thread_id": "thr_1"},
    "delivery_turn_id": "turn_1",
    "subject": "s",
    "body": "b",
    "created_at": TIME,
    "attempt_count": 1,
}
QUESTION = {"header": "h", "id": "q", "question": "w?", "options": [{"label": "l", "description": "d"}]}
_CALL = {"thread_id": "thr_1", "turn_id": "turn_1", "call_id": "call_1"}
_AGENT = {"item": ITEM, "agent_id": "agent_1"}
PAYLOADS: dict[str, Any] = {
    "thread.started": {"thread": THREAD},
    "thread.forked": {
        "thread": THREAD,
        "source_thread_id": "thr_2",
        "backtrack_depth_from_tail": 1,
        "dropped_turn_id": "turn_0",
    },
    "thread.updated": {"thread": THREAD, "changes": {"title": "t", "workspace": "/w"}, "reason": "session_resume"},
    "thread_goal_updated": {"kind": "thread_goal_updated", "goal": GOAL},
    "thread_goal_cleared": {"kind": "thread_goal_cleared", "thread_id": "thr_1"},
    "turn.started": {"turn": {**TURN, "status": "in_progress"}, "manual_compaction": True},
    "turn.lifecycle": {"status": "in_progress"},
    "turn.steered": {"thread_id": "thr_1", "turn_id": "turn_1", "input": "i"},
    "turn.interrupt_requested": {"thread_id": "thr_1", "turn_id": "turn_1"},
    "turn.completed": {"turn": TURN, "recovered": True},
    "item.started": {
        "item": ITEM,
        "tool": {"id": "call_1", "name": "bash", "input": {"command": "c", "n": [1, "x"]}},
    },
    "item.delta": {"delta": "d", "kind": "agent_message"},
    "item.completed": {"item": ITEM, "auto": True, "messages_before": 5, "messages_after": None},
    "item.failed": {"item": {**ITEM, "status": "failed"}, "error": "e"},
    "item.interrupted": {"item": {**ITEM, "status": "interrupted"}},
    "item.canceled": {"item": {**ITEM, "status": "canceled"}, "auto": False},
    "approval.required": {
        "id": "call_1",
        "approval_id": "call_1",
        "tool_name": "bash",
        "description": "d",
        "intent_summary": "i",
    },
    "approval.decided": {"approval_id": "call_1", "decision": "deny", "remember": False, "posture": "auto_review"},
    "approval.timeout": {"approval_id": "call_1", "timeout_secs": 300},
    "user_input.required": {"id": "call_1", "request": {"questions": [QUESTION]}},
    "user_input.answered": {"id": "call_1", "input_id": "call_1"},
    "user_input.canceled": {"id": "call_1", "input_id": "call_1", "terminal": True},
    "tool_call.requested": {**_CALL, "namespace": "n", "tool": "lookup", "arguments": {"port": "Kiel"}},
    "tool_call.resolved": {**_CALL, "status": "resolved", "success": True, "result_accepted": True},
    "tool_call.canceled": {**_CALL, "status": "canceled", "reason": "turn_terminal", "terminal": True},
    "tool_call.timeout": {**_CALL, "status": "timeout", "timeout_secs": 300},
    "sandbox.denied": {"tool_id": "call_1", "tool_name": "bash", "reason": "r"},
    "agent.spawned": _AGENT,
    "agent.progress": _AGENT,
    "agent.completed": _AGENT,
    "agent.list": {"item": ITEM, "agents": [{"agent_id": "agent_1", "status": {"Failed": "f"}, "task": "t"}]},
    "agent_mail.queued": {"mail": {**MAIL, "status": "queued"}},
    "agent_mail.delivering": {"mail": {**MAIL, "status": "delivering"}},
    "agent_mail.delivered": {"mail": {**MAIL, "status": "delivered"}},
    "agent_mail.read": {"mail": {**MAIL, "status": "read"}},
    "agent_mail.delivery_failed": {"mail": {**MAIL, "status": "failed", "failure": "f"}},
    "coherence.state": {"state": "healthy", "label": "l", "description": "d", "reason": "r", "thread": THREAD},
    "cycle.advanced": {"from": 1, "to": 2, "briefing_tokens": 9, "cycle": {"note": "n"}, "timestamp": TIME},
}
"""A payload of each event of CONTRACT.md 5.1, with every member that it may have there."""

WITHOUT_TURN = ("thread.started", "thread.forked", "thread.updated", "thread_goal_updated", "thread_goal_cleared")


def redacted(data: bytes, *specs: str, shape: Shape = Shape.ENVELOPE, **options: Any) -> bytes:
    return Redactor(parsed(specs, **options)).text(data, shape)


def event(name: str, **changes: Any) -> dict[str, Any]:
    """An envelope of this name that the audit finds nothing in."""
    with_item = name.startswith(("item.", "agent.")) or name == "turn.steered"
    ids = {"turn_id": None if name in WITHOUT_TURN else "turn_1", "item_id": "item_1" if with_item else None}
    return envelope(7, event=name, kind=name, payload=PAYLOADS.get(name)) | ids | changes


def rules(data: bytes, name: str = "<bytes>") -> Counter[str]:
    return Counter(audit(data, name=name, select=["all"]).rules)


# -- nothing gets through --------------------------------------------------------------------------------------------


def planted(whole: dict[str, Any], text: str) -> Iterator[dict[str, Any]]:
    """Copies of an event with a text in one place: of a string, number or name, or beside them."""
    for way, inner in ways(whole):
        *_, last = way or ("",)
        if isinstance(inner, str | int | float):
            copy, holder = held(whole, way[:-1])
            holder[last] = text
            yield copy
        if len(way) > 1 and isinstance(last, str):
            copy, holder = held(whole, way[:-1])
            holder[text] = holder.pop(last)
            yield copy
        if isinstance(inner, dict):
            copy, holder = held(whole, way)
            holder |= {"new": [text], text: {text: text}}
            yield copy


def held(whole: dict[str, Any], way: tuple[Any, ...]) -> tuple[dict[str, Any], Any]:
    """A copy of an event, and what stands in it at the end of a way."""
    copy = deepcopy(whole)
    at: Any = copy
    for step in way:
        at = at[step]
    return copy, at


def ways(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield way, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield from ways(inner, (*way, name))


def spellings(value: Any) -> Iterator[bytes]:
    """A value as one writer or another writes it."""
    text = json.dumps(value, ensure_ascii=False)
    yield compact(value)
    yield text.replace('": ', '" :\t').encode()
    yield json.dumps(value).encode()
    every = re.sub(r'[^\W\d_](?=[^"]*wörd)|ö', lambda found: f"\\u{ord(found[0]):04X}", text)
    yield every.encode()


def strings(data: bytes) -> list[str]:
    """All strings and names in a text, of doubled members as well."""
    found: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> list[Any]:
        found.extend(name for name, _ in pairs)
        return [inner for _, inner in pairs]

    def look(inner: Any) -> None:
        if isinstance(inner, str):
            found.append(inner)
        for one in inner if isinstance(inner, list) else ():
            look(one)

    look(json.loads(data, object_pairs_hook=keep))
    return found


def leaks(data: bytes) -> bool:
    parts = ("geheim", "wörd", "世界", "🔑")
    spelt = [re.escape(json.dumps(part)[1:-1].encode()) for part in parts] + [part.encode() for part in parts]
    return re.search(b"|".join(spelt), data, re.IGNORECASE) is not None or any(
        part in text for text in strings(data) for part in parts
    )


def test_every_event_of_the_contract_is_tried() -> None:
    assert PAYLOADS.keys() == KNOWN_EVENTS


@pytest.mark.parametrize("name", [*PAYLOADS, "unknown.event"])
def test_a_secret_in_any_place_of_any_event_is_taken_out(name: str) -> None:
    whole = event(name, previous_seq=6, trace={"note": "n"}) | ({} if name in PAYLOADS else {"payload": THREAD})
    for options in ({}, {"key": b"k"}, {"keep_length": True}):
        redactor = Redactor(parsed(["@text"], **options))
        for changed in planted(whole, SECRET):
            for text in spellings(changed):
                done = redactor.text(text, Shape.ENVELOPE)
                assert not leaks(done), done.decode()
                assert redactor.text(done, Shape.ENVELOPE) is done


@pytest.mark.parametrize(
    "text",
    [
        b'{"event":"item.delta","payload":{"delta":"geheim","delta":"geheim","kind":"k"},"x":"geheim","x":1}',
        b'{"\\u0070ayload":{"d\\u0065lta":"\\u0067eheim","k\\u0069nd":"geheim"},"\\u0065vent":"item.delta","seq":1}',
        b'[2,1,"2026-11-21T06:39:00Z","thr_1","t geheim",null,"item.failed",{"item":{"detail":"geheim"}},"geheim"]',
        b' { "event" : "geheim \\ud83d\\udd11" , "payload" : [ [ "geheim" ] , "geheim" , { "geheim" : 1e400 } ] } ',
        b'{"event":"item.delta","payload":null,"deep":'
        + b'{"geheim":[' * 40_000
        + b'"geheim"'
        + b"]}" * 40_000
        + b"}",
        b'{"event":"item.delta","payload":null,"lone":"geheim \\udc00","\\ud800 geheim":"\\ud800"}',
        b'"geheim"',
    ],
    ids=["doubled", "escaped", "by place", "spaced", "deep", "lone surrogates", "no event"],
)
def test_no_spelling_of_an_event_hides_a_secret(text: bytes) -> None:
    for options in ({}, {"key": b"k"}, {"keep_length": True}):
        assert b"geheim" not in redacted(text, "@text", shape=Shape.RECORD, **options)


def test_what_is_no_text_stays() -> None:
    for name in PAYLOADS:
        before, after = event(name), json.loads(redacted(compact(event(name)), "@text"))

        assert {**before, "payload": 0} == {**after, "payload": 0}
        kept = dict(ways(after["payload"]))
        for way, value in ways(before["payload"]):
            if (
                way[-1:]
                and str(way[-1]).endswith(("id", "_at", "status", "tokens"))
                and not {"questions", "agents"} & {*way}
            ):
                assert value == kept[way], way


def test_the_structure_stays() -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return [shape(inner) for inner in value.values()]
        return [*map(shape, value), "array"] if isinstance(value, list) else None

    for name in PAYLOADS:
        whole = event(name, extra={"a": 1, "b": [{"c": "d"}]})
        assert shape(whole) == shape(json.loads(redacted(compact(whole), "@text", "/payload", "@secrets")))


def test_an_id_that_is_none_becomes_one_that_is_equal_everywhere() -> None:
    whole = event("turn.steered", turn_id=SECRET)
    whole["payload"] = {"thread_id": "thr_1", "turn_id": SECRET, "input": SECRET}
    done = json.loads(redacted(compact(whole), "@text"))

    assert done["turn_id"] == done["payload"]["turn_id"] != SECRET
    assert re.fullmatch(r"redacted_[0-9a-f]{16}", done["turn_id"])
    assert (
        "redacted_"
        in json.loads(redacted(compact(event("item.delta", item_id="sk-abcdefghijklmnop")), "@text"))["item_id"]
    )


def test_a_name_that_is_no_events_becomes_one() -> None:
    done = json.loads(redacted(compact(event("my secret")), "@text"))

    assert done["event"] == done["kind"] == "redacted.event" == Redactor(parsed(["@text"])).event("my secret")


# -- what is asked is done, and nothing else -------------------------------------------------------------------------

LINE = (
    b'{"seq": 1, "event":"x.y","payload" : {"a":{"b":["s", 1, true, null]}, "A":"t", "l":[{"b":"u"},{"c":"v"}]},'
    b' "z":{"a":"w"}}'
)


@pytest.mark.parametrize(
    ("spec", "changes", "count"),
    [
        ("/payload/a/b/0", [(b'"s"', b'"[redacted]"')], 1),
        ("/payload/a", [(b'"b":["s", 1, true', b'"[redacted]":["[redacted]", null, null')], 4),
        ("/payload/l/*/b", [(b'"u"', b'"[redacted]"')], 1),
        ("/payload/l/1/c", [(b'"v"', b'"[redacted]"')], 1),
        ("/*/a/b", [(b'["s", 1, true', b'["[redacted]", null, null')], 3),
        ("/payload/~0", [], 0),
        ("/payload/l/01", [], 0),
        ("key:c", [(b'"v"', b'"[redacted]"')], 1),
        ("key:Z", [(b'{"a":"w"}', b'{"[redacted]":"[redacted]"}')], 2),
        ("key:payload", [], 0),
        ("re:[tu]$", [(b'"t"', b'"[redacted]"'), (b'"u"', b'"[redacted]"')], 2),
        ("re:^z$", [(b'"z"', b'"[redacted]"')], 1),
        ("re:x.y|seq|event|payload", [], 0),
        ("re:x*", [], 0),
    ],
)
def test_a_spec_takes_out_what_it_names(spec: str, changes: list[tuple[bytes, bytes]], count: int) -> None:
    wanted = LINE
    for old, new in changes:
        wanted = wanted.replace(old, new)
    redactor = Redactor(parsed([spec]))
    done = redactor.text(LINE, Shape.ENVELOPE)

    assert wanted == done
    assert {spec: count} == dict(redactor.replaced) if count else done is LINE and not redactor.replaced


def test_only_the_matched_part_is_replaced() -> None:
    done = redacted(compact(event("item.delta", payload={"a \nb c": "a \nb c"})), "re:b")

    assert {"a \n[redacted] c": "a \n[redacted] c"} == json.loads(done)["payload"]


@pytest.mark.parametrize("length", [0, 3, 10, 30])
@pytest.mark.parametrize("key", [None, b"k"])
def test_a_string_keeps_its_length_if_asked(length: int, key: bytes | None) -> None:
    text = "ö" * length
    done = json.loads(
        redacted(compact(event("item.delta", payload={"delta": text})), "@text", key=key, keep_length=True)
    )

    assert length == len(done["payload"]["delta"])
    assert "ö" not in done["payload"]["delta"]


def test_with_a_key_equal_values_stay_equal() -> None:
    whole = event("item.delta", payload={"x": ["ä", "ä", "b", {"ä": 1}]})
    first, second, third, named = json.loads(redacted(compact(whole), "@text", key=b"k"))["payload"].popitem()[1]

    assert first == second != third
    assert f"[redacted:{hmac.digest(b'k', 'ä'.encode(), 'sha256').hex()[:16]}]" == first == next(iter(named))


def test_names_stay_apart() -> None:
    done = redacted(compact(event("item.delta", payload={"Kiel": 1, "Brest": 2, "kind": "agent_message"})), "@text")

    assert ["[redacted]", "[redacted 2]", "kind"] == list(json.loads(done)["payload"])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("my key is sk-proj-abc123DEF456 ok", "sk-proj-abc123DEF456"),
        ("ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE and cut", "MIIE and cut"),
        ("password=hunter2&x=1", "hunter2"),
        ('{"api_key": "two words"}', "two words"),
        ('{\\"password\\":\\"hun\\"}', "hun"),
        ("https://bob:hunter2@host/x", "hunter2"),
    ],
)
def test_known_forms_of_secrets_are_taken_out(text: str, secret: str) -> None:
    whole = compact(event("item.completed", payload={"detail": text, "tokens": 5, "token": 5}))
    done = redacted(whole, "@secrets")

    assert secret not in json.loads(done)["payload"]["detail"]
    assert {"tokens": 5, "token": 5} == {name: json.loads(done)["payload"][name] for name in ("tokens", "token")}
    assert redacted(done, "@secrets") is done


def test_a_secret_is_known_by_its_name() -> None:
    done = json.loads(redacted(compact(event("item.completed", payload={"Password": "x", "n": "x"})), "@secrets"))

    assert {"Password": "[redacted]", "n": "x"} == done["payload"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("at /home/alice/x:3", "at /home/[redacted]/x:3"),
        ("/Users/bob.c", "/Users/[redacted]"),
        (r"C:\Users\John Smith\x", r"C:\Users\[redacted]\x"),
        (r"c:\\Users\\eve\\x", r"c:\\Users\\[redacted]\\x"),
        ("cd ~mallory/x", "cd ~[redacted]/x"),
        ("/workspace/harbour ~/x", "/workspace/harbour ~/x"),
    ],
)
def test_users_are_taken_out_of_paths(text: str, wanted: str) -> None:
    for key in (None, b"k"):
        done = redacted(compact(event("item.completed", payload={"detail": text})), "@paths", key=key)
        assert wanted == re.sub(r"\[redacted:\w+\]", "[redacted]", json.loads(done)["payload"]["detail"])
        assert redacted(done, "@paths", key=key) is done


def test_what_nothing_matches_is_the_same_object() -> None:
    for text in (compact(event("item.delta")), LINE):
        assert redacted(text, "/payload/nothing", "key:nothing", "re:nothing", "@secrets", "@paths") is text


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "is no redaction; there are /pointer, key:name, re:pattern, @text, @secrets, @paths"),
        ("payload", "is no redaction"),
        ("@txt", "@secrets, @paths; did you mean @text?"),
        ("/seq", "would change what is kept of every event"),
        ("/turn_id/x", "would change"),
        ("/*", "would change"),
        ("/previous_seq", "would change"),
        ("/payload/turn/id", "mirrors"),
        ("/payload/a~2", "is no JSON Pointer"),
        ("key:", "names no member"),
        ("key:Thread_ID", "would change"),
        ("re:", "has no pattern"),
        ("re:(", "is no regular expression: missing ), unterminated subpattern at position 0"),
        ("re:(a+)+$", "takes exponential time"),
        ("re:(a|b|ab)*!$", "takes exponential time"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_told(spec: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        parsed(["@text", spec])

    assert told in str(raised.value)
    assert repr(spec) in str(raised.value)


def test_a_pattern_that_takes_too_long_on_an_event_is_told() -> None:
    slow = compact(event("item.delta", payload={"delta": "ab" * 200_000}))
    with pytest.raises(UsageError, match=r"--redact: 're:\[ab\]\*\[ab\]\*c' takes longer than 2 s"):
        redacted(slow, "re:[ab]*[ab]*c")


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(UsageError, match="the key is empty"):
        parsed(["@text"], key=b"")


# -- the result is as sound as before --------------------------------------------------------------------------------

SPECS = ("/payload", "/payload/*/status", "key:id", "key:status", "re:.", "@secrets", "@paths", "@text")


@pytest.mark.parametrize("spec", SPECS)
def test_no_event_of_the_contract_gets_a_finding(spec: str) -> None:
    redactor = Redactor(parsed([spec]))
    for name in PAYLOADS:
        text = compact(event(name, extra="e", more="m"))
        assert rules(redactor.text(text, Shape.ENVELOPE) + b"\n") <= rules(text + b"\n"), name


def over(path: Path, redactor: Redactor) -> bytes:
    """A recording with each of its events redacted."""
    data = path.read_bytes()
    shape = Shape.RECORD if path.suffix == ".jsonl" else Shape.ENVELOPE
    pattern = rb"(?m)^\{.*\}$" if path.suffix == ".jsonl" else rb"(?m)(?<=^data: )\{.*\}$"
    return re.sub(pattern, lambda found: redactor.text(found[0], shape), data)


RECORDINGS = [path for path in logs("store", "captures", "old", "twin", "torn") if not path.name.startswith("compat")]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: str(path.relative_to(SHARED / "recorded")))
def test_no_recording_gets_a_finding(path: Path) -> None:
    before = rules(path.read_bytes())
    for specs in (["@text"], ["/payload", "key:id"], ["@secrets", "@paths", r"re:\w"]):
        assert rules(over(path, Redactor(parsed(specs)))) <= before, specs


def test_what_the_runtime_reads_it_reads_when_redacted() -> None:
    wrong = []
    for vector in vectors("envelope_lines.jsonl"):
        before = rules(vector["bytes"] + b"\n")
        for spec in SPECS if vector.get("as_envelope") else ():
            after = rules(redacted(vector["bytes"], spec) + b"\n")
            wrong += [] if after <= before else [(vector["id"], spec, after - before)]

    assert [] == wrong


# -- fast as slow ----------------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from(
        ["", "id", "turn", "thr_1", "[redacted]", "[redacted 2]", "agent_message", TIME, "password=x", "sk-"]
    ),
    st.sampled_from(["/home/al/x", "sk-abcdefghijklmnop", "[redacted]*", "kind", "delta", "thread_id", "a" * 40]),
    st.text(max_size=12),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=20,
)
ASKED = st.lists(
    st.sampled_from([*SPECS, "re:e", "re:^[a-m]", "/payload/*/*", "/payload/0", "key:kind of", "key:delta"]),
    min_size=1,
    max_size=3,
    unique=True,
)
EVENTS = st.builds(
    lambda name, payload, more, ids: (
        event(name, payload=payload) | {k: v for k, v in more.items() if k not in ids} | ids
    ),
    st.sampled_from([*PAYLOADS, "unknown"]),
    st.one_of(VALUES, st.sampled_from([*PAYLOADS.values()])),
    st.dictionaries(TEXTS, VALUES, max_size=3),
    st.fixed_dictionaries({"turn_id": TEXTS, "thread_id": TEXTS}),
)


@given(EVENTS, ASKED, st.sampled_from([None, b"k"]), st.booleans())
def test_walking_values_is_walking_tokens(value: Any, specs: list[str], key: bytes | None, keep: bool) -> None:
    import orjson

    redaction = parsed(specs, key, keep)
    text = orjson.dumps(value)
    slow = _by_token(text, Shape.ENVELOPE, redaction.rules(), redaction.masks)
    fast = _by_value(text, Shape.ENVELOPE, redaction.rules(), redaction.masks)

    assert fast is None or fast == slow
    assert json.loads(slow[0])["seq"] == value["seq"]


@given(EVENTS, st.sampled_from([None, b"k"]), st.booleans())
def test_redacting_again_changes_nothing(value: Any, key: bytes | None, keep: bool) -> None:
    redactor = Redactor(parsed(["/payload/0", "key:delta", "@text"], key, keep))
    once = redactor.text(compact(value), Shape.ENVELOPE)

    assert redactor.text(once, Shape.ENVELOPE) is once


@given(st.text(max_size=20), st.sampled_from([None, b"k"]), st.booleans(), st.booleans())
def test_a_delta_alone_is_redacted_as_in_its_event(text: str, key: bytes | None, keep: bool, escaped: bool) -> None:
    redactor = Redactor(parsed(["@text"], key, keep))
    inside = json.dumps(text, ensure_ascii=escaped)[1:-1].encode()
    line = record(1).rstrip()
    whole = redactor.text(line.replace(b"a word", inside), Shape.RECORD)

    assert redactor.deltas_are_free
    assert whole == line.replace(b"a word", redactor.delta(inside))
    assert redactor.replaced["@text"] in (0, 2)


def test_deltas_whose_rest_does_not_stay_are_told() -> None:
    redactor = Redactor(parsed(["@text"]))

    assert redactor.rest_stays([b'"thr_1"', b"turn_1"], [b'"agent_message"'])
    assert not redactor.rest_stays([b'"my words"'], [])
    assert not redactor.rest_stays([], [b"hunter"])
    assert not Redactor(parsed(["@text", "key:x"])).deltas_are_free
    assert Masks().of("x") == "[redacted]"
