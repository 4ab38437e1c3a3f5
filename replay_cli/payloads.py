"""What the payload of one event must mirror of its envelope, and of itself (CONTRACT.md 5.1 and 5.3).

Only what holds for each event alone and for certain; every table below is a part of the contract, by its number.
A member that is not there is never a disagreement: one event cannot show what it does not hold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from replay_cli.envelope import Envelope
from replay_cli.findings import Fact
from replay_cli.members import string_length
from replay_cli.timestamps import nanoseconds

COMPLETED = "turn.completed"
"""The event with which a turn ends."""

PAYLOAD_ID = "A105"
ID_PRESENCE = "A106"
ALIAS = "A107"
STATUS = "A108"
DURATION = "A109"
SELF_FORK = "A110"

Disagreement = tuple[str, str, dict[str, Fact]]
"""Rule key, JSON Pointer of the place in the line, facts."""

# -- names (5.1) -----------------------------------------------------------------------------------------------------

_THREADS = ("thread.started", "thread.forked", "thread.updated")
_GOALS = ("thread_goal_updated", "thread_goal_cleared")
_TURNS = ("turn.started", "turn.completed")
_ITEM_RECORDS = ("item.started", "item.completed", "item.failed", "item.interrupted", "item.canceled")
_APPROVALS = ("approval.required", "approval.decided", "approval.timeout")
_USER_INPUTS = ("user_input.required", "user_input.answered", "user_input.canceled")
_TOOL_CALLS = ("tool_call.requested", "tool_call.resolved", "tool_call.canceled", "tool_call.timeout")
_AGENTS = ("agent.spawned", "agent.progress", "agent.completed", "agent.list")
_MAIL = (
    *("agent_mail.queued", "agent_mail.delivering", "agent_mail.delivered", "agent_mail.read"),
    "agent_mail.delivery_failed",
)
_RETIRED = ("coherence.state", "cycle.advanced")

# -- invariant 2: the ids column of 5.1 (T, I: set; -: null; ?: either) ----------------------------------------------

IDS: dict[str, str] = {
    **dict.fromkeys((*_THREADS, *_GOALS), "- -"),
    **dict.fromkeys((*_TURNS, "turn.lifecycle", "turn.interrupt_requested"), "T -"),
    "turn.steered": "T I",
    **dict.fromkeys((*_ITEM_RECORDS, "item.delta", *_AGENTS), "T I"),
    **dict.fromkeys((*_APPROVALS, *_USER_INPUTS, *_TOOL_CALLS, "sandbox.denied", *_RETIRED), "T -"),
    **dict.fromkeys(_MAIL, "? -"),
}

KNOWN_EVENTS: frozenset[str] = frozenset(IDS)
"""Every event name that the runtime writes or wrote; no rule here applies to others."""

# -- invariant 1: event -> places in the payload and the envelope's field each one equals ----------------------------

_THREAD_ROWS = (("/payload/thread/id", "thread_id"),)
_TURN_ROWS = (("/payload/turn/id", "turn_id"), ("/payload/turn/thread_id", "thread_id"))
_ITEM_ROWS = (("/payload/item/id", "item_id"), ("/payload/item/turn_id", "turn_id"))
_PLAIN_ROWS = (("/payload/thread_id", "thread_id"), ("/payload/turn_id", "turn_id"))
_GOAL_ROWS = (("/payload/goal/thread_id", "thread_id"),)
_MAIL_ROWS = (("/payload/mail/destination/thread_id", "thread_id"), ("/payload/mail/delivery_turn_id", "turn_id"))

MIRRORS: dict[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(_THREADS, _THREAD_ROWS),
    **dict.fromkeys(_TURNS, _TURN_ROWS),
    **dict.fromkeys((*_ITEM_RECORDS, *_AGENTS), _ITEM_ROWS),
    **dict.fromkeys(("turn.steered", "turn.interrupt_requested", *_TOOL_CALLS), _PLAIN_ROWS),
    "thread_goal_updated": _GOAL_ROWS,
    **dict.fromkeys(_MAIL, _MAIL_ROWS),
}

# -- invariant 5: event -> two names of one id -----------------------------------------------------------------------

ALIASES: dict[str, tuple[str, str]] = {
    "approval.required": ("/payload/id", "/payload/approval_id"),
    **dict.fromkeys(_USER_INPUTS, ("/payload/id", "/payload/input_id")),
}

# -- invariants 12, 13, 22, 35, 38: event -> place of the status and the words that agree with the name --------------

STATUSES: dict[str, tuple[str, tuple[str, ...]]] = {
    "turn.started": ("/payload/turn/status", ("in_progress",)),
    "turn.completed": ("/payload/turn/status", ("completed", "failed", "interrupted")),
    "item.completed": ("/payload/item/status", ("completed",)),
    "item.failed": ("/payload/item/status", ("failed",)),
    "item.interrupted": ("/payload/item/status", ("interrupted",)),
    "item.canceled": ("/payload/item/status", ("canceled",)),
    "tool_call.resolved": ("/payload/status", ("resolved",)),
    "tool_call.canceled": ("/payload/status", ("canceled",)),
    "tool_call.timeout": ("/payload/status", ("timeout",)),
    "agent_mail.queued": ("/payload/mail/status", ("queued",)),
    "agent_mail.delivering": ("/payload/mail/status", ("delivering",)),
    "agent_mail.delivered": ("/payload/mail/status", ("delivered",)),
    "agent_mail.read": ("/payload/mail/status", ("read",)),
    "agent_mail.delivery_failed": ("/payload/mail/status", ("failed",)),
}

# -- invariants 20 and 9 ---------------------------------------------------------------------------------------------

_DURATION_PLACES = ("/payload/turn/duration_ms", "/payload/turn/started_at", "/payload/turn/ended_at")
_FORK_SOURCE = "/payload/source_thread_id"

_ID = re.compile(r"[A-Za-z0-9_:.-]{1,80}")
"""What may be an id (CONTRACT.md 2.2 and 5.3, 6)."""
_STATUS = frozenset(
    [
        *("queued", "in_progress", "completed", "failed", "interrupted", "canceled"),
        *("requested", "resolved", "timeout", "delivering", "delivered", "read"),
    ]
)
"""The words of the runtime's statuses (CONTRACT.md 5.1)."""
_ABSENT = object()


def disagreements(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    """What in the payload of ``event`` disagrees with the rest of it: rule key, JSON Pointer into the line, facts.

    Adds 1 to ``looked[key]`` for each rule that had something to compare in this event, at once, not when the
    answer is read. The pointer of a missing id names a member that the line may lack. No rule applies to names
    that 5.1 does not list. Values in facts are at most 80 characters; what is no string is named by its JSON type.
    """
    name = event.event
    if name not in IDS:
        return iter(())
    if name == "item.delta" and event.turn_id is not None and event.item_id is not None:
        looked[ID_PRESENCE] += 1  # nine events in ten are deltas, and a delta's payload has no ids
        return iter(())
    return iter([found for rule in _RULES_OF[name] for found in rule(event, looked)])


def plainly_agreed(
    name: str, thread: str, turn: str | None, item: str | None, payload: object
) -> tuple[str, ...] | None:
    """The keys that ``disagreements`` would count, if it is plain that it would find nothing; None if it is not.

    For nearly all events it is: then all that the tables name is there, and is what it should be.
    """
    plain = _PLAIN.get(name)
    if plain is None:
        return () if name not in IDS else None
    if (turn is None) is plain.turn or (item is None) is plain.item:
        return None
    ids = (thread, turn, item)
    value: Any = payload
    try:
        for outer, inner, number in plain.mirrors:
            if (value[outer][inner] if inner else value[outer]) != ids[number]:
                return None
        for outer, inner, words in plain.statuses:
            if (value[outer][inner] if inner else value[outer]) not in words:
                return None
    except (KeyError, TypeError):
        return None
    if not plain.duration:
        return plain.keys
    found, started, ended = (_at(payload, place) for place in _DURATION_PLACES)
    if found is None or found is _ABSENT:
        return plain.keys
    between = _between(started, ended)
    if type(found) is int and between is not None and found == _milliseconds(between):
        return (*plain.keys, DURATION)
    return None


class Compared(NamedTuple):
    """The places in an event's payload by whose values alone ``disagreements`` decides, as names in the payload.

    ``mirrors`` are those of ids, with the number of the id (thread, turn, item); ``words`` those of words; ``times``
    those of a duration and of the times that it must agree with (``duration_agrees``): those need not be there.
    """

    mirrors: dict[tuple[str, ...], int]
    words: set[tuple[str, ...]]
    times: tuple[tuple[str, ...], ...]


def compared(name: str) -> Compared | None:
    """What in the payload of an event is compared; None if that is not plain."""
    if name not in IDS:
        return Compared({}, set(), ())
    plain = _PLAIN.get(name)
    if plain is None:
        return None
    return Compared(
        {_path(pointer): _NUMBERS.index(field) for pointer, field in MIRRORS.get(name, ())},
        {_path(pointer) for pointer, _ in (STATUSES[name],)} if name in STATUSES else set(),
        tuple(map(_path, _DURATION_PLACES)) if plain.duration else (),
    )


def duration_agrees(milliseconds: int, started: str, ended: str) -> bool:
    """Whether a duration is that between two times; False also where one of these is none."""
    between = _between(started, ended)
    return between is not None and milliseconds == _milliseconds(between)


def _between(started: object, ended: object) -> int | None:
    """Nanoseconds from one time to another, below 0 if that is before it; None where either is no time."""
    if not isinstance(started, str) or not isinstance(ended, str):
        return None
    start, end = nanoseconds(started), nanoseconds(ended)
    return None if start is None or end is None else end - start


def _milliseconds(between: int) -> int:
    """The duration that the runtime writes of so many nanoseconds."""
    return max(0, between) // 1_000_000


def _id_presence(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    looked[ID_PRESENCE] += 1
    turn, item = _WANTED[event.event]
    if (turn == "?" or (turn == "-") is (event.turn_id is None)) and (item == "-") is (event.item_id is None):
        return
    for field, wanted, value in (("turn_id", turn, event.turn_id), ("item_id", item, event.item_id)):
        if wanted == "-" and value is not None:
            yield ID_PRESENCE, f"/{field}", {"field": field, "problem": "unexpected", "event": event.event}
        if wanted in ("T", "I") and value is None:
            yield ID_PRESENCE, f"/{field}", {"field": field, "problem": "missing", "event": event.event}


def _payload_ids(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    envelope = {"thread_id": event.thread_id, "turn_id": event.turn_id, "item_id": event.item_id}
    # An id that should be there and is not has nothing to mirror it: ID_PRESENCE says so, once.
    may_be_null = IDS[event.event].startswith("?")
    rows = [
        (pointer, field, found)
        for pointer, field in MIRRORS[event.event]
        if (envelope[field] is not None or may_be_null) and (found := _at(event.payload, pointer)) is not _ABSENT
    ]
    if rows:
        looked[PAYLOAD_ID] += 1
    for pointer, field, found in rows:
        if found != envelope[field]:
            theirs, ours = _word(found), _word(envelope[field])
            yield PAYLOAD_ID, pointer, {"pointer": pointer, "found": theirs, "field": field, "expected": ours}


def _alias(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    pointer, other = ALIASES[event.event]
    found, expected = _at(event.payload, pointer), _at(event.payload, other)
    if found is _ABSENT or expected is _ABSENT:
        return
    looked[ALIAS] += 1
    if found != expected or not isinstance(found, str):
        yield ALIAS, pointer, {"pointer": pointer, "found": _word(found), "other": other, "expected": _word(expected)}


def _status(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    pointer, words = STATUSES[event.event]
    found = _at(event.payload, pointer)
    if found is _ABSENT:
        return
    looked[STATUS] += 1
    if found not in words:
        expected = " or ".join(words)
        yield (
            STATUS,
            pointer,
            {"pointer": pointer, "found": _word(found, True), "event": event.event, "expected": expected},
        )


def _duration(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    found, started, ended = (_at(event.payload, place) for place in _DURATION_PLACES)
    between = _between(started, ended)
    if found is _ABSENT or found is None or between is None:
        return
    looked[DURATION] += 1
    expected = _milliseconds(between)
    number = found if isinstance(found, int) and not isinstance(found, bool) else None
    if number != expected:
        pointer = _DURATION_PLACES[0]
        shown: Fact = _word(found, True) if number is None else number
        told = f"from started_at to ended_at it is {expected} ms" if between >= 0 else "ended_at is before started_at"
        yield DURATION, pointer, {"found": shown, "expected": expected, "told": told, "pointer": pointer}


def _self_fork(event: Envelope, looked: Counter[str]) -> Iterator[Disagreement]:
    source = _at(event.payload, _FORK_SOURCE)
    if source is _ABSENT:
        return
    looked[SELF_FORK] += 1
    if source == event.thread_id:
        yield SELF_FORK, _FORK_SOURCE, {"pointer": _FORK_SOURCE, "found": _word(source)}


_RULES_OF = {
    name: (
        _id_presence,
        *((_payload_ids,) if name in MIRRORS else ()),
        *((_alias,) if name in ALIASES else ()),
        *((_status,) if name in STATUSES else ()),
        *((_duration,) if name in _TURNS else ()),
        *((_self_fork,) if name == "thread.forked" else ()),
    )
    for name in IDS
}
_NUMBERS = ("thread_id", "turn_id", "item_id")
_WANTED = {name: tuple(column.split()) for name, column in IDS.items()}


class _Plain(NamedTuple):
    """The tables' rows for one event name: which ids it has, what mirrors them, its status, and the rules' keys.

    A place is one or two names in the payload, the second empty if there is but one. A mirror has the number of its
    id (thread, turn, item), a status its words. ``duration`` tells that there may be one.
    """

    turn: bool
    item: bool
    mirrors: tuple[tuple[str, str, int], ...]
    statuses: tuple[tuple[str, str, tuple[str, ...]], ...]
    keys: tuple[str, ...]
    duration: bool


def _plain(name: str) -> _Plain:
    turn, item = _WANTED[name]
    mirrors = tuple((*_place(pointer), _NUMBERS.index(field)) for pointer, field in MIRRORS.get(name, ()))
    statuses = tuple((*_place(pointer), words) for pointer, words in (STATUSES[name],)) if name in STATUSES else ()
    keys = (ID_PRESENCE, *((PAYLOAD_ID,) if mirrors else ()), *((STATUS,) if statuses else ()))
    return _Plain(turn == "T", item == "I", mirrors, statuses, keys, name in _TURNS)


def _place(pointer: str) -> tuple[str, str]:
    outer, inner = (*_path(pointer), "")[:2]
    return outer, inner


@cache
def _path(pointer: str) -> tuple[str, ...]:
    """The names in a pointer into the line, behind ``payload``; asked for the places in the tables only."""
    return tuple(pointer.split("/")[2:])


_PLAIN = {
    name: _plain(name)
    for name, rules in _RULES_OF.items()
    if "?" not in IDS[name] and {*rules} <= {_id_presence, _payload_ids, _status, _duration}
}


def _at(payload: object, pointer: str) -> object:
    """The member of the payload that a pointer into the line names, ``_ABSENT`` where there is none."""
    value = payload
    for name in _path(pointer):
        if not isinstance(value, dict) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def _word(value: object, status: bool = False) -> str:
    """A name for a value: an id, or a word of the runtime's statuses, as it is; of all else only type and length.

    Whatever stands where an id belongs may be somebody's text, and that stays out of findings (DECISIONS, Options).
    """
    match value:
        case str():
            known = value in _STATUS if status else _ID.fullmatch(value)
            return value if known else string_length(value)
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"
