"""Opening: a frame becomes an envelope, or the one finding why not. The reference for a line on its own.

One bad line is one finding (DECISIONS): the first that applies of framing, JSON, schema. Whether a line is refused
is the runtime's own verdict (CONTRACT.md 1; vectors ``envelope_lines``).

What only damaged lines or a schema of the user's need is imported where it is used: start-up is held to what a clean
log needs (tests/test_startup.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from replay_cli import rules
from replay_cli.compat import NAMES as COMPAT_NAMES
from replay_cli.envelope import Envelope
from replay_cli.findings import Fact, Finding, Rule
from replay_cli.frames import Frame, State
from replay_cli.heavy import invalid_utf8
from replay_cli.jsontext import SKIPPABLE, JsonReader, Reading, Refusal, without
from replay_cli.members import place_of
from replay_cli.profiles import KNOWN, RECORD_ORDER, Plan, Shape, breaks, shape_of, violations
from replay_cli.violation import Violation, describe
from replay_cli.wording import count

if TYPE_CHECKING:
    from replay_cli.fragments import Mixture

EXCERPT = 160
"""Bytes of a line that a finding keeps around its place."""

TOLD = 5
"""Violations of one line that are told in full (DECISIONS)."""

BOM = b"\xef\xbb\xbf"


class Opened(NamedTuple):
    """What became of a frame.

    ``readable`` is False where the runtime, or a client, cannot read it. ``value`` is the object of a readable
    frame, an event or not; ``envelope`` is there when it is an event, of the shape ``shape``.
    """

    findings: tuple[Finding, ...] = ()
    readable: bool = True
    value: dict[str, object] | None = None
    envelope: Envelope | None = None
    shape: Shape | None = None


def finding(frame: Frame, rule: Rule, index: int = 0, /, **facts: Fact) -> Finding:
    """A finding at byte ``index`` of a frame's data, with a piece of the text around it.

    Its line counts from 1 at the frame's first line, as every tally's lines do.
    """
    place = frame.place(index)
    start = max(0, index - EXCERPT // 2)
    excerpt = frame.data[start : start + EXCERPT].replace(b"\n", b" ")
    line = place.line - frame.line + 1
    return Finding(place.offset, line, rule.code, facts, place.column, excerpt, index - start)


def finding_at_start(frame: Frame, rule: Rule, /, **facts: Fact) -> Finding:
    """A finding about a frame as a whole: at its first byte, which in SSE need not be its data's."""
    return Finding(frame.offset, 1, rule.code, facts, 1, frame.data[:EXCERPT].replace(b"\n", b" "), 0)


def open_frame(frame: Frame, plan: Plan, reader: JsonReader) -> Opened:
    """Open one frame for what ``plan`` says. Never raises, whatever the bytes."""
    notes = tuple(_framing_notes(frame, plan))
    if frame.state is not State.WHOLE or frame.length > plan.limit:
        damage = _unopened(frame, plan)
        if damage is None:
            return Opened(notes)
        return Opened((*notes, damage), readable=damage.code == rules.BLANK_LINE.code)
    opened = _open_text(frame, plan, reader)
    return Opened((*notes, *opened.findings), opened.readable, opened.value, opened.envelope, opened.shape)


def _framing_notes(frame: Frame, plan: Plan) -> Iterator[Finding]:
    if frame.bom:
        yield finding_at_start(frame, rules.SSE_BYTE_ORDER_MARK)
    for fault in () if frame.state is State.TORN else frame.faults:
        line = fault.line - frame.line + 1
        if fault.reason == "nul-run":
            nuls: dict[str, Fact] = {"count": fault.nuls, "beside": ""}
            yield Finding(fault.offset, line, rules.NUL_RUN.code, nuls, fault.column)
        else:
            # A stray line may hold anything; only what could be the name of a field is told.
            named = f"'{fault.field}'" if _FIELD_NAME.fullmatch(fault.field) else "a line"
            facts: dict[str, Fact] = {"what": named, "problem": _FAULTS[fault.reason]}
            yield Finding(fault.offset, line, rules.UNKNOWN_SSE_FIELD.code, facts, fault.column)


def beyond(frame: Frame) -> dict[str, int]:
    """How many findings a frame's faults make beyond those that are kept, by code."""
    found: dict[str, int] = {}
    for reason, number in frame.beyond:
        code = (rules.NUL_RUN if reason == "nul-run" else rules.UNKNOWN_SSE_FIELD).code
        found[code] = found.get(code, 0) + number
    return found


_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{1,24}")
_FAULTS = {
    "unknown": "is no field of the standard; clients ignore the line",
    "nul-in-id": "holds a NUL; clients ignore the line",
    "bad-retry": "is no whole number; clients ignore the line",
    "overwritten": "is given twice in one event; the last one counts",
}


def _unopened(frame: Frame, plan: Plan) -> Finding | None:
    """The finding of a frame that is not examined further; None where there is nothing to say."""
    match frame.state:
        case State.TORN:
            rule = rules.TORN_TAIL if plan.framing == "jsonl" else rules.UNFINISHED_EVENT
            nul = frame.data and not frame.data.strip(b"\0")
            told = count(frame.length, "byte") + (", all NUL" if nul else "")
            return finding_at_start(frame, rule, bytes=frame.length, told=told)
        case State.BLANK:
            return finding(frame, rules.BLANK_LINE)
        case State.DATALESS:
            return finding_at_start(frame, rules.EVENT_WITHOUT_DATA, event=(frame.event or "")[:80])
        case State.WHOLE | State.OVERLONG:
            return finding_at_start(frame, rules.OVERLONG_LINE, bytes=frame.length, limit=plan.limit)
    return None


def _refused(frame: Frame, rule: Rule, index: int = 0, **facts: Fact) -> Opened:
    return Opened((finding(frame, rule, index, **facts),), readable=False)


def _open_text(frame: Frame, plan: Plan, reader: JsonReader) -> Opened:
    data = frame.data
    if data.startswith(BOM) and plan.framing == "jsonl":
        return _refused(frame, rules.BYTE_ORDER_MARK)
    if (nul := data.find(b"\0\0")) >= 0:
        return _nul_run(frame, nul)
    reading = reader.read(data)
    if isinstance(reading, Reading):
        return _open_value(frame, plan, reading, ())
    skippable = reading.code in SKIPPABLE and plan.shape is Shape.RECORD
    masked = without(data, KNOWN[Shape.RECORD]) if skippable else None
    second = reader.read(masked[0]) if masked else None
    if masked and isinstance(second, Reading):
        note = finding(frame, rules.UNREAD_FIELD, reading.index, problem=reading.problem, names=masked[1][:80])
        return _open_value(frame, plan, second, (note,))
    return _refusal(frame, reading)


def _nul_run(frame: Frame, start: int) -> Opened:
    from replay_cli.fragments import mixture

    data = frame.data
    end = start + len(data) - start - len(data[start:].lstrip(b"\0"))
    mixed = mixture(data.replace(b"\0", b" "))
    records = len(mixed.records) if mixed else 0
    rest = data[end:].strip()
    if not records and rest.startswith(b"{") and rest.endswith(b"}"):
        records = int(isinstance(JsonReader().read(rest), Reading))
    beside = f"; {count(records, 'whole record')} beside it" if records else ""
    return _refused(frame, rules.NUL_RUN, start, count=end - start, beside=beside)


def _are_text(data: bytes, mixed: Mixture) -> bool:
    """Whether the records on a line are UTF-8, whatever stands between them."""
    return all(invalid_utf8(data[start:end]) is None for start, end in mixed.records)


def _refusal(frame: Frame, refusal: Refusal) -> Opened:
    from replay_cli.fragments import mixture

    rule = rules.BY_CODE[refusal.code]
    if (
        rule in (rules.NOT_JSON, rules.INVALID_UTF8)
        and (mixed := mixture(frame.data))
        and _are_text(frame.data, mixed)
    ):
        start, end = mixed.records[0]
        left = len(frame.data) - sum(b - a for a, b in mixed.records) - start
        rest = f", and {count(left, 'byte')} more" if frame.data[mixed.records[-1][1] :].strip() else ""
        told = count(len(mixed.records), "whole record")
        facts: dict[str, Fact] = {"records": len(mixed.records), "told": told, "rest": rest}
        if mixed.first:
            return _refused(frame, rules.GLUED_RECORDS, end, **facts)
        return _refused(frame, rules.SPLICED_LINE, start, fragment=start, torn=count(start, "byte"), **facts)
    return _refused(frame, rule, refusal.index, problem=refusal.problem)


def _open_value(frame: Frame, plan: Plan, reading: Reading, notes: tuple[Finding, ...]) -> Opened:
    value = reading.value
    if not isinstance(value, dict):
        if isinstance(value, list) and plan.shape is Shape.RECORD and _positional(value):
            named = dict(zip(RECORD_ORDER, value, strict=True))
            positional = finding(frame, rules.POSITIONAL_RECORD)
            return Opened((*notes, positional), True, named, envelope_of(named), Shape.RECORD)
        return _refused(frame, rules.NOT_AN_OBJECT, found=describe(value, plan.values))
    if plan.shape is Shape.COMPAT:
        return Opened(tuple(_user_violations(frame, value, plan)), value=value)
    if plan.shape is Shape.CUSTOM:
        return _open_custom(frame, value, plan)
    shape = _shape_read_as(frame, value, plan)
    if shape is None:
        other = finding(frame, rules.OTHER_SHAPE, found=_stream_of(frame), expected=plan.shape.value)
        return Opened((*notes, other), value=value)
    known = sorted(set(reading.duplicates) & KNOWN[shape])
    if known:
        index = place_of(frame.data, known[0], -1) or 0
        return _refused(frame, rules.DUPLICATE_KEY, index, names=", ".join(known))
    broken = violations(shape, value, plan.fast)
    if broken:
        return Opened((_schema_finding(frame, rules.SCHEMA_VIOLATION, broken, plan),), readable=False)
    found = [*notes, *_user_violations(frame, value, plan)]
    if reading.duplicates:
        index = place_of(frame.data, reading.duplicates[0], -1) or 0
        names = ", ".join(name[:40] for name in reading.duplicates[:5])
        found.append(finding(frame, rules.DUPLICATE_UNKNOWN_KEY, index, names=names))
    claimed = shape_of(value) or shape
    if shape_differs(plan, claimed, value):
        found.append(finding(frame, rules.OTHER_SHAPE, found=claimed.value, expected=plan.shape.value))
    return Opened(tuple(found), True, value, envelope_of(value), shape)


def shape_differs(plan: Plan, claimed: Shape, value: dict[str, object]) -> bool:
    """Whether a line that reads well is of another shape than its source.

    A record without ``schema_version`` looks like an old event if all its ids are there: told apart by a null id.
    """
    if plan.shape is Shape.RECORD and claimed is Shape.LEGACY:
        return value["turn_id"] is None or value["item_id"] is None
    return claimed is not plan.shape


def _shape_read_as(frame: Frame, value: dict[str, object], plan: Plan) -> Shape | None:
    """The shape by which a line is read: its source's, or another that it fulfils; None for another stream's frame.

    The store's reader takes envelopes and old events too (vector R120), so a record source never changes shape.
    """
    if plan.framing == "sse" and not plan.strict and _stream_of(frame) and is_other_stream(value):
        return None
    claimed = shape_of(value)
    if plan.strict or plan.shape is Shape.RECORD or claimed is None or claimed is plan.shape:
        return plan.shape
    if claimed is Shape.ENVELOPE or set(value) <= KNOWN[claimed]:
        return plan.shape if breaks(claimed, value, plan.fast) else claimed
    return plan.shape


def is_other_stream(value: dict[str, object]) -> bool:
    """Whether an object has none of the fields that make it an event of ours (CONTRACT.md 3.4, 3.5)."""
    return not {"seq", "kind", "schema_version", "timestamp", "created_at", "previous_seq"} & value.keys()


def _stream_of(frame: Frame) -> str:
    """Which other stream of the runtime a frame's SSE name belongs to, in words; empty if to none."""
    name = frame.event or ""
    if name.startswith("fleet."):
        return "frame of the fleet stream"
    return "frame of the compat stream" if name in COMPAT_NAMES else ""


def _positional(values: list[object]) -> bool:
    return len(values) == len(RECORD_ORDER) and not breaks(Shape.RECORD, dict(zip(RECORD_ORDER, values, strict=True)))


def _schema_finding(frame: Frame, rule: Rule, broken: list[Violation], plan: Plan) -> Finding:
    """All violations of one line as one finding, at the first of them (DECISIONS)."""
    told = "; ".join(violation.told(plan.values) for violation in broken[:TOLD])
    more = f"; and {len(broken) - TOLD} more" if len(broken) > TOLD else ""
    listed = [
        {"pointer": v.pointer, "keyword": v.keyword, "expected": v.expected, "found": v.found} for v in broken[:TOLD]
    ]
    first = next((v.pointer for v in broken if v.keyword != "required" and v.pointer), "")
    index = (place_of(frame.data, first.split("/")[1]) or 0) if first else 0
    return finding(frame, rule, index, told=told + more, pointer=first, count=len(broken), violations=listed)


def _user_violations(frame: Frame, value: object, plan: Plan) -> Iterator[Finding]:
    """What a schema of the user's own says of a line."""
    if plan.schema is None:
        return
    from replay_cli import userschema

    if broken := userschema.violations(plan.schema, value, len(frame.data), frame.line):
        yield _schema_finding(frame, rules.USER_SCHEMA_VIOLATION, broken, plan)


def _open_custom(frame: Frame, value: dict[str, object], plan: Plan) -> Opened:
    """A line of another log that the user has a schema for; what fields of ours it has are still compared."""
    broken = tuple(_user_violations(frame, value, plan))
    seq = value.get("seq")
    event = envelope_of(value) if isinstance(seq, int) and not isinstance(seq, bool) and seq >= 0 else None
    return Opened(broken, value=value, envelope=event, shape=Shape.CUSTOM)


def envelope_of(value: dict[str, object]) -> Envelope:
    """The fields that checks read, of an object that fulfils the schema of its shape."""

    def text(name: str) -> str | None:
        found = value.get(name)
        return found if isinstance(found, str) else None

    def number(name: str) -> int | None:
        found = value.get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**64 else None

    return Envelope(
        seq=number("seq") or 0,
        event=text("event") or "",
        thread_id=text("thread_id") or "",
        turn_id=text("turn_id"),
        item_id=text("item_id"),
        timestamp=text("timestamp") or "",
        payload=value.get("payload"),
        schema_version=number("schema_version"),
        kind=text("kind"),
        created_at=text("created_at"),
        previous_seq=number("previous_seq"),
    )
