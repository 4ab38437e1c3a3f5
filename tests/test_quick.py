"""The quick verdict: who only breaks the schema by it, breaks it by the reference, and does nothing else.

What is written down for it stands among the holes (``holes.COUNTS``); each of its guards is taken away there.
"""

from __future__ import annotations

import pytest

from replay_cli.blocks import Block
from replay_cli.quick import only_breaks_schema
from replay_cli.walk import FRAMINGS
from tests.proving import WRITERS, cases, miscount
from tests.recordings import vectors


@pytest.mark.parametrize("broken", [b'"seq":-', b'"event":1,"e":'], ids=["number", "name"])
@pytest.mark.parametrize("seed", range(2))
def test_mutated_lines_that_break_the_schema_are_counted_as_by_the_reference(seed: int, broken: bytes) -> None:
    counted = 0
    name = broken.partition(b":")[0] + b":"

    for writer, plan, whole in cases(seed, 400):
        block = Block(whole.data.replace(name, broken), whole.offset)

        assert miscount(block, plan) == "", (writer.name, plan, block.data)
        counted += sum(only_breaks_schema(frame, plan) for frame in FRAMINGS[plan.framing].frames(block))

    assert counted > 300


@pytest.mark.parametrize("name", ["envelope_lines.jsonl", "json_lines.jsonl"])
@pytest.mark.parametrize("writer", ["envelope", "record", "legacy"])
def test_shared_vectors_that_break_the_schema_are_counted_as_by_the_reference(name: str, writer: str) -> None:
    plan = WRITERS[writer].plan()
    for vector in vectors(name):
        assert miscount(Block(vector["bytes"] + b"\n", 0), plan) == "", vector["name"]
