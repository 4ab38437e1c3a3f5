"""Memory: what glibc keeps is a matter of our own processes, and of long sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from replay_cli.sources import LONG
from tests.making import record

FAULTS = """\
import resource, sys
import replay_cli
from replay_cli import memory

if sys.argv[1] == "worker":
    memory.be_worker()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
replay_cli.audit(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, memory._Process.told)
"""


def read(path: Path, whose: str) -> tuple[int, bool]:
    """The page faults that the audit of a log takes in a process of its own, and whether glibc was spoken to."""
    ran = subprocess.run([sys.executable, "-c", FAULTS, whose, str(path)], capture_output=True, text=True, check=True)
    faults, spoken = ran.stdout.split()
    return int(faults), spoken == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_long_sources_are_audited_in_memory_that_was_freed(tmp_path: Path) -> None:
    log = tmp_path / "long.jsonl"
    log.write_bytes(b"".join(record(seq) for seq in range(1, 10 * LONG // len(record(1)))))

    ours, others = read(log, "worker"), read(log, "library")

    assert (ours[1], others[1]) == (True, False)
    assert ours[0] < others[0]


def test_short_sources_are_audited_without_a_word_to_glibc(tmp_path: Path) -> None:
    log = tmp_path / "short.jsonl"
    log.write_bytes(record(1))

    assert not read(log, "worker")[1]
