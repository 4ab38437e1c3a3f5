"""Checks: an event alone; an event beside the one before it in its thread.

A check looks, and yields findings; it opens nothing, prints nothing and keeps no state. Nothing here may need more
of the past than one neighbour: what does needs a second look (``history.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from replay_cli import payloads, rules
from replay_cli.compat import NAMES as COMPAT_NAMES
from replay_cli.envelope import Envelope, Mark
from replay_cli.findings import Fact, Finding, Rule
from replay_cli.frames import Frame
from replay_cli.members import place_of
from replay_cli.opening import finding
from replay_cli.profiles import KNOWN_VERSIONS, Plan, Shape, describe
from replay_cli.timestamps import is_rfc3339
from replay_cli.wording import count

MAX_SAFE_SEQ = 2**53 - 1
"""The greatest seq that a JavaScript client can hold (CONTRACT.md 3.3)."""

NAME_SHOWN = 80
"""Characters of a name or id that a finding keeps."""


def alone(
    frame: Frame, event: Envelope, value: dict[str, object], shape: Shape, plan: Plan, looked: Counter[str]
) -> Iterator[Finding]:
    """What one event shows by itself; ``looked`` counts the rules that only some events can break."""
    yield from agreement(frame, event, value, plan, looked)
    if shape is Shape.CUSTOM:
        return
    yield from _fields(frame, event, value, shape, plan)
    if plan.thread is not None:
        looked[rules.WRONG_THREAD.code] += 1
        if event.thread_id != plan.thread:
            yield _at(
                frame, rules.WRONG_THREAD, "thread_id", found=event.thread_id[:NAME_SHOWN], expected=plan.thread
            )
    for code, pointer, facts in payloads.disagreements(event, looked):
        yield _at(frame, rules.BY_CODE[code], pointer.split("/")[1], **facts)


def _at(frame: Frame, rule: Rule, field: str, /, **facts: Fact) -> Finding:
    """A finding at the value of a top-level field."""
    return finding(frame, rule, place_of(frame.data, field) or 0, **facts)


def agreement(
    frame: Frame, event: Envelope, value: dict[str, object], plan: Plan, looked: Counter[str]
) -> Iterator[Finding]:
    """What is written twice must be the same (CONTRACT.md 1, 3.1; 5.3, 41), where both are there.

    A line of another log, for which there is but a schema of the user's own, may lack any field.
    """
    if event.kind is not None and "event" in value:
        looked[rules.KIND_MISMATCH.code] += 1
        if event.kind != event.event:
            yield _at(
                frame, rules.KIND_MISMATCH, "kind", event=event.event[:NAME_SHOWN], kind=event.kind[:NAME_SHOWN]
            )
    if event.created_at is not None and "timestamp" in value:
        looked[rules.CREATED_AT_MISMATCH.code] += 1
        if event.created_at != event.timestamp:
            yield _at(frame, rules.CREATED_AT_MISMATCH, "created_at", **_times(event, plan))
    if plan.framing == "sse" and event.event:
        name = dispatched(frame)
        looked[rules.SSE_EVENT_MISMATCH.code] += 1
        if name != event.event:
            facts: dict[str, Fact] = {"name": name[:NAME_SHOWN], "event": event.event[:NAME_SHOWN]}
            yield _at(frame, rules.SSE_EVENT_MISMATCH, "event", **facts)
    if frame.id is not None and "seq" in value:
        looked[rules.SSE_ID_MISMATCH.code] += 1
        if frame.id != str(event.seq):
            yield _at(frame, rules.SSE_ID_MISMATCH, "seq", id=frame.id[:NAME_SHOWN], seq=event.seq)


def in_compat(frame: Frame) -> list[Finding]:
    """What a frame of the compat stream breaks by itself, though it can be read: its name is known (CONTRACT.md 3.4).

    That nothing comes behind ``done`` is for who knows what came before.
    """
    name = dispatched(frame)
    return [] if name in COMPAT_NAMES else [finding(frame, rules.UNKNOWN_COMPAT_NAME, name=name[:NAME_SHOWN])]


def dispatched(frame: Frame) -> str:
    """The name that a client is told of a frame (WHATWG 9.2.6)."""
    return frame.event or "message"


def _times(event: Envelope, plan: Plan) -> dict[str, Fact]:
    if not plan.values:
        return {"problem": "is not equal to timestamp"}
    return {"problem": f"{event.created_at} is not equal to timestamp {event.timestamp}"[: 2 * NAME_SHOWN]}


def _fields(frame: Frame, event: Envelope, value: dict[str, object], shape: Shape, plan: Plan) -> Iterator[Finding]:
    """What is read, but is not as the runtime writes it."""
    version = event.schema_version
    if version is not None and version not in KNOWN_VERSIONS.get(shape, (version,)):
        yield _at(frame, rules.UNKNOWN_SCHEMA_VERSION, "schema_version", version=version, shape=shape.value)
    if "previous_seq" in value and event.previous_seq is None and shape is not Shape.RECORD:
        yield _at(frame, rules.BAD_PREVIOUS_SEQ, "previous_seq", found=describe(value["previous_seq"], plan.values))
    if shape is not Shape.RECORD and not is_rfc3339(event.timestamp):
        problem = f"{describe(event.timestamp, True)} is not" if plan.values else "is not"
        yield _at(frame, rules.BAD_TIMESTAMP, "timestamp", field="timestamp", problem=problem)
    if event.seq > MAX_SAFE_SEQ or event.seq == 0:
        problem = "above 2^53-1" if event.seq else "which nobody takes for a new event"
        yield _at(frame, rules.UNSAFE_SEQ, "seq", seq=event.seq, problem=problem)
    if event.previous_seq is not None and event.previous_seq >= event.seq:
        problem = f"previous_seq {event.previous_seq} is not before seq {event.seq}"
        yield _at(frame, rules.BROKEN_LINK, "previous_seq", **_link(event.thread_id, event, problem))


def _link(thread: str, event: Envelope | Mark, problem: str) -> dict[str, Fact]:
    link = event.previous_seq or 0
    return {"problem": problem, "thread": thread[:NAME_SHOWN], "seq": event.seq, "link": link}


def beside(
    thread: str, earlier: Mark, later: Mark, damaged: bool, joined: bool, looked: Counter[str], gaps: bool
) -> Iterator[Finding]:
    """What an event shows beside the one before it in its thread (CONTRACT.md 3.3, 4; DECISIONS, Order).

    ``damaged`` tells that unreadable frames stand between the two, ``joined`` that another HTTP response begins
    between them. Findings point at the later event, so nothing that was told is taken back.
    """
    looked[rules.SEQ_STEP_BACK.code] += 1
    yield from _order(thread, earlier, later, gaps)
    if later.previous_seq is not None and later.previous_seq < later.seq:
        looked[rules.BROKEN_LINK.code] += 1
        # Where another HTTP response begins, that is a finding of its own, and explains the link.
        if later.previous_seq != earlier.seq and not joined:
            yield _broken_link(thread, earlier, later, damaged)
    # A replayed stretch is older by nature; time goes by seq (CONTRACT.md 5.3, 40).
    if earlier.instant is not None and later.instant is not None and later.seq > earlier.seq:
        looked[rules.TIME_WENT_BACK.code] += 1
        if later.instant < earlier.instant:
            seconds = f"{(earlier.instant - later.instant) / 1e9:.9f}".rstrip("0").rstrip(".")
            yield Finding(later.offset, later.line, rules.TIME_WENT_BACK.code, {"seconds": seconds, "seq": later.seq})


def _order(thread: str, earlier: Mark, later: Mark, gaps: bool) -> Iterator[Finding]:
    facts: dict[str, Fact] = {"thread": thread, "seq": later.seq}
    if later.seq == earlier.seq:
        same = later.digest == earlier.digest
        rule = rules.SEQ_DUPLICATE if same else rules.SEQ_CONFLICT
        yield Finding(later.offset, later.line, rule.code, {**facts, "first_offset": earlier.offset})
    elif later.seq < earlier.seq:
        yield Finding(later.offset, later.line, rules.SEQ_STEP_BACK.code, {**facts, "previous": earlier.seq})
    elif gaps and later.seq > earlier.seq + 1:
        missing = later.seq - earlier.seq - 1
        code = rules.SEQ_GAP.code
        yield Finding(
            later.offset,
            later.line,
            code,
            {**facts, "previous": earlier.seq, "missing": missing, "told": count(missing, "number")},
        )


def _broken_link(thread: str, earlier: Mark, later: Mark, damaged: bool) -> Finding:
    """A link that does not hold is loss, unless a new connection or an unreadable line explains it."""
    link = later.previous_seq or 0
    if later.seq <= earlier.seq:
        problem = f"previous_seq {link} after seq {earlier.seq}: a new connection that began at since_seq {link}"
        rule = rules.NEW_CONNECTION
    elif damaged:
        problem = f"previous_seq {link} after seq {earlier.seq}: what stands between could not be read"
        rule = rules.LINK_AFTER_DAMAGE
    elif link > earlier.seq:
        problem = f"previous_seq {link} after seq {earlier.seq}: the events between are missing"
        rule = rules.BROKEN_LINK
    else:
        problem = f"previous_seq {link} after seq {earlier.seq}: it should name the event just before"
        rule = rules.BROKEN_LINK
    return Finding(later.offset, later.line, rule.code, {**_link(thread, later, problem), "previous": earlier.seq})
