"""The laws of emission, each a property: over recordings of the runtime, and over damage of every kind."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_cli import rules
from replay_cli.blocks import Block
from replay_cli.findings import Severity
from replay_cli.frames import Frame, State
from replay_cli.inspection import inspect
from replay_cli.jsontext import JsonReader
from replay_cli.opening import open_frame
from replay_cli.planning import Options, planned
from replay_cli.prover import forget
from replay_cli.selection import Globs, Selection
from replay_cli.told import Report
from replay_cli.walk import FRAMINGS
from tests.conftest import ROOT
from tests.emitting import Done, damaged, emitted, source
from tests.making import capture, compact, envelope, record, store
from tests.recordings import logs


def fixtures(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / "fixtures" / folder).rglob("*"))
    return sorted(path for path in found if path.is_file())


CLEAN = fixtures("clean", "recorded")
DAMAGED = fixtures("damaged", "rules")

ENVELOPES = b"".join(compact(envelope(seq, seq - 1)) + b"\n" for seq in range(1, 40))
THREADS = b"".join(compact(envelope(seq, None, f"thr_{seq % 3}")) + b"\n" for seq in range(1, 40))
RECORDS = store(*range(1, 40), completed=True)
STREAM = capture(*((seq, seq - 1) for seq in range(1, 30)))
LOGS = {"envelopes": ENVELOPES, "threads": THREADS, "records": RECORDS}

seeds = st.integers(0, 2**32)
some_log = st.sampled_from(sorted(LOGS))


def audited(data: bytes, options: Options | None = None) -> Report:
    with source(data) as opened:
        return inspect(opened, options or Options(), lambda: source(data))


def like(data: bytes) -> Options:
    """Options that take all for what ``data`` is: damage may change what a source looks like."""
    with source(data) as opened:
        plan = planned(opened, Options()).plan
    return Options(profile=plan.shape, framing=plan.framing)


def events(data: bytes, options: Options) -> list[Frame]:
    """The frames that the reference reads as events."""
    with source(data) as opened:
        plan = planned(opened, options).plan
    reader = JsonReader()
    frames = FRAMINGS[plan.framing].frames(Block(data, 0))
    return [frame for frame in frames if open_frame(frame, plan, reader).envelope is not None]


# --- Nothing is lost ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CLEAN + DAMAGED + logs(""), ids=lambda path: path.name)
def test_without_a_wish_what_came_in_goes_out(path: Path) -> None:
    data = path.read_bytes()

    assert data == emitted(data).output


@pytest.mark.parametrize("path", CLEAN + logs("store", "captures", "old", "twin"), ids=lambda path: path.name)
def test_cleaning_a_clean_log_changes_nothing(path: Path) -> None:
    data = path.read_bytes()
    if path.suffix not in (".jsonl", ".sse") or any(audited(data).counts):
        pytest.skip("has findings")

    done = emitted(data, clean=True)

    assert data == done.output
    assert {} == done.summary.left
    assert ["replay_quarantine", "end"] == [
        next(iter({*piece} & {"replay_quarantine", "end"})) for piece in done.pieces
    ]


@pytest.mark.parametrize("path", DAMAGED + logs("torn"), ids=lambda path: path.name)
def test_output_and_quarantine_rebuild_every_damaged_fixture(path: Path) -> None:
    data = path.read_bytes()
    with source(data) as opened:
        if planned(opened, Options()).plan.shape == "foreign":
            pytest.skip("is another log, which is not cleaned")

    done = emitted(data, clean=True)

    assert data == done.restored()
    assert len(data) == done.summary.bytes
    assert len(data) == done.summary.kept_bytes + sum(left.bytes for left in done.summary.left.values())


@settings(max_examples=300)
@given(some_log, seeds)
def test_output_and_quarantine_rebuild_random_damage(name: str, seed: int) -> None:
    data = damaged(LOGS[name], seed)

    assert data == emitted(data, clean=True, options=like(LOGS[name])).restored()


@settings(max_examples=200)
@given(seeds)
def test_output_and_quarantine_rebuild_damaged_captures(seed: int) -> None:
    data = damaged(STREAM, seed)

    assert data == emitted(data, clean=True, options=like(STREAM)).restored()


@settings(max_examples=100)
@given(seeds, some_log, st.integers(0, 40), st.sampled_from([None, "item.*", "!item.delta"]))
def test_a_selection_and_its_quarantine_rebuild_the_input(seed: int, name: str, since: int, glob: str | None) -> None:
    data = damaged(LOGS[name], seed)
    select = Selection(since_seq=since, events=Globs([glob]) if glob else None)

    assert data == emitted(data, select=select, options=like(LOGS[name])).restored()


@settings(max_examples=100)
@given(st.lists(st.tuples(some_log, seeds), min_size=2, max_size=3))
def test_each_of_several_sources_can_be_had_back(chosen: list[tuple[str, int]]) -> None:
    found = [damaged(LOGS[name], seed) for name, seed in chosen]
    if any(not data for data in found):
        return

    done = emitted(*found, clean=True, options=Options(framing="jsonl", profile=like(ENVELOPES).profile))

    for number, data in enumerate(found):
        assert data == done.restored(f"log{number}")


# --- What cleaning gives ------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(some_log, seeds)
def test_cleaning_twice_is_cleaning_once(name: str, seed: int) -> None:
    options = like(LOGS[name])
    once = emitted(damaged(LOGS[name], seed), clean=True, options=options).output

    assert once == emitted(once, clean=True, options=options).output


@settings(max_examples=200)
@given(seeds)
def test_cleaning_a_capture_twice_is_cleaning_it_once(seed: int) -> None:
    options = like(STREAM)
    once = emitted(damaged(STREAM, seed), clean=True, options=options).output

    assert once == emitted(once, clean=True, options=options).output


def unexpected(done: Done, options: Options) -> list[str]:
    """The errors of the output that the summary did not name."""
    named = {one.seq for one in done.summary.links.listed}
    report = audited(done.output, options)
    errors = [found for found in report.findings if found.severity == Severity.ERROR.value]
    return [
        str(found)
        for found in errors
        if not (found.name == rules.BROKEN_LINK.name and found.facts["seq"] in named)
        and found.name not in done.summary.flaws
    ]


@settings(max_examples=300)
@given(some_log, seeds)
def test_cleaned_output_has_no_error_that_was_not_named(name: str, seed: int) -> None:
    options = like(LOGS[name])

    assert [] == unexpected(emitted(damaged(LOGS[name], seed), clean=True, options=options), options)


@settings(max_examples=200)
@given(seeds)
def test_a_cleaned_capture_has_no_error_that_was_not_named(seed: int) -> None:
    options = like(STREAM)

    assert [] == unexpected(emitted(damaged(STREAM, seed), clean=True, options=options), options)


@settings(max_examples=300)
@given(some_log, seeds)
def test_cleaning_keeps_every_event_that_can_be_read(name: str, seed: int) -> None:
    """Each once: a second one with its number is a repetition, or a conflict that is told."""
    options = like(LOGS[name])
    data = damaged(LOGS[name], seed)

    done = emitted(data, clean=True, options=options)

    kept = [frame.data for frame in events(done.output, options)]
    repeated = done.summary.left.get(rules.SEQ_DUPLICATE.name), done.summary.left.get(rules.SEQ_CONFLICT.name)
    read = [frame.data for frame in events(data, options) if frame.state is State.WHOLE]
    missing = [text for text in read if text not in kept]
    assert len(missing) <= sum(left.pieces for left in repeated if left)
    assert set(map(number_of, read)) <= set(map(number_of, kept))


def number_of(text: bytes) -> tuple[str, int]:
    value = json.loads(text)
    return value["thread_id"], value["seq"]


@settings(max_examples=200)
@given(seeds)
def test_the_runtime_reads_a_cleaned_store_log_whole(seed: int) -> None:
    """CONTRACT.md 2.4: every line ends, and each that is not blank is one that its deserializer takes."""
    options = like(RECORDS)

    output = emitted(damaged(RECORDS, seed), clean=True, options=options).output

    assert b"" == output or output.endswith(b"\n")
    assert len(events(output, options)) == output.count(b"\n")


# --- Selections ---------------------------------------------------------------------------------------------------


def selection(random: Random) -> Selection:
    """Some selection of what the logs here hold."""
    seqs = sorted(random.sample(range(45), 2))
    times = [1795242600_000_000_000 + random.randrange(-200, 3000) * 1_000_000_000 for _ in range(2)]
    return random.choice(
        [
            Selection(since_seq=seqs[0]),
            Selection(until_seq=seqs[1]),
            Selection(since_seq=seqs[0], until_seq=seqs[1]),
            Selection(threads=frozenset(random.sample(["thr_0", "thr_1", "thr_2", "thr_3"], 2))),
            Selection(items=frozenset(["item_1"])),
            Selection(turns=frozenset(["turn_2"])),
            Selection(events=Globs([random.choice(["item.*", "!item.delta", "turn.*", "*", "item.delta"])])),
            Selection(since=min(times), until=max(times)),
            Selection(where=lambda value: int(str(value["seq"])) % 3 == 0),
        ]
    )


def both(one: Selection, other: Selection) -> Selection:
    """What is asked by either."""

    def least(a: int | None, b: int | None) -> int | None:
        return min((number for number in (a, b) if number is not None), default=None)

    def most(a: int | None, b: int | None) -> int | None:
        return max((number for number in (a, b) if number is not None), default=None)

    def ask(value: dict[str, object]) -> bool:
        return all(each.where is None or each.where(value) for each in (one, other)) and all(
            each.events is None or each.events.takes(str(value["event"])) for each in (one, other)
        )

    def ids(a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
        return (a & b or frozenset(["none"])) if a and b else a or b

    return Selection(
        most(one.since_seq, other.since_seq),
        least(one.until_seq, other.until_seq),
        most(one.since, other.since),
        least(one.until, other.until),
        ids(one.threads, other.threads),
        ids(one.turns, other.turns),
        ids(one.items, other.items),
        None,
        ask,
    )


@settings(max_examples=300)
@given(some_log, seeds, st.booleans())
def test_a_selection_of_a_selection_is_the_selection_of_both(name: str, seed: int, broken: bool) -> None:
    random = Random(seed)
    data = damaged(LOGS[name], seed) if broken else LOGS[name]
    options, one, other = like(LOGS[name]), selection(random), selection(random)

    twice = emitted(emitted(data, select=one, options=options).output, select=other, options=options).output

    assert emitted(data, select=both(one, other), options=options).output == twice


@settings(max_examples=300)
@given(st.sampled_from([*sorted(LOGS), "stream"]), seeds, st.booleans(), st.booleans())
def test_the_prover_changes_nothing_that_is_written(name: str, seed: int, broken: bool, clean: bool) -> None:
    """Sifted by columns or frame by frame: the same bytes, counts and links."""
    random = Random(seed)
    data = ({**LOGS, "stream": STREAM}[name]) * (1 if broken else 6)
    options = like(data)
    data = damaged(data, seed) if broken else data
    wish = {"select": selection(random), "head": random.choice([None, None, 5]), "clean": clean}

    forget()
    fast = emitted(data, options=options, **wish)  # type: ignore[arg-type]
    again = emitted(data, options=options, **wish)  # type: ignore[arg-type]
    slow = emitted(data, options=replace(options, fast=False), **wish)  # type: ignore[arg-type]

    assert slow.output == fast.output == again.output
    assert slow.summary.kept == fast.summary.kept
    assert slow.summary.links.listed == fast.summary.links.listed
    assert (slow.summary.links.caused, slow.summary.links.before) == (
        fast.summary.links.caused,
        fast.summary.links.before,
    )
    counted = [
        {reason: (left.events, left.bytes, left.offset, left.line) for reason, left in done.summary.left.items()}
        for done in (slow, fast)
    ]
    assert counted[0] == counted[1]


@settings(max_examples=100)
@given(some_log, seeds, st.integers(0, 60))
def test_the_first_and_the_last_are_those_of_what_is_selected(name: str, seed: int, number: int) -> None:
    random = Random(seed)
    data, select = LOGS[name], selection(random)
    lines = emitted(data, select=select).output.splitlines(keepends=True)

    assert b"".join(lines[:number]) == emitted(data, select=select, head=number).output
    assert b"".join(lines[len(lines) - number :] if number < len(lines) else lines) == (
        emitted(data, select=select, last=number).output
    )


# --- Chunks -------------------------------------------------------------------------------------------------------


class Trickle(BytesIO):
    """A stream that gives few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(self._size if size is None or size < 0 else min(size, self._size))


@settings(max_examples=50)
@given(seeds, st.integers(1, 500))
def test_how_a_source_is_read_does_not_show(seed: int, size: int) -> None:
    from replay_cli.emission import Emission
    from replay_cli.sieve import Wish
    from replay_cli.sources import open_stream

    data = damaged(ENVELOPES, seed)
    output = BytesIO()
    with Emission(Wish(Selection(since_seq=5)), like(ENVELOPES), output) as emission:
        with open_stream(Trickle(data, size), "log0") as opened:
            emission.take(opened)
        emission.close()

    assert emitted(data, select=Selection(since_seq=5), options=like(ENVELOPES)).output == output.getvalue()


def test_records_of_two_threads_on_one_line_become_two_lines() -> None:
    data = record(1)[:-1] + record(1, thread="thr_2")

    assert record(1) + record(1, thread="thr_2") == emitted(data, clean=True).output
