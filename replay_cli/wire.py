"""Wire: an event as the runtime itself writes it, byte for byte: in its store, on its stream, in SSE frames.

Nothing here reads a text; what is written is put together of fields that were read elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime

_SECOND = 1_000_000_000
_ERA_DAYS = 146_097
_DAY = 86_400


def time_text(instant: int, leap: bool = False) -> bytes:
    """Nanoseconds since 1970 as chrono writes a time in UTC, without the offset.

    The fraction has no, 3, 6 or 9 digits (CONTRACT.md 1). ``leap``: the instant was read from a second 60, which
    chrono keeps, and is one second after :59.
    """
    seconds, fraction = divmod(instant - leap * _SECOND, _SECOND)
    days, rest = divmod(seconds, _DAY)
    # Python knows the years 1 to 9999, chrono 262,143 on either side; the calendar repeats every 400 years.
    eras, day = divmod(days, _ERA_DAYS)
    when = datetime.fromtimestamp(day * _DAY + rest, UTC)
    year = when.year + 400 * eras
    written = f"{year:04}" if 0 <= year <= 9999 else f"{year:+05}"
    second = when.second + leap
    text = f"{written}-{when.month:02}-{when.day:02}T{when.hour:02}:{when.minute:02}:{second:02}"
    if fraction:
        digits = f"{fraction:09}"
        text += "." + (digits[:3] if digits.endswith("000000") else digits[:6] if digits.endswith("000") else digits)
    return text.encode()


def envelope(
    seq: bytes,
    event: bytes,
    thread: bytes,
    turn: bytes | None,
    item: bytes | None,
    time: bytes,
    payload: bytes,
    link: bytes | None = None,
) -> bytes:
    """What the server sends of an event (CONTRACT.md 1); ``link`` is ``previous_seq``, which it always has there."""
    return b"".join(
        (
            b'{"schema_version":1,"seq":',
            seq,
            b',"event":',
            event,
            b',"kind":',
            event,
            b',"thread_id":',
            thread,
            b',"turn_id":',
            turn or b"null",
            b',"item_id":',
            item or b"null",
            b',"timestamp":"',
            time,
            b'+00:00","created_at":"',
            time,
            b'+00:00","payload":',
            payload,
            b"" if link is None else b',"previous_seq":' + link,
            b"}",
        )
    )


def record(
    seq: bytes, event: bytes, thread: bytes, turn: bytes | None, item: bytes | None, time: bytes, payload: bytes
) -> bytes:
    """A line of the store, without its line end (CONTRACT.md 2.1)."""
    return b"".join(
        (
            b'{"schema_version":2,"seq":',
            seq,
            b',"timestamp":"',
            time,
            b'Z","thread_id":',
            thread,
            b"" if turn is None else b',"turn_id":' + turn,
            b"" if item is None else b',"item_id":' + item,
            b',"event":',
            event,
            b',"payload":',
            payload,
            b"}",
        )
    )


def line(text: bytes) -> bytes:
    """A text without line breaks as a line of JSONL."""
    return text + b"\n"


def frame(name: str, text: bytes) -> bytes:
    """A text without line breaks as an SSE event of the thread stream (CONTRACT.md 3.1)."""
    return b"event: " + name.encode() + b"\ndata: " + text + b"\n\n"
