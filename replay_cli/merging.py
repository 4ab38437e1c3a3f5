"""Merging: several captures of one stream, put in order, become one.

What came over several connections collapses, what disagrees is told, and what none of them holds is told by the links
(CONTRACT.md 3.3), or by a log of the store beside them.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from replay_cli import canonical, rules
from replay_cli.blocks import Block
from replay_cli.fields import fields_of
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.marks import content_digest
from replay_cli.opening import open_frame
from replay_cli.ordering import Piece
from replay_cli.plainjson import read_plain
from replay_cli.profiles import Plan
from replay_cli.stretches import NO_LINK
from replay_cli.walk import FRAMINGS

LISTED = 1000
"""Ranges that are listed; all are counted."""


class Missing(NamedTuple):
    """Events that are in none of the captures: they came behind ``after``, up to ``link``, which ``seq`` names."""

    after: int
    link: int
    seq: int


class Conflict(NamedTuple):
    """Two events of one number: the one of source number ``kept`` is kept, that of ``other`` is not."""

    seq: int
    kept: int
    other: int


class Lacking(NamedTuple):
    """Events of the log, from number ``first`` to ``last``, that the captures lack; ``events`` is how many."""

    first: int
    last: int
    events: int


@dataclass(slots=True)
class Merged:
    """What a merge came to. ``begins`` is the number behind which the captures begin, None if no link tells it.

    ``conflicts`` are the first events of one number that say two things. ``missing`` are the first of the ranges that
    links show, ``gaps`` is how many there are. Beside a log (``against``) ``lacking`` are the first ranges of its
    events that the captures lack, ``ranges`` and ``lacked`` how many ranges and events these are in all; ``beyond``
    are the events that only the captures hold, ``different`` those of which the log says something else. ``sources``
    are the names of the sources.
    """

    against: str = ""
    begins: int | None = None
    gaps: int = 0
    missing: list[Missing] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    lacked: int = 0
    lacking: list[Lacking] = field(default_factory=list)
    ranges: int = 0
    beyond: int = 0
    different: int = 0

    @property
    def flawed(self) -> bool:
        """Whether the captures are not what the log is."""
        return bool(self.lacked or self.beyond or self.different)


class Merge:
    """Makes one stream of pieces by seq. ``plans`` are those of their sources; source number ``beside`` is a log.

    Of that log nothing is given out.
    """

    def __init__(self, plans: list[Plan], merged: Merged, beside: int | None = None) -> None:
        self._plans = plans
        self._merged = merged
        self._beside = beside
        self._reader = JsonReader()
        # The last number that was given out.
        self._last: int | None = None
        # What has the numbers that are looked at: of the captures, and of the log.
        self._mine: Piece | None = None
        self._theirs: Piece | None = None
        # Whether the event before was one that the captures lack.
        self._lacks = False
        self._repeated = self._conflicting = 0

    @property
    def strangers(self) -> tuple[int, int] | None:
        """Two sources that share numbers, but no events; None if there are none."""
        if self._repeated or self._conflicting < 2:
            return None
        first = self._merged.conflicts[0]
        return (first.kept, first.other) if first.kept != first.other else None

    def stream(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """The pieces as ``Order`` gives them, without those of the log; what is to be left out has the reason."""
        for piece in pieces:
            known = self._mine or self._theirs
            if known is not None and _seqs(known)[0] != _seqs(piece)[0]:
                yield from self._settled()
            if piece.source == self._beside:
                self._theirs = self._theirs or piece
            elif self._mine is None:
                self._mine = piece
            else:
                yield self._left_out(self._mine, piece)
        yield from self._settled()

    def rule_of(self, one: Piece, other: Piece) -> str:
        """The name of the rule that the second of two events of one number breaks."""
        return (rules.SEQ_DUPLICATE if self._are_alike(one, other) else rules.SEQ_CONFLICT).name

    def _left_out(self, mine: Piece, other: Piece) -> Piece:
        """The one of two pieces with the same numbers that is not kept."""
        reason = self.rule_of(mine, other)
        if reason == rules.SEQ_CONFLICT.name:
            self._conflicting += 1
            if len(self._merged.conflicts) < LISTED:
                self._merged.conflicts.append(Conflict(_seqs(mine)[0], mine.source, other.source))
            return _because(other, reason)
        self._repeated += 1
        if not self._fits(mine) and self._fits(other):
            # Said by a connection that has the event before.
            mine, other = other, mine
        self._mine = mine
        return _because(other, reason)

    def _fits(self, piece: Piece) -> bool:
        rows = piece.stretch.rows
        return rows is not None and rows.links is not None and rows.links[0] == self._last

    def _settled(self) -> Iterator[Piece]:
        mine, theirs = self._mine, self._theirs
        self._mine = self._theirs = None
        if self._beside is not None:
            self._compare(mine, theirs)
        if mine is not None:
            self._follow_links(mine)
            self._last = _seqs(mine)[-1]
            yield mine

    def _compare(self, mine: Piece | None, theirs: Piece | None) -> None:
        merged = self._merged
        if mine is None and theirs is not None:
            seqs = _seqs(theirs)
            merged.lacked += len(seqs)
            if self._lacks:
                before = merged.lacking[-1]
                if before.last < seqs[0]:
                    merged.lacking[-1] = Lacking(before.first, seqs[-1], before.events + len(seqs))
            else:
                merged.ranges += 1
                if len(merged.lacking) < LISTED:
                    merged.lacking.append(Lacking(seqs[0], seqs[-1], len(seqs)))
            # Past those that are listed there is none that could go on.
            self._lacks = merged.ranges <= LISTED
            return
        self._lacks = False
        if mine is not None and theirs is None:
            merged.beyond += len(_seqs(mine))
        elif mine is not None and theirs is not None and not self._are_alike(mine, theirs):
            merged.different += 1

    def _follow_links(self, piece: Piece) -> None:
        """Tell what the links of a piece name that was in none of the captures."""
        rows = piece.stretch.rows
        if rows is None or rows.links is None:
            return
        links, seqs, last = rows.links, rows.seqs, self._last
        if last is None and links[0] != NO_LINK:
            self._merged.begins = links[0]
        if last is not None and links[0] == last and links[1:] == seqs[:-1]:
            return
        for seq, link in zip(seqs, links, strict=True):
            # A link to an event before the last one is that of another connection, which began there.
            if last is not None and link != NO_LINK and link > last:
                self._merged.gaps += 1
                if len(self._merged.missing) < LISTED:
                    self._merged.missing.append(Missing(last, link, seq))
            last = seq

    # -- content -----------------------------------------------------------------------------------------------------

    def _are_alike(self, one: Piece, other: Piece) -> bool:
        """Whether two events say the same, whatever their links, shapes and framings."""
        if one.data == other.data:
            return True
        if self._plainly(one) == self._plainly(other) is not None:
            return True
        frames = [self._frame(piece) for piece in (one, other)]
        bare = [_LINK.sub(b"}", frame.data) for frame in frames]
        if bare[0] == bare[1]:
            return True
        plans = [self._plans[piece.source] for piece in (one, other)]
        opened = [open_frame(frame, plan, self._reader) for frame, plan in zip(frames, plans, strict=True)]
        if opened[0].shape is opened[1].shape:
            digests = {content_digest(one.value or {}) for one in opened}
            return len(digests) == 1
        return _neutral(frames[0].data) == _neutral(frames[1].data)

    def _plainly(self, piece: Piece) -> tuple[bytes | None, ...] | None:
        """What an event says as the runtime spells it, in any shape and framing; None if it is spelled otherwise."""
        plan = self._plans[piece.source]
        texts = canonical.texts(piece.data, plan.framing)
        fields = canonical.read(texts[0], plan.shape) if texts is not None and len(texts) == 1 else None
        return None if fields is None else fields[:7]

    def _frame(self, piece: Piece) -> Frame:
        framing, stretch = self._plans[piece.source].framing, piece.stretch
        return next(FRAMINGS[framing].frames(Block(piece.data + stretch.added, stretch.offset)))


_LINK = re.compile(rb',"previous_seq":[0-9]+\}\Z')


def _neutral(text: bytes) -> tuple[object, ...]:
    """What an event says, in whatever shape."""
    fields = fields_of(text)
    if fields is None:
        return (text,)
    try:
        payload = read_plain(fields.payload)
    except ValueError:
        reading = JsonReader().read(fields.payload)
        payload = reading.value if isinstance(reading, Reading) else fields.payload
    return (*fields[:6], payload)


def _because(piece: Piece, reason: str) -> Piece:
    return piece._replace(stretch=piece.stretch._replace(reason=reason))


def _seqs(piece: Piece) -> array[int]:
    assert piece.stretch.rows is not None
    return piece.stretch.rows.seqs


def joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, those in a row that stand side by side in their source as one; their rows are given up."""
    held: list[Piece] = []
    size = 0
    for piece in pieces:
        if held and (size >= JOINED or not _is_next(held[-1], piece)):
            yield _one(held)
            held, size = [], 0
        held.append(piece)
        size += piece.stretch.length
    if held:
        yield _one(held)


JOINED = 128 * 1024
"""Bytes from which on nothing more is joined."""


def _is_next(one: Piece, other: Piece) -> bool:
    before, after = one.stretch, other.stretch
    return (
        one.source == other.source
        and before.offset + before.length == after.offset
        and (before.reason, before.proven, before.added) == (after.reason, after.proven, b"")
    )


def _one(pieces: list[Piece]) -> Piece:
    first = pieces[0]
    if len(pieces) == 1:
        return first
    data = b"".join(piece.data for piece in pieces)
    events = sum(piece.stretch.events for piece in pieces)
    added = pieces[-1].stretch.added
    return Piece(first.source, first.stretch._replace(length=len(data), events=events, rows=None, added=added), data)
