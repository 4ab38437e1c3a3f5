"""The walk: every small change of a small log, and what an audit makes of it.

A change of one byte is noticed by a finding, or by the verdict or a number of the report; or it belongs to a class
of changes that cannot be noticed, with the reason why the contract leaves that byte free. The classes are the table
``CLASSES``; some of them carry a ``gap``: the contract fixes that place, and no rule asks (yet).

What makes the walk quick is that tallies add: a change touches one frame, two at most, so only these are cut and
audited anew, and put between the tallies of what stands before and behind them. The tests take samples to show
that this is the audit of the whole.

``python -m tests.walking`` prints the table with its counts for all logs (``REPLAY_WALK=full``: for many more).
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from replay_cli import Report, audit, told
from replay_cli.auditor import audit_block
from replay_cli.blocks import Block
from replay_cli.frames import Frame, State
from replay_cli.jsontext import JsonReader
from replay_cli.payloads import KNOWN_EVENTS
from replay_cli.planning import Options, plan_for
from replay_cli.profiles import Plan, Shape
from replay_cli.rules import BY_CODE
from replay_cli.sniffing import sniff
from replay_cli.tally import Tally
from replay_cli.told import seq_range, time_range
from replay_cli.verdict import verdict
from replay_cli.walk import FRAMINGS

FULL = os.environ.get("REPLAY_WALK") == "full"

RECORDED = Path(__file__).parents[1] / "fixtures" / "recorded"
SHARED = Path(__file__).parents[2] / "shared" / "recorded"


# -- the logs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Log:
    """A small log that is walked over. ``settled`` says that a runtime from v0.9.1 on wrote it (CONTRACT.md 6)."""

    name: str
    data: bytes
    settled: bool = True


def cut_frames(path: Path) -> list[bytes]:
    """The bytes of each frame of a recording."""
    data = path.read_bytes()
    framing = FRAMINGS["jsonl" if path.suffix == ".jsonl" else "sse"]
    return [data[frame.offset : frame.offset + frame.length] for frame in framing.frames(Block(data, 0))]


def _picked(name: str, *places: int) -> bytes:
    """Some frames of a recording, by their places in it."""
    pieces = cut_frames(RECORDED / name)
    return b"".join(pieces[place] for place in places)


def _as_lines(capture: bytes) -> bytes:
    """The data of each event of a capture as a line: envelopes as JSONL."""
    return b"".join(line[6:] for line in capture.splitlines(keepends=True) if line.startswith(b"data: "))


def _small_logs() -> Iterator[Log]:
    """One of two dozen events for each shape and framing, from the recordings, with as many kinds of event as fit.

    Records, and captures without links, may be picked; linked envelopes must be neighbours, or their links break.
    """
    records = _picked("store/events/thr_87aa12a7.jsonl", 0, *range(4, 11), 14, *range(18, 21), *range(31, 37), 38)
    records += _picked("store/events/thr_e777afbf.jsonl", 4, 20)  # a text with escapes
    yield Log("records", records + _picked("store/events/thr_0e93c110.jsonl", 0, 1, 6, 16))
    capture = "captures/approvals.sse"
    yield Log("capture", _picked(capture, 0, *range(5, 29)))
    yield Log("capture-end", _picked("captures/story.sse", *range(70, 98)))
    yield Log("envelopes", _as_lines(_picked(capture, *range(16, 40))))
    yield Log("v0.8.40", _picked("old/v0.8.40/approvals.sse", 0, *range(4, 16), *range(18, 29)), False)
    yield Log("v0.9.0", _picked("old/v0.9.0/approvals.sse", *range(4, 16), *range(18, 30)), False)
    yield Log("compat", (RECORDED / "captures/compat.sse").read_bytes())


def _big_logs() -> Iterator[Log]:
    """All recordings of the repository as they are, and those beside it that hold further kinds of event."""
    for path in sorted(RECORDED.rglob("*")):
        if path.suffix in (".jsonl", ".sse"):
            yield Log(f"{path.relative_to(RECORDED)}", path.read_bytes(), "old" not in path.parts)
    names = ("agents", "approval_timeout", "interrupted", "questions", "unknown_tool", "compat_tools")
    for path in (SHARED / "captures" / f"{name}.sse" for name in names):
        if path.exists():
            yield Log(f"shared/{path.name}", path.read_bytes())


LOGS: dict[str, Log] = {log.name: log for log in (_big_logs() if FULL else _small_logs())}


# -- what is seen of a log -------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """What a report says of a source, findings counted by rule."""

    rules: dict[str, int]
    events: int
    threads: int
    lines: int
    keepalives: int
    seq: object
    time: object
    verdict: str


def seen_in(tally: Tally, plan: Plan) -> Seen:
    """What a report would say, but for what only a second look or the whole of a source adds to the findings.

    These come with an order that is broken, or from the numbers, so nothing depends on them here.
    """
    found = {BY_CODE[code].name: number for code, number in tally.broken.items() if number}
    sentence = verdict(tally, plan, None)
    times = (seq_range(tally), time_range(tally))
    return Seen(found, tally.events, len(tally.heads), tally.lines, tally.comments, *times, sentence)


def seen_by(report: Report) -> Seen:
    """What a report says, the note apart that every compat stream gets."""
    found = {name: number for name, number in report.rules.items() if name != "compat-stream"}
    # As the plain values that a tally is told in: a model is equal to models only.
    seq, time = (told.Range(span.first, span.last) if span else None for span in (report.seq, report.time))
    return Seen(found, report.events, report.threads, report.lines, report.keepalives, seq, time, report.verdict)


def noticed(before: Seen, after: Seen) -> str:
    """By what a change is noticed: the name of a rule, or what of the numbers changed; "" if by nothing."""
    if after.rules != before.rules:
        return next((name for name in after.rules if after.rules[name] != before.rules.get(name)), "fewer findings")
    changed = [name for name, old, new in zip(Seen._fields[1:], before[1:], after[1:], strict=True) if old != new]
    return f"({', '.join(changed)})" if changed else ""


# -- the classes of what cannot be noticed ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Class:
    """Changes that nobody can notice, and why: what the contract says about the place.

    ``gap`` names what does fix the place, where no rule asks for it: a check that is still missing.
    """

    name: str
    why: str
    gap: str = ""


COMMENT = Class("text of a comment", "clients ignore comments (WHATWG 9.2.6; 3.1)")
HEAD = Class("text of the HTTP head", "the answer is still 200 and no other media type; the rest is not the stream's")
HEAD_END = Class(
    "end of the HTTP head",
    "the event behind it is read as before",
    gap="a head without its blank line has no body; the audit takes what follows for more of the head",
)
SPELLING = Class("the same value, written differently", "JSON reads both alike (1)")

DEFAULT = Class("name of an outer field with a default", "missing is read as null, schema_version as 1 or 2 (1, 2.1)")
ALIAS_NAME = Class("name of created_at", "every reader takes an envelope without it (1)")
LINK_NAME = Class(
    "name of previous_seq",
    "clients treat it as absent (3.3); --statistics counts the pairs without a link",
    gap="3.3 [C]: within a connection every event has one, so one alone without it was changed",
)
FIRST_LINK = Class("previous_seq of the first event", "since_seq of the request: any number below seq (3.3)")
ROOM = Class("seq, within the room between its neighbours", "holes are normal, and no link names this seq (4)")
SAME_TIME = Class("timestamp, the same written differently", "chrono reads t, z, and a blank for a leading 0 (2.1)")
TIME = Class("timestamp, between those of its neighbours", "nothing repeats it in this shape (2.1, 6)")
NAME = Class("name of an event that nobody knows then", "records have no kind; unknown names are no error (2.2, 3.3)")
LONE_ID = Class(
    "outer id that no payload repeats",
    "item.delta, turn.lifecycle, approvals, turn.steered (item_id): other events tell (11, 24)",
)
ID_LETTER = Class(
    "the same, with a letter that no id has",
    "as above",
    gap="2.2, 2.3: append_event refuses ids with letters outside [A-Za-z0-9_-] (since v0.8.23)",
)

TEXT = Class("text in a payload", "the place has no fixed words (5.1) and no invariant names it (5.3)")
NUMBER = Class("number in a payload", "the place has no fixed value (5.1) and no invariant names it (5.3)")
PAYLOAD_TIME = Class("time in a payload", "5.3, 42 [U]; within the millisecond where duration_ms is told (20)")
PAYLOAD_KEY = Class("name in a payload", "a payload that lacks a member shows nothing; older ones lack many (5.1, 6)")
FIXED_KEY = Class(
    "name in a payload, of a place that is fixed",
    "a payload that lacks the member shows nothing",
    gap="5.3, 1, 5, 12, 13, 22: the runtime writes these members, in all versions but for approval_id (5)",
)
COMPAT_BODY = Class("in the data of a compat frame", "bodies repeat nothing: no seq, no envelope (3.4)")

OTHERS = Class("what other events repeat", "5.3, 6, 19, 21, 25, 32: for rules that look at more than two neighbours")
STATUS_WORD = Class(
    "status of the item in item.started", "no rule", gap="5.3, 27 [C]: in_progress, completed for user_message"
)
TOOL_INPUT = Class(
    "detail and tool input of item.started", "no rule", gap="5.3, 28 [C]: JSON(item.detail) == tool.input"
)
SUMMARY = Class(
    "summary and detail of a closed message",
    "no rule",
    gap="5.3, 25 [C] since v0.9.1: summary is the beginning of detail",
)
WORD = Class("word of an enumeration in a payload", "no rule", gap="5.1: kinds, decisions, status of turn.lifecycle")
GOAL = Class(
    "kind and thread_id in the payload of thread_goal_*",
    "no rule",
    gap="5.1: kind is the event's name, thread_id its thread; 1 names goal.thread_id only",
)
NO_DURATION = Class(
    "started_at or ended_at of a turn, no time any more",
    "the rule passes over what it cannot read",
    gap="5.3, 20 [C]: duration_ms is not the time between the two",
)
NO_TIME = Class("other time in a payload, none any more", "no rule reads it", gap="1: chrono writes them, with Z")

CLASSES = (
    *(COMMENT, HEAD, HEAD_END, SPELLING),
    *(DEFAULT, ALIAS_NAME, LINK_NAME, FIRST_LINK, ROOM, SAME_TIME, TIME, NAME, LONE_ID, ID_LETTER),
    *(TEXT, NUMBER, PAYLOAD_TIME, PAYLOAD_KEY, FIXED_KEY, COMPAT_BODY),
    *(OTHERS, STATUS_WORD, TOOL_INPUT, SUMMARY, WORD, GOAL, NO_DURATION, NO_TIME),
)
"""All of them. A change that nothing notices and that is in none of these is a hole in the audit."""

FIXED = re.compile(
    r"thread\.\w+ /thread/id"  # 1
    r"|turn\.(started|completed) /turn/(id|thread_id|status|duration_ms)"  # 1, 12, 13, 20
    r"|(item|agent)\.\w+ /item/(id|turn_id)"  # 1
    r"|item\.(completed|failed|interrupted|canceled) /item/status"  # 22
    r"|(turn\.(steered|interrupt_requested)|tool_call\.\w+) /(thread_id|turn_id)"  # 1
    r"|thread_goal_updated /goal/thread_id"  # 1
    r"|approval\.required /(id|approval_id)|user_input\.(answered|canceled) /(id|input_id)"  # 5
    r"|tool_call\.(resolved|canceled|timeout) /status"  # 35
    r"|agent_mail\.\w+ /mail/(destination/thread_id|delivery_turn_id|status)"  # 1, 38
).fullmatch
"""Places in payloads that one event fixes for certain (5.3, by number): event, blank, pointer. Never silent."""

_HOLDS_FIXED = re.compile(
    r"thread\.\w+ /thread|turn\.(started|completed) /turn|(item\.(?!delta)|agent\.)\w+ /item"
    r"|thread_goal_updated /goal|agent_mail\.\w+ /mail(/destination)?"
).fullmatch
"""The records in payloads that such places are part of."""

_SEVERAL = re.compile(
    r"item\.delta /delta"  # 25
    r"|approval\.(decided|timeout) /approval_id|user_input\.required /id"  # 6, 32, 34
    r"|item\.started /tool/id"  # 6
    r"|turn\.\w+ /turn/(item_ids/\d+|steer_count)"  # 19, 21
).fullmatch
_ENUMERATED = re.compile(
    r"item\.delta /kind|\S+ /item/kind|approval\.decided /(decision|posture)|turn\.lifecycle /status"
    r"|agent\.\w+ /item/status|user_input\.\w+ /status|tool_call\.canceled /reason"
).fullmatch
_GOAL = re.compile(r"thread_goal_\w+ /kind|thread_goal_cleared /thread_id").fullmatch
_ID_LETTERS = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_REPEATED = {
    "turn_id": re.compile(r"turn\.(?!lifecycle)\w+|item\.(?!delta)\w+|(agent|tool_call|agent_mail)\.\w+").fullmatch,
    "item_id": re.compile(r"item\.(?!delta)\w+|agent\.\w+").fullmatch,
}
"""Events whose payload repeats the id (5.3, 1)."""
_TIME = re.compile(
    r"(\d{4})-([ \d]\d)-([ \d]\d)[Tt ]([ \d]\d):([ \d]\d):([ \d]\d)(?:\.(\d+))? ?(?:[Zz]|\+00:00)"
).fullmatch


def instant(text: object) -> int | None:
    """Nanoseconds since year 1 of a time as it stands in records and payloads; None if it is none."""
    found = _TIME(text) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(number) for number in found.groups()[:6])
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        days = date(year, month, day).toordinal()
    except ValueError:
        return None
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 10**9 + int((found[7] or "0")[:9].ljust(9, "0"))


def summary_of(detail: str) -> str:
    """The summary that the runtime makes of a text (5.3, 25)."""
    kept = "".join(letter for letter in detail if letter in "\n\t" or not _is_control(letter))
    return kept if len(kept) <= 280 else kept[:277] + "..."


def _is_control(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter <= "\x9f"


class Difference(NamedTuple):
    """One place at which two JSON values differ. ``renamed``: the member there has another name in the new one."""

    pointer: str
    old: object
    new: object
    renamed: bool = False


def differences(old: object, new: object, at: str = "") -> Iterator[Difference]:
    """The places at which two JSON values differ; 1 and 1.0 do."""
    if isinstance(old, dict) and isinstance(new, dict):
        gone, come = old.keys() - new.keys(), new.keys() - old.keys()
        for name in gone:
            yield Difference(f"{at}/{name}", old[name], None, renamed=len(gone) == 1 and len(come) <= 1)
        if len(come) > len(gone):
            yield Difference(at, old, new)
        for name in old.keys() & new.keys():
            yield from differences(old[name], new[name], f"{at}/{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{at}/{number}")
    elif type(old) is not type(new) or old != new:
        yield Difference(at, old, new)


# -- the walk --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """What is known of an event of the log before anything is changed."""

    value: dict[str, Any]
    thread: list[dict[str, Any]]
    place: int

    @property
    def earlier(self) -> dict[str, Any] | None:
        """The event before it in its thread."""
        return self.thread[self.place - 1] if self.place else None

    @property
    def later(self) -> dict[str, Any] | None:
        """The event behind it in its thread."""
        return self.thread[self.place + 1] if self.place + 1 < len(self.thread) else None


class Walk:
    """A log, cut and audited frame by frame, so that a change costs only the frames that it touches."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.data = log.data
        self.plan = plan_for(None, sniff(log.data, True), Options())[0]
        self.framing = FRAMINGS[self.plan.framing]
        self.frames = list(self.framing.frames(Block(log.data, 0)))
        self.starts = [frame.offset for frame in self.frames]
        self.pieces = [log.data[frame.offset : frame.offset + frame.length] for frame in self.frames]
        self._reader = JsonReader()
        tallies = [self.tally(piece, at) for piece, at in zip(self.pieces, self.starts, strict=True)]
        zero = self._zero()
        self.before = [zero]
        for tally in tallies:
            self.before.append(self.before[-1] + tally)
        self.behind = [zero]
        for tally in reversed(tallies):
            self.behind.append(tally + self.behind[-1])
        self.behind.reverse()
        self.seen = seen_in(self.behind[0], self.plan)
        self.events = self._events()
        self.linked = any("previous_seq" in event.value for event in self.events.values())

    def tally(self, data: bytes, at: int) -> Tally:
        """The tally of some bytes that begin at ``at``."""
        return audit_block(Block(data, at), self.plan, self._reader)

    def _zero(self) -> Tally:
        return Tally(self.plan.kept, self.plan.gaps)

    def _events(self) -> dict[int, Event]:
        values = {
            number: json.loads(frame.data) for number, frame in enumerate(self.frames) if frame.state is State.WHOLE
        }
        threads: dict[str, list[dict[str, Any]]] = {}
        events = {}
        for number, value in values.items():
            thread = threads.setdefault(value.get("thread_id", ""), [])
            events[number] = Event(value, thread, len(thread))
            thread.append(value)
        return events

    def frame_at(self, at: int) -> int:
        """The number of the frame that holds a byte."""
        return bisect_right(self.starts, at) - 1

    def decides_kind(self, at: int) -> bool:
        """Whether a byte may decide what the log is taken for: the first ones, and an HTTP head.

        All else is sniffed by majority, and there is none that one frame could turn.
        """
        return at < 16 or self.frames[self.frame_at(at)].state is State.HEAD

    def touched(self, at: int, byte: int) -> tuple[int, int, bytes]:
        """The frames that another byte at ``at`` touches, ``first`` to ``end`` (exclusive), and what they become.

        A byte cannot touch the frames before its own. It touches the next one if its own does not end any more.
        """
        first = self.frame_at(at)
        inside = at - self.starts[first]
        piece = self.pieces[first]
        changed = piece[:inside] + bytes((byte,)) + piece[inside + 1 :]
        end = first + 1
        while end < len(self.pieces) and self.framing.boundary(changed, True) != len(changed):
            changed += self.pieces[end]
            end += 1
        return first, end, changed

    def tally_with(self, at: int, byte: int) -> Tally:
        """The tally of the whole log with another byte at ``at``."""
        first, end, changed = self.touched(at, byte)
        return self.before[first] + self.tally(changed, self.starts[first]) + self.behind[end]

    def step(self, at: int, byte: int) -> str | Class | None:
        """What becomes of another byte at ``at``: by what it is noticed, or its class; None for a hole."""
        first, end, changed = self.touched(at, byte)
        if self.decides_kind(at):
            seen = seen_by(audit(self.with_byte(at, byte)))
        else:
            middle = self.tally(changed, self.starts[first])
            if middle.broken:  # Nothing that was told is taken back, so the sum would have it too.
                return BY_CODE[next(iter(middle.broken))].name
            seen = seen_in(self.before[first] + middle + self.behind[end], self.plan)
        return noticed(self.seen, seen) or self._class_of(first, end, changed)

    def with_byte(self, at: int, byte: int) -> bytes:
        """The whole log with another byte at ``at``."""
        return self.data[:at] + bytes((byte,)) + self.data[at + 1 :]

    def _class_of(self, first: int, end: int, changed: bytes) -> Class | None:
        """The class of a change that nothing noticed; None if it is in none, or did not stay inside its frame."""
        old, new = self.frames[first:end], list(self.framing.frames(Block(changed, self.starts[first])))
        if old[0].state is State.HEAD and not _is_stream_head(changed):
            return None
        if len(old) == len(new) == 1:
            return self._classify(old[0], new[0])
        if len(old) == 2 and len(new) == 1 and old[0].state is State.HEAD:
            return HEAD_END if (new[0].event, new[0].data) == (old[1].event, old[1].data) else None
        return None

    def _classify(self, old: Frame, new: Frame) -> Class | None:
        if old.state is not new.state or (old.event, old.id, old.retry) != (new.event, new.id, new.retry):
            return None
        if old.state is State.HEAD:
            return HEAD
        if old.data == new.data:
            return COMMENT if old.comments and old.comments == new.comments else None
        return self._classify_values(self.events[self.starts.index(old.offset)], json.loads(new.data))

    def _classify_values(self, event: Event, new: dict[str, Any]) -> Class | None:
        found = list(differences(event.value, new))
        if not found:
            return SPELLING
        if len(found) > 1:
            return None
        place = found[0]
        if self.plan.shape is Shape.COMPAT:
            return COMPAT_BODY
        if place.pointer.startswith("/payload/"):
            return self._classify_payload(event, new, place)
        name = place.pointer[1:]
        if place.renamed:
            return DEFAULT if place.old is None or name == "schema_version" else _OUTER_NAMES.get(name)
        return _OUTER[name](self, event, place) if name in _OUTER else None

    def _classify_payload(self, event: Event, new: dict[str, Any], place: Difference) -> Class | None:
        """Rows are tried in the order in which they stand; what the contract fixes has no class but for its gaps."""
        key = f"{event.value['event']} {place.pointer.removeprefix('/payload')}"
        if place.renamed:
            optional = key.endswith(("/duration_ms", "/delivery_turn_id"))
            return FIXED_KEY if (FIXED(key) or _HOLDS_FIXED(key)) and not optional else PAYLOAD_KEY
        if FIXED(key):
            return None
        if _GOAL(key):
            return GOAL
        if _ENUMERATED(key):
            return WORD
        if _SEVERAL(key):
            return OTHERS
        if key == "item.started /item/status":
            return STATUS_WORD
        payload = new["payload"]
        if re.fullmatch(r"item\.started /(item/detail|tool/input.*)", key) and "tool" in payload:
            return TOOL_INPUT
        if re.fullmatch(r"item\.\w+ /item/(summary|detail)", key) and event.value["event"] != "item.started":
            return self._classify_summary(payload["item"])
        if place.pointer.endswith("_at") and isinstance(place.old, str):
            return _classify_time(payload, place)
        return TEXT if isinstance(place.old, str) else NUMBER

    def _classify_summary(self, item: dict[str, Any]) -> Class:
        if not self.log.settled or item["kind"] not in ("agent_message", "agent_reasoning"):
            return TEXT
        return SUMMARY if item["summary"] != summary_of(item["detail"]) else OTHERS


def _is_stream_head(text: bytes) -> bool:
    """Whether a text begins with the head of an answer that is an event stream, as far as it says.

    Around the media type the audit takes U+001C to U+001F for blanks, as Python does; no harm comes of it.
    """
    status, *fields = re.split(rb"\r?\n|\r", text)
    pairs = [one.partition(b":") for one in fields]
    types = [value.decode("latin-1").strip().lower() for name, _, value in pairs if name.lower() == b"content-type"]
    return re.match(rb"HTTP/[0-9.]+ 200\b", status) is not None and types in ([], ["text/event-stream"])


def _classify_time(payload: dict[str, Any], place: Difference) -> Class | None:
    turn = payload.get("turn", {})
    lasts = place.pointer in ("/payload/turn/started_at", "/payload/turn/ended_at") and "duration_ms" in turn
    if instant(place.new) is None:
        return NO_DURATION if lasts else NO_TIME
    if lasts:
        start, end = instant(turn["started_at"]), instant(turn["ended_at"])
        assert start is not None
        assert end is not None
        return PAYLOAD_TIME if (end - start) // 1_000_000 == turn["duration_ms"] else None
    return PAYLOAD_TIME


def _seq(walk: Walk, event: Event, place: Difference) -> Class | None:
    low = event.earlier["seq"] if event.earlier else 0
    high = event.later["seq"] if event.later else 2**64
    return ROOM if not walk.linked and isinstance(place.new, int) and low < place.new < high else None


def _link(walk: Walk, event: Event, place: Difference) -> Class | None:
    free = event.earlier is None and isinstance(place.new, int) and place.new < event.value["seq"]
    return FIRST_LINK if free else None


def _time(walk: Walk, event: Event, place: Difference) -> Class | None:
    if "created_at" in event.value:
        return None
    old, new = instant(place.old), instant(place.new)
    low = instant(event.earlier["timestamp"]) if event.earlier else 0
    high = instant(event.later["timestamp"]) if event.later else 2**80
    if old is None or new is None or low is None or high is None or not low <= new <= high:
        return None
    return SAME_TIME if old == new else TIME


def _name(walk: Walk, event: Event, place: Difference) -> Class | None:
    return NAME if walk.plan.shape is Shape.RECORD and place.new not in KNOWN_EVENTS else None


def _id(walk: Walk, event: Event, place: Difference) -> Class | None:
    if not isinstance(place.new, str) or _REPEATED[place.pointer[1:]](event.value["event"]):
        return None
    return LONE_ID if _ID_LETTERS(place.new) else ID_LETTER


_OUTER: dict[str, Callable[[Walk, Event, Difference], Class | None]] = {
    "seq": _seq,
    "previous_seq": _link,
    "timestamp": _time,
    "event": _name,
    "turn_id": _id,
    "item_id": _id,
}
_OUTER_NAMES = {"created_at": ALIAS_NAME, "previous_seq": LINK_NAME}


@cache
def walk_over(name: str) -> Walk:
    """The walk over a log of ``LOGS``, prepared once."""
    return Walk(LOGS[name])


@dataclass
class Walked:
    """What became of many changes: how often each was noticed by what, how often it was of which class, the holes."""

    noticed: Counter[str] = field(default_factory=Counter)
    classes: Counter[Class] = field(default_factory=Counter)
    holes: list[tuple[int, int]] = field(default_factory=list)

    def add(self, at: int, byte: int, result: str | Class | None) -> None:
        """Count one change in."""
        if result is None:
            self.holes.append((at, byte))
        elif isinstance(result, Class):
            self.classes[result] += 1
        else:
            self.noticed[result] += 1

    def update(self, other: Walked) -> None:
        """Count those of another log in."""
        self.noticed.update(other.noticed)
        self.classes.update(other.classes)
        self.holes += other.holes

    def __str__(self) -> str:
        silent = self.classes.total() + len(self.holes)
        lines = [f"{self.noticed.total():>9,}  noticed, by"]
        lines += [f"{number:>11,}  {name}" for name, number in self.noticed.most_common()]
        lines.append(f"{silent:>9,}  not noticed")
        for one in CLASSES:
            if self.classes[one]:
                lines.append(f"{self.classes[one]:>11,}  {one.name}: {one.why}")
                lines += [f"{'':>13}GAP {one.gap}"] if one.gap else []
        return "\n".join([*lines, ""])


def flipped(data: bytes) -> Iterator[tuple[int, int]]:
    """Every flip of one bit: the place, and the byte that stands there then."""
    return ((at, byte ^ 1 << bit) for at, byte in enumerate(data) for bit in range(8))


def blotted(data: bytes) -> Iterator[tuple[int, int]]:
    """Every byte replaced by NUL."""
    return ((at, 0) for at in range(len(data)))


def walk_with(walk: Walk, changes: Iterable[tuple[int, int]]) -> Walked:
    """What becomes of these changes, one at a time."""
    walked = Walked()
    for at, byte in changes:
        walked.add(at, byte, walk.step(at, byte))
    return walked


def main() -> None:
    """Print what becomes of every flipped bit, for each log and for all of them."""
    everything = Walked()
    for name in LOGS:
        walk = walk_over(name)
        walked = walk_with(walk, flipped(walk.data))
        print(f"{name}: {len(walk.data):,} bytes, {walk.seen.events} events\n{walked}", flush=True)
        for at, byte in walked.holes:
            print(f"  HOLE: {byte:#04x} at {at}, in {walk.data[max(0, at - 40) : at + 20]!r}")
        everything.update(walked)
    print(f"all of them\n{everything}\n{len(everything.holes)} holes")


if __name__ == "__main__":
    main()
