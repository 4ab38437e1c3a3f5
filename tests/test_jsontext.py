"""JSON texts: what is read, what is refused, and where it went wrong."""

from __future__ import annotations

import time

import pytest

from replay_cli.jsontext import JsonReader, Reading, Refusal, without
from replay_cli.members import members, place_of


def refusal(data: bytes) -> tuple[str, int]:
    """The name of the rule that refuses a text, and the byte."""
    from replay_cli.rules import BY_CODE

    outcome = JsonReader().read(data)
    assert isinstance(outcome, Refusal)
    return BY_CODE[outcome.code].name, outcome.index


@pytest.mark.parametrize(
    ("data", "rule", "index"),
    [
        (b'{"a":"\xff"}', "invalid-utf8", 6),
        (b'{"a":1 "b":2}', "not-json", 7),
        (b'{"\xc3\xa9":nope}', "not-json", 6),
        (b'{"a":"x', "not-json", 5),
        (b'{"a":"\x01"}', "not-json", 6),
        (b'{"a":NaN}', "not-json", 5),
        (b'{"a":"NaN","b":-Infinity}', "not-json", 15),
        (b'{"a":"\\ud83d"}', "lone-surrogate", 6),
        (b'{"a":"\\ude00\\ud83d"}', "lone-surrogate", 6),
        (b'{"a":"\\\\ud83d \\uD83D\\uDE00 \\uD83Dx"}', "lone-surrogate", 27),
        (b'{"a":"1e999","b":1e999}', "number-out-of-range", 17),
        (b'{"a":-' + b"9" * 309 + b"}", "number-out-of-range", 5),
        (b"[" * 128 + b"]" * 128, "too-deep", 127),
        (b'{"a":"' + b"[" * 200 + b'","b":' + b"[" * 127 + b"]" * 127 + b"}", "too-deep", 338),
    ],
)
def test_a_refusal_names_its_rule_and_its_byte(data: bytes, rule: str, index: int) -> None:
    assert (rule, index) == refusal(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"[" * 127 + b"]" * 127, None),
        (b'{"a":"' + b"[" * 500 + b'"}', None),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud83d"', "\\ud83d"),
        (b"0e99999999999999999999", 0.0),
        (b"18446744073709551616", 2**64),
        (b"9" * 308, int("9" * 308)),
        (b' {"a" : 1}\r', {"a": 1}),
    ],
)
def test_what_the_runtime_reads_is_read(data: bytes, value: object) -> None:
    outcome = JsonReader().read(data)

    assert isinstance(outcome, Reading)
    if value is not None:
        assert value == outcome.value


@pytest.mark.parametrize(
    ("data", "kind"), [(b"1", int), (b"-0", float), (b"1.0", float), (b"1e2", float), (b"-1", int)]
)
def test_only_digits_make_an_integer(data: bytes, kind: type) -> None:
    """The runtime refuses -0, 1.0 and 1e2 for seq (CONTRACT.md 1)."""
    outcome = JsonReader().read(data)

    assert isinstance(outcome, Reading)
    assert kind is type(outcome.value)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b'{"a":1,"b":2}', ()),
        (b'{"a":1,"a":1}', ("a",)),
        (b'{"a":1,"\\u0061":2}', ("a",)),
        (b'{"a":{"b":1,"b":2}}', ()),
        (b'{"a":1,"a":{"b":1,"b":2}}', ("a",)),
        (b'{"a":{"b":1,"b":2},"c":[{}]}', ()),
    ],
)
def test_names_doubled_in_the_outermost_object_are_told(data: bytes, names: tuple[str, ...]) -> None:
    outcome = JsonReader().read(data)

    assert isinstance(outcome, Reading)
    assert names == outcome.duplicates


def test_members_are_found_whatever_stands_in_their_values() -> None:
    text = b'{"a": {"b": [1, "}"]} , "c,:" : "x:,{" ,"d":[]}'

    found = [(member.name, text[member.start : member.end]) for member in members(text)]
    assert [("a", b'{"b": [1, "}"]}'), ("c,:", b'"x:,{"'), ("d", b"[]")] == found


@pytest.mark.parametrize("text", [b"", b"[1]", b'"x"', b"x {}", b'{"a"', b'{"a":', b'{"a":1'])
def test_members_of_what_is_no_object_end_quietly(text: bytes) -> None:
    assert [] == list(members(text))


def test_the_place_of_a_member_counts_bytes() -> None:
    assert 22 == place_of('{"é":{"seq":1},"seq":5}'.encode(), "seq")
    assert place_of(b'{"a":1}', "seq") is None
    assert 11 == place_of(b'{"a":1,"a":2}', "a", -1)


KNOWN = frozenset({"seq", "payload"})


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b'{"seq":1,"x":"\\ud800","payload":2}', "x"),
        (b'{"seq":1,"x":1e999,"y":[1e999],"payload":2}', "x, y"),
        (b'{"seq":1,"x":' + b"[" * 200 + b"]" * 200 + b',"payload":2}', "x"),
    ],
)
def test_unknown_fields_can_be_put_out_of_sight(data: bytes, names: str) -> None:
    masked = without(data, KNOWN)

    assert masked is not None
    assert names == masked[1]
    assert len(data) == len(masked[0])
    assert Reading({"seq": 1, "payload": 2}) == _known(masked[0])


def _known(data: bytes) -> Reading:
    outcome = JsonReader().read(data)
    assert isinstance(outcome, Reading)
    assert isinstance(outcome.value, dict)
    return Reading({name: value for name, value in outcome.value.items() if name in KNOWN})


@pytest.mark.parametrize(
    "data",
    [
        b'{"seq":1,"x":[1e999,],"payload":2}',
        b'{"seq":1,"x":' + b"[" * 200 + b"]" * 199 + b',"payload":2}',
        b'{"seq":1,"x":' + b'{"a":' * 200 + b"1," + b"}" * 200 + b',"payload":2}',
        b'{"seq":1,"payload":"\\ud800"}',
    ],
)
def test_what_breaks_the_grammar_or_is_known_stays_in_sight(data: bytes) -> None:
    assert without(data, KNOWN) is None


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":"' + b'\\"' * 1_000_000,
        b"[" * 1_000_000,
        b'{"a":' * 400_000,
        b'{"seq":1,"x":' + b"[" * 300_000 + b"]" * 300_000 + b"}",
        b"{" + b",".join(b'"k":%d' % n for n in range(200_000)) + b"}",
        b"9" * 1_000_000,
        b'"' + b"\\ud83d\\ude00" * 200_000 + b'"',
    ],
)
def test_no_text_takes_long(data: bytes) -> None:
    started = time.process_time()  # how busy the machine is does not count
    JsonReader().read(data)
    without(data, KNOWN)
    place_of(data, "a", -1)

    assert time.process_time() - started < 6
