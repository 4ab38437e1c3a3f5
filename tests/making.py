"""Lines as the runtime writes them, for tests that need their own."""

from __future__ import annotations

import json
from typing import Any


def compact(value: object) -> bytes:
    """JSON as the runtime writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def record(seq: int, event: str = "item.delta", thread: str = "thr_1", **changes: Any) -> bytes:
    """A store record (CONTRACT.md 2.1) with its newline."""
    value: dict[str, Any] = {
        "schema_version": 2,
        "seq": seq,
        "timestamp": f"2026-11-21T06:{seq // 60 % 60:02d}:{seq % 60:02d}.120Z",
        "thread_id": thread,
        "turn_id": "turn_1",
    }
    if event == "item.delta":
        value |= {"item_id": "item_1", "event": event, "payload": {"delta": "a word", "kind": "agent_message"}}
    else:
        value |= {"event": event, "payload": {"turn": {"id": "turn_1", "thread_id": thread, "status": "completed"}}}
    return compact(value | changes) + b"\n"


def envelope(seq: int, link: int | None = None, thread: str = "thr_1", **changes: Any) -> dict[str, Any]:
    """An envelope (CONTRACT.md 1) as a dictionary; ``link`` is its previous_seq, left out when None."""
    time = f"2026-11-21T06:{seq // 60 % 60:02d}:{seq % 60:02d}.120+00:00"
    value = {
        "schema_version": 1,
        "seq": seq,
        "event": "item.delta",
        "kind": "item.delta",
        "thread_id": thread,
        "turn_id": "turn_1",
        "item_id": "item_1",
        "timestamp": time,
        "created_at": time,
        "payload": {"delta": "a word", "kind": "agent_message"},
    }
    return value | ({} if link is None else {"previous_seq": link}) | changes


def message(value: dict[str, Any], name: str | None = None) -> bytes:
    """An SSE message as the server sends it (CONTRACT.md 3.1)."""
    return b"event: " + (name or value["event"]).encode() + b"\ndata: " + compact(value) + b"\n\n"


def capture(*steps: tuple[int, int | None]) -> bytes:
    """A capture of one thread: (seq, previous_seq) of each event."""
    return b"".join(message(envelope(seq, link)) for seq, link in steps)


def store(*seqs: int, completed: bool = False) -> bytes:
    """A store log of one thread; ``completed`` ends it with a turn.completed."""
    lines = [record(seq) for seq in seqs]
    return b"".join(lines) + (record(max(seqs) + 1, "turn.completed") if completed else b"")
