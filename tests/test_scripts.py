"""The lines of ``sh`` that the pages show are run, in a folder with what they name; ``test_manual.py`` reads them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, environment
from tests.making import record

NAMES = ("recipes", "validate", "gate", "emit", "tail", "diff", "ci", "pytest")
PAGES = ("README.md", *(f"docs/{name}.md" for name in NAMES))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text_of(name), re.DOTALL | re.MULTILINE)


def scripts() -> list[str]:
    """The lines of sh that call replay, but for those that take a runtime that serves."""
    lines = [line for name in PAGES for block in blocks(name, "sh") for line in block.splitlines()]
    return [line for line in lines if re.match(r"replay ", line) and "$RUNTIME" not in line]


@pytest.mark.parametrize("line", scripts())
def test_lines_of_sh_run(line: str, tmp_path: Path) -> None:
    store = tmp_path / ".codewhale" / "tasks" / "runtime"
    (store / "events").mkdir(parents=True)
    (store / "state.json").write_text("{}")
    (store / "events" / "thr_1.jsonl").write_bytes(record(1))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "run.jsonl").write_bytes(record(1))
    (tmp_path / "replay.toml").write_text('paths = ["logs"]\n\n[[expect]]\npath = "logs/*"\n')
    for name in ("golden.jsonl", "new.jsonl"):
        (tmp_path / name).write_bytes(record(1) + record(2))
    first = (ROOT / "fixtures" / "recorded" / "captures" / "approvals.sse").read_bytes().split(b"\n\n")[:3]
    (tmp_path / "capture.sse").write_bytes(b"\n\n".join([*first, b""]))
    # A reader may wait so long, and has reviewdog.
    line = line.replace("10m", "1s").partition(" | reviewdog")[0]
    script = f'replay() {{ "{sys.executable}" -m replay_cli "$@"; }}\n{line}'
    ran = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env=environment({"HOME": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.returncode == ("--exit-on" in line), ran.stderr


def test_there_are_such_lines() -> None:
    assert len(scripts()) >= 3
