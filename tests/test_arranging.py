"""``replay emit --sort`` and ``--merge``: events in order of seq, whatever their number, and captures made one."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_cli import audit, ordering
from replay_cli.planning import Options
from replay_cli.profiles import Shape
from replay_cli.remaking import Remake
from replay_cli.selection import Selection
from replay_cli.stretches import MERGED, SORTED
from tests.conftest import Replay
from tests.emitting import emitted
from tests.making import capture, compact, envelope, message, record, store
from tests.recordings import shared

STREAM = [message(envelope(seq, link)) for link, seq in zip((0, *range(3, 300, 3)), range(3, 303, 3), strict=True)]
"""A stream of a hundred events, whose numbers skip."""


def seqs(log: bytes) -> list[int]:
    return [json.loads(line.removeprefix(b"data: "))["seq"] for line in log.split(b"\n") if b'"seq"' in line]


# --- Sorting --------------------------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(["thr_1", "thr_2"]), st.sampled_from("ab")), max_size=60
)


@settings(max_examples=200)
@given(events=EVENTS, fast=st.booleans(), small=st.booleans())
def test_sorting_is_that_of_python_and_stable(events: list[tuple[int, str, str]], fast: bool, small: bool) -> None:
    lines = [record(seq, thread=thread, payload={"text": text}) for seq, thread, text in events]
    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(ordering, "SERIES", 2)
            patch.setattr(ordering, "GATHERED", 3 * ordering.OVERHEAD)
            patch.setattr(ordering, "BATCH", 2)
        done = emitted(b"".join(lines), arranged=SORTED, options=Options(profile=Shape.RECORD, fast=fast))

    wanted = sorted(zip(events, lines, strict=True), key=lambda one: one[0][0])
    assert b"".join(line for _, line in wanted) == done.output


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), chunks=st.integers(1, 12))
def test_a_log_in_pieces_is_sorted_into_itself(seed: int, chunks: int) -> None:
    random, lines = Random(seed), [record(seq) for seq in range(1, 400)]
    cuts = sorted(random.sample(range(1, 399), chunks - 1))
    pieces = [lines[start:end] for start, end in zip([0, *cuts], [*cuts, 399], strict=True)]
    random.shuffle(pieces)

    done = emitted(*(b"".join(piece) for piece in pieces), arranged=SORTED)

    assert b"".join(lines) == done.output


def test_sorting_twice_is_sorting_once() -> None:
    log = store(3, 1, 2, 2, 9, 4)
    once = emitted(log, arranged=SORTED).output

    assert once == emitted(once, arranged=SORTED).output


def test_events_that_share_a_number_are_told_by_sorting_and_left_out_by_cleaning(
    replay: Replay, tmp_path: Path
) -> None:
    other = record(2, payload={"delta": "another", "kind": "agent_message"})
    (tmp_path / "log").write_bytes(store(3, 2, 1) + store(2) + other)

    kept = replay("emit", "--sort", "log", "-o", "sorted")
    cleaned = replay("emit", "--sort", "--clean", "log", "-o", "cleaned")

    assert (0, [1, 2, 2, 2, 3]) == (kept.code, seqs((tmp_path / "sorted").read_bytes()))
    assert "kept 1 event with an error: seq-duplicate, first at log:4\n" in kept.stderr
    assert "kept 1 event with an error: seq-conflict, first at log:5\n" in kept.stderr
    assert (1, [1, 2, 3]) == (cleaned.code, seqs((tmp_path / "cleaned").read_bytes()))


def test_one_number_in_two_threads_is_no_duplicate() -> None:
    done = emitted(record(2) + record(2, thread="thr_2") + record(1), arranged=SORTED)

    assert {} == done.summary.flaws


def test_what_has_no_seq_has_no_place(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(store(3) + b"\n{broken\n" + store(1))

    ran = replay("emit", "--sort", "log", "-o", "sorted", "--quarantine", "q")

    assert (0, [1, 3]) == (ran.code, seqs((tmp_path / "sorted").read_bytes()))
    assert b"not-json" in (tmp_path / "q").read_bytes()
    assert 1 == replay("emit", "--sort", "log", "-o", "sorted", "--force").code


def test_a_byte_order_mark_does_not_get_into_the_middle() -> None:
    done = emitted(b"\xef\xbb\xbf" + STREAM[1] + STREAM[0], arranged=SORTED)

    assert STREAM[0] + STREAM[1] == done.output
    assert {"sse-byte-order-mark": 3} == {reason: left.bytes for reason, left in done.summary.left.items()}


def test_a_log_is_sorted_in_its_place(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(store(3, 1, 2))

    ran = replay("emit", "--sort", "--in-place", "--backup", "log.jsonl")

    assert (0, store(1, 2, 3)) == (ran.code, (tmp_path / "log.jsonl").read_bytes())
    assert store(3, 1, 2) == (tmp_path / "log.jsonl.bak").read_bytes()


# --- Merging --------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), connections=st.integers(1, 6), fast=st.booleans())
def test_connections_of_one_stream_become_the_stream(seed: int, connections: int, fast: bool) -> None:
    random = Random(seed)
    captures = [STREAM]
    for _ in range(connections - 1):
        start, end = sorted(random.sample(range(101), 2))
        captures.append(STREAM[start:end])
    cut = random.randrange(101)
    # The first one loses its end, another has it.
    captures += [captures[0][:cut], captures.pop(0)[cut:]]
    random.shuffle(captures)
    given = [b"".join(one) for one in captures if one]

    done = emitted(*given, arranged=MERGED, options=Options(profile=Shape.ENVELOPE, framing="sse", fast=fast))

    assert b"".join(STREAM) == done.output
    assert {"seq-duplicate"} >= done.summary.left.keys()
    assert sum(map(len, captures)) == done.summary.events


@pytest.mark.parametrize("framing", ["jsonl", "sse"])
def test_the_link_that_fits_is_kept(framing: str) -> None:
    """An event that begins a connection names what the client asked for, not the event before (CONTRACT.md 3.3)."""
    asked = envelope(9, 4)
    whole = [envelope(3, 0), envelope(6, 3), envelope(9, 6)]
    write = message if framing == "sse" else lambda event: compact(event) + b"\n"

    for order in ([[asked], whole], [whole, [asked]]):
        done = emitted(*(b"".join(map(write, events)) for events in order), arranged=MERGED)
        assert b"".join(map(write, whole)) == done.output


def test_a_conflict_is_told_and_the_first_is_kept(replay: Replay, tmp_path: Path) -> None:
    other = message(envelope(2, 1, payload={"delta": "another", "kind": "agent_message"}))
    (tmp_path / "a.sse").write_bytes(capture((1, 0), (2, 1)))
    (tmp_path / "b.sse").write_bytes(other + capture((3, 2)))

    ran = replay("emit", "--merge", "a.sse", "b.sse", "-o", "one.sse", "--quarantine", "q")

    assert (1, capture((1, 0), (2, 1), (3, 2))) == (ran.code, (tmp_path / "one.sse").read_bytes())
    assert "said otherwise by a.sse, which is kept: seq 2 of b.sse\n" in ran.stderr
    (left,) = [json.loads(line) for line in (tmp_path / "q").read_text().splitlines()[1:]]
    assert ("b.sse", 1, 0, "seq-conflict") == (left["source"], left["line"], left["offset"], left["rule"])


def test_what_is_still_missing_is_told_in_ranges(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(capture((5, 4), (6, 5), (9, 7)))
    (tmp_path / "b.sse").write_bytes(capture((20, 15), (21, 20)))

    ran = replay("emit", "--merge", "b.sse", "a.sse", "-o", "one.sse", "--summary-json", "s")

    assert 0 == ran.code
    assert "the stream begins behind seq 4\n" in ran.stderr
    places = "between seq 6 and 9, which names 7; between seq 9 and 20, which names 15"
    assert f"events are missing in 2 places: {places}\n" in ran.stderr
    told = json.loads((tmp_path / "s").read_text())["merged"]
    assert {"after": 6, "link": 7, "seq": 9} == told["missing"][0]
    assert (4, 2, None) == (told["begins_behind"], told["gaps"], told["against"])


def test_a_log_beside_says_what_the_captures_lack(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "a.sse").write_bytes(capture((1, 0), (2, 1), (6, 5), (7, 6)))
    (tmp_path / "log.jsonl").write_bytes(store(1, 2, 3, 4, 5) + record(6, payload={}) + store(9))

    ran = replay("emit", "--merge", "a.sse", "--against", "log.jsonl", "-o", "one.sse")

    assert (1, capture((1, 0), (2, 1), (6, 5), (7, 6))) == (ran.code, (tmp_path / "one.sse").read_bytes())
    assert "4 events of log.jsonl are missing: seq 3 to 5 (3 events); seq 9\n" in ran.stderr
    assert "1 event is not in log.jsonl\n" in ran.stderr
    assert "1 event is another one in log.jsonl\n" in ran.stderr


@pytest.mark.parametrize(
    ("names", "thread"),
    [
        (["reconnect_1", "reconnect_2", "reconnect_3"], "thr_404eb697"),
        (["reconnect_3", "reconnect_1", "reconnect_tail", "reconnect_2"], "thr_404eb697"),
        (["killed_after", "killed_before"], "thr_0c50b01e"),
        (["killed_approval_before", "killed_approval_after"], "thr_596eae86"),
    ],
)
def test_recorded_connections_are_the_log_of_their_thread(names: list[str], thread: str) -> None:
    log = shared(f"recorded/store/events/{thread}.jsonl").read_bytes()
    captures = [shared(f"recorded/captures/{name}.sse").read_bytes() for name in names]

    done = emitted(*captures, arranged=MERGED, against=log, remake=Remake("jsonl", Shape.RECORD))

    assert done.summary.merged is not None
    assert (log, False, 0) == (done.output, done.summary.merged.flawed, done.summary.merged.gaps)


def test_a_merged_stream_is_linked_anew_as_one() -> None:
    given = (capture((3, 2), (5, 3)), capture((1, 0), (3, 2)))
    done = emitted(*given, arranged=MERGED, remake=Remake(relink=True), select=Selection(until_seq=4))

    assert capture((1, 0), (3, 1)) == done.output


def test_a_log_and_a_capture_become_one_with_to_and_as() -> None:
    given = (store(1, 2, 3), capture((2, 1), (3, 2), (4, 3)))
    done = emitted(*given, arranged=MERGED, remake=Remake("jsonl", Shape.RECORD))

    assert store(1, 2, 3, 4) == done.output
    assert 2 == done.summary.left["seq-duplicate"].events


def test_long_captures_merge_in_blocks_to_what_single_events_merge_to() -> None:
    stream = [message(envelope(seq, seq - 1)) for seq in range(1, 3000)]
    parts = [stream[:2000], stream[500:2500], stream[:1], stream[1200:]]
    given = [b"".join(part) for part in parts]

    done = emitted(*given, arranged=MERGED)

    assert b"".join(stream) == done.output
    assert sum(map(len, parts)) - len(stream) == done.summary.left["seq-duplicate"].events
    assert {} == audit(done.output).rules


def test_lines_of_what_is_left_out_are_those_of_its_source() -> None:
    events = [message(envelope(seq, seq - 1)) for seq in range(1, 50)]
    done = emitted(b"".join(events[:40]), b"".join(events[30:]), arranged=MERGED)

    for piece in done.pieces[1:]:
        assert (1 + piece["offset"] // len(events[31]) * 3) == piece["line"] or piece["offset"] == 0
    offsets = [(piece["offset"], piece["length"]) for piece in done.pieces[1:]]
    assert [True] == [key for key, _ in groupby(length > 0 for _, length in offsets)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--merge", "a.sse", "b.sse"],
            "--merge: events of several threads: thr_1 in a.sse and thr_2 in b.sse",
        ),
        (
            ["--merge", "a.jsonl", "log.jsonl"],
            "--merge: events of two shapes: a.jsonl (envelopes) and log.jsonl",
        ),
        (["--merge", "a.sse", "log.jsonl"], "emit: one stream cannot be JSONL and SSE"),
        (["--merge", "a.sse", "--against", "b.sse"], "--merge: events of several threads"),
        (["--merge", "a.sse", "--against", "other.jsonl"], "--against: other.jsonl is no log of our events"),
        (
            ["--merge", "a.sse", "compat.sse"],
            "compat.sse: is another log (a capture of the compat stream), which holds",
        ),
        (
            ["--merge", "compat.sse", "a.sse"],
            "compat.sse: is another log (a capture of the compat stream), which holds",
        ),
        (["--merge", "other.jsonl", "a.jsonl"], "other.jsonl: is another log"),
        (["--sort", "log.jsonl", "other.jsonl"], "other.jsonl: is another log"),
        (["--sort", "other.jsonl"], "other.jsonl: is another log"),
        (["--against", "a.sse", "a.sse"], "--against: belongs to --merge"),
        (["--merge", "--sort", "a.sse"], "--sort: contradicts --merge"),
        (["--sort", "--head", "1", "a.sse"], "--sort: cannot be had with --head or --last"),
        (["--merge", "--pace", "--", "a.sse"], "--merge: cannot be had with --pace"),
        (["--merge", "--in-place", "--backup", "a.sse"], "--merge: contradicts --in-place"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_nothing_is_written(
    replay: Replay, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "a.sse").write_bytes(capture((1, 0)))
    (tmp_path / "b.sse").write_bytes(message(envelope(2, 1, thread="thr_2")))
    (tmp_path / "a.jsonl").write_bytes(compact(envelope(1, 0)) + b"\n")
    (tmp_path / "log.jsonl").write_bytes(store(1, 2))
    (tmp_path / "compat.sse").write_bytes(b'event: message.delta\ndata: {"content":"x"}\n\nevent: done\ndata: {}\n\n')
    (tmp_path / "other.jsonl").write_bytes(b'{"ts":"2026-11-21T06:00:00Z","event":"login","details":{}}\n' * 3)

    ran = replay("emit", *words)

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith(f"replay: {said}")
    assert 1 == ran.stderr.count("\n")


def test_captures_of_two_stores_are_no_stream(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(store(1, 2, 3))
    (tmp_path / "b.jsonl").write_bytes(store(1, 2, 3).replace(b"a word", b"another"))

    ran = replay("emit", "--merge", "a.jsonl", "b.jsonl", "-o", "out")

    assert (2, False) == (ran.code, (tmp_path / "out").exists())
    assert "--merge: no number in both a.jsonl and b.jsonl is the same event: they are of two stores" in ran.stderr


@pytest.mark.parametrize("empty", [b"", b": keepalive\n\n"])
def test_a_connection_that_brought_nothing_does_not_matter(replay: Replay, tmp_path: Path, empty: bytes) -> None:
    (tmp_path / "a.sse").write_bytes(capture((1, 0), (2, 1)))
    (tmp_path / "b.sse").write_bytes(empty)

    for order in (["a.sse", "b.sse"], ["b.sse", "a.sse"]):
        ran = replay("emit", "-q", "--merge", *order)
        assert (0, capture((1, 0), (2, 1)).decode()) == (ran.code, ran.stdout)
