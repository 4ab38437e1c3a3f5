"""Logs for the benchmarks, made from a seed: shaped like the recordings of the real runtime.

Nine events in ten are ``item.delta``, of 23 characters on average; one in seven of these holds an escape, one in six
something beyond ASCII. Several threads run at once and share the counter, so their numbers skip.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

_WORDS = (
    "the harbour lamp tide while pilot and lists worse fails no each before with by two is anchor rope a storm "
    "ledger quiet signal north buoy over drift keel of salt wind"
)
WORDS = _WORDS.split()
AWKWARD = ["naïve ", "灯塔 ", "😀 ", "маяк ", "…", "— "]
ESCAPED = ["\n", '"quoted" ', "\\n ", "\t", '{"a":1}\n', "\n\n"]
EPOCH = 1_795_000_000_000_000_000
"""The first event's time, in nanoseconds since 1970: November 2026."""


class Event(NamedTuple):
    """One event; ``time`` in nanoseconds since 1970, ``link`` the seq of the event before in its thread."""

    seq: int
    name: str
    thread: str
    turn: str | None
    item: str | None
    time: int
    payload: str
    link: int


@dataclass
class _Thread:
    """One thread's story, as far as it was told."""

    id: str
    rng: random.Random
    link: int = 0
    script: Iterator[tuple[str, str | None, str | None, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.script = self._story()

    def _id(self, kind: str) -> str:
        return f"{kind}_{self.rng.getrandbits(32):08x}"

    def _text(self) -> str:
        rng = self.rng
        text = " ".join(rng.choices(WORDS, k=rng.randint(2, 6))) + " "
        chance = rng.random()
        if chance < 0.15:
            text += rng.choice(ESCAPED)
        elif chance < 0.32:
            text += rng.choice(AWKWARD)
        return text

    def _story(self) -> Iterator[tuple[str, str | None, str | None, str]]:
        yield "thread.started", None, None, _json({"thread": self._thread_record()})
        while True:
            yield from self._turn()

    def _thread_record(self) -> dict[str, Any]:
        return {
            "schema_version": 2,
            "id": self.id,
            "created_at": _zulu(EPOCH),
            "updated_at": _zulu(EPOCH),
            "model": "demo-model",
            "workspace": "/workspace/harbour",
            "mode": "agent",
            "allow_shell": True,
            "trust_mode": False,
            "auto_approve": True,
            "archived": False,
        }

    def _turn(self) -> Iterator[tuple[str, str | None, str | None, str]]:
        turn = self._id("turn")
        items: list[str] = []
        record = {
            "schema_version": 2,
            "id": turn,
            "thread_id": self.id,
            "status": "in_progress",
            "input_summary": "tell the harbour story",
            "created_at": _zulu(EPOCH),
            "started_at": _zulu(EPOCH),
            "item_ids": [],
            "steer_count": 0,
        }
        yield "turn.started", turn, None, _json({"turn": record})
        yield from self._item(turn, items, "user_message", 0)
        yield "turn.lifecycle", turn, None, _json({"status": "in_progress"})
        for kind in self.rng.choices(["agent_reasoning", "agent_message", "tool_call"], k=4):
            yield from self._item(turn, items, kind, 0 if kind == "tool_call" else self.rng.randint(20, 130))
        ended = {
            "ended_at": _zulu(EPOCH + 1_500_000_000),
            "duration_ms": 1500,
            "usage": {"input_tokens": 812, "output_tokens": 204, "cost": 0.0123},
        }
        done = record | {"status": "completed", "item_ids": items} | ended
        yield "turn.completed", turn, None, _json({"turn": done})

    def _item(
        self, turn: str, items: list[str], kind: str, deltas: int
    ) -> Iterator[tuple[str, str | None, str | None, str]]:
        item = self._id("item")
        items.append(item)
        status = "completed" if kind == "user_message" else "in_progress"
        record = {
            "schema_version": 2,
            "id": item,
            "turn_id": turn,
            "kind": kind,
            "status": status,
            "summary": "",
            "artifact_refs": [],
            "started_at": _zulu(EPOCH),
        }
        tool = {"tool": {"id": self._id("call"), "name": "bash", "input": {"command": "ls -l", "timeout": 30}}}
        yield "item.started", turn, item, _json({"item": record} | (tool if kind == "tool_call" else {}))
        texts = []
        for _ in range(deltas):
            texts.append(self._text())
            yield "item.delta", turn, item, _json({"delta": texts[-1], "kind": kind})
        detail = "".join(texts) or "ok"
        done = record | {"status": "completed", "summary": detail[:277], "detail": detail}
        yield "item.completed", turn, item, _json({"item": done})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _time(time: int) -> str:
    """RFC 3339 without its offset, nine digits of fraction, whose groups of zeros at the end are dropped."""
    from datetime import UTC, datetime

    seconds, rest = divmod(time, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{rest:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{moment}.{digits}" if digits else moment


def _zulu(time: int) -> str:
    return _time(time) + "Z"


def events(count: int, threads: int = 1, seed: int = 1) -> Iterator[Event]:
    """So many events of so many threads that run at once."""
    rng = random.Random(seed)
    stories = [_Thread(f"thr_{rng.getrandbits(32):08x}", random.Random(rng.random())) for _ in range(threads)]
    time = EPOCH
    for seq in range(1, count + 1):
        story = rng.choice(stories)
        name, turn, item, payload = next(story.script)
        time += rng.randint(1_000_000, 60_000_000)
        yield Event(seq, name, story.id, turn, item, time, payload, story.link)
        story.link = seq


def _member(name: str, value: str | None) -> str:
    return f'"{name}":null' if value is None else f'"{name}":"{value}"'


def envelope(event: Event) -> bytes:
    """The event as the server sends it (CONTRACT.md 1), without a line end."""
    time = _time(event.time) + "+00:00"
    ids = f"{_member('turn_id', event.turn)},{_member('item_id', event.item)}"
    return (
        f'{{"schema_version":1,"seq":{event.seq},"event":"{event.name}","kind":"{event.name}",'
        f'"thread_id":"{event.thread}",{ids},"timestamp":"{time}","created_at":"{time}",'
        f'"payload":{event.payload},"previous_seq":{event.link}}}'
    ).encode()


def record(event: Event) -> bytes:
    """The event as the store keeps it (CONTRACT.md 2.1), without a line end."""
    ids = "".join(f'"{name}":"{one}",' for name, one in (("turn_id", event.turn), ("item_id", event.item)) if one)
    return (
        f'{{"schema_version":2,"seq":{event.seq},"timestamp":"{_zulu(event.time)}","thread_id":"{event.thread}",'
        f'{ids}"event":"{event.name}","payload":{event.payload}}}'
    ).encode()


def legacy(event: Event) -> bytes:
    """The event as runtimes before v0.8.48 sent it (CONTRACT.md 6), without a line end."""
    ids = f"{_member('turn_id', event.turn)},{_member('item_id', event.item)}"
    return (
        f'{{"seq":{event.seq},"timestamp":"{_zulu(event.time)}","thread_id":"{event.thread}",{ids},'
        f'"event":"{event.name}","payload":{event.payload}}}'
    ).encode()


def spaced(line: bytes) -> bytes:
    """The same line as Python's ``json.dumps`` lays it out: a space behind each separator."""
    return json.dumps(json.loads(line), ensure_ascii=False).encode()


def message(name: str, line: bytes) -> bytes:
    """The line as an SSE message (CONTRACT.md 3.1)."""
    return b"event: " + name.encode() + b"\ndata: " + line + b"\n\n"


def write(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write pieces to a file, and return its path."""
    with path.open("wb", buffering=1 << 20) as file:
        file.writelines(pieces)
    return path
