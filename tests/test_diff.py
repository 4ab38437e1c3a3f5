"""``replay diff``: its laws on whole logs, what it tells of a difference, and the recordings of the real runtime."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_cli
from replay_cli.aligning import aligned, common
from replay_cli.profiles import schema_text
from replay_cli.volatile import IDS, VOLATILE, places
from tests.conftest import ROOT, Replay, environment
from tests.diffing import contrast, met
from tests.making import compact, envelope, message, record
from tests.recordings import logs, shared
from tests.test_bounds import MEASURED, MOST, STATUS

STORY = "recorded/store/events/thr_e777afbf.jsonl"
CAPTURE = ROOT / "fixtures" / "recorded" / "captures" / "story.sse"
FIXTURES = sorted(
    path
    for path in (ROOT / "fixtures").rglob("*")
    if path.suffix in (".jsonl", ".sse") and path.stem != "foreign-log"
)

SCHEMA = Draft202012Validator(json.loads(schema_text("diff")))
Lines = list[bytes]
WORDS = ("one", "two", "three", "four")


def delta(seq: int, text: str, item: str = "item_00000001", **changes: Any) -> bytes:
    payload = {"delta": text, "kind": "agent_message"}
    return record(seq, item_id=item, turn_id="turn_00000001", payload=payload, **changes)


def turn(size: int = 8) -> Lines:
    """A turn's events, each unlike the others."""
    return [delta(seq, f"word {seq} ") for seq in range(1, size + 1)]


def differing(left: bytes, right: bytes, **asked: Any) -> dict[str, Any]:
    """What two logs differ in, as ``diff --format json`` writes it."""
    text = contrast(left, right, **asked).document()
    found: dict[str, Any] = json.loads(text)
    assert text.isascii()
    SCHEMA.validate(found)
    assert found["equal"] is not any(found["counts"].values())
    return found


def kinds(found: dict[str, Any]) -> dict[str, int]:
    return {kind: number for kind, number in found["counts"].items() if number}


def pointers(found: dict[str, Any]) -> list[str]:
    return [value["pointer"] for one in found["differences"] for value in one["values"]]


# --- Laws -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_log_is_equal_to_itself_damaged_or_not(path: Path) -> None:
    data = path.read_bytes()

    for asked in ({}, {"align": "shape", "strict": True}, {"fold_deltas": True}):
        assert not contrast(data, data, **asked).total, asked


def renamed(text: str) -> str:
    """A text in which every id of the runtime's has another name."""
    return re.sub(
        r"\b((?:thr|turn|item|call|shell|agent)_)([0-9a-f]{8,})", lambda found: found[1] + found[2][::-1], text
    )


@pytest.mark.parametrize("align", ["seq", "shape"])
def test_renamed_ids_make_no_difference(align: str) -> None:
    text = CAPTURE.read_text(encoding="utf-8")

    found = differing(text.encode(), renamed(text).encode(), strict=True, align=align)

    assert found["equal"]


@pytest.mark.parametrize("align", ["seq", "shape"])
def test_two_ids_that_become_one_are_a_difference(align: str) -> None:
    log = [*turn(4), *(delta(seq, f"more {seq}", "item_00000002") for seq in range(5, 9))]
    merged = b"".join(log).replace(b"item_00000002", b"item_00000001")

    found = differing(b"".join(log), merged, align=align)

    assert kinds(found) == {"changed": 4}
    assert set(pointers(found)) == {"/item_id"}


def clashing(left: str, right: str, align: str = "seq") -> tuple[list[str], dict[str, Any]]:
    """What is told of ids between two logs, an event for each digit, which is the last one of its item's id."""
    logs = [
        b"".join(delta(seq, f"{seq}", f"item_0000000{one}") for seq, one in enumerate(row, 1))
        for row in (left, right)
    ]
    # Blank lines are no events, so that the lines of the two are not the same.
    found = contrast(b"\n" + logs[0], logs[1], align=align)
    document = json.loads(found.document())
    SCHEMA.validate(document)
    return [line.strip() for line in found.lines() if line.startswith("      ids: ")], document


@pytest.mark.parametrize("align", ["seq", "shape"])
def test_ids_that_contradict_what_is_known_say_what_and_since_when(align: str) -> None:
    told = {
        ("112", "111"): ["item_00000001 is item_00000001 since line 2, 1"],
        ("111", "112"): ["item_00000001 is item_00000001 since line 2, 1"],
        ("1122", "2211"): [],
        ("1122", "2213"): ["item_00000002 is item_00000001 since line 4, 3"],
        ("112", "332"): [],
        ("1312", "2421"): [],
        ("1312", "2422"): ["item_00000001 is item_00000002 since line 2, 1"],
        ("131", "244"): [
            "item_00000001 is item_00000002 since line 2, 1",
            "item_00000003 is item_00000004 since line 3, 2",
        ],
    }
    for (left, right), pairs in told.items():
        assert clashing(left, right, align)[0] == [f"ids: {pair}" for pair in pairs], (left, right)


def test_contradictions_are_told_to_programs_as_well() -> None:
    (found,) = clashing("112", "111")[1]["differences"]

    assert found["values"] == [
        {
            "pointer": "/item_id",
            "left": '"item_00000002"',
            "right": '"item_00000001"',
            "clashes": [{"left": "item_00000001", "right": "item_00000001", "left_line": 2, "right_line": 1}],
        }
    ]


def test_contradictions_are_told_of_ids_in_texts_and_of_other_differences_none() -> None:
    left, right = ([delta(1, "one"), delta(2, f"see {name}")] for name in ("item_00000001", "item_00000002"))
    other = [delta(1, "one"), delta(2, "look at item_00000002")]

    assert (
        "      ids: item_00000001 is item_00000001 since line 1" in contrast(b"".join(left), b"".join(right)).lines()
    )
    assert not [line for line in contrast(b"".join(left), b"".join(other)).lines() if "ids:" in line]


def test_the_page_shows_what_is_told_of_ids() -> None:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    left = [
        delta(seq, word, f"item_0000000{item}") for seq, word, item in zip(range(1, 5), WORDS, "1132", strict=True)
    ]
    right = [
        delta(seq, word, f"item_0000000{item}") for seq, word, item in zip(range(1, 5), WORDS, "2242", strict=True)
    ]

    assert "\n".join(list(contrast(b"".join(left), b"".join(right)).lines())[2:]) in page


CHANGES: dict[str, tuple[Callable[[Lines], Lines], dict[str, int], dict[str, int]]] = {
    "swapped": (lambda log: [*log[:3], log[4], log[3], *log[5:]], {"reordered": 1}, {"reordered": 1}),
    "first at the end": (lambda log: [*log[1:], log[0]], {"reordered": 1}, {"reordered": 1}),
    "one left out": (lambda log: [*log[:3], *log[4:]], {"missing": 1}, {"missing": 1}),
    "head lost": (lambda log: log[3:], {"missing": 3}, {"missing": 3}),
    "end lost": (lambda log: log[:-2], {"missing": 2}, {"missing": 2}),
    "one more": (lambda log: [*log, delta(9, "more")], {"added": 1}, {"added": 1}),
    "doubled": (lambda log: [*log[:3], log[2], *log[3:]], {"added": 1}, {"added": 1}),
    "another text": (lambda log: [*log[:3], delta(4, "other"), *log[4:]], {"changed": 1}, {"changed": 1}),
    "numbers moved on": (
        lambda log: [delta(seq + 100, f"word {seq} ") for seq in range(1, 9)],
        {"missing": 8, "added": 8},
        {},
    ),
    "later": (lambda log: [line.replace(b"T10:00", b"T11:07") for line in log], {}, {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_as_what_it_is(name: str) -> None:
    change, by_seq, by_shape = CHANGES[name]
    log = turn()

    for align, expected in (("seq", by_seq), ("shape", by_shape)):
        found = differing(b"".join(log), b"".join(change(log)), align=align)
        assert kinds(found) == expected, align


@pytest.mark.parametrize("name", CHANGES)
def test_the_other_way_round_missing_is_added(name: str) -> None:
    log, changed = b"".join(turn()), b"".join(CHANGES[name][0](turn()))

    one, other = (kinds(differing(*pair, align="shape")) for pair in ((log, changed), (changed, log)))

    turned = {"missing": "added", "added": "missing"}
    assert one == {turned.get(kind, kind): number for kind, number in other.items()}


def test_framing_shape_and_compression_make_no_difference(replay: Replay, tmp_path: Path) -> None:
    for name, words in {"a.jsonl": ["--as", "jsonl", "--to", "record"], "b.sse": ["--as", "sse", "--relink"]}.items():
        assert 0 == replay("emit", "-q", *words, "-o", name, CAPTURE).code
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))

    for other in ("a.jsonl", "a.jsonl.gz", "b.sse"):
        for words in ([], ["--strict"], ["--align", "shape"]):
            ran = replay("diff", *words, CAPTURE, other)
            assert (0, "") == (ran.code, ran.stdout), ran.stdout


# --- Deltas -----------------------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("ab \u2028é"), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_folded_deltas_do_not_show_their_pieces(text: str, chance: random.Random) -> None:
    from replay_cli.folding import folded

    def pieces() -> Lines:
        row: Lines = []
        at = 0
        while at < len(text):
            size = chance.randint(1, 5)
            row.append(delta(len(row) + 1, text[at : at + size]))
            at += size
        return [*row, record(99, "item.completed")]

    one, other = ([entry.value for entry in folded(iter(met(pieces())))] for _ in range(2))

    assert one == other
    assert 2 == len(one)


def test_interleaved_texts_are_folded_each_for_itself() -> None:
    mine, other = "item_00000001", "item_00000002"
    left = [delta(1, "ab", mine), delta(2, "x", other), delta(3, "c", mine), delta(4, "y", other)]
    right = [delta(1, "a", mine), delta(2, "bc", mine), delta(3, "xy", other)]

    assert differing(b"".join(left), b"".join(right), fold_deltas=True)["equal"]
    assert not differing(b"".join(left), b"".join(right), align="shape")["equal"]


def test_a_text_that_differs_is_told_when_it_is_folded() -> None:
    found = differing(delta(1, "abc"), delta(1, "ab") + delta(2, "d"), fold_deltas=True)

    assert pointers(found) == ["/payload/delta"]
    assert [(value["left"], value["right"]) for value in found["differences"][0]["values"]] == [('"abc"', '"abd"')]


def test_deltas_of_the_compat_stream_are_folded_too() -> None:
    def stream(*texts: str) -> bytes:
        said = b"".join(b"event: message.delta\ndata: " + compact({"content": text}) + b"\n\n" for text in texts)
        return said + b"event: done\ndata: {}\n\n"

    assert differing(stream("ab", "c"), stream("a", "bc"), fold_deltas=True)["equal"]
    assert not differing(stream("ab", "c"), stream("a", "bc"))["equal"]


# --- What is left out -------------------------------------------------------------------------------------------


def put(value: dict[str, Any], pointer: str, what: object) -> None:
    *path, last = [name if name != "*" else "0" for name in pointer.split("/")[1:]]
    for name in path:
        value = value.setdefault(name, {})
    value[last] = what


@pytest.mark.parametrize("pointer", [pointer for pointer, _ in VOLATILE])
def test_what_is_volatile_is_compared_only_under_strict(pointer: str) -> None:
    sides = []
    for minute in (1, 2):
        value = {**envelope(5, 4), "payload": {}}
        put(value, pointer, minute if pointer == "/previous_seq" else f"2026-08-20T10:0{minute}:00+00:00")
        sides.append(compact(value) + b"\n")

    assert differing(sides[0], sides[1], align="seq")["equal"]
    assert pointer.replace("*", "0") in pointers(differing(*sides, align="seq", strict=True))


@pytest.mark.parametrize("pointer", IDS)
def test_ids_of_any_form_may_have_other_names(pointer: str) -> None:
    sides = []
    for name in ("toolu_Zx9", "another"):
        value = {**envelope(5, 4), "payload": {}}
        put(value, pointer, name)
        sides.append(compact(value) + b"\n")

    assert differing(*sides, align="seq", strict=True)["equal"]


QUOTED = {
    "in a sentence": ("started item_0a1b2c3d, then", "started item_1a1b2c3d, then", True),
    "in JSON": ('{"agent_id":"agent_0a1b2c3d4e"}', '{"agent_id":"agent_0a1b2c3d4f"}', True),
    "a UUID": ("goal-0bf8efc2-7b44-48e0-82fe-7ece54990118", "goal-1bf8efc2-7b44-48e0-82fe-7ece54990118", True),
    "cut by a summary": ("agent: agent_0a1b...", "agent: agent_2a1b...", True),
    "another text": ("started item_0a1b2c3d", "ended item_0a1b2c3d", False),
    "in a word": ("an_item_0a1b2c3d", "an_item_1a1b2c3d", False),
    "too short": ("item_0a1b", "item_1a1b", False),
}


@pytest.mark.parametrize("name", QUOTED)
def test_ids_of_the_runtime_are_known_in_any_text(name: str) -> None:
    left, right, equal = QUOTED[name]

    found = differing(*(record(1, payload={"text": text}) for text in (left, right)))

    assert found["equal"] is equal


@pytest.mark.parametrize(
    ("ignored", "equal"),
    [
        ("/payload/a/b", True),
        ("/payload/a", True),
        ("/payload/*/b", True),
        ("/payload/*", True),
        ("/payload/a/c", False),
        ("/payload/a/b/0/x", True),
        ("/payload/a/b/1/x", False),
        ("/payload/a/b/*/x", True),
    ],
)
def test_ignore_leaves_out_a_place_and_what_is_in_it(ignored: str, equal: bool) -> None:
    left, right = (record(1, payload={"a": {"b": [{"x": number}], "c": 1}}) for number in (1, 2))

    assert differing(left, right, ignore=[ignored])["equal"] is equal


def test_a_star_holds_for_named_members_too() -> None:
    root = places(False, ["/payload/*/metadata"])

    payload = root.at("payload")
    assert payload is not None
    item = payload.at("item")
    assert item is not None
    metadata = item.at("metadata")
    assert metadata is not None
    assert metadata.skipped


# --- What is told -----------------------------------------------------------------------------------------------

VALUES = {
    "number": ({"n": 1}, {"n": 2}, "/payload/n", "1", "2"),
    "kind of number": ({"n": 1}, {"n": 1.0}, "/payload/n", "1", "1.0"),
    "big number": ({"n": 2**70}, {"n": 2**70 + 1}, "/payload/n", str(2**70), str(2**70 + 1)),
    "truth and one": ({"n": True}, {"n": 1}, "/payload/n", "true", "1"),
    "absent": ({"n": None}, {}, "/payload/n", "null", None),
    "kind": ({"n": []}, {"n": {}}, "/payload/n", "[]", "{}"),
    "element": ({"n": [1, 2]}, {"n": [1]}, "/payload/n/1", "2", None),
    "awkward name": ({"a/b~": 1}, {"a/b~": 2}, "/payload/a~1b~0", "1", "2"),
    "escape": ({"n": "\x1b[31m"}, {"n": "\u202e"}, "/payload/n", '"\\u001b[31m"', '"\\u202e"'),
}


@pytest.mark.parametrize("name", VALUES)
def test_places_are_pointers_and_values_are_told(name: str) -> None:
    left, right, *expected = VALUES[name]

    found = differing(record(1, payload=left), record(1, payload=right))

    (one,) = found["differences"]
    (value,) = one["values"]
    assert [value["pointer"], value["left"], value["right"]] == expected


def test_long_values_are_shown_where_they_differ() -> None:
    left, right = (record(1, payload={"n": "x" * 100_000 + end + "z" * 100_000}) for end in ("left", "right"))

    (one,) = differing(left, right)["differences"]

    assert "left" in one["values"][0]["left"]
    assert "right" in one["values"][0]["right"]
    assert len(one["values"][0]["left"]) < 150


@pytest.mark.parametrize(
    ("large", "what"),
    [
        ("x" * 1_500_000 + "{}", "string"),
        (["x" * 100_000, "{}"] * 12, "array"),
        ({"n": ["y"] * 400_000 + ["{}"]}, "array"),
        ({str(number): "{}" for number in range(100_000)}, "object"),
    ],
)
def test_digests_of_what_is_large_are_told_as_such(large: Any, what: str) -> None:
    logs = (record(1, payload={"n": json.loads(json.dumps(large).replace("{}", end))}) for end in ("left", "right"))

    (one,) = differing(*logs)["differences"]

    for value in one["values"]:
        for side in (value["left"], value["right"]):
            assert re.search(rf"…\(digest of the {what}: [0-9a-f]{{32}}\)", side)
            assert not re.search(r"[0-9a-f]{32}", re.sub(r"\(digest of the \w+: [0-9a-f]{32}\)", "", side))


def test_values_that_look_like_digests_are_none() -> None:
    hexed = "0" * 32
    left = [record(1, payload={"n": ["a" + hexed[1:]], "o": {"digest": hexed}, "p": "x" * 2000 + "…" + hexed})]
    right = [record(1, payload={"n": [hexed], "o": {"digest": "b" + hexed[1:]}, "p": "x" * 2000 + "…c" + hexed[1:]})]

    assert "(digest of" not in "".join(contrast(b"".join(left), b"".join(right)).lines())


def test_nothing_of_a_log_reaches_the_terminal_raw(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(record(1, "\x1b[2J", payload={"\x1b]0;\x07\u202e": "\x1b[31m\u202e\n"}))
    (tmp_path / "right").write_bytes(record(1, "\x1b[2J", payload={}) + b"\x1b[2J broken \xff\n")

    ran = replay("diff", "left", "right")

    assert ran.code == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ran.stdout + ran.stderr)


def test_what_is_listed_has_a_bound_and_what_is_counted_has_none() -> None:
    log = b"".join(turn(30))

    found = differing(log, log + b"".join(delta(seq, "x") for seq in range(31, 61)), max_differences=7)

    assert (7, {"added": 30}) == (len(found["differences"]), kinds(found))


# --- Bad input --------------------------------------------------------------------------------------------------

REFUSED = {
    "no file": (["log", "absent"], 2, "absent"),
    "folder": (["log", "."], 2, "is a folder"),
    "stdin twice": (["-", "-"], 2, "only once"),
    "no pointer": (["--ignore", "payload", "log", "log"], 2, "--ignore: 'payload' is no JSON Pointer"),
    "half an escape": (["--ignore", "/a~2", "log", "log"], 2, "~0"),
    "empty pointer": (["--ignore", "", "log", "log"], 2, "--ignore"),
    "folded numbers": (["--align", "seq", "--fold-deltas", "log", "log"], 2, "contradicts"),
    "less than nothing": (["--until-seq", "-1", "log", "log"], 2, "--until-seq"),
    "one log": (["log"], 2, "B"),
    "both empty": (["empty", "empty"], 3, "holds no event"),
    "nothing so early": (["--until-seq", "0", "log", "log"], 3, "holds no event up to seq 0\n"),
    "another log": (["text", "log"], 3, "not an event log"),
    "one empty": (["log", "empty"], 1, "holds no event"),
    "too long": (["--max-line-bytes", "20", "log", "log"], 4, "cannot be compared"),
    "cut gzip": (["log", "cut.gz"], 4, "cut.gz"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_clear_line(replay: Replay, tmp_path: Path, name: str) -> None:
    words, code, said = REFUSED[name]
    (tmp_path / "log").write_bytes(b"".join(turn()))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("plain text\n" * 9)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"".join(turn()))[:-12])

    ran = replay("diff", *words)

    assert (code, True) == (ran.code, said in ran.stderr), ran.stderr


def test_the_twin_tells_what_the_command_tells(replay: Replay, tmp_path: Path) -> None:
    left, right = b"".join(turn(5)), b"".join([*turn(3), delta(4, "another word"), *turn(6)[4:]])
    for name, data in (("a", left), ("b", right)):
        (tmp_path / name).write_bytes(data)
    told = json.loads(replay("diff", "--format", "json", "a", "b").stdout)

    by_path = replay_cli.diff(tmp_path / "a", str(tmp_path / "b"))
    by_bytes = replay_cli.diff(left, right)
    for found, names in ((by_path, (str(tmp_path / "a"), str(tmp_path / "b"))), (by_bytes, ("<left>", "<right>"))):
        document = json.loads(found.model_dump_json())
        assert names == (document["left"].pop("source"), document["right"].pop("source"))
        assert {name: told[name] for name in ("equal", "counts", "differences")} == {
            name: document[name] for name in ("equal", "counts", "differences")
        }
    assert not by_path.equal
    assert replay_cli.diff(left, right, until_seq=3).equal


@pytest.mark.parametrize(
    ("left", "asked", "said"),
    [
        ("missing.jsonl", {}, "no such file: missing.jsonl"),
        (b"", {}, "<left>, <right>: hold no event"),
        (b'{"type":"x"}\n', {}, "<left>: "),
        (b"", {"align": "text"}, "align: 'text' is not auto, seq or shape"),
        (b"", {"ignore": "seq"}, "ignore: "),
        (b"", {"align": "seq", "fold_deltas": True}, "fold_deltas: contradicts"),
    ],
)
def test_what_the_twin_cannot_mean_is_a_usage_error(left: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(replay_cli.UsageError) as caught:
        replay_cli.diff(left, b"", **asked)

    assert str(caught.value).startswith(said)


INCOMPLETE = {
    "cut off": (
        gzip.compress(b"".join(turn()))[:-12],
        [],
        4,
        "not known to be equal: no difference in what could be",
    ),
    "both empty": (b"", [], 3, "nothing to compare: neither recording holds an event"),
    "too long to compare": (
        b"".join([*turn(), delta(9, "x" * 2000)]),
        ["--max-line-bytes", "1500"],
        4,
        "not known to be equal: no difference in what could be compared; 8 and 8 events",
    ),
    "equal": (b"".join(turn()), [], 0, "equal: 8 events, aligned by seq"),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_what_was_not_compared_is_not_called_equal(replay: Replay, tmp_path: Path, name: str) -> None:
    data, words, code, said = INCOMPLETE[name]
    (tmp_path / "left").write_bytes(b"".join(turn()) if data else b"")
    (tmp_path / "right").write_bytes(data)

    ran = replay("diff", *words, "left", "right")
    document = json.loads(replay("diff", *words, "--format", "json", "left", "right").stdout)

    assert (ran.code, document["equal"]) == (code, code == 0)
    assert f"replay: {said}" in ran.stderr
    assert ("replay: equal" in ran.stderr) is (code == 0)


def test_what_was_not_read_is_not_called_missing(replay: Replay, tmp_path: Path) -> None:
    log = b"".join(delta(seq, str(random.Random(seq).random())) for seq in range(1, 3000))
    (tmp_path / "log").write_bytes(log)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(log)[:30_000])

    for align in ("seq", "shape"):
        ran = replay("diff", "--align", align, "log", "cut.gz")
        assert (4, "") == (ran.code, ran.stdout), align


def test_stdin_may_be_one_of_the_two(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"".join(turn()))

    assert 0 == replay("diff", "log", "-", stdin=b"".join(turn())).code
    assert 1 == replay("diff", "-", "log", stdin=b"".join(turn(7))).code


@pytest.mark.parametrize("align", ["seq", "shape"])
def test_memory_does_not_grow_with_the_recordings(tmp_path: Path, align: str) -> None:
    """The one lacks a stretch of the other, and they differ in each event behind it, so that windows are full."""
    taken = []
    for size in (4_000, 16_000):
        for name, lacking, text in (("left", 0, "left"), ("right", 1_000, "right")):
            with (tmp_path / name).open("wb") as file:
                file.writelines(delta(seq, f"{seq} {text} " * 100) for seq in range(1 + lacking, size))
        taken.append(peak("diff", "--align", align, "--max-differences", "9", tmp_path / "left", tmp_path / "right"))

    assert taken[1] < MOST
    assert taken[1] - taken[0] < 40


def peak(*words: str | Path) -> float:
    """The most memory in MB that a run takes, which ends with exit code 1."""
    if not STATUS.exists():
        pytest.skip("there is no /proc here")
    command = [sys.executable, "-c", MEASURED, *map(str, words)]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=100)
    code, taken = ran.stderr.splitlines()[-1].split()
    assert "1" == code, ran.stderr
    return float(taken)


@pytest.mark.skipif(not shutil.which("sh"), reason="asks a shell")
def test_a_reader_that_goes_does_not_make_recordings_equal(tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"".join(turn(3000)))
    (tmp_path / "right").write_bytes(b"".join(delta(seq, "x") for seq in range(1, 3000)))
    script = f'{{ "{sys.executable}" -m replay_cli diff -q left right; echo $? >&2; }} | head -1'

    ran = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True)

    assert ("--- left\n", "1\n") == (ran.stdout, ran.stderr)


# --- The recordings of the real runtime -------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--align", "seq"], ["--fold-deltas"]])
@pytest.mark.parametrize("left", [STORY, "recorded/captures/story.sse"])
@pytest.mark.parametrize("right", ["recorded/twin/thr_8721a3a9.jsonl", "recorded/twin/story_again.sse"])
def test_two_runs_of_one_story_differ_in_the_one_result_that_does(
    replay: Replay, words: list[str], left: str, right: str
) -> None:
    ran = replay("diff", "--format", "json", "--until-seq", "88", *words, shared(left), shared(right))

    found = json.loads(ran.stdout)
    assert (1, {"changed": 1}) == (ran.code, kinds(found))
    assert pointers(found) == [
        "/payload/item/metadata/mutation/diff",
        "/payload/item/metadata/mutation/files/0/outcome",
    ]
    assert (
        0
        == replay(
            "diff",
            "--until-seq",
            "88",
            *words,
            "--ignore",
            "/payload/item/metadata/mutation",
            shared(left),
            shared(right),
        ).code
    )


def test_every_capture_of_a_whole_thread_is_its_log(replay: Replay) -> None:
    shared("recorded")
    whole = ("story", "interrupted", "questions", "agents", "unknown_tool", "reasoning", "approvals")
    for capture in (path for path in logs("captures") if path.stem in whole):
        thread = re.search(rb'"thread_id":"(\w+)"', capture.read_bytes())
        assert thread
        log = shared(f"recorded/store/events/{thread[1].decode()}.jsonl")
        ran = replay("diff", "--strict", capture, log)
        assert (0, "") == (ran.code, ran.stdout), capture.name


# --- Aligning ---------------------------------------------------------------------------------------------------


class Unit:
    """Something to align, by a letter."""

    near = rank = None
    weight = 1

    def __init__(self, key: str) -> None:
        self.key = key


@given(st.text("abcdef", max_size=40), st.text("abcdef", max_size=40), st.sampled_from([2, 5, 100]))
def test_an_alignment_is_both_rows_whole_and_in_order(left: str, right: str, window: int) -> None:
    steps = list(aligned(map(Unit, left), map(Unit, right), window))

    assert left == "".join(step.left.key for step in steps if step.left)
    assert right == "".join(step.right.key for step in steps if step.right)
    assert all(step.left.key == step.right.key for step in steps if step.left and step.right)


@given(st.permutations("abcdefghij"), st.permutations("abcdefghij"))
def test_without_repetition_the_longest_common_row_is_found(left: list[str], right: list[str]) -> None:
    found = common(left, right)

    assert found == sorted(found)
    assert len(found) == longest(left, right)


@given(st.text("abc", max_size=25), st.text("abc", max_size=25))
def test_what_is_common_is_equal_and_rises(left: str, right: str) -> None:
    found = common(left, right)

    assert all(left[x] == right[y] for x, y in found)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(found))


def longest(left: list[str], right: list[str]) -> int:
    """How long the longest common row is, by the table."""
    row = [0] * (len(right) + 1)
    for one in left:
        before = row[:]
        for at, other in enumerate(right):
            row[at + 1] = before[at] + 1 if one == other else max(before[at + 1], row[at])
    return row[-1]


def test_message_and_record_say_the_same() -> None:
    capture = b"".join(message(envelope(seq, seq - 1, payload={"n": seq})) for seq in range(1, 6))
    log = b"".join(record(seq, payload={"n": seq}) for seq in range(1, 6))

    assert differing(capture, log)["equal"]
