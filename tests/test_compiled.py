"""The quick check of a schema beside the jsonschema library: the same violations, in one order, word for word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from replay_cli import profiles
from replay_cli.compiled import Check, compiled
from replay_cli.jsontext import JsonReader, Reading
from replay_cli.profiles import Shape, found_violations, schema_text, walked
from replay_cli.violation import MOST_VIOLATIONS, Violation
from tests.making import envelope, record
from tests.recordings import SHARED, shared

SHAPES = (Shape.ENVELOPE, Shape.RECORD, Shape.LEGACY)
WHOLE: dict[Shape, dict[str, Any]] = {
    Shape.ENVELOPE: envelope(7, 6),
    Shape.RECORD: json.loads(record(7)),
    Shape.LEGACY: {**json.loads(record(7)), "item_id": None},
}
"""An event of each shape that fulfils its schema."""

EDGES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 0.0, -0.0, 1.5, -1.5, 1e300, -1e300),
    *(2**31, 2**32 - 1, 2**32, 2**53, 2**63, 2**64 - 1, 2**64, -(2**63), 10**24, 10**25, -(10**400)),
    *("", "7", "٧", "thr_1", "😀", "\ud800", "\0", "x" * 999, "x" * 1001),
    *(
        "2026-11-21T06:34:01Z",
        "2026-11-21 06:34:01 +0530",
        "２０２６-11-21T06:34:01Z",
        "2026-02-30T00:00:00Z",
    ),
    *([], {}, [1], ["string"], {"a": 1}, {"seq": 1}, [[]], {"": {"": None}}),
)
"""Values at the edge of what some keyword allows."""

FIELDS = sorted({field for shape in WHOLE for field in WHOLE[shape]} | {"previous_seq"})
values = st.one_of(
    st.sampled_from(EDGES),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=9),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
)
names = st.one_of(st.sampled_from(FIELDS), st.text(max_size=5))
changes = st.dictionaries(names, values, max_size=6)
missing = st.sets(st.sampled_from(FIELDS), max_size=8)


def quick(shape: Shape, value: object) -> list[Violation]:
    """What the quick check of a shape finds. It must be there: a walk would agree with itself."""
    check = _quick(shape)
    assert check is not None
    found = check.violations(value)
    assert bool(found) == check.refuses(value)
    return found


@cache
def _quick(shape: Shape) -> Check | None:
    return compiled(json.loads(schema_text(shape)))


def spelt(violations: list[Violation]) -> str:
    """Every field of every violation: 1, True and 1.0 are equal, but not spelt alike."""
    return repr(violations)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shipped_schemas_are_known_wholly(shape: Shape) -> None:
    profiles._check.cache_clear()

    assert profiles._check(shape) is not None
    assert [] == profiles.violations(shape, WHOLE[shape])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("field", FIELDS)
def test_every_edge_in_every_field(shape: Shape, field: str) -> None:
    for value in EDGES:
        changed = WHOLE[shape] | {field: value}

        assert spelt(walked(shape, changed)) == spelt(quick(shape, changed)), value


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_that_is_no_object(shape: Shape) -> None:
    for value in EDGES:
        assert spelt(walked(shape, value)) == spelt(quick(shape, value)), value


@settings(max_examples=400)
@given(st.sampled_from(SHAPES), changes, missing)
@example(Shape.ENVELOPE, {"seq": True, "kind": 1, "schema_version": -1.5}, {"event", "payload"})
@example(Shape.RECORD, {"timestamp": "yesterday", "seq": 2**64}, set())
@example(Shape.LEGACY, {}, set(FIELDS))
def test_events_changed_at_random(shape: Shape, changed: dict[str, Any], absent: set[str]) -> None:
    absent -= changed.keys()
    value = {name: member for name, member in (WHOLE[shape] | changed).items() if name not in absent}

    assert spelt(walked(shape, value)) == spelt(quick(shape, value))


@settings(max_examples=100)
@given(st.sampled_from(SHAPES), st.permutations(FIELDS), changes)
def test_the_order_of_a_line_does_not_matter(shape: Shape, order: list[str], changed: dict[str, Any]) -> None:
    whole = WHOLE[shape] | changed
    value = {name: whole[name] for name in [*order, *whole] if name in whole}

    assert spelt(walked(shape, value)) == spelt(quick(shape, value)) == spelt(quick(shape, whole))


def test_every_vector_and_every_recorded_line() -> None:
    shared("vectors")
    shared("recorded")
    compared = 0
    for value in chain(_in_vectors(), _in_recordings()):
        for shape in SHAPES:
            assert spelt(walked(shape, value)) == spelt(quick(shape, value))
        compared += 1

    assert compared > 1000


def _in_vectors() -> Iterator[object]:
    import base64

    for path in sorted((SHARED / "vectors").glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            vector = json.loads(line)
            for key in [key for key in vector if key.endswith("b64")]:
                yield from _values(base64.b64decode(vector[key]))


def _in_recordings() -> Iterator[object]:
    for path in sorted((SHARED / "recorded").rglob("*")):
        if path.suffix in (".jsonl", ".sse", ".http"):
            yield from _values(path.read_bytes())


def _values(data: bytes) -> Iterator[object]:
    """What the lines of some bytes hold, with or without the name of an SSE field before it."""
    reader = JsonReader()
    for line in data.splitlines():
        reading = reader.read(line.removeprefix(b"data:").strip())
        if isinstance(reading, Reading):
            yield reading.value


# Schemas beyond the shipped ones: what is known is understood as the library does, what is not is left to it.

TYPES = ["object", "array", "string", "integer", "boolean", "null"]
limits = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -1.5, 2**64]))
types = st.one_of(st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True))
member_schemas = st.permutations(["type", "minimum", "maximum", "title", "pattern"]).flatmap(
    lambda order: st.fixed_dictionaries(
        {},
        optional={
            keyword: {"type": types, "title": st.just("a"), "pattern": st.just("^a")}.get(keyword, limits)
            for keyword in order
        },
    )
)
schemas = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.dictionaries(st.sampled_from(["a", "b", "a/b", "~"]), member_schemas, max_size=3),
        "required": st.lists(st.sampled_from(["a", "b", "a/b", "~"]), max_size=3, unique=True),
        "type": types,
        "additionalProperties": st.just(True),
        "format": st.just("date"),
    },
)
instances = st.one_of(
    st.dictionaries(st.sampled_from(["a", "b", "a/b", "~", "c"]), st.sampled_from(EDGES), max_size=4),
    st.sampled_from(EDGES),
)


@settings(max_examples=400)
@given(schemas, instances)
def test_other_schemas_of_the_known_keywords(schema: dict[str, Any], value: object) -> None:
    check = compiled(schema)
    expected = [one for one in found_violations(_strict(schema), value) if one.keyword != "pattern"]

    assert check is not None
    assert spelt(expected) == spelt(check.violations(value))
    assert bool(expected) == check.refuses(value)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        [],
        {"const": 1},
        {"$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"additionalProperties": False},
        {"additionalProperties": {}},
        {"type": "number"},
        {"type": "any"},
        {"type": ["string", {"type": "null"}]},
        {"required": True},
        {"required": [1]},
        {"properties": []},
        {"properties": {"a": True}},
        {"properties": {"a": {"enum": [1]}}},
        {"properties": {"a": {"type": "object", "required": ["b"]}}},
        {"properties": {"a": {"minimum": "1"}}},
        {"properties": {"a": {"maximum": True}}},
        {"minimum": 1},
        {"required": [f"field {number}" for number in range(MOST_VIOLATIONS)]},
    ],
    ids=lambda schema: str(schema)[:40],
)
def test_what_is_not_known_is_left_to_the_library(schema: object) -> None:
    assert compiled(schema) is None


def test_a_shape_whose_schema_is_not_known_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "compiled", lambda schema: None)
    profiles._check.cache_clear()
    try:
        broken = WHOLE[Shape.ENVELOPE] | {"seq": "7"}
        assert spelt(walked(Shape.ENVELOPE, broken)) == spelt(profiles.violations(Shape.ENVELOPE, broken))
        assert profiles.breaks(Shape.ENVELOPE, broken)
        assert not profiles.breaks(Shape.ENVELOPE, WHOLE[Shape.ENVELOPE])
    finally:
        profiles._check.cache_clear()


@pytest.mark.parametrize("keyword", ["minimum", "maximum"])
@pytest.mark.parametrize("limit", [-1.5, 0, 1, 2**64])
def test_every_edge_at_a_limit(keyword: str, limit: float) -> None:
    kinds: tuple[dict[str, Any], ...] = ({}, {"type": "integer"}, {"type": ["integer", "null"]}, {"type": "string"})
    for kind in kinds:
        schema = {"properties": {"a": {**kind, keyword: limit}}}
        check = compiled(schema)
        assert check is not None
        for value in ({"a": edge} for edge in EDGES):
            assert spelt(list(found_violations(_strict(schema), value))) == spelt(check.violations(value)), value


def _strict(schema: dict[str, Any]) -> Any:
    """A validator to which 1.0 is no integer, as it is to the shapes'."""
    return type(profiles._validator(Shape.ENVELOPE))(schema)


def test_the_validator_of_the_shapes_is_of_the_draft_that_their_schemas_name() -> None:
    for shape in SHAPES:
        assert Draft202012Validator.META_SCHEMA["$id"] == json.loads(schema_text(shape))["$schema"]
