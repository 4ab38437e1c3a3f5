"""``replay tail`` as a user runs it, on logs that do not grow; those that do are in test_tail_follow."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli.envelope import Envelope
from replay_cli.interleaving import merged
from replay_cli.looking import Seen
from replay_cli.showing import Lines, Look, prefixes
from replay_cli.stores import runtime_folder
from tests.conftest import ROOT, Ran, Replay
from tests.making import capture, compact, envelope, message, record, store

STORE = ROOT / "fixtures" / "recorded" / "store"
CAPTURES = ROOT / "fixtures" / "recorded" / "captures"
DAMAGED = ROOT / "fixtures" / "damaged"


def shown(ran: Ran) -> list[int]:
    """The numbers of the events that were shown as lines."""
    return [int(line.split()[1]) for line in ran.stdout.splitlines() if line[:2].isdigit()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log.jsonl").write_bytes(store(*range(1, 51), completed=True))
    return tmp_path / "log.jsonl"


def two_threads(folder: Path, **texts: bytes) -> Path:
    """A store with these logs."""
    (folder / "events").mkdir(parents=True)
    (folder / "state.json").write_text('{"schema_version":2,"next_seq":100}')
    for thread, text in texts.items():
        (folder / "events" / f"{thread}.jsonl").write_bytes(text)
    return folder


# --- Which events -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], range(32, 52)),
        (["-n", "3"], range(49, 52)),
        (["-n", "0"], []),
        (["-n", "500"], range(1, 52)),
        (["--since-seq", "48"], [49, 50, 51]),
        (["--since-seq", "40", "-n", "2"], [50, 51]),
        (["--since-seq", "3", "--until-seq", "6"], [4, 5, 6]),
        (["--until-seq", "4", "-n", "2"], [3, 4]),
        (["--event", "turn.*"], [51]),
        (["--event", "!item.*"], [51]),
        (["--since", "2026-11-21T06:00:49Z"], [49, 50, 51]),
        (["--thread", "thr_2"], []),
        (["--turn", "turn_1", "-n", "1"], [51]),
        (["--turn", "turn_2"], []),
    ],
)
def test_the_events_that_were_asked_for_are_shown(replay: Replay, log: Path, words: list[str], expected: Any) -> None:
    ran = replay("tail", *words, log)

    assert (0, list(expected)) == (ran.code, shown(ran))


@pytest.mark.parametrize("how", ["plain", "gzip", "stdin", "sse"])
def test_the_end_is_the_same_however_it_is_read(replay: Replay, tmp_path: Path, how: str) -> None:
    data = store(*range(1, 51), completed=True)
    if how == "gzip":
        data = gzip.compress(data)
    elif how == "sse":
        data = capture(*((seq, seq - 1) for seq in range(1, 52)))
    (tmp_path / "log").write_bytes(data)
    ran = replay("tail", "-n", "4", "-" if how == "stdin" else "log", stdin=data if how == "stdin" else b"")

    assert (0, [48, 49, 50, 51]) == (ran.code, shown(ran))
    assert ran.stderr == "replay: showed 4 events of 1 log, seq 48 to 51: 0 errors, 0 warnings, 0 notes\n"


LINES = st.lists(
    st.one_of(
        st.integers(1, 30).map(record),
        st.integers(1, 30).map(lambda seq: record(seq, "turn.completed")),
        st.sampled_from([b"\n", b"{oops\n", b"[]\n"]),
    ),
    max_size=40,
)


@given(lines=LINES, torn=st.sampled_from([b"", record(99)[:50]]), number=st.integers(0, 12), filtered=st.booleans())
def test_the_last_events_are_the_end_of_all_events(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], torn: bytes, number: int, filtered: bool
) -> None:
    """What is read backwards, with its findings, is the end of what is read forward."""
    from replay_cli.planning import Options
    from replay_cli.profiles import Shape
    from replay_cli.selection import Globs, Selection
    from replay_cli.tailed import Tailed

    path = tmp_path_factory.mktemp("law") / "log.jsonl"
    path.write_bytes(b"".join(lines) + torn)
    selection = Selection(events=Globs(["turn.*"]) if filtered else None)
    options = Options(profile=Shape.RECORD, framing="jsonl")

    def told(last: int | None) -> list[tuple[int, bool, list[str]]]:
        log = Tailed(0, str(path), options, selection)
        if last is not None:
            keys = log.find_last(last)
            assert len(keys) <= last
            last = len(keys)
        # What is neither shown nor has findings may be passed over.
        return [
            (seen.offset, seen.shown, [one.code for one, _ in seen.findings])
            for seen in log.backlog(last, False)
            if seen.shown or seen.findings
        ]

    whole, ended = told(None), told(number)
    events = [place for place, one in enumerate(whole) if one[1]]
    wanted = events[-number:] if number else []

    assert [whole[place][0] for place in wanted] == [one[0] for one in ended if one[1]]
    if number > len(wanted):
        assert ended == whole
    else:
        torn_tail = [one for one in whole if torn and one[0] == sum(map(len, lines))]
        assert ended == (whole[wanted[0] :] if wanted else torn_tail)


@pytest.mark.parametrize(
    "words",
    [
        {"since_seq": 900},
        {"events": ["turn.*"]},
        {"threads": ["thr_2"]},
        {"since": 15},
        {"since_seq": 300, "events": ["turn.*"]},
        {"since_seq": 450, "events": ["thread.*"]},
        {"since": 15, "events": ["thread.*"]},
    ],
)
@pytest.mark.parametrize("number", [None, 0, 2, 30])
@pytest.mark.parametrize("broken", [b"", b"{oops\n"], ids=["clean", "broken"])
def test_what_is_passed_over_as_a_whole_changes_nothing(
    tmp_path: Path, words: dict[str, Any], number: int | None, broken: bytes
) -> None:
    from replay_cli.planning import Options
    from replay_cli.profiles import Shape
    from replay_cli.selection import Globs, Selection
    from replay_cli.tailed import Tailed

    lines = [record(seq, thread="thr_2" if seq > 950 else "thr_1") for seq in range(1, 1000)]
    # Two threads in turn, the second of which does not go on where it was.
    lines += [record(1000 + seq, thread=f"thr_{seq % 2 + 1}") for seq in range(600)]
    lines += [record(999 + seq, thread=f"thr_{seq % 2 + 1}") for seq in range(602, 1200)]
    lines += [broken] + [record(1100 + seq, thread=f"thr_{seq % 2 + 1}") for seq in range(602, 1200)]
    lines[400:400] = [broken, record(7, "turn.completed", thread="thr_3"), record(5, thread="thr_3")]
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines))
    selection = Selection(
        since_seq=words.get("since_seq"),
        since=1_795_241_700_000_000_000 if "since" in words else None,
        threads=frozenset(words.get("threads", ())),
        events=Globs(words["events"]) if "events" in words else None,
    )

    def told(fast: bool) -> list[object]:
        options = Options(profile=Shape.RECORD, framing="jsonl", fast=fast)
        log = Tailed(0, str(tmp_path / "log.jsonl"), options, selection)
        last = None if number is None else len(log.find_last(number))
        found = [one for one in log.backlog(last, False) if one.shown or one.findings]
        return [(one.offset, one.shown, one.seq, [found.code for found, _ in one.findings]) for one in found]

    assert told(fast=False) == told(fast=True)


# --- Several logs -----------------------------------------------------------------------------------------------


def test_threads_of_a_store_are_merged_by_seq(replay: Replay, tmp_path: Path) -> None:
    two_threads(
        tmp_path / "runtime",
        thr_1=b"".join(record(seq) for seq in (1, 4, 6)),
        thr_2=b"".join(record(seq, thread="thr_2") for seq in (2, 3, 5, 7)),
    )

    assert [3, 4, 5, 6, 7] == shown(replay("tail", "-n", "5", "runtime"))


def test_logs_of_several_stores_are_merged_by_time(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(record(1) + record(2, timestamp="2026-11-21T06:00:09Z"))
    (tmp_path / "b.jsonl").write_bytes(record(5) + record(6))
    ran = replay("tail", "--utc", "a.jsonl", "b.jsonl")

    assert ["a.jsonl", "b.jsonl", "b.jsonl", "a.jsonl"] == [line.split()[0] for line in ran.stdout.splitlines()[1:]]


@given(rows=st.lists(st.lists(st.integers(0, 20), max_size=8), max_size=4))
def test_merging_keeps_the_order_in_each_log(rows: list[list[int]]) -> None:
    def seen(log: int, seq: int) -> Seen:
        return Seen(log, "", None, False, False, seq, 100 - seq, b"", 0)

    for groups in (["store"] * len(rows), [str(number) for number in range(len(rows))]):
        found = list(merged([[seen(number, seq) for seq in row] for number, row in enumerate(rows)], groups))
        for number, row in enumerate(rows):
            assert row == [one.seq for one in found if one.log == number]


def test_the_store_of_this_machine_is_found_without_a_name(replay: Replay, tmp_path: Path) -> None:
    two_threads(tmp_path / "home" / ".codewhale" / "tasks" / "runtime", thr_1=record(1))
    unset = dict.fromkeys(
        ("CODEWHALE_RUNTIME_DIR", "CODEWHALE_TASKS_DIR", "CODEWHALE_HOME", "DEEPSEEK_TASKS_DIR"), ""
    )
    env = {"HOME": str(tmp_path / "home"), "DEEPSEEK_RUNTIME_DIR": "", **unset}

    assert [1] == shown(replay("tail", env=env))
    lost = replay("tail", env={**env, "CODEWHALE_HOME": "/nowhere"})
    assert (2, "replay: tail: no log named, and there is no store in /nowhere/tasks/runtime\n") == (
        lost.code,
        lost.stderr,
    )


@pytest.mark.parametrize(
    ("env", "there", "expected"),
    [
        ({"CODEWHALE_RUNTIME_DIR": "/r", "CODEWHALE_TASKS_DIR": "/t"}, "", "/r"),
        ({"DEEPSEEK_RUNTIME_DIR": "/d"}, "", "/d"),
        ({"DEEPSEEK_RUNTIME_DIR": "/d", "CODEWHALE_RUNTIME_DIR": "/r"}, "", "/r"),
        ({"CODEWHALE_TASKS_DIR": "/t", "CODEWHALE_HOME": "/h"}, "", "/t/runtime"),
        ({"DEEPSEEK_TASKS_DIR": "/t"}, "", "/t/runtime"),
        ({"CODEWHALE_HOME": "/h"}, "", "/h/tasks/runtime"),
        ({"CODEWHALE_RUNTIME_DIR": ""}, ".deepseek", "HOME/.deepseek/tasks/runtime"),
        ({}, ".codewhale", "HOME/.codewhale/tasks/runtime"),
        ({}, "", "HOME/.codewhale/tasks/runtime"),
    ],
)
def test_the_store_is_where_the_runtime_looks(tmp_path: Path, env: dict[str, str], there: str, expected: str) -> None:
    if there:
        (tmp_path / there / "tasks").mkdir(parents=True)

    assert expected == str(runtime_folder(env, tmp_path)).replace(str(tmp_path), "HOME")


def test_logs_of_one_name_are_told_apart() -> None:
    assert {0: "a/log.jsonl", 1: "b/log.jsonl"} == prefixes(["x/a/log.jsonl", "x/b/log.jsonl"])
    assert {0: "a", 1: "b"} == prefixes(["/x/a", "/y/b/"])
    assert {0: "…ery-long-name.x", 1: "b".ljust(16)} == prefixes(["not-a-very-long-name.x", "b"])


# --- Findings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("torn-tail.jsonl", "error F101 torn-tail"),
        ("broken-line.jsonl", "error J101 not-json"),
        ("lost-frames.sse", "error S104 broken-link"),
        ("reordered.jsonl", "error S102 seq-step-back"),
    ],
)
def test_a_finding_is_shown_where_it_happens_and_ends_a_strict_run(replay: Replay, name: str, told: str) -> None:
    ran = replay("tail", "--since-seq", "0", DAMAGED / name)
    strict = replay("tail", "--since-seq", "0", "--strict", DAMAGED / name)

    assert (0, 1) == (ran.code, strict.code)
    place = next(place for place, line in enumerate(ran.stdout.splitlines()) if line.strip().startswith(told))
    lines = strict.stdout.splitlines()
    assert lines == ran.stdout.splitlines()[: len(lines)]
    assert lines[-1].strip().startswith("error ")
    assert len(lines) <= place + 1


def test_the_first_event_shown_is_compared_with_the_one_before_it(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.sse").write_bytes(capture((1, 0), (2, 1), (5, 4)))
    ran = replay("tail", "-n", "1", "log.sse")

    assert "broken-link: previous_seq 4 after seq 2" in ran.stdout
    assert ran.stderr.endswith(": 1 error, 0 warnings, 0 notes\n")


def test_findings_of_other_threads_are_not_shown(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(
        record(1) + record(9, thread="thr_2") + record(7, thread="thr_2") + record(8)
    )

    assert "" == "".join(line for line in replay("tail", "--thread", "thr_1", "log.jsonl").stdout if "error" in line)
    assert "seq-step-back" in replay("tail", "log.jsonl").stdout


COMPLETED, NOSUCH = ["--event", "turn.completed"], ["--event", "nosuch.event"]
LIMITS: list[tuple[list[str], bool]] = [
    (COMPLETED, True),
    ([*COMPLETED, "-n", "1"], False),
    ([*NOSUCH, "-n", "0"], False),
    ([*COMPLETED, "--since-seq", "0"], True),
    ([*COMPLETED, "--since-seq", "4"], False),
    (NOSUCH, True),
    ([*COMPLETED, "--since-seq", "2"], True),
    ([*COMPLETED, "--since-seq", "3"], True),
    ([*COMPLETED, "--since-seq", "0", "--until-seq", "3"], False),
    ([*COMPLETED, "--since", "2026-11-21T06:00:02Z"], True),
    ([*COMPLETED, "--since", "2026-11-21T06:00:05Z"], False),
    (["--turn", "turn_9", "--since-seq", "0"], True),
    (["--thread", "thr_9", "-n", "5"], True),
]


@pytest.mark.parametrize(
    ("how", "words", "counted"),
    [
        *(("plain", *one) for one in LIMITS),
        *((how, *one) for how in ("gzip", "stdin", "sse", "follow", "long") for one in LIMITS[:5]),
    ],
)
def test_what_is_asked_of_events_limits_no_findings(
    replay: Replay, tmp_path: Path, how: str, words: list[str], counted: bool
) -> None:
    """The range does, and ``-n`` where it leaves out something that is asked for."""
    ends = [*range(8, 1500 if how == "long" else 10)]
    if how == "sse":
        events = [envelope(seq, seq - 1) for seq in range(1, 8)]
        ended = envelope(8, 7, event="turn.completed", kind="turn.completed", item_id=None, payload={"turn": {}})
        pieces = [*map(message, events[:3]), b"data: {oops\n\n", *map(message, [*events[3:], ended])]
    else:
        pieces = [*map(record, range(1, 4)), b"{oops\n", *map(record, range(4, 8)), *map(record, ends)]
        pieces.append(record(ends[-1] + 1, "turn.completed"))
    data = b"".join(pieces)
    (tmp_path / "log").write_bytes(gzip.compress(data) if how == "gzip" else data)
    more = {"stdin": ["-"], "follow": ["log", "-f", "--timeout", "0.3"]}.get(how, ["log"])
    ran = replay("tail", *words, *more, stdin=data if how == "stdin" else b"")
    strict = replay("tail", "--strict", *words, *more, stdin=data if how == "stdin" else b"")

    assert (0, int(counted)) == (ran.code, ran.stdout.count("error J101")), ran.stderr
    assert int(counted) == strict.code


@pytest.mark.parametrize("words", [["--raw"], ["--format", "jsonl"], ["--format", "json"]])
def test_beside_bytes_and_json_findings_go_to_stderr(replay: Replay, words: list[str]) -> None:
    ran = replay("tail", *words, DAMAGED / "torn-tail.jsonl")

    assert "F101" not in ran.stdout
    assert "replay: error F101 torn-tail" in ran.stderr


def test_what_has_no_place_is_no_finding(replay: Replay, tmp_path: Path) -> None:
    """Beyond the range that was asked for nothing counts."""
    lines = [record(1), record(2), b"{oops\n", record(3), record(3), record(5), b"{oops\n", record(6), record(6)]
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines) + record(7)[:50])

    def found(*words: str) -> tuple[int, list[str], list[int]]:
        ran = replay("tail", "-n", "50", *words, "log.jsonl")
        codes = [line.split()[1] for line in ran.stdout.splitlines() if line.startswith("    ")]
        assert bool(codes) == (replay("tail", "-n", "50", "--strict", *words, "log.jsonl").code == 1)
        return ran.code, codes, shown(ran)

    assert (0, ["J101", "S101", "J101", "S101", "F101"], [1, 2, 3, 3, 5, 6, 6]) == found()
    assert (0, [], [1]) == found("--until-seq", "1")
    assert (0, ["J101", "S101"], [1, 2, 3, 3]) == found("--until-seq", "3")
    assert (0, ["J101", "S101", "F101"], [6, 6]) == found("--since", "2026-11-21T06:00:06Z")
    assert (0, [], [5]) == found("--since-seq", "3", "--until-seq", "5")


@pytest.mark.parametrize("words", [[], ["-f", "--timeout", "0.4"]])
def test_what_cannot_be_read_right_behind_what_is_known_is_shown(
    replay: Replay, tmp_path: Path, words: list[str]
) -> None:
    """It may be the very event that was asked for."""
    log = tmp_path / "log.jsonl"
    for behind in (b"", record(4)):
        log.write_bytes(record(1) + b"{no\n" + record(2) + b"{oops\n" + behind)
        ran = replay("tail", "--since-seq", "2", *words, "log.jsonl")
        assert 1 == ran.stdout.count("J101")
        assert ran.stdout.lstrip().startswith("error J101")
    assert 1 == replay("tail", "--since-seq", "2", "--strict", *words, "log.jsonl").code


# --- Ids, as they are shown -------------------------------------------------------------------------------------

LONG = "thr_abcdefghij"
OTHER = "thread-0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("words", "expected", "told"),
    [
        (["--thread", "thr_1"], [1], ""),
        (["--thread", "1"], [1], ""),
        (["--thread", LONG], [2], ""),
        (["--thread", "abcdefg…"], [2], ""),
        (["--thread", "abcdefg"], [], "--thread: abcdefg matched no event"),
        (["--thread", "1,abcdefg…"], [1, 2], ""),
        (["--thread", "nobody"], [], "--thread: nobody matched no event"),
        (["--thread", OTHER], [3], ""),
        (["--thread", "0f8fad5…"], [3], ""),
        (["--thread", OTHER.removeprefix("thread-")], [3], ""),
        (["--turn", "turn_1", "--until-seq", "2"], [1, 2], ""),
        (["--turn", "1", "--until-seq", "2"], [1, 2], ""),
        (["--turn", "turn_9", "--thread", "1"], [], "--turn: turn_9 matched no event"),
    ],
)
def test_ids_may_be_given_as_they_are_shown(
    replay: Replay, tmp_path: Path, words: list[str], expected: list[int], told: str
) -> None:
    (tmp_path / "log.jsonl").write_bytes(record(1) + record(2, thread=LONG) + record(3, thread=OTHER))
    for more in ([], ["--since-seq", "0"]):
        ran = replay("tail", *words, *more, "log.jsonl")
        assert (0, expected) == (ran.code, shown(ran))
        assert (told in ran.stderr) if told else (1 == len(ran.stderr.splitlines()))


def test_threads_of_the_other_constructor_are_told_apart(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(record(1, thread=OTHER) + record(2, thread="thread-ffffffff-ffff"))
    lines = replay("tail", "log.jsonl").stdout.splitlines()[1:]

    assert ["0f8fad5…", "fffffff…"] == [line.split()[2] for line in lines]


def test_an_id_that_stands_for_two_is_refused(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(record(1, thread=LONG) + record(2, thread="thr_abcdefgxyz"))
    ran = replay("tail", "--thread", "abcdefg…", "log.jsonl")

    told = "--thread: abcdefg… stands for thr_abcdefgxyz and thr_abcdefghij; name one in full"
    assert (2, "", f"replay: {told}\n") == (ran.code, ran.stdout, ran.stderr)
    assert [2] == shown(replay("tail", "--thread", "thr_abcdefgxyz", "log.jsonl"))


def test_while_it_waits_it_says_what_has_matched_nothing(replay: Replay, log: Path) -> None:
    ran = replay("tail", "-f", "--thread", "nobody", "--timeout", "0.4", log)

    assert "replay: --thread: nobody matched no event" == ran.stderr.splitlines()[0]


# --- How it looks -----------------------------------------------------------------------------------------------


def test_a_line_has_time_seq_thread_event_and_words(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(record(7, thread="thr_1a2b3c4d"))
    ran = replay("tail", "--utc", "log.jsonl")
    local = replay("tail", "log.jsonl", env={"TZ": "Asia/Tokyo"})

    assert "-- 2026-11-21\n06:00:07.120      7 1a2b3c4d item.delta         a word\n" == ran.stdout
    assert "15:00:07.120" == local.stdout.splitlines()[1].split()[0]


def test_a_time_that_is_none_is_not_made_up(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.sse").write_bytes(message(envelope(1, 0)) + message(envelope(2, 1, timestamp="soon")))
    last = replay("tail", "log.sse").stdout.splitlines()[-1]

    assert ["--:--:--.---", "2"] == last.split()[:2]


HOSTILE = "\x1b[31mred\u202e\x07\r\nnext\x9b\u2028\x00"


@pytest.mark.parametrize("words", [[], ["--flow"], ["--payload"], ["--format", "jsonl"], ["--format", "json"]])
def test_no_control_character_reaches_a_terminal(replay: Replay, tmp_path: Path, words: list[str]) -> None:
    line = record(1, payload={"delta": HOSTILE, "kind": "agent_message"}, thread_id=HOSTILE, item_id=HOSTILE)
    other = record(2, event=HOSTILE, payload={"x": HOSTILE}, thread_id=HOSTILE)
    (tmp_path / "log.jsonl").write_bytes(line + other)
    ran = replay("tail", *words, "log.jsonl", env={"COLUMNS": "80"})

    assert 0 == ran.code
    assert all(character.isprintable() for character in ran.stdout.replace("\n", ""))


@pytest.mark.parametrize(
    "text", ["世界" * 60, "a" * 200, "🐳" * 80, "é" * 100, "e\u0301" * 200, "\u200d\u0301" * 4000]
)
def test_a_line_is_cut_to_the_width_and_wide_characters_count_as_two(text: str, tmp_path: Path) -> None:
    from rich.cells import cell_len

    for width in (1, 10, 30, 60, 81):
        for event in (seen(text), seen("x", event=text[:150])):
            written: list[str] = []
            Lines(Look(width=width, utc=True), written.append).show(event)
            lines = "".join(written).splitlines()[1:]
            assert all(cell_len(line) <= width for line in lines)
            assert lines[0].endswith("…")


def seen(text: str, **changes: str) -> Seen:
    """An event that says so."""
    fields: dict[str, Any] = {"event": "item.delta", "thread_id": "thr_1", "timestamp": "2026-11-21T06:00:00Z"}
    fields |= {"seq": 1, "turn_id": None, "item_id": None, "payload": {"delta": text, "kind": "agent_message"}}
    return Seen(0, "log", Envelope(**{**fields, **changes}), True, True, 1, 1_795_240_000_000_000_000, b"", 0)


def test_lines_are_cut_to_columns_unless_they_may_wrap(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(record(1, payload={"delta": "word " * 50, "kind": "agent_message"}))
    env = {"COLUMNS": "60"}

    assert 60 == len(replay("tail", "log.jsonl", env=env).stdout.splitlines()[1])
    assert 250 < len(replay("tail", "--wrap", "log.jsonl", env=env).stdout.splitlines()[1])
    assert 250 < len(replay("tail", "log.jsonl", env={"COLUMNS": ""}).stdout.splitlines()[1])


@pytest.mark.parametrize(
    ("words", "env", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_is_as_asked(replay: Replay, log: Path, words: list[str], env: dict[str, str], colored: bool) -> None:
    ran = replay("tail", *words, log, env=env)

    assert colored is ("\x1b[" in ran.stdout)


def test_colour_changes_nothing_else(replay: Replay) -> None:
    import re

    plain, colored = (replay("tail", "--color", when, "-n", "200", STORE).stdout for when in ("never", "always"))

    assert plain == re.sub(r"\x1b\[[0-9;]*m", "", colored)


def test_deltas_flow_on_until_another_event_comes(replay: Replay, tmp_path: Path) -> None:
    def delta(seq: int, text: str, item: str = "item_1", kind: str = "agent_message") -> bytes:
        return record(seq, item_id=item, payload={"delta": text, "kind": kind})

    lines = [
        delta(1, "one "),
        delta(2, "two\nthree "),
        delta(3, "four", "item_2", "agent_reasoning"),
        delta(4, "five"),
    ]
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines) + record(5, "turn.completed"))
    ran = replay("tail", "--flow", "--utc", "log.jsonl")

    assert [
        "-- 2026-11-21",
        "06:00:01.120      1 1        item.delta",
        "    one two",
        "    three ",
        "06:00:03.120      3 1        item.delta         reasoning:",
        "    four",
        "06:00:04.120      4 1        item.delta",
        "    five",
        "06:00:05.120      5 1        turn.completed     completed",
    ] == ran.stdout.splitlines()


def test_raw_is_byte_for_byte_what_is_there(replay: Replay, tmp_path: Path) -> None:
    data = capture((1, 0), (2, 1), (3, 2))
    (tmp_path / "log.sse").write_bytes(b": keepalive\n\n" + data)

    assert data.decode() == replay("tail", "--raw", "log.sse").stdout
    assert capture((3, 2)).decode() == replay("tail", "--raw", "-n", "1", "log.sse").stdout


def test_json_is_for_programs(replay: Replay, log: Path) -> None:
    lines = replay("tail", "--format", "jsonl", "-n", "2", log).stdout.splitlines()
    array = replay("tail", "--format", "json", "-n", "2", log).stdout

    assert [json.loads(line) for line in lines] == json.loads(array)
    first = json.loads(lines[0])
    assert first == {
        "source": str(log),
        "offset": first["offset"],
        "seq": 50,
        "timestamp": "2026-11-21T06:00:50.120Z",
        "thread_id": "thr_1",
        "turn_id": "turn_1",
        "item_id": "item_1",
        "event": "item.delta",
        "text": "a word",
    }
    assert record(50) == log.read_bytes()[first["offset"] :][: len(record(50))]
    with_payload = replay("tail", "--format", "jsonl", "--payload", "-n", "1", log).stdout
    assert {"turn": {"id": "turn_1", "thread_id": "thr_1", "status": "completed"}} == json.loads(with_payload)[
        "payload"
    ]
    assert [] == json.loads(replay("tail", "--format", "json", "-n", "0", log).stdout)


def test_a_payload_can_be_seen_in_full(replay: Replay, log: Path) -> None:
    ran = replay("tail", "--payload", "-n", "1", log)

    shown = "\n".join(ran.stdout.splitlines()[2:])
    assert {"turn": {"id": "turn_1", "thread_id": "thr_1", "status": "completed"}} == json.loads(shown)


def test_every_recording_is_shown_without_a_finding(replay: Replay) -> None:
    ran = replay("tail", "--since-seq", "0", STORE, *sorted(CAPTURES.glob("[!c]*.sse")))

    assert ran.stderr.endswith(": 0 errors, 0 warnings, 0 notes\n")


@pytest.mark.parametrize("how", ["plain", "gzip", "stdin", "follow"])
def test_the_compat_stream_is_shown_too(replay: Replay, tmp_path: Path, how: str) -> None:
    data = (CAPTURES / "compat.sse").read_bytes()
    (tmp_path / "log").write_bytes(gzip.compress(data) if how == "gzip" else data)
    words = {"stdin": ["-"], "follow": ["-f", "--timeout", "0.5", "log"]}.get(how, ["log"])
    ran = replay("tail", "-n", "2", *words, stdin=data if how == "stdin" else b"")

    assert 0 == ran.code
    note, *lines = ran.stdout.splitlines()
    assert note.startswith("    note C101 compat-stream: the capture is of the compat stream (POST /v1/stream)")
    assert ["turn.completed     1,200 tokens in, 80 tokens out", "done"] == [line[13:].strip() for line in lines]
    assert ran.stderr == "replay: showed 2 events of 1 log: 0 errors, 0 warnings, 1 note\n"


def test_what_has_no_seq_is_shown_without_one(replay: Replay) -> None:
    first = replay("tail", CAPTURES / "compat.sse").stdout.splitlines()[1]
    told = [
        json.loads(line) for line in replay("tail", "--format", "jsonl", CAPTURES / "compat.sse").stdout.splitlines()
    ]

    assert ["--:--:--.---", "6ee9b30a", "turn.started"] == first.split()[:3]
    assert {(None, None)} == {(one["seq"], one["timestamp"]) for one in told}
    assert ["thr_6ee9b30a", *[None] * 13] == [one["thread_id"] for one in told]


@pytest.mark.parametrize("words", [["--since-seq", "0"], ["--until-seq", "9"]])
def test_what_has_no_seq_is_in_no_range_of_it(replay: Replay, words: list[str]) -> None:
    ran = replay("tail", *words, CAPTURES / "compat.sse")

    assert (0, 1) == (ran.code, len(ran.stdout.splitlines()))
    assert "the events of this stream have no seq, so none is in a range of it" in ran.stderr


# --- What cannot be meant, or read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-n", "-1"], "-n: -1 is less than 0"),
        (["--since-seq", "5", "--until-seq", "5"], "--since-seq: 5 leaves nothing up to --until-seq 5"),
        (["--since", "soon"], "--since: 'soon' is no time"),
        (["--event", ""], "--event: is given an empty value"),
        (["--raw", "--format", "json"], "--raw: contradicts --format json"),
        (["--raw", "--flow"], "--flow: belongs to lines for a person"),
        (["--format", "jsonl", "--wrap"], "--wrap: belongs to lines for a person"),
        (["--raw", "--payload"], "--payload: contradicts --raw"),
        (["--flow", "--payload"], "--flow: contradicts --payload"),
        (["--exit-on", "turn.*"], "--exit-on: belongs to --follow"),
        (["--timeout", "3"], "--timeout: belongs to --follow"),
        (["-f", "--timeout", "soon"], "--timeout: 'soon' is no length of time"),
        (["-f", "-"], "-: is followed alone"),
        (["--cursor", "-"], "--cursor: is a file"),
        (["--max-line-bytes", "0"], "--max-line-bytes: 0 is less than 1"),
        (["nothing.jsonl"], "no such file: nothing.jsonl"),
        (["--cursor", "nowhere/kept"], "--cursor: nowhere/kept cannot be written: No such file or directory"),
        (["--cursor", "."], "--cursor: . cannot be written: Is a directory"),
        (
            ["-f", "-n", "0", "--timeout", "0.2", "--cursor", "nowhere/kept"],
            "--cursor: nowhere/kept cannot be written",
        ),
        (["--cursor", "log.jsonl"], "--cursor: log.jsonl holds no number of an event"),
        (["--cursor", "kept", "other.jsonl"], "--cursor: holds one number"),
    ],
)
def test_what_cannot_be_meant_is_one_line(replay: Replay, log: Path, words: list[str], told: str) -> None:
    (log.parent / "other.jsonl").write_bytes(store(1))
    ran = replay("tail", *words, log)

    assert (2, "") == (ran.code, ran.stdout)
    assert told in ran.stderr.splitlines()[0]
    assert 1 == len(ran.stderr.splitlines())


def test_what_holds_nothing_is_said_and_is_exit_code_3(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.jsonl").write_bytes(b"")
    (tmp_path / "page.html").write_bytes(b"<!DOCTYPE html>\n<html></html>\n")

    for name, told in (("empty", "nothing to read in it"), ("none.jsonl", ""), ("page.html", "not an event log")):
        ran = replay("tail", name)
        assert (3, "") == (ran.code, ran.stdout)
        assert told in ran.stderr


def test_a_log_in_which_nothing_is_asked_for_is_no_failure(replay: Replay, log: Path) -> None:
    assert 0 == replay("tail", "--since-seq", "1000", log).code


def test_a_pattern_that_fits_no_name_is_told(replay: Replay, log: Path) -> None:
    ran = replay("tail", "--event", "item.deltas", log)

    assert (0, "replay: --event: item.deltas matched no event") == (ran.code, ran.stderr.splitlines()[0])


def test_what_cannot_be_read_to_its_end_is_exit_code_4(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(store(*range(1, 20)))[:-20])
    ran = replay("tail", "log.jsonl.gz", "-n", "2")

    assert 4 == ran.code
    assert "replay: log.jsonl.gz: " in ran.stderr


def test_a_line_beyond_the_limit_is_told_and_not_kept(replay: Replay, tmp_path: Path) -> None:
    long = record(2, payload={"delta": "x" * 50_000, "kind": "agent_message"})
    (tmp_path / "log.jsonl").write_bytes(record(1) + long + record(3))
    ran = replay("tail", "--max-line-bytes", "2000", "log.jsonl")

    assert [1, 3] == shown(ran)
    assert "overlong-line" in ran.stdout


# --- The cursor -------------------------------------------------------------------------------------------------


def test_a_cursor_goes_on_where_the_last_call_ended(replay: Replay, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(store(1, 2, 3))
    first = replay("tail", "-n", "2", "--cursor", "kept", "log.jsonl")
    nothing = replay("tail", "--cursor", "kept", "log.jsonl")
    log.write_bytes(store(1, 2, 3, 6, 7))
    rest = replay("tail", "--cursor", "kept", "log.jsonl")

    assert ([2, 3], [], [6, 7]) == (shown(first), shown(nothing), shown(rest))
    assert "7\n" == (tmp_path / "kept").read_text()
    assert {"log.jsonl", "kept"} == {path.name for path in tmp_path.iterdir()}


def test_other_layouts_and_shapes_are_read_alike(replay: Replay, tmp_path: Path) -> None:
    spaced = json.dumps(envelope(1, 0)).encode() + b"\r\n" + compact(envelope(2, 1)) + b"\n"
    (tmp_path / "log.jsonl").write_bytes(spaced)
    (tmp_path / "log.sse").write_bytes(message(envelope(1, 0)).replace(b"\n", b"\r\n") + message(envelope(2, 1)))

    for name in ("log.jsonl", "log.sse"):
        assert [1, 2] == shown(replay("tail", name))


@pytest.mark.parametrize("words", [[], ["-n", "0"], ["--raw"], ["-n", "5", "--since-seq", "3"]])
@pytest.mark.parametrize("given", ["", ": keepalive\n\n"])
def test_nothing_on_stdin_is_told_in_one_line(replay: Replay, words: list[str], given: str) -> None:
    ran = replay("tail", *words, "-", stdin=given.encode())

    assert (3, "") == (ran.code, ran.stdout)
    assert "Traceback" not in ran.stderr


def test_more_events_than_there_can_be_are_refused(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(store(1))

    ran = replay("tail", "-n", "10000000000000000000", "log.jsonl")

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith("replay: -n: 10000000000000000000 is more than any log holds")
