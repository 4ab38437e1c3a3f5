"""Saying: what one event says, in a few words for a person.

From an event to a text, nothing else: not escaped, not cut, not coloured. Every name of CONTRACT.md 5.1 and 3.4 has
its own words; of any other name the payload itself is told. A payload that is not what its name promises is told as
an unknown one, so nothing a log holds can stop the telling.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from replay_cli.envelope import Envelope

THREAD = 8
"""Characters of the id of a thread that are shown."""

THREADS = ("thr_", "thread-")
"""How the id of a thread begins: the runtime's own, and those of its second constructor (CONTRACT.md 1)."""

LISTED = 5
"""How many things of a list are told; then how many there are more."""

UNKNOWN_SHOWN = 2000
"""Characters of a payload that is told as it is."""

Payload = dict[str, Any]


def said(event: Envelope, tool: str = "") -> str:
    """What an event says; empty if it says nothing beyond its name.

    ``tool`` is the tool that an approval is about, where the event does not name it itself.
    """
    payload = event.payload
    teller = _TELLERS.get(event.event)
    if teller is None or not isinstance(payload, dict):
        return _as_it_is(payload)
    try:
        return teller({**payload, "tool_name": tool} if tool else payload)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError):
        return _as_it_is(payload)


def bare(one: str, prefixes: Sequence[str] = THREADS) -> str:
    """The id of a thread, or another one, without the prefix it has of these."""
    return one[len(next(filter(one.startswith, prefixes), "")) :]


def shortened(one: str, prefixes: Sequence[str] = THREADS) -> str:
    """The id of a thread, or another one with one of these prefixes, as it is shown, and may be typed."""
    told = bare(one, prefixes)
    return told if len(told) <= THREAD else told[: THREAD - 1] + "…"


def spoken(event: Envelope) -> tuple[str, str] | None:
    """The kind and the text of a delta, which flows on from the one before; None for any other event."""
    payload = event.payload
    if event.event != "item.delta" or not isinstance(payload, dict):
        return None
    text, kind = payload.get("delta"), payload.get("kind")
    return (kind if isinstance(kind, str) else "", text) if isinstance(text, str) else None


def family(name: str) -> str:
    """The family that the name of an event belongs to: what stands before its first dot."""
    return _FAMILIES.get(name) or name.partition(".")[0]


def went_wrong(event: Envelope) -> bool:
    """Whether an event tells of something that failed."""
    if event.event in _FAILURES:
        return True
    if event.event != "turn.completed" or not isinstance(event.payload, dict):
        return False
    turn = event.payload.get("turn")
    return isinstance(turn, dict) and turn.get("status") in ("failed", "interrupted")


_FAMILIES = {"thread_goal_updated": "thread", "thread_goal_cleared": "thread", "item.delta": "delta"}
_FAILURES = frozenset(
    {
        *("item.failed", "approval.timeout", "tool_call.timeout", "sandbox.denied"),
        *("agent_mail.delivery_failed", "error"),
    }
)


# -- pieces ----------------------------------------------------------------------------------------------------------


def _as_it_is(payload: object) -> str:
    """A payload as compact JSON, its beginning."""
    if payload is None or payload == {}:
        return ""
    try:
        text = json.dumps(payload, ensure_ascii=False, separators=(", ", ": "))
    except (TypeError, ValueError, RecursionError):
        return "a payload that cannot be shown"
    return text if len(text) <= UNKNOWN_SHOWN else text[:UNKNOWN_SHOWN] + "…"


def _text(value: object) -> str:
    """A value as a word: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _colon(before: str, behind: object) -> str:
    """``before: behind``, or just one of them where the other is empty."""
    told = _text(behind) if behind not in (None, "", {}) else ""
    return f"{before}: {told}" if before and told else before or told


def _listed(things: list[str]) -> str:
    more = f" and {len(things) - LISTED} more" if len(things) > LISTED else ""
    return ", ".join(things[:LISTED]) + more


def _first_argument(given: object) -> str:
    """The first argument of a tool, which mostly says what it is about."""
    if not isinstance(given, dict):
        return _text(given) if given not in (None, "") else ""
    name, value = next(iter(given.items()), ("", ""))
    more = f" (+{len(given) - 1})" if len(given) > 1 else ""
    return f"{name}={json.dumps(value, ensure_ascii=False)}{more}" if name else ""


def _seconds(milliseconds: object) -> str:
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
        return ""
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min {rest:02d} s"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else ""


# -- threads and turns -----------------------------------------------------------------------------------------------


def _thread(payload: Payload) -> str:
    thread = payload["thread"]
    parts = [thread.get(name) for name in ("title", "model", "mode", "workspace")]
    return _joined(*(_text(part) for part in parts if part))


def _forked(payload: Payload) -> str:
    depth = payload.get("backtrack_depth_from_tail")
    back = f"{_number(depth)} back from its end" if depth is not None else ""
    return _joined(f"from {_text(payload['source_thread_id'])}", back, _thread(payload))


def _updated(payload: Payload) -> str:
    if "changes" not in payload:
        return _text(payload["reason"])
    changes = payload["changes"]
    return _listed([f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in changes.items()])


def _goal(payload: Payload) -> str:
    goal = payload["goal"]
    return _colon(f"goal {_text(goal['status'])}", goal.get("objective"))


def _turn_started(payload: Payload) -> str:
    if "turn" not in payload:  # of the compat stream
        return _joined(*(_text(payload[name]) for name in ("model", "mode", "workspace")))
    if payload.get("manual_compaction") is True:
        return "manual compaction"
    return _text(payload["turn"].get("input_summary", ""))


def _turn_completed(payload: Payload) -> str:
    turn = payload.get("turn")
    if turn is None:  # of the compat stream
        return _joined(*_tokens(payload["usage"]))
    took = _seconds(turn.get("duration_ms"))
    told = _tokens(turn.get("usage"))
    status = _text(turn["status"]) + (f" in {took}" if took else "")
    recovered = "recovered after a restart" if payload.get("recovered") is True else ""
    return _colon(_joined(status, *told, recovered), turn.get("error"))


def _tokens(usage: Any) -> list[str]:
    tokens = [f"{_number((usage or {}).get(f'{way}put_tokens'))} tokens {way}" for way in ("in", "out")]
    return [part for part in tokens if not part.startswith(" ")]


# -- items -----------------------------------------------------------------------------------------------------------


def _delta(payload: Payload) -> str:
    text = payload["delta"]
    if not isinstance(text, str):
        return _as_it_is(payload)
    kind = payload.get("kind", "agent_message")
    return text if kind == "agent_message" else f"{_text(kind).removeprefix('agent_')}: {text}"


def _item_started(payload: Payload) -> str:
    item, tool = payload["item"], payload.get("tool")
    kind = _text(item["kind"])
    if isinstance(tool, dict):
        return f"{kind} {_text(tool['name'])} {_first_argument(tool.get('input'))}".rstrip()
    if kind == "context_compaction":
        return _joined(kind, "automatic" if payload.get("auto") is True else "asked for")
    return _colon(kind, item.get("summary"))


def _item_ended(payload: Payload) -> str:
    item = payload["item"]
    kind, status = _text(item["kind"]), _text(item["status"])
    head = _joined(f"{kind} {status}", _compaction(payload) if kind == "context_compaction" else "")
    return _colon(head, payload.get("error") or item.get("summary") or item.get("detail"))


def _compaction(payload: Payload) -> str:
    """How a compaction came about, and how many messages it left of how many."""
    how = {True: "automatic", False: "asked for"}.get(payload.get("auto", ""), "")
    before, after = (_number(payload.get(f"messages_{when}")) for when in ("before", "after"))
    return _joined(how, f"{before or 'unknown'} to {after or 'unknown'} messages" if before or after else "")


# -- approvals, questions, dynamic tools -----------------------------------------------------------------------------


def _approval_required(payload: Payload) -> str:
    what = payload.get("intent_summary") or payload.get("description")
    return _colon(f"{_approval(payload)} {_text(payload['tool_name'])}".lstrip(), what)


def _approval(payload: Payload) -> str:
    return _text(payload.get("approval_id") or payload.get("id") or "")


def _approved(payload: Payload) -> str:
    """Which approval, and of what: the tool is known where what asked for it was met."""
    return " ".join(part for part in (_approval(payload), _text(payload.get("tool_name", ""))) if part)


def _approval_decided(payload: Payload) -> str:
    how = ["remembered"] if payload.get("remember") is True else []
    how += ["automatic"] if payload.get("auto") is True else []
    how += ["nobody answered in time"] if payload.get("timeout") is True else []
    how += [_text(payload["posture"])] if payload.get("posture") else []
    return _colon(_approved(payload), _text(payload["decision"]) + (f" ({', '.join(how)})" if how else ""))


def _approval_timeout(payload: Payload) -> str:
    return _colon(_approved(payload), _timeout(payload))


def _timeout(payload: Payload) -> str:
    return f"no answer within {_text(payload['timeout_secs'])} s"


def _question(payload: Payload) -> str:
    told = []
    for one in payload["request"]["questions"]:
        options = " / ".join(_text(option["label"]) for option in one.get("options", ())[:LISTED])
        told.append(_text(one["question"]) + (f" ({options})" if options else ""))
    return _colon(_text(payload.get("id", "")), " ".join(told[:LISTED]))


def _answered(payload: Payload) -> str:
    return f"answered {_text(payload['id'])}"


def _canceled(payload: Payload) -> str:
    return f"canceled {_text(payload['id'])}" + (" as its turn ended" if payload.get("terminal") is True else "")


def _call_requested(payload: Payload) -> str:
    space = f"{_text(payload['namespace'])}." if payload.get("namespace") else ""
    return f"{space}{_text(payload['tool'])} {_first_argument(payload.get('arguments'))}".rstrip()


def _call_resolved(payload: Payload) -> str:
    return f"{_text(payload['call_id'])} {'succeeded' if payload.get('success') is True else 'did not succeed'}"


def _call_canceled(payload: Payload) -> str:
    return _colon(f"{_text(payload['call_id'])} canceled", _text(payload["reason"]).replace("_", " "))


def _call_timeout(payload: Payload) -> str:
    return f"{_text(payload['call_id'])} {_timeout(payload)}"


# -- agents, mail, what is retired, the compat stream ----------------------------------------------------------------


def _agent(payload: Payload) -> str:
    return _colon(_text(payload["agent_id"]), payload["item"].get("summary"))


def _agents(payload: Payload) -> str:
    told = []
    for agent in payload["agents"][: LISTED + 1]:
        status = agent.get("status")
        word = next(iter(status), "") if isinstance(status, dict) else _text(status)
        told.append(f"{_text(agent.get('name') or agent.get('agent_id') or '?')} {word}")
    number = len(payload["agents"])
    return _colon(f"{number} agent" + "s" * (number != 1), _listed(told + [""] * (number - len(told))))


def _mail(payload: Payload) -> str:
    mail = payload["mail"]
    source, target = (mail.get(end) or {} for end in ("source", "destination"))
    ends = [f"from {_text(source['thread_id'])}"] if source.get("thread_id") else []
    ends += [f"to {_text(target['thread_id'])}"] if target.get("thread_id") else []
    attempts = mail.get("attempt_count")
    tried = f"attempt {attempts}" if isinstance(attempts, int) and attempts > 1 else ""
    head = _joined(" ".join([_text(mail["message_id"]), *ends]), tried)
    return _colon(head, _held(mail.get("failure")) or _colon(_held(mail.get("subject")), _held(mail.get("body"))))


def _held(part: object) -> str:
    """The text that a part of a mail is, or holds; of a failure the code and the message."""
    names = ("code", "message", "text", "content") if isinstance(part, dict) else ()
    told = [part[name] for name in names if isinstance(part, dict) and isinstance(part.get(name), str)]
    return ": ".join(told) or ("" if part in (None, "", {}) else _text(part))


def _coherence(payload: Payload) -> str:
    return _colon(_text(payload["label"]), payload.get("description"))


def _cycle(payload: Payload) -> str:
    briefing = _number(payload.get("briefing_tokens"))
    told = f"from cycle {_text(payload['from'])} to {_text(payload['to'])}"
    return _joined(told, f"{briefing} tokens of briefing" if briefing else "")


def _of(name: str) -> Callable[[Payload], str]:
    """What one member of the payload holds."""
    return lambda payload: _text(payload[name])


def _nothing(payload: Payload) -> str:
    return ""


def _compat_tool(payload: Payload) -> str:
    return f"{_text(payload['name'])} {_first_argument(payload.get('input'))}".rstrip()


def _compat_result(payload: Payload) -> str:
    return _colon("succeeded" if payload.get("success") is True else "failed", payload.get("output"))


_TELLERS: dict[str, Callable[[Payload], str]] = {
    "thread.started": _thread,
    "thread.forked": _forked,
    "thread.updated": _updated,
    "thread_goal_updated": _goal,
    "thread_goal_cleared": lambda payload: "no goal any more",
    "turn.started": _turn_started,
    "turn.lifecycle": _of("status"),
    "turn.steered": _of("input"),
    "turn.interrupt_requested": lambda payload: "asked to stop",
    "turn.completed": _turn_completed,
    "item.started": _item_started,
    "item.delta": _delta,
    **dict.fromkeys(("item.completed", "item.failed", "item.interrupted", "item.canceled"), _item_ended),
    "approval.required": _approval_required,
    "approval.decided": _approval_decided,
    "approval.timeout": _approval_timeout,
    "user_input.required": _question,
    "user_input.answered": _answered,
    "user_input.canceled": _canceled,
    "tool_call.requested": _call_requested,
    "tool_call.resolved": _call_resolved,
    "tool_call.canceled": _call_canceled,
    "tool_call.timeout": _call_timeout,
    "sandbox.denied": lambda payload: _colon(_text(payload["tool_name"]), payload.get("reason")),
    **dict.fromkeys(("agent.spawned", "agent.progress", "agent.completed"), _agent),
    "agent.list": _agents,
    **{f"agent_mail.{what}": _mail for what in ("queued", "delivering", "delivered", "read", "delivery_failed")},
    "coherence.state": _coherence,
    "cycle.advanced": _cycle,
    "message.delta": _of("content"),
    "tool.started": _compat_tool,
    "tool.progress": _of("output"),
    "tool.completed": _compat_result,
    "status": _of("message"),
    "error": _of("message"),
    "done": _nothing,
}
"""The words of each event by its name; the names of the compat stream that the thread's stream has too (CONTRACT.md
3.4) are told as unknown where their payload differs."""
