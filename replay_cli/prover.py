"""The prover: beside the reference, a faster way to the same tally, for the stretches of a log that are clean.

Of a stretch it says "clean, and here is the tally" or "cannot tell", and nothing else; what it cannot tell goes to
the reference, which defines what is right (``auditor.audit_frame``). The law: where it gives a tally, the reference
gives an equal one. It knows nothing by itself: it learns from frames that the reference found clean (``layouts``).
What was learned stays for the next source. It speeds the prover up, and never changes what is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from replay_cli.blocks import Block
from replay_cli.columns import UNSURE, Columns, Row
from replay_cli.deltas import EVENT, Deltas, Gaps, deltas_of
from replay_cli.frames import Frame
from replay_cli.heavy import HEAVY
from replay_cli.layouts import Exemplar, Layout, exemplar_of
from replay_cli.pieces import Pieces
from replay_cli.profiles import Plan, Shape
from replay_cli.runs import Run
from replay_cli.sections import Section, within
from replay_cli.skeletons import Skeletons
from replay_cli.slots import Slots

LAYOUTS = 16
"""Layouts that are tried on a frame at most; a writer has one, or three where ids are left out."""

PATTERNS = 4
"""Patterns for deltas that are kept; one is tried on a block, the one that served last."""

COMPILED = 64
"""Patterns made at most for one shape and framing: each costs about a millisecond, and a hostile log has no end."""

LEARNABLE = 64 * 1024
"""Bytes of the longest frame that is learned from: what is learned is kept, and cut at its members for good."""

NEW_PATTERN = 8
"""Deltas of a block from which on, if the pattern covers fewer, another is made."""

NOT_COVERED = "frames in a form that the prover does not cover"
"""Why a frame is not proven whose members or values no pattern covers."""

_DELTA = EVENT.decode()

Parts = list[Run | Block]
"""A block in order: runs of what is proven, blocks of what is not."""


@dataclass(slots=True)
class Learned:
    """What is known of how frames are written, for one shape, framing and terminator.

    ``whole`` tells that the deltas are found with their payloads.
    """

    whole: bool
    skeletons: Skeletons
    layouts: list[Layout] = field(default_factory=list)
    deltas: list[Deltas] = field(default_factory=list)
    compiled: int = 0

    @property
    def height(self) -> int | None:
        """How many line ends a frame takes, None if that differs."""
        heights = {layout.height for layout in self.layouts}
        return heights.pop() if len(heights) == 1 else None

    def copy(self) -> Learned:
        """What was learned so far, to go on from."""
        return replace(self, skeletons=self.skeletons.copy(), layouts=[*self.layouts], deltas=[*self.deltas])


Lesson = dict[tuple[Shape, str, bytes, bool], Learned]
"""What is known of all writers, by shape, framing, terminator, and whether slots are wanted."""

_LEARNED: Lesson = {}


def forget() -> None:
    """Forget all that was learned from the sources so far."""
    _LEARNED.clear()


def lesson() -> Lesson:
    """What was learned so far, to be taken up again."""
    return {key: learned.copy() for key, learned in _LEARNED.items()}


def take_up(known: Lesson) -> None:
    """Know what a ``lesson`` says, and nothing else."""
    _LEARNED.clear()
    _LEARNED.update((key, learned.copy()) for key, learned in known.items())


class Prover:
    """Proves the blocks of one source, whose plan must be one that it is offered for (``walk.not_offered``).

    With ``slots`` its runs have the slots of their deltas, for who makes something else of them.
    """

    def __init__(self, plan: Plan, slots: bool = False) -> None:
        self._plan = plan
        self._slots = slots
        self._sse = plan.framing == "sse"

    def parts(self, block: Block) -> Parts:
        """A block cut into what is proven and what is not; both tile it, in order."""
        terminator = self._terminator(block.data)
        learned = self._learned(terminator)
        if block.overlong or not learned.layouts:
            return [block]
        return _Proof(block, terminator, learned, self._plan).parts()

    def learn(self, frame: Frame, raw: bytes) -> str | None:
        """Learn from a frame that the reference found clean; ``raw`` are its bytes.

        None if that may prove more, else why nothing is learned, in words for who wonders why a log is slow.
        """
        terminator = self._terminator(raw)
        if frame.mapped is not None or len(frame.pieces) > 1:
            return "messages of several data lines"
        if not raw.endswith(terminator):
            return "frames that end otherwise than in LF or CR LF"
        if len(raw) > LEARNABLE:
            return f"frames of more than {LEARNABLE} bytes"
        text = raw[: -len(terminator)]
        learned = self._learned(terminator)
        if any(layout.fits(text) for layout in learned.layouts):
            return NOT_COVERED
        if learned.compiled >= COMPILED:
            return f"frames laid out otherwise (order of members, white space) than the first {COMPILED} ways"
        exemplar = exemplar_of(text, frame.data, len(text) - len(frame.data), self._plan.shape)
        if exemplar is None or not text.endswith(frame.data):
            return NOT_COVERED
        learned.layouts.insert(0, Layout(exemplar, terminator.count(b"\n")))
        learned.compiled += 1
        del learned.layouts[LAYOUTS:]
        _learn_deltas(learned, exemplar, terminator)
        return None

    def _terminator(self, data: bytes) -> bytes:
        if not self._sse:
            return b"\n"
        return b"\r\n\r\n" if b"\r" in data else b"\n\n"

    def _learned(self, terminator: bytes) -> Learned:
        key = (self._plan.shape, self._plan.framing, terminator, self._slots)
        return _LEARNED.setdefault(key, Learned(self._slots, Skeletons(terminator, self._slots)))


def _learn_deltas(learned: Learned, exemplar: Exemplar, terminator: bytes) -> None:
    if exemplar.value("event") != EVENT or learned.compiled >= COMPILED:
        return
    learned.compiled += 1
    deltas = deltas_of(exemplar, terminator, learned.whole)
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
        self._deltas = learned.deltas[0] if learned.deltas else None
        # Frames that are not read by the pattern, by their number in the block.
        self._rows: list[tuple[int, Row]] = []
        # Of those that are, if they are wanted.
        self._slots: Slots | None = None

    def parts(self) -> Parts:
        """The parts of the block, in order."""
        columns, gaps = self._find()
        self._read_gaps(columns, gaps)
        number = len(columns.seqs)
        pieces = Pieces(self._block.data, self._block.offset, self._terminator, number, self._learned.height)
        others = [at for at, row in self._rows if row.asked.event == _DELTA]
        if len(others) > max(number - len(self._rows), NEW_PATTERN):
            self._change_pattern(pieces.slice(others[-1], others[-1] + 1).data)
        parts: Parts = []
        unsure = 0  # where the unsure frames begin that are not told yet
        for section in self._sections(columns):
            for start, end, sure in section.cuts(self._plan):
                if not sure:
                    continue
                if unsure < section.first + start:
                    parts.append(pieces.slice(unsure, section.first + start))
                parts.append(Run(section, start, end, pieces, self._plan))
                unsure = section.first + end
        if unsure < number:
            parts.append(pieces.slice(unsure, number))
        return parts

    def _find(self) -> tuple[Columns, Gaps]:
        """The deltas of the block, and what stands between them; that is all, if none is sure."""
        data = self._block.data
        if self._deltas is not None and len(data) <= HEAVY:
            found = self._deltas.find(data)
            number = len(found.columns.seqs)
            if not found.torn and all(self._is_whole(gap) for index, gap in found.gaps if index < number):
                if self._learned.whole:
                    self._slots = Slots(self._deltas, found.flat, 0, number)
                return found.columns, found.gaps
        return Columns([], [], [], []), [(0, data)] if data else []

    def _is_whole(self, gap: bytes) -> bool:
        """Whether a frame ends before a delta: else what was taken for one is the rest of something else."""
        return gap.split(self._terminator)[-1] == b"" if self._sse else gap.endswith(self._terminator)

    def _read_gaps(self, columns: Columns, gaps: Gaps) -> None:
        """Frames that are no deltas of the pattern, into their places; at the end of a block one may have no end."""
        runs: list[tuple[int, list[Row]]] = []
        for index, gap in gaps:
            rows = self._learned.skeletons.rows(gap, self._row)
            runs.append((index + len(self._rows), rows))
            self._rows += enumerate(rows, index + len(self._rows))
        columns.insert(runs)

    def _row(self, text: bytes) -> Row:
        """What a frame, without its terminator, says that no skeleton fits."""
        if len(text) > HEAVY:
            return UNSURE
        layouts = self._learned.layouts
        for index, layout in enumerate(layouts):
            row = layout.read(text)
            if row is not None:
                if index:
                    layouts.insert(0, layouts.pop(index))
                self._learn_skeleton(text, row)
                return row
        return UNSURE

    def _learn_skeleton(self, text: bytes, row: Row) -> None:
        if self._learned.skeletons.wants(row):
            exemplar = self._exemplar(text)
            if exemplar is not None:
                self._learned.skeletons.learn(exemplar, row)

    def _exemplar(self, text: bytes) -> Exemplar | None:
        """A proven frame, without its terminator, cut into slots."""
        start = text.rfind(b"\n") + 1 if self._sse else 0
        data = text[start:].removeprefix(b"data:").removeprefix(b" ") if self._sse else text
        return exemplar_of(text, data, len(text) - len(data), self._plan.shape)

    def _change_pattern(self, raw: bytes) -> None:
        """Another pattern for deltas, for the next block: this writer's ids are of other lengths, say."""
        known = self._learned.deltas
        for index, deltas in enumerate(known):
            if deltas.covers(raw):
                known.insert(0, known.pop(index))
                return
        exemplar = self._exemplar(raw.removesuffix(self._terminator))
        if exemplar is not None:
            _learn_deltas(self._learned, exemplar, self._terminator)

    def _sections(self, columns: Columns) -> Iterator[Section]:
        """The frames that are proven, as many in a row as there are."""
        unsure, number = columns.unsure(), len(columns.seqs)
        if number and not unsure:
            yield Section(0, columns, self._rows, self._deltas, self._slots)
            return
        for before, end in pairwise([-1, *unsure, number]):
            start = before + 1
            if start < end:
                rows = [(at - start, row) for at, row in within(self._rows, start, end)]
                first = start - len(within(self._rows, 0, start))
                slots = self._slots.part(first) if self._slots is not None else None
                yield Section(start, columns.part(start, end), rows, self._deltas, slots)
