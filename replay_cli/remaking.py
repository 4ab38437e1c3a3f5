"""Remaking: events that are kept, written in another shape, in another framing, or with their links made anew.

Frame by frame is the reference; the stretches that are proven are remade many events at a time, to the same bytes
(a test holds the two to it). What the other shape or framing cannot hold is left out and told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from replay_cli import canonical, rules, wire
from replay_cli.blocks import Block
from replay_cli.columns import Row
from replay_cli.deltas import Deltas
from replay_cli.fields import Fields, compact, fields_of, name_of
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.marks import thread_key
from replay_cli.members import members
from replay_cli.opening import Opened, open_frame
from replay_cli.profiles import Plan, Shape
from replay_cli.prover import Prover
from replay_cli.runs import Run
from replay_cli.slots import Slots
from replay_cli.stretches import NAME_BREAKS, NOT_HELD, NOT_NEWER, NOT_REDACTED, UNTIMED, Stretch
from replay_cli.walk import FRAMINGS, WORTH
from replay_cli.weaving import NewLinks, Target, Template, Texts, template_of, texts_of, without_zeros, woven

if TYPE_CHECKING:
    from replay_cli.redacting import Redactor
    from replay_cli.redactions import Redaction


MANY = 4
"""Events of a stretch from which on columns are worth their while."""


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
        self._templates: dict[Deltas, Template | None] = {}
        converts = self._converts(plan.shape)
        shape = remake.shape if self._changes_shape(plan.shape) else None
        self._target = Target(self._framing, shape, self._relinks(plan.shape), converts, redactor is not None)

    def parts(self, stretch: Stretch, data: bytes) -> Iterator[tuple[Stretch, bytes]]:
        """The parts of a stretch, which tile it, each with the bytes that it becomes; one with a reason is left out.

        ``data`` are the bytes of the stretch, and those that are added behind it.
        """
        whole = self._at_once(stretch, data) if stretch.proven else None
        if whole is not None:
            yield stretch._replace(added=b"", run=None), whole
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
            link = self._link(event.thread, event.seq, remade)
            if link is None:
                return NOT_NEWER
        text = event.text
        if self._converts(event.shape):
            text = text if event.tight else compact(text)
            remade.converted += 1
            remade.compacted += text is not event.text
        if event.fields is not None:
            remade.lost.update(event.fields.lost)
            text = _written(event.fields[:7], self._remake.shape or event.shape, link)
        elif link is not None:
            text = relinked(text, link)
        if b"\n" in text or b"\r" in text:
            # White space between tokens, since inside of strings there are no line breaks.
            text = compact(text)
        return wire.line(text) if self._framing == "jsonl" else wire.frame(event.name, text)

    def _link(self, thread: str, seq: int, remade: Remade) -> int | None:
        """The number of the event that was written before one of the thread; None if it is not below ``seq``."""
        link = remade.last.get(thread, self._remake.base)
        if seq <= link:
            return None
        remade.last[thread] = seq
        return link

    def _changes_shape(self, shape: Shape) -> bool:
        return self._remake.shape not in (None, shape)

    def _converts(self, shape: Shape) -> bool:
        return self._framing != self._plan.framing or self._changes_shape(shape)

    def _relinks(self, shape: Shape) -> bool:
        return self._remake.relink and (self._remake.shape or shape) is Shape.ENVELOPE

    # -- many at a time ----------------------------------------------------------------------------------------------

    def _at_once(self, stretch: Stretch, data: bytes) -> bytes | None:
        """The bytes that a proven stretch becomes; None if it has to be remade frame by frame."""
        redactor, shape = self._redactor, self._plan.shape
        if redactor is None and not self._converts(shape) and not self._relinks(shape):
            return data
        replaced = redactor.replaced.copy() if redactor is not None else None
        many = stretch.events >= MANY and (redactor is None or redactor.deltas_are_free)
        for way in (self._woven, self._singly) if many else (self._singly,):
            done = Remade(last=dict(self._remade.last))
            made = way(stretch, data, done)
            if made is not None:
                self._remade.add(done)
                return made
            if redactor is not None and replaced is not None:
                redactor.replaced = replaced.copy()
        return None

    def _singly(self, _: Stretch, data: bytes, remade: Remade) -> bytes | None:
        """The same, event by event, but without the reference; ``remade`` is counted on."""
        texts = canonical.texts(data, self._plan.framing)
        made = [self._other(text, remade) for text in texts] if texts is not None else [None]
        whole = [one for one in made if one is not None]
        return b"".join(whole) if len(whole) == len(made) else None

    def _woven(self, stretch: Stretch, data: bytes, remade: Remade) -> bytes | None:
        """The same, with the deltas as columns."""
        runs: Sequence[Run | Block] = [stretch.run] if stretch.run is not None else []
        if not runs and len(data) >= WORTH:
            # It was put in order, and what was known of it is gone.
            runs = Prover(self._plan, slots=True).parts(Block(data, stretch.offset))
        made = []
        for run in runs:
            one = self._run(run, remade) if isinstance(run, Run) else None
            if one is None:
                return None
            made.append(one)
        return b"".join(made) if made else None

    def _run(self, run: Run, remade: Remade) -> bytes | None:
        slots, others = run.deltas(), run.rows_apart()
        template = self._template(slots.pattern) if slots is not None else None
        if slots is not None and template is None:
            return None
        links = NewLinks(slots, run.thread, self._remake.base, remade.last) if self._target.linked else None
        placed: list[tuple[int, bytes]] = []
        start = 0
        for number, (index, row) in enumerate(others):
            # So many deltas stand before it.
            at = index - number
            other = self._row(row, remade) if links is None or links.take(start, at) else None
            if other is None:
                return None
            placed.append((at, other))
            start = at
        if slots is None or template is None:
            return b"".join([other for _, other in placed])
        if links is not None and not links.take(start, slots.size):
            return None
        inside = None
        if self._redactor is not None:
            inside = self._redacted(slots, self._redactor)
            if inside is None:
                return None
        number = slots.size * self._target.tight
        remade.converted += number
        remade.compacted += number * template.loose
        return woven(template, slots, links.made if links is not None else None, inside).among(placed)

    def _template(self, pattern: Deltas) -> Template | None:
        if pattern not in self._templates:
            self._templates[pattern] = template_of(pattern, self._target)
        return self._templates[pattern]

    def _redacted(self, slots: Slots, redactor: Redactor) -> Texts | None:
        """The insides of the payloads without what is to be taken out; None if there is more in these deltas."""
        inside = texts_of(slots)
        ids = {one for name in ("thread_id", "turn_id", "item_id") for one in set(slots.column(name))}
        if not redactor.rest_stays(ids, set(inside.kinds)):
            return None
        return inside._replace(texts=list(map(redactor.delta, inside.texts)))

    def _row(self, row: Row, remade: Remade) -> bytes | None:
        """A proven frame that is no delta, remade; None if it has to be read by the reference."""
        whole, event = row.whole, row.asked.event
        if whole is None:
            return None
        text = whole.text
        if self._plan.framing == "sse":
            before = wire.frame(event, b"").removesuffix(b"\n\n")
            if not text.startswith(before):
                # Other fields are lost, and counted.
                return None
            text = text[len(before) :]
        tight = whole.tight and (whole.payload_tight or canonical.compacted(whole.payload) is whole.payload)
        if self._redactor is not None or not tight:
            return self._other(text, remade)
        link = None
        if self._target.linked:
            link = self._link(thread_key(row.thread.decode()), int(row.seq), remade)
            if link is None:
                return None
        remade.converted += self._target.tight
        if self._target.shape is not None:
            turn = whole.turn if whole.turn != b"null" else None
            item = whole.item if whole.item != b"null" else None
            time = without_zeros(row.time)
            name, thread = b'"%b"' % event.encode(), b'"%b"' % row.thread
            text = _written((row.seq, name, thread, turn, item, time, whole.payload), self._target.shape, link)
        elif link is not None:
            text = relinked(text, link)
        return wire.line(text) if self._framing == "jsonl" else wire.frame(event, text)

    def _other(self, text: bytes, remade: Remade) -> bytes | None:
        shape = self._plan.shape
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


def _is_bare(raw: bytes, name: str, framing: str) -> bool:
    """Whether a frame, whose text is not changed, holds nothing beside it that somebody may have written."""
    if framing == "jsonl":
        return True
    plain = (b"", b":", b"event: " + name.encode(), b"event:" + name.encode())
    return all(line in plain or _PLAIN_FIELD(line) for line in re.split(rb"\r\n|\n|\r", raw))


_NOTHING_SAID = re.compile(rb"(?:[ \t]*|:|: ?keepalive)(?:[\r\n]+(?:[ \t]*|:|: ?keepalive))*").fullmatch
"""Blank lines, and what the server writes to keep a connection open (CONTRACT.md 3.1)."""

_PLAIN_FIELD = re.compile(rb"data:.*|(?:id|retry): ?[0-9]{1,20}", re.DOTALL).fullmatch


_Written = tuple[bytes, bytes, bytes, bytes | None, bytes | None, bytes, bytes]
"""What is written of an event: the first seven of its ``Fields``."""


def _written(fields: _Written, shape: Shape, link: int | None) -> bytes:
    if shape is Shape.RECORD:
        return wire.record(*fields)
    return wire.envelope(*fields, None if link is None else b"%d" % link)


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
