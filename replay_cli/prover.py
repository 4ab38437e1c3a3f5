"""The prover: beside the reference, a faster way to the same tally, for the stretches of a log that are clean.

Of a stretch it says "clean, and here is the tally" or "cannot tell", and nothing else; what it cannot tell goes to
the reference, which defines what is right (``auditor.audit_frame``). The law: where it gives a tally, the reference
gives an equal one. It knows nothing by itself: it learns from frames that the reference found clean (``layouts``).
What was learned stays for the next source. It speeds the prover up, and never changes what is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from replay_cli.blocks import Block
from replay_cli.deltas import EVENT, Columns, Deltas, deltas_of
from replay_cli.frames import Frame
from replay_cli.heavy import HEAVY
from replay_cli.layouts import Exemplar, Layout, Row, exemplar_of
from replay_cli.pieces import Pieces
from replay_cli.profiles import Plan, Shape
from replay_cli.runs import Run
from replay_cli.sections import Section
from replay_cli.slots import Slots

LAYOUTS = 16
"""Layouts that are tried on a frame at most; a writer has one, or three where ids are left out."""

PATTERNS = 4
"""Patterns for deltas that are kept; one is tried on a block, the one that served last."""

COMPILED = 64
"""Patterns made at most for one shape and framing: each costs about a millisecond, and a hostile log has no end."""

WORTH = 8 * 1024
"""Bytes still to be read from which on it is worth while to learn."""

LEARNABLE = 64 * 1024
"""Bytes of the longest frame that is learned from: what is learned is kept, and cut at its members for good."""

NEW_PATTERN = 8
"""Deltas of a block from which on, if the pattern covers fewer, another is made."""

SHAPES = frozenset({Shape.ENVELOPE, Shape.RECORD, Shape.LEGACY})

Parts = list[Run | Block]
"""A block in order: runs of what is proven, blocks of what is not."""


@dataclass(slots=True)
class Learned:
    """What is known of how frames are written, for one shape, framing and terminator."""

    layouts: list[Layout] = field(default_factory=list)
    deltas: list[Deltas] = field(default_factory=list)
    compiled: int = 0

    @property
    def height(self) -> int | None:
        """How many line ends a frame takes, None if that differs."""
        heights = {layout.height for layout in self.layouts}
        return heights.pop() if len(heights) == 1 else None


_LEARNED: dict[tuple[Shape, str, bytes], Learned] = {}


def forget() -> None:
    """Forget all that was learned from the sources so far."""
    _LEARNED.clear()


def is_offered(plan: Plan) -> bool:
    """Whether the prover can say anything of a source with this plan.

    A schema of the user's own may forbid anything, and below ``HEAVY`` frames could be longer than the limit.
    """
    return plan.fast and plan.shape in SHAPES and plan.schema is None and plan.limit >= HEAVY


class Prover:
    """Proves the blocks of one source, whose plan must be one that it ``is_offered`` for."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sse = plan.framing == "sse"

    def parts(self, block: Block) -> Parts:
        """A block cut into what is proven and what is not; both tile it, in order."""
        terminator = self._terminator(block.data)
        learned = self._learned(terminator)
        if block.overlong or not learned.layouts:
            return [block]
        return _Proof(block, terminator, learned, self._plan).parts()

    def learn(self, frame: Frame, raw: bytes) -> bool:
        """Learn from a frame that the reference found clean; ``raw`` are its bytes. Whether that may prove more."""
        terminator = self._terminator(raw)
        if frame.mapped is not None or len(frame.pieces) > 1 or not raw.endswith(terminator):
            return False
        if len(raw) > LEARNABLE:
            return False
        text = raw[: -len(terminator)]
        learned = self._learned(terminator)
        if learned.compiled >= COMPILED or any(layout.fits(text) for layout in learned.layouts):
            return False
        exemplar = exemplar_of(text, frame.data, len(text) - len(frame.data), self._plan.shape)
        if exemplar is None or not text.endswith(frame.data):
            return False
        learned.layouts.insert(0, Layout(exemplar, terminator.count(b"\n")))
        learned.compiled += 1
        del learned.layouts[LAYOUTS:]
        _learn_deltas(learned, exemplar, terminator)
        return True

    def _terminator(self, data: bytes) -> bytes:
        if not self._sse:
            return b"\n"
        return b"\r\n\r\n" if b"\r" in data else b"\n\n"

    def _learned(self, terminator: bytes) -> Learned:
        return _LEARNED.setdefault((self._plan.shape, self._plan.framing, terminator), Learned())


def _learn_deltas(learned: Learned, exemplar: Exemplar, terminator: bytes) -> None:
    if exemplar.value("event") != EVENT or learned.compiled >= COMPILED:
        return
    learned.compiled += 1
    deltas = deltas_of(exemplar, terminator)
    if deltas is not None:
        learned.deltas.insert(0, deltas)
        del learned.deltas[PATTERNS:]


class _Proof:
    """One block on its way into parts."""

    def __init__(self, block: Block, terminator: bytes, learned: Learned, plan: Plan) -> None:
        self._block = block
        self._terminator = terminator
        self._learned = learned
        self._plan = plan
        self._sse = plan.framing == "sse"
        # Deltas by the pattern and by a layout, and one of the latter: a sign that another pattern is due.
        self._deltas = learned.deltas[0] if learned.deltas else None
        self._covered = self._others = 0
        self._other = b""
        # What was decided: sections, and between them numbers of frames (start, end) that are unsure.
        self._stretches: list[Section | tuple[int, int]] = []
        self._open: Section | None = None
        self._number = 0

    def parts(self) -> Parts:
        """The parts of the block, in order."""
        self._read()
        if self._others > max(self._covered, NEW_PATTERN):
            self._change_pattern()
        pieces = Pieces(self._block.data, self._block.offset, self._terminator, self._number, self._learned.height)
        parts: Parts = []
        unsure = -1  # where the unsure frames begin that were met last, -1: none
        for stretch in self._stretches:
            first = stretch.first if isinstance(stretch, Section) else stretch[0]
            cuts = stretch.cuts(self._plan) if isinstance(stretch, Section) else [(0, stretch[1] - first, False)]
            for start, end, sure in cuts:
                if not sure:
                    unsure = first + start if unsure < 0 else unsure
                    continue
                if unsure >= 0:
                    parts.append(pieces.slice(unsure, first + start))
                    unsure = -1
                if isinstance(stretch, Section):
                    parts.append(Run(stretch, start, end, pieces, self._plan))
        if unsure >= 0:
            parts.append(pieces.slice(unsure, self._number))
        return parts

    def _read(self) -> None:
        """Decide each frame by itself: the deltas all at once, what stands between them one by one."""
        deltas = self._deltas
        flat = [self._block.data]
        if deltas is not None and len(self._block.data) <= HEAVY:
            flat = deltas.split(self._block.data)
        if deltas is None or len(flat) == 1 or not self._gaps_are_whole(flat[:: deltas.stride]):
            self._read_gap(self._block.data, last=True)
            return
        columns, gaps = deltas.columns(flat), flat[:: deltas.stride]
        slots = Slots(deltas, flat, 0, len(gaps) - 1)
        if columns.torn:
            self._read_gap(self._block.data, last=True)
            return
        start = 0
        stops = [index for index, gap in enumerate(gaps) if gap]
        for stop in sorted({*stops, *columns.bad, *(bad + 1 for bad in columns.bad), len(gaps) - 1}):
            self._take_deltas(columns, slots, start, stop)
            self._read_gap(gaps[stop], last=stop == len(gaps) - 1)
            start = stop

    def _gaps_are_whole(self, gaps: list[bytes]) -> bool:
        """Whether a frame ends before each delta: else what was taken for one is the rest of something else."""
        terminator = self._terminator
        if not self._sse:
            return all(gap.endswith(terminator) for gap in gaps[:-1] if gap)
        return all(gap.split(terminator)[-1] == b"" for gap in gaps[:-1] if gap)

    def _take_deltas(self, columns: Columns, slots: Slots, start: int, end: int) -> None:
        if start == end:
            return
        if start in columns.bad:
            self._be_unsure(end - start)
            return
        self._section().take_deltas(columns, slots, start, end)
        self._covered += end - start
        self._number += end - start

    def _read_gap(self, gap: bytes, last: bool) -> None:
        """Frames that are no deltas of the pattern; at the end of a block one may have no end."""
        if not gap:
            return
        *pieces, tail = gap.split(self._terminator)
        for piece in pieces:
            row = self._row(piece)
            if row is None:
                self._be_unsure(1)
            else:
                self._section().take_row(row)
                self._number += 1
                if row.event == "item.delta":
                    self._others += 1
                    self._other = piece
        if tail:
            self._be_unsure(1)

    def _change_pattern(self) -> None:
        """Another pattern for deltas, for the next block: this writer's ids are of other lengths, say."""
        known = self._learned.deltas
        for index, deltas in enumerate(known):
            if deltas.split(self._other + self._terminator)[0] == b"":
                known.insert(0, known.pop(index))
                return
        start = self._other.rfind(b"\n") + 1 if self._sse else 0
        data = self._other[start:].removeprefix(b"data:").removeprefix(b" ") if self._sse else self._other
        exemplar = exemplar_of(self._other, data, len(self._other) - len(data), self._plan.shape)
        if exemplar is not None:
            _learn_deltas(self._learned, exemplar, self._terminator)

    def _row(self, text: bytes) -> Row | None:
        if len(text) > HEAVY:
            return None
        layouts = self._learned.layouts
        for index, layout in enumerate(layouts):
            row = layout.read(text)
            if row is not None:
                if index:
                    layouts.insert(0, layouts.pop(index))
                return row
        return None

    def _section(self) -> Section:
        if self._open is None:
            self._open = Section(self._number, self._deltas.looked if self._deltas is not None else ())
            self._stretches.append(self._open)
        return self._open

    def _be_unsure(self, frames: int) -> None:
        self._open = None
        last = self._stretches[-1] if self._stretches else None
        if isinstance(last, tuple):
            # A block of a million blank lines is one stretch.
            self._stretches[-1] = (last[0], self._number + frames)
        else:
            self._stretches.append((self._number, self._number + frames))
        self._number += frames
