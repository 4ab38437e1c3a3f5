"""Blessing: however a manifest is laid out, after it was written it says what was found, and keeps its comments."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from replay_cli.blessing import Found, blessed
from replay_cli.configured import made
from replay_cli.expectations import Compared, Seen, bounds, matched
from replay_cli.findings import Ends
from replay_cli.manifest import Entry, Manifest
from replay_cli.rules import BROKEN_LINK, NOT_JSON, SEQ_GAP, TORN_TAIL

RULES = (BROKEN_LINK, NOT_JSON, SEQ_GAP, TORN_TAIL)


def read(text: str) -> Manifest:
    return made(Path("/nowhere/replay.toml"), "replay.toml", text.encode())


def print_of(random: Random) -> str:
    return f"{random.randrange(4):032x}:{random.randrange(1, 3)}"


def members(random: Random) -> list[str]:
    """A finding as a person may have written it."""
    found = [f'rule = "{random.choice(RULES).name}"']
    found += [f"line = {random.randrange(1, 6)}"] if random.random() < 0.7 else []
    found += [f"seq = {random.randrange(5)}"] if random.random() < 0.5 else []
    found += [f'fingerprint = "{print_of(random)}"'] if random.random() < 0.5 else []
    random.shuffle(found)
    return found


def array(random: Random, findings: list[list[str]]) -> str:
    """Findings as an array, in one line or in several, with and without a comma at the end."""
    items = ["{" + ", ".join(one) + "}" for one in findings]
    if random.random() < 0.5:
        return f"findings = [{', '.join(items)}{random.choice(['', ', ']) if items else ''}]"
    text = random.choice(["[\n", "[ # keep\n"])
    for number, item in enumerate(items):
        comma = "," if number < len(items) - 1 or random.random() < 0.5 else ""
        above = random.choice(["", "", "  # keep\n"])
        text += f"{above}  {item}{comma}{random.choice([chr(10), ' # so' + chr(10), chr(10) * 2])}"
    return f"findings = {text}]"


def manifest(random: Random) -> str:
    """A manifest in one of the ways in which they are written."""
    text = "# keep\n\n"
    for number in range(random.randrange(1, 4)):
        findings = [members(random) for _ in range(random.randrange(4))]
        in_tables = random.random() < 0.4
        keys = [f'path = "f{number}.jsonl"']
        keys += [f"starts-at-seq = {random.randrange(9)} # keep"] if random.random() < 0.5 else []
        keys += [f"ends-at-seq = {random.randrange(9)}"] if random.random() < 0.5 else []
        keys += ['ends-with = "x"'] if random.random() < 0.5 else []
        keys += [array(random, findings)] if not in_tables and (findings or random.random() < 0.5) else []
        random.shuffle(keys)
        text += f"[[expect]]{random.choice(['', ' # head'])}\n" + "\n".join(keys) + "\n"
        for one in findings if in_tables else ():
            text += random.choice(["", "\n"]) + "[[expect.findings]]\n" + "\n".join(one) + "\n"
        text += random.choice(["", "\n", "\n# keep\n\n"])
    return text if random.random() < 0.7 else text.rstrip("\n")


def found_for(random: Random, entry: Entry) -> Found:
    """What a recording is found to be, often near to what is expected of it."""
    rules = [random.choice(RULES) for _ in range(random.randrange(4))]
    seen = [
        Seen(one.code, one.name, random.randrange(1, 6), random.choice([None, 0, 1, 2, 3]), print_of(random), "")
        for one in rules
    ]
    same, differences = matched(entry.findings, seen)
    ends = Ends(random.choice([None, 3]), random.choice([None, "x", 'y"\\']), random.choice([None, 7]))
    compared = Compared(differences, same, list(bounds(entry, ends)), 0)
    return Found(entry.path, entry, compared, seen, ends)


@pytest.mark.parametrize("seed", range(200))
def test_what_was_found_is_what_is_said_then(seed: int) -> None:
    random = Random(seed)
    text = manifest(random)
    before = read(text)
    gone = [one for one in before.entries if random.random() < 0.2]
    found = [found_for(random, one) for one in before.entries if one not in gone]

    after = blessed(before, found, gone)

    said = {one.path: one for one in read(after).entries}
    assert {one.path for one in found} == said.keys()
    for one in found:
        entry = said[one.path]
        assert [] == matched(entry.findings, one.seen)[1]
        assert entry.starts_at_seq in (None, one.ends.seq)
        assert entry.ends_at_seq in (None, one.ends.last)
        assert entry.ends_with in (None, one.ends.event)
    assert after.startswith("# keep\n")
    if not gone:
        alone = [line for line in text.splitlines() if line.strip() == "# keep"]
        assert alone == [line for line in after.splitlines() if line.strip() == "# keep"]
