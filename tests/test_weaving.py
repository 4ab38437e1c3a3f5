"""Weaving: whatever the layout of the deltas, they become what the reference makes of them; and many at a time."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_cli.blocks import Block
from replay_cli.planning import Options
from replay_cli.profiles import Shape
from replay_cli.prover import Prover, forget
from replay_cli.redactions import parsed
from replay_cli.remaking import Remake
from replay_cli.runs import Run
from replay_cli.stretches import SORTED
from replay_cli.weaving import Target, template_of, without_zeros, woven
from tests.emitting import alike, damaged, emitted
from tests.proving import WRITERS, Writer, teach

REMAKES = {
    "to SSE": Remake("sse", Shape.ENVELOPE, relink=True),
    "to the store": Remake("jsonl", Shape.RECORD),
    "to envelopes": Remake(shape=Shape.ENVELOPE),
    "other framing": Remake("sse"),
    "own framing": Remake("jsonl"),
    "links": Remake(relink=True),
    "no words": Remake(redaction=parsed(["@text"])),
    "no words, with a key, to SSE": Remake("sse", Shape.ENVELOPE, redaction=parsed(["@text"], b"key")),
}
LINE_BY_LINE = {"envelope, CR LF", "SSE, CR LF and id"}
"""Where a line end stays what it was, or where a field is lost."""


def held(writer: Writer, data: bytes, remake: Remake) -> None:
    if not remake.relink or (remake.shape or writer.shape) is Shape.ENVELOPE:
        alike(data, Options(profile=writer.shape, framing=writer.framing), remake)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", WRITERS)
def test_what_is_woven_is_what_the_reference_writes(name: str, threads: int) -> None:
    """Over the end of a block, so that links lead from one to the next."""
    writer = WRITERS[name]
    data = b"".join(writer.frames(900, threads))
    for remake in REMAKES.values():
        forget()
        held(writer, data, remake)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(WRITERS)), remake=st.sampled_from(sorted(REMAKES)))
def test_what_is_woven_of_damaged_logs_is_what_the_reference_writes(seed: int, name: str, remake: str) -> None:
    writer = WRITERS[name]
    teach(writer)
    held(writer, damaged(b"".join(writer.frames(80, 1 + seed % 2, seed % 7)), seed), REMAKES[remake])


def _sub(pattern: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda line: re.sub(pattern, new, line)


DRESSES = {
    "zeros at the end": ("record", _sub(rb"(\d:\d\d)\.\d+Z", rb"\1.120000000Z")),
    "nothing but zeros": ("record", _sub(rb"(\d:\d\d)\.\d+Z", rb"\1.000000Z")),
    "whole seconds": ("record", _sub(rb"(\d:\d\d)\.\d+Z", rb"\1Z")),
    "an offset": ("record", _sub(rb"(\d)Z", rb"\1+00:00")),
    "the first store": ("record", _sub(rb'"schema_version":2,"seq"', b'"schema_version":1,"seq"')),
    "Z": ("envelope", _sub(rb"\+00:00", b"Z")),
    "no created_at": ("envelope", _sub(rb',"created_at":"[^"]+","payload"', b',"payload"')),
    "no link": ("envelope", _sub(rb',"previous_seq":\d+', b"")),
    "the link first": ("envelope", _sub(rb'\{(.*),("previous_seq":\d+)\}', rb"{\2,\1}")),
    "the kind first": ("envelope", _sub(rb'\{("delta":".*"),("kind":"\w+")\}', rb"{\2,\1}")),
    "white space in the payload": ("envelope", _sub(rb'\{("delta":".*"),("kind":"\w+")\}', rb"{ \1, \2 }")),
    "white space at the end": ("record", _sub(rb"\}$", b" }")),
    "a carriage return": ("record", _sub(rb',"event"', b',\r"event"')),
    "a name spelled otherwise": ("record", _sub(rb'"event":"item.started"', rb'"event":"item\\u002estarted"')),
    "other fields of SSE": ("SSE", _sub(rb"^event", b"id: 1\nevent")),
    "no space in SSE": ("SSE", _sub(rb"^(event|data): ", rb"\1:")),
}


@pytest.mark.parametrize("remake", REMAKES)
@pytest.mark.parametrize("dress", DRESSES)
def test_other_spellings_become_what_the_reference_writes(dress: str, remake: str) -> None:
    name, spelled = DRESSES[dress]
    writer = WRITERS[name]
    dressed = [spelled(frame.removesuffix(writer.end)) + writer.end for frame in writer.frames(120, 1)]
    assert dressed != writer.frames(120, 1)
    forget()

    held(writer, b"".join(dressed) * (1 if REMAKES[remake].relink else 2), REMAKES[remake])


@pytest.mark.parametrize("name", WRITERS)
def test_the_deltas_of_any_ordinary_writer_are_woven_many_at_a_time(name: str) -> None:
    """Each as it becomes by itself."""
    writer = WRITERS[name]
    teach(writer)
    (run,) = Prover(writer.plan(), slots=True).parts(Block(b"".join(writer.frames(60, 1)), 0))
    assert isinstance(run, Run)
    slots = run.deltas()
    assert slots is not None

    template = template_of(slots.pattern, Target("sse", Shape.ENVELOPE, linked=False, tight=True, apart=False))

    assert (template is None) == (name in LINE_BY_LINE)
    if template is not None:
        whole = woven(template, slots).among([])
        singly = [woven(template, slots.part(one, one + 1)).among([]) for one in range(slots.size)]
        assert b"".join(singly) == whole
        assert whole.count(b"event: item.delta\ndata: {") == slots.size > 40


def test_events_among_deltas_keep_their_places() -> None:
    frames = WRITERS["record"].frames(300, 1)

    done = emitted(b"".join(frames), remake=REMAKES["to SSE"])

    names = re.findall(rb"^event: (.*)$", done.output, re.MULTILINE)
    assert names == [re.search(rb'"event":"([^"]+)","payload"', frame)[1] for frame in frames]  # type: ignore[index]


def test_what_was_put_in_order_is_woven_as_well() -> None:
    frames = WRITERS["record"].frames(300, 1)

    done = emitted(b"".join(frames[150:] + frames[:150]), remake=REMAKES["to SSE"], arranged=SORTED)

    assert emitted(b"".join(frames), remake=REMAKES["to SSE"]).output == done.output


@pytest.mark.parametrize(
    ("second", "written"),
    [(b"05", b"05"), (b"05.120", b"05.120"), (b"00.000", b"00"), (b"05.120000", b"05.120"), (b"10.000000000", b"10")],
)
def test_groups_of_zeros_are_not_written(second: bytes, written: bytes) -> None:
    assert written == without_zeros(second)
