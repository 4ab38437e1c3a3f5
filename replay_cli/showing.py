"""Showing: what was seen, as lines for a person, as the bytes that came in, or as JSON for programs.

Nothing of a log reaches a terminal unescaped, but for ``--raw``, which is asked for by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from replay_cli.approvals import Approvals
from replay_cli.envelope import Envelope
from replay_cli.errors import one_line
from replay_cli.findings import Finding, Severity
from replay_cli.looking import Seen
from replay_cli.rules import BY_CODE, COMPAT_STREAM
from replay_cli.saying import THREAD, family, said, shortened, spoken, went_wrong
from replay_cli.wording import message

_COLORS = {
    "thread": "34",
    "turn": "1;32",
    "item": "36",
    "approval": "33",
    "user_input": "33",
    "tool_call": "35",
    "agent": "35",
    "agent_mail": "35",
    "sandbox": "31",
    "wrong": "31",
    "dim": "2",
    "error": "1;31",
    "warning": "33",
    "note": "36",
}
"""By family: blue, bold green, cyan, yellow, magenta, red, dim (ECMA-48, SGR). Not by rich, as in ``render.text``."""

_OF_LOGS = ("36", "33", "35", "32", "34", "31")
"""The colours of several logs, one after the other."""

_EVENT, _SEQ, _PREFIX = 18, 6, 16
"""Cells of the columns: event, seq, and the most of a log's name."""

MARGIN = " " * 4

DEEPEST = 5
"""Parts of a path that may be needed to tell one log from another."""

MOST, NAME_SHOWN = 4, 200
"""Characters of a text that are looked at for each cell there is room for, and those of an event's name."""


@dataclass(frozen=True, slots=True)
class Look:
    """How lines look: ``width`` is in cells, None for lines of any length; ``names`` are the prefixes of the logs,
    none as long as one store or log is read. ``flow`` lets deltas flow on, ``payload`` shows each payload in full,
    ``utc`` tells times in UTC instead of the time zone of this machine.
    """

    color: bool = False
    width: int | None = None
    flow: bool = False
    payload: bool = False
    utc: bool = False
    names: dict[int, str] = field(default_factory=dict)


class Lines:
    """For a person: one line for each event, findings where they happen."""

    def __init__(self, look: Look, write: Callable[[str], object]) -> None:
        self._look, self._write = look, write
        self._day = ""
        self._flowing: tuple[str, str | None] | None = None
        self._colors: dict[str, str] = {}
        self._approvals = Approvals()
        self._clock = lru_cache(maxsize=64)(_utc if look.utc else _local)

    def show(self, seen: Seen) -> None:
        """Write an event."""
        event = seen.event
        if event is None:
            return
        if self._look.flow and self._flow(seen, event):
            return
        self.pause()
        self._write(self._line(seen, event, said(event, self._approvals.tool(event))) + "\n")
        if self._look.payload:
            for line in json.dumps(event.payload, ensure_ascii=False, indent=2).split("\n"):
                self._write(f"{self._cut(MARGIN + one_line(line))}\n")

    def find(self, seen: Seen, one: Finding, severity: Severity) -> None:
        """Write a finding."""
        self.pause()
        # Never cut: where something is broken, and how, is what a person must see.
        self._write(self._paint(f"{MARGIN}{finding_words(seen, one, severity)}", severity.value) + "\n")

    def pause(self) -> None:
        """End the line of a text that flows on."""
        if self._flowing is not None:
            self._write("\n")
            self._flowing = None

    def close(self) -> None:
        """Nothing more is shown."""
        self.pause()

    def _flow(self, seen: Seen, event: Envelope) -> bool:
        """Write a delta behind the one before, if it belongs to the same item; False if it is none."""
        told = spoken(event)
        if told is None:
            return False
        kind, text = told
        if self._flowing != (event.thread_id, event.item_id):
            self.pause()
            about = "" if kind == "agent_message" else f"{kind.removeprefix('agent_')}:"
            self._write(self._line(seen, event, about) + f"\n{MARGIN}")
            self._flowing = (event.thread_id, event.item_id)
        self._write(f"\n{MARGIN}".join(one_line(line) for line in text.split("\n")))
        return True

    def _line(self, seen: Seen, event: Envelope, words: str) -> str:
        day, clock = self._when(seen)
        head = self._paint(f"-- {day}\n", "dim") if day and day != self._day else ""
        self._day = day or self._day
        number = str(event.seq) if seen.numbered else ""
        width, names, wrong = self._look.width, self._look.names, went_wrong(event)
        own = self._color_of(event.thread_id)
        pieces = [
            (f"{names[seen.log]} " if names else "", _OF_LOGS[seen.log % len(_OF_LOGS)]),
            (f"{clock} ", _COLORS["dim"]),
            (f"{number:>{_SEQ}} {_padded(one_line(shortened(event.thread_id)), THREAD)} ", own),
            (f"{_padded(one_line(event.event[:NAME_SHOWN]), _EVENT)} ", _COLORS.get(_shade(event, wrong), "")),
            (one_line(words if width is None else words[: MOST * width]), _COLORS["wrong"] if wrong else ""),
        ]
        return head + "".join(self._paint_as(text, color) for text, color in _within(pieces, width))

    def _when(self, seen: Seen) -> tuple[str, str]:
        """The day, and the time of day, as a person reads them; the day is empty if that cannot be told."""
        if not seen.timed:
            return "", "--:--:--.---"
        seconds, rest = divmod(seen.instant, 1_000_000_000)
        day, clock = self._clock(seconds)
        return day, f"{clock}.{rest // 1_000_000:03d}" if day else "--:--:--.---"

    def _color_of(self, thread: str) -> str:
        """Each thread has its own colour as long as there are enough."""
        if len(self._colors) > 10_000:
            self._colors.clear()
        return self._colors.setdefault(thread, _OF_LOGS[len(self._colors) % len(_OF_LOGS)])

    def _cut(self, line: str) -> str:
        return line if self._look.width is None else _fitted(line, self._look.width)

    def _paint(self, text: str, style: str) -> str:
        return self._paint_as(text, _COLORS.get(style, ""))

    def _paint_as(self, text: str, color: str) -> str:
        if not self._look.color or not text.strip() or not color:
            return text
        body = text.rstrip("\n")
        return f"\x1b[{color}m{body}\x1b[0m{text[len(body) :]}"


class Raw:
    """The bytes of each event as they are. Findings go to ``tell``."""

    def __init__(self, write: Callable[[bytes], object], tell: Callable[[str], None]) -> None:
        self._write, self._tell = write, tell

    def show(self, seen: Seen) -> None:
        """Write an event."""
        self._write(seen.raw)

    def find(self, seen: Seen, one: Finding, severity: Severity) -> None:
        """Tell a finding."""
        self._tell(finding_words(seen, one, severity))

    def pause(self) -> None:
        """Nothing flows here."""

    def close(self) -> None:
        """Nothing more is shown."""


class Json:
    """One JSON object for each event: a line each, or as one array. Findings go to ``tell``."""

    def __init__(
        self, write: Callable[[str], object], tell: Callable[[str], None], array: bool, payload: bool
    ) -> None:
        self._write, self._tell = write, tell
        self._array, self._payload = array, payload
        self._approvals = Approvals()
        self._begun = False

    def show(self, seen: Seen) -> None:
        """Write an event."""
        event = seen.event
        if event is None:
            return
        told: dict[str, object] = {
            "source": seen.name,
            "offset": seen.offset,
            "seq": event.seq if seen.numbered else None,
            "timestamp": event.timestamp if seen.numbered else event.timestamp or None,
            "thread_id": event.thread_id if seen.numbered else event.thread_id or None,
            "turn_id": event.turn_id,
            "item_id": event.item_id,
            "event": event.event,
            "text": said(event, self._approvals.tool(event)),
        }
        if self._payload:
            told["payload"] = event.payload
        # In ASCII, so that no terminal takes anything in it for more than text.
        text = json.dumps(told, separators=(",", ":"))
        before = ("" if not self._array else ",\n" if self._begun else "[\n") + text
        self._begun = True
        self._write(before + ("" if self._array else "\n"))

    def find(self, seen: Seen, one: Finding, severity: Severity) -> None:
        """Tell a finding."""
        self._tell(finding_words(seen, one, severity))

    def pause(self) -> None:
        """Nothing flows here."""

    def close(self) -> None:
        """End the array."""
        if self._array:
            self._write("\n]\n" if self._begun else "[]\n")


Show = Lines | Raw | Json


def finding_words(seen: Seen, one: Finding, severity: Severity) -> str:
    """A finding in one line, with its place."""
    rule = BY_CODE[one.code]
    place = f"{one_line(seen.name)}, byte {one.offset:,}"
    # Its message tells how many events there are and how they end, which is not known here.
    told = rule.summary if rule is COMPAT_STREAM else message(one.code, one.facts)
    return f"{severity.value} {rule.code} {rule.name}: {told} ({place})"


def prefixes(names: list[str]) -> dict[int, str]:
    """What to call each of several logs, all equally wide: the end of its path that tells it from the others."""
    depth = 1
    while depth < DEEPEST and len({_end_of(name, depth) for name in names}) < len(set(names)):
        depth += 1
    shown = [one_line(_end_of(name, depth)) for name in names]
    width = min(max(map(_cells, shown), default=0), _PREFIX)
    return {number: _padded(_fitted_end(name, width), width) for number, name in enumerate(shown)}


def _end_of(path: str, parts: int) -> str:
    return "/".join(path.rstrip("/").split("/")[-parts:])


def _fitted_end(text: str, width: int) -> str:
    """The end of a text in so many cells; where something is cut off an ellipsis stands."""
    return text if _cells(text) <= width else "…" + _fitted(text[::-1], width)[-2::-1]


# -- pieces of a line ------------------------------------------------------------------------------------------------


def _thought(event: Envelope) -> bool:
    payload = event.payload
    return event.event == "item.delta" and isinstance(payload, dict) and payload.get("kind") == "agent_reasoning"


def _local(seconds: int) -> tuple[str, str]:
    try:
        moment = datetime.fromtimestamp(seconds)  # a person's own clock
    except (OverflowError, ValueError, OSError):
        return "", ""
    return moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M:%S")


def _utc(seconds: int) -> tuple[str, str]:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return "", ""
    return moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M:%S")


def _shade(event: Envelope, wrong: bool) -> str:
    """What the colour of an event's name goes by."""
    return "wrong" if wrong else "dim" if _thought(event) else family(event.event)


def _within(pieces: list[tuple[str, str]], width: int | None) -> list[tuple[str, str]]:
    """The pieces of a line, each with its colour, in so many cells, cut with a mark where there is more."""
    told = [piece for piece in pieces if piece[0].strip()]
    if told:
        told[-1] = (told[-1][0].rstrip(), told[-1][1])
    if width is None:
        return told
    kept = []
    for text, color in told:
        if width < 1:
            break
        kept.append((_fitted(text, width), color))
        width -= _cells(text)
    return kept


def _fitted(text: str, width: int) -> str:
    """The beginning of a text in so many cells; what is cut ends in an ellipsis."""
    begun = text[: MOST * width]
    if len(begun) == len(text) and _cells(text) <= width:
        return text
    if begun.isascii():
        return begun[: width - 1] + "…"
    from rich.cells import set_cell_size

    return set_cell_size(begun, width - 1).rstrip(" ") + "…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    """The cells of a terminal that a text takes, nothing in it that does not print; wide characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
