"""Folding: the deltas of an item as one event, so that it does not matter in which pieces its text came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from replay_cli.recording import Met

PIECE = 64 * 1024
"""Characters of a text that go into one event; a longer text makes several, cut at the same places."""

HELD = 64 * PIECE
"""Characters that are held of all texts together; beyond that, all that is held is given out."""

_TEXTS = {"item.delta": "delta", "message.delta": "content"}
"""What is a delta, and the member with its text; the second is that of the compat stream (CONTRACT.md 3.4)."""

_Key = tuple[str, str, str, str]


class _Text:
    """The text of an item as it comes."""

    def __init__(self, first: Met, payload: dict[str, object]) -> None:
        self._first, self._payload = first, payload
        self._pieces: list[str] = []
        self.length = 0

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self.length += len(text)

    def cut(self) -> Iterator[Met]:
        """The full pieces; what is left over stays."""
        if self.length < PIECE:
            return
        text = "".join(self._pieces)
        whole = len(text) // PIECE * PIECE
        for start in range(0, whole, PIECE):
            yield self._met(text[start : start + PIECE])
        self._pieces, self.length = [text[whole:]], len(text) - whole

    def rest(self) -> Met:
        """What is left over, as an event."""
        return self._met("".join(self._pieces))

    def _met(self, text: str) -> Met:
        first = self._first
        assert first.value is not None
        assert first.event is not None
        payload = {**self._payload, _TEXTS[first.event.event]: text}
        value = {**first.value, "payload": payload}
        return replace(
            first, text=json.dumps(value).encode(), value=value, event=replace(first.event, payload=payload)
        )


def folded(row: Iterator[Met]) -> Iterator[Met]:
    """The row, the deltas of each item as one event; it stands before the next event of its thread that is no delta.

    Texts of several items that come interleaved are folded each for itself, in the order in which they began.
    """
    texts: dict[_Key, _Text] = {}
    held = 0
    for met in row:
        delta = _delta(met)
        if delta is None:
            thread = None if met.event is None else met.event.thread_id
            for key in [key for key in texts if thread is None or key[0] == thread]:
                held -= texts[key].length
                yield texts.pop(key).rest()
            yield met
            continue
        key, payload, text = delta
        known = texts.setdefault(key, _Text(met, payload))
        held -= known.length
        known.add(text)
        yield from known.cut()
        held += known.length + 1
        if held > HELD or len(texts) > HELD // 1024:
            yield from (one.rest() for one in texts.values())
            texts, held = {}, 0
    yield from (one.rest() for one in texts.values())


def _delta(met: Met) -> tuple[_Key, dict[str, object], str] | None:
    """Whose delta an event is, its payload, and its text; None if it is none."""
    event = met.event
    if event is None or not isinstance(event.payload, dict) or event.event not in _TEXTS:
        return None
    text, kind = event.payload.get(_TEXTS[event.event]), event.payload.get("kind")
    if not isinstance(text, str):
        return None
    return (event.thread_id, event.item_id or "", event.event, json.dumps(kind)), event.payload, text
