"""Remaking: events that are kept, written in another shape, in another framing, or with their links made anew.

Frame by frame is the reference; the stretches that are proven are remade many events at a time, to the same bytes
(a test holds the two to it). What the other shape or framing cannot hold is left out and told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import is_not
from typing import TYPE_CHECKING, NamedTuple

from replay_cli import canonical, rules, wire
from replay_cli.blocks import Block
from replay_cli.canonical import Deltas
from replay_cli.fields import Fields, compact, fields_of, name_of
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.marks import thread_key
from replay_cli.members import members
from replay_cli.opening import Opened, open_frame
from replay_cli.profiles import Plan, Shape
from replay_cli.stretches import NAME_BREAKS, NOT_HELD, NOT_NEWER, NOT_REDACTED, UNTIMED, Stretch
from replay_cli.walk import FRAMINGS

if TYPE_CHECKING:
    from replay_cli.redacting import Redactor
    from replay_cli.redactions import Redaction


@dataclass(frozen=True, slots=True)
class Remake:
    """What is to become of the events that are kept; None where they stay as they are.

    ``relink`` makes ``previous_seq`` anew, as one connection has it that began behind ``base`` (CONTRACT.md 3.3).
    ``redaction`` takes out of them what it says, before anything else.
    """

    framing: str | None = None
    shape: Shape | None = None
    relink: bool = False
    base: int = 0
    redaction: Redaction | None = None

    @property
    def changes(self) -> bool:
        """Whether anything is asked."""
        return bool(self.framing or self.shape or self.relink or self.redaction)


@dataclass(slots=True)
class Remade:
    """What was remade in a whole run: events converted; texts that lost white space; what other members and fields
    were lost, by name; and the last number of each thread that was written with a new link.
    """

    converted: int = 0
    compacted: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    last: dict[str, int] = field(default_factory=dict)

    def add(self, more: Remade) -> None:
        """Take over what was counted apart."""
        self.converted += more.converted
        self.compacted += more.compacted
        self.lost.update(more.lost)
        self.last.update(more.last)


class _Event(NamedTuple):
    """An event on its way: ``fields`` are those of its text where its shape changes; ``tight`` tells that there is no
    white space between the tokens of the text.
    """

    text: bytes
    shape: Shape
    name: str
    thread: str
    seq: int
    fields: Fields | None
    tight: bool = False


class Remaker:
    """Remakes what is kept of one source. ``remade`` is counted on, as is ``redactor``, if there is one."""

    def __init__(self, plan: Plan, remake: Remake, remade: Remade, redactor: Redactor | None = None) -> None:
        self._plan = plan
        self._remake = remake
        self._remade = remade
        self._framing = remake.framing or plan.framing
        self._reader = JsonReader()
        self._redactor = redactor
        self._wanted = self._columns_wanted()

    def parts(self, stretch: Stretch, data: bytes) -> Iterator[tuple[Stretch, bytes]]:
        """The parts of a stretch, which tile it, each with the bytes that it becomes; one with a reason is left out.

        ``data`` are the bytes of the stretch, and those that are added behind it.
        """
        whole = self._at_once(data) if stretch.proven else None
        if whole is not None:
            yield stretch._replace(added=b""), whole
            return
        for frame in FRAMINGS[self._plan.framing].frames(Block(data, stretch.offset)):
            start = frame.offset - stretch.offset
            opened = open_frame(frame, self._plan, self._reader)
            made = self._frame(frame, opened, data[start : start + frame.length], self._remade)
            reason, text = (made, b"") if isinstance(made, str) else ("", made)
            events, length = int(opened.envelope is not None), min(frame.length, stretch.length - start)
            yield Stretch(length, frame.offset, stretch.line + frame.line - 1, events, reason), text

    # -- frame by frame ----------------------------------------------------------------------------------------------

    def _frame(self, frame: Frame, opened: Opened, raw: bytes, remade: Remade) -> bytes | str:
        """The bytes that a frame becomes, or why it is left out; ``remade`` is counted on."""
        event, shape = opened.envelope, opened.shape
        if event is None or shape is None:
            return self._no_event(opened, raw)
        text, name = frame.data, event.event
        if self._redactor is not None:
            text, name = self._redactor.text(text, shape), self._redactor.event(name)
        stays = self._redactor is None or (text is frame.data and _is_bare(raw, name, self._framing))
        if stays and not self._converts(shape) and not self._relinks(shape):
            return raw
        fields = fields_of(text) if self._changes_shape(shape) else None
        if fields is None and self._changes_shape(shape):
            return UNTIMED
        thread = thread_key(event.thread_id)
        made = self._made(_Event(text, shape, name, thread, event.seq, fields), remade)
        if isinstance(made, bytes) and self._framing == self._plan.framing == "jsonl":
            # Its line end stays what it was.
            return made.removesuffix(b"\n") + raw[len(frame.data) :]
        if self._plan.framing == "sse":
            said = {"id": frame.id, "retry": frame.retry, "comment": frame.comments or None}
            remade.lost.update(name for name, value in said.items() if value is not None)
        return made

    def _no_event(self, opened: Opened, raw: bytes) -> bytes | str:
        """What becomes of a frame without an event: its bytes, or why it is left out."""
        if not opened.readable:
            if self._redactor is None and self._framing == self._plan.framing:
                return raw
            return rules.BY_CODE[opened.findings[-1].code].name
        if self._framing != self._plan.framing:
            return NOT_HELD
        return raw if self._redactor is None or _NOTHING_SAID(raw) else NOT_REDACTED

    def _made(self, event: _Event, remade: Remade) -> bytes | str:
        """A frame of the wanted framing with an event in the wanted shape, or why there can be none."""
        if self._framing == "sse" and ("\n" in event.name or "\r" in event.name):
            return NAME_BREAKS
        link = None
        if self._relinks(event.shape):
            link = remade.last.get(event.thread, self._remake.base)
            if event.seq <= link:
                return NOT_NEWER
            remade.last[event.thread] = event.seq
        text = event.text
        if self._converts(event.shape):
            text = text if event.tight else compact(text)
            remade.converted += 1
            remade.compacted += text is not event.text
        if event.fields is not None:
            remade.lost.update(event.fields.lost)
            text = _written(event.fields, self._remake.shape or event.shape, link)
        elif link is not None:
            text = relinked(text, link)
        if b"\n" in text or b"\r" in text:
            # White space between tokens, since inside of strings there are no line breaks.
            text = compact(text)
        return wire.line(text) if self._framing == "jsonl" else wire.frame(event.name, text)

    def _changes_shape(self, shape: Shape) -> bool:
        return self._remake.shape not in (None, shape)

    def _converts(self, shape: Shape) -> bool:
        return self._framing != self._plan.framing or self._changes_shape(shape)

    def _relinks(self, shape: Shape) -> bool:
        return self._remake.relink and (self._remake.shape or shape) is Shape.ENVELOPE

    # -- many at a time ----------------------------------------------------------------------------------------------

    def _at_once(self, data: bytes) -> bytes | None:
        """The bytes that a proven stretch becomes; None if it has to be remade frame by frame."""
        redactor, shape = self._redactor, self._plan.shape
        if redactor is None:
            stays = not self._converts(shape) and not self._relinks(shape)
            return data if stays else self._columned(data)
        before = redactor.replaced.copy()
        done = self._columned(data) if redactor.deltas_are_free else self._singly(data)
        if done is None:
            redactor.replaced = before
        return done

    def _singly(self, data: bytes) -> bytes | None:
        """The same, event by event, but without the reference."""
        done = Remade(last=dict(self._remade.last))
        made = self._others(data, done)
        if made is not None:
            self._remade.add(done)
        return made

    def _columned(self, data: bytes) -> bytes | None:
        """The same, with the deltas as columns."""
        shape, framing = self._plan.shape, self._plan.framing
        deltas = canonical.split(data, shape, framing, self._wanted)
        if deltas is None:
            return None
        if self._redactor is not None:
            ids = {*deltas.thread, *deltas.turn, *deltas.item}
            kinds = {tail[len(b'","kind":"') : -len(b'"}')] for tail in set(deltas.tail)}
            if not self._redactor.rest_stays(ids, kinds):
                return None
            deltas = deltas._replace(text=list(map(self._redactor.delta, deltas.text)))
        done = Remade(last=dict(self._remade.last))
        links = _Links(deltas, self._remake.base, done.last) if self._relinks(shape) else None
        others, start, number = [b""] * len(deltas.gaps), 0, len(deltas.gaps) - 1
        for index, gap in [*((index, gap) for index, gap in enumerate(deltas.gaps) if gap), (number, b"")]:
            # A gap stands before the delta of its number.
            if links is not None and not links.take(start, index):
                return None
            other = self._others(gap, done) if gap else others[index]
            if other is None:
                return None
            others[index], start = other, index
        done.converted += number * self._converts(shape)
        self._remade.add(done)
        return _joined(self._columns(deltas, links.made if links is not None else None), others)

    def _others(self, gap: bytes, remade: Remade) -> bytes | None:
        """The frames between deltas, remade; None if they have to be read by the reference."""
        shape = self._plan.shape
        texts = canonical.texts(gap, self._plan.framing)
        if texts is None:
            return None
        if self._framing == "jsonl" and "whole" in self._wanted:
            tight = list(map(canonical.compacted, texts))
            remade.converted += len(texts)
            remade.compacted += sum(map(is_not, tight, texts))
            return b"\n".join([*tight, b""])
        made: list[bytes] = []
        for text in texts:
            one = self._other(text, shape, remade)
            if one is None:
                return None
            made.append(one)
        return b"".join(made)

    def _other(self, text: bytes, shape: Shape, remade: Remade) -> bytes | None:
        tight, fields = text, canonical.read(text, shape)
        if fields is None and (tight := compact(text)) is not text:
            fields = canonical.read(tight, shape)
        if fields is None or b"\r" in text:
            # Spelled otherwise: a matter for the reference, but of this event only.
            frame = Frame(text, 0, 1, len(text))
            made = self._frame(frame, open_frame(frame, self._plan, self._reader), text + b"\n", remade)
            return made if isinstance(made, bytes) and self._plan.framing == "jsonl" else None
        name, thread, seq = name_of(fields.event), thread_key(name_of(fields.thread)), int(fields.seq)
        changed = fields if self._changes_shape(shape) else None
        if self._redactor is not None:
            text, name = self._redactor.text(text, shape), self._redactor.event(name)
            if changed is not None and (changed := canonical.read(compact(text), shape)) is None:
                return None
        made = self._made(_Event(text, shape, name, thread, seq, changed, tight=tight is text), remade)
        return None if isinstance(made, str) else made

    def _columns(self, deltas: Deltas, links: Sequence[bytes] | None) -> list[bytes | Sequence[bytes]]:
        """What the deltas become, as columns; what is the same in all of them is told once."""
        before, behind = (b"", b"\n") if self._framing == "jsonl" else (b"event: item.delta\ndata: ", b"\n\n")
        if deltas.whole:
            return [before, deltas.whole, behind] if before else [deltas.whole, behind]
        text = (deltas.rest,) if self._redactor is None else (deltas.text, deltas.tail)
        end: list[bytes | Sequence[bytes]] = [b"}" + behind]
        if links is not None:
            end = [b',"previous_seq":', links, *end]
        if not self._changes_shape(self._plan.shape):
            end = [deltas.end, behind] if links is None else end
            return [before, deltas.head, *text, *end]
        ids = (b',"thread_id":', deltas.thread, b',"turn_id":', deltas.turn, b',"item_id":', deltas.item)
        if self._remake.shape is Shape.RECORD:
            head = (before + b'{"schema_version":2,"seq":', deltas.seq, b',"timestamp":"', deltas.time, b'Z"')
            return [*head, *ids, b',"event":"item.delta","payload":{"delta":"', *text, *end]
        names = b',"event":"item.delta","kind":"item.delta","thread_id":'
        times = (b',"timestamp":"', deltas.time, b'+00:00","created_at":"', deltas.time)
        begin = (before + b'{"schema_version":1,"seq":', deltas.seq, names, *ids[1:])
        return [*begin, *times, b'+00:00","payload":{"delta":"', *text, *end]

    def _columns_wanted(self) -> frozenset[str]:
        """The columns that are needed of deltas."""
        shape = self._plan.shape
        if not (self._redactor or self._relinks(shape) or self._changes_shape(shape)):
            return frozenset({"whole"})
        wanted = {"seq", "thread"} if self._relinks(shape) else set()
        wanted |= {"rest"} if self._redactor is None else {"text", "tail", "thread", "turn", "item"}
        if self._changes_shape(shape):
            return frozenset(wanted | {"seq", "thread", "turn", "item", "time"})
        return frozenset(wanted | ({"head"} if self._relinks(shape) else {"head", "end"}))


class _Links:
    """The links of deltas among other events, in order. ``last`` holds the last number of each thread."""

    def __init__(self, deltas: Deltas, base: int, last: dict[str, int]) -> None:
        self.made: list[bytes] = []
        self._keys = {thread: thread_key(name_of(thread)) for thread in set(deltas.thread)}
        self._threads, self._seqs = deltas.thread, deltas.seq
        self._base, self._last = base, last

    def take(self, start: int, end: int) -> bool:
        """The links of the deltas from ``start`` to ``end``, exclusive, that stand side by side.

        Whether each comes behind all that was written of its thread. In a proven stretch numbers ascend.
        """
        if start == end:
            return True
        if len(self._keys) > 1:
            return min([self._take_one(index) for index in range(start, end)])
        (key,) = self._keys.values()
        before = self._last.get(key, self._base)
        self.made += [b"%d" % before, *self._seqs[start : end - 1]]
        self._last[key] = int(self._seqs[end - 1])
        return int(self._seqs[start]) > before

    def _take_one(self, index: int) -> bool:
        key, seq = self._keys[self._threads[index]], int(self._seqs[index])
        before = self._last.get(key, self._base)
        self.made.append(b"%d" % before)
        self._last[key] = seq
        return seq > before


def _is_bare(raw: bytes, name: str, framing: str) -> bool:
    """Whether a frame, whose text is not changed, holds nothing beside it that somebody may have written."""
    if framing == "jsonl":
        return True
    plain = (b"", b":", b"event: " + name.encode(), b"event:" + name.encode())
    return all(line in plain or _PLAIN_FIELD(line) for line in re.split(rb"\r\n|\n|\r", raw))


_NOTHING_SAID = re.compile(rb"(?:[ \t]*|:|: ?keepalive)(?:[\r\n]+(?:[ \t]*|:|: ?keepalive))*").fullmatch
"""Blank lines, and what the server writes to keep a connection open (CONTRACT.md 3.1)."""

_PLAIN_FIELD = re.compile(rb"data:.*|(?:id|retry): ?[0-9]{1,20}", re.DOTALL).fullmatch


def _written(fields: Fields, shape: Shape, link: int | None) -> bytes:
    if shape is Shape.RECORD:
        return wire.record(*fields[:7])
    return wire.envelope(*fields[:7], None if link is None else b"%d" % link)


_LINK_AT_END = re.compile(rb',"previous_seq":[0-9]+\}\Z').search


def relinked(text: bytes, link: int) -> bytes:
    """An envelope's text with this ``previous_seq``, in the place of the one it has, or as its last member."""
    if (last := _LINK_AT_END(text)) is not None:
        return text[: last.start()] + b',"previous_seq":%d}' % link
    found = next((member for member in members(text) if member.name == "previous_seq"), None)
    if found is not None:
        return text[: found.start] + b"%d" % link + text[found.end :]
    end = text.rindex(b"}")
    return text[:end] + b',"previous_seq":%d' % link + text[end:]


def _joined(columns: Sequence[bytes | Sequence[bytes]], gaps: Sequence[bytes]) -> bytes:
    """Row by row, a gap before each row and one behind the last."""
    rows, width = len(gaps) - 1, len(columns) + 1
    flat = [b""] * (rows * width + 1)
    flat[0::width] = gaps
    for index, column in enumerate(columns, start=1):
        flat[index::width] = [column] * rows if isinstance(column, bytes) else column
    return b"".join(flat)
