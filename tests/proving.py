"""What the tests of the prover share: writers of every kind, mutations of what they wrote, and the law.

``problem`` holds the law against one block: the parts tile it, and their tallies add up to the reference's.
``miscount`` holds the quick verdict of lines that break the schema to it. Run as a program it goes through the
written holes (``HOLES``, ``COUNTS``), or through mutated blocks from a seed (``make laws``).
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bench.logs import Event, envelope, events, legacy, message, record, spaced
from replay_cli import prover, skeletons
from replay_cli.auditor import audit_block, audit_blocks, audit_frame
from replay_cli.blocks import Block
from replay_cli.frames import Frame
from replay_cli.jsontext import JsonReader
from replay_cli.profiles import Plan, Shape
from replay_cli.quick import only_breaks_schema
from replay_cli.rules import SCHEMA_VIOLATION
from replay_cli.runs import Run
from replay_cli.tally import Tally, total
from replay_cli.walk import FRAMINGS, Walk


@dataclass(frozen=True)
class Writer:
    """One way in which logs are written: its name, what it makes of an event, and what its logs are."""

    name: str
    line: Callable[[Event], bytes]
    shape: Shape
    framing: str = "jsonl"
    end: bytes = b"\n"

    def plan(self, **changes: object) -> Plan:
        return replace(Plan(self.shape, self.framing), **changes)  # type: ignore[arg-type]

    def frames(self, count: int, threads: int = 2, seed: int = 1) -> list[bytes]:
        return [self.line(event) + self.end for event in events(count, threads, seed)]


def _sorted(line: bytes) -> bytes:
    import json

    return json.dumps(json.loads(line), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _ascii(line: bytes) -> bytes:
    import json

    return json.dumps(json.loads(line)).encode()


def _sse(event: Event) -> bytes:
    return message(event.name, envelope(event))[:-2]


def _sse_with_id(event: Event) -> bytes:
    return b"id: %d\r\n" % event.seq + message(event.name, envelope(event))[:-2].replace(b"\n", b"\r\n")


WRITERS = {
    writer.name: writer
    for writer in (
        Writer("envelope", envelope, Shape.ENVELOPE),
        Writer("record", record, Shape.RECORD),
        Writer("legacy", legacy, Shape.LEGACY),
        Writer("envelope, spaced", lambda event: spaced(envelope(event)), Shape.ENVELOPE),
        Writer("record, keys sorted", lambda event: _sorted(record(event)), Shape.RECORD),
        Writer("envelope, keys sorted", lambda event: _sorted(envelope(event)), Shape.ENVELOPE),
        Writer("envelope, ASCII only", lambda event: _ascii(envelope(event)), Shape.ENVELOPE),
        Writer("envelope, CR LF", lambda event: envelope(event) + b"\r", Shape.ENVELOPE),
        Writer("SSE", _sse, Shape.ENVELOPE, "sse", b"\n\n"),
        Writer("SSE, CR LF and id", _sse_with_id, Shape.ENVELOPE, "sse", b"\r\n\r\n"),
        Writer("SSE, legacy", lambda event: message(event.name, legacy(event))[:-2], Shape.LEGACY, "sse", b"\n\n"),
    )
}


# What is learned late is to be learned here at once, so that the law is held for it.
skeletons.PATIENCE = 0


def teach(*writers: Writer) -> None:
    """Let the prover learn how these write, from frames that the reference reads, and forget all others."""
    prover.forget()
    if writers not in _TAUGHT:
        for writer in writers:
            block = Block(b"".join(writer.frames(60)), 0)
            for _ in range(2):
                total(audit_blocks([block], writer.plan()))
                _walk_with_slots(block, writer.plan())
        _TAUGHT[writers] = prover.lesson()
    prover.take_up(_TAUGHT[writers])


def _walk_with_slots(block: Block, plan: Plan) -> None:
    """Learn from frames that are known to be clean, for who wants the slots of deltas."""
    walk = Walk(plan, slots=True)
    for piece in walk.pieces(block):
        if isinstance(piece, Frame):
            walk.learn(piece)


_TAUGHT: dict[tuple[Writer, ...], prover.Lesson] = {}


def parts_of(block: Block, plan: Plan, slots: bool = False) -> list[Tally | Block]:
    return [part.tally() if isinstance(part, Run) else part for part in prover.Prover(plan, slots).parts(block)]


def reference(block: Block, plan: Plan) -> Tally:
    return audit_block(block, plan, JsonReader())


def problem(block: Block, plan: Plan) -> str:
    """What breaks the law in one block, whether slots are kept or not; empty if nothing does."""
    parts, others = (parts_of(block, plan, slots) for slots in (False, True))
    return _breach(block, plan, parts) or ("" if others == parts else _breach(block, plan, others))


def _breach(block: Block, plan: Plan, parts: list[Tally | Block]) -> str:
    if sum(part.size if isinstance(part, Tally) else part.length for part in parts) != block.length:
        return "the parts do not tile the block"
    added, at = Tally(plan.kept, plan.gaps), block.offset
    for part in parts:
        if isinstance(part, Tally):
            inside = Block(block.data[at - block.offset : at - block.offset + part.size], at)
            if part != reference(inside, plan):
                return f"proven, but the reference finds something else in {inside.data[:2000]!r}"
            at += part.size
            added += part
        else:
            if part.offset != at:
                return "a part is not where it should be"
            at += part.length
            added += reference(part, plan)
    return "" if added == reference(block, plan) else "the parts do not add up to the whole"


def miscount(block: Block, plan: Plan) -> str:
    """What is wrong with how the lines that only break the schema are counted in a block; empty if nothing is."""
    for frame in FRAMINGS[plan.framing].frames(block):
        if only_breaks_schema(frame, plan):
            one = audit_frame(frame, plan, JsonReader())
            # Only its place and what it says of the violations is not known: who is counted only has none of them.
            counted = Tally(plan.kept, plan.gaps, refused=one.refused)
            counted.count_refused([frame], SCHEMA_VIOLATION.code, one.completed)
            if replace(one, findings=counted.findings) != counted:
                return f"only breaks the schema, but the reference finds something else in {frame.data[:2000]!r}"
    for kept in (0, 1, 2):
        few = replace(plan, kept=kept)
        if total(audit_blocks([block], few), kept, few.gaps) != reference(block, few):
            return f"something else is found where {kept} findings are kept"
    return ""


# -- mutations -------------------------------------------------------------------------------------------------------

NASTY = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\t", b"\n", b"\r", b"\n\n", b"\r\n", b"\0", b"\x1f"),
    *(b"\x80", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xef\xbb\xbf", "٣".encode(), "５".encode(), b"\xe2\x80\xa8"),
    *(b"\\u0000", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\u12", b"\\x", b"\\/", b"\\u00e9"),
    *(b"null", b"true", b"NaN", b"-0", b"1.0", b"01", b"1e999", b"9" * 20, b"9" * 400, b"18446744073709551616"),
    *(b"9007199254740993", b"999999999999999", b"1000000000000000", b"-1", b"0", b"+1"),
    *(b'"seq":1,', b'"kind":"x",', b',"seq":7', b',"payload":{}', b',"extra":1', b'"', b'""', b"'"),
    *(b"2026-02-30T00:00", b"2026-11-27T24:00", b":60", b":59.999999999", b"Z", b"+00:00", b"+01:00", b"-00:00"),
    *(b"thr_other", b"turn_other", b"x" * 90, b"[" * 130, b"data: ", b"event: x\n", b": comment\n", b"id: 3\n"),
]


def mutate(frames: list[bytes], rng: random.Random) -> bytes:
    """A few frames of a log, broken in one to three places."""
    start = rng.randrange(max(1, len(frames) - 8))
    chosen = frames[start : start + rng.randint(1, 8)]
    for _ in range(rng.choice((0, 0, 0, 1))):
        _disorder(chosen, rng)
    data = bytearray(b"".join(chosen))
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 3))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at:at] = rng.choice(NASTY)
            case 2:
                nasty = rng.choice(NASTY)
                data[at : at + len(nasty)] = nasty
            case 3:
                del data[at : at + rng.choice((1, 1, 2, 5, 40))]
            case 4:
                other = rng.randrange(len(data) + 1)
                data[at:at] = data[other : other + rng.randint(1, 60)]
            case 5 if at < len(data):
                data[at] = rng.choice(b'0123456789"\\{}[],: \n\r\tTZ+-.enu')
    return bytes(data)


def _disorder(frames: list[bytes], rng: random.Random) -> None:
    index = rng.randrange(len(frames))
    match rng.randrange(3):
        case 0:
            frames.insert(index, frames[rng.randrange(len(frames))])
        case 1 if len(frames) > 1:
            del frames[index]
        case _:
            rng.shuffle(frames)


def cases(seed: int, count: int) -> Iterator[tuple[Writer, Plan, Block]]:
    """So many mutated blocks, by all writers in turn."""
    rng = random.Random(seed)
    writers = list(WRITERS.values())
    logs = {writer.name: writer.frames(300, 3, seed) for writer in writers}
    for number in range(count):
        writer = writers[number % len(writers)]
        offset = rng.choice((0, 0, 1000))
        thread = rng.choice((None, None, None, "thr_other"))
        plan = writer.plan(gaps=rng.random() < 0.2, thread=thread if writer.shape is Shape.RECORD else None)
        yield writer, plan, Block(mutate(logs[writer.name], rng), offset)


# -- the written holes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hole:
    """A block in which a prover could be too kind, by name; ``proven`` where it should be proven after all.

    ``taught`` is a clean frame that it has seen before.
    """

    name: str
    writer: str
    data: bytes
    plan: tuple[tuple[str, object], ...] = ()
    proven: bool = False
    taught: bytes = b""

    def problem(self) -> str:
        writer = WRITERS[self.writer]
        teach(writer)
        block, plan = Block(self.data, 0), writer.plan(**dict(self.plan))
        parts_of(Block(self.taught, 0), plan)
        try:
            found = problem(block, plan)
        except Exception as error:
            return f"raises {error!r}"
        whole = all(isinstance(part, Tally) for part in parts_of(block, plan))
        if self.proven and not whole:
            return found or "is not proven"
        return found


@dataclass(frozen=True)
class Count:
    """A block in which a line could be counted that does not break the schema, or not only, by name.

    ``sure`` where its last frame should be counted.
    """

    name: str
    writer: str
    data: bytes
    plan: tuple[tuple[str, object], ...] = ()
    sure: bool = False

    def problem(self) -> str:
        writer = WRITERS[self.writer]
        teach(writer)
        block, plan = Block(self.data, 0), writer.plan(**dict(self.plan))
        try:
            found = miscount(block, plan)
        except Exception as error:
            return f"raises {error!r}"
        *_, last = FRAMINGS[plan.framing].frames(block)
        return found or ("is not counted" if self.sure and not only_breaks_schema(last, plan) else "")


def holes() -> list[Hole | Count]:
    """All written holes (DESIGN.md, 3.7, and those met since)."""
    from tests.holes import COUNTS, HOLES

    return [*HOLES, *COUNTS]


def main() -> int:
    parser = argparse.ArgumentParser(description="hold the prover against the reference")
    parser.add_argument("--holes", action="store_true", help="only the written holes; prints the first that fails")
    parser.add_argument("--count", type=int, default=2_000_000, help="mutated blocks")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.holes:
        failed = next((hole.name for hole in holes() if hole.problem()), "")
        print(failed)
        return 1 if failed else 0
    teach(*WRITERS.values())
    began, proven, size = time.monotonic(), 0, 0
    for number, (writer, plan, block) in enumerate(cases(options.seed, options.count), start=1):
        found = problem(block, plan)
        if found:
            print(f"{writer.name}, {plan}: {found}\n{block.data!r}")
            return 1
        proven += sum(part.size for part in parts_of(block, plan) if isinstance(part, Tally))
        size += block.length
        if number % 10_000 == 0:
            seconds = time.monotonic() - began
            print(f"{number:,} blocks in {seconds:.0f} s, {100 * proven / size:.0f} % proven, no disagreement")
    return 0


if __name__ == "__main__":
    sys.exit(main())
