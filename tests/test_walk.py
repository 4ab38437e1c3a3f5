"""The walk over small logs: every flipped bit, every cut, every lost, doubled, swapped and glued line.

Nothing that the contract fixes may change in silence. What cannot be noticed is classified with its reason
(``walking.CLASSES``), and ``CLASSES_OF`` says which of the classes each log has: a new one fails the test.
``REPLAY_WALK=full`` walks over all recordings instead, in about ten minutes.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from replay_cli import audit
from replay_cli.auditor import audit_blocks
from replay_cli.cutting import cut
from replay_cli.frames import State
from replay_cli.planning import Options, plan_for
from replay_cli.profiles import Shape
from replay_cli.sniffing import sniff
from replay_cli.tally import total
from tests import walking
from tests.walking import CLASSES, FULL, LOGS, Class, Seen, Walk, noticed, seen_by, seen_in, walk_over

IN_ALL = {
    *(walking.TEXT, walking.NUMBER, walking.PAYLOAD_TIME, walking.NO_TIME, walking.PAYLOAD_KEY, walking.FIXED_KEY),
    *(walking.OTHERS, walking.STATUS_WORD, walking.WORD),
}
TURN_END = {walking.NO_DURATION}
ENVELOPES = {walking.DEFAULT, walking.ALIAS_NAME}
LINKED = ENVELOPES | {walking.LINK_NAME, walking.FIRST_LINK}
UNLINKED = {walking.ROOM}
NOTHING_REPEATS_THE_TIME = {walking.TIME, walking.SAME_TIME}
LONE = {walking.LONE_ID, walking.ID_LETTER}
TOOLS = {walking.TOOL_INPUT}
MESSAGES = {walking.SUMMARY}

CLASSES_OF: dict[str, set[Class]] = {
    "records": {walking.DEFAULT, walking.NAME, walking.SPELLING}
    | (IN_ALL | TURN_END | UNLINKED | NOTHING_REPEATS_THE_TIME | LONE | TOOLS | MESSAGES),
    "capture": {walking.HEAD, walking.HEAD_END} | (IN_ALL | LINKED | LONE | TOOLS | MESSAGES),
    "capture-end": {walking.COMMENT, walking.GOAL} | (IN_ALL | TURN_END | LINKED | LONE | TOOLS | MESSAGES),
    "envelopes": IN_ALL | TURN_END | LINKED | LONE | TOOLS | MESSAGES,
    "v0.8.40": IN_ALL | TURN_END | UNLINKED | NOTHING_REPEATS_THE_TIME | LONE | TOOLS,
    "v0.9.0": IN_ALL | TURN_END | ENVELOPES | UNLINKED | LONE | TOOLS,
    "compat": {walking.COMPAT_BODY},
}
"""What cannot be noticed in each log.

When a rule closes a gap, its class goes from here and from ``CLASSES``, and the place into ``FIXED``.
"""

SAMPLE = 997

each_log = pytest.mark.parametrize("name", LOGS)


def names(classes: set[Class]) -> list[str]:
    return [one.name for one in CLASSES if one in classes]


# -- one byte at a time ----------------------------------------------------------------------------------------------


@each_log
def test_a_flipped_bit_is_noticed_or_changes_nothing_that_is_fixed(name: str) -> None:
    walk = walk_over(name)
    walked = walking.walk_with(walk, walking.flipped(walk.data))
    print(f"{name}: {len(walk.data):,} bytes, {walk.seen.events} events\n{walked}")

    assert [] == walked.holes[:10]
    assert FULL or names(CLASSES_OF[name]) == names(set(walked.classes))


@each_log
def test_a_nul_for_a_byte_is_noticed_but_in_comments_and_heads(name: str) -> None:
    walk = walk_over(name)
    walked = walking.walk_with(walk, walking.blotted(walk.data))
    print(f"{name}: {len(walk.data):,} bytes, {walk.seen.events} events\n{walked}")

    assert [] == walked.holes[:10]
    assert set(walked.classes) <= {walking.COMMENT, walking.HEAD, walking.HEAD_END}


@each_log
def test_the_sum_of_a_walk_is_the_audit_of_the_whole(name: str) -> None:
    """A sample of the flips, each audited as a whole: the tally is the same, and so is whether it is noticed."""
    walk = walk_over(name)
    before = seen_by(audit(walk.data))

    assert walk.seen == before
    for at, byte in islice(walking.flipped(walk.data), 0, None, SAMPLE):
        data = walk.with_byte(at, byte)
        whole = total(audit_blocks(cut([data], walk.framing, walk.plan.limit), walk.plan))
        assert whole == walk.tally_with(at, byte)
        if not walk.decides_kind(at):
            assert (walk.plan, "content") == plan_for(None, sniff(data, True), Options())
        by = noticed(before, seen_by(audit(data)))
        assert bool(by) is isinstance(walk.step(at, byte), str)


@pytest.mark.skipif(FULL, reason="of the small logs")
@pytest.mark.parametrize(
    ("log", "check", "place"),
    [
        ("records", "replay_cli.payloads.disagreements", b'"item":{"schema_version":2,"id":"item'),
        ("records", "replay_cli.tally.beside", b'"seq":101'),
        ("capture", "replay_cli.auditor.alone", b'"kind":"item'),
        ("capture", "replay_cli.tally.beside", b'"previous_seq":11'),
    ],
)
def test_a_check_that_does_not_look_leaves_holes(
    log: str, check: str, place: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk itself sees something: without a check, what it looks at changes in silence and is in no class."""
    walk = Walk(LOGS[log])
    at = walk.data.rindex(place)
    changes = [(one, byte) for one, byte in walking.flipped(walk.data[: at + len(place)]) if one >= at]
    assert [] == walking.walk_with(walk, changes).holes

    monkeypatch.setattr(check, lambda *_: iter(()))

    assert walking.walk_with(Walk(LOGS[log]), changes).holes


# -- every cut -------------------------------------------------------------------------------------------------------


def cut_at(walk: Walk, size: int) -> Seen:
    """What is seen of the first ``size`` bytes; as a whole while they are too few to tell what they are."""
    if size < 1500:
        return seen_by(audit(walk.data[:size]))
    number = walk.frame_at(size - 1)
    start = walk.starts[number]
    return seen_in(walk.before[number] + walk.tally(walk.data[start:size], start), walk.plan)


@each_log
def test_a_cut_is_told_or_leaves_a_shorter_log(name: str) -> None:
    """Behind a frame nothing shows that a log once went on; anywhere else the torn frame is told.

    A comment is never dispatched, so nothing is torn in it.
    """
    walk = walk_over(name)
    ends = {0, *walk.starts}
    told: Counter[str] = Counter()
    for size in range(1, len(walk.data)):
        seen = cut_at(walk, size)
        whole = [
            number for number in walk.events if number + 1 < len(walk.starts) and walk.starts[number + 1] <= size
        ]
        assert seen.events in (len(whole), 0)
        torn = "torn-tail" if walk.plan.framing == "jsonl" else "unfinished-event"
        comment = walk.frames[walk.frame_at(size - 1)].state is State.SILENT
        if not seen.events:
            assert seen.rules
            told["before the first event: " + ", ".join(seen.rules)] += 1
        elif size in ends or comment:
            assert {} == seen.rules
            assert noticed(walk.seen, seen)
            told["in a comment" if size not in ends else "behind a frame: a shorter log"] += 1
        else:
            assert {torn: 1} == seen.rules
            told[torn] += 1
    print(f"{name}: {len(walk.data) - 1:,} cuts\n" + "".join(f"{told[key]:>9,}  {key}\n" for key in told))

    assert len(walk.data) - 1 == told.total()


# -- whole frames ----------------------------------------------------------------------------------------------------


def arranged(walk: Walk, *places: int) -> bytes:
    return b"".join(walk.pieces[place] for place in places)


@each_log
def test_an_event_that_is_removed_is_noticed_where_links_tell_it(name: str) -> None:
    """``previous_seq`` tells a lost event between two others of its thread; nothing tells the first and the last.

    Store records and streams before v0.9.1 have no links: a lost event leaves no trace at all. The statistics say so.
    """
    walk = walk_over(name)
    before = walk.seen
    caveats = " ".join(audit(walk.data, statistics=True).caveats or ())
    places = range(len(walk.pieces))
    for gone, event in walk.events.items():
        seen = seen_by(audit(arranged(walk, *(place for place in places if place != gone))))
        assert seen.events == before.events - 1
        between = event.earlier is not None and event.later is not None
        if walk.plan.shape is Shape.COMPAT:
            assert {} == seen.rules
        else:
            assert ({"broken-link": 1} if walk.linked and between else {}) == seen.rules
    if walk.plan.shape is Shape.RECORD:
        assert "a line that was removed whole leaves no trace" in caveats
    elif walk.linked:
        assert "events before the first and behind the last of each thread leave no trace" in caveats
    elif walk.plan.shape is not Shape.COMPAT:
        assert "an event that was lost leaves no trace" in caveats


@each_log
def test_a_doubled_event_is_told(name: str) -> None:
    """In the compat stream, which has no numbers, only the count shows it; behind ``done`` nothing may follow."""
    walk = walk_over(name)
    places = range(len(walk.pieces))
    for twice in walk.events:
        seen = seen_by(audit(arranged(walk, *places[: twice + 1], *places[twice:])))
        assert seen.events == walk.seen.events + 1
        if walk.plan.shape is Shape.COMPAT:
            assert ({"event-after-done": 1} if walk.frames[twice].event == "done" else {}) == seen.rules
        else:
            again = {"new-connection": 1} if walk.linked else {}
            assert {"seq-duplicate": 1} | again == seen.rules


@each_log
def test_neighbours_that_are_swapped_are_told(name: str) -> None:
    """Order is judged within a thread; the compat stream has none but that ``done`` comes last."""
    walk = walk_over(name)
    places = list(range(len(walk.pieces)))
    for first, second in zip(walk.events, list(walk.events)[1:], strict=False):
        order = places.copy()
        order[first], order[second] = second, first
        rules = seen_by(audit(arranged(walk, *order))).rules
        if walk.plan.shape is Shape.COMPAT:
            assert ({"event-after-done": 1} if walk.frames[second].event == "done" else {}) == rules
        elif walk.events[first].thread is walk.events[second].thread:
            assert "seq-step-back" in rules
        else:
            assert {} == rules


@each_log
def test_a_line_end_that_is_removed_is_noticed(name: str) -> None:
    """Glued lines: two records on one line, two events in one, a field inside another's value, a torn end."""
    walk = walk_over(name)
    told: Counter[str] = Counter()
    for at in (at for at, byte in enumerate(walk.data) if byte == 0x0A):
        by = noticed(walk.seen, seen_by(audit(walk.data[:at] + walk.data[at + 1 :])))
        bare = walk.plan.framing == "sse" and walk.data[at - 1 : at] == b"\r"
        assert by or bare
        told[by or "a CR is left, which ends the line as well"] += 1
    print(f"{name}: {told.total():,} line ends\n" + "".join(f"{told[key]:>9,}  {key}\n" for key in told))

    if walk.plan.framing == "jsonl":
        assert {"glued-records": len(walk.pieces) - 1, "torn-tail": 1} == told
