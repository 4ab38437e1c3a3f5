"""The documents beside the program: options, commands, codes, keys and defaults that they name are those there are.

What is shown in sessions is run by ``test_docs.py``; here is what stands in the text and its tables.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from replay_cli.profiles import schema_text
from tests.conftest import ROOT, environment
from tests.making import record
from tests.test_help import COMMANDS, page, section

PAGES = ("README.md", *(f"docs/{name}.md" for name in ("validate", "gate", "emit", "tail", "diff", "ci", "pytest")))

OTHERS = {
    "--ignore": "pytest",
    "--ignore-glob": "pytest",
    "--large": "make bench",
    "--no-replay": "our plugin of pytest",
    "--json": "bench",
    "--readme": "bench",
    "--check": "bench",
    "--no-deps": "pip",
    "--upgrade": "pip",
}
"""Options of other programs that the pages name."""


_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_in(text: str) -> list[str]:
    """What a page shows as code, without what commands print."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    shown = [
        "\n".join(re.findall(r"^\$ (.*)$", block, re.MULTILINE)) if kind == "console" else block
        for kind, block in blocks
        if kind != "text"
    ]
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [*shown, *re.findall(r"`([^`\n]+)`", rest)]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {command: page(command) for command in COMMANDS}


@pytest.mark.parametrize("name", PAGES)
def test_options_that_are_named_are_there(name: str, pages: dict[str, str]) -> None:
    known = {option for text in pages.values() for option in _OPTION.findall(text)} | OTHERS.keys()
    named = {one for code in code_in(text_of(name)) for one in _OPTION.findall(code)}

    assert [] == sorted(named - known)


@pytest.mark.parametrize("name", PAGES)
def test_commands_that_are_named_are_there(name: str) -> None:
    named = {
        word
        for code in code_in(text_of(name))
        for word in re.findall(r"(?:^|[\s;&|@])replay ([a-z]+)\b", code, re.MULTILINE)
    }

    assert [] == sorted(named - {*COMMANDS} - {"or"})


@pytest.mark.parametrize(
    ("name", "command"),
    [("validate", "validate"), ("gate", "check"), ("emit", "emit"), ("tail", "tail"), ("diff", "diff")],
)
def test_exit_codes_are_those_of_the_help(name: str, command: str, pages: dict[str, str]) -> None:
    manual = text_of(f"docs/{name}.md").partition("\n## Exit codes\n")[2].partition("\n## ")[0]

    told = re.findall(r"^ +(\d+)  ", section(pages[command], "Exit codes"), re.MULTILINE)
    assert told == re.findall(r"^\| (\d+) \|", manual, re.MULTILINE)


def blocks(name: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text_of(name), re.DOTALL | re.MULTILINE)


def test_the_manifest_that_is_shown_fulfils_its_schema() -> None:
    (shown,) = blocks("docs/gate.md", "toml")

    jsonschema.Draft202012Validator(json.loads(schema_text("config"))).validate(tomllib.loads(shown))


DEFAULTS: dict[str, Any] = {"`[]`": [], '`["."]`': ["."], '`"auto"`': "auto", "16 MiB": 16 << 20}
"""How defaults are written, and what they are."""


def test_defaults_of_the_manifest_are_those_of_its_schema() -> None:
    schema = json.loads(schema_text("config"))
    said = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]+?) \|", text_of("docs/gate.md"), re.MULTILINE))
    keys = {**schema["properties"], **schema["$defs"]["entry"]["properties"]}
    resolved = {
        key: schema["$defs"][about["$ref"].rpartition("/")[2]] | about if "$ref" in about else about
        for key, about in keys.items()
    }
    with_defaults = {key: about["default"] for key, about in resolved.items() if "default" in about}

    assert {"paths", "max-line-bytes", "findings"} <= with_defaults.keys()
    assert with_defaults == {key: DEFAULTS[said[key].partition(":")[0]] for key in with_defaults}


def test_options_of_pytest_are_those_of_the_plugin() -> None:
    plugin = text_of("replay_cli/pytest_plugin.py")
    declared = {*re.findall(r'"(replay_[a-z_]+)"', plugin), "replay_log", "replay_cli"}
    page = text_of("docs/pytest.md")
    table = [
        one for row in re.findall(r"^\| (`replay_.*?) \|", page, re.MULTILINE) for one in re.findall(r"`(\w+)`", row)
    ]

    assert {*re.findall(r"\breplay_[a-z_]+\b", page)} <= declared
    assert sorted(table) == sorted(re.findall(r'"(replay_[a-z_]+)"[:,]', plugin))


def test_inputs_of_the_action_are_those_that_it_has() -> None:
    action = YAML(typ="safe", pure=True).load(text_of("action.yml"))
    page = text_of("docs/ci.md")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page, re.MULTILINE))
    used = {
        name
        for block in blocks("docs/ci.md", "yaml")
        for job in YAML(typ="safe", pure=True).load(block).get("jobs", {}).values()
        for step in job.get("steps", ())
        if step.get("uses", "").startswith("OWNER/replay")
        for name in step["with"]
    }

    assert action["inputs"].keys() == rows.keys()
    assert used <= rows.keys()
    for name, about in action["inputs"].items():
        assert not about.get("default") or f"`{about['default']}`" in rows[name], name


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
