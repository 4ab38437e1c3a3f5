"""Sniffing: the quick way to the shape of a source says what the careful one says."""

from __future__ import annotations

from random import Random

import pytest

from replay_cli import sniffing
from replay_cli.profiles import Shape
from replay_cli.sniffing import READ, sniff
from tests.making import compact, envelope, record

LEGACY = {name: value for name, value in envelope(1).items() if name not in ("schema_version", "kind", "created_at")}

LINES = {
    "record": record(1),
    "envelope": compact(envelope(1)) + b"\n",
    "legacy": compact(LEGACY) + b"\n",
    "other": b'{"type":"x"}\n',
    "broken": b'{"seq":1,\n',
    "array": b"[1]\n",
    "blank": b"\n",
    "deep": b'{"seq":1,"thread_id":"t","payload":' + b"[" * 200 + b"]" * 200 + b"}\n",
}
"""Lines of every kind that there may be in a log."""


def head(seed: int) -> bytes:
    """The beginning of a log that is mostly of one kind."""
    random = Random(seed)
    main, *others = random.sample(sorted(LINES), 4)
    share = random.choice([0, 0, 0.05, 0.3])
    kinds = [random.choice(others) if random.random() < share else main for _ in range(random.randrange(60))]
    if random.random() < 0.5:  # one kind first, and then another
        kinds = [main] * random.randrange(READ) + [others[0]] * random.randrange(READ)
    return b"".join(LINES[kind] for kind in kinds)[: random.choice([None, -1, -9])]


@pytest.mark.parametrize("seed", range(300))
def test_the_quick_way_says_what_the_careful_one_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, complete = head(seed), bool(seed % 2)
    quick = sniff(data, complete)
    monkeypatch.setattr(sniffing, "_agreed", lambda _: None)

    assert quick == sniff(data, complete)


def test_it_is_gone_where_the_first_lines_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    data = LINES["record"] * (READ // 2 + 1)
    monkeypatch.setattr(sniffing, "_values", lambda _: pytest.fail("looked at them one by one"))

    assert sniff(data, True).shape is Shape.RECORD
